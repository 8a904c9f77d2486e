//! Shields, as those see them who would drop what is around them.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
};

use smolio_context::{
    CleanUp, Instant, Scoped, ShieldMark, TaskContext, current_deadline, enter_deadline,
    hide_deadlines, report_shield, watch_shields,
};

use crate::{panic_of, poll};

/// A shielded scope that never closes.
async fn open() {
    let shield = poll_fn(|_| {
        report_shield();
        Poll::<()>::Pending
    });
    shield.await;
}

#[test]
fn one_that_was_reported_is_seen_once() {
    assert_eq!(watch_shields(|| 7), (7, false));
    assert_eq!(watch_shields(report_shield), ((), true));
    assert_eq!(watch_shields(|| 7), (7, false));
}

#[test]
fn it_goes_through_futures_that_know_nothing_of_it() {
    let mut body = pin!(async { Box::pin(async { open().await }).await });
    for _ in 0..2 {
        let (result, shielded) = watch_shields(|| poll(body.as_mut()));
        assert!(result.is_pending() && shielded);
    }
}

#[test]
fn whoever_watches_keeps_it_to_itself() {
    let ((_, inside), outside) = watch_shields(|| watch_shields(report_shield));
    assert!(inside && !outside);
    // And may tell of it.
    let tell = || watch_shields(|| watch_shields(report_shield).1.then(report_shield));
    assert!(tell().1);
}

#[test]
fn what_was_reported_before_is_put_back() {
    let (inside, outside) = watch_shields(|| {
        report_shield();
        watch_shields(|| ()).1
    });
    assert!(!inside && outside);
}

#[test]
fn a_panic_puts_it_back_too() {
    let panics = || {
        panic_of(|| {
            watch_shields(|| {
                report_shield();
                panic!("in the poll");
            })
        })
    };
    assert_eq!(watch_shields(panics), ("in the poll".to_string(), false));
    let ((), outside) = watch_shields(|| {
        report_shield();
        panic_of(|| watch_shields(|| panic!("in the poll")));
    });
    assert!(outside);
}

#[test]
fn a_task_is_a_border_and_a_child_is_none() {
    let cx = &mut Context::from_waker(Waker::noop());
    let mut task = pin!(Scoped::new(TaskContext::root(), open()));
    let (result, shielded) = watch_shields(|| task.as_mut().poll(cx));
    assert!(result.is_pending() && !shielded);
    let (result, shielded) = watch_shields(|| task.as_mut().poll_child(cx));
    assert!(result.is_pending() && shielded);
    // What was reported outside of the task is not lost by it.
    let (_, shielded) = watch_shields(|| {
        report_shield();
        assert!(poll(pin!(Scoped::new(TaskContext::root(), open()))).is_pending());
        let panics = Scoped::new(TaskContext::root(), async { panic!("in the task") });
        panic_of(|| poll(pin!(panics)));
    });
    assert!(shielded);
}

#[test]
fn a_task_that_panics_is_a_border_too() {
    let (message, shielded) = watch_shields(|| {
        let panics = Scoped::new(TaskContext::root(), async {
            report_shield();
            panic!("in the task")
        });
        panic_of(|| poll(pin!(panics)))
    });
    assert_eq!((message.as_str(), shielded), ("in the task", false));
}

/// What a timeout does.
#[test]
fn a_mark_tells_what_came_after_it() {
    let ((), outside) = watch_shields(|| {
        report_shield();
        let mark = ShieldMark::now();
        assert!(!mark.is_shielded());
        report_shield();
        let later = ShieldMark::now();
        assert!(mark.is_shielded() && !later.is_shielded());
        mark.strike_off();
        assert!(!mark.is_shielded());
    });
    assert!(outside);
    let ((), outside) = watch_shields(|| {
        let mark = ShieldMark::now();
        report_shield();
        mark.strike_off();
    });
    assert!(!outside);
}

/// It bears the name of its task, but goes on when that one is gone.
#[test]
fn a_clean_up_is_a_task_of_its_own() {
    TaskContext::root().enter(|| {
        let mut clean_up = pin!(CleanUp::new("a farewell", open()));
        let (result, shielded) = watch_shields(|| poll(clean_up.as_mut()));
        assert!(result.is_pending() && !shielded);
        assert!(watch_shields(report_shield).1);
    });
}

#[test]
fn each_thread_has_its_own() {
    let ((), shielded) = watch_shields(|| {
        std::thread::spawn(report_shield).join().unwrap();
    });
    assert!(!shielded);
}

#[test]
fn deadlines_outside_do_not_hold_inside() {
    let now = Instant::now();
    let timeout = enter_deadline(Some(now));
    {
        let shield = hide_deadlines();
        assert_eq!((shield.enclosing(), current_deadline()), (Some(now), None));
        let inner = enter_deadline(Some(now));
        assert_eq!(inner.enclosing(), None);
    }
    assert_eq!(current_deadline(), Some(now));
    drop(timeout);
    assert_eq!(current_deadline(), None);
}
