//! The workers: threads that share the `Send` tasks and steal them from each other, each from a queue of its own; see
//! [`queues`](crate::queues).
//!
//! The main loop's thread is one of them. Each of the others has a loop of its own beside its share of the pool, for its timers,
//! for `spawn_local` and for clean-ups.
//!
//! Spawn and wake touch nothing that all workers touch, as far as that can be: a task knows its runtime by number, as a waker its
//! loop, and on the runtime's own threads the loop that is being driven leads there.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    io, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
    thread::{self, JoinHandle},
};

use async_task::{Builder, ScheduleInfo, WithInfo};
use smolio_context::{Instant, TaskContext, TaskInfo};

use crate::{
    cell::{Joiner, pooled},
    inbox::Inbox,
    local::{Local, Phase, Share},
    loops::LoopId,
    queues::{Queues, Ready},
    registry::{Place, Registry},
    runtime::Runtime,
    shutdown,
    wake::Kind,
};

pub(crate) struct Pool {
    /// The main loop.
    home: LoopId,
    queues: Queues,
    registry: Registry,
    stop: Stop,
    threads: Mutex<Vec<JoinHandle<()>>>,
    alive: AtomicUsize,
}

impl Pool {
    /// For so many threads beside the one that makes it, which has the loop `home`.
    pub(crate) fn new(home: LoopId, helpers: usize) -> Self {
        Self {
            home,
            queues: Queues::new(helpers + 1),
            registry: Registry::new(helpers + 1),
            stop: Stop::default(),
            threads: Mutex::default(),
            alive: AtomicUsize::new(0),
        }
    }

    /// Starts the threads.
    pub(crate) fn start(runtime: &Arc<Runtime>) -> io::Result<()> {
        let Some(pool) = runtime.pool() else {
            return Ok(());
        };
        runtime.main().register_runtime(runtime);
        for number in 1..pool.queues.len() {
            let shared = runtime.clone();
            let thread = thread::Builder::new()
                .name(format!("smolio-worker-{number}"))
                .spawn(move || work(&shared, number))?;
            pool.alive.fetch_add(1, Ordering::AcqRel);
            lock(&pool.threads).push(thread);
        }
        Ok(())
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Gives the future to the workers.
    ///
    /// # Errors
    /// The context and the future, once the loop closes.
    pub(crate) fn spawn<F>(
        &self,
        runtime: &Arc<Runtime>,
        context: TaskContext,
        future: F,
    ) -> Result<Joiner<F::Output>, (TaskContext, F)>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let home = runtime.main();
        let here = with_local_of(home, Local::worker).flatten();
        // Before the others can see the task, and before the lock is taken.
        context.spawned();
        let mut parts = Some((context, future));
        let entered = self.registry.enter(here, |place| {
            let (context, future) = parts.take().expect("called once");
            let on_end = move || with_runtime(home, |runtime| ended(runtime, place));
            let (joiner, completion, running) = pooled(context, future, on_end);
            (completion, (joiner, running))
        });
        match (entered, parts) {
            (Some((joiner, running)), _) => {
                let task = Builder::new().metadata(home);
                let (ready, task) = task.spawn(|_| running, WithInfo(schedule));
                task.detach();
                ready.schedule();
                Ok(joiner)
            }
            (None, Some(parts)) => Err(parts),
            (None, None) => unreachable!("the future went into the task"),
        }
    }

    pub(crate) fn tasks(&self) -> Vec<TaskInfo> {
        self.registry.infos()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.registry.is_empty()
    }

    /// Takes no more tasks, and cancels those that there are, those of each worker alone included.
    pub(crate) fn close(&self) {
        for task in self.registry.close() {
            task.cancel();
        }
        self.stop.tell(Order::Cancel);
    }

    /// Lets the threads end: each closes its own loop, until `deadline` at the latest.
    pub(crate) fn stop(&self, deadline: Instant) {
        self.stop.tell(Order::End(deadline));
    }

    /// How many threads have not ended.
    pub(crate) fn alive(&self) -> usize {
        self.alive.load(Ordering::Acquire)
    }

    /// Waits for the threads that have ended, and leaves the others to themselves.
    pub(crate) fn join(&self) {
        for thread in lock(&self.threads).drain(..) {
            if thread.is_finished() || self.alive() == 0 {
                // A worker catches the panics of its tasks, so there is nothing to be told.
                thread.join().ok();
            }
        }
    }
}

