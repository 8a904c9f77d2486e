//! A shielded scope inside of futures that run at the same time: whoever wants to be rid of all of them waits for it, also when
//! it is others of them that are polled meanwhile.

use std::future::{Future, pending};

use smolio_context::Instant;
use smolio_executor::spawn;
use smolio_task_group::{CancelScope, TaskGroup};
use smolio_timer::{sleep, timeout};

use crate::support::{KINDS, Log, Member, explore, ms};

/// The first has a shield open until 100 ms, the second is polled all the time, the others stand for those that are not.
fn members(log: &Log) -> [Member<'static>; 4] {
    let shielded = {
        let log = log.clone();
        async move {
            let work = async {
                sleep(ms(100)).await;
                log.say("closed");
            };
            CancelScope::new().shielded().run(work).await;
            log.say("between");
            sleep(ms(1000)).await;
            log.say("never");
            Ok(0)
        }
    };
    let ticking = async {
        loop {
            sleep(ms(9)).await;
        }
    };
    let quiet = || async { pending().await };
    [
        Box::pin(shielded),
        Box::pin(ticking),
        Box::pin(quiet()),
        Box::pin(quiet()),
    ]
}

async fn is_held_up<F: Future<Output = ()>>(
    end_at_10: impl Fn(crate::support::Kind<'static>) -> F,
) {
    for (name, make) in KINDS {
        let (start, log) = (Instant::now(), Log::new());
        end_at_10(make(members(&log))).await;
        assert_eq!(start.elapsed(), ms(100), "{name}");
        assert_eq!(log.take(), ["closed", "between"], "{name}");
    }
}

#[test]
fn a_scope_waits_for_the_shield_of_a_member() {
    explore(|| {
        is_held_up(|future| async {
            let scope = CancelScope::new().cancel_at(sleep(ms(10)));
            assert_eq!(scope.run(future).await, None);
        })
    });
}

#[test]
fn a_timeout_waits_for_the_shield_of_a_member() {
    explore(|| {
        is_held_up(|future| async {
            assert!(timeout(ms(10), future).await.is_err());
        })
    });
}

#[test]
fn a_group_waits_for_the_shield_of_a_member() {
    for (name, _) in KINDS {
        explore(|| async {
            let (start, log) = (Instant::now(), Log::new());
            let make = KINDS.iter().find(|kind| kind.0 == name).unwrap().1;
            let group = smolio_task_group::LocalTaskGroup::<&str>::new();
            let result = group.run(async {
                group.spawn_value(make(members(&log)));
                sleep(ms(10)).await;
                Err::<(), _>("over")
            });
            assert_eq!(result.await.unwrap_err().into_first(), Some("over"));
            assert_eq!(start.elapsed(), ms(100), "{name}");
            assert_eq!(log.take(), ["closed", "between"], "{name}");
        });
    }
}

/// The member with the shield goes, another one closes the scope, and the set is not held up for ever.
#[test]
fn a_member_that_ends_takes_its_shield_along() {
    explore(|| async {
        let start = Instant::now();
        let shielded = CancelScope::new().shielded();
        let members: [Member<'_>; 2] = [
            Box::pin(async {
                shielded.run(sleep(ms(50))).await;
                Ok(0)
            }),
            Box::pin(pending()),
        ];
        let gathered = smolio_task_group::gather(members);
        let scope = CancelScope::new().cancel_at(sleep(ms(10)));
        assert!(scope.run(gathered).await.is_none());
        assert_eq!(start.elapsed(), ms(50));
    });
}

#[test]
fn without_a_shield_they_are_dropped_at_once() {
    explore(|| async {
        for (name, make) in KINDS {
            let (start, log) = (Instant::now(), Log::new());
            let members = [0, 1, 2, 3].map(|index: usize| -> Member<'_> {
                let guard = log.on_drop(index.to_string());
                Box::pin(async move {
                    let _guard = guard;
                    CancelScope::new().shielded().run(sleep(ms(5))).await;
                    sleep(ms(1000)).await;
                    Ok(index)
                })
            });
            let scope = CancelScope::new();
            let canceller = spawn({
                let scope = scope.clone();
                async move {
                    sleep(ms(10)).await;
                    scope.cancel();
                }
            });
            assert_eq!(scope.run(make(members)).await, None);
            canceller.await;
            assert_eq!(start.elapsed(), ms(10), "{name}");
            assert_eq!(log.take(), ["0", "1", "2", "3"], "{name}");
        }
    });
}

/// What a member leaves to be waited for goes to the group around the set.
#[test]
fn the_clean_ups_of_members_are_waited_for_by_the_group() {
    explore(|| async {
        let (start, log) = (Instant::now(), Log::new());
        let group = TaskGroup::<&str>::new();
        let result = group.run(async {
            let members = (0..3_u64).map(|index| {
                let log = log.clone();
                smolio_executor::finally(pending::<()>(), async move {
                    sleep(ms(10 * (index + 1))).await;
                    log.say(index.to_string());
                })
            });
            group.spawn(async {
                let _ = smolio_task_group::gather(members).await;
            });
            sleep(ms(5)).await;
            Err::<(), _>("over")
        });
        assert_eq!(result.await.unwrap_err().into_first(), Some("over"));
        assert_eq!(start.elapsed(), ms(35));
        assert_eq!(log.take(), ["0", "1", "2"]);
    });
}
