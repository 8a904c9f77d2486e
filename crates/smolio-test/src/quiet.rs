//! `all_blocked` and `advance`: what a test can wait for that nobody else can, the moment in which no task has anything to
//! do.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use smolio_context::{Instant, waiting_for};

use crate::session::{Session, Waiter};

/// Waits until all other tasks are blocked: each waits for a timer, a wake-up or an event that has not come. The clock does
/// not move meanwhile.
///
/// So a test can let others get as far as they get, without counting yields. If several wait for it, all of them are woken
/// at once. A task that waits for a `to_thread` closure is blocked; with [`Test::io`](crate::Test::io) and
/// [`Test::real_time`](crate::Test::real_time) this waits for 5 ms without any event.
///
/// ```
/// use smolio_executor::spawn;
/// use std::{cell::Cell, time::Duration};
///
/// smolio_test::run(async {
///     let task = spawn(async {
///         smolio_executor::yield_now().await;
///         smolio_timer::sleep(Duration::from_secs(1)).await;
///     });
///     smolio_test::all_blocked().await; // it has yielded, and sleeps
///     assert!(!task.is_finished());
/// });
/// ```
///
/// # Cancel safety
/// Cancel safe: nothing is lost when it is dropped.
///
/// # Panics
/// Outside of a test.
#[doc(alias = "wait_all_tasks_blocked")]
pub async fn all_blocked() {
    Quiet::not_before(Instant::now(), "all other tasks to be blocked").await;
}

/// Moves the virtual clock forward by `by`, and lets the others do all that is due until then.
///
/// The clock stops at each deadline on the way, so that whoever waited for it sees that moment as the present one. This
/// returns when all others are blocked again. `advance(Duration::ZERO)` is [`all_blocked`].
///
/// Most tests need it not, for the clock jumps by itself: `sleep` does the same, except that at its end it does not wait for
/// others that are due at the same moment.
///
/// ```
/// use smolio_executor::spawn;
/// use smolio_test::advance;
/// use std::time::Duration;
///
/// smolio_test::run(async {
///     let task = spawn(smolio_timer::sleep(Duration::from_secs(3)));
///     advance(Duration::from_secs(2)).await;
///     assert!(!task.is_finished());
///     advance(Duration::from_secs(1)).await;
///     assert!(task.is_finished());
/// });
/// ```
///
/// # Cancel safety
/// Cancel safe: when dropped half-way the clock stays where it is, and goes on by itself from there.
///
/// # Panics
/// Outside of a test in virtual time.
#[doc(alias = "jump")]
pub async fn advance(by: Duration) {
    let in_virtual_time = Session::current().is_some_and(|session| session.clock().is_some());
    assert!(
        in_virtual_time,
        "advance() moves the clock of a test in virtual time, and none runs on this thread"
    );
    let target = Instant::now().saturating_add(by);
    Quiet::not_before(
        target,
        "the clock to be moved on, and all others to be blocked",
    )
    .await;
}

/// Ready once all are blocked at `not_before` or later.
struct Quiet {
    not_before: Instant,
    what: &'static str,
    /// Set by the first poll.
    waiter: Option<Arc<Waiter>>,
}

impl Quiet {
    fn not_before(not_before: Instant, what: &'static str) -> Self {
        Self {
            not_before,
            what,
            waiter: None,
        }
    }
}

impl Future for Quiet {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let progress = match &self.waiter {
            Some(waiter) => waiter.poll(cx),
            None => {
                let Some(session) = Session::current() else {
                    panic!("all_blocked() asks the test that runs on this thread, and none does");
                };
                self.waiter = Some(session.add_waiter(self.not_before, cx.waker()));
                Poll::Pending
            }
        };
        if progress.is_pending() {
            waiting_for(|| self.what.to_string());
        }
        progress
    }
}
