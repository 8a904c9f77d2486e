//! The deadline of a cancel scope is that of all its runs, however many there are, and whichever of them are dropped.

use std::future::{pending, ready};

use smolio_context::Instant;
use smolio_executor::{spawn, yield_now};
use smolio_task_group::{CancelScope, CancelToken, TaskGroup, gather};
use smolio_timer::sleep;

use crate::support::{Counter, Manual, Polls, explore, ms, panic_in, yields};

/// A scope, and a token that is its deadline when it is cancelled by `fire`.
fn scope_with_token() -> (CancelScope, Fire) {
    let source = CancelScope::new();
    let scope = CancelScope::new().cancel_at(source.cancelled());
    (scope, Fire(source))
}

struct Fire(CancelScope);

impl Fire {
    fn fire(&self) {
        self.0.cancel();
    }
}

#[test]
fn a_run_that_is_dropped_unpolled_does_not_take_it_along() {
    explore(|| async {
        let start = Instant::now();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        drop(scope.run(pending::<()>()));
        let unpolled = scope.run(pending::<()>());
        assert_eq!(scope.run(sleep(ms(1000))).await, None);
        assert_eq!(start.elapsed(), ms(10));
        assert_eq!(unpolled.await, None);
    });
}

#[test]
fn it_holds_for_the_second_run_when_the_first_was_done_before() {
    explore(|| async {
        let start = Instant::now();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        assert_eq!(scope.run(sleep(ms(3))).await, Some(()));
        assert_eq!(scope.run(sleep(ms(3))).await, Some(()));
        assert_eq!(scope.run(sleep(ms(1000))).await, None);
        assert_eq!(start.elapsed(), ms(10));
    });
}

#[test]
fn it_passes_while_nothing_runs() {
    explore(|| async {
        let polls = Counter::new();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        assert_eq!(scope.run(yields(3)).await, Some(()));
        sleep(ms(20)).await;
        assert!(!scope.is_cancelled());
        assert_eq!(scope.run(Polls::new(&polls, ready(()))).await, None);
        assert_eq!(polls.get(), 0);
    });
}

#[test]
fn it_ends_all_runs_whichever_of_them_ended_before() {
    explore(|| async {
        let start = Instant::now();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        let runs = [1, 1000, 2, 1000, 3].map(|time| scope.run(sleep(ms(time))));
        let ended = gather(runs).await.into_vec();
        assert_eq!(ended, [Some(()), None, Some(()), None, Some(())]);
        assert_eq!(start.elapsed(), ms(10));
    });
}

#[test]
fn a_run_in_another_task_takes_it_over() {
    explore(|| async {
        let start = Instant::now();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        let others = [1000, 2000].map(|time| spawn(scope.run(sleep(ms(time)))));
        assert_eq!(scope.run(sleep(ms(5))).await, Some(()));
        for other in others {
            assert_eq!(other.await, None);
        }
        assert_eq!(start.elapsed(), ms(10));
    });
}

#[test]
fn whoever_takes_it_over_and_is_dropped_hands_it_on() {
    // Of four runs the first has the deadline. Two of them go, before or after they have been woken for it.
    for gone in 1..4 {
        for before in [true, false] {
            let (scope, deadline) = scope_with_token();
            let mut runs = Vec::from_iter((0..4).map(|_| {
                let mut run = Manual::new(scope.run(pending::<()>()));
                run.poll_pending();
                Some(run)
            }));
            if before {
                runs[gone] = None;
            }
            runs[0] = None;
            runs[gone] = None;
            let mut left = Vec::from_iter(runs.into_iter().flatten());
            let woken = Vec::from_iter(left.iter().map(|run| run.wakes.count()));
            assert_eq!(woken, [1, 0], "{gone} has gone, before: {before}");
            // One of them polls it, and all hear of it.
            left[0].poll_pending();
            deadline.fire();
            assert_eq!(left[0].poll_ready(), None);
            assert_eq!(left[1].wakes.count(), 1);
            assert_eq!(left[1].poll_ready(), None);
        }
    }
}

#[test]
fn a_run_that_is_over_keeps_nothing() {
    let (scope, deadline) = scope_with_token();
    let mut first = Manual::new(scope.run(ready(1)));
    assert_eq!(first.poll_ready(), Some(1));
    let mut second = Manual::new(scope.run(pending::<()>()));
    second.poll_pending();
    deadline.fire();
    assert_eq!((first.wakes.count(), second.wakes.count()), (0, 1));
    assert_eq!(second.poll_ready(), None);
}

#[test]
fn another_one_is_for_later_runs() {
    let (scope, first_deadline) = scope_with_token();
    let mut first = Manual::new(scope.run(pending::<()>()));
    first.poll_pending();
    let second_deadline = Fire(CancelScope::new());
    let scope = scope.cancel_at(second_deadline.0.cancelled());
    drop(first);
    first_deadline.fire();
    let mut second = Manual::new(scope.run(pending::<()>()));
    second.poll_pending();
    second_deadline.fire();
    assert_eq!(second.wakes.count(), 1);
    assert_eq!(second.poll_ready(), None);
}

#[test]
fn one_that_has_panicked_is_never_polled_again() {
    explore(|| async {
        let scope = CancelScope::new().cancel_at(async {
            yield_now().await;
            panic!("in the deadline");
        });
        assert_eq!(
            panic_in(scope.run(pending::<()>())).await,
            "in the deadline"
        );
        assert_eq!(scope.run(yields(3)).await, Some(()));
    });
}

#[test]
fn it_is_dropped_with_the_scope() {
    let dropped = Counter::new();
    let guard = dropped.guard();
    let scope = CancelScope::new().cancel_at(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let mut run = Manual::new(scope.run(pending::<()>()));
    run.poll_pending();
    drop(scope);
    assert_eq!(dropped.get(), 0);
    drop(run);
    assert_eq!(dropped.get(), 1);
}

#[test]
fn children_of_a_group_share_it() {
    explore(|| async {
        let start = Instant::now();
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        let token: CancelToken = scope.cancelled();
        let group = TaskGroup::infallible();
        let ended = group
            .run_value(async {
                let short = group.spawn_value(scope.run(sleep(ms(1))));
                let long = group.spawn_value(scope.run(sleep(ms(1000))));
                (short.await, long.await)
            })
            .await;
        assert_eq!(ended, Ok((Some(()), None)));
        assert!(token.is_cancelled());
        assert_eq!(start.elapsed(), ms(10));
    });
}
