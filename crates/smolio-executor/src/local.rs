//! The loop of one thread: a queue of those that are ready, a table of those that live.
//!
//! The loop is one future, driven by `async_io::block_on`, so that the reactor is polled on this thread whenever nothing is
//! ready. A turn of it fires timers, reads the inbox, and polls at most [`TURN`] tasks.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_task::{ArcWake, waker};
use smolio_context::{
    CleanUp, CleanUpSink, Instant, ReadyOrder, TaskContext, TaskInfo, install_sink,
};
use smolio_timer::driver::Driver;

use crate::{
    alarm::Alarm,
    cell::{Completion as _, Joiner, LocalCell, Runnable, Thread},
    idle::{IdleAction, IdlePolicy, IdleState},
    inbox::Inbox,
    runtime::Runtime,
    table::{Kind, Table},
    wake::{Key, Message, WakeTarget},
};

/// How many tasks are polled before I/O and timers get their turn: tokio's number, a prime, so that it does not fall into
/// step with patterns in the program.
const TURN: u32 = 61;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

pub(crate) struct Local {
    runtime: Arc<Runtime>,
    inbox: Arc<Inbox<Message>>,
    home: Thread,
    queue: RefCell<VecDeque<Key>>,
    table: Table,
    messages: RefCell<Vec<Message>>,
    timers: Driver,
    alarm: Alarm,
    policy: Option<Rc<dyn IdlePolicy>>,
    /// Nothing has run since the policy was last asked.
    still_idle: Cell<bool>,
    /// A turn is going on: what becomes ready is seen without waking the driver.
    turning: Cell<bool>,
    driver: RefCell<Option<Waker>>,
    /// Who is being polled, and as what.
    running: RefCell<Option<TaskInfo>>,
    running_kind: Cell<Kind>,
    main: RefCell<Option<TaskInfo>>,
    phase: Cell<Phase>,
    /// Woken at each end of a task, for those who close the loop.
    watcher: RefCell<Option<Waker>>,
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
        runtime: Arc<Runtime>,
        inbox: Arc<Inbox<Message>>,
        policy: Option<Rc<dyn IdlePolicy>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            runtime,
            inbox,
            home: Thread::current(),
            queue: RefCell::default(),
            table: Table::default(),
            messages: RefCell::default(),
            timers: Driver::new(),
            alarm: Alarm::default(),
            policy,
            still_idle: Cell::new(false),
            turning: Cell::new(false),
            driver: RefCell::default(),
            running: RefCell::default(),
            running_kind: Cell::new(Kind::Task),
            main: RefCell::default(),
            phase: Cell::new(Phase::Open),
            watcher: RefCell::default(),
        })
    }

    /// The loop that is being driven on this thread.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok()?
    }

    /// Lends the loop that is being driven on this thread to `f`, which must not drive another.
    #[inline]
    pub(crate) fn with_current<R>(f: impl FnOnce(&Self) -> R) -> Option<R> {
        CURRENT
            .try_with(|current| current.borrow().as_deref().map(f))
            .ok()?
    }

    #[inline]
    pub(crate) fn is_home_of(&self, inbox: &Arc<Inbox<Message>>) -> bool {
        Arc::ptr_eq(&self.inbox, inbox)
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    // ---- tasks -----------------------------------------------------------------------------------------------------

    /// Whether a task may be spawned by whoever is running, and as what.
    pub(crate) fn admits(&self) -> Option<Kind> {
        match (self.phase.get(), self.running_kind.get()) {
            (Phase::Open, _) => Some(Kind::Task),
            (Phase::Closing, Kind::CleanUp) => Some(Kind::CleanUp),
            _ => None,
        }
    }

    pub(crate) fn spawn<F: Future + 'static>(
        &self,
        kind: Kind,
        context: TaskContext,
        future: F,
    ) -> Joiner<F::Output> {
        let mut joiner = None;
        self.table.insert(kind, |key| {
            let target = WakeTarget::new(self.inbox.clone(), key(context.info()));
            let (cell, handle) = LocalCell::here(target, context, future);
            cell.wake_target().enqueue(self);
            joiner = Some(handle);
            cell
        });
        joiner.expect("the cell was made just now")
    }

    /// A task that is refused: its future is dropped unpolled, in its own context, and its handle says so.
    pub(crate) fn refuse<F: Future + 'static>(
        &self,
        context: TaskContext,
        future: F,
    ) -> Joiner<F::Output> {
        let target = WakeTarget::travelling(self.inbox.clone());
        let (cell, joiner) = LocalCell::here(target, context, future);
        cell.cancel();
        cell.run();
        joiner
    }

    /// Takes over a task that came through the inbox.
    fn adopt(&self, task: Arc<dyn Runnable>) {
        self.table.insert(Kind::Task, |key| {
            task.wake_target().settle(key(task.info()));
            task.wake_target().received(self);
            if self.phase.get() != Phase::Open {
                task.cancel();
            }
            task
        });
    }

    /// Those that live on this loop, clean-ups not counted.
    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        let mut tasks: Vec<_> = self.main.borrow().iter().cloned().collect();
        let waiting = self.table.of_kind(Kind::Task);
        tasks.extend(waiting.iter().map(|task| task.info().clone()));
        if self.running_kind.get() == Kind::Task {
            tasks.extend(self.running.borrow().iter().cloned());
        }
        tasks
    }

    // ---- the queue -------------------------------------------------------------------------------------------------

    pub(crate) fn enqueue(&self, key: Key) {
        self.queue.borrow_mut().push_back(key);
        if !self.turning.get() {
            self.wake_driver();
        }
    }

    fn wake_driver(&self) {
        if let Some(driver) = &*self.driver.borrow() {
            driver.wake_by_ref();
        }
    }

    fn next_ready(&self) -> Option<Key> {
        let mut queue = self.queue.borrow_mut();
        if queue.is_empty() {
            return None;
        }
        match ReadyOrder::pick(queue.len()) {
            0 => queue.pop_front(),
            // The seeded orders of tests only; keeps the others in order, so that one seed is one schedule.
            index => queue.remove(index),
        }
    }

    fn read_inbox(&self, main: &WakeTarget) {
        let mut messages = self.messages.take();
        self.inbox.drain(&mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Wake(Key::MAIN) => main.received(self),
                Message::Wake(key) => {
                    self.table
                        .with(key, |task| task.wake_target().received(self));
                }
                Message::Adopt(task) => self.adopt(task),
                Message::Look => self.wake_watcher(),
            }
        }
        self.messages.replace(messages);
    }

    // ---- turns -----------------------------------------------------------------------------------------------------

    /// Drives the loop until `main` is ready.
    ///
    /// # Panics
    /// If `main` does, or if the idle policy gives up.
    pub(crate) fn drive<T>(
        self: &Rc<Self>,
        main_task: Option<TaskInfo>,
        main: impl Future<Output = T>,
    ) -> T {
        let _current = Entered::new(self, main_task);
        let _timers = self.timers.enter();
        let _sink = install_sink(self.clone());
        let target = Arc::new(MainWake(WakeTarget::new(self.inbox.clone(), Key::MAIN)));
        let main_waker = waker(target.clone());
        target.0.enqueue(self);
        // Declared last, so that it is dropped first, while all of the above still holds.
        let mut main = pin!(main);
        let turn = |cx: &mut Context<'_>| {
            self.turn(cx, &target.0, || {
                main.as_mut().poll(&mut Context::from_waker(&main_waker))
            })
        };
        async_io::block_on(poll_fn(turn))
    }

    fn turn<T>(
        &self,
        cx: &mut Context<'_>,
        main: &WakeTarget,
        mut poll_main: impl FnMut() -> Poll<T>,
    ) -> Poll<T> {
        self.follow(cx.waker());
        let _turning = Turning::new(&self.turning);
        self.read_inbox(main);
        if !self.timers.is_empty() {
            self.timers.fire(Instant::now());
        }
        for _ in 0..TURN {
            let Some(key) = self.next_ready() else {
                self.idle(cx);
                return Poll::Pending;
            };
            self.still_idle.set(false);
            if key == Key::MAIN {
                main.dequeued();
                if let Poll::Ready(value) = poll_main() {
                    return Poll::Ready(value);
                }
            } else {
                self.run(key);
            }
        }
        // There may be more: the reactor gets a turn, and then we go on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Makes sure that whoever drives the loop now is the one that is woken.
    fn follow(&self, waker: &Waker) {
        let known = matches!(&*self.driver.borrow(), Some(driver) if driver.will_wake(waker));
        if !known {
            self.driver.replace(Some(waker.clone()));
            self.inbox.set_driver(Some(waker.clone()));
        }
    }

    fn run(&self, key: Key) {
        let Some((task, kind)) = self.table.take(key) else {
            return;
        };
        task.wake_target().dequeued();
        self.running.replace(Some(task.info().clone()));
        self.running_kind.set(kind);
        let rest = task.run();
        self.running.replace(None);
        self.running_kind.set(Kind::Task);
        match rest {
            Some(task) => self.table.put_back(key, task),
            None => {
                self.table.remove(key, kind);
                self.wake_watcher();
            }
        }
    }

    /// Nothing is ready: arms the alarm, or asks the policy what to do.
    fn idle(&self, cx: &mut Context<'_>) {
        let Some(policy) = &self.policy else {
            self.alarm.set(cx, self.timers.next_deadline());
            return;
        };
        let state = IdleState {
            next_timer: self.timers.next_deadline(),
            threads_in_flight: self.runtime.threads_in_flight(),
            still_idle: self.still_idle.replace(true),
        };
        match policy.on_idle(&state) {
            IdleAction::Park => self.alarm.set(cx, state.next_timer),
            IdleAction::ParkFor(duration) => self.alarm.set_after(cx, duration),
            IdleAction::Turn | IdleAction::Continue => cx.waker().wake_by_ref(),
            IdleAction::Fail(report) => panic!("{report}"),
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
        for task in self.table.of_kind(kind) {
            task.cancel();
        }
    }

    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.table.count(kind)
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
        for message in self.inbox.close() {
            if let Message::Adopt(task) = message {
                task.cancel();
                task.run();
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

/// The waker of the main future.
struct MainWake(WakeTarget);

impl ArcWake for MainWake {
    fn wake_by_ref(target: &Arc<Self>) {
        target.0.wake();
    }
}

/// Makes a loop the current one of its thread until it is dropped.
struct Entered<'a> {
    local: &'a Local,
    outer: Option<Rc<Local>>,
    outer_main: Option<TaskInfo>,
}

impl<'a> Entered<'a> {
    fn new(local: &'a Rc<Local>, main: Option<TaskInfo>) -> Self {
        assert!(
            local.home == Thread::current(),
            "a loop is driven on a thread that is not its own"
        );
        Self {
            local,
            outer: CURRENT.replace(Some(local.clone())),
            outer_main: local.main.replace(main),
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        CURRENT.replace(self.outer.take());
        self.local.main.replace(self.outer_main.take());
        // Between two drives nobody is there to be woken.
        self.local.driver.replace(None);
        self.local.inbox.set_driver(None);
    }
}

/// Says that a turn is going on until it is dropped, also by a panic of the main future.
struct Turning<'a>(&'a Cell<bool>);

impl<'a> Turning<'a> {
    fn new(flag: &'a Cell<bool>) -> Self {
        flag.set(true);
        Self(flag)
    }
}

impl Drop for Turning<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
