//! Under other people's executors, in real time, of which it takes a few milliseconds.

use std::{future::pending, time::Duration};

use smol::future::zip;
use smolio_context::Instant;
use smolio_timer::{
    RateLimiter, TimeoutScope, interval, move_on_after, retry, sleep, sleep_until, timeout,
    try_timeout,
};

use crate::harness::{ms, shield};

/// A bit of everything.
async fn program() {
    let start = Instant::now();
    sleep(ms(2)).await;
    assert!(start.elapsed() >= ms(2));
    sleep(Duration::ZERO).await;
    sleep_until(start).await;

    assert!(timeout(ms(2), pending::<()>()).await.is_err());
    let quick = async {
        sleep(ms(1)).await;
        std::io::Result::Ok(7)
    };
    assert_eq!(
        try_timeout(Duration::from_secs(60), quick).await.unwrap(),
        7
    );
    // Two with the same deadline: the outer one reports.
    let deadline = Instant::now() + ms(2);
    let inner = smolio_timer::timeout_at(deadline, pending::<()>());
    assert!(smolio_timer::timeout_at(deadline, inner).await.is_err());
    assert_eq!(move_on_after(ms(1), pending::<()>()).await, None);

    // One that waits for a shield, and one in it that cannot leave it to that one.
    let (tell, told) = smol::channel::bounded(1);
    let beside = async {
        let outcome = timeout(ms(2), pending::<()>()).await;
        tell.send(()).await.unwrap();
        outcome
    };
    let held = timeout(ms(1), zip(shield(told.recv()), beside));
    assert!(matches!(held.await, Ok((Ok(()), Err(_)))));
    let held = timeout(ms(1), async {
        shield(sleep(ms(3))).await;
        pending::<()>().await;
    });
    assert!(held.await.is_err());

    let scope = TimeoutScope::after(Duration::from_secs(3600));
    let handle = scope.handle();
    let rescheduled = scope.run(async {
        handle.reschedule(Instant::now() + ms(1)).unwrap();
        pending::<()>().await;
    });
    assert!(rescheduled.await.is_err());

    let mut interval = interval(ms(1));
    let first = interval.tick().await;
    assert_eq!(interval.tick().await - first, ms(1));

    let limiter = RateLimiter::with_burst(1000, Duration::from_secs(1), 1);
    let start = Instant::now();
    zip(limiter.acquire(), zip(limiter.acquire(), limiter.acquire())).await;
    assert!(start.elapsed() >= ms(2));
    let attempt = async || Err::<(), _>("in vain");
    let error = retry([ms(1), ms(1)], attempt, |_| true).await.unwrap_err();
    assert_eq!(error.attempts(), 3);
}

#[test]
fn x1_inside_tokio_on_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(program()).await.unwrap() });
    runtime.block_on(program());
}

#[test]
fn x1_inside_tokio_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let programs: Vec<_> = (0..20).map(|_| tokio::spawn(program())).collect();
        for program in programs {
            program.await.unwrap();
        }
    });
}

#[test]
fn x1_inside_smol() {
    smol::block_on(program());
    smol::block_on(smol::spawn(program()));
}

#[test]
fn x1_armed_in_a_loop_of_ours_and_awaited_inside_tokio() {
    let wakes = crate::harness::Wakes::new();
    let driver = smolio_timer::driver::Driver::new();
    let mut sleeping = sleep(ms(2));
    {
        let _wheel = driver.enter();
        // Two milliseconds may have passed on a busy machine; no matter.
        let _ = wakes.poll(&mut sleeping);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(&mut sleeping);
    assert!(sleeping.is_elapsed());
    assert!(driver.is_empty());
}
