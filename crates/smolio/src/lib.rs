//! asyncio's way of working, for Rust, on the smol ecosystem: one loop, tasks, task groups whose children borrow, queues,
//! timeouts, clean-ups, and tests that own their time.
//!
//! ```
//! use smolio::{Elapsed, sleep, spawn, timeout};
//! use std::time::Duration;
//!
//! #[smolio::main]
//! async fn main() -> Result<(), Elapsed> {
//!     let greeting = spawn(async {
//!         sleep(Duration::from_millis(10)).await;
//!         "hello"
//!     });
//!     println!("{}", timeout(Duration::from_secs(1), greeting).await?);
//!     Ok(())
//! }
//! ```
//!
//! This crate holds nothing of its own: it puts the crates of smolio under one name. Each of them can be taken alone.
//!
//! # Running
//! [`run`] runs a future on a loop and closes the loop; [`macro@main`] does that for `main`, and takes care of Ctrl-C as
//! well. A [`Runner`] runs several futures, one after the other, and a [`Handle`] reaches its loop from other threads.
//!
//! ```
//! assert_eq!(smolio::run(async { 1 + 1 }), 2);
//! ```
//!
//! A program that is not async keeps a loop in the background, and calls into it through a [`Portal`].
//!
//! ```
//! let portal = smolio::Portal::start()?;
//! assert_eq!(portal.call(async { 1 + 1 })?, 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Tasks
//! [`spawn`] starts a [`Task`] beside the one that runs. Awaiting it gives its value. **Dropping the handle cancels the task**;
//! [`detach`](Task::detach) lets it go. A panic goes on in whoever awaits the task; [`join`](Task::join) makes it an error.
//!
//! ```
//! # smolio::run(async {
//! use smolio::{spawn, yield_now};
//! let ticker = spawn(async { loop { yield_now().await } });
//! let answer = spawn(async { 42 }).await;
//! assert_eq!(answer, 42);
//! drop(ticker); // cancelled: its future is dropped at the loop's next turn
//! # });
//! ```
//!
//! # Task groups
//! A [`TaskGroup`] runs children side by side and ends when all of them have. Children borrow what was declared before the
//! group; the first that fails has the others dropped, and all failures come out of [`run`](TaskGroup::run). The children
//! of a [`Supervisor`] fail on their own. A [`CancelScope`] ends a stretch of work inside of a task. See [`task_group`].
//!
//! ```
//! # smolio::run(async {
//! use smolio::{TaskGroup, sleep, task_group::TaskGroupError};
//! use std::time::Duration;
//!
//! async fn fetch(url: &str) -> std::io::Result<usize> {
//!     sleep(Duration::from_millis(5)).await; // in real life: a request
//!     Ok(url.len())
//! }
//!
//! let urls = ["/a".to_string(), "/bc".to_string()];
//! let group = TaskGroup::<std::io::Error>::new();
//! let (a, b) = group
//!     .run(async {
//!         let a = group.spawn(fetch(&urls[0]));
//!         let b = group.spawn(fetch(&urls[1]));
//!         Ok((a.await, b.await))
//!     })
//!     .await?;
//! assert_eq!(a + b, 5);
//! # Ok::<(), TaskGroupError<std::io::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Several at the same time
//! [`gather`] runs several futures within one task and gives all results; [`try_gather`] stops at the first error, [`race`] at
//! the first that is ready. [`as_completed`] gives each result as soon as it is there, [`wait`] all that there are.
//!
//! ```
//! # smolio::run(async {
//! use smolio::{Or2, gather, race, sleep};
//! use std::time::Duration;
//!
//! async fn fetch(url: &str) -> usize {
//!     sleep(Duration::from_millis(5)).await; // in real life: a request
//!     url.len()
//! }
//! let (a, b) = gather((fetch("/a"), fetch("/bc"))).await;
//! assert_eq!((a, b), (2, 3));
//!
//! let urls = ["/a", "/bc", "/def"];
//! let lengths = gather(urls.map(fetch)).limit(2).await; // two at a time
//! assert_eq!(lengths, [2, 3, 4]);
//!
//! match race((fetch("/a"), sleep(Duration::from_secs(3600)))).await {
//!     Or2::A(length) => assert_eq!(length, 2),
//!     Or2::B(()) => println!("it takes too long"),
//! }
//! # });
//! ```
//!
//! # Time
//! [`sleep`], [`timeout`], [`interval`]: see [`time`]. A timeout drops what takes too long; timeouts nest, and the outermost
//! that has passed is the one that reports. [`time::retry`] tries again after a pause, [`time::RateLimiter`] is for those who
//! must not ask too often.
//!
//! ```
//! # smolio::run(async {
//! use smolio::{sleep, timeout};
//! use std::time::Duration;
//! let slow = sleep(Duration::from_secs(3600));
//! let error = timeout(Duration::from_millis(5), slow).await.unwrap_err();
//! assert_eq!(error.to_string(), "timed out after 5 ms");
//! # });
//! ```
//!
//! # Clean-ups
//! A drop cannot wait. [`finally`] runs a clean-up with `.await` in it whichever way its body ends, by a drop half-way too;
//! [`with_cleanup`] does the same for a resource that the body uses. [`shield`] lets an operation go on when its awaiter
//! is dropped. The loop does not close before clean-ups have ended, within a grace period of 5 s.
//!
//! ```
//! # smolio::run(async {
//! use smolio::{finally, sleep, timeout};
//! use std::{sync::{Arc, atomic::{AtomicBool, Ordering}}, time::Duration};
//! let closed = Arc::new(AtomicBool::new(false));
//! let close = { let closed = closed.clone(); async move { closed.store(true, Ordering::Relaxed) } };
//! let work = finally(sleep(Duration::from_secs(3600)), close);
//! assert!(timeout(Duration::from_millis(1), work).await.is_err());
//! smolio::yield_now().await; // the loop sees the clean-up through
//! assert!(closed.load(Ordering::Relaxed));
//! # });
//! ```
//!
//! # Queues
//! A [`Queue`] passes items between tasks; [`LifoQueue`] and [`PriorityQueue`] give them in another order. Consumers end by
//! themselves when the last [`producer`](Queue::producer) is gone. See [`queue`] for what comes with them.
//!
//! ```
//! # smolio::run(async {
//! use smolio::{Queue, spawn};
//! let queue = Queue::bounded(100);
//! let producer = queue.producer();
//! let task = spawn(async move { producer.put_all(1..=3).await });
//! let mut sum = 0;
//! while let Some(number) = queue.next().await {
//!     sum += number;
//! }
//! assert_eq!(sum, 6);
//! # task.await.unwrap();
//! # });
//! ```
//!
//! # Locks and their relatives
//! A [`Lock`] holds what it protects. An [`Event`] is a flag to wait for, a [`Semaphore`] lets so many at a time do
//! something, and so on: [`sync`] has a table. Whoever came first has it first, and nothing is lost when one who waits
//! is dropped.
//!
//! ```
//! # smolio::run(async {
//! use smolio::{Lock, TaskGroup};
//! let accounts = Lock::new([100, 0]);
//! let group = TaskGroup::infallible();
//! group.run_value(async {
//!     for _ in 0..3 {
//!         group.spawn(async {
//!             let mut accounts = accounts.lock().await;
//!             accounts[0] -= 10;
//!             smolio::yield_now().await; // in real life: a request, while nobody else sees the half of it
//!             accounts[1] += 10;
//!         });
//!     }
//! }).await.unwrap();
//! assert_eq!(*accounts.lock().await, [70, 30]);
//! # });
//! ```
//!
//! # Blocking calls
//! [`to_thread`] calls a closure on another thread, so that the loop goes on.
//!
//! ```
//! # smolio::run(async {
//! let entries = smolio::to_thread(|| std::fs::read_dir(".").map(Iterator::count)).await;
//! assert!(entries.is_ok());
//! # });
//! ```
//!
//! # What belongs to a task
//! A [`ContextVar`] is a value that follows a task and is copied to those that it spawns. [`current_task`] tells who is
//! running, [`all_tasks`] who lives. [`Instant`] is a point on the clock that tests own.
//!
//! ```
//! static REQUEST: smolio::ContextVar<u32> = smolio::ContextVar::new(|| 0);
//! # smolio::run(async {
//! REQUEST.set(7).unwrap();
//! let child = smolio::spawn(async { REQUEST.get() });
//! assert_eq!(child.await, 7);
//! # });
//! ```
//!
//! # Tests
//! [`macro@test`] runs a test in virtual time: an hour of sleep takes none, exactly, and a deadlock fails with a report of who
//! waits for what. See [`mod@test`] for sockets in tests, and for seeds that shuffle the schedule.
//!
//! ```
//! #[smolio::test]
//! async fn an_hour_takes_no_time() {
//!     let start = smolio::Instant::now();
//!     smolio::sleep(std::time::Duration::from_secs(3600)).await;
//!     assert_eq!(start.elapsed().as_secs(), 3600);
//! }
//! # fn main() {}
//! ```
//!
//! # What nobody sees
//! A panic in a detached task, a shield's late failure, a clean-up that was given up: none of it vanishes. It goes to the
//! [unhandled hook](unhandled), which by default says it through `log`, or on standard error.
//!
//! # What it is doing
//! [`format_call_graph`] tells who waits for what, since when, and who holds it; tasks that wait for each other come first. In
//! debug mode, `SMOLIO_DEBUG=1`, a signal asks for it, and what is hardly ever meant is reported: see [`debug`].
//!
//! # When it does not work
//! What the compiler says about groups, and what to write instead: [`compile_errors`]. What a running program says, and what it
//! means: [`run_time_errors`].
//!
//! # Features
//! | feature | what it gives |
//! |---|---|
//! | `macros` (default) | [`macro@main`] and [`macro@test`], and [`mod@test`] with them |
//! | `process` | the module `process`: other programs, which are started, waited for, and killed |
//! | `fs` | the module `fs`: files and directories |
//! | `signal` | the module `signal`: signals beside those that end a program |
//! | `net` | the module `net`: connections by name, servers, a reader of messages; over TCP and Unix sockets |
//! | `http` | the module `http`: a session that makes requests, and a server for APIs; with `net` |
//! | `surf` | `ClientSession::surf`: the same session for code that is written for surf. It brings crates that nobody looks after any more |
//! | `http2` | HTTP/2 in both, where the peer speaks it |
//! | `websocket` | WebSockets in both |
//! | `tokio-compat` | `#[smolio::main(tokio)]`, `Builder::tokio` and `compat`: crates that call tokio inside work. `docs/ecosystem.md` tells which need it |
//! | `spans` | each task and child of a group is a span of the crate `tracing`, with its name, id and location |

