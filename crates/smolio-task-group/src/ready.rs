//! Which futures of a set are to be polled: the queue that their wakers push to.
//!
//! A set polls many futures inside one poll of its own, and a wake must cost one poll and not one for each of them. So each
//! future has a [`Node`], which is its waker, and a wake puts the number of the node's *seat* onto a queue.
//!
//! The queue has two halves. While the set is being polled, wakes that come from the same thread (a child that wakes its
//! sibling, or itself) go to the half that the thread holds: no lock, no atomic exchange. All others go to the shared half
//! behind a mutex, and wake whoever polls the set. A node is in each half at most once.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Poll, Waker},
};

use crate::{cell::Here, queue::Queue, waiters::wake};

/// The shared half of the queue.
pub(crate) struct Ready {
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    woken: Vec<u32>,
    /// Whoever polls the set; there only while it is not being polled.
    waker: Option<Waker>,
    /// The set is gone; nothing is queued any more.
    closed: bool,
    /// Who waits for the set to be gone.
    waiting_for_close: Vec<Waker>,
}

impl Ready {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            shared: Mutex::default(),
        })
    }

    /// That of a set that is gone.
    pub(crate) fn closed() -> Arc<Self> {
        let ready = Self::new();
        ready.close();
        ready
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, seat: u32) {
        let mut shared = self.lock();
        if shared.closed {
            return;
        }
        shared.woken.push(seat);
        let waker = shared.waker.take();
        drop(shared);
        if let Some(waker) = waker {
            wake(waker);
        }
    }

    /// The set is gone: wakes are ignored from now on, and those who waited for this go on.
    pub(crate) fn close(&self) {
        let mut shared = self.lock();
        shared.closed = true;
        let waker = shared.waker.take();
        let waiting = mem::take(&mut shared.waiting_for_close);
        let woken = mem::take(&mut shared.woken);
        drop(shared);
        waiting.into_iter().for_each(wake);
        drop((waker, woken));
    }

    /// Pending until the set is [closed](Self::close).
    pub(crate) fn poll_closed(&self, waker: &Waker) -> Poll<()> {
        // Cloned before the lock is taken: it is not our code.
        let waker = waker.clone();
        let mut shared = self.lock();
        if shared.closed {
            drop(shared);
            return Poll::Ready(());
        }
        if !shared.waiting_for_close.iter().any(|w| w.will_wake(&waker)) {
            shared.waiting_for_close.push(waker);
        }
        Poll::Pending
    }
}

/// Whether a future is queued, and where it sits: what its wakers change.
pub(crate) struct WakeFlags {
    /// The number of its seat; `NO_SEAT` as long as it has none.
    seat: AtomicU32,
    /// In the half of the thread that polls the set. Only that thread touches this.
    queued_here: AtomicBool,
    /// In the shared half.
    queued_shared: AtomicBool,
    /// Whoever sits here is to be dropped instead of polled.
    cancelled: AtomicBool,
}

const NO_SEAT: u32 = u32::MAX;

impl WakeFlags {
    pub(crate) fn new() -> Self {
        Self {
            seat: AtomicU32::new(NO_SEAT),
            queued_here: AtomicBool::new(false),
            queued_shared: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
        }
    }

    #[inline]
    pub(crate) fn seat(&self) -> u32 {
        self.seat.load(Ordering::Relaxed)
    }

    /// Before the first [`schedule`](Self::schedule), once.
    pub(crate) fn take_seat(&self, seat: u32) {
        self.seat.store(seat, Ordering::Relaxed);
    }

    pub(crate) fn set_cancelled(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Queues the seat in the set of `ready`, unless it is queued already.
    #[inline]
    pub(crate) fn schedule(&self, ready: &Ready) {
        let seat = || {
            let is_queued = self.queued_here.load(Ordering::Relaxed);
            self.queued_here.store(true, Ordering::Relaxed);
            (!is_queued).then(|| self.seat())
        };
        if !Here::push(ready, seat) {
            self.schedule_from_outside(ready);
        }
    }

    #[inline(never)]
    fn schedule_from_outside(&self, ready: &Ready) {
        if !self.queued_shared.swap(true, Ordering::AcqRel) {
            ready.push(self.seat());
        }
    }

    /// Queues the seat in a queue that no thread holds yet.
    pub(crate) fn queue_in(&self, queue: &mut Queue) {
        self.queued_here.store(true, Ordering::Relaxed);
        queue.push(self.seat());
    }

    /// For whoever took the seat off the queue: whether it has not been taken already through the other half.
    ///
    /// Wakes from now on queue it anew; what happened before them is visible to the poll that follows.
    #[inline]
    pub(crate) fn take_wake(&self) -> bool {
        let here = self.queued_here.load(Ordering::Relaxed);
        self.queued_here.store(false, Ordering::Relaxed);
        // If another thread sets this just now, the seat is about to come through the shared half, too.
        if self.queued_shared.load(Ordering::Relaxed) {
            return self.take_shared_wake() || here;
        }
        here
    }

    #[cold]
    fn take_shared_wake(&self) -> bool {
        self.queued_shared.swap(false, Ordering::AcqRel)
    }
}

/// One poll of a set: while it lasts, this thread holds its half of the queue.
pub(crate) struct Turn<'a> {
    ready: &'a Arc<Ready>,
    here: Here<'a>,
}

impl Ready {
    /// Runs `turn` as a turn of the set; `queue` is what the last turn left, and will be what this one does.
    pub(crate) fn turn<R>(
        self: &Arc<Self>,
        queue: &mut Queue,
        turn: impl FnOnce(&Turn<'_>) -> R,
    ) -> R {
        let mut shared = self.lock();
        let waker = shared.waker.take();
        queue.append(&mut shared.woken);
        drop(shared);
        // Not under the lock: it is not our code.
        drop(waker);
        Here::lend(self, queue, |here| turn(&Turn { ready: self, here }))
    }
}

impl Turn<'_> {
    /// The seat that is to be polled next.
    #[inline]
    pub(crate) fn next(&self) -> Option<u32> {
        self.here.next()
    }

    /// How many are ready.
    pub(crate) fn len(&self) -> usize {
        self.here.len()
    }

    /// When there is nothing left: fetches what came through the shared half, or leaves `waker` for what will come.
    ///
    /// `true`: there is something again.
    pub(crate) fn refill_or_park(&self, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut shared = self.ready.lock();
        if shared.woken.is_empty() {
            shared.waker = Some(waker);
            return false;
        }
        self.here.append(&mut shared.woken);
        drop(shared);
        true
    }
}
