//! `as_completed`: values as they come, and what becomes of them when nobody waits.

use std::{
    future::{Future, pending, ready},
    pin::pin,
};

use futures_lite::{
    future::{block_on, poll_once},
    stream::{Stream, StreamExt},
};
use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{AsCompleted, as_completed};
use smolio_timer::{sleep, timeout};

use crate::support::{Counter, explore, ms};

async fn after<T>(millis: u64, value: T) -> T {
    sleep(ms(millis)).await;
    value
}

#[test]
fn a1_a_timeout_around_next_loses_nothing() {
    explore(|| async {
        let start = Instant::now();
        let mut values = as_completed([(150, 'b'), (100, 'a')].map(|(at, name)| after(at, name)));
        assert_eq!(timeout(ms(120), values.next()).await, Ok(Some((1, 'a'))));
        assert!(timeout(ms(20), values.next()).await.is_err());
        assert_eq!(start.elapsed(), ms(120));
        assert_eq!(values.next().await, Some((0, 'b')));
        assert_eq!(start.elapsed(), ms(150));
        assert_eq!(values.next().await, None);
        assert_eq!(values.next().await, None);
    });
}

#[test]
fn values_come_in_the_order_of_time() {
    explore(|| async {
        let times = [50_u64, 10, 40, 20, 30];
        let mut values = as_completed(times.map(|time| after(time, time)));
        let mut seen = Vec::new();
        while let Some((index, time)) = values.next().await {
            assert_eq!(times[index], time);
            seen.push(time);
        }
        assert_eq!(seen, [10, 20, 30, 40, 50]);
    });
}

/// Drops `next` after each poll of it: all come all the same.
#[test]
fn next_may_be_dropped_after_each_poll() {
    explore(|| async {
        let member = |number: usize| async move {
            for _ in 0..number % 7 {
                yield_now().await;
            }
            number
        };
        let mut values = as_completed((0..100).map(member)).limit(10);
        let mut seen = Vec::new();
        loop {
            match poll_once(values.next()).await {
                None => yield_now().await,
                Some(None) => break,
                Some(Some((index, number))) => {
                    assert_eq!(index, number);
                    seen.push(number);
                }
            }
        }
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..100));
    });
}

#[test]
fn g3_ten_of_an_endless_iterator() {
    explore(|| async {
        let (pulled, dropped) = (Counter::new(), Counter::new());
        let endless = (0_u64..).map(|number| {
            pulled.add();
            let guard = dropped.guard();
            async move {
                let _guard = guard;
                sleep(ms(1000)).await;
                number
            }
        });
        let start = Instant::now();
        let mut values = as_completed(endless).limit(3);
        for count in 1..=10 {
            assert!(values.next().await.is_some());
            assert!(pulled.get() <= count + 3, "more than 3 were pulled ahead");
        }
        assert_eq!(start.elapsed(), ms(4000));
        drop(values);
        assert_eq!(dropped.get(), pulled.get());
    });
}

#[test]
fn it_is_a_stream() {
    fn squares() -> impl Stream<Item = (usize, usize)> + Send {
        as_completed((0..100_usize).map(|number| ready(number * number)))
    }
    let sum = block_on(squares().map(|(_, square)| square).fold(0, |a, b| a + b));
    assert_eq!(sum, (0..100).map(|number| number * number).sum::<usize>());
}

#[test]
fn in_between_the_futures_stand_still() {
    block_on(async {
        let polls = Counter::new();
        let member = |_| {
            let polls = &polls;
            async move {
                polls.add();
            }
        };
        let mut values = as_completed([0, 1, 2].map(member));
        assert_eq!(polls.get(), 0);
        assert!(values.next().await.is_some());
        assert_eq!(polls.get(), 1);
    });
}

#[test]
fn shown_is_how_many_are_pending() {
    block_on(async {
        let mut values = as_completed([ready(1)]);
        assert_eq!(format!("{values:?}"), "AsCompleted { pending: 0, .. }");
        assert!(values.next().await.is_some());
        let mut values = as_completed([pending::<()>(), pending()]);
        assert!(poll_once(pin!(values.next())).await.is_none());
        assert_eq!(format!("{values:?}"), "AsCompleted { pending: 2, .. }");
        let next = format!("{:?}", values.next());
        assert!(next.starts_with("NextCompleted"), "{next}");
    });
}

#[test]
#[should_panic(expected = "with a limit of 0 no future would ever run")]
fn a_limit_of_zero_is_refused() {
    fn limited<I, F: Future>(values: AsCompleted<I, F>) -> AsCompleted<I, F> {
        values.limit(0)
    }
    drop(limited(as_completed([ready(1)])));
}

#[test]
fn the_numbers_of_a_stream() {
    block_on(async {
        let mut values = as_completed((0..5).map(ready)).limit(2);
        let numbers = |values: &AsCompleted<_, _>| {
            let stats = values.stats();
            (stats.pending, stats.completed, stats.is_over)
        };
        assert_eq!(numbers(&values), (0, 0, false));
        values.next().await.unwrap();
        assert_eq!(numbers(&values), (1, 1, false));
        while values.next().await.is_some() {}
        assert_eq!(numbers(&values), (0, 5, true));
    });
}
