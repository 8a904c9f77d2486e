//! The cache of the example, on a clock that jumps: each test takes as long as its assertions.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use smolio::{
    Instant, gather, sleep,
    test::{advance, all_blocked},
    timeout,
};

use crate::{lines_of, program};

#[allow(dead_code, reason = "its main runs in the program")]
#[path = "../../time_dependent_test.rs"]
mod example;

use example::Cache;

const MINUTE: Duration = Duration::from_secs(60);

/// Gives a number that says how often it was called.
fn counting() -> impl AsyncFn(&str) -> String {
    let calls = AtomicU32::new(0);
    async move |key: &str| {
        sleep(Duration::from_secs(1)).await;
        format!("{key} {}", calls.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[smolio::test]
async fn an_entry_is_kept_for_so_long_and_no_longer() {
    let cache = Cache::new(MINUTE, counting());
    assert_eq!(cache.get("a").await, "a 1");
    sleep(MINUTE - Duration::from_millis(1)).await;
    assert_eq!(cache.get("a").await, "a 1"); // the last moment
    sleep(Duration::from_millis(1)).await;
    assert_eq!(cache.get("a").await, "a 2"); // the first after it
}

#[smolio::test]
async fn what_is_there_takes_no_time() {
    let cache = Cache::new(MINUTE, counting());
    let start = Instant::now();
    cache.get("a").await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
    cache.get("a").await;
    assert_eq!(start.elapsed(), Duration::from_secs(1)); // exactly
}

#[smolio::test]
async fn keys_do_not_wait_for_each_other() {
    let cache = Cache::new(MINUTE, counting());
    let start = Instant::now();
    gather((cache.get("a"), cache.get("b"))).await;
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[smolio::test]
async fn who_gives_up_leaves_nothing_half_done() {
    let cache = Cache::new(MINUTE, counting());
    let impatient = timeout(Duration::from_millis(500), cache.get("a"));
    assert!(impatient.await.is_err());
    assert_eq!(cache.get("a").await, "a 1"); // the one that was dropped had not counted yet
}

/// By hand, where the moment in between is what is looked at.
#[smolio::test]
async fn while_it_is_fetched_nothing_is_there() {
    let cache = std::sync::Arc::new(Cache::new(MINUTE, counting()));
    let asked = {
        let cache = cache.clone();
        smolio::spawn_local(async move { cache.get("a").await })
    };
    all_blocked().await;
    advance(Duration::from_millis(999)).await;
    assert!(!asked.is_finished());
    advance(Duration::from_millis(1)).await;
    all_blocked().await;
    assert!(asked.is_finished());
    assert_eq!(asked.await, "a 1");
}

#[test]
fn a_year_passes() {
    let printed = lines_of(&mut program("time_dependent_test"));
    assert_eq!(printed[0], "8760 questions in a year, 365 answers fetched");
}
