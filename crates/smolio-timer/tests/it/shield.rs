//! Timeouts around shielded scopes: row N10, as far as timeouts have a part in it.

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::Poll,
};

use smol::future::{or, yield_now, zip};
use smolio_context::{TaskContext, observe, report_shield, waits_of, watch_shields};
use smolio_timer::{
    Elapsed, TimeoutScope, driver::Driver, move_on_after, sleep, timeout, timeout_at, try_timeout,
};

use crate::harness::{Harness, Wakes, as_child, as_task, ms, seconds, shield, shield_and_more};

#[test]
fn n10_a_timeout_waits_for_the_shield_and_ends_the_body_right_after() {
    let harness = Harness::new();
    let deadline = harness.at(ms(10));
    type Body = Pin<Box<dyn Future<Output = bool>>>;
    fn elapsed(result: Result<(), Elapsed>) -> bool {
        result.is_err()
    }
    let bodies: [Body; 5] = [
        Box::pin(async move { elapsed(timeout(ms(10), shield_and_more()).await) }),
        Box::pin(async move { elapsed(timeout_at(deadline, shield_and_more()).await) }),
        Box::pin(async { move_on_after(ms(10), shield_and_more()).await.is_none() }),
        Box::pin(async {
            let body = async {
                shield_and_more().await;
                std::io::Result::Ok(())
            };
            try_timeout(ms(10), body).await.is_err()
        }),
        Box::pin(async {
            let scope = TimeoutScope::after(ms(10));
            elapsed(scope.run(shield_and_more()).await)
        }),
    ];
    for body in bodies {
        let start = harness.elapsed();
        assert!(harness.run(body));
        assert_eq!(harness.elapsed() - start, ms(30));
        assert!(harness.driver.is_empty());
    }
}

#[test]
fn n10_the_shields_own_timeout_fires_in_time() {
    let harness = Harness::new();
    let body = async {
        let inner = shield(timeout(ms(20), pending::<()>())).await;
        assert!(inner.is_err());
        assert_eq!(harness.elapsed(), ms(20));
        pending::<()>().await;
    };
    assert!(harness.run(timeout(ms(10), body)).is_err());
    assert_eq!(harness.elapsed(), ms(20));
}

#[test]
fn a_value_that_is_ready_when_the_shield_closes_wins() {
    let harness = Harness::new();
    let body = async {
        shield(sleep(ms(30))).await;
        7
    };
    assert_eq!(harness.run(timeout(ms(10), body)), Ok(7));
    assert_eq!(harness.elapsed(), ms(30));
}

#[test]
fn the_next_shield_counts_as_well() {
    let harness = Harness::new();
    let body = async {
        for _ in 0..3 {
            shield(sleep(ms(10))).await;
        }
        // Never gets here with a wait.
        yield_now().await;
        unreachable!("pending without a shield");
    };
    let result: Result<(), Elapsed> = harness.run(timeout(ms(5), body));
    assert!(result.is_err());
    assert_eq!(harness.elapsed(), ms(30));
}

#[test]
fn one_of_no_time_at_all_waits_for_it_too() {
    let harness = Harness::new();
    assert_eq!(harness.run(timeout(ms(0), shield(yield_now()))), Ok(()));
    assert!(harness.run(timeout(ms(0), shield_and_more())).is_err());
    assert_eq!(harness.elapsed(), ms(30));
}

#[test]
fn a_shield_that_is_closed_in_time_is_nothing() {
    let harness = Harness::new();
    assert!(harness.run(timeout(ms(40), shield_and_more())).is_err());
    assert_eq!(harness.elapsed(), ms(40));
}

/// While it waits for the shield it polls the body when that is woken, and never else.
#[test]
fn nobody_is_polled_for_nothing() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let release = Cell::new(false);
    let polls = Cell::new(0);
    let mut waiting = pin!(timeout(ms(10), async {
        shield(poll_fn(|_| {
            polls.set(polls.get() + 1);
            if release.get() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        }))
        .await;
        pending::<()>().await;
    }));
    wakes.poll_pending(&mut waiting.as_mut());
    assert_eq!(harness.advance(ms(10)), 1);
    assert_eq!(wakes.count(), 1);
    wakes.poll_pending(&mut waiting.as_mut());
    wakes.poll_pending(&mut waiting.as_mut());
    assert!(harness.driver.is_empty());
    assert_eq!((wakes.count(), polls.get()), (1, 3));
    release.set(true);
    assert!(wakes.poll_ready(&mut waiting.as_mut()).is_err());
    assert_eq!(polls.get(), 4);
}

