//! The loop of one thread: a queue of those that are ready, a table of those that live.
//!
//! What is done with them, turn by turn, stands in [`turns`].

mod guards;
mod share;
mod turns;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::Future,
    rc::Rc,
    sync::Arc,
    task::Waker,
};

use scoped_tls::scoped_thread_local;
use smolio_context::{CleanUp, CleanUpSink, TaskContext, TaskInfo, enclosing_task};
use smolio_timer::driver::Driver;

use crate::{
    alarm::Alarm,
    cell::{Joiner, LocalCell, Runnable, Shared, Slab, Table, Thread},
    idle::IdlePolicy,
    inbox::Inbox,
    loops::LoopId,
    runtime::Runtime,
    wake::{Kind, Message, Ready},
};

scoped_thread_local! {
    /// The loop that is being driven. Lent for the drive and no more: each wake looks here, and neither counts nor asks whether
    /// a destructor has run.
    static CURRENT: Rc<Local>
}

pub(crate) use share::Share;

pub(crate) struct Local {
    id: LoopId,
    runtime: Arc<Runtime>,
    inbox: Arc<Inbox<Message>>,
    home: Thread,
    queue: RefCell<VecDeque<Ready>>,
    table: Table,
    slab: Slab,
    /// How many of each kind have not ended.
    counts: [Cell<usize>; 3],
    messages: RefCell<Vec<Message>>,
    timers: Driver,
    alarm: Alarm,
    policy: Option<Rc<dyn IdlePolicy>>,
    /// Nothing has run since the policy was last asked.
    still_idle: Cell<bool>,
    /// The last whole round of polls took little time.
    was_quick: Cell<bool>,
    /// A turn is going on: what becomes ready is seen without waking the driver.
    turning: Cell<bool>,
    driver: RefCell<Option<Waker>>,
    /// What is being polled.
    running: Cell<Kind>,
    phase: Cell<Phase>,
    /// Woken at each end of a task, for those who close the loop.
    watcher: RefCell<Option<Waker>>,
    /// Its part in the work of all.
    share: Share,
}

/// How far the loop is on its way.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// Takes tasks.
    Open,
    /// Takes clean-ups, and tasks from clean-ups.
    Closing,
    /// Takes nothing.
    Closed,
}

impl Local {
    pub(crate) fn new(
        id: LoopId,
        inbox: Arc<Inbox<Message>>,
        runtime: Arc<Runtime>,
        policy: Option<Rc<dyn IdlePolicy>>,
        share: Share,
    ) -> Rc<Self> {
        Rc::new(Self {
            id,
            runtime,
            inbox,
            home: Thread::current(),
            queue: RefCell::default(),
            table: Table::default(),
            slab: Slab::new(id),
            counts: Default::default(),
            messages: RefCell::default(),
            timers: Driver::new(),
            alarm: Alarm::default(),
            policy,
            still_idle: Cell::new(false),
            was_quick: Cell::new(false),
            turning: Cell::new(false),
            driver: RefCell::default(),
            running: Cell::new(Kind::Task),
            phase: Cell::new(Phase::Open),
            watcher: RefCell::default(),
            share,
        })
    }

