//! `try_spawn` gives the future back, or the group has taken it: nothing is lost when the group ends at that very moment.
//!
//! The moment is the one in which the group asks for the child's future: what happens in `into_future` here happens on
//! another thread in real life.

use std::{
    cell::RefCell,
    future::{IntoFuture, Ready, pending, ready},
};

use smolio_task_group::{ChildError, LocalSpawner, LocalTaskGroup, TaskGroup};

use crate::support::{Hook, Manual, explore, panic_of, yields};

/// Becomes a future of `()`, and does something on this occasion.
struct Becoming<D>(D);

impl<D: FnOnce()> IntoFuture for Becoming<D> {
    type Output = ();
    type IntoFuture = Ready<()>;

    fn into_future(self) -> Ready<()> {
        (self.0)();
        ready(())
    }
}

#[test]
fn it_is_refused_before_it_has_become_a_future() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let run = group.run_until_cancelled(async {
            group.cancel_with_grace(yields(3));
            let never = || panic!("refused, and yet made a future of");
            for refused in [
                group.try_spawn(Becoming(never)),
                group.spawner().try_spawn(Becoming(never)),
            ] {
                let given_back = refused.unwrap_err().into_inner();
                assert_eq!(panic_of(given_back.0), "refused, and yet made a future of");
            }
            Ok(())
        });
        assert_eq!(run.await.unwrap(), Some(()));
    });
}

#[test]
fn the_group_is_cancelled_meanwhile() {
    explore(|| async {
        let group = TaskGroup::infallible();
        group
            .run_until_cancelled(async {
                let child = group.try_spawn(Becoming(|| group.cancel())).unwrap();
                // It was in before that, and goes with the others.
                assert!(!child.is_finished());
                pending::<Result<(), _>>().await
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_grace_begins_meanwhile() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let spawner = group.spawner();
        group
            .run_value(async {
                let cancel = || group.cancel_with_grace(pending());
                let child = spawner.try_spawn(Becoming(cancel)).unwrap();
                assert_eq!(child.join().await, Ok(()));
            })
            .await
            .unwrap();
    });
}

#[test]
fn the_run_would_be_over_meanwhile() {
    for by_spawner in [true, false] {
        let group = LocalTaskGroup::infallible();
        let run = RefCell::new(Manual::new(group.run_value(ready("value"))));
        let becoming = Becoming(|| {
            let mut run = run.borrow_mut();
            // It waits for the child, and does not ask again and again whether it is there.
            run.poll_pending();
            run.poll_pending();
            assert_eq!(run.wakes.count(), 0);
        });
        let child = if by_spawner {
            group.spawner().try_spawn(becoming)
        } else {
            group.try_spawn(becoming)
        }
        .unwrap();
        let mut run = run.into_inner();
        assert_eq!(run.wakes.count(), 1);
        assert_eq!(run.poll_ready(), Ok("value"));
        let mut end = Manual::new(child.join());
        assert_eq!(end.poll_ready(), Ok(()));
    }
}

#[test]
fn it_panics_meanwhile() {
    let group = LocalTaskGroup::infallible();
    let run = RefCell::new(Manual::new(group.run_value(ready("value"))));
    let becoming = Becoming(|| {
        run.borrow_mut().poll_pending();
        panic!("no future");
    });
    assert_eq!(panic_of(|| group.try_spawn(becoming).is_ok()), "no future");
    let mut run = run.into_inner();
    // Nobody comes any more.
    assert_eq!(run.wakes.count(), 1);
    assert_eq!(run.poll_ready(), Ok("value"));
}

#[test]
fn the_run_is_dropped_meanwhile() {
    let hook = Hook::install();
    let group = LocalTaskGroup::infallible();
    let run = RefCell::new(Some(Manual::new(group.run_value(pending::<()>()))));
    run.borrow_mut().as_mut().unwrap().poll_pending();
    let child = group.try_spawn(Becoming(|| *run.borrow_mut() = None));
    let mut end = Manual::new(child.unwrap().join());
    assert_eq!(end.poll_ready(), Err(ChildError::Cancelled));
    assert_eq!(group.stats().alive, 0);
    hook.assert_silent();
}

#[test]
fn the_group_is_dropped_meanwhile() {
    let group = RefCell::new(Some(LocalTaskGroup::infallible()));
    let spawner: LocalSpawner<'_> = group.borrow().as_ref().unwrap().spawner();
    let child = spawner.try_spawn(Becoming(|| *group.borrow_mut() = None));
    let mut end = Manual::new(child.unwrap().join());
    assert_eq!(end.poll_ready(), Err(ChildError::Cancelled));
    let refused = spawner.try_spawn(ready(())).unwrap_err();
    assert_eq!(Manual::new(refused.into_inner()).poll_ready(), ());
}
