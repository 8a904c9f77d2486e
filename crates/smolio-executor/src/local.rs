//! The loop of one thread: a queue of those that are ready, a table of those that live.
//!
//! The loop is one future, driven by `async_io::block_on`, so that the reactor is polled on this thread whenever nothing is
//! ready. A turn of it is a few rounds; a round reads the inbox, fires timers, and polls at most [`ROUND`] tasks. After a turn
//! the reactor looks for events.

mod guards;

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_task::waker;
use smolio_context::{
    CleanUp, CleanUpSink, Instant, ReadyOrder, TaskContext, TaskInfo, Unhandled, enclosing_task,
    hide_deadlines, install_sink, report_unhandled, watch_shields,
};
use smolio_timer::driver::Driver;

use self::guards::{Entered, MainWake, Turning};
use crate::{
    alarm::Alarm,
    cell::{Completion as _, Joiner, LocalCell, Runnable, Thread},
    idle::{IdleAction, IdlePolicy, IdleState},
    inbox::Inbox,
    loops::LoopId,
    pool,
    runtime::Runtime,
    table::Table,
    wake::{Key, Kind, Message, Ready},
};

/// How many tasks are polled before timers and the inbox get their turn: tokio's number, a prime, so that it does not fall
/// into step with patterns in the program.
const ROUND: u32 = 61;

/// A turn goes on for another round if it has taken less than this.
///
/// A look at the reactor costs five system calls, about a microsecond. Where a poll takes some tens of nanoseconds, that is as
/// much as a whole round; what an event that is waiting cares for is time, not a number of polls. It is less than the 50 µs
/// after which the helper thread of async-io takes the reactor for abandoned and drives it itself.
const SHORTEST_TURN: Duration = Duration::from_micros(40);

/// How many rounds a turn has at most: the time of a virtual clock stands still.
const ROUNDS: u32 = 32;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Local>>> = const { RefCell::new(None) };
}

pub(crate) struct Local {
    id: LoopId,
    runtime: Arc<Runtime>,
    inbox: Arc<Inbox<Message>>,
    home: Thread,
    queue: RefCell<VecDeque<Ready>>,
    table: Table,
    /// How many of each kind have not ended.
    counts: [Cell<usize>; 3],
    messages: RefCell<Vec<Message>>,
    timers: Driver,
    alarm: Alarm,
    policy: Option<Rc<dyn IdlePolicy>>,
    /// Nothing has run since the policy was last asked.
    still_idle: Cell<bool>,
    /// A turn is going on: what becomes ready is seen without waking the driver.
    turning: Cell<bool>,
    driver: RefCell<Option<Waker>>,
    /// What is being polled.
    running: Cell<Kind>,
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

/// How a round ended.
enum Round<T> {
    /// Main is ready.
    Main(T),
    /// Nobody is ready.
    Idle,
    /// There may be more.
    More,
}

impl Local {
    pub(crate) fn new(
        id: LoopId,
        inbox: Arc<Inbox<Message>>,
        runtime: Arc<Runtime>,
        policy: Option<Rc<dyn IdlePolicy>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            id,
            runtime,
            inbox,
            home: Thread::current(),
            queue: RefCell::default(),
            table: Table::default(),
            counts: Default::default(),
            messages: RefCell::default(),
            timers: Driver::new(),
            alarm: Alarm::default(),
            policy,
            still_idle: Cell::new(false),
            turning: Cell::new(false),
            driver: RefCell::default(),
            running: Cell::new(Kind::Task),
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
    pub(crate) fn id(&self) -> LoopId {
        self.id
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
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

    #[inline]
    pub(crate) fn spawn<F: Future + 'static>(
        &self,
        kind: Kind,
        context: TaskContext,
        future: F,
    ) -> Joiner<F::Output> {
        let (cell, joiner) = LocalCell::here(self.id, kind, context, future);
        self.start(cell);
        joiner
    }

    /// Puts a task that was never polled onto the queue.
    fn start(&self, task: Arc<dyn Runnable>) {
        let count = &self.counts[task.wake_target().kind() as usize];
        count.set(count.get() + 1);
        self.enqueue(Ready::New(task));
    }

    /// A task that is refused: its future is dropped unpolled, in its own context, and its handle says so.
    pub(crate) fn refuse<F: Future + 'static>(
        &self,
        context: TaskContext,
        future: F,
    ) -> Joiner<F::Output> {
        let (cell, joiner) = LocalCell::here(self.id, Kind::Task, context, future);
        cell.cancel();
        cell.run();
        joiner
    }

    /// Takes over a task that came through the inbox.
    fn adopt(&self, task: Arc<dyn Runnable>) {
        task.wake_target().arrived();
        if self.phase.get() != Phase::Open {
            task.cancel();
        }
        self.start(task);
    }

