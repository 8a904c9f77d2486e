//! A waker that tells of each wake, for as long as somebody looks.
//!
//! It stands between a task's futures and the waker of whoever polls the task, and so works with every executor.

use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use super::with_record;
use crate::{TaskInfo, attention, task::TaskContext};

pub(crate) struct WatchedWaker {
    inner: Waker,
    task: TaskInfo,
}

impl Wake for WatchedWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        attention::woken(&self.task);
        self.inner.wake_by_ref();
    }
}

/// What is to stand in for `waker` while the task is polled. As long as that is the same, so is this: futures ask
/// `will_wake`, and spare themselves a new registration.
pub(crate) fn watched_waker(context: &TaskContext, waker: &Waker) -> Option<Waker> {
    let known = with_record(context, |record| record.waker.clone())?;
    if let Some(known) = known.filter(|known| known.inner.will_wake(waker)) {
        return Some(known.into());
    }
    let watched = Arc::new(WatchedWaker {
        inner: waker.clone(),
        task: context.info().clone(),
    });
    // The one before is dropped out here: it is foreign code.
    let _before = with_record(context, |record| record.waker.replace(watched.clone()));
    Some(watched.into())
}
