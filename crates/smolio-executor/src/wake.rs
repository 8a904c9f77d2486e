//! How a wake reaches the loop: onto its queue when it comes from the loop's own thread, into its inbox otherwise.

use std::sync::Arc;

use crate::{cell::Runnable, local::Local, loops::LoopId, wake_state::WakeState};

pub(crate) use crate::wake_state::{Key, Kind};

/// What other threads say to a loop.
pub(crate) enum Message {
    Wake(Key),
    /// A task that was spawned from another thread.
    Adopt(Arc<dyn Runnable>),
    /// Nothing in particular: look around.
    Look,
}

/// The part of a task that its wakers touch: see [`WakeState`].
pub(crate) struct WakeTarget(WakeState<LoopId>);

impl WakeTarget {
    /// A task that its spawner puts onto the queue.
    #[inline]
    pub(crate) fn queued(home: LoopId, kind: Kind) -> Self {
        Self(WakeState::queued(home, kind))
    }

    /// A task that its spawner, on another thread, puts into the inbox.
    pub(crate) fn posted(home: LoopId) -> Self {
        Self(WakeState::posted(home, Kind::Task))
    }

    /// The main future of a loop.
    pub(crate) fn main(home: LoopId) -> Self {
        Self(WakeState::placed(home, Kind::Internal, Key::MAIN))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Asks the task to end, which it does at its next turn. From any thread.
    pub(crate) fn cancel(&self) {
        self.0.cancel();
        self.wake();
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }

    pub(crate) fn is_untouched(&self) -> bool {
        self.0.is_untouched()
    }

    /// From any thread.
    #[inline]
    pub(crate) fn wake(&self) {
        let at_home = Local::with_current(|local| {
            let ours = local.id() == self.0.home;
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
        let Some(key) = self.0.wake_from_afar() else {
            return;
        };
        // If the loop has closed, the task is gone, and nobody misses the wake.
        if let Some(inbox) = self.0.home.inbox() {
            inbox.push(Message::Wake(key)).ok();
        }
    }

    #[inline]
    fn enqueue(&self, local: &Local) {
        if let Some(key) = self.0.wake_at_home() {
            local.enqueue(Ready::Woken(key));
        }
    }

    pub(crate) fn dequeued(&self) {
        self.0.dequeued();
    }

    pub(crate) fn settle(&self, key: Key) -> bool {
        self.0.settle(key)
    }

    /// The loop has read the message of a wake.
    pub(crate) fn received(&self, local: &Local) {
        self.0.received();
        self.enqueue(local);
    }

    /// The task has arrived in its loop, which puts it onto the queue.
    pub(crate) fn arrived(&self) {
        self.0.received();
    }
}

/// Who is ready to run.
pub(crate) enum Ready {
    /// A task that was never polled.
    New(Arc<dyn Runnable>),
    Woken(Key),
}