    /// Those that have not ended and are not being polled.
    fn waiting(&self, kind: Kind) -> Vec<Arc<dyn Runnable>> {
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
        // The one that asks is not in its place while it is polled.
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

    #[inline]
    fn next_ready(&self) -> Option<Ready> {
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

    fn read_inbox(&self, main: &MainWake) {
        let mut messages = self.messages.take();
        self.inbox.drain(&mut messages);
        for message in messages.drain(..) {
            match message {
                Message::Wake(Key::MAIN) => main.target().received(self),
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
        let main_wake = Arc::new(MainWake::new(self));
        let main_waker = waker(main_wake.clone());
        self.enqueue(Ready::Woken(Key::MAIN));
        // Declared last, so that it is dropped first, while all of the above still holds.
        let mut main = pin!(main);
        let turn = |cx: &mut Context<'_>| {
            self.turn(cx, &main_wake, || {
                main.as_mut().poll(&mut Context::from_waker(&main_waker))
            })
        };
        // Where somebody blocks on a loop in the middle of a poll, his timeouts do not hold in here, and a shield in here is not
        // one of his.
        let _deadlines = hide_deadlines();
        watch_shields(|| async_io::block_on(poll_fn(turn))).0
    }

    fn turn<T>(
        &self,
        cx: &mut Context<'_>,
        main: &MainWake,
        mut poll_main: impl FnMut() -> Poll<T>,
    ) -> Poll<T> {
        self.follow(cx.waker());
        let _turning = Turning::new(&self.turning);
        let begin = Instant::now();
        let mut now = begin;
        for _ in 0..ROUNDS {
            self.read_inbox(main);
            self.fire_timers(now);
            match self.round(main, &mut poll_main) {
                Round::Main(value) => return Poll::Ready(value),
                Round::Idle => {
                    self.idle(cx);
                    return Poll::Pending;
                }
                Round::More => now = Instant::now(),
            }
            if now.duration_since(begin) >= SHORTEST_TURN {
                break;
            }
        }
        // There may be more: the reactor gets a turn, and then we go on.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn round<T>(&self, main: &MainWake, poll_main: &mut impl FnMut() -> Poll<T>) -> Round<T> {
        let mut shared_polls = 0;
        for _ in 0..ROUND {
            let Some(ready) = self.next_ready() else {
                return Round::Idle;
            };
            self.still_idle.set(false);
            match ready {
                Ready::New(task) => self.run_first(task),
                Ready::Woken(Key::MAIN) => {
                    main.target().dequeued();
                    if let Poll::Ready(value) = poll_main() {
                        return Round::Main(value);
                    }
                    // With workers that was a share of their common work as well, of up to 200 polls.
                    shared_polls += pool::take_polls();
                    if shared_polls >= ROUND {
                        break;
                    }
                }
                Ready::Woken(key) => self.run_again(key),
            }
        }
        Round::More
    }

    fn fire_timers(&self, now: Instant) {
        let fire = || {
            if self.runtime.pool().is_none() {
                // Timeouts that are made in this round count from here, and need not read the clock each.
                self.timers.fire_and_begin_turn(now);
            } else if !self.timers.is_empty() {
                // A task that moves to another worker takes its timeouts along, out of the turn.
                self.timers.fire(now);
            }
        };
        // Wakers are foreign code, where somebody polls a timer by hand. One that panics must not take the loop with it.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(fire)) {
            report_unhandled(Unhandled::panic(None, &*payload));
            std::mem::forget(payload);
        }
    }

    /// Makes sure that whoever drives the loop now is the one that is woken.
    fn follow(&self, waker: &Waker) {
        let known = matches!(&*self.driver.borrow(), Some(driver) if driver.will_wake(waker));
        if !known {
            self.driver.replace(Some(waker.clone()));
            self.inbox.set_driver(Some(waker.clone()));
        }
    }

    fn run_first(&self, task: Arc<dyn Runnable>) {
        let kind = task.wake_target().kind();
        let Some(task) = self.run(task, kind) else {
            return;
        };
        let key = self.table.insert(task);
        let mut woken = false;
        self.table
            .with(key, |task| woken = task.wake_target().settle(key));
        if woken {
            self.enqueue(Ready::Woken(key));
        }
    }

    fn run_again(&self, key: Key) {
        let Some(task) = self.table.take(key) else {
            return;
        };
        let kind = task.wake_target().kind();
        match self.run(task, kind) {
            Some(task) => self.table.put_back(key, task),
            None => self.table.remove(key),
        }
    }

    /// One poll. Gives the task back if it is pending.
    fn run(&self, task: Arc<dyn Runnable>, kind: Kind) -> Option<Arc<dyn Runnable>> {
        task.wake_target().dequeued();
        self.running.set(kind);
        let rest = task.run();
        self.running.set(Kind::Task);
        if rest.is_none() {
            let count = &self.counts[kind as usize];
            count.set(count.get() - 1);
            self.wake_watcher();
        }
        rest
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
