//! `compat`, and the tokio runtime behind it: for crates that call tokio inside.
//!
//! The runtime is tokio's own and not the one of async-compat, which gives no handle that a loop could enter, and uses whatever
//! runtime it finds. That may be one which waits for us: a current-thread runtime whose thread blocks on our loop never turns its
//! timers.

use std::{
    fmt,
    future::{Future, IntoFuture},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use async_lock::OnceCell;
use pin_project_lite::pin_project;
use tokio::runtime::{self, Runtime};

/// One for the process, and never shut down: the end of a runtime takes with it the connections of every client that was made
/// under it, and a client may be in a static, made in one run and used in the next.
static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// The runtime, started by the first call that succeeds.
pub(crate) fn start() -> io::Result<&'static Runtime> {
    RUNTIME.get_or_try_init_blocking(|| {
        runtime::Builder::new_multi_thread()
            // It waits for sockets and timers, and runs what crates spawn beside the work of our tasks.
            .worker_threads(1)
            .thread_name("smolio-tokio")
            .enable_all()
            .build()
    })
}

/// Makes a future that calls tokio inside work anywhere: on a loop without [`Builder::tokio`](crate::Builder::tokio), and on any
/// executor. The future itself runs where it is polled.
///
/// It is polled, and dropped, with a tokio handle; a [`to_thread`](crate::to_thread) in it gets the handle too, but a task that it
/// [`spawn`](crate::spawn)s does not. The handle belongs to one runtime for the process, with one thread that the first
/// poll starts. What is spawned on tokio runs there and is not ended with a loop; `tokio::time` knows the machine's clock only. For a
/// whole program there is [`Builder::tokio`](crate::Builder::tokio), which says more about both.
///
/// # Panics
/// The first poll, if the runtime cannot be started, such as for want of file descriptors. And as the future does.
///
/// # Cancel safety
/// That of the future.
///
/// ```
/// use smolio_executor::{compat, run};
/// use std::time::Duration;
///
/// // Made in an async block, and so with the handle.
/// let nap = async { tokio::time::sleep(Duration::from_millis(1)).await };
/// run(compat(nap));
/// ```
#[doc(alias = "tokio")]
#[doc(alias = "async_compat")]
pub fn compat<F: IntoFuture>(future: F) -> Compat<F::IntoFuture> {
    Compat {
        future: Some(future.into_future()),
    }
}

pin_project! {
    /// The future of [`compat`].
    #[must_use = "futures do nothing unless polled or awaited"]
    pub struct Compat<F> {
        // `None` only in the drop.
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Compat<F> {
        fn drop(this: Pin<&mut Self>) {
            // What a future holds may call tokio when it is dropped: sqlx gives a connection back in a task. Not started here: what
            // was never polled has no need of it.
            let _entered = RUNTIME.get().map(Runtime::enter);
            this.project().future.set(None);
        }
    }
}

impl<F: Future> Future for Compat<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let runtime =
            start().unwrap_or_else(|error| panic!("tokio's runtime could not be started: {error}"));
        let _entered = runtime.enter();
        let future = self.project().future.as_pin_mut();
        future.expect("it is there until the drop").poll(cx)
    }
}

impl<F> fmt::Debug for Compat<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compat").finish_non_exhaustive()
    }
}