/// A task is ready. On any thread.
fn schedule(task: Ready, info: ScheduleInfo) {
    let home = *task.metadata();
    let mut task = Some(task);
    with_local_of(home, |local| {
        if let (Some(pool), Some(_)) = (local.runtime().pool(), local.worker()) {
            let task = task.take().expect("called once");
            local.share_out(pool, task, info.woken_while_running);
        }
    });
    let Some(task) = task else { return };
    let runtime = home.runtime();
    match runtime.as_deref().and_then(Runtime::pool) {
        Some(pool) => pool.queues.push_from_afar(task),
        // Its workers are gone, and its future must not be dropped by a stranger.
        None => mem::forget(task),
    }
}

/// A task has ended, and its future is gone.
fn ended(runtime: &Runtime, place: Place) {
    if let Some(pool) = runtime.pool() {
        pool.registry.leave(place);
    }
    if !runtime.is_open() {
        runtime.nudge();
    }
}

/// Lends the loop of this thread, if it is one of the runtime that has the main loop `home`.
#[inline]
fn with_local_of<R>(home: LoopId, f: impl FnOnce(&Local) -> R) -> Option<R> {
    Local::with_current(|local| (local.runtime().main() == home).then(|| f(local))).flatten()
}

fn with_runtime(home: LoopId, mut f: impl FnMut(&Runtime)) {
    if with_local_of(home, |local| f(local.runtime())).is_none() {
        if let Some(runtime) = home.runtime() {
            f(&runtime);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.home.forget_runtime();
    }
}

thread_local! {
    static POLLS: Cell<u32> = const { Cell::new(0) };
}

/// A task of the workers is being polled on this thread.
#[inline]
pub(crate) fn count_poll() {
    POLLS.set(POLLS.get() + 1);
}

/// How many such polls there were on this thread since the last time.
#[inline]
pub(crate) fn take_polls() -> u32 {
    POLLS.take()
}

/// A worker's life.
fn work(runtime: &Arc<Runtime>, number: usize) {
    let Some(pool) = runtime.pool() else { return };
    let inbox = Arc::new(Inbox::new());
    let id = LoopId::register(inbox.clone());
    let local = Local::new(id, inbox, runtime.clone(), None, Share::of(number));
    let deadline = local.drive(None, async {
        // The waker of a loop's main future is the same throughout.
        poll_fn(|cx| {
            pool.stop.register(cx.waker());
            Poll::Ready(())
        })
        .await;
        poll_fn(|_| {
            match pool.stop.order() {
                Order::Work => {}
                Order::Cancel if local.phase() == Phase::Open => shutdown::begin(&local),
                Order::Cancel => {}
                Order::End(deadline) => return Poll::Ready(deadline),
            }
            Poll::Pending
        })
        .await
    });
    local.stop_sharing();
    shutdown::close_worker(&local, deadline);
    debug_assert_eq!(local.count(Kind::Task), 0);
    pool.alive.fetch_sub(1, Ordering::AcqRel);
    runtime.nudge();
}

/// Tells the workers to stop.
#[derive(Default)]
struct Stop {
    state: Mutex<StopState>,
}

#[derive(Default)]
struct StopState {
    order: Order,
    workers: Vec<Waker>,
}

#[derive(Clone, Copy, Default)]
enum Order {
    #[default]
    Work,
    /// The tasks that are a worker's own are to be cancelled; the others have been.
    Cancel,
    /// The worker is to close its loop, until then at the latest.
    End(Instant),
}

impl Stop {
    fn tell(&self, order: Order) {
        let workers = {
            let mut state = lock(&self.state);
            state.order = order;
            state.workers.clone()
        };
        for worker in workers {
            worker.wake();
        }
    }

    fn order(&self) -> Order {
        lock(&self.state).order
    }

    /// Wakes `worker` at each order.
    fn register(&self, worker: &Waker) {
        let mut state = lock(&self.state);
        state.workers.push(worker.clone());
        if !matches!(state.order, Order::Work) {
            worker.wake_by_ref();
        }
    }
}

/// No user code runs under our locks, so a poisoned one is still in order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
