//! Which workers sleep, and who wakes whom.
//!
//! A worker is in one of these states:
//!
//! | state | what it does | how it leaves |
//! |---|---|---|
//! | awake | polls, or looks at its own queue | to *searching* by itself; to *asleep* when its loop has nothing at all |
//! | searching | looks for work of others | to *awake*, with work or without |
//! | asleep | its thread waits in the reactor | to *searching*, when work wakes it; to *awake*, by an event of its own |
//! | on guard | asleep, but looks around now and then | as one that is asleep |
//! | away | its loop is not being driven, or has closed | to *awake*, by the next drive |
//!
//! **Who has made work wakes one sleeper, unless somebody searches**, who would find it. A searcher looks once more after it has
//! stopped being one; so either the one who made work sees that nobody searches, or the searcher sees the work. So does one who
//! falls asleep. A searcher that has found work, and sees more, wakes the next: so that a crowd gets up one by one, and as far as
//! it is needed.
//!
//! **Work in a worker's slot wakes nobody**, since the worker takes it up when its poll ends. Where that takes long somebody must
//! see it: one of the sleepers is on guard for as long as anybody is awake. Work in a slot wakes a sleeper only where there is no
//! guard, and that one finds nothing to take and stays on guard.

use std::task::Waker;

use crate::sync::{AtomicU64, Mutex, MutexGuard, Ordering, fence};

// The numbers of those who search and of those who sleep, and whether one of the latter is on guard.
const SEARCHER: u64 = 1;
const SLEEPER: u64 = 1 << 31;
const GUARDED: u64 = 1 << 62;

const SEARCHERS: u64 = SLEEPER - 1;
const SLEEPERS: u64 = GUARDED - SLEEPER;

pub(crate) struct Sleepers {
    /// Written under the lock, except by those who begin or end a search.
    state: AtomicU64,
    beds: Mutex<Beds>,
}

struct Beds {
    /// The guard, if there is one, and then those who sleep, the latest last.
    asleep: Vec<Sleeper>,
    /// How many are not asleep, nor away.
    awake: usize,
}

struct Sleeper {
    worker: usize,
    waker: Waker,
}

/// What has woken a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum WokenBy {
    /// Work of the others: the worker counts as one who searches.
    Work,
    /// An event of its own.
    Event { was_on_guard: bool },
}

impl Sleepers {
    /// All are away.
    pub(crate) fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            beds: Mutex::new(Beds {
                asleep: Vec::new(),
                awake: 0,
            }),
        }
    }

    // ---- those who have made work ----------------------------------------------------------------------------------

    /// There is work for everybody: to be called when all can see it.
    #[inline]
    pub(crate) fn work_for_all(&self) {
        fence(Ordering::SeqCst);
        if needs_more(self.state.load(Ordering::Relaxed)) {
            self.wake_one();
        }
    }

    /// There is work for the one who calls, in its slot, which was written with [`Ordering::SeqCst`].
    #[inline]
    pub(crate) fn work_for_oneself(&self) {
        // In the one order of all such accesses this comes after that; and one who stands guard no more looks at the slots
        // thereafter. So no fence is needed, which would cost more than all else here.
        let state = self.state.load(Ordering::SeqCst);
        if needs_more(state) && state & GUARDED == 0 {
            self.wake_one();
        }
    }

    #[cold]
    fn wake_one(&self) {
        let mut beds = lock(&self.beds);
        // Another may have been faster.
        if !needs_more(self.state.load(Ordering::Relaxed)) {
            return;
        }
        let Some(sleeper) = beds.asleep.pop() else {
            return;
        };
        let had_guard = self.state.load(Ordering::Relaxed) & GUARDED != 0;
        let is_guard = had_guard && beds.asleep.is_empty();
        beds.awake += 1;
        self.get_up(SEARCHER, is_guard);
        // A waker is foreign code: it must not run under our lock.
        drop(beds);
        sleeper.waker.wake();
    }

    /// One is a sleeper no more.
    fn get_up(&self, becomes: u64, is_guard: bool) {
        let guard = if is_guard { GUARDED } else { 0 };
        self.state
            .fetch_sub(SLEEPER + guard - becomes, Ordering::SeqCst);
    }

    // ---- those who look for it -------------------------------------------------------------------------------------

    pub(crate) fn begin_search(&self) {
        self.state.fetch_add(SEARCHER, Ordering::SeqCst);
    }

    /// Whether this was the last: it must look again, since others count on it.
    #[must_use]
    pub(crate) fn end_search(&self) -> bool {
        let before = self.state.fetch_sub(SEARCHER, Ordering::SeqCst);
        fence(Ordering::SeqCst);
        before & SEARCHERS == SEARCHER
    }

    // ---- those who sleep -------------------------------------------------------------------------------------------

    /// From now on `waker` is called when there is work, once. The caller must look again for work before it sleeps, and
    /// [`get up`](Self::wake_up) if there is some. Gives whether it is on guard.
    pub(crate) fn fall_asleep(&self, worker: usize, waker: &Waker) -> bool {
        let waker = waker.clone();
        let mut beds = lock(&self.beds);
        beds.awake -= 1;
        let has_guard = self.state.load(Ordering::Relaxed) & GUARDED != 0;
        let on_guard = !has_guard && beds.awake > 0;
        let sleeper = Sleeper { worker, waker };
        if on_guard {
            // Who is woken last has the most time to look around.
            beds.asleep.insert(0, sleeper);
        } else {
            beds.asleep.push(sleeper);
        }
        let guard = if on_guard { GUARDED } else { 0 };
        self.state.fetch_add(SLEEPER + guard, Ordering::SeqCst);
        drop(beds);
        fence(Ordering::SeqCst);
        on_guard
    }

    /// The worker is awake, whatever has woken it.
    pub(crate) fn wake_up(&self, worker: usize) -> WokenBy {
        let mut beds = lock(&self.beds);
        let place = beds
            .asleep
            .iter()
            .position(|sleeper| sleeper.worker == worker);
        let Some(place) = place else {
            return WokenBy::Work;
        };
        let sleeper = beds.asleep.remove(place);
        beds.awake += 1;
        let has_guard = self.state.load(Ordering::Relaxed) & GUARDED != 0;
        let was_on_guard = has_guard && place == 0;
        self.get_up(0, was_on_guard);
        drop(beds);
        drop(sleeper);
        WokenBy::Event { was_on_guard }
    }

    /// The worker, which was away, is awake.
    pub(crate) fn come(&self) {
        lock(&self.beds).awake += 1;
    }

    /// The worker, which was awake, is away.
    pub(crate) fn go_away(&self) {
        lock(&self.beds).awake -= 1;
    }
}

/// Whether somebody sleeps and nobody searches.
fn needs_more(state: u64) -> bool {
    state & SLEEPERS != 0 && state & SEARCHERS == 0
}

/// No user code runs under the lock, so a poisoned one is still in order.
fn lock(beds: &Mutex<Beds>) -> MutexGuard<'_, Beds> {
    match beds.lock() {
        Ok(guard) => guard,
        Err(poisoned) => poisoned.into_inner(),
    }
}
