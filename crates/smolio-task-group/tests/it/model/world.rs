//! Where programs take place: time, the story, and how an actor acts, whatever the group is.

use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, poll_fn},
    panic::resume_unwind,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Poll, Waker},
    thread,
};

use smolio_context::{CleanUp, clean_up_later};
use smolio_task_group::{CancelScope, ChildError};

use super::program::{Act, Actor, AtDrop, Group, Program};

pub(super) type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An error, by the number of the actor that gave it.
pub(super) struct Fail(pub(super) Actor);

impl fmt::Display for Fail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "model failure of {}", self.0)
    }
}

/// A kind of group: the real one, or the naive one.
pub(super) trait Kind: Sized + Send + Sync + 'static {
    type Spawner: Clone + Send;
    type Child: Send;

    fn new(limit: usize) -> Self;
    fn spawner(&self) -> Self::Spawner;
    fn spawn(spawner: &Self::Spawner, future: Boxed<Result<Actor, Fail>>) -> Self::Child;
    fn cancel(spawner: &Self::Spawner);
    fn cancel_child(child: &Self::Child);
    fn wait(child: Self::Child) -> Boxed<Actor>;
    fn join(child: Self::Child) -> Boxed<Result<Actor, ChildError>>;
    fn run(self, body: Boxed<Result<Actor, Fail>>) -> Boxed<End>;
}

/// How a group ended, if not with a panic.
pub(super) enum End {
    Value(Actor),
    Cancelled,
    Failures(Vec<Fail>),
}

pub(super) struct World<K: Kind> {
    program: Arc<Program>,
    state: Mutex<State<K>>,
}

struct State<K: Kind> {
    now: u64,
    /// Who waits for which moment.
    waiting: BTreeMap<u64, Waker>,
    story: Vec<String>,
    groups: BTreeMap<Group, K::Spawner>,
    handles: BTreeMap<Actor, K::Child>,
}

pub(super) fn actor(number: Actor) -> String {
    format!("actor {number}")
}

