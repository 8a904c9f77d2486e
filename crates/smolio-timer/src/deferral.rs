//! How long a timeout that has passed leaves it to an enclosing one, which has passed too, to report.
//!
//! For the most part that one reports in the same poll. But a shielded scope may hold it up, one that does not even lie
//! within the inner timeout: it may lie beside it, and wait for what comes after it. So the inner one must not wait for
//! good, and nobody is there to wake it. It looks again, twice:
//! - at the end of the first pause the timer of the enclosing one has fired. After a busy turn both may be polled for the
//!   first time since, so it is still left to the enclosing one.
//! - at the end of the second the enclosing one has been polled since its timer fired, and has not reported.
//!
//! Where several leave it to one that is held up, the innermost of them reports first. The others find a body that is ready.

use std::{
    task::{Context, Poll},
    time::Duration,
};

use smolio_context::{Instant, waiting_for};

use crate::sleep::{Sleep, sleep_until};

/// More than a tick, so that it ends later than the timers of all that have passed before it.
const PAUSE: Duration = Duration::from_millis(2);

const PAUSES: u32 = 2;

#[derive(Debug)]
pub(crate) struct Deferral {
    /// How long the timeout was given.
    pub(crate) duration: Option<Duration>,
    pause: Sleep,
    pauses_left: u32,
}

impl Deferral {
    pub(crate) fn begin(now: Instant, duration: Option<Duration>) -> Self {
        Self {
            duration,
            pause: sleep_until(now + PAUSE),
            pauses_left: PAUSES,
        }
    }

    /// Ready when the enclosing timeout has had its chance. Not to be polled again then.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.pause.poll_elapsed(cx).is_ready() {
            self.pauses_left -= 1;
            if self.pauses_left == 0 {
                return Poll::Ready(());
            }
            self.pause.reset(Instant::now() + PAUSE);
        }
        waiting_for(|| "an enclosing timeout that has passed".to_string());
        Poll::Pending
    }
}

impl Drop for Deferral {
    /// Does nothing but tell the compiler that it seldom happens. It would else put the drop of the pause into the drop of
    /// each timeout, and not find that worth inlining any more.
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {}
}
