//! `gather`: the results of a tuple and of an iterator, limits, and what the futures share.

use std::{
    cell::RefCell,
    future::{IntoFuture, Ready, pending, poll_fn, ready},
    mem,
    task::{Poll, Waker},
};

use futures_lite::future::{block_on, poll_once};
use smolio_context::{ContextVar, Instant, UnhandledKind, current_task};
use smolio_executor::yield_now;
use smolio_task_group::{Gathered, gather};
use smolio_timer::sleep;

use crate::support::{Counter, Hook, Log, Manual, Polls, explore, ms};

async fn after<T>(millis: u64, value: T) -> T {
    sleep(ms(millis)).await;
    value
}

#[test]
fn g1_a_tuple_gives_a_tuple_in_its_order() {
    explore(|| async {
        let start = Instant::now();
        let (a, b, c) = gather((after(30, 'a'), after(10, "b"), async { 3 })).await;
        assert_eq!((a, b, c), ('a', "b", 3));
        assert_eq!(start.elapsed(), ms(30));
        let (one,) = gather((after(10, 1),)).await;
        assert_eq!(one, 1);
    });
}

#[test]
fn g1_sixteen_of_different_types() {
    explore(|| async {
        let (a, .., p) = gather((
            after(1, 'a'),
            after(2, "b"),
            after(3, 3_u8),
            after(4, 4_u16),
            after(5, 5_u32),
            after(6, 6_u64),
            after(7, 7_i8),
            after(8, 8_i16),
            after(9, 9_i32),
            after(10, 10_i64),
            after(9, 11.0_f32),
            after(8, 12.0_f64),
            after(7, true),
            after(6, String::new()),
            after(5, Some(1)),
            after(4, vec![16]),
        ))
        .await;
        assert_eq!((a, p), ('a', vec![16]));
    });
}

#[test]
fn g1_an_iterator_gives_its_results_in_its_order() {
    explore(|| async {
        let start = Instant::now();
        let results = gather((0..100).map(|number| after(100 - number, number))).await;
        assert!(results.iter().copied().eq(0..100));
        assert_eq!(start.elapsed(), ms(100));

        let results = gather(["a", "b"].map(|name| after(1, name))).await;
        assert_eq!(results, ["a", "b"]);
        let none: Vec<Ready<u8>> = vec![];
        assert!(gather(none).await.is_empty());
    });
}

#[test]
fn g1_all_results_are_given_also_after_an_error() {
    explore(|| async {
        let fallible = |number: u64| async move {
            sleep(ms(number)).await;
            if number % 2 == 1 {
                Err(number)
            } else {
                Ok(number)
            }
        };
        let results = gather((0..4).map(fallible)).await;
        assert_eq!(results, [Ok(0), Err(1), Ok(2), Err(3)]);
        assert_eq!(results.partition(), (vec![0, 2], vec![1, 3]));
        let (a, b) = gather((fallible(1), fallible(2))).await;
        assert_eq!((a, b), (Err(1), Ok(2)));
    });
}

#[test]
fn g1_ok_gives_all_or_the_first_error_and_the_hook_the_others() {
    let hook = Hook::install();
    block_on(async {
        let results = gather([
            ready(Ok(1)),
            ready(Err("a")),
            ready(Err("b")),
            ready(Err("c")),
        ]);
        assert_eq!(results.await.ok(), Err("a"));
        let others = ["b", "c"].map(|text| (UnhandledKind::Error, text.to_string()));
        assert_eq!(hook.take_messages(), others);

        let fine = gather([ready(Ok::<_, String>(1)), ready(Ok(2))]).await;
        assert_eq!(fine.ok(), Ok(vec![1, 2]));
        let one = gather([ready(Ok(1)), ready(Err("a"))]).await;
        assert_eq!(one.ok(), Err("a"));
        hook.assert_silent();
    });
}

#[test]
fn results_are_a_vec_in_all_but_name() {
    let mut results: Gathered<u8> = block_on(gather([1, 2, 3].map(ready)));
    assert_eq!(results.len(), 3);
    results[0] = 7;
    for result in &mut results {
        *result += 1;
    }
    assert_eq!((&results).into_iter().copied().max(), Some(8));
    assert_eq!(results, vec![8, 3, 4]);
    assert_eq!(results, results.clone());
    assert_eq!(format!("{results:?}"), "Gathered([8, 3, 4])");
    assert_eq!(Vec::from(results.clone()), results.clone().into_vec());
    assert_eq!(results.into_iter().collect::<Vec<_>>(), [8, 3, 4]);
}

