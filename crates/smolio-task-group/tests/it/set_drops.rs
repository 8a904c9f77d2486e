//! What becomes of the futures that run at the same time when all of it is dropped, or one of them panics, or when one that is
//! dropped does.

use std::{
    collections::BTreeMap,
    future::{pending, poll_fn, ready},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Mutex,
    task::{Poll, Waker},
    thread,
};

use smolio_context::UnhandledKind;
use smolio_executor::yield_now;
use smolio_task_group::{All, FirstCompleted, WaitSet, as_completed, gather, race, wait};

use crate::support::{Hook, KINDS, Log, Manual, Member, explore, panic_of};

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(self.0)); // as a panic, but without a message
    }
}

/// Yields so many times, and says when it is dropped.
fn member<'a>(log: &Log, index: usize, yields: usize) -> Member<'a> {
    let guard = log.on_drop(index.to_string());
    Box::pin(async move {
        let _guard = guard;
        for _ in 0..yields {
            yield_now().await;
        }
        Ok(index)
    })
}

#[test]
fn g2_all_drop_in_their_order_wherever_it_is_dropped() {
    explore(|| async {
        for (name, make) in KINDS {
            for polls in 0..8 {
                let log = Log::new();
                let yields = [3, 1, 5, 2];
                let members = [0, 1, 2, 3].map(|index| member(&log, index, yields[index]));
                let mut future = Manual::new(make(members));
                let mut is_over = false;
                for _ in 0..polls {
                    is_over = is_over || future.poll().is_ready();
                }
                let ended = log.take();
                drop(future);
                let dropped = log.take();
                assert!(dropped.is_sorted(), "{name}: {dropped:?}");
                assert!(!is_over || dropped.is_empty(), "{name}");
                let mut all = [ended, dropped].concat();
                all.sort_unstable();
                assert_eq!(all, ["0", "1", "2", "3"], "{name}, {polls} polls");
            }
        }
    });
}

#[test]
fn g2_a_panic_drops_the_rest_and_resumes_and_further_ones_reach_the_hook() {
    let hook = Hook::install();
    explore(|| async {
        for (name, make) in KINDS {
            let log = Log::new();
            let panicking: Member<'_> = Box::pin(async {
                let _guard = log.on_drop("1");
                yield_now().await;
                resume_unwind(Box::new("the member"));
            });
            let bomb = |text| -> Member<'_> {
                let (guard, bomb) = (log.on_drop(text), Bomb(text));
                Box::pin(async move {
                    let (_guard, _bomb) = (guard, bomb);
                    pending().await
                })
            };
            let members = [member(&log, 0, usize::MAX), panicking, bomb("2"), bomb("3")];
            let mut future = Manual::new(make(members));
            let panic = panic_of(|| while future.poll().is_pending() {});
            assert_eq!(panic, "the member", "{name}");
            assert_eq!(log.take(), ["1", "0", "2", "3"], "{name}");
            let told = ["2", "3"].map(|text| (UnhandledKind::Panic, text.to_string()));
            let mut messages = hook.take_messages();
            messages.sort_by(|(_, a), (_, b)| a.cmp(b));
            assert_eq!(messages, told, "{name}");
            drop(future);
            hook.assert_silent();
        }
    });
}

/// Four of which two panic when they are dropped.
fn bombs(log: &Log) -> [Member<'static>; 4] {
    [0, 1, 2, 3].map(|index| {
        let guard = log.on_drop(index.to_string());
        let bomb = (index % 2 == 1).then(|| Bomb(["", "one", "", "three"][index]));
        let future = async move {
            let (_guard, _bomb) = (guard, bomb);
            pending().await
        };
        Box::pin(future) as Member<'_>
    })
}

#[test]
fn destructors_that_panic_do_not_keep_the_others_from_running() {
    let hook = Hook::install();
    for (name, make) in KINDS {
        // An iterator that was not asked yet has the futures still, and if two of them panic when it is dropped, std ends the
        // process.
        let has_them = ["tuple", "race", "wait"]
            .iter()
            .any(|kind| name.contains(kind));
        for polls in usize::from(!has_them)..=1 {
            let log = Log::new();
            let mut future = Manual::new(make(bombs(&log)));
            (0..polls).for_each(|_| future.poll_pending());
            let panic = panic_of(|| drop(future));
            assert_eq!(panic, "one", "{name}");
            assert_eq!(log.take(), ["0", "1", "2", "3"], "{name}");
            let told = [(UnhandledKind::Panic, "three".to_string())];
            assert_eq!(hook.take_messages(), told, "{name}");
        }
    }
}

#[test]
fn dropped_by_a_panic_all_of_theirs_reach_the_hook() {
    let hook = Hook::install();
    for (name, make) in KINDS {
        let log = Log::new();
        let mut future = Manual::new(make(bombs(&log)));
        future.poll_pending();
        let panic = panic_of(|| {
            let _future = future;
            assert!(!thread::panicking());
            resume_unwind(Box::new("outside"));
        });
        assert_eq!(panic, "outside", "{name}");
        assert_eq!(log.take(), ["0", "1", "2", "3"], "{name}");
        let told = ["one", "three"].map(|text| (UnhandledKind::Panic, text.to_string()));
        assert_eq!(hook.take_messages(), told, "{name}");
    }
}

