//! What tasks wait for, while somebody looks.

use std::{
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use smolio_context::{
    CleanUp, Scoped, TaskContext, TaskId, VirtualClock, all_waits, is_observed, observe,
    waiting_for, waits_of,
};

use crate::{panic_of, poll, take_turn};

const SECOND: Duration = Duration::from_secs(1);

fn wait_for(what: &'static str) {
    waiting_for(|| what.to_string());
}

fn whats(task: &TaskContext) -> Vec<String> {
    waits_of(task.info().id())
        .into_iter()
        .map(|wait| wait.to_string())
        .collect()
}

#[test]
fn nothing_is_recorded_while_nobody_looks() {
    let _turn = take_turn();
    let task = TaskContext::root();
    task.enter(|| waiting_for(|| unreachable!("the text is not even made")));
    assert!(!is_observed());
    assert!(waits_of(task.info().id()).is_empty());
    // Outside of tasks nobody waits.
    let _observing = observe();
    waiting_for(|| unreachable!("there is no task"));
}

#[test]
fn observers_nest_and_the_last_one_clears() {
    let _turn = take_turn();
    let task = TaskContext::root();
    let (one, other) = (observe(), observe());
    task.enter(|| wait_for("a lock"));
    drop(one);
    assert!(is_observed());
    assert_eq!(whats(&task), ["a lock"]);
    drop(other);
    assert!(!is_observed());
    let _again = observe();
    assert!(whats(&task).is_empty());
}

/// Each poll says anew what the task waits for; a wait that goes on keeps its beginning.
#[test]
fn since_is_kept_from_poll_to_poll() {
    let _turn = take_turn();
    let _observing = observe();
    let clock = VirtualClock::new();
    let _clock = clock.install();
    let start = clock.now();
    let task = TaskContext::root();
    let wait = |what: &str, seconds: u32| (what.to_string(), start + seconds * SECOND);
    let waits = || {
        let waits = waits_of(task.info().id()).into_iter();
        waits
            .map(|wait| (wait.to_string(), wait.since()))
            .collect::<Vec<_>>()
    };

    task.enter(|| wait_for("a lock"));
    clock.advance(SECOND);
    task.enter(|| {
        wait_for("a queue");
        wait_for("a lock");
    });
    assert_eq!(waits(), [wait("a queue", 1), wait("a lock", 0)]);
    clock.advance(SECOND);
    task.enter(|| wait_for("a queue"));
    assert_eq!(waits(), [wait("a queue", 1)]);
    // Given up for one poll, it begins again.
    clock.advance(SECOND);
    task.enter(|| wait_for("a lock"));
    assert_eq!(waits(), [wait("a lock", 3)]);
    // Said twice in one poll, it began once.
    clock.advance(SECOND);
    task.enter(|| {
        wait_for("a timer");
        clock.advance(SECOND);
        wait_for("a timer");
    });
    assert_eq!(waits(), [wait("a timer", 4), wait("a timer", 4)]);
    // A poll that waits for nothing.
    task.enter(|| ());
    assert!(waits().is_empty());
}

#[test]
fn each_task_has_its_own() {
    let _turn = take_turn();
    let _observing = observe();
    let (one, other) = (TaskContext::root(), TaskContext::root());
    one.enter(|| {
        wait_for("one's");
        // A child, polled in the middle of its parent's poll.
        other.enter_child(|| wait_for("the other's"));
        wait_for("one's second");
    });
    assert_eq!(whats(&one), ["one's", "one's second"]);
    assert_eq!(whats(&other), ["the other's"]);
    other.enter(|| ());
    assert_eq!(whats(&one), ["one's", "one's second"]);
}

#[test]
fn forgotten_at_the_end() {
    let _turn = take_turn();
    let _observing = observe();
    let task = TaskContext::root();
    task.enter(|| wait_for("a lock"));
    task.ended();
    assert!(whats(&task).is_empty());
    // For one who waits for nothing: nothing.
    TaskContext::root().ended();
}

/// A text that is made by looking at the waits, or that panics, does no harm to the others.
#[test]
fn the_text_is_made_outside_of_the_table() {
    let _turn = take_turn();
    let _observing = observe();
    let task = TaskContext::root();
    let id = task.info().id();
    task.enter(|| {
        wait_for("first");
        waiting_for(|| format!("second of {}", 1 + waits_of(id).len()));
        panic_of(|| waiting_for(|| panic!("the text")));
    });
    assert_eq!(whats(&task), ["first", "second of 2"]);
}

/// Those of `ids`.
fn waiters(ids: &[TaskId]) -> Vec<(TaskId, Option<TaskId>, Vec<String>)> {
    let ours = all_waits()
        .into_iter()
        .filter(|waiter| ids.contains(&waiter.task.id()));
    ours.map(|waiter| {
        let waits = waiter
            .waits
            .into_iter()
            .map(|wait| wait.to_string())
            .collect();
        (waiter.task.id(), waiter.inside, waits)
    })
    .collect()
}

#[test]
fn all_are_listed_in_order_with_the_task_that_they_live_in() {
    let _turn = take_turn();
    let _observing = observe();
    let (task, other) = (TaskContext::root(), TaskContext::root());
    let ids = [task.info().id(), other.info().id()];
    // In the wrong order, and as children of theirs are polled.
    other.enter(|| wait_for("a queue"));
    let child = task.enter(|| {
        wait_for("its group");
        let child = TaskContext::child(Some("child"));
        let grandchild = child.enter_child(|| {
            wait_for("a lock");
            TaskContext::child(None)
        });
        child.enter_child(|| grandchild.enter_child(|| ()));
        let all = [ids[0], child.info().id(), grandchild.info().id()];
        assert_eq!(
            waiters(&all),
            [
                (all[0], None, vec!["its group".to_string()]),
                // Its last poll said nothing.
                (all[1], Some(all[0]), vec![]),
                (all[2], Some(all[0]), vec![]),
            ]
        );
        child
    });
    let all = [ids[0], ids[1], child.info().id()];
    let listed: Vec<_> = waiters(&all).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(listed, all);
    // It moves, with the group that it is a child of; and under other executors it lives in nobody.
    other.enter(|| child.enter_child(|| ()));
    assert_eq!(waiters(&all[2..]), [(all[2], Some(ids[1]), vec![])]);
    child.enter_child(|| wait_for("a lock"));
    assert_eq!(waiters(&all[2..]), [(all[2], None, vec!["a lock".into()])]);
}

/// One that begins to look in the middle of a poll sees what is waited for from then on.
#[test]
fn an_observation_may_begin_within_a_poll() {
    let _turn = take_turn();
    let task = TaskContext::root();
    let id = task.info().id();
    let observing = task.enter(|| {
        wait_for("one thing");
        let observing = observe();
        wait_for("another");
        observing
    });
    assert_eq!(waiters(&[id]), [(id, None, vec!["another".into()])]);
    drop(observing);
    assert_eq!(all_waits().len(), 0);
}

#[test]
fn a_scoped_future_is_forgotten_when_it_is_gone() {
    let _turn = take_turn();
    let _observing = observe();
    let waiting = || async {
        wait_for("a lock");
        let mut pending = true;
        poll_fn(|_| match std::mem::take(&mut pending) {
            true => Poll::Pending,
            false => Poll::Ready(()),
        })
        .await;
    };
    let cx = &mut Context::from_waker(Waker::noop());
    for as_child in [false, true] {
        let context = TaskContext::root();
        let id = context.info().id();
        let mut scoped = pin!(Scoped::new(context, waiting()));
        let mut poll = || match as_child {
            false => scoped.as_mut().poll(cx),
            true => scoped.as_mut().poll_child(cx),
        };
        assert!(poll().is_pending());
        assert_eq!(waiters(&[id]).len(), 1);
        assert!(poll().is_ready());
        assert_eq!(waiters(&[id]), []);
    }
    let context = TaskContext::root();
    let id = context.info().id();
    let mut scoped = Box::pin(Scoped::new(context, waiting()));
    assert!(scoped.as_mut().poll(cx).is_pending());
    drop(scoped);
    assert_eq!(waiters(&[id]), []);
}

#[test]
fn one_that_panics_is_forgotten_when_it_is_gone() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the drop");
        }
    }
    let _turn = take_turn();
    let _observing = observe();
    let context = TaskContext::root();
    let id = context.info().id();
    let mut scoped = Box::pin(Scoped::new(context, async {
        wait_for("a lock");
        panic!("in the poll");
    }));
    panic_of(|| poll(scoped.as_mut()));
    drop(scoped);
    assert_eq!(waiters(&[id]), []);
    let context = TaskContext::root();
    let id = context.info().id();
    let bomb = Bomb;
    let mut scoped = Box::pin(Scoped::new(context, async move {
        let _bomb = bomb;
        wait_for("a lock");
        pending::<()>().await;
    }));
    assert!(poll(scoped.as_mut()).is_pending());
    assert_eq!(waiters(&[id]).len(), 1);
    assert_eq!(panic_of(|| drop(scoped)), "in the drop");
    assert_eq!(waiters(&[id]), []);
}

