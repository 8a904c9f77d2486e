//! Context variables: who sees what.

use smolio::{ContextVar, TaskGroup, gather, spawn, to_thread};

use crate::trace::Trace;

static USER: ContextVar<&str> = ContextVar::new(|| "nobody");

fn set(user: &'static str) {
    USER.set(user).expect("a task is running");
}

pub(super) async fn a_task_copies_the_variables_of_its_spawner(trace: Trace) {
    set("main");
    let task = spawn({
        let trace = trace.clone();
        async move {
            trace.note(format_args!("task: {}", USER.get()));
            set("task");
            trace.note(format_args!("task: {}", USER.get()));
        }
    });
    set("main again");
    task.await;
    trace.note(format_args!("main: {}", USER.get()));
}

pub(super) async fn a_child_of_a_group_copies_them_too(trace: Trace) {
    set("main");
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        group.spawn_value(async {
            trace.note(format_args!("child: {}", USER.get()));
            set("child");
        });
    });
    run.await.expect("nobody cancels it");
    trace.note(format_args!("main: {}", USER.get()));
}

pub(super) async fn what_is_awaited_shares_them(trace: Trace) {
    async { set("ada") }.await;
    trace.note(format_args!("main: {}", USER.get()));
}

pub(super) async fn a_member_of_gather_sets_them(trace: Trace) {
    const REASON: &str =
        "the members of a gather are part of the task that awaits it; asyncio makes a task of each";
    let _: Vec<()> = gather([async { set("ada") }]).await.into_vec();
    trace.theirs(0.0, "main: nobody", REASON);
    trace
        .only_here(REASON)
        .note(format_args!("main: {}", USER.get()));
}

pub(super) async fn a_thread_sees_them(trace: Trace) {
    set("main");
    trace.note(format_args!("thread: {}", to_thread(|| USER.get()).await));
}

pub(super) async fn a_thread_gives_its_value_and_its_error(trace: Trace) {
    let divide = |one: i32, other: i32| to_thread(move || one.checked_div(other));
    if let Some(quotient) = divide(6, 2).await {
        trace.note(format_args!("got {quotient}"));
    }
    if divide(6, 0).await.is_none() {
        trace.note("cannot be divided");
    }
}
