//! Polls that take so long that all others have to wait: which task it was, and what to do about it.
//!
//! Only in debug mode. It is the machine's clock that counts: a virtual one does not move within a poll.

use std::{
    cell::{Cell, RefCell},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::{
    attention::is_debug,
    clock::Stopwatch,
    report::warn,
    task::{TaskContext, TaskInfo},
};

/// In nanoseconds.
static LIMIT: AtomicU64 = AtomicU64::new(u64::MAX);

thread_local! {
    /// The polls that are going on, each within the one before.
    static POLLS: RefCell<Vec<Measured>> = const { RefCell::new(Vec::new()) };
    /// The next poll is not measured.
    static MAY_BE_SLOW: Cell<bool> = const { Cell::new(false) };
}

struct Measured {
    task: TaskInfo,
    watch: Stopwatch,
    /// What was spent in polls within this one, which answer for it themselves.
    within: Duration,
}

pub(crate) fn set_limit(limit: Duration) {
    let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    LIMIT.store(limit, Ordering::Relaxed);
}

/// For threads that are there to be blocked, as those of `to_thread` are: the next poll on this thread is not reported,
/// however long it takes.
pub fn allow_slow_poll() {
    if is_debug() {
        MAY_BE_SLOW.set(true);
    }
}

/// A poll of a task or child begins. Gives whether it is measured; if so, it is to be ended.
pub(crate) fn begin(context: &TaskContext) -> bool {
    if MAY_BE_SLOW.replace(false) {
        return false;
    }
    let poll = Measured {
        task: context.info().clone(),
        watch: Stopwatch::start(),
        within: Duration::ZERO,
    };
    with_polls(|polls| polls.push(poll)).is_some()
}

/// The poll that was begun last ends. Also if debug mode has ended meanwhile; then it is not reported.
#[cold]
pub(crate) fn end() {
    let Some(Some(poll)) = with_polls(Vec::pop) else {
        return;
    };
    let own = poll.watch.elapsed().saturating_sub(poll.within);
    if own >= Duration::from_nanos(LIMIT.load(Ordering::Relaxed)) && is_debug() {
        report(&poll.task, own);
    }
    // The report, too, is no time of those outside.
    let all = poll.watch.elapsed();
    with_polls(|polls| {
        if let Some(outer) = polls.last_mut() {
            outer.within += all;
        }
    });
}

/// `None` while the thread ends, when there is no list any more.
fn with_polls<R>(f: impl FnOnce(&mut Vec<Measured>) -> R) -> Option<R> {
    POLLS.try_with(|polls| f(&mut polls.borrow_mut())).ok()
}

fn report(task: &TaskInfo, own: Duration) {
    warn(format_args!(
        "{task}, id {}, kept its thread busy for {own:.1?} in one poll: blocking call? move it to to_thread; \
         long computation? yield_now().await now and then",
        task.id()
    ));
}