#[test]
fn what_becomes_a_future_will_do() {
    struct Request(u8);
    impl IntoFuture for Request {
        type Output = u8;
        type IntoFuture = Ready<u8>;

        fn into_future(self) -> Ready<u8> {
            ready(self.0)
        }
    }
    block_on(async {
        assert_eq!(gather([Request(1), Request(2)]).await, [1, 2]);
        assert_eq!(gather((Request(1), ready('b'))).await, (1, 'b'));
    });
}

#[test]
fn g3_a_limit_bounds_how_many_there_are() {
    explore(|| async {
        let start = Instant::now();
        let (pulled, ended) = (Counter::new(), Counter::new());
        let sleeper = |number: u64| {
            pulled.add();
            assert!(pulled.get() - ended.get() <= 3, "too many are there");
            let ended = &ended;
            async move {
                sleep(ms(1000)).await;
                ended.add();
                number
            }
        };
        let results = gather((0..9).map(sleeper)).limit(3).await;
        assert!(results.iter().copied().eq(0..9));
        assert_eq!(start.elapsed(), ms(3000));
    });
}

#[test]
fn g3_an_endless_iterator_of_which_ten_are_wanted() {
    explore(|| async {
        let (pulled, start) = (Counter::new(), Instant::now());
        let endless = (0_u64..).map(|number| {
            pulled.add();
            after(1000 + number % 2, number)
        });
        let results = gather(endless.take(10)).limit(3).await;
        assert!(results.iter().copied().eq(0..10));
        assert_eq!(pulled.get(), 10);
        assert!(start.elapsed() >= ms(4000));
    });
}

#[test]
fn g3_a_dropped_gather_has_pulled_no_more_than_its_limit() {
    let (pulled, dropped) = (Counter::new(), Counter::new());
    let endless = (0..).map(|number| {
        pulled.add();
        let guard = dropped.guard();
        async move {
            let _guard = guard;
            if number >= 5 {
                pending::<()>().await;
            }
            number
        }
    });
    let mut future = Manual::new(gather(endless).limit(3));
    future.poll_pending();
    assert_eq!((pulled.get(), dropped.get()), (8, 5));
    future.poll_pending();
    assert_eq!(pulled.get(), 8);
    drop(future);
    assert_eq!(dropped.get(), 8);
}

#[test]
#[should_panic(expected = "with a limit of 0 no future would ever run")]
fn a_limit_of_zero_is_refused() {
    drop(gather([ready(1)]).limit(0));
}

#[test]
fn nothing_is_pulled_before_the_first_poll() {
    let pulled = Counter::new();
    let futures = (0..3).map(|number| {
        pulled.add();
        ready(number)
    });
    let future = gather(futures);
    assert_eq!(pulled.get(), 0);
    assert_eq!(block_on(future), [0, 1, 2]);
}

#[test]
fn one_poll_does_not_go_on_for_ever() {
    let (pulled, polls) = (Counter::new(), Counter::new());
    let endless = (0..).map(|number: u64| {
        pulled.add();
        Polls::new(&polls, ready(number))
    });
    let mut future = Manual::new(gather(endless));
    for turn in 1..=3 {
        future.poll_pending();
        assert_eq!(future.wakes.count(), turn);
        assert_eq!(polls.get(), turn * 64);
        assert!(pulled.get() <= polls.get() + turn);
    }
}

#[test]
fn as_many_as_fit_into_one_poll_are_ready_in_one() {
    let mut future = Manual::new(gather((0..64).map(ready)));
    assert_eq!(future.poll_ready().len(), 64);
}

