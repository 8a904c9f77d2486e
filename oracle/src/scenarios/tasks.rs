//! Tasks: when they start, how they end, and what is left of them.

use smolio::{TaskBuilder, current_task, finally, gather, sleep, spawn, yield_now};

use super::{fail, seconds, work};
use crate::trace::Trace;

pub(super) async fn tasks_start_in_the_order_of_their_spawns(trace: Trace) {
    let talk = |name: &'static str| {
        let trace = trace.clone();
        spawn(async move {
            trace.note(format_args!("{name} starts"));
            yield_now().await;
            trace.note(format_args!("{name} goes on"));
        })
    };
    let tasks = ["A", "B", "C"].map(talk);
    trace.note("spawned");
    for task in tasks {
        task.await;
    }
    trace.note("joined");
}

pub(super) async fn tasks_take_turns(trace: Trace) {
    let count = |name: &'static str| {
        let trace = trace.clone();
        spawn(async move {
            for number in 0..3 {
                trace.note(format_args!("{name} {number}"));
                yield_now().await;
            }
        })
    };
    gather((count("A"), count("B"))).await;
}

pub(super) async fn an_await_gives_the_value(trace: Trace) {
    let task = spawn({
        let trace = trace.clone();
        async move { work(&trace, "A", 1.0).await }
    });
    trace.note(format_args!("finished: {}", task.is_finished()));
    trace.note(format_args!("got {}", task.await));
}

pub(super) async fn an_await_gives_the_error(trace: Trace) {
    let task = spawn({
        let trace = trace.clone();
        async move { fail(&trace, "A", 1.0).await }
    });
    if let Err(error) = task.await {
        trace.note(format_args!("got: {error}"));
    }
}

pub(super) async fn a_task_that_is_cancelled_at_once_never_starts(trace: Trace) {
    let task = spawn({
        let trace = trace.clone();
        async move { trace.note("started") }
    });
    if task.cancel().await.is_none() {
        trace.note("cancelled");
    }
}

pub(super) async fn a_cancelled_task_is_gone_when_its_end_was_awaited(trace: Trace) {
    let task = spawn({
        let trace = trace.clone();
        async move { work(&trace, "A", 10.0).await }
    });
    sleep(seconds(1.0)).await;
    if task.cancel().await.is_none() {
        trace.note("gone");
    }
}

/// Works for long, and cleans up when it is cancelled.
async fn careful(trace: Trace) {
    let clean_up = {
        let trace = trace.clone();
        async move {
            trace.note("cleaning");
            sleep(seconds(1.0)).await;
            trace.note("clean");
        }
    };
    finally(work(&trace, "A", 10.0), clean_up).await;
}

pub(super) async fn a_clean_up_may_wait(trace: Trace) {
    const REASON: &str = "a cancelled task is gone at once: its clean-up goes on beside what follows, and its group or loop waits for it";
    let task = spawn(careful(trace.clone()));
    sleep(seconds(1.0)).await;
    if task.cancel().await.is_none() {
        trace.only_here(REASON).note("gone");
    }
    sleep(seconds(2.0)).await;
    trace.theirs(2.0, "gone", REASON);
}

pub(super) async fn cancelling_what_has_ended_does_nothing(trace: Trace) {
    let task = spawn({
        let trace = trace.clone();
        async move { work(&trace, "A", 1.0).await }
    });
    sleep(seconds(2.0)).await;
    if let Some(value) = task.cancel().await {
        trace.note(format_args!("got {value}"));
    }
}

pub(super) async fn the_end_of_run_cancels_what_is_left(trace: Trace) {
    spawn(careful(trace.clone())).detach();
    sleep(seconds(1.0)).await;
    trace.note("main ends");
}

pub(super) async fn a_task_has_a_name(trace: Trace) {
    let talk = async move {
        let task = current_task().expect("it is running");
        trace.note(task.name());
    };
    TaskBuilder::new().name("worker").spawn(talk).await;
}

pub(super) async fn sleepers_wake_by_deadline_then_by_order(trace: Trace) {
    let sleepers = [("A", 2.0), ("B", 1.0), ("C", 2.0), ("D", 1.0)];
    let names = gather(sleepers.map(|(name, time)| work(&trace, name, time))).await;
    assert_eq!(names, ["A", "B", "C", "D"]);
}
