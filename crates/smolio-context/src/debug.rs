//! Debug mode: what a program does that is not wrong, but hardly ever meant.

use std::{
    collections::BTreeSet,
    mem,
    panic::Location,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    ObservationGuard, TaskInfo,
    attention::{self, is_debug},
    observation::{self, InWords},
    observe, report, slow_poll,
};

/// Puts the process into debug mode until the guard is dropped: asyncio's `set_debug`.
///
/// A poll of a task, or of a child of a group, that keeps its thread busy for `slow_poll` or longer is reported; a task whose
/// poll was slow because that of a child was is not reported as well. So are those that call [`warn_in_debug`].
///
/// Reports are warnings of the crate `log`, with the target `smolio`; where no logger is set they go to standard error. Where
/// several want debug mode it lasts until the last guard is dropped, with the limit that was given last.
///
/// ```
/// use smolio_context::{debug_mode, is_debug, warn_in_debug};
/// use std::time::Duration;
///
/// let guard = debug_mode(Duration::from_millis(100));
/// assert!(is_debug());
/// drop(guard);
/// warn_in_debug(|| unreachable!("nobody wants to know"));
/// ```
#[doc(alias = "set_debug")]
#[doc(alias = "slow_callback_duration")]
pub fn debug_mode(slow_poll: Duration) -> DebugGuard {
    slow_poll::set_limit(slow_poll);
    attention::add_debugger();
    DebugGuard {
        _observation: observe(),
    }
}

/// Ends debug mode when dropped.
#[derive(Debug)]
#[must_use = "debug mode lasts until the guard is dropped"]
pub struct DebugGuard {
    _observation: ObservationGuard,
}

impl Drop for DebugGuard {
    fn drop(&mut self) {
        attention::remove_debugger();
        if !is_debug() {
            let told = mem::take(&mut *told());
            drop(told);
        }
    }
}

/// In debug mode: logs a warning about something that is hardly ever meant.
pub fn warn_in_debug(what: impl FnOnce() -> String) {
    if is_debug() {
        report::warn(format_args!("{}", what()));
    }
}

/// The causes that were spoken of, as long as debug mode lasts.
static TOLD: Mutex<BTreeSet<(&Location<'_>, &str)>> = Mutex::new(BTreeSet::new());

fn told() -> MutexGuard<'static, BTreeSet<(&'static Location<'static>, &'static str)>> {
    TOLD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In debug mode: logs a warning about what has become of a task: its name, where it was spawned, its id, for how long it is
/// known, `what`, and `hint`. Once for each line on which such tasks are spawned.
///
/// ```
/// use smolio_context::{TaskContext, debug_mode, warn_of_task};
/// # use std::time::Duration;
/// let _debug = debug_mode(Duration::from_millis(100));
/// for _ in 0..3 {
///     let task = TaskContext::child(Some("fetch"));
///     // fetch (spawned at src/main.rs:5:16), id 7, was forgotten: think of it
///     warn_of_task(task.info(), "was forgotten", "think of it");
/// }
/// ```
pub fn warn_of_task(task: &TaskInfo, what: &'static str, hint: &str) {
    if !is_debug() || !told().insert((task.location(), what)) {
        return;
    }
    let age = observation::age_of(task.id());
    let age = age.map_or_else(String::new, |age| format!(", spawned {} ago", InWords(age)));
    let id = task.id();
    report::warn(format_args!("{task}, id {id}{age}, {what}: {hint}"));
}