#![forbid(unsafe_code)]

pub use smolio_context::{
    ContextVar, Instant, OutsideTask, TaskId, TaskInfo, current_task, format_call_graph,
    unconstrained,
};
#[cfg(feature = "tokio-compat")]
pub use smolio_executor::compat;
pub use smolio_executor::{
    BuildError, Builder, CallError, Closed, Handle, Interrupted, JoinError, Portal, Runner, Task,
    TaskBuilder, ThreadLimit, all_tasks, ctrl_c, finally, run, shield, shield_value,
    shutdown_signal, spawn, spawn_local, to_thread, to_thread_with, with_cleanup, yield_now,
};
pub use smolio_queue::{LifoQueue, PriorityQueue, Queue};
pub use smolio_sync::{
    Barrier, BoundedSemaphore, CapacityLimiter, Condition, Event, Lock, Semaphore,
};
pub use smolio_task_group::{
    All, CancelScope, CancelToken, FirstCompleted, FirstError, Gathered, LocalTaskGroup, Or2, Or3,
    Or4, Or5, Or6, Or7, Or8, Or9, Or10, Or11, Or12, Or13, Or14, Or15, Or16, Supervisor, TaskGroup,
    WaitSet, as_completed, gather, race, try_gather, wait,
};
pub use smolio_timer::{Elapsed, interval, sleep, timeout};