#[test]
fn a_wake_costs_one_poll() {
    const MANY: usize = 100_000;
    let polls = Counter::new();
    let wakers = RefCell::new(Vec::new());
    let member = |number: usize| {
        let mut is_first = true;
        let wakers = &wakers;
        let future = poll_fn(move |cx| {
            if mem::replace(&mut is_first, false) {
                wakers.borrow_mut().push(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(number)
        });
        Polls::new(&polls, future)
    };
    let mut future = Manual::new(gather((0..MANY).map(member)));
    assert!(future.poll_while_woken().is_pending());
    assert_eq!(polls.get(), MANY);
    let wakes = future.wakes.count();
    wakers.borrow()[70_000].wake_by_ref();
    wakers.borrow()[70_000].wake_by_ref();
    assert_eq!(future.wakes.count(), wakes + 1);
    future.poll_pending();
    assert_eq!(polls.get(), MANY + 1);
    wakers.borrow()[70_000].wake_by_ref(); // of one that is gone
    assert!(future.poll_while_woken().is_pending());
    assert_eq!(polls.get(), MANY + 1);

    wakers.borrow().iter().for_each(Waker::wake_by_ref);
    let results = future.poll_while_woken();
    assert!(matches!(results, Poll::Ready(all) if all.iter().copied().eq(0..MANY)));
    assert_eq!(polls.get(), MANY * 2);
    drop(future);
    wakers.borrow().iter().for_each(Waker::wake_by_ref);
}

#[test]
fn each_is_freed_when_it_is_ready() {
    explore(|| async {
        let dropped = Counter::new();
        let member = |number: u64| {
            let guard = dropped.guard();
            async move {
                let _guard = guard;
                sleep(ms(number * 10)).await;
            }
        };
        let watch = async {
            for number in 1..=10 {
                sleep(ms(10)).await;
                yield_now().await;
                assert_eq!(dropped.get(), number);
            }
        };
        let (all, ()) = gather((gather((1..=10).map(member)), watch)).await;
        assert_eq!(all.len(), 10);
    });
}

#[test]
fn the_order_is_first_in_first_out_or_that_of_a_seed() {
    let order_of = |log: &Log| {
        let log = log.clone();
        async move {
            let member = |number: u32| {
                let log = &log;
                async move {
                    log.say(format!("{number}"));
                    yield_now().await;
                    log.say(format!("{number}"));
                }
            };
            let _ = gather((0..8).map(member)).await;
        }
    };
    let in_order: Vec<_> = (0..8).chain(0..8).map(|n: u32| n.to_string()).collect();
    let log = Log::new();
    block_on(order_of(&log));
    assert_eq!(log.take(), in_order);

    let mut shuffled = 0;
    smolio_test::explore(100, || {
        let log = log.clone();
        async move { order_of(&log).await }
    });
    for run in log.take().chunks(16) {
        shuffled += usize::from(run != in_order);
    }
    assert!(shuffled > 90, "{shuffled} of 100 seeds shuffle");
}

static NAME: ContextVar<&str> = ContextVar::new(|| "nobody");

#[test]
fn c3_members_share_the_variables_of_their_task() {
    explore(|| async {
        NAME.set("main").unwrap();
        let me = current_task().map(|task| task.id());
        let set_it = async {
            assert_eq!(NAME.get(), "main");
            sleep(ms(1)).await;
            NAME.set("member").unwrap();
        };
        let see_it = async {
            sleep(ms(2)).await;
            assert_eq!(NAME.get(), "member");
            current_task().map(|task| task.id())
        };
        let ((), who) = gather((set_it, see_it)).await;
        assert_eq!(who, me);
        assert_eq!(NAME.get(), "member");

        let members = (0..10).map(|number| async move {
            sleep(ms(number)).await;
            let names = ["even", "odd"];
            if number > 0 {
                assert_eq!(NAME.get(), names[(number as usize - 1) % 2]);
            }
            NAME.set(names[number as usize % 2]).unwrap();
            current_task().map(|task| task.id())
        });
        assert!(gather(members).await.iter().all(|who| *who == me));
        assert_eq!(NAME.get(), "odd");
    });
}

#[test]
fn members_of_members() {
    explore(|| async {
        let inner = |number: u64| gather((0..number).map(|n| after(n, n)));
        let sums = gather(
            (0..20).map(|number| async move { inner(number).await.into_iter().sum::<u64>() }),
        );
        let expected: Vec<u64> = (0..20).map(|number| (0..number).sum()).collect();
        assert_eq!(sums.await, expected);
    });
}

#[test]
fn futures_show_how_many_they_wait_for() {
    let mut future = gather([1, 2].map(|_| pending::<()>()));
    assert_eq!(format!("{future:?}"), "GatherIter { pending: 0, .. }");
    assert!(block_on(poll_once(&mut future)).is_none());
    assert_eq!(format!("{future:?}"), "GatherIter { pending: 2, .. }");
    assert_eq!(format!("{:?}", gather((ready(1),))), "GatherTuple { .. }");
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn polled_once_too_often() {
    let mut future = Manual::new(gather([ready(1)]));
    assert_eq!(future.poll_ready(), [1]);
    let _ = future.poll();
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn a_tuple_polled_once_too_often() {
    let mut future = Manual::new(gather((ready(1),)));
    assert_eq!(future.poll_ready(), (1,));
    let _ = future.poll();
}
