//! Random programs for the workers alone: tasks that wake each other, are woken from elsewhere, and block their thread now and
//! then, closed at a random moment or seen through. A wake that is lost is a task that never ends.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use fastrand::Rng;
use smolio_executor::{Runner, Task, spawn, yield_now};
use smolio_timer::timeout;

use crate::{
    stress::rounds,
    support::{Counter, yields},
};

/// Far more than a round takes.
const IN_VAIN: Duration = Duration::from_secs(30);

/// Where a task is told that there is news for it.
#[derive(Default)]
struct Mailbox {
    sent: AtomicUsize,
    waker: Mutex<Option<Waker>>,
    /// Being polled: by one at a time.
    busy: AtomicBool,
}

impl Mailbox {
    fn send(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        let waker = self.waker.lock().unwrap().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Is dropped once, on a thread of the runner.
struct Mine {
    dropped: Counter,
    home: thread::ThreadId,
}

impl Drop for Mine {
    fn drop(&mut self) {
        let here = thread::current();
        let name = here.name().unwrap_or_default();
        let is_ours = here.id() == self.home || name.starts_with("smolio-worker-");
        if !is_ours {
            self.dropped.add();
        }
        assert!(is_ours || thread::panicking(), "dropped on {name}");
        self.dropped.add();
    }
}

#[derive(Clone)]
struct Program {
    boxes: Arc<Vec<Mailbox>>,
    wanted: usize,
    seed: u64,
}

/// Waits until all is there that is to come, and sends to others meanwhile.
async fn member(program: Program, number: usize, _mine: Mine) {
    let mut random = Rng::with_seed(program.seed ^ number as u64);
    let mut seen = 0;
    // Half of what each gets comes from the others, in turn.
    let mut owed = program.wanted / 2;
    while seen < program.wanted || owed > 0 {
        if owed > 0 && random.bool() {
            owed -= 1;
            let next = (number + 1) % program.boxes.len();
            program.boxes[next].send();
        }
        match random.u32(0..40) {
            0 => thread::sleep(Duration::from_micros(random.u64(0..2_000))),
            1..4 => yields(random.usize(0..5)).await,
            4..8 => {
                // Cancelled when the runner closes: no panic that the hook of other tests would hear of.
                let other = spawn(yields(random.usize(0..3)));
                other.join().await.ok();
            }
            _ => {}
        }
        if owed == 0 {
            seen = news(&program.boxes[number], seen).await;
        }
    }
}

async fn news(mailbox: &Mailbox, seen: usize) -> usize {
    poll_fn(|cx| {
        assert!(
            !mailbox.busy.swap(true, Ordering::SeqCst),
            "polled twice at once"
        );
        *mailbox.waker.lock().unwrap() = Some(cx.waker().clone());
        let sent = mailbox.sent.load(Ordering::Relaxed);
        mailbox.busy.store(false, Ordering::SeqCst);
        if sent > seen {
            Poll::Ready(sent)
        } else {
            Poll::Pending
        }
    })
    .await
}

/// A thread that knows nothing of loops, and sends the other half.
fn send_from_elsewhere(program: Program) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        let mut random = Rng::with_seed(program.seed);
        for _ in 0..program.wanted.div_ceil(2) {
            for mailbox in program.boxes.iter() {
                mailbox.send();
                if random.u32(0..20) == 0 {
                    thread::sleep(Duration::from_micros(random.u64(0..500)));
                }
            }
        }
    })
}

fn round(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let runner = Runner::builder()
        .workers(random.usize(2..5))
        .build()
        .unwrap();
    let members = random.usize(1..30);
    let program = Program {
        boxes: Arc::new((0..members).map(|_| Mailbox::default()).collect()),
        wanted: random.usize(1..40),
        seed,
    };
    let dropped = Counter::new();
    let see_through = random.u32(0..3) > 0;
    let elsewhere = send_from_elsewhere(program.clone());
    let tasks = runner.run(async {
        let home = thread::current().id();
        let begin = |number| {
            let mine = Mine {
                dropped: dropped.clone(),
                home,
            };
            spawn(member(program.clone(), number, mine))
        };
        let tasks: Vec<_> = (0..members).map(begin).collect();
        yields(random.usize(0..50)).await;
        tasks
    });
    if see_through {
        runner.run(async { timeout(IN_VAIN, all(tasks)).await.expect("no wake is lost") });
    } else {
        runner.run(async {
            for _ in 0..random.usize(0..200) {
                yield_now().await;
            }
        });
        tasks.into_iter().for_each(Task::detach);
    }
    runner.close();
    assert_eq!(dropped.get(), members);
    elsewhere.join().unwrap();
}

async fn all(tasks: Vec<Task<()>>) {
    for task in tasks {
        task.await;
    }
}

#[test]
fn random_programs_of_workers() {
    rounds(round);
}
