//! What is promised to the compiler.

use std::{error::Error, future::Pending, time::Duration};

use smolio_timer::{
    AcquireRate, Backoff, Elapsed, Interval, MissedTick, MoveOnAfter, RateError, RateLimiter,
    RateLimiterStats, RescheduleError, ScopedTimeout, Sleep, Timeout, TimeoutHandle, TimeoutScope,
    TryAcquireRateError, TryTimeout, interval, move_on_after, retry, sleep, timeout, try_timeout,
};

fn send_and_sync<T: Send + Sync>() {}
fn unpin<T: Unpin>() {}
fn error<T: Error + Send + Sync + 'static>() {}
fn send(_: impl Send + 'static) {}

/// `Send`, but not `Sync`, and pinned.
type Body = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

#[test]
fn all_can_be_sent() {
    send_and_sync::<Sleep>();
    send_and_sync::<Interval>();
    send_and_sync::<MissedTick>();
    send_and_sync::<TimeoutScope>();
    send_and_sync::<TimeoutHandle>();
    send_and_sync::<Timeout<Pending<()>>>();
    send_and_sync::<TryTimeout<Pending<()>>>();
    send_and_sync::<MoveOnAfter<Pending<()>>>();
    send_and_sync::<ScopedTimeout<Pending<()>>>();
    send_and_sync::<Backoff>();
    send_and_sync::<RateLimiter>();
    send_and_sync::<RateLimiterStats>();
    send_and_sync::<AcquireRate<'_>>();
    let body: Body = Box::pin(async {});
    send(timeout(Duration::ZERO, body));
}

#[test]
fn async_code_that_uses_them_can_be_sent() {
    send(async {
        sleep(Duration::ZERO).await;
        interval(Duration::ZERO).tick().await;
        interval(Duration::ZERO).next().await;
        timeout(Duration::ZERO, async {}).await.ok();
        move_on_after(None, async {}).await;
        try_timeout(None, async { std::io::Result::Ok(()) })
            .await
            .ok();
        let scope = TimeoutScope::at(None);
        let handle = scope.handle();
        scope.run(async { handle.reschedule(None) }).await.ok();
        RateLimiter::new(1, Duration::ZERO).acquire().await;
        retry(
            Backoff::new(1),
            async || Ok::<_, std::fmt::Error>(()),
            |_| true,
        )
        .await
        .ok();
    });
}

#[test]
fn sleep_and_interval_need_no_pinning() {
    unpin::<Sleep>();
    unpin::<Interval>();
    unpin::<AcquireRate<'_>>();
    unpin::<Timeout<Pending<()>>>();
}

#[test]
fn errors_go_where_errors_go() {
    error::<Elapsed>();
    error::<RescheduleError>();
    error::<RateError>();
    error::<TryAcquireRateError>();
}

#[test]
fn sizes_stay_small() {
    // Each sleeping task has one of these, and 40 bytes in the wheel.
    assert!(size_of::<Sleep>() <= 32);
    assert!(size_of::<Option<Sleep>>() <= 32);
    assert!(size_of::<Timeout<()>>() <= 56);
}
