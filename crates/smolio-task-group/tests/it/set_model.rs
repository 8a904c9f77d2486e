//! Random programs, run by the sets of this crate and by a plain list that polls everybody whenever anybody was woken: the
//! same members must come to an end, with the same values.
//!
//! What a member waits for are flags, which once raised stay so. So the order in which members are polled makes no
//! difference to who gets how far, and the two can be compared.

use std::{
    collections::BTreeMap,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Wake, Waker},
    thread,
};

use fastrand::Rng;
use smolio_context::{ReadyOrder, set_ready_order};
use smolio_task_group::{
    All, FirstCompleted, FirstError, WaitSet, as_completed, gather, race, try_gather, wait,
};

const PROGRAMS: u64 = 300;
const FLAGS: usize = 6;

#[derive(Clone, Debug)]
enum Step {
    /// Wakes itself, once or twice.
    Yield(usize),
    /// Is woken by another thread.
    Post,
    Raise(usize),
    Await(usize),
    Panic,
}

#[derive(Clone, Debug)]
struct Script {
    steps: Vec<Step>,
    fails: bool,
}

#[derive(Clone, Debug)]
struct Program {
    scripts: Vec<Script>,
    limit: Option<usize>,
}

impl Program {
    fn random(rng: &mut Rng, may_panic: bool) -> Self {
        let most = if rng.u8(..) < 20 { 200 } else { 12 };
        let count = rng.usize(0..=most);
        let scripts = (0..count).map(|_| Script::random(rng, may_panic));
        Self {
            scripts: scripts.collect(),
            limit: rng.bool().then(|| rng.usize(1..=5)),
        }
    }
}

impl Script {
    fn random(rng: &mut Rng, may_panic: bool) -> Self {
        let count = rng.usize(0..6);
        let step = |_| match rng.u8(..) {
            0..80 => Step::Yield(rng.usize(1..=2)),
            80..120 => Step::Post,
            120..200 => Step::Raise(rng.usize(..FLAGS)),
            200..254 => Step::Await(rng.usize(..FLAGS)),
            _ if may_panic => Step::Panic,
            _ => Step::Post,
        };
        Self {
            steps: (0..count).map(step).collect(),
            fails: rng.u8(..) < 30,
        }
    }
}

/// What the members of one run share.
struct World {
    flags: Mutex<[Flag; FLAGS]>,
    /// A thread that wakes whoever it is sent.
    post: Sender<Waker>,
    ended: Mutex<BTreeMap<usize, Result<usize, usize>>>,
}

#[derive(Default)]
struct Flag {
    is_up: bool,
    waiting: Vec<Waker>,
}

impl World {
    fn new() -> Arc<Self> {
        let (post, letters) = mpsc::channel::<Waker>();
        thread::spawn(move || letters.into_iter().for_each(Waker::wake));
        Arc::new(Self {
            flags: Mutex::default(),
            post,
            ended: Mutex::default(),
        })
    }
}

struct Member {
    world: Arc<World>,
    index: usize,
    script: Script,
    at: usize,
    has_begun_step: bool,
}

impl Future for Member {
    type Output = Result<usize, usize>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        while let Some(step) = self.script.steps.get(self.at).cloned() {
            let begins = !std::mem::replace(&mut self.has_begun_step, true);
            match step {
                Step::Yield(times) if begins => {
                    (0..times).for_each(|_| cx.waker().wake_by_ref());
                    return Poll::Pending;
                }
                Step::Post if begins => {
                    self.world.post.send(cx.waker().clone()).unwrap();
                    return Poll::Pending;
                }
                Step::Raise(flag) => {
                    let mut flags = self.world.flags.lock().unwrap();
                    flags[flag].is_up = true;
                    let waiting = std::mem::take(&mut flags[flag].waiting);
                    drop(flags);
                    waiting.into_iter().for_each(Waker::wake);
                }
                Step::Await(flag) => {
                    let mut flags = self.world.flags.lock().unwrap();
                    if !flags[flag].is_up {
                        flags[flag].waiting.push(cx.waker().clone());
                        return Poll::Pending;
                    }
                }
                Step::Panic => panic!("as the script has it"),
                Step::Yield(_) | Step::Post => {}
            }
            self.at += 1;
            self.has_begun_step = false;
        }
        let result = if self.script.fails {
            Err(self.index)
        } else {
            Ok(self.index)
        };
        self.world.ended.lock().unwrap().insert(self.index, result);
        Poll::Ready(result)
    }
}

