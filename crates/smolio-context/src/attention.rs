//! Whether anybody looks on: a test that may have to explain a deadlock, or debug mode.
//!
//! Both are counted in one word, so that a poll which nobody looks at pays for one load.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{observation, slow_poll, task::TaskContext};

/// Those who observe waits, in the lower half; those who want debug mode, in the upper one.
static WORD: AtomicUsize = AtomicUsize::new(0);

const OBSERVER: usize = 1;
const DEBUGGER: usize = 1 << (usize::BITS / 2);

#[inline]
fn word() -> usize {
    WORD.load(Ordering::Relaxed)
}

/// Whether anybody observes.
#[inline]
pub fn is_observed() -> bool {
    word() % DEBUGGER != 0
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

/// Whether anybody looks on, in whichever way.
#[inline]
pub(crate) fn is_attended() -> bool {
    word() != 0
}

/// A poll of `context` begins, and somebody looks on. Gives whether it is measured; if so, `slow_poll` is to be told of its
/// end.
#[cold]
pub(crate) fn begin_poll(context: &TaskContext) -> bool {
    observation::begin_poll(context);
    is_debug() && slow_poll::begin(context)
}
