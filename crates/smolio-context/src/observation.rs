//! What each task waits for, recorded only while somebody looks: a test that may have to explain a deadlock, or debug mode.
//!
//! A leaf future says in its poll what it waits for when it is about to be pending. While nobody observes that costs one
//! relaxed load.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{Instant, TaskId, TaskInfo, current_task};

static OBSERVERS: AtomicUsize = AtomicUsize::new(0);
static TABLE: Mutex<Option<HashMap<TaskId, Record>>> = Mutex::new(None);

/// One thing that a task waits for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    /// Such as `sleep, until 3.2 s from now` or `Queue::get on "jobs"`.
    pub what: String,
    /// When the task began to wait for it.
    pub since: Instant,
}

#[derive(Default)]
struct Record {
    now: Vec<Wait>,
    // What it waited for before the current poll: a wait that is still there afterwards keeps its beginning.
    before: Vec<Wait>,
}

/// Records waits until the guard is dropped.
pub fn observe() -> ObservationGuard {
    OBSERVERS.fetch_add(1, Ordering::Relaxed);
    ObservationGuard(())
}

/// Ends the observation when dropped; the records go with the last one.
#[derive(Debug)]
#[must_use = "waits are recorded until the guard is dropped"]
pub struct ObservationGuard(());

impl Drop for ObservationGuard {
    fn drop(&mut self) {
        if OBSERVERS.fetch_sub(1, Ordering::Relaxed) == 1 {
            *table() = None;
        }
    }
}

/// Whether anybody observes.
#[inline]
pub fn is_observed() -> bool {
    OBSERVERS.load(Ordering::Relaxed) != 0
}

/// For leaf futures that are about to be pending: says what the current task waits for.
#[inline]
pub fn waiting_for(what: impl FnOnce() -> String) {
    if is_observed() {
        record(what);
    }
}

#[cold]
fn record(what: impl FnOnce() -> String) {
    let Some(task) = current_task() else { return };
    // The leaf's own code, so before the lock is taken.
    let what = what();
    let now = Instant::now();
    let mut table = table();
    let record = table.get_or_insert_default().entry(task.id()).or_default();
    let mut earlier = record.before.iter().chain(&record.now);
    let since = earlier
        .find(|wait| wait.what == what)
        .map_or(now, |wait| wait.since);
    record.now.push(Wait { what, since });
}

/// At the beginning of each poll of a task: what it waited for is to be said anew.
#[inline]
pub(crate) fn begin_poll(task: &TaskInfo) {
    if is_observed() {
        forget_before_poll(task.id());
    }
}

#[cold]
fn forget_before_poll(task: TaskId) {
    if let Some(record) = table().as_mut().and_then(|table| table.get_mut(&task)) {
        record.before = std::mem::take(&mut record.now);
    }
}

/// What the task said in its last poll that it waits for.
pub fn waits_of(task: TaskId) -> Vec<Wait> {
    table()
        .as_ref()
        .and_then(|table| table.get(&task))
        .map_or_else(Vec::new, |record| record.now.clone())
}

/// For executors and groups: the task has ended.
#[inline]
pub fn forget_waits(task: TaskId) {
    if is_observed() {
        forget(task);
    }
}

#[cold]
fn forget(task: TaskId) {
    table().as_mut().and_then(|table| table.remove(&task));
}

fn table() -> MutexGuard<'static, Option<HashMap<TaskId, Record>>> {
    TABLE.lock().unwrap_or_else(PoisonError::into_inner)
}