    /// The loop that is being driven on this thread.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.is_set().then(|| CURRENT.with(Rc::clone))
    }

    /// Lends the loop that is being driven on this thread to `f`, which must not drive another.
    #[inline]
    pub(crate) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> Option<R> {
        CURRENT.is_set().then(|| CURRENT.with(|local| f(local)))
    }

    #[inline]
    pub(crate) fn id(&self) -> LoopId {
        self.id
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    #[inline]
    pub(crate) fn slab(&self) -> &Slab {
        &self.slab
    }

    // ---- tasks -----------------------------------------------------------------------------------------------------

    /// Whether the one who is running is a clean-up of this loop.
    pub(crate) fn is_cleaning_up(&self) -> bool {
        self.running.get() == Kind::CleanUp
    }

    /// Whether a task may be spawned by whoever is running, and as what.
    pub(crate) fn admits(&self) -> Option<Kind> {
        match (self.phase.get(), self.running.get()) {
            (Phase::Closed, _) => None,
            // A worker's own loop is told to close only when the workers' tasks have ended; the runtime is closed before.
            // Also while the loop is open: when it closes, the clean-up must not find its own tasks cancelled.
            (_, Kind::CleanUp) => Some(Kind::CleanUp),
            (Phase::Open, _) if self.runtime.is_open() => Some(Kind::Task),
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn spawn<F: Future + 'static>(
        &self,
        kind: Kind,
        context: TaskContext,
        future: F,
    ) -> Joiner<F::Output> {
        let (cell, joiner) = LocalCell::here(self, kind, context, future);
        self.start(cell);
        joiner
    }

    /// Puts a task that was never polled onto the queue.
    fn start(&self, task: Shared<dyn Runnable>) {
        let count = &self.counts[task.wake_target().kind() as usize];
        count.set(count.get() + 1);
        self.enqueue(Ready::New(task));
    }

    /// A task that is refused: its future is dropped unpolled, in its own context, and its handle says so.
    #[cold]
    pub(crate) fn refuse<F: Future + 'static>(
        &self,
        context: TaskContext,
        future: F,
    ) -> Joiner<F::Output> {
        let (cell, joiner) = LocalCell::here(self, Kind::Task, context, future);
        cell.cancel();
        cell.run(None, &self.running);
        joiner
    }

    /// Takes over a task that came through the inbox.
    fn adopt(&self, task: Shared<dyn Runnable>) {
        task.wake_target().arrived();
        if self.phase.get() != Phase::Open {
            task.cancel();
        }
        self.start(task);
    }

    /// Those that have not ended, but for one in its first poll, which has no place yet.
    fn waiting(&self, kind: Kind) -> Vec<Shared<dyn Runnable>> {
        let mut tasks = self.table.all();
        let queue = self.queue.borrow();
        tasks.extend(queue.iter().filter_map(|ready| match ready {
            Ready::New(task) => Some(task.clone()),
            Ready::Woken(_) => None,
        }));
        tasks.retain(|task| task.wake_target().kind() == kind);
        tasks
    }

    /// Those that live on this loop, clean-ups not counted.
    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        let mut tasks: Vec<_> = self.runtime.main_task().into_iter().collect();
        let waiting = self.waiting(Kind::Task);
        tasks.extend(waiting.iter().map(|task| task.info().clone()));
        // The one that asks, if it has no place yet.
        let running = enclosing_task();
        let is_task = |task: &TaskInfo| {
            self.running.get() == Kind::Task && tasks.iter().all(|other| other.id() != task.id())
        };
        tasks.extend(running.filter(is_task));
        tasks
    }

    // ---- the queue -------------------------------------------------------------------------------------------------

    #[inline]
    pub(crate) fn enqueue(&self, ready: Ready) {
        self.queue.borrow_mut().push_back(ready);
        if !self.turning.get() {
            self.wake_driver();
        }
    }

    #[cold]
    fn wake_driver(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    // ---- closing ---------------------------------------------------------------------------------------------------

    pub(crate) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// Asks all tasks of `kind` to end.
    pub(crate) fn cancel_all(&self, kind: Kind) {
        for task in self.waiting(kind) {
            task.cancel();
        }
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.counts[kind as usize].get()
    }

    /// `watcher` is woken at the next end of a task, or when another thread says "look".
    pub(crate) fn watch(&self, watcher: &Waker) {
        self.watcher.replace(Some(watcher.clone()));
    }

    pub(crate) fn wake_watcher(&self) {
        if let Some(watcher) = self.watcher.take() {
            watcher.wake();
        }
    }

    /// Refuses messages from now on, and drops the tasks that came too late.
    pub(crate) fn close_inbox(&self) {
        self.id.forget();
        // These are dropped as all others are.
        let _tokio = self.runtime.tokio().enter();
        for message in self.inbox.close() {
            if let Message::Adopt(task) = message {
                task.cancel();
                task.run(None, &self.running);
            }
        }
    }
}

impl CleanUpSink for Local {
    fn accept(&self, clean_up: CleanUp) -> Result<(), CleanUp> {
        if self.phase.get() == Phase::Closed {
            return Err(clean_up);
        }
        crate::shutdown::spawn_clean_up(self, clean_up);
        Ok(())
    }
}
