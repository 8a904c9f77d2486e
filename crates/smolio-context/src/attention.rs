//! Whether anybody looks on: a test that may have to explain a deadlock, debug mode, an [`Observer`](crate::Observer).
//!
//! All are counted in one word, so that a poll which nobody looks at pays for one load. What they are told comes by here.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{TaskInfo, observation, observer, polls, slow_poll, task::TaskContext};

/// Those who observe, in the lower half; those who want debug mode, in the upper one.
static WORD: AtomicUsize = AtomicUsize::new(0);

const OBSERVER: usize = 1;
const DEBUGGER: usize = 1 << (usize::BITS / 2);

#[inline]
fn word() -> usize {
    WORD.load(Ordering::Relaxed)
}

/// Whether anybody observes: waits are recorded.
#[inline]
pub fn is_observed() -> bool {
    word() != 0
}

/// Whether this process is in debug mode.
#[doc(alias = "get_debug")]
#[inline]
pub fn is_debug() -> bool {
    word() >= DEBUGGER
}

pub(crate) fn add_observer() {
    WORD.fetch_add(OBSERVER, Ordering::Relaxed);
}

pub(crate) fn remove_observer() {
    WORD.fetch_sub(OBSERVER, Ordering::Relaxed);
}

pub(crate) fn add_debugger() {
    WORD.fetch_add(DEBUGGER, Ordering::Relaxed);
}

pub(crate) fn remove_debugger() {
    WORD.fetch_sub(DEBUGGER, Ordering::Relaxed);
}

/// A task or child was spawned, and somebody looks on.
#[cold]
pub(crate) fn spawned(task: &TaskInfo) {
    if observation::spawned(task) {
        observer::tell(|observer| observer.spawned(task));
    }
}

/// A poll of `context` begins, and somebody looks on. Gives whether it was noted; if so, [`end_poll`] is to be called.
#[cold]
pub(crate) fn begin_poll(context: &TaskContext) -> bool {
    observation::begin_poll(context);
    polls::begin(context)
}

/// The poll ends that was begun last. Also if nobody looks any more; then it is not reported.
#[cold]
pub(crate) fn end_poll() {
    let Some(poll) = polls::end() else { return };
    let (task, own) = (&poll.task, poll.own_time());
    if !poll.is_on_behalf {
        observation::end_poll(task.id());
    }
    let is_news = !poll.may_be_slow && !poll.is_told;
    if is_news && is_debug() && slow_poll::is_slow(own) {
        slow_poll::report(&poll, own);
    }
    if !poll.is_on_behalf {
        observer::tell(|observer| observer.polled(task, own));
    }
    // The report, too, is no time of those outside.
    polls::answer_for(&poll);
}

/// A task or child was woken, and somebody looks on.
#[cold]
pub(crate) fn woken(task: &TaskInfo) {
    if observation::woken(task.id()) {
        observer::tell(|observer| observer.woken(task));
    }
}

/// A task or child has ended, and somebody looks on.
#[cold]
pub(crate) fn ended(task: &TaskInfo) {
    // Told of once, whoever finds out first.
    if observation::ended(task.id()) {
        observer::tell(|observer| observer.ended(task));
    }
}
