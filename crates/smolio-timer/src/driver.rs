//! For those who write a loop: what turns the wheel.
//!
//! A loop makes a [`Driver`], enters it around the polls of its tasks, and once per turn calls [`fire`](Driver::fire)
//! with the present moment. Before it waits for I/O it asks for the [`next_deadline`](Driver::next_deadline) and arms
//! one timer of the operating system with it; under virtual time it moves the clock there instead.
//!
//! ```
//! use smolio_context::{Instant, VirtualClock};
//! use smolio_timer::{driver::Driver, sleep};
//! use std::{future::Future, pin::pin, task::{Context, Poll, Waker}, time::Duration};
//!
//! let clock = VirtualClock::new();
//! let _clock = clock.install();
//! let driver = Driver::new();
//! let _wheel = driver.enter();
//!
//! let mut sleeping = pin!(sleep(Duration::from_secs(3600)));
//! let mut context = Context::from_waker(Waker::noop());
//! while sleeping.as_mut().poll(&mut context).is_pending() {
//!     clock.advance_to(driver.next_deadline().expect("the sleep is armed"));
//!     driver.fire(Instant::now());
//! }
//! assert!(driver.is_empty());
//! ```

use std::{
    any::Any,
    cell::Cell,
    fmt, iter, mem,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    task::Waker,
    thread,
};

use smolio_context::Instant;

use crate::local::{LocalWheel, replace_current};

/// Owns the timing wheel of one loop.
///
/// To be made after the thread's clock was installed: ticks of a millisecond are counted from there. When it is
/// dropped, all that is still armed is woken, so that a `Sleep` that lives on elsewhere finds itself another timer.
///
/// It stays on its thread:
/// ```compile_fail,E0277
/// fn send<T: Send>(_: T) {}
/// send(smolio_timer::driver::Driver::new());
/// ```
///
/// # Panics
/// Dropping it resumes the first panic of a waker, after all others were woken, unless the thread is panicking.
pub struct Driver {
    local: Rc<LocalWheel>,
    // Empty. Its room is used again.
    batch: Cell<Vec<Waker>>,
}

/// So many are taken off the wheel before the first of them is woken. With many timers each is several cache misses, of
/// the entry and of the task; of misses that do not depend on each other the processor waits for several at a time.
const BATCH: usize = 32;

impl Driver {
    /// A wheel without timers.
    #[expect(
        clippy::new_without_default,
        reason = "two drivers made one after the other count from different moments"
    )]
    pub fn new() -> Self {
        Self {
            local: Rc::new(LocalWheel::new()),
            batch: Cell::default(),
        }
    }

    /// Makes this wheel the one of the thread until the guard is dropped: timers that are polled meanwhile are armed
    /// here.
    pub fn enter(&self) -> EnterGuard {
        EnterGuard {
            former: replace_current(Some(self.local.clone())),
        }
    }

    /// Until when the loop may wait; `None` if nothing is armed. To be asked before each wait.
    ///
    /// No timer is due before that moment. It is exactly the earliest deadline, on the tick, unless timers were
    /// cancelled. Then there may be nothing to fire at that moment; but after [`fire`](Self::fire) the answer is
    /// exact, so that a virtual clock that follows the answers never overshoots.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.local.next_deadline()
    }

    /// Removes all timers that are due at `now`, wakes their tasks in the order of the deadlines, and tells how many
    /// there were. Never wakes one that is not due.
    ///
    /// # Panics
    /// Resumes the first panic of a waker, after all others were woken.
    pub fn fire(&self, now: Instant) -> usize {
        let Some(tick) = self.local.end_turn_at(now) else {
            return 0;
        };
        self.wake_all(|| self.local.pop_expired(tick))
            .unwrap_or_else(|panic| resume_unwind(panic))
    }

    /// [`fire`](Self::fire), and then a turn begins, in which timeouts need not read the clock: it is the dearest
    /// part of them. They are late by up to the rest of the turn, but never early.
    ///
    /// To be called right before the tasks of a turn are polled. The turn lasts until the next call of this, of
    /// `fire` or of [`next_deadline`](Self::next_deadline). A loop that waited without asking for the next deadline
    /// would add its wait to the timeouts of the turn.
    ///
    /// For loops whose tasks stay on this thread: a timeout that is moved to another one after its first poll starts
    /// anew there. Under a virtual clock this is the same as `fire`, and times are exact.
    ///
    /// # Panics
    /// As `fire`.
    pub fn fire_and_begin_turn(&self, now: Instant) -> usize {
        let fired = self.fire(now);
        self.local.begin_turn(now);
        fired
    }

    /// How many timers are armed.
    pub fn len(&self) -> usize {
        self.local.len()
    }

    /// Whether no timer is armed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wakes each that `next` gives and counts them. One that panics does not keep the others from being woken; the first
    /// panic is given back.
    fn wake_all(&self, mut next: impl FnMut() -> Option<Waker>) -> Result<usize, Payload> {
        let mut batch = self.batch.take();
        let (mut count, mut first_panic) = (0, None);
        loop {
            batch.extend(iter::from_fn(&mut next).take(BATCH));
            if batch.is_empty() {
                break;
            }
            count += batch.len();
            // To wake by value is to give up a reference as well, and a processor looks no further than an atomic operation.
            for waker in &batch {
                catch(&mut first_panic, || waker.wake_by_ref());
            }
            for waker in batch.drain(..) {
                catch(&mut first_panic, || drop(waker));
            }
        }
        self.batch.set(batch);
        first_panic.map_or(Ok(count), Err)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // First of all, so that those who are woken do not arm here again.
        self.local.close();
        if let Err(panic) = self.wake_all(|| self.local.pop_any()) {
            if thread::panicking() {
                // A second panic would abort; the first one tells more.
                mem::forget(panic);
            } else {
                resume_unwind(panic);
            }
        }
    }
}

type Payload = Box<dyn Any + Send>;

/// Runs `foreign`, and keeps its panic if it is the first.
#[inline]
fn catch(first_panic: &mut Option<Payload>, foreign: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(foreign)) {
        if first_panic.is_none() {
            *first_panic = Some(panic);
        } else {
            // The payload may panic again when dropped.
            mem::forget(panic);
        }
    }
}

impl fmt::Debug for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver").field("len", &self.len()).finish()
    }
}

/// Makes the former wheel that of the thread again when dropped.
#[must_use = "the wheel is the one of the thread until the guard is dropped"]
pub struct EnterGuard {
    former: Option<Rc<LocalWheel>>,
}

impl Drop for EnterGuard {
    fn drop(&mut self) {
        let left = replace_current(self.former.take());
        drop(left);
    }
}

impl fmt::Debug for EnterGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}
