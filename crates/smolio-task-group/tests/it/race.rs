//! `race`: who wins, who is dropped, and who lives on.

use std::{
    cell::RefCell,
    future::{Ready, pending, poll_fn, ready},
    pin::pin,
    task::{Poll, Waker},
};

use futures_lite::future::block_on;
use smolio_context::Instant;
use smolio_executor::yield_now;
use smolio_task_group::{EmptyRace, Or2, Or3, Or16, race};
use smolio_timer::sleep;

use crate::support::{Counter, Log, Manual, Polls, explore, ms};

async fn after<T>(millis: u64, value: T) -> T {
    sleep(ms(millis)).await;
    value
}

#[test]
fn a2_of_two_that_are_ready_the_first_argument_wins() {
    explore(|| async {
        assert_eq!(race((ready('a'), ready("b"))).await, Or2::A('a'));
        assert_eq!(
            race((pending::<()>(), ready("b"), ready(3))).await,
            Or3::B("b")
        );
        assert_eq!(race([ready(1), ready(2)]).await, Ok((0, 1)));
        // Both timers fire in the same turn of the loop.
        assert_eq!(race((after(10, 'a'), after(10, 'b'))).await, Or2::A('a'));
        let many = (0..50).map(|number| after(10, number));
        assert_eq!(race(many).await, Ok((0, 0)));
    });
}

#[test]
fn a2_the_first_argument_wins_whatever_the_order_of_the_wakes() {
    smolio_test::explore(100, || async {
        let wakers = RefCell::new(Vec::<Waker>::new());
        let member = |number: usize| {
            let wakers = &wakers;
            let mut is_first = true;
            poll_fn(move |cx| {
                if std::mem::take(&mut is_first) {
                    wakers.borrow_mut().push(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(number)
            })
        };
        let mut future = Manual::new(race((0..10).map(member)));
        future.poll_pending();
        assert_eq!(wakers.borrow().len(), 10);
        for index in [7, 9, 4, 8] {
            wakers.borrow()[index].wake_by_ref();
        }
        assert_eq!(future.poll_ready(), Ok((4, 4)));
    });
}

#[test]
fn all_are_polled_once_in_their_order_before_one_is_polled_again() {
    let log = Log::new();
    smolio_test::explore(100, || async {
        let member = |number: usize| {
            let log = &log;
            async move {
                log.say(number.to_string());
                yield_now().await;
                log.say(number.to_string());
                if number < 2 {
                    pending::<()>().await;
                }
                number
            }
        };
        assert_eq!(race((0..4).map(member)).await, Ok((2, 2)));
        assert_eq!(log.take(), ["0", "1", "2", "3", "0", "1", "2"]);
        let tuple = (member(0), member(1), member(2), member(3));
        assert!(matches!(race(tuple).await, smolio_task_group::Or4::C(2)));
        assert_eq!(log.take(), ["0", "1", "2", "3", "0", "1", "2"]);
    });
}

#[test]
fn a2_the_loser_lives_on_if_it_was_lent() {
    explore(|| async {
        let start = Instant::now();
        let mut slow = pin!(after(30, "slow"));
        let fast = race((&mut slow, after(10, "fast"))).await;
        assert_eq!(fast, Or2::B("fast"));
        let next = race([slow.as_mut()]).await;
        assert_eq!(next, Ok((0, "slow")));
        assert_eq!(start.elapsed(), ms(30));

        // In a loop: the same future is raced again and again.
        let mut stop = pin!(after(35, ()));
        let mut ticks = 0;
        while let Or2::B(()) = race((&mut stop, sleep(ms(10)))).await {
            ticks += 1;
        }
        assert_eq!(ticks, 3);
    });
}

#[test]
fn losers_drop_at_once_in_their_order() {
    let log = Log::new();
    let loser = |name: &str| {
        let guard = log.on_drop(name);
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    let mut tuple = Manual::new(race((loser("a"), ready(1), loser("b"))));
    assert_eq!(tuple.poll_ready(), Or3::<(), _, ()>::B(1));
    assert_eq!(log.take(), ["a", "b"]);

    let wins = |name: &str| {
        let guard = log.on_drop(name);
        Box::pin(async move {
            let _guard = guard;
        })
    };
    let members: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> =
        vec![Box::pin(loser("a")), wins("b"), Box::pin(loser("c"))];
    let mut many = Manual::new(race(members));
    assert_eq!(many.poll_ready(), Ok((1, ())));
    assert_eq!(log.take(), ["b", "a", "c"]);
}

#[test]
fn a_wake_costs_one_poll() {
    let polls = Counter::new();
    let wakers = RefCell::new(Vec::<Waker>::new());
    let member = |_| {
        let wakers = &wakers;
        let future = poll_fn(move |cx| {
            wakers.borrow_mut().push(cx.waker().clone());
            Poll::<()>::Pending
        });
        Polls::new(&polls, future)
    };
    let mut future = Manual::new(race((0..1000).map(member)));
    assert!(future.poll_while_woken().is_pending());
    assert_eq!(polls.get(), 1000);
    wakers.borrow()[700].wake_by_ref();
    assert_eq!(polls.get(), 1000);
    assert!(future.poll_while_woken().is_pending());
    assert_eq!(polls.get(), 1001);
}

#[test]
fn nobody_can_win_an_empty_race() {
    let nobody: [Ready<u8>; 0] = [];
    let error: EmptyRace = block_on(race(nobody)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot race: the iterator gave no future"
    );
    let error = anyhow::Error::from(error);
    assert!(error.is::<EmptyRace>());
}

#[test]
fn sixteen_can_race() {
    let never = pending::<()>;
    #[rustfmt::skip]
    let winner = block_on(race((
        never(), never(), never(), never(), never(), never(), never(), never(),
        never(), never(), never(), never(), never(), never(), never(), ready(16),
    )));
    assert_eq!(winner, Or16::P(16));
    assert_eq!(format!("{winner:?}"), "P(16)");
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn polled_once_too_often() {
    let mut future = Manual::new(race((ready(1), ready(2))));
    assert_eq!(future.poll_ready(), Or2::A(1));
    let _ = future.poll();
}

#[test]
#[should_panic(expected = "polled after it was ready")]
fn an_iterator_polled_once_too_often() {
    let mut future = Manual::new(race([ready(1)]));
    assert_eq!(future.poll_ready(), Ok((0, 1)));
    let _ = future.poll();
}
