//! Let others run.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

/// Lets all others that are ready run before this task goes on: asyncio's `sleep(0)`.
///
/// # Cancel safety
/// Dropping it has no effect.
///
/// ```
/// # smolio_executor::run(async {
/// for chunk in [1, 2, 3] {
///     // a piece of work that takes a while
///     smolio_executor::yield_now().await;
/// }
/// # });
/// ```
#[doc(alias = "sleep")]
pub fn yield_now() -> YieldNow {
    YieldNow(false)
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled or awaited"]
pub struct YieldNow(bool);

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
