//! `try_gather`: all values, or the first error at once.

use std::future::{pending, ready};

use futures_lite::future::block_on;
use smolio_context::Instant;
use smolio_task_group::try_gather;
use smolio_timer::sleep;

use crate::support::{Counter, Log, Manual, explore, ms};

async fn after<T>(millis: u64, value: T) -> T {
    sleep(ms(millis)).await;
    value
}

#[test]
fn g1_the_first_error_in_time_wins_and_the_rest_drop() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let member = |number: u64| {
            let guard = log.on_drop(number.to_string());
            async move {
                let _guard = guard;
                sleep(ms(number * 10)).await;
                if number >= 3 { Err(number) } else { Ok(number) }
            }
        };
        let result = try_gather([5, 1, 4, 2, 3].map(member)).await;
        assert_eq!(result, Err(3));
        assert_eq!(start.elapsed(), ms(30));
        // The two that were ready and the one that failed, then those that are left, in their order.
        assert_eq!(log.take(), ["1", "2", "3", "5", "4"]);
    });
}

#[test]
fn g1_a_tuple_stops_at_its_first_error() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let guarded = |name: &str| {
            let guard = log.on_drop(name);
            async move {
                let _guard = guard;
                sleep(ms(100)).await;
                Ok::<_, String>(1)
            }
        };
        let failing = after(10, Err::<(), _>("no".to_string()));
        let done = after(5, Ok("value"));
        let result = try_gather((guarded("a"), failing, done, guarded("b"))).await;
        assert_eq!(result, Err("no".to_string()));
        assert_eq!(start.elapsed(), ms(10));
        assert_eq!(log.take(), ["a", "b"]);
    });
}

#[test]
fn the_rest_drop_before_the_error_is_given() {
    let dropped = Counter::new();
    let member = |is_bad: bool| {
        let guard = dropped.guard();
        async move {
            let _guard = guard;
            if is_bad {
                return Err(());
            }
            pending().await
        }
    };
    let mut many = Manual::new(try_gather::<_, [_; 3]>([false, true, false].map(member)));
    let result: Result<Vec<u8>, ()> = many.poll_ready();
    assert_eq!((result, dropped.get()), (Err(()), 3));
    let mut tuple = Manual::new(try_gather((member(false), member(true), member(false))));
    assert_eq!((tuple.poll_ready(), dropped.get()), (Err(()), 6));
}

#[test]
fn all_is_well() {
    block_on(async {
        let both = try_gather((ready(Ok::<_, ()>('a')), ready(Ok("b")))).await;
        assert_eq!(both, Ok(('a', "b")));
        let all = try_gather((0..200).map(|number| ready(Ok::<_, ()>(number)))).await;
        assert!(all.unwrap().into_iter().eq(0..200));
        let none: [std::future::Ready<Result<u8, ()>>; 0] = [];
        assert_eq!(try_gather(none).await, Ok(vec![]));
    });
}

#[test]
fn after_an_error_nothing_is_pulled() {
    let pulled = Counter::new();
    let endless = (0..).map(|number| {
        pulled.add();
        ready(if number == 10 {
            Err(number)
        } else {
            Ok(number)
        })
    });
    assert_eq!(block_on(try_gather(endless).limit(3)), Err(10));
    assert!(pulled.get() <= 13, "{}", pulled.get());
}

#[test]
fn errors_go_where_the_question_mark_sends_them() {
    async fn sum(numbers: &[&str]) -> anyhow::Result<u32> {
        let parse = async |text: &&str| text.parse::<u32>();
        let numbers = try_gather(numbers.iter().map(parse)).limit(2).await?;
        Ok(numbers.into_iter().sum())
    }
    assert_eq!(block_on(sum(&["1", "2"])).unwrap(), 3);
    let error = block_on(sum(&["1", "two"])).unwrap_err();
    assert_eq!(error.to_string(), "invalid digit found in string");
}