#[test]
fn a_loser_that_panics_when_it_is_dropped() {
    let hook = Hook::install();
    let log = Log::new();
    let members = |log: &Log| {
        let [a, b, _, d] = bombs(log);
        log.take();
        [a, b, Box::pin(ready(Ok(2))), d]
    };
    let [a, b, c, d] = members(&log);
    let mut tuple = Manual::new(race((a, b, c, d)));
    assert_eq!(panic_of(|| tuple.poll()), "one");
    assert_eq!(log.take(), ["0", "1", "3"]);
    assert_eq!(hook.take_one().message(), "three");
    let mut many = Manual::new(race(members(&log)));
    assert_eq!(panic_of(|| many.poll()), "one");
    assert_eq!(log.take(), ["0", "1", "3"]);
    assert_eq!(hook.take_one().message(), "three");
}

#[test]
fn an_iterator_that_panics() {
    let hook = Hook::install();
    let log = Log::new();
    let members = |log: &Log| {
        let log = log.clone();
        (0..).map(move |index| {
            assert!(index < 3, "no more of them");
            member(&log, index, 9)
        })
    };
    let mut gathered = Manual::new(gather(members(&log)));
    assert_eq!(panic_of(|| gathered.poll()), "no more of them");
    assert_eq!(log.take(), ["0", "1", "2"]);
    let mut values = as_completed(members(&log));
    assert_eq!(
        panic_of(|| Manual::new(values.next()).poll()),
        "no more of them"
    );
    assert_eq!(log.take(), ["0", "1", "2"]);
    // There is nothing more to come.
    assert_eq!(Manual::new(values.next()).poll_ready(), None);
    hook.assert_silent();
}

#[test]
fn the_results_of_a_set_outlive_the_panic_of_a_member() {
    let log = Log::new();
    let mut set = WaitSet::<Member<'_>>::new();
    set.push(member(&log, 0, 0));
    set.push(Box::pin(async { panic!("the member") }));
    set.push(member(&log, 2, 0));
    let panic = panic_of(|| Manual::new(wait(&mut set, All)).poll());
    assert_eq!(panic, "the member");
    assert_eq!(log.take(), ["0", "2"]);
    assert_eq!(set.len(), 1);
    set.push(member(&log, 3, 0));
    assert_eq!(
        Manual::new(wait(&mut set, FirstCompleted)).poll_ready(),
        [(0, Ok(0))]
    );
    assert_eq!(Manual::new(wait(&mut set, All)).poll_ready(), [(3, Ok(3))]);
}

#[test]
fn a_waker_outlives_its_set() {
    for (name, make) in KINDS {
        let kept = Mutex::new(BTreeMap::new());
        let (log, kept) = (Log::new(), &kept);
        let members = [0, 1, 2, 3].map(|index| -> Member<'_> {
            let guard = log.on_drop(index.to_string());
            Box::pin(async move {
                let _guard = guard;
                poll_fn(|cx| {
                    kept.lock().unwrap().insert(index, cx.waker().clone());
                    Poll::<()>::Pending
                })
                .await;
                Ok(index)
            })
        });
        let mut future = Manual::new(make(members));
        future.poll_pending();
        let wakers = kept.lock().unwrap().clone();
        wakers[&1].wake_by_ref();
        assert_eq!(future.wakes.count(), 1, "{name}");
        future.poll_pending();
        let wakes = future.into_wakes();
        kept.lock().unwrap().clear();
        assert_eq!(log.take().len(), 4, "{name}");
        let before = wakes.count();
        // A tuple's futures have clones of the waker itself.
        assert_eq!(
            wakes.clones(),
            if name.contains("tuple") { 4 } else { 0 },
            "{name}"
        );
        let late = thread::spawn(move || wakers.into_values().for_each(Waker::wake));
        late.join().unwrap();
        if !name.contains("tuple") {
            assert_eq!(wakes.count(), before, "{name}: nobody is there any more");
        }
    }
}

#[test]
fn members_may_wake_each_other_while_they_are_dropped() {
    struct WakeOnDrop(Waker);
    impl Drop for WakeOnDrop {
        fn drop(&mut self) {
            self.0.wake_by_ref();
        }
    }
    for (name, make) in KINDS {
        let members = [0, 1, 2, 3].map(|index| -> Member<'_> {
            Box::pin(async move {
                let waker = poll_fn(|cx| Poll::Ready(cx.waker().clone()));
                let _wake = WakeOnDrop(waker.await);
                if index == 2 {
                    yield_now().await;
                    return Ok(2);
                }
                pending().await
            })
        });
        let mut future = Manual::new(make(members));
        let result = catch_unwind(AssertUnwindSafe(|| future.poll_while_woken()));
        assert!(result.is_ok(), "{name}");
        drop(future);
    }
}