/// The waker of the one who polls.
struct Bell(Sender<()>);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let _ = self.0.send(());
    }
}

/// How a run ended.
#[derive(PartialEq, Eq, Debug)]
enum End<T> {
    Value(T),
    /// Nobody will be woken any more.
    Stuck,
    Panicked,
}

/// Polls `future` whenever it is woken, until it is ready, or nobody is left who could wake it.
fn drive<T>(world: &World, future: impl Future<Output = T>) -> End<T> {
    let (ring, bell): (_, Receiver<()>) = mpsc::channel();
    let waker = Waker::from(Arc::new(Bell(ring)));
    let mut future = Box::pin(future);
    loop {
        let mut cx = Context::from_waker(&waker);
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut cx)));
        match poll {
            Ok(Poll::Ready(value)) => return End::Value(value),
            Ok(Poll::Pending) => {}
            Err(_) => return End::Panicked,
        }
        if bell.try_recv().is_err() {
            // The post delivers in order: when this letter has come, all those before it have.
            let (last, delivered) = mpsc::channel();
            world.post.send(Arc::new(Bell(last)).into()).unwrap();
            delivered.recv().unwrap();
            if bell.try_recv().is_err() {
                return End::Stuck;
            }
        }
        while bell.try_recv().is_ok() {}
    }
}

fn members(world: Arc<World>, program: &Program) -> impl Iterator<Item = Member> + use<> {
    let numbered = program.scripts.clone().into_iter().enumerate();
    numbered.map(move |(index, script)| Member {
        world: world.clone(),
        index,
        script,
        at: 0,
        has_begun_step: false,
    })
}

type Ended = BTreeMap<usize, Result<usize, usize>>;

/// Runs it, and gives how it ended, and which members did.
fn run<T, F: Future<Output = T>>(
    program: &Program,
    make: impl FnOnce(Arc<World>) -> F,
) -> (End<T>, Ended) {
    let world = World::new();
    let end = drive(&world, make(world.clone()));
    let ended = world.ended.lock().unwrap().clone();
    if let End::Value(_) = end {
        assert!(ended.len() <= program.scripts.len());
    }
    (end, ended)
}

