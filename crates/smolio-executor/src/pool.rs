//! The workers: threads that share the `Send` tasks and steal them from each other, on async-executor; see [`share`].
//!
//! The main loop's thread is one of them. Each of the others has a loop of its own beside its share of the pool, for its timers,
//! for `spawn_local` and for clean-ups.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    io,
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Poll, Waker},
    thread::{self, JoinHandle},
};

use async_executor::Executor;
use smolio_context::{Instant, TaskContext, TaskInfo};

use crate::{
    cell::{Joiner, pooled},
    inbox::Inbox,
    local::{Local, Phase},
    loops::LoopId,
    registry::Registry,
    runtime::Runtime,
    share::share,
    shutdown,
    wake::Kind,
};

pub(crate) struct Pool {
    /// One for each worker, the main loop's first.
    executors: Vec<Executor<'static>>,
    registry: Registry,
    stop: Stop,
    threads: Mutex<Vec<JoinHandle<()>>>,
    alive: AtomicUsize,
}

impl Pool {
    /// For so many threads beside the one that makes it.
    pub(crate) fn new(helpers: usize) -> Self {
        Self {
            executors: (0..=helpers).map(|_| Executor::new()).collect(),
            registry: Registry::default(),
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
        for number in 1..pool.executors.len() {
            let shared = runtime.clone();
            let thread = thread::Builder::new()
                .name(format!("smolio-worker-{number}"))
                .spawn(move || work(&shared, number))?;
            pool.alive.fetch_add(1, Ordering::AcqRel);
            lock(&pool.threads).push(thread);
        }
        Ok(())
    }

    /// The share of a worker: runs tasks for as long as it is polled. The main loop has number 0.
    pub(crate) fn work(&self, number: usize) -> impl Future<Output = ()> {
        share(&self.executors, number)
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
        let task = context.info().id();
        // Before the others can see the task, and before the lock is taken.
        context.spawned();
        let mut parts = Some((context, future));
        let entered = self.registry.enter(task, |place| {
            let (context, future) = parts.take().expect("called once");
            let shared = runtime.clone();
            let on_end = move || {
                if let Some(pool) = shared.pool() {
                    pool.registry.leave(place);
                }
                if !shared.is_open() {
                    shared.nudge();
                }
            };
            let (joiner, completion, running) = pooled(context, future, on_end);
            (completion, (joiner, running))
        });
        match (entered, parts) {
            (Some((joiner, running)), _) => {
                // In turn, whoever spawns: one that spawns a thousand has not the time to run them.
                let index = task.get() as usize % self.executors.len();
                self.executors[index].spawn(running).detach();
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
    let local = Local::new(id, inbox, runtime.clone(), None);
    let deadline = local.drive(None, async {
        let mut share = pin!(pool.work(number));
        // The waker of a loop's main future is the same throughout.
        poll_fn(|cx| {
            pool.stop.register(cx.waker());
            Poll::Ready(())
        })
        .await;
        poll_fn(|cx| {
            match pool.stop.order() {
                Order::Work => {}
                Order::Cancel if local.phase() == Phase::Open => shutdown::begin(&local),
                Order::Cancel => {}
                Order::End(deadline) => return Poll::Ready(deadline),
            }
            let _: Poll<()> = share.as_mut().poll(cx);
            Poll::Pending
        })
        .await
    });
    shutdown::close_worker(&local, deadline);
    debug_assert_eq!(local.count(Kind::Task), 0);
    pool.alive.fetch_sub(1, Ordering::AcqRel);
    runtime.nudge();
}

/// Tells the workers to stop.
#[derive(Default)]
struct Stop {
    /// There is an order: asked at each poll of a worker's share, so without the lock while there is nothing to know.
    ordered: AtomicBool,
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
            self.ordered.store(true, Ordering::Release);
            state.workers.clone()
        };
        for worker in workers {
            worker.wake();
        }
    }

    fn order(&self) -> Order {
        if !self.ordered.load(Ordering::Acquire) {
            return Order::Work;
        }
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
