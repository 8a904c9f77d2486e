//! The atomic protocols under all interleavings that loom can think of: the inbox, the join cell, the wakes of a task, the
//! cancelling of one that moves about, and the sleep of the workers.
//!
//! These are the very source files, compiled against loom's atomics. The models are bounded (three preemptions, fewer where that takes minutes), which finds
//! what a few threads can do to each other in a moment.

use std::{
    sync::atomic::Ordering,
    task::{Context, Wake, Waker},
};

use loom::{
    sync::{Arc, Notify},
    thread,
};

#[allow(
    unused_imports,
    dead_code,
    reason = "each of the files uses a part of it"
)]
mod sync {
    pub(crate) use loom::{
        cell::UnsafeCell,
        sync::{
            Mutex, MutexGuard,
            atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering, fence},
        },
    };

    /// loom has none; this one has the orderings of std's.
    pub(crate) struct OnceLock<T> {
        set: AtomicBool,
        value: std::sync::OnceLock<T>,
    }

    impl<T> OnceLock<T> {
        pub(crate) fn new() -> Self {
            Self {
                set: AtomicBool::new(false),
                value: std::sync::OnceLock::new(),
            }
        }

        pub(crate) fn get(&self) -> Option<&T> {
            let set = self.set.load(Ordering::Acquire);
            set.then(|| self.value.get().expect("set before it was said to be"))
        }

        pub(crate) fn set(&self, value: T) -> Result<(), T> {
            self.value.set(value)?;
            self.set.store(true, Ordering::Release);
            Ok(())
        }
    }
}

#[allow(dead_code, reason = "the models do not need all of it")]
#[path = "../../src/inbox.rs"]
mod inbox;

#[allow(dead_code, reason = "the models do not need all of it")]
#[path = "../../src/cell/free_slots.rs"]
mod free_slots;
#[allow(dead_code, reason = "the models do not need all of it")]
#[path = "../../src/cell/join.rs"]
mod join;
#[path = "../../src/cell/owners.rs"]
mod owners;
#[allow(dead_code, reason = "the models do not need all of it")]
#[path = "../../src/wake_state.rs"]
mod wake_state;

#[allow(dead_code, reason = "the models do not need all of it")]
#[path = "../../src/cell/request.rs"]
mod request;

#[allow(dead_code, reason = "the models do not need all of it")]
#[path = "../../src/sleepers.rs"]
mod sleepers;

mod handing_over;
mod sleeping;

use inbox::Inbox;
use request::CancelRequest;
use wake_state::{Key, Kind, WakeState};

fn model(threads_and_all: impl Fn() + Send + Sync + 'static) {
    model_with(3, threads_and_all);
}

fn model_with(preemptions: usize, threads_and_all: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(threads_and_all);
}

/// Someone who sleeps until woken. A wake that is lost is a deadlock, which loom reports.
struct Sleeper(Arc<Notify>);

struct WakesSleeper(Arc<Notify>);

impl Wake for WakesSleeper {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.notify();
    }
}

impl Sleeper {
    fn new() -> Self {
        Self(Arc::new(Notify::new()))
    }

    fn waker(&self) -> Waker {
        std::sync::Arc::new(WakesSleeper(self.0.clone())).into()
    }

    fn sleep(&self) {
        self.0.wait();
    }
}

// ---- the inbox -----------------------------------------------------------------------------------------------------

/// The loop parks when its inbox is empty; each message wakes it.
#[test]
fn inbox_loses_no_wake() {
    model(|| {
        let inbox = Arc::new(Inbox::new());
        let senders = [1, 2].map(|message| {
            let inbox = inbox.clone();
            thread::spawn(move || inbox.push(message).unwrap())
        });
        let sleeper = Sleeper::new();
        inbox.set_driver(Some(sleeper.waker()));
        let mut messages = Vec::new();
        loop {
            inbox.drain(&mut messages);
            if messages.len() == 2 {
                break;
            }
            sleeper.sleep();
        }
        for sender in senders {
            sender.join().unwrap();
        }
        messages.sort_unstable();
        assert_eq!(messages, [1, 2]);
    });
}

/// Between two drives nobody is there to be woken; the next driver sees what has come meanwhile, or is woken by it.
#[test]
fn inbox_follows_its_driver() {
    model(|| {
        let inbox = Arc::new(Inbox::new());
        let mut messages = Vec::new();
        let sender = {
            let inbox = inbox.clone();
            thread::spawn(move || {
                inbox.push(1).unwrap();
                inbox.push(2).unwrap();
            })
        };
        // The first drive ends for reasons of its own, having looked once.
        inbox.set_driver(Some(Sleeper::new().waker()));
        inbox.drain(&mut messages);
        inbox.set_driver(None);
        let sleeper = Sleeper::new();
        inbox.set_driver(Some(sleeper.waker()));
        loop {
            inbox.drain(&mut messages);
            if messages.len() == 2 {
                break;
            }
            sleeper.sleep();
        }
        sender.join().unwrap();
        // From one sender: in its order.
        assert_eq!(messages, [1, 2]);
    });
}

