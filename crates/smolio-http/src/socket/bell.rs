//! `Bell`: what the reactor is given to wake, so that it is known whether it did.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicBool,
            Ordering::{AcqRel, Release},
        },
    },
    task::{Context, Wake, Waker},
};

/// Rings when the reactor has an event, and wakes whoever listens then.
///
/// A task is woken by many, and hyper asks several times in a row whether there is something to read. Only after the reactor
/// itself has woken there may be.
#[derive(Debug)]
pub(super) struct Bell {
    shared: Arc<Shared>,
    /// The same, as the reactor gets it.
    waker: Waker,
}

#[derive(Debug, Default)]
struct Shared {
    has_rung: AtomicBool,
    listener: Mutex<Option<Waker>>,
}

impl Bell {
    pub(super) fn new() -> Self {
        let shared = Arc::<Shared>::default();
        let waker = shared.clone().into();
        Self { shared, waker }
    }

    /// Whether it has rung since it was last asked. The task is woken when it rings next.
    pub(super) fn has_rung(&self, cx: &Context<'_>) -> bool {
        // First the listener: who rings after this one has been put there wakes it, and who rang before is seen.
        self.shared.listen(cx.waker());
        self.shared.has_rung.swap(false, AcqRel)
    }

    pub(super) fn waker(&self) -> &Waker {
        &self.waker
    }
}

impl Shared {
    fn listen(&self, waker: &Waker) {
        let is_known =
            |known: &Option<Waker>| known.as_ref().is_some_and(|known| known.will_wake(waker));
        if is_known(&self.lock()) {
            return;
        }
        // Wakers are foreign code: they are copied and dropped without the lock.
        let waker = waker.clone();
        let former = self.lock().replace(waker);
        drop(former);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.listener.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.has_rung.store(true, Release);
        // Whoever listens puts itself there again when it is polled.
        let listener = self.lock().take();
        if let Some(listener) = listener {
            listener.wake();
        }
    }
}