#[cfg(feature = "macros")]
pub use smolio_macros::{main, test};

/// Time: what [`sleep`], [`timeout`] and [`interval`] are made of, and their relatives.
pub mod time {
    pub use smolio_context::{VirtualClock, current_deadline};
    pub use smolio_timer::{
        Backoff, Interval, MissedTick, MoveOnAfter, RateError, RateLimiter, RateLimiterStats,
        RescheduleError, RetryError, ScopedTimeout, Sleep, Timeout, TimeoutHandle, TimeoutScope,
        TryAcquireRateError, TryTimeout, interval_at, move_on_after, retry, sleep_until,
        timeout_at, try_timeout,
    };
}

/// Task groups: the handles, errors and numbers of [`TaskGroup`], [`LocalTaskGroup`] and [`Supervisor`]. And what [`gather`],
/// [`race`] and their relatives take and give.
pub mod task_group {
    pub use smolio_task_group::{
        AsCompleted, AsCompletedStats, CancelScopeStats, CancelTokenStats, Cancelled, Child,
        ChildError, ChildPanic, EmptyRace, Failure, Gather, Join, LocalSpawner, Outcome, Race,
        ReadySignal, SpawnError, Spawner, StartError, SupervisedError, SupervisorStats,
        TaskGroupError, TaskGroupStats, TryGather, Until, WaitSetStats,
    };
}

