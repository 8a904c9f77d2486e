//! What all threads of one runner share.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use smolio_context::TaskInfo;

use crate::{
    cell::Thread, inbox::Inbox, loops::LoopId, pool::Pool, tokio_handle::TokioHandle, wake::Message,
};

pub(crate) struct Runtime {
    /// The loop that runs main.
    main: LoopId,
    /// Who main is, while it runs: all threads list it.
    main_task: Mutex<Option<TaskInfo>>,
    inbox: Arc<Inbox<Message>>,
    home: Thread,
    /// The workers, where there are several.
    pool: Option<Pool>,
    /// What all its threads enter.
    tokio: TokioHandle,
    /// Tasks are taken.
    open: AtomicBool,
    jobs: ThreadJobs,
}

impl Runtime {
    pub(crate) fn new(
        main: LoopId,
        inbox: Arc<Inbox<Message>>,
        pool: Option<Pool>,
        tokio: TokioHandle,
    ) -> Arc<Self> {
        Arc::new(Self {
            main,
            main_task: Mutex::default(),
            inbox,
            home: Thread::current(),
            pool,
            tokio,
            open: AtomicBool::new(true),
            jobs: ThreadJobs::default(),
        })
    }

    pub(crate) fn main(&self) -> LoopId {
        self.main
    }

    pub(crate) fn main_task(&self) -> Option<TaskInfo> {
        self.lock_main_task().clone()
    }

    pub(crate) fn replace_main_task(&self, main: Option<TaskInfo>) -> Option<TaskInfo> {
        std::mem::replace(&mut *self.lock_main_task(), main)
    }

    fn lock_main_task(&self) -> MutexGuard<'_, Option<TaskInfo>> {
        self.main_task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox<Message>> {
        &self.inbox
    }

    pub(crate) fn home(&self) -> Thread {
        self.home
    }

    pub(crate) fn pool(&self) -> Option<&Pool> {
        self.pool.as_ref()
    }

    pub(crate) fn tokio(&self) -> &TokioHandle {
        &self.tokio
    }

    pub(crate) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    pub(crate) fn refuse_tasks(&self) {
        self.open.store(false, Ordering::Release);
    }

    /// Lets the main loop look around: something that it may wait for has happened on another thread.
    pub(crate) fn nudge(&self) {
        self.inbox.push(Message::Look).ok();
    }

    // ---- closures on threads ---------------------------------------------------------------------------------------

    pub(crate) fn threads_in_flight(&self) -> usize {
        self.jobs.count.load(Ordering::Acquire)
    }

    /// A closure is about to be given to a thread.
    pub(crate) fn begin_job(self: &Arc<Self>, task: TaskInfo) -> JobGuard {
        let mut running = self.jobs.running();
        let number = running.last_key_value().map_or(0, |(last, _)| last + 1);
        running.insert(number, task);
        self.jobs.count.store(running.len(), Ordering::Release);
        JobGuard {
            runtime: self.clone(),
            number,
        }
    }

    /// The closures that have not returned.
    pub(crate) fn jobs(&self) -> Vec<TaskInfo> {
        self.jobs.running().values().cloned().collect()
    }
}

#[derive(Default)]
struct ThreadJobs {
    count: AtomicUsize,
    running: Mutex<BTreeMap<u64, TaskInfo>>,
}

impl ThreadJobs {
    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, TaskInfo>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A closure that has not returned. Dropped when it has, or when it will never run.
pub(crate) struct JobGuard {
    runtime: Arc<Runtime>,
    number: u64,
}

impl Drop for JobGuard {
    fn drop(&mut self) {
        let mut running = self.runtime.jobs.running();
        running.remove(&self.number);
        self.runtime
            .jobs
            .count
            .store(running.len(), Ordering::Release);
        drop(running);
        self.runtime.nudge();
    }
}
