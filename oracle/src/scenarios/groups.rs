//! Task groups: who is waited for, who is cancelled by whom, and which errors come out.

use smolio::{
    LocalTaskGroup, TaskGroup, finally, sleep, spawn, task_group::TaskGroupError, timeout,
};

use super::{fail, seconds, work};
use crate::trace::Trace;

/// The errors of a group, in their order.
fn told(error: &TaskGroupError<String>) -> String {
    let errors: Vec<&str> = error
        .failures()
        .iter()
        .map(|failure| failure.error.as_str())
        .collect();
    errors.join(", ")
}

pub(super) async fn a_group_waits_for_its_children(trace: Trace) {
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        group.spawn_value(work(&trace, "A", 2.0));
        group.spawn_value(work(&trace, "B", 1.0));
        trace.note("body done");
    });
    run.await.expect("nobody cancels it");
    trace.note("group done");
}

pub(super) async fn a_child_gives_its_value_to_the_body(trace: Trace) {
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        let child = group.spawn_value(work(&trace, "A", 1.0));
        trace.note(format_args!("got {}", child.await));
    });
    run.await.expect("nobody cancels it");
    trace.note("group done");
}

pub(super) async fn a_failure_cancels_the_siblings(trace: Trace) {
    let group = TaskGroup::<String>::new();
    let run = group.run(async {
        group.spawn(fail(&trace, "A", 1.0));
        group.spawn_value(work(&trace, "B", 10.0));
        Ok(())
    });
    if let Err(error) = run.await {
        trace.note(told(&error));
    }
}

pub(super) async fn a_failure_cancels_the_body(trace: Trace) {
    const REASON: &str =
        "the body is dropped before the children, of which it may hold handles and values";
    let only_here = trace.only_here(REASON);
    let group = TaskGroup::<String>::new();
    let run = group.run(async {
        group.spawn(fail(&trace, "A", 1.0));
        group.spawn_value(work(&trace, "B", 10.0));
        work(&only_here, "body", 10.0).await;
        Ok(())
    });
    if let Err(error) = run.await {
        trace.theirs(1.0, "body cancelled", REASON);
        trace.note(told(&error));
    }
}

pub(super) async fn a_failing_body_cancels_the_children(trace: Trace) {
    let group = TaskGroup::<String>::new();
    let run = group.run(async {
        group.spawn_value(work(&trace, "A", 10.0));
        fail(&trace, "body", 1.0).await
    });
    if let Err(error) = run.await {
        trace.note(told(&error));
    }
}

pub(super) async fn two_that_fail_in_the_same_moment(trace: Trace) {
    const REASON: &str = "the first failure ends the group at once, so a sibling that was about to fail is dropped instead";
    let only_here = trace.only_here(REASON);
    let group = TaskGroup::<String>::new();
    let run = group.run(async {
        group.spawn(fail(&trace, "A", 1.0));
        group.spawn(fail(&only_here, "B", 1.0));
        Ok(())
    });
    if let Err(error) = run.await {
        only_here.note(told(&error));
        trace.theirs(1.0, "B done", REASON);
        trace.theirs(1.0, "A failed, B failed", REASON);
    }
}

pub(super) async fn groups_nest_and_so_do_their_errors(trace: Trace) {
    let inner = async {
        let group = TaskGroup::<String>::new();
        let run = group.run(async {
            group.spawn(fail(&trace, "A", 1.0));
            group.spawn_value(work(&trace, "B", 10.0));
            Ok(())
        });
        run.await.map_err(|error| format!("[{}]", told(&error)))
    };
    let group = TaskGroup::<String>::new();
    let run = group.run(async {
        group.spawn(inner);
        group.spawn_value(work(&trace, "C", 10.0));
        Ok(())
    });
    if let Err(error) = run.await {
        trace.note(told(&error));
    }
}

pub(super) async fn a_child_may_spawn_siblings(trace: Trace) {
    let group = TaskGroup::infallible();
    let spawner = group.spawner();
    let run = group.run_value(async {
        group.spawn_value(async {
            let spawner = spawner;
            spawner.spawn_value(work(&trace, "B", 2.0));
            work(&trace, "A", 1.0).await;
        });
    });
    run.await.expect("nobody cancels it");
    trace.note("group done");
}

pub(super) async fn a_child_that_is_cancelled_is_no_failure(trace: Trace) {
    let group = TaskGroup::infallible();
    let run = group.run_value(async {
        let child = group.spawn_value(work(&trace, "A", 10.0));
        group.spawn_value(work(&trace, "B", 2.0));
        sleep(seconds(1.0)).await;
        child.cancel();
    });
    run.await.expect("nobody cancels the group");
    trace.note("group done");
}

pub(super) async fn cancelling_the_task_cancels_its_group(trace: Trace) {
    let task = spawn({
        let trace = trace.clone();
        async move {
            let group = TaskGroup::infallible();
            let run = group.run_value(async {
                group.spawn_value(work(&trace, "A", 10.0));
            });
            run.await.is_ok()
        }
    });
    sleep(seconds(1.0)).await;
    if task.cancel().await.is_none() {
        trace.note("gone");
    }
}

pub(super) async fn a_timeout_around_a_group(trace: Trace) {
    let group = LocalTaskGroup::infallible();
    let run = group.run_value(async {
        group.spawn_value(work(&trace, "A", 10.0));
    });
    if timeout(seconds(1.0), run).await.is_err() {
        trace.note("timed out");
    }
}

pub(super) async fn a_group_waits_for_the_clean_ups_of_its_children(trace: Trace) {
    let clean_up = {
        let trace = trace.clone();
        async move {
            sleep(seconds(1.0)).await;
            trace.note("A clean");
        }
    };
    let group = TaskGroup::<String>::new();
    let run = group.run(async {
        group.spawn_value(finally(work(&trace, "A", 10.0), clean_up));
        fail(&trace, "body", 1.0).await
    });
    if let Err(error) = run.await {
        trace.note(told(&error));
    }
}