/// Queues: the handles, errors, numbers and futures of [`Queue`], [`LifoQueue`] and [`PriorityQueue`].
pub mod queue {
    pub use smolio_queue::{
        CapacityError, Get, GetError, GetJob, GetMany, Job, Join, Next, Producer, Put, PutAll,
        PutAllError, PutError, QueueStats, TaskDoneError, TryGetError, TryPutError,
    };
}

pub mod sync;

pub mod io;

#[cfg(feature = "process")]
pub mod process;

#[cfg(feature = "fs")]
pub mod fs;

#[cfg(feature = "signal")]
pub mod signal;

#[cfg(feature = "net")]
pub mod net;

#[cfg(feature = "http")]
pub mod http;

/// What a running program does: debug mode, who waits for what, and who wants to be told.
///
/// With `SMOLIO_DEBUG=1` or [`Builder::debug`] a program reports what is hardly ever meant: [`Builder::debug`] has the list. On
/// Unix the signal SIGUSR1 then has [`format_call_graph`] written to standard error, also while the loop is stuck.
///
/// ```
/// use smolio::{Runner, TaskBuilder, format_call_graph, sleep};
/// use std::time::Duration;
///
/// Runner::builder().debug(true).run(async {
///     let hour = Duration::from_secs(3600);
///     let task = TaskBuilder::new().name("fetch").spawn(async move { sleep(hour).await });
///     smolio::yield_now().await;
///     let graph = format_call_graph();
///     // fetch, id 2, waiting (spawned at src/main.rs:6:50)
///     //     waits for sleep, 3599.9 s left (for 0.1 s)
///     assert!(graph.contains("waits for sleep, 3"), "{graph}");
///     task.cancel().await;
/// });
/// ```
///
/// An [`Observer`](debug::Observer) is told of each step of each task, for metrics and consoles. With the feature `spans` each
/// task is a span of the crate `tracing`.
pub mod debug {
    pub use smolio_context::{
        CallGraph, ObservationGuard, Observer, ObserverGuard, Resource, ResourceId, TaskState,
        Wait, WaitTarget, Waiter, capture_call_graph, is_debug, observe, print_call_graph,
        register_observer, waiting_on,
    };
}

/// The failures that nobody can see any more, and who is told of them.
pub mod unhandled {
    pub use smolio_context::{
        Unhandled, UnhandledHook, UnhandledKind, report_unhandled, set_unhandled_hook,
    };
}

/// Tests: virtual time, seeded schedules, and the report of who waits for what.
#[cfg(feature = "macros")]
pub mod test {
    pub use smolio_test::{Exploration, Test, TestOutcome, advance, all_blocked, explore, run};
}

/// The futures that the functions of this crate give, for those who must name them.
pub mod futures {
    pub use smolio_context::Unconstrained;
    #[cfg(feature = "tokio-compat")]
    pub use smolio_executor::Compat;
    pub use smolio_executor::{
        Cancel, CtrlC, Finally, Join, Shield, Shielded, ShutdownSignal, YieldNow,
    };
    pub use smolio_task_group::{
        GatherIter, GatherTuple, NextCompleted, RaceIter, RaceTuple, TryGatherIter, TryGatherTuple,
        Wait,
    };
    pub use smolio_timer::AcquireRate;
}

#[doc(inline)]
pub use smolio_task_group::compile_errors;

#[doc = include_str!("../docs/run_time_errors.md")]
pub mod run_time_errors {}

// The code in the README is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
