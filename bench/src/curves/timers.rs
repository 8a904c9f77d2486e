//! The curves that are about timers: to arm one, to cancel it, and to see it expire, among so many others.
//!
//! The timers are futures in one task, so that no task is measured with them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use rustix::time::ClockId;

use super::Growing;
use super::work::repeats;
use crate::library::Library;
use crate::rows::{Scale, now};

/// tokio and we let a task poll 128 of our own futures, and then tell it to come again: a timer that is polled after that
/// is not armed. So the task comes again before.
const POLLS_IN_A_ROW: usize = 100;

/// For timers that are not to expire.
const MINUTE: Duration = Duration::from_secs(60);

/// Those that do expire must not do so while there are still others to be armed. Where this is not enough, there is more.
const FIRST: Duration = Duration::from_millis(10);
const FOR_EACH: Duration = Duration::from_micros(2);

/// No library is later than this: tokio's timers, and ours, have ticks of a millisecond.
const LATEST: Duration = Duration::from_millis(2);

/// Waiting for them costs time, even if it is not counted.
const MOST_WAITS: u64 = 10;

pub(super) struct Arming;

impl Growing for Arming {
    async fn cost<L: Library>(size: u64, scale: Scale) -> f64 {
        arm_and_cancel::<L>(size, scale).await.0
    }
}

pub(super) struct Cancelling;

impl Growing for Cancelling {
    async fn cost<L: Library>(size: u64, scale: Scale) -> f64 {
        arm_and_cancel::<L>(size, scale).await.1
    }
}

/// What it costs to arm a timer, and what to cancel it. The first go is there to warm up, and does not count.
async fn arm_and_cancel<L: Library>(size: u64, scale: Scale) -> (f64, f64) {
    let repeats = repeats(size, scale);
    let (mut arming, mut cancelling) = (Duration::ZERO, Duration::ZERO);
    for count in [false, true] {
        for _ in 0..repeats {
            let start = now(ClockId::Monotonic);
            let timers = armed::<L>(size, MINUTE).await;
            let all_armed = now(ClockId::Monotonic);
            drop(timers);
            // What a library puts off to the end of its turn is part of it.
            L::yield_now().await;
            if count {
                arming += all_armed - start;
                cancelling += now(ClockId::Monotonic) - all_armed;
            }
        }
    }
    let timers = (size * repeats) as f64;
    let per_timer = |all: Duration| all.as_nanos() as f64 / timers;
    (per_timer(arming), per_timer(cancelling))
}

/// What it costs to find out that a timer is due, and to wake its task. All are due when the clock starts, because the
/// thread was asleep until then. It is the processors' clock, and has nothing to say about the sleep. Among few, what is seen is
/// the loop's one turn.
pub(super) struct Expiring;

impl Growing for Expiring {
    async fn cost<L: Library>(size: u64, scale: Scale) -> f64 {
        let mut limit = FIRST + FOR_EACH * u32::try_from(size).expect("sizes end at a million");
        let repeats = repeats(size, scale).min(MOST_WAITS);
        let mut expiring = Duration::ZERO;
        for count in [false, true] {
            for _ in 0..repeats {
                let timers = armed_in_time::<L>(size, &mut limit).await;
                let start = now(ClockId::ProcessCPUTime);
                thread::sleep(limit + LATEST);
                for timer in timers {
                    timer.await;
                }
                if count {
                    expiring += now(ClockId::ProcessCPUTime) - start;
                }
            }
        }
        expiring.as_nanos() as f64 / (size * repeats) as f64
    }
}

/// So many timers, none of which has expired yet: on a machine that is busy, with a longer limit than was asked for.
async fn armed_in_time<L: Library>(
    size: u64,
    limit: &mut Duration,
) -> Vec<Pin<Box<impl Future<Output: Send> + Send + use<L>>>> {
    loop {
        let start = now(ClockId::Monotonic);
        let timers = armed::<L>(size, *limit).await;
        if now(ClockId::Monotonic) - start < *limit {
            return timers;
        }
        *limit *= 2;
    }
}

/// So many timers, each of which is armed, as far as the library has a say in it.
async fn armed<L: Library>(
    size: u64,
    limit: Duration,
) -> Vec<Pin<Box<impl Future<Output: Send> + Send + use<L>>>> {
    let mut timers: Vec<_> = (0..size).map(|_| Box::pin(L::sleep(limit))).collect();
    for some in timers.chunks_mut(POLLS_IN_A_ROW) {
        poll_fn(|context| {
            for timer in &mut *some {
                // One that is over already will not be used.
                let _ = timer.as_mut().poll(context);
            }
            Poll::Ready(())
        })
        .await;
        L::yield_now().await;
    }
    timers
}