#[test]
fn it_is_reported_to_those_around_the_timeout() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    for limit in [None, Some(ms(10))] {
        let mut waiting = Box::pin(timeout(limit, shield(sleep(ms(30)))));
        let mut poll = || watch_shields(|| wakes.poll(&mut waiting));
        assert_eq!(poll(), (Poll::Pending, true));
        harness.advance(ms(20));
        assert_eq!(poll(), (Poll::Pending, true));
        harness.advance(ms(10));
        assert_eq!(poll(), (Poll::Ready(Ok(())), false));
    }
    // Whoever is ready has nothing inside any more.
    let body = or(shield(pending()), async { 7 });
    let mut waiting = Box::pin(timeout(ms(10), body));
    let poll = watch_shields(|| wakes.poll(&mut waiting));
    assert_eq!(poll, (Poll::Ready(Ok(7)), false));
    // And what was reported before it still stands.
    let (poll, reported) = watch_shields(|| {
        report_shield();
        wakes.poll(&mut Box::pin(timeout(ms(10), async { 7 })))
    });
    assert_eq!((poll, reported), (Poll::Ready(Ok(7)), true));
}

#[test]
fn n10_through_a_child_of_a_group_but_not_through_a_task() {
    let harness = Harness::new();
    assert!(
        harness
            .run(timeout(ms(10), as_child(shield_and_more())))
            .is_err()
    );
    assert_eq!(harness.elapsed(), ms(30));
    assert!(
        harness
            .run(timeout(ms(10), as_task(shield_and_more())))
            .is_err()
    );
    assert_eq!(harness.elapsed(), ms(40));
}

// ---- how a shield closes -----------------------------------------------------------------------------------------------

/// It is open when it is polled, and gone by the end of the same poll, in which the body begins to wait for something else.
#[test]
fn a_shield_that_is_dropped_in_the_poll_that_it_was_reported_in() {
    let harness = Harness::new();
    let body = async {
        or(shield(pending()), sleep(ms(30))).await;
        pending::<()>().await;
    };
    assert!(harness.run(timeout(ms(10), body)).is_err());
    assert_eq!(harness.elapsed(), ms(30));
}

#[test]
fn a_shield_that_becomes_ready_in_the_poll_that_it_was_reported_in() {
    let harness = Harness::new();
    let body = async {
        let mut shield = pin!(shield(sleep(ms(30))));
        poll_fn(|cx| {
            let first = shield.as_mut().poll(cx);
            if first.is_pending() && harness.elapsed() == ms(10) {
                harness.advance(ms(20));
                return shield.as_mut().poll(cx);
            }
            first
        })
        .await;
        pending::<()>().await;
    };
    assert!(harness.run(timeout(ms(10), body)).is_err());
    assert_eq!(harness.elapsed(), ms(30));
}

#[test]
fn a_shield_that_somebody_else_drops() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let shared = Arc::new(Mutex::new(Some(shield(pending::<()>()))));
    let body = poll_fn(|cx| match &mut *shared.lock().unwrap() {
        Some(shield) => Pin::new(shield).poll(cx),
        None => Poll::Pending,
    });
    let mut waiting = timeout(ms(10), body);
    wakes.poll_pending(&mut waiting);
    harness.advance(ms(10));
    wakes.poll_pending(&mut waiting);
    assert_eq!(wakes.count(), 1);
    let dropped = shared.clone();
    std::thread::spawn(move || *dropped.lock().unwrap() = None)
        .join()
        .unwrap();
    assert_eq!(wakes.count(), 2);
    assert!(wakes.poll_ready(&mut waiting).is_err());
}

