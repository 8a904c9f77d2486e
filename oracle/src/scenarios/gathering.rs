//! Several at the same time: gather, wait, as_completed.

use std::pin::Pin;

use smolio::{
    All, FirstCompleted, FirstError, WaitSet, as_completed, gather, sleep, timeout, try_gather,
    wait,
};

use super::{fail, seconds, work};
use crate::trace::Trace;

/// What gives a value after all.
async fn succeed(trace: &Trace, name: &'static str, time: f64) -> Result<&'static str, String> {
    Ok(work(trace, name, time).await)
}

pub(super) async fn gather_keeps_the_order_of_its_arguments(trace: Trace) {
    let (a, b) = gather((work(&trace, "A", 2.0), work(&trace, "B", 1.0))).await;
    trace.note(format_args!("got {a} {b}"));
}

pub(super) async fn gather_of_nothing(trace: Trace) {
    let nobody: [std::future::Ready<()>; 0] = [];
    let results = gather(nobody).await;
    trace.note(format_args!("got {}", results.len()));
}

pub(super) async fn gather_gives_each_error_in_its_place(trace: Trace) {
    let members: [Pin<Box<dyn Future<Output = _>>>; 3] = [
        Box::pin(succeed(&trace, "A", 2.0)),
        Box::pin(fail(&trace, "B", 1.0)),
        Box::pin(succeed(&trace, "C", 3.0)),
    ];
    for result in gather(members).await {
        match result {
            Ok(text) => trace.note(format_args!("got {text}")),
            Err(text) => trace.note(format_args!("got {text}")),
        }
    }
}

pub(super) async fn gather_that_stops_at_the_first_error(trace: Trace) {
    const REASON: &str = "who is not waited for any more is dropped, and does not go on unseen";
    let only_here = trace.only_here(REASON);
    let outcome = try_gather((succeed(&only_here, "A", 2.0), fail(&trace, "B", 1.0))).await;
    if let Err(error) = outcome {
        trace.note(format_args!("got: {error}"));
    }
    sleep(seconds(2.0)).await;
    trace.theirs(2.0, "A done", REASON);
    trace.note("end");
}

pub(super) async fn cancelling_a_gather_cancels_all_of_it(trace: Trace) {
    let members = gather((work(&trace, "A", 10.0), work(&trace, "B", 10.0)));
    if timeout(seconds(1.0), members).await.is_err() {
        trace.note("timed out");
    }
}

pub(super) async fn as_completed_gives_the_fastest_first(trace: Trace) {
    let members = [("A", 3.0), ("B", 1.0), ("C", 2.0)];
    let mut results = as_completed(members.map(|(name, time)| work(&trace, name, time)));
    while let Some((_, name)) = results.next().await {
        trace.note(format_args!("got {name}"));
    }
}

pub(super) async fn wait_for_the_first_that_is_done(trace: Trace) {
    let members = [("A", 2.0), ("B", 1.0)].map(|(name, time)| work(&trace, name, time));
    let mut pending: WaitSet<_> = members.into_iter().collect();
    let done = wait(&mut pending, FirstCompleted).await;
    trace.note(format_args!(
        "done {}, pending {}",
        done.len(),
        pending.len()
    ));
    let done = wait(&mut pending, All).await;
    trace.note(format_args!(
        "done {}, pending {}",
        done.len(),
        pending.len()
    ));
}

pub(super) async fn wait_for_the_first_that_fails(trace: Trace) {
    let mut pending = WaitSet::<Pin<Box<dyn Future<Output = _>>>>::new();
    pending.push(Box::pin(succeed(&trace, "A", 1.0)));
    pending.push(Box::pin(fail(&trace, "B", 2.0)));
    pending.push(Box::pin(succeed(&trace, "C", 3.0)));
    let done = wait(&mut pending, FirstError).await;
    trace.note(format_args!(
        "done {}, pending {}",
        done.len(),
        pending.len()
    ));
    assert_eq!(wait(&mut pending, All).await, [(2, Ok("C"))]);
}

pub(super) async fn wait_no_longer_than_so_long(trace: Trace) {
    let members = [("A", 1.0), ("B", 3.0)].map(|(name, time)| work(&trace, name, time));
    let mut pending: WaitSet<_> = members.into_iter().collect();
    let all = timeout(seconds(2.0), wait(&mut pending, All)).await;
    assert!(all.is_err(), "B takes longer");
    // The results that there are come out of the next wait, which need not wait for them.
    let done = wait(&mut pending, FirstCompleted).await;
    trace.note(format_args!(
        "done {}, pending {}",
        done.len(),
        pending.len()
    ));
    assert_eq!(wait(&mut pending, All).await, [(1, "B")]);
}
