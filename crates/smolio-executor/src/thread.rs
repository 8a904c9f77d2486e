//! Blocking calls, on threads of their own.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock},
    task::{Context, Poll},
};

use async_lock::Semaphore;
use smolio_context::{TaskContext, VirtualClock, allow_slow_poll, waiting_for_task};

use crate::{
    cell::{Joiner, drop_unread, pooled},
    local::Local,
    settings,
    task::value_of,
    tokio_handle::TokioHandle,
};

/// How many closures may be on threads at the same time. Clones share the limit.
///
/// ```
/// use smolio_executor::{ThreadLimit, to_thread_with};
/// # smolio_executor::run(async {
/// let database = ThreadLimit::new(4); // it has four connections
/// let rows = to_thread_with(&database, || vec!["a", "b"]).await;
/// assert_eq!(rows.len(), 2);
/// # });
/// ```
#[doc(alias = "CapacityLimiter")]
#[derive(Clone, Debug)]
pub struct ThreadLimit(Arc<Semaphore>);

impl ThreadLimit {
    /// At most `threads` at the same time; 0 counts as 1.
    pub fn new(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads.max(1))))
    }
}

/// The limit of [`to_thread`], for the whole process.
static DEFAULT_LIMIT: LazyLock<ThreadLimit> =
    LazyLock::new(|| ThreadLimit::new(settings::threads().unwrap_or(settings::DEFAULT_THREADS)));

/// Calls `f`, which blocks, on another thread, and waits for its value: asyncio's `to_thread`.
///
/// The closure sees the context variables as they are at this call. At most 64 closures run at the same time, see
/// [`ThreadLimit`]; the others wait for their turn.
///
/// # Panics
/// Awaiting resumes a panic of `f`.
///
/// # Cancel safety
/// Before `f` has begun, dropping the future means that it never does. From then on it cannot be stopped: it is left to its
/// thread, its value is dropped, and a panic goes to the unhandled hook.
///
/// ```
/// # smolio_executor::run(async {
/// let text = smolio_executor::to_thread(|| std::fs::read_to_string("Cargo.toml")).await;
/// assert!(text.unwrap().contains("smolio"));
/// # });
/// ```
#[doc(alias = "run_in_executor")]
#[track_caller]
pub fn to_thread<F, T>(f: F) -> impl Future<Output = T> + Send + use<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    in_thread(
        DEFAULT_LIMIT.clone(),
        TaskContext::child(Some("to_thread")),
        f,
    )
}

/// As [`to_thread`], with a limit of one's own.
///
/// # Panics
/// As [`to_thread`].
///
/// # Cancel safety
/// As [`to_thread`].
///
/// ```
/// use smolio_executor::{ThreadLimit, to_thread_with};
/// # smolio_executor::run(async {
/// let one_at_a_time = ThreadLimit::new(1);
/// let first = to_thread_with(&one_at_a_time, || 6 * 7);
/// let second = to_thread_with(&one_at_a_time, || "after the first");
/// assert_eq!(futures_lite::future::zip(first, second).await, (42, "after the first"));
/// # });
/// ```
#[track_caller]
pub fn to_thread_with<F, T>(limit: &ThreadLimit, f: F) -> impl Future<Output = T> + Send + use<F, T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    in_thread(limit.clone(), TaskContext::child(Some("to_thread")), f)
}

async fn in_thread<F, T>(limit: ThreadLimit, context: TaskContext, f: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let permit = limit.0.acquire_arc().await;
    let job = Local::current().map(|local| local.runtime().begin_job(context.info().clone()));
    let clock = VirtualClock::current();
    // Whoever's it is: a loop's, that of a `compat` around us, or of a runtime of tokio's that polls us.
    let tokio = TokioHandle::current();
    context.spawned();
    let (joiner, _, call) = pooled(context, async move { f() }, || ());
    let on_thread = move || {
        let _clock = clock.as_ref().map(VirtualClock::install);
        let _tokio = tokio.enter();
        // That is what the thread is for.
        allow_slow_poll();
        futures_lite::future::block_on(call);
        // Only now, when the task has been woken: a loop that finds no closure in flight and nothing ready may move its clock.
        drop((permit, job));
    };
    blocking::unblock(on_thread).detach();
    OnThread(Some(joiner)).await
}

/// Waits for a closure, and abandons it when dropped.
struct OnThread<T>(Option<Joiner<T>>);

// Nothing in a handle is pinned.
impl<T> Unpin for OnThread<T> {}

impl<T> Future for OnThread<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let joiner = self.0.as_mut().expect("it is there until the drop");
        match joiner.poll(cx) {
            Poll::Ready(outcome) => Poll::Ready(value_of(joiner.info(), outcome)),
            Poll::Pending => {
                let closure = joiner.info();
                waiting_for_task(closure.id(), || closure.to_string());
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for OnThread<T> {
    fn drop(&mut self) {
        // Not like a task's handle: nobody waits for the end of a closure that cannot be stopped.
        let Some(joiner) = self.0.take() else { return };
        joiner.cancel();
        let info = joiner.info().clone();
        let (outcome, _) = joiner.leave();
        drop_unread(&info, outcome);
    }
}