/// A clean-up bears the name of its task, which waits for other things meanwhile, or for nothing any more.
#[test]
fn a_clean_up_does_not_speak_for_its_task() {
    let _turn = take_turn();
    let _observing = observe();
    let task = TaskContext::root();
    let group = TaskContext::root();
    let mut clean_up = task.enter(|| {
        CleanUp::new("a farewell", async {
            wait_for("the peer");
            pending::<()>().await;
        })
    });
    let copy = task.enter(|| {
        wait_for("a lock");
        TaskContext::copy_current().unwrap()
    });
    group.enter(|| assert!(poll(Pin::new(&mut clean_up)).is_pending()));
    assert_eq!(whats(&task), ["a lock"]);
    // Whoever polls it waits for it.
    assert_eq!(
        whats(&group),
        [format!("a farewell, left by {}", task.info())]
    );
    copy.enter(|| wait_for("something else"));
    copy.ended();
    drop(clean_up);
    assert_eq!(whats(&task), ["a lock"]);
    // A child of a clean-up is one as any other.
    let child = copy.enter(|| TaskContext::child(None));
    child.enter(|| wait_for("a queue"));
    assert_eq!(whats(&child), ["a queue"]);
    task.ended();
    assert_eq!(waiters(&[task.info().id()]), []);
    copy.enter(|| wait_for("the peer"));
    assert_eq!(waiters(&[task.info().id()]), []);
}
