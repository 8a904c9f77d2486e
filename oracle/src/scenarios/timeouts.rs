//! Timeouts, alone and inside of each other; and what goes on in spite of them.

use smolio::{
    Instant, finally, shield_value, sleep, spawn,
    time::{TimeoutScope, timeout_at},
    timeout,
};

use super::{fail, seconds, work};
use crate::trace::Trace;

pub(super) async fn a_timeout_that_expires(trace: Trace) {
    if timeout(seconds(1.0), work(&trace, "A", 10.0))
        .await
        .is_err()
    {
        trace.note("timed out");
    }
}

pub(super) async fn a_timeout_that_is_not_needed(trace: Trace) {
    if let Ok(name) = timeout(seconds(2.0), work(&trace, "A", 1.0)).await {
        trace.note(format_args!("got {name}"));
    }
}

pub(super) async fn wait_for_expires(trace: Trace) {
    if timeout(seconds(1.0), work(&trace, "A", 10.0))
        .await
        .is_err()
    {
        trace.note("timed out");
    }
}

pub(super) async fn a_timeout_of_zero_lets_pass_what_need_not_wait(trace: Trace) {
    if let Ok(text) = timeout(seconds(0.0), async { "at once" }).await {
        trace.note(format_args!("got {text}"));
    }
    if timeout(seconds(0.0), work(&trace, "A", 1.0)).await.is_err() {
        trace.note("timed out");
    }
}

pub(super) async fn a_deadline_in_the_past(trace: Trace) {
    let start = Instant::now();
    sleep(seconds(5.0)).await;
    let late = timeout_at(start + seconds(3.0), work(&trace, "A", 1.0));
    if late.await.is_err() {
        trace.note("timed out");
    }
}

pub(super) async fn the_inner_timeout_is_the_shorter_one(trace: Trace) {
    let body = async {
        if timeout(seconds(1.0), work(&trace, "A", 10.0))
            .await
            .is_err()
        {
            trace.note("inner");
        }
        work(&trace, "B", 1.0).await;
    };
    match timeout(seconds(3.0), body).await {
        Ok(()) => trace.note("in time"),
        Err(_) => trace.note("outer"),
    }
}

pub(super) async fn the_outer_timeout_is_the_shorter_one(trace: Trace) {
    let body = async {
        if timeout(seconds(3.0), work(&trace, "A", 10.0))
            .await
            .is_err()
        {
            trace.note("inner");
        }
    };
    if timeout(seconds(1.0), body).await.is_err() {
        trace.note("outer");
    }
}

pub(super) async fn a_timeout_that_is_moved(trace: Trace) {
    let scope = TimeoutScope::after(seconds(1.0));
    let limit = scope.handle();
    let body = async {
        work(&trace, "A", 0.5).await;
        limit
            .reschedule(Instant::now() + seconds(2.0))
            .expect("it is running");
        work(&trace, "B", 1.0).await;
        work(&trace, "C", 10.0).await;
    };
    if scope.run(body).await.is_err() {
        trace.note(format_args!("timed out: {}", limit.is_expired()));
    }
}

pub(super) async fn a_timeout_waits_for_the_clean_up(trace: Trace) {
    let clean_up = {
        let trace = trace.clone();
        async move {
            sleep(seconds(1.0)).await;
            trace.note("A clean");
        }
    };
    const REASON: &str = "a timeout is over when it says so: the clean-up goes on beside what follows, and a group waits for it";
    let careful = finally(work(&trace, "A", 10.0), clean_up);
    if timeout(seconds(1.0), careful).await.is_err() {
        trace.only_here(REASON).note("timed out");
    }
    sleep(seconds(5.0)).await;
    trace.theirs(2.0, "timed out", REASON);
}

pub(super) async fn an_error_in_time_is_the_error(trace: Trace) {
    match timeout(seconds(2.0), fail(&trace, "A", 1.0)).await {
        Err(_) => trace.note("timed out"),
        Ok(Err(error)) => trace.note(format_args!("got: {error}")),
        Ok(Ok(name)) => trace.note(name),
    }
}

pub(super) async fn a_shielded_operation_goes_on(trace: Trace) {
    let shielded = {
        let trace = trace.clone();
        shield_value(async move { work(&trace, "A", 2.0).await })
    };
    if timeout(seconds(1.0), shielded).await.is_err() {
        trace.note("timed out");
    }
    sleep(seconds(5.0)).await;
    trace.note("end");
}

pub(super) async fn a_shield_gives_the_value(trace: Trace) {
    let shielded = {
        let trace = trace.clone();
        shield_value(async move { work(&trace, "A", 1.0).await })
    };
    trace.note(format_args!("got {}", shielded.await));
}

pub(super) async fn who_ignores_its_cancellation(trace: Trace) {
    const REASON: &str =
        "cancelling is a drop, which nobody can catch: what must still be done is a clean-up";
    let stubborn = spawn(sleep(seconds(10.0)));
    sleep(seconds(1.0)).await;
    trace.theirs(1.0, "no", REASON);
    trace.theirs(2.0, "A done", REASON);
    trace.theirs(2.0, "gone", REASON);
    if stubborn.cancel().await.is_none() {
        trace.only_here(REASON).note("gone");
    }
}