#[test]
fn a_body_that_is_never_out_of_work_is_ended_when_its_shield_closes() {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let task = TaskContext::root();
    let rounds = Cell::new(0);
    let mut busy = pin!(timeout(ms(0), async {
        shield(async {
            for _ in 0..1000 {
                sleep(ms(0)).await;
                rounds.set(rounds.get() + 1);
            }
        })
        .await;
        loop {
            sleep(ms(0)).await;
            rounds.set(rounds.get() + 1);
        }
    }));
    let result: Elapsed = loop {
        let before = wakes.count();
        match task.enter(|| wakes.poll(&mut busy.as_mut())) {
            Poll::Ready(Ok(())) => unreachable!("it has no end"),
            Poll::Ready(Err(elapsed)) => break elapsed,
            // For lack of budget, each time.
            Poll::Pending => assert!(wakes.count() > before),
        }
    };
    assert_eq!(result.limit(), Some(ms(0)));
    assert!(rounds.get() >= 1000 && rounds.get() < 1000 + 128);
    assert!(harness.driver.is_empty());
}

// ---- while it waits for the shield -------------------------------------------------------------------------------------

#[test]
fn a_scope_that_waits_for_a_shield_can_be_rescheduled() {
    for to in [None, Some(ms(60))] {
        let harness = Harness::new();
        let scope = TimeoutScope::after(ms(10));
        let handle = scope.handle();
        let body = async {
            shield(async {
                sleep(ms(30)).await;
                assert!(!handle.is_expired());
                handle.reschedule(to.map(|to| harness.at(to))).unwrap();
            })
            .await;
            sleep(ms(40)).await;
        };
        let result = harness.run(scope.run(body));
        assert_eq!(result.is_ok(), to.is_none());
        assert_eq!(harness.elapsed(), to.unwrap_or(ms(70)));
        assert_eq!(handle.is_expired(), to.is_some());
    }
}

/// It was armed in a turn of one loop, where it has fired; the other loop need not know of it.
#[test]
fn one_that_waits_for_a_shield_may_move_to_another_loop() {
    let first = Driver::new();
    let wakes = Wakes::new();
    let release = Cell::new(false);
    let mut waiting = pin!(timeout(ms(10), async {
        shield(poll_fn(|_| match release.get() {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }))
        .await;
        pending::<()>().await;
    }));
    {
        let _wheel = first.enter();
        let begin = smolio_context::Instant::now() - seconds(1);
        first.fire_and_begin_turn(begin);
        wakes.poll_pending(&mut waiting.as_mut());
        first.fire_and_begin_turn(begin);
        assert_eq!(first.fire(begin + ms(11)), 1);
        wakes.poll_pending(&mut waiting.as_mut());
    }
    let second = Driver::new();
    let _wheel = second.enter();
    wakes.poll_pending(&mut waiting.as_mut());
    assert!(second.is_empty());
    release.set(true);
    assert!(wakes.poll_ready(&mut waiting.as_mut()).is_err());
}

#[test]
fn says_that_it_waits_for_a_shield() {
    let harness = Harness::new();
    let _observation = observe();
    let wakes = Wakes::new();
    let task = TaskContext::root();
    let whats = || -> Vec<_> {
        let waits = waits_of(task.info().id()).into_iter();
        waits.map(|wait| wait.to_string()).collect()
    };
    let mut waiting = timeout(ms(10), shield(pending::<()>()));
    task.enter(|| wakes.poll_pending(&mut waiting));
    assert_eq!(whats(), ["timeout, 10 ms left"]);
    harness.advance(ms(10));
    task.enter(|| wakes.poll_pending(&mut waiting));
    assert_eq!(whats(), ["a shielded scope, in a timeout that has passed"]);
    let beside = pin!(timeout(ms(0), pending::<()>()));
    let mut both = pin!(timeout(ms(0), zip(waiting, beside)));
    task.enter(|| wakes.poll_pending(&mut both.as_mut()));
    assert_eq!(
        whats(),
        [
            "a shielded scope, in a timeout that has passed",
            "an enclosing timeout that has passed",
            "a shielded scope, in a timeout that has passed"
        ]
    );
}
