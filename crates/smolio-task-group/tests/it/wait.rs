//! `wait`: until the first, the first error, or all; and nothing is lost in between.

use std::{
    future::{Future, pending, ready},
    pin::Pin,
};

use futures_lite::future::{block_on, poll_once};
use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{All, FirstCompleted, FirstError, WaitSet, wait};
use smolio_timer::{sleep, timeout};

use crate::support::{Log, explore, ms};

async fn after<T>(millis: u64, value: T) -> T {
    sleep(ms(millis)).await;
    value
}

#[test]
fn until_the_first_is_ready() {
    explore(|| async {
        let start = Instant::now();
        let mut set: WaitSet<_> = [30, 10, 20]
            .map(|time| after(time, time))
            .into_iter()
            .collect();
        for (index, time) in [(1, 10), (2, 20), (0, 30)] {
            assert_eq!(wait(&mut set, FirstCompleted).await, [(index, time)]);
            assert_eq!(start.elapsed(), ms(time));
        }
        assert!(set.is_empty());
        assert!(wait(&mut set, FirstCompleted).await.is_empty());
    });
}

#[test]
fn until_the_first_error() {
    explore(|| async {
        let start = Instant::now();
        let mut set = WaitSet::new();
        for (time, result) in [(10, Ok('a')), (30, Ok('b')), (20, Err('c'))] {
            set.push(after(time, result));
        }
        assert_eq!(set.len(), 3);
        let done = wait(&mut set, FirstError).await;
        assert_eq!(start.elapsed(), ms(20));
        assert_eq!(done, [(0, Ok('a')), (2, Err('c'))]);
        assert_eq!(set.len(), 1);
        // Without an error it waits for all.
        assert_eq!(set.push(after(30, Ok('d'))), 3);
        let done = wait(&mut set, FirstError).await;
        assert_eq!(done, [(1, Ok('b')), (3, Ok('d'))]);
        assert_eq!(start.elapsed(), ms(50));
    });
}

#[test]
fn until_all_are_ready() {
    explore(|| async {
        let mut set = WaitSet::default();
        set.extend([20, 10].map(|time| after(time, time)));
        set.push(after(15, 15));
        let done = wait(&mut set, All).await;
        assert_eq!(done, [(1, 10), (2, 15), (0, 20)]);
        assert!(wait(&mut set, All).await.is_empty());
    });
}

#[test]
fn a_wait_that_is_dropped_loses_nothing() {
    explore(|| async {
        let mut set: WaitSet<_> = [10, 20, 30]
            .map(|time| after(time, time))
            .into_iter()
            .collect();
        assert!(timeout(ms(15), wait(&mut set, All)).await.is_err());
        assert_eq!(set.len(), 3);
        // What there is already will do.
        let start = Instant::now();
        assert_eq!(wait(&mut set, FirstCompleted).await, [(0, 10)]);
        assert_eq!(start.elapsed(), ms(0));
        assert!(timeout(ms(10), wait(&mut set, All)).await.is_err());
        assert_eq!(wait(&mut set, All).await, [(1, 20), (2, 30)]);
    });
}

/// Drops `wait` after each poll of it.
#[test]
fn wait_may_be_dropped_after_each_poll() {
    explore(|| async {
        let member = |number: usize| async move {
            for _ in 0..number % 7 {
                yield_now().await;
            }
            if number % 10 == 3 {
                Err(number)
            } else {
                Ok(number)
            }
        };
        let mut set: WaitSet<_> = (0..100).map(member).collect();
        let mut seen = Vec::new();
        let mut round = 0;
        while !set.is_empty() {
            round += 1;
            let done = match round % 3 {
                0 => poll_once(wait(&mut set, FirstCompleted)).await,
                1 => poll_once(wait(&mut set, FirstError)).await,
                _ => poll_once(wait(&mut set, All)).await,
            };
            seen.extend(done.into_iter().flatten());
            yield_now().await;
        }
        for (index, result) in &seen {
            let (Ok(number) | Err(number)) = result;
            assert_eq!(index, number);
            assert_eq!(result.is_err(), number % 10 == 3);
        }
        seen.sort_unstable_by_key(|(index, _)| *index);
        assert!(seen.into_iter().map(|(index, _)| index).eq(0..100));
    });
}

#[test]
fn futures_of_several_types_in_boxes() {
    type Boxed = Pin<Box<dyn Future<Output = u8> + Send>>;
    block_on(async {
        let mut set = WaitSet::<Boxed>::new();
        set.push(Box::pin(ready(1)));
        set.push(Box::pin(async { 2 }));
        assert_eq!(wait(&mut set, All).await, [(0, 1), (1, 2)]);
    });
}

#[test]
fn members_drop_in_the_order_in_which_they_came() {
    let log = Log::new();
    let member = |number: usize| {
        let guard = log.on_drop(number.to_string());
        async move {
            let _guard = guard;
            if number % 2 == 1 {
                pending::<()>().await;
            }
        }
    };
    let mut set: WaitSet<_> = (0..6).map(member).collect();
    assert!(block_on(poll_once(wait(&mut set, All))).is_none());
    assert_eq!(log.take(), ["0", "2", "4"]);
    // They take the seats of those that have gone, last left first.
    set.extend((6..9).map(|number| member(number * 2 + 1)));
    drop(set);
    assert_eq!(log.take(), ["1", "3", "5", "13", "15", "17"]);
}

#[test]
fn shown_is_what_there_is() {
    let mut set: WaitSet<_> = [ready(1), ready(2)].into_iter().collect();
    assert_eq!(format!("{set:?}"), "WaitSet { pending: 2, ready: 0, .. }");
    let shown = format!("{:?}", wait(&mut set, All));
    assert!(shown.starts_with("Wait {"), "{shown}");
}

#[test]
fn the_numbers_of_a_set() {
    block_on(async {
        let mut set: WaitSet<_> = (0..3)
            .map(|number| async move {
                if number == 2 {
                    pending::<()>().await;
                }
            })
            .collect();
        let numbers = |set: &WaitSet<_>| {
            let stats = set.stats();
            (stats.pending, stats.ready, stats.pushed)
        };
        assert_eq!(numbers(&set), (3, 0, 3));
        assert!(poll_once(wait(&mut set, All)).await.is_none());
        assert_eq!(numbers(&set), (1, 2, 3));
        assert_eq!(wait(&mut set, FirstCompleted).await.len(), 2);
        assert_eq!(numbers(&set), (1, 0, 3));
    });
}
