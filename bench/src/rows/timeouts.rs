//! Timeouts that are armed and, as nearly all are, not needed.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::time::ClockId;

use super::{Program, Row, Scale, Unit, run, time_per_operation};
use crate::library::Library;

const TIMEOUTS: u64 = 1_000_000;
const LIMIT: Duration = Duration::from_secs(1);

pub(super) const ROW: Row = Row::shown(
    "1M timeouts armed and cancelled",
    Unit::Time,
    run::<Timeouts>,
)
.with_goals(4.0, 3.0);

struct Timeouts;

impl Program for Timeouts {
    async fn run<L: Library>(scale: Scale) -> f64 {
        let timeouts = scale.of(TIMEOUTS);
        // In a task of its own: tokio's block_on makes a system call each time that main wakes
        // itself, and this row is about timers.
        let task = L::spawn(async move {
            time_per_operation(ClockId::Monotonic, timeouts, || {
                one_after_the_other::<L>(timeouts)
            })
            .await
        });
        task.await
    }
}

async fn one_after_the_other<L: Library>(timeouts: u64) {
    for _ in 0..timeouts {
        let in_time = L::timeout(LIMIT, PendingOnce { polled: false })
            .await
            .is_ok();
        assert!(in_time, "the future needs two polls, not a second");
    }
}

/// Pending at its first poll, so that the timeout has to arm its timer, and ready at the next.
///
/// The libraries' own `yield_now` would do more than that, and not the same.
struct PendingOnce {
    polled: bool,
}

impl Future for PendingOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.polled {
            return Poll::Ready(());
        }
        self.polled = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