impl<K: Kind> World<K> {
    pub(super) fn new(program: Arc<Program>) -> Arc<Self> {
        Arc::new(Self {
            program,
            state: Mutex::new(State {
                now: 0,
                waiting: BTreeMap::new(),
                story: Vec::new(),
                groups: BTreeMap::new(),
                handles: BTreeMap::new(),
            }),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap()
    }

    pub(super) fn say(&self, line: String) {
        self.lock().story.push(line);
    }

    pub(super) fn take_story(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().story)
    }

    pub(super) fn forget_handles(&self) {
        let handles = std::mem::take(&mut self.lock().handles);
        drop(handles);
    }

    /// Goes on to the next moment that somebody waits for, if there is one.
    pub(super) fn next_moment(&self) -> bool {
        let mut state = self.lock();
        let Some((moment, waker)) = state.waiting.pop_first() else {
            return false;
        };
        state.now = moment;
        drop(state);
        waker.wake();
        true
    }

    /// The next moment that belongs to this actor alone.
    fn moment(self: &Arc<Self>, actor: Actor) -> impl Future<Output = ()> + Send + use<K> {
        let world = self.clone();
        let mut due = None;
        poll_fn(move |cx| {
            let actors = world.program.parts.len() as u64;
            let mut state = world.lock();
            let due = *due.get_or_insert_with(|| {
                let round = state.now / actors * actors + actor as u64;
                if round > state.now {
                    round
                } else {
                    round + actors
                }
            });
            if state.now >= due {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            let before = state.waiting.insert(due, waker);
            drop(state);
            drop(before);
            Poll::Pending
        })
    }

    fn spawn(self: &Arc<Self>, group: Group, who: Actor) {
        let Some(spawner) = self.lock().groups.get(&group).cloned() else {
            return;
        };
        let future = perform(self.clone(), group, who);
        let child = K::spawn(&spawner, future);
        self.lock().handles.insert(who, child);
    }

    fn take_handle(&self, who: Actor) -> Option<K::Child> {
        self.lock().handles.remove(&who)
    }
}

/// A group and its body, run to the end. Gives what came of it.
pub(super) fn group<K: Kind>(world: Arc<World<K>>, number: Group, body: Actor) -> Boxed<String> {
    Box::pin(async move {
        match run_group(&world, number, body).await {
            End::Value(value) => format!("value {value}"),
            End::Cancelled => "cancelled".to_string(),
            End::Failures(failures) => {
                let texts = Vec::from_iter(failures.iter().map(Fail::to_string));
                format!("failures {texts:?}")
            }
        }
    })
}

fn run_group<K: Kind>(world: &Arc<World<K>>, number: Group, body: Actor) -> Boxed<End> {
    let group = K::new(world.program.parts[body].limit);
    world.lock().groups.insert(number, group.spawner());
    group.run(perform(world.clone(), number, body))
}

/// The future of an actor.
fn perform<K: Kind>(world: Arc<World<K>>, group: Group, who: Actor) -> Boxed<Result<Actor, Fail>> {
    let presence = Presence {
        world: world.clone(),
        who,
        state: "dropped unpolled",
    };
    Box::pin(async move {
        // All of it, not only the field.
        let mut presence = presence;
        presence.state = "dropped";
        let acts = world.program.parts[who].acts.clone();
        for act in acts {
            world.moment(who).await;
            if let Err(fail) = one_act(&world, group, who, act).await {
                presence.state = "fails";
                return Err(fail);
            }
        }
        world.moment(who).await;
        presence.state = "ends";
        Ok(who)
    })
}

async fn one_act<K: Kind>(
    world: &Arc<World<K>>,
    _group: Group,
    who: Actor,
    act: Act,
) -> Result<(), Fail> {
    match act {
        Act::Step => {}
        Act::Spawn(group, child) => world.spawn(group, child),
        Act::Nest(inner) => {
            let end = run_group(world, inner, inner).await;
            world.moment(who).await;
            let text = match end {
                End::Value(value) => format!("inner value {value}"),
                End::Cancelled => "inner cancelled".to_string(),
                End::Failures(failures) => {
                    for fail in &failures {
                        world.say(format!("{}: inner {fail}", actor(who)));
                    }
                    return Err(Fail(who));
                }
            };
            world.say(format!("{}: {text}", actor(who)));
        }
        Act::Await(child) => {
            if let Some(child) = world.take_handle(child) {
                let value = K::wait(child).await;
                world.moment(who).await;
                world.say(format!("{} awaits {value}", actor(who)));
            }
        }
        Act::Join(child) => {
            if let Some(child) = world.take_handle(child) {
                let outcome = K::join(child).await;
                world.moment(who).await;
                world.say(format!("{} joins {outcome:?}", actor(who)));
            }
        }
        Act::ShieldedJoin(child) => {
            if let Some(child) = world.take_handle(child) {
                let work = async {
                    let outcome = K::join(child).await;
                    world.moment(who).await;
                    outcome
                };
                let outcome = CancelScope::new().shielded().run(work).await;
                world.say(format!("{} joins {:?}", actor(who), outcome.unwrap()));
            }
        }
        Act::CancelChild(child) => {
            let child = world.take_handle(child).map(|handle| (child, handle));
            if let Some((child, handle)) = child {
                K::cancel_child(&handle);
                world.lock().handles.insert(child, handle);
            }
        }
        Act::CancelGroup(group) => {
            let spawner = world.lock().groups.get(&group).cloned();
            if let Some(spawner) = spawner {
                K::cancel(&spawner);
            }
        }
        Act::Shield(moments) => {
            let work = async {
                for _ in 0..moments {
                    world.moment(who).await;
                }
            };
            CancelScope::new().shielded().run(work).await;
            world.say(format!("{}: shield closes", actor(who)));
        }
        Act::Fail => return Err(Fail(who)),
        // Without the message of the panic hook.
        Act::Panic => resume_unwind(Box::new(format!("{} panics", actor(who)))),
    }
    Ok(())
}

/// Says how an actor went, and does what it does then.
struct Presence<K: Kind> {
    world: Arc<World<K>>,
    who: Actor,
    state: &'static str,
}

impl<K: Kind> Drop for Presence<K> {
    fn drop(&mut self) {
        let (world, who) = (&self.world, self.who);
        let state = if thread::panicking() {
            "panics"
        } else {
            self.state
        };
        world.say(format!("{} {state}", actor(who)));
        match world.program.parts[who].at_drop.clone() {
            AtDrop::Nothing => {}
            AtDrop::Spawn(group, child) => world.spawn(group, child),
            AtDrop::CleanUp(moments) => {
                let world = world.clone();
                let work = async move {
                    for _ in 0..moments {
                        world.moment(who).await;
                    }
                    world.say(format!("{}: clean-up ends", actor(who)));
                };
                clean_up_later(CleanUp::new("model clean-up", work));
            }
            AtDrop::Panic if thread::panicking() => {}
            AtDrop::Panic => resume_unwind(Box::new(format!("destructor of {who}"))),
        }
    }
}