/// At the close each message is read, given to the one who closes, or given back: one of the three, and once.
#[test]
fn inbox_loses_nothing_at_its_close() {
    model(|| {
        let inbox = Arc::new(Inbox::new());
        let senders = [1, 2].map(|message| {
            let inbox = inbox.clone();
            thread::spawn(move || inbox.push(message).err())
        });
        let mut messages = Vec::new();
        inbox.drain(&mut messages);
        messages.extend(inbox.close());
        let came_late = senders.map(|sender| sender.join().unwrap());
        messages.extend(came_late.into_iter().flatten());
        messages.sort_unstable();
        assert_eq!(messages, [1, 2]);
        assert_eq!(inbox.push(3), Err(3));
        assert!(!inbox.push_with(|| unreachable!("not made for a closed inbox")));
    });
}

// ---- cancelling ----------------------------------------------------------------------------------------------------

/// Asked before, during or after its first poll, the task learns it: at once, or by a wake.
#[test]
fn a_cancel_request_is_seen() {
    model(|| {
        let request = Arc::new(CancelRequest::new());
        let asking = [(); 2].map(|()| {
            let request = request.clone();
            thread::spawn(move || request.make())
        });
        let sleeper = Sleeper::new();
        let waker = sleeper.waker();
        while !request.was_made() && !request.was_made_meanwhile(&Context::from_waker(&waker)) {
            sleeper.sleep();
        }
        for asking in asking {
            asking.join().unwrap();
        }
    });
}

// ---- wakes ---------------------------------------------------------------------------------------------------------

const PLACE: Key = Key { index: 0, stamp: 7 };

/// A loop with one task in it, which waits for `news`: polls it whenever it is ready, and gives it its place after the first.
fn wait_for_news(
    state: &WakeState<(), ()>,
    inbox: &Inbox<Key>,
    news: &loom::sync::atomic::AtomicUsize,
    wanted: usize,
) {
    let sleeper = Sleeper::new();
    inbox.set_driver(Some(sleeper.waker()));
    let (mut ready, mut first, mut messages) = (true, true, Vec::new());
    loop {
        inbox.drain(&mut messages);
        for key in messages.drain(..) {
            assert_eq!(key, PLACE);
            state.received();
            ready |= state.wake_at_home(PLACE.stamp).is_some();
        }
        if !ready {
            sleeper.sleep();
            continue;
        }
        ready = false;
        assert_eq!(state.begin_poll(), Some(Kind::Task));
        // Relaxed: it is the flags that must make it visible.
        if news.load(Ordering::Relaxed) == wanted {
            return;
        }
        state.end_poll();
        if first {
            first = false;
            ready = state.settle(PLACE);
        }
    }
}

/// Whatever the moment at which other threads wake a task (before, during or after its first poll), it sees what they did.
#[test]
fn a_wake_from_afar_is_seen() {
    model(|| {
        let state = Arc::new(WakeState::queued((), Kind::Task, ()));
        let inbox = Arc::new(Inbox::new());
        let news = Arc::new(loom::sync::atomic::AtomicUsize::new(0));
        let wakers = [(); 2].map(|()| {
            let (state, inbox, news) = (state.clone(), inbox.clone(), news.clone());
            thread::spawn(move || {
                news.fetch_add(1, Ordering::Relaxed);
                if let Some(key) = state.wake_from_afar(PLACE.stamp) {
                    inbox.push(key).unwrap();
                }
            })
        });
        wait_for_news(&state, &inbox, &news, 2);
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

/// A task on its way to its loop, cancelled by the thread that sent it: the loop learns it on arrival or by a wake.
#[test]
fn a_cancel_overtakes_no_task() {
    model(|| {
        let state = Arc::new(WakeState::posted((), Kind::Task, ()));
        let inbox = Arc::new(Inbox::new());
        let canceller = {
            let (state, inbox) = (state.clone(), inbox.clone());
            thread::spawn(move || {
                state.cancel();
                if let Some(key) = state.wake_from_afar(PLACE.stamp) {
                    inbox.push(key).unwrap();
                }
            })
        };
        let sleeper = Sleeper::new();
        inbox.set_driver(Some(sleeper.waker()));
        state.received();
        assert_eq!(state.begin_poll(), Some(Kind::Task));
        // The first poll, if it comes first, leaves it pending.
        let mut cancelled = state.is_cancelled();
        state.end_poll();
        let mut ready = !cancelled && state.settle(PLACE);
        let mut messages = Vec::new();
        while !cancelled {
            inbox.drain(&mut messages);
            for _ in messages.drain(..) {
                state.received();
                ready |= state.wake_at_home(PLACE.stamp).is_some();
            }
            if ready {
                ready = false;
                assert_eq!(state.begin_poll(), Some(Kind::Task));
                cancelled = state.is_cancelled();
                state.end_poll();
            } else {
                sleeper.sleep();
            }
        }
        canceller.join().unwrap();
    });
}
