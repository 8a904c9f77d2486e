//! How a wake reaches the loop: onto its queue when it comes from the loop's own thread, into its inbox otherwise.

use crate::{
    cell::{Runnable, Shared, Thread},
    local::Local,
    loops::LoopId,
};

pub(crate) use crate::wake_state::{Key, Kind, WakeState};

/// What other threads say to a loop.
pub(crate) enum Message {
    Wake(Key),
    /// A task that was spawned from another thread.
    Adopt(Shared<dyn Runnable>),
    /// Nothing in particular: look around.
    Look,
}

/// Where a task is at home.
#[derive(Clone, Copy)]
pub(crate) struct Home {
    pub(crate) local: LoopId,
    pub(crate) thread: Thread,
}

/// The part of a task that its wakers touch: see [`WakeState`].
pub(crate) struct WakeTarget<'a, Rest> {
    state: &'a WakeState<Home, Rest>,
    stamp: u32,
}

impl<'a, Rest> WakeTarget<'a, Rest> {
    /// The state of the task that has this stamp.
    #[inline]
    pub(crate) fn new(state: &'a WakeState<Home, Rest>, stamp: u32) -> Self {
        Self { state, stamp }
    }

    pub(crate) fn kind(&self) -> Kind {
        self.state.kind()
    }

    /// See [`Key`].
    pub(crate) fn stamp(&self) -> u32 {
        self.stamp
    }

    /// Asks the task to end, which it does at its next turn. From any thread.
    pub(crate) fn cancel(&self) {
        self.state.cancel();
        self.wake();
    }

    /// From any thread.
    #[inline]
    pub(crate) fn wake(&self) {
        let at_home = Local::with_current(|local| {
            let ours = local.id() == self.state.home.local;
            if ours {
                self.enqueue(local);
            }
            ours
        });
        if at_home != Some(true) {
            self.post();
        }
    }

    #[cold]
    fn post(&self) {
        let Some(key) = self.state.wake_from_afar(self.stamp) else {
            return;
        };
        // If the loop has closed, the task is gone, and nobody misses the wake.
        if let Some(inbox) = self.state.home.local.inbox() {
            inbox.push(Message::Wake(key)).ok();
        }
    }

    #[inline]
    fn enqueue(&self, local: &Local) {
        if let Some(key) = self.state.wake_at_home(self.stamp) {
            local.enqueue(Ready::Woken(key));
        }
    }

    pub(crate) fn settle(&self, key: Key) -> bool {
        self.state.settle(key)
    }

    /// The loop has read the message of a wake.
    pub(crate) fn received(&self, local: &Local) {
        self.state.received();
        self.enqueue(local);
    }

    /// The task has arrived in its loop, which puts it onto the queue.
    pub(crate) fn arrived(&self) {
        self.state.received();
    }
}

/// Who is ready to run. Of two kinds only: that fits into the two words of a pointer, a third kind would take another word.
pub(crate) enum Ready {
    /// A task that was never polled.
    New(Shared<dyn Runnable>),
    /// One that has its place, or [what has none](Key::is_of_the_loop).
    Woken(Key),
}

const _: () = assert!(size_of::<Ready>() == size_of::<Shared<dyn Runnable>>());
