//! The latest of a value.

use std::sync::Arc;

use smolio_executor::{spawn, yield_now};
use smolio_sync::{TryChangedError, Watch};

use crate::support::{Wakes, explore};

#[test]
fn the_newest_value_is_seen_and_none_is_missed() {
    let (watch, wakes) = (Watch::new(0), Wakes::new());
    let mut receiver = watch.subscribe();
    assert_eq!(receiver.try_changed(), Err(TryChangedError::Unchanged));
    watch.set(1);
    watch.set(2);
    assert_eq!(*wakes.poll_ready(&mut receiver.changed()).unwrap(), 2);
    let mut changed = receiver.changed();
    wakes.poll_pending(&mut changed);
    watch.set(3);
    watch.set(4); // it has been woken for 3, and sees 4
    assert_eq!(wakes.count(), 1);
    assert_eq!(*wakes.poll_ready(&mut changed).unwrap(), 4);
    drop(changed);
    wakes.poll_pending(&mut receiver.changed());
}

#[test]
fn a_value_that_is_set_back_is_a_change_all_the_same() {
    let (watch, wakes) = (Watch::new(0), Wakes::new());
    let mut receiver = watch.subscribe();
    watch.set(1);
    watch.set(0);
    assert_eq!(*wakes.poll_ready(&mut receiver.changed()).unwrap(), 0);
}

#[test]
fn to_look_is_not_to_see() {
    let watch = Watch::new(0);
    let mut receiver = watch.subscribe();
    watch.set(1);
    assert_eq!((*receiver.get(), *watch.get()), (1, 1));
    assert_eq!(*receiver.try_changed().unwrap(), 1);
    assert!(receiver.try_changed().is_err());
}

#[test]
fn all_who_wait_are_told() {
    explore(|| async {
        let watch = Watch::new(0);
        let tasks = Vec::from_iter((0..5).map(|_| {
            let mut receiver = watch.subscribe();
            spawn(async move {
                let mut last = 0;
                while let Ok(value) = receiver.changed().await {
                    assert!(*value > last, "each only once, and none that is older");
                    last = *value;
                    yield_now().await;
                }
                last
            })
        }));
        for value in 1..=20 {
            watch.set(value);
            yield_now().await;
        }
        drop(watch);
        for task in tasks {
            assert_eq!(task.await, 20, "the last value is told before the end");
        }
    });
}

#[test]
fn the_end_comes_with_the_last_who_can_change_it() {
    let (watch, wakes) = (Watch::new(0), Wakes::new());
    let mut receiver = watch.subscribe();
    let other = watch.clone();
    let mut changed = receiver.changed();
    wakes.poll_pending(&mut changed);
    drop(watch);
    assert_eq!(wakes.count(), 0);
    other.set(1);
    drop(other);
    assert_eq!(wakes.count(), 1);
    assert_eq!(*wakes.poll_ready(&mut changed).unwrap(), 1);
    drop(changed);
    assert!(receiver.is_closed());
    let error = wakes.poll_ready(&mut receiver.changed()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot wait for a change: nobody can change the value any more"
    );
    assert_eq!(receiver.try_changed(), Err(TryChangedError::Closed));
    assert_eq!(*receiver.get(), 1);
}

#[test]
fn waits_until_the_predicate_is_true() {
    explore(|| async {
        let watch = Watch::new(5);
        let mut receiver = watch.subscribe();
        assert_eq!(*receiver.wait_for(|value| *value == 5).await.unwrap(), 5);
        let waiter = spawn(async move {
            let found = receiver
                .wait_for(|value| *value > 8)
                .await
                .map(|value| *value);
            (found, receiver.wait_for(|value| *value == 0).await.is_err())
        });
        for value in [6, 7, 8, 9] {
            watch.set(value);
            yield_now().await;
        }
        drop(watch);
        assert_eq!(waiter.await, (Ok(9), true));
    });
}

#[test]
fn dropped_half_way_it_has_seen_nothing() {
    let (watch, wakes) = (Watch::new(0), Wakes::new());
    let mut receiver = watch.subscribe();
    let mut changed = receiver.changed();
    wakes.poll_pending(&mut changed);
    watch.set(1);
    drop(changed);
    assert_eq!(*receiver.try_changed().unwrap(), 1);
}

#[test]
fn handles_are_counted() {
    let watch = Watch::new(0);
    let receiver = watch.subscribe();
    watch.set(1);
    let clone = receiver.clone();
    let stats = watch.clone().stats();
    assert_eq!(
        (stats.changes, stats.senders, stats.receivers, stats.waiters),
        (1, 2, 2, 0)
    );
    let mut clone = { clone };
    assert_eq!(
        *clone.try_changed().unwrap(),
        1,
        "it has not seen what the first has not"
    );
    drop((receiver, clone));
    let stats = watch.stats();
    assert_eq!((stats.senders, stats.receivers), (1, 0));
}

#[test]
fn whoever_has_a_value_can_keep_it() {
    let watch = Watch::new(String::from("a"));
    let old = watch.get();
    watch.set("b".into());
    assert_eq!(Arc::into_inner(old).unwrap(), "a");
}
