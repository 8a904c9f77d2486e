//! `try_spawn` gives the future back, or the group has taken it: nothing is lost when the group ends at that very moment.
//!
//! What other threads do meanwhile is done here by the `into_future` of what is spawned; and see `stress.rs`.

use std::{
    cell::RefCell,
    fmt,
    future::{IntoFuture, Ready, pending, ready},
};

use smolio_task_group::{ChildError, LocalSpawner, LocalTaskGroup, SpawnError, TaskGroup};

use crate::support::{Hook, Manual, explore, yields};

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

/// What was given back is the future, unpolled.
fn given_back<T: fmt::Debug>(spawned: Result<T, SpawnError<Ready<()>>>) {
    let future = spawned.unwrap_err().into_inner();
    assert_eq!(Manual::new(future).poll_ready(), ());
}

#[test]
fn a_group_in_its_grace_gives_it_back() {
    explore(|| async {
        let group = TaskGroup::infallible();
        let run = group.run_until_cancelled(async {
            group.cancel_with_grace(yields(3));
            for refused in [
                group.try_spawn(ready(())),
                group.spawner().try_spawn(ready(())),
            ] {
                given_back(refused);
            }
            Ok(())
        });
        assert_eq!(run.await.unwrap(), Some(()));
    });
}

#[test]
fn a_group_that_is_cancelled_meanwhile_gives_it_back() {
    explore(|| async {
        let group = TaskGroup::infallible();
        group
            .run_until_cancelled(async {
                let refused = group.try_spawn(Becoming(|| group.cancel_with_grace(pending())));
                refused.unwrap_err().into_inner().await;
                group.cancel();
                pending::<Result<(), _>>().await
            })
            .await
            .unwrap();
    });
}

#[test]
fn a_run_that_is_over_meanwhile_gives_it_back() {
    for by_spawner in [true, false] {
        let group = LocalTaskGroup::infallible();
        let run = RefCell::new(Manual::new(group.run_value(ready("value"))));
        let becoming = Becoming(|| assert_eq!(run.borrow_mut().poll_ready(), Ok("value")));
        let refused = if by_spawner {
            group.spawner().try_spawn(becoming)
        } else {
            group.try_spawn(becoming)
        };
        given_back(refused);
    }
}

#[test]
fn a_run_that_is_dropped_meanwhile_gives_it_back() {
    let hook = Hook::install();
    let group = LocalTaskGroup::infallible();
    let run = RefCell::new(Some(Manual::new(group.run_value(pending::<()>()))));
    run.borrow_mut().as_mut().unwrap().poll_pending();
    let refused = group.try_spawn(Becoming(|| *run.borrow_mut() = None));
    given_back(refused);
    assert_eq!(group.stats().alive, 0);
    // Whoever has it back is told: it is no news for the hook.
    hook.assert_silent();
}

#[test]
fn a_group_that_is_dropped_meanwhile_gives_it_back() {
    let group = RefCell::new(Some(LocalTaskGroup::infallible()));
    let spawner: LocalSpawner<'_> = group.borrow().as_ref().unwrap().spawner();
    let refused = spawner.try_spawn(Becoming(|| *group.borrow_mut() = None));
    given_back(refused);
}

#[test]
fn what_was_taken_goes_with_the_others() {
    let group = LocalTaskGroup::infallible();
    let child = group.try_spawn(pending::<()>()).unwrap();
    let mut run = Manual::new(group.run_value(pending::<()>()));
    run.poll_pending();
    drop(run);
    let mut end = Manual::new(child.join());
    assert_eq!(end.poll_ready(), Err(ChildError::Cancelled));
}
