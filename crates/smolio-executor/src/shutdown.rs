//! Closing a loop in good order: refuse, cancel, clean up, and give up what does not end.
//!
//! | step | who | until |
//! |---|---|---|
//! | tasks are refused, except from clean-ups | loop, workers, handles | |
//! | every task is cancelled; the loop goes on turning | loop, workers | its future is gone |
//! | clean-ups run, and what they start; closures on threads return | loop, workers | the grace period ends |
//! | the workers close their own loops the same way and end | workers | the grace period ends |
//! | messages are refused | loop | |
//!
//! What has not ended by then goes to the unhandled hook and is dropped, or left to its thread.

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use smolio_context::{CleanUp, Instant, TaskContext, Unhandled, report_unhandled};
use smolio_timer::timeout_at;

use crate::{
    Task,
    local::{Local, Phase},
    pool::Pool,
    wake::Kind,
};

/// How long workers that are in no poll may take to end when the grace is over.
const TO_LET_GO: Duration = Duration::from_millis(100);

/// Closes the loop that runs main, and its workers.
pub(crate) fn close(local: &Rc<Local>, grace: Duration) {
    if local.phase() != Phase::Open {
        return;
    }
    local.runtime().refuse_tasks();
    let in_good_order = || local.drive(None, wind_up(local, grace));
    let driven = catch_unwind(AssertUnwindSafe(in_good_order));
    if driven.is_err() {
        // An idle policy has given up. What is left must be dropped here all the same: on its own thread, in its own loop.
        local.drive(None, give_up(local, grace));
    }
    report_leftovers(local, grace);
    local.set_phase(Phase::Closed);
    local.close_inbox();
    if let Err(payload) = driven {
        resume_unwind(payload);
    }
}

/// Refuses tasks, and cancels those that there are.
pub(crate) fn begin(local: &Local) {
    local.set_phase(Phase::Closing);
    local.cancel_all(Kind::Task);
}

/// Lets all that lives come to its end, until the grace period is over.
async fn wind_up(local: &Local, grace: Duration) {
    let runtime = local.runtime();
    let deadline = Instant::now().saturating_add(grace);
    begin(local);
    if let Some(pool) = runtime.pool() {
        pool.close();
    }
    wait_until(local, deadline, || {
        is_quiet(local)
            && runtime.threads_in_flight() == 0
            && runtime.pool().is_none_or(Pool::is_empty)
    })
    .await;
    if let Some(pool) = runtime.pool() {
        pool.stop(deadline);
        // Once more for the closures, too: the workers' own tasks end only now, and leave theirs.
        wait_until(local, deadline, || {
            pool.alive() == 0 && runtime.threads_in_flight() == 0
        })
        .await;
        // Where a poll has used up the grace, the other workers have been told only now.
        let late = deadline.saturating_add(TO_LET_GO);
        wait_until(local, late, || pool.alive() <= pool.tasks().len()).await;
    }
    give_up(local, grace).await;
}

/// Sees the clean-ups of a main future through that was dropped, while all else goes on.
pub(crate) fn finish_clean_ups(local: &Rc<Local>, grace: Duration) {
    local.drive(None, async {
        let deadline = Instant::now().saturating_add(grace);
        wait_until(local, deadline, || local.count(Kind::CleanUp) == 0).await;
    });
}

/// Closes the loop of a worker.
pub(crate) fn close_worker(local: &Rc<Local>, deadline: Instant) {
    let grace = deadline.duration_since(Instant::now());
    local.drive(None, async {
        begin(local);
        wait_until(local, deadline, || is_quiet(local)).await;
        give_up(local, grace).await;
    });
    local.set_phase(Phase::Closed);
    local.close_inbox();
}

fn is_quiet(local: &Local) -> bool {
    local.count(Kind::Task) == 0 && local.count(Kind::CleanUp) == 0
}

/// Waits until `done`, or until the deadline.
async fn wait_until(local: &Local, deadline: Instant, mut done: impl FnMut() -> bool) {
    let wait = poll_fn(|cx| {
        // First watch, then look: an end in between is not missed.
        local.watch(cx.waker());
        if done() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    // What is still there at the deadline is found, and reported, by whoever comes next.
    timeout_at(deadline, wait).await.ok();
}

/// Drops what has not ended. The clean-ups among it report themselves, see [`CleanUpJob`].
async fn give_up(local: &Local, grace: Duration) {
    GRACE.set(grace);
    local.stop_sharing();
    let kinds = [Kind::CleanUp, Kind::Task, Kind::Internal];
    poll_fn(|cx| {
        local.watch(cx.waker());
        if kinds.iter().all(|kind| local.count(*kind) == 0) {
            return Poll::Ready(());
        }
        // Each time anew: what is dropped may leave other clean-ups, and there is no time left for these either.
        for kind in kinds {
            local.cancel_all(kind);
        }
        Poll::Pending
    })
    .await;
}

/// What is on other threads cannot be dropped from here.
fn report_leftovers(local: &Local, grace: Duration) {
    let runtime = local.runtime();
    for task in runtime.jobs() {
        let what = format!("a to_thread closure that did not return within {grace:?}");
        report_unhandled(Unhandled::given_up(Some(task), what));
    }
    let Some(pool) = runtime.pool() else { return };
    let stuck = pool.tasks();
    for _ in stuck.len()..pool.alive() {
        // In a task or a clean-up of its own, which it alone could name.
        let what = format!("a worker that did not end within {grace:?}");
        report_unhandled(Unhandled::given_up(None, what));
    }
    for task in stuck {
        let what = format!("a poll on a worker that did not return within {grace:?}");
        report_unhandled(Unhandled::given_up(Some(task), what));
    }
    pool.join();
}

thread_local! {
    /// For the text of the reports.
    static GRACE: std::cell::Cell<Duration> = const { std::cell::Cell::new(Duration::ZERO) };
}

/// A clean-up that the loop sees through.
pub(crate) fn spawn_clean_up(local: &Local, clean_up: CleanUp) {
    // It goes on as the task that it cleans up for: so it is named in reports, if the clean-up panics for example.
    let context =
        TaskContext::copy_current().unwrap_or_else(|| TaskContext::child(Some("clean-up")));
    let job = CleanUpJob(Some(clean_up));
    Task::new(local.spawn(Kind::CleanUp, context, job)).detach();
}

/// Reports itself if it is dropped before its end: that happens only when the grace period is over.
struct CleanUpJob(Option<CleanUp>);

impl Future for CleanUpJob {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Taken out while it runs: a clean-up that panics is over, and told as a panic.
        let Some(mut clean_up) = self.0.take() else {
            return Poll::Ready(());
        };
        let result = Pin::new(&mut clean_up).poll(cx);
        if result.is_pending() {
            self.0 = Some(clean_up);
        }
        result
    }
}

impl Drop for CleanUpJob {
    fn drop(&mut self) {
        if let Some(clean_up) = self.0.take() {
            clean_up.give_up(&format!("that did not end within {:?}", GRACE.get()));
        }
    }
}