/// The model: polls everybody in each poll.
async fn all_of(mut members: impl Iterator<Item = Member>, limit: Option<usize>, hasty: bool) {
    let mut running: Vec<Member> = Vec::new();
    std::future::poll_fn(move |cx| {
        loop {
            let room = limit.unwrap_or(usize::MAX) - running.len();
            running.extend(members.by_ref().take(room));
            let before = running.len();
            let mut has_failed = false;
            running.retain_mut(|member| match Pin::new(member).poll(cx) {
                Poll::Ready(result) => {
                    has_failed |= result.is_err();
                    false
                }
                Poll::Pending => true,
            });
            if running.is_empty() && before == 0 || has_failed && hasty {
                return Poll::Ready(());
            }
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await;
}

fn kind<T>(end: &End<T>) -> &'static str {
    match end {
        End::Value(_) => "value",
        End::Stuck => "stuck",
        End::Panicked => "panicked",
    }
}

/// Each program with its model's end, under the ready order of its seed.
fn each_program(may_panic: bool, hasty: bool, test: impl Fn(&Program, &'static str, &Ended)) {
    let mut kinds = BTreeMap::<_, usize>::new();
    for seed in 0..PROGRAMS {
        let program = Program::random(&mut Rng::with_seed(seed), may_panic);
        let (model, ended) = run(&program, |world| {
            all_of(members(world, &program), program.limit, hasty)
        });
        *kinds.entry(kind(&model)).or_default() += 1;
        for order in [
            ReadyOrder::FIRST_IN_FIRST_OUT,
            ReadyOrder::seeded(seed),
            ReadyOrder::seeded(!seed),
        ] {
            let former = set_ready_order(order);
            let result = catch_unwind(AssertUnwindSafe(|| test(&program, kind(&model), &ended)));
            set_ready_order(former);
            assert!(result.is_ok(), "seed {seed}, {order:?}: {program:#?}");
        }
    }
    // All of it happens.
    assert!(kinds.values().all(|count| *count > 10), "{kinds:?}");
    assert_eq!(kinds.len(), 2 + usize::from(may_panic), "{kinds:?}");
}

#[test]
fn gather_agrees_with_a_plain_list() {
    each_program(true, false, |program, model, ended| {
        let (end, ours) = run(program, |world| {
            gather(members(world, program)).limit(program.limit.unwrap_or(usize::MAX))
        });
        assert_eq!(kind(&end), model);
        if let End::Value(results) = end {
            assert!(results.into_iter().eq(ours.values().copied()));
        }
        if model != "panicked" {
            assert_eq!(ours, *ended);
        }
    });
}

#[test]
fn try_gather_agrees_with_a_plain_list() {
    each_program(false, true, |program, model, ended| {
        let (end, ours) = run(program, |world| {
            try_gather(members(world, program)).limit(program.limit.unwrap_or(usize::MAX))
        });
        assert_eq!(kind(&end), model);
        let failed = |ended: &Ended| ended.values().any(Result::is_err);
        assert_eq!(failed(&ours), failed(ended));
        match end {
            End::Value(Ok(values)) => assert!(values.into_iter().map(Ok).eq(ours.into_values())),
            End::Value(Err(index)) => assert_eq!(ours[&index], Err(index)),
            _ => assert_eq!(ours, *ended),
        }
    });
}

#[test]
fn race_agrees_with_a_plain_list() {
    each_program(false, false, |program, _, _| {
        let unlimited = Program {
            limit: None,
            ..program.clone()
        };
        let (_, ended) = run(&unlimited, |world| {
            all_of(members(world, &unlimited), None, false)
        });
        let (end, ours) = run(program, |world| race(members(world, program)));
        match end {
            End::Value(Ok((index, value))) => {
                assert_eq!(ended[&index], value);
                assert!(
                    ours.into_iter().eq([(index, value)]),
                    "the first is the last"
                );
            }
            End::Value(Err(_)) => assert!(program.scripts.is_empty()),
            _ => assert!(ended.is_empty() && !program.scripts.is_empty()),
        }
    });
}

#[test]
fn as_completed_agrees_with_a_plain_list() {
    each_program(true, false, |program, model, ended| {
        let seen = Mutex::new(Ended::new());
        let (end, ours) = run(program, |world| {
            let values = as_completed(members(world, program));
            let mut values = values.limit(program.limit.unwrap_or(usize::MAX));
            let seen = &seen;
            async move {
                while let Some((index, value)) = values.next().await {
                    assert_eq!(seen.lock().unwrap().insert(index, value), None);
                }
            }
        });
        assert_eq!(kind(&end), model);
        assert_eq!(seen.into_inner().unwrap(), ours);
        if model != "panicked" {
            assert_eq!(ours, *ended);
        }
    });
}

#[test]
fn wait_agrees_with_a_plain_list() {
    each_program(true, false, |program, _, _| {
        let unlimited = Program {
            limit: None,
            ..program.clone()
        };
        let (model, ended) = run(&unlimited, |world| {
            all_of(members(world, &unlimited), None, false)
        });
        let seen = Mutex::new(Ended::new());
        let (end, ours) = run(program, |world| {
            let mut set: WaitSet<_> = members(world, program).collect();
            let seen = &seen;
            async move {
                for round in 0.. {
                    let done = match round % 4 {
                        0..2 => wait(&mut set, FirstCompleted).await,
                        2 => wait(&mut set, FirstError).await,
                        _ => wait(&mut set, All).await,
                    };
                    if done.is_empty() {
                        return;
                    }
                    seen.lock().unwrap().extend(done);
                }
            }
        });
        assert_eq!(kind(&end), kind(&model));
        if let End::Value(()) = end {
            assert_eq!(seen.into_inner().unwrap(), ours);
        }
        if kind(&model) != "panicked" {
            assert_eq!(ours, ended);
        }
    });
}
