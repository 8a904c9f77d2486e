//! Locks and their relatives: who comes first, and what becomes of those who give up.

use std::sync::Arc;

use smolio::{
    Barrier, BoundedSemaphore, Condition, Event, Lock, Semaphore, gather, sleep, spawn,
    sync::oneshot, timeout,
};

use super::seconds;
use crate::trace::Trace;

pub(super) async fn a_lock_goes_to_who_waits_longest(trace: Trace) {
    let lock = Lock::new(());
    let enter = async |name: &str| {
        let _guard = lock.lock().await;
        trace.note(format_args!("{name} in"));
        sleep(seconds(1.0)).await;
        trace.note(format_args!("{name} out"));
    };
    gather((enter("A"), enter("B"), enter("C"))).await;
}

/// Enters once, beside the one who asks.
fn enter(lock: &Arc<Lock<()>>, name: &'static str, trace: &Trace) -> smolio::Task<()> {
    let (lock, trace) = (lock.clone(), trace.clone());
    spawn(async move {
        let _guard = lock.lock().await;
        trace.note(format_args!("{name} in"));
    })
}

pub(super) async fn who_gives_up_is_passed_over(trace: Trace) {
    let lock = Arc::new(Lock::new(()));
    let guard = lock.lock().await;
    let impatient = enter(&lock, "A", &trace);
    let patient = enter(&lock, "B", &trace);
    sleep(seconds(1.0)).await;
    drop(impatient);
    sleep(seconds(1.0)).await;
    drop(guard);
    patient.await;
    trace.note(format_args!("locked: {}", lock.is_locked()));
}

pub(super) async fn who_gives_up_when_it_was_woken_loses_no_lock(trace: Trace) {
    let lock = Arc::new(Lock::new(()));
    let guard = lock.lock().await;
    let impatient = enter(&lock, "A", &trace);
    let patient = enter(&lock, "B", &trace);
    sleep(seconds(1.0)).await;
    drop(guard);
    drop(impatient);
    patient.await;
}

pub(super) async fn an_event_lets_all_go_on(trace: Trace) {
    let event = Event::new();
    let tasks = ["A", "B", "C"].map(|name| {
        let (event, trace) = (event.clone(), trace.clone());
        spawn(async move {
            event.wait().await;
            trace.note(format_args!("{name} goes on"));
        })
    });
    sleep(seconds(1.0)).await;
    event.set();
    event.clear();
    let _: Vec<()> = gather(tasks).await.into_vec();
    trace.note(format_args!("set: {}", event.is_set()));
}

pub(super) async fn an_event_that_is_set_holds_nobody_up(trace: Trace) {
    let event = Event::new();
    event.set();
    event.wait().await;
    trace.note("went on");
}

pub(super) async fn a_condition_notifies_in_the_order_of_waiting(trace: Trace) {
    let lock = Arc::new(Lock::new(()));
    let condition = Condition::new();
    let tasks = ["A", "B", "C"].map(|name| {
        let (lock, condition, trace) = (lock.clone(), condition.clone(), trace.clone());
        spawn(async move {
            let guard = lock.lock().await;
            let _guard = condition.wait(guard).await;
            trace.note(format_args!("{name} notified"));
        })
    });
    sleep(seconds(1.0)).await;
    {
        let _guard = lock.lock().await;
        condition.notify(2);
    }
    sleep(seconds(1.0)).await;
    {
        let _guard = lock.lock().await;
        condition.notify_all();
    }
    let _: Vec<()> = gather(tasks).await.into_vec();
}

pub(super) async fn a_condition_is_looked_at_again(trace: Trace) {
    let stock = Arc::new(Lock::new(0));
    let delivered = Condition::new();
    let customer = spawn({
        let (stock, delivered, trace) = (stock.clone(), delivered.clone(), trace.clone());
        async move {
            let guard = stock.lock().await;
            let mut stock = delivered.wait_for(guard, |stock| *stock >= 2).await;
            *stock -= 2;
            trace.note("bought two");
        }
    });
    for _ in 0..3 {
        sleep(seconds(1.0)).await;
        let mut stock = stock.lock().await;
        *stock += 1;
        trace.note("one delivered");
        delivered.notify(1);
    }
    customer.await;
    trace.note(format_args!("left {}", stock.lock().await));
}

pub(super) async fn a_semaphore_lets_so_many_in_in_their_order(trace: Trace) {
    let semaphore = Semaphore::new(2);
    let enter = async |name: &str, time: f64| {
        let _permit = semaphore.acquire().await;
        trace.note(format_args!("{name} in"));
        sleep(seconds(time)).await;
        trace.note(format_args!("{name} out"));
    };
    gather((
        enter("A", 3.0),
        enter("B", 1.0),
        enter("C", 1.0),
        enter("D", 1.0),
    ))
    .await;
}

pub(super) async fn a_bounded_semaphore_takes_no_more_than_it_gave(trace: Trace) {
    let semaphore = BoundedSemaphore::new(1);
    drop(semaphore.acquire().await);
    if semaphore.release().is_err() {
        trace.note("refused");
    }
}

pub(super) async fn a_barrier_gives_positions(trace: Trace) {
    let barrier = Barrier::new(3);
    let tasks = [("A", 2.0), ("B", 1.0), ("C", 3.0)].map(|(name, time)| {
        let (barrier, trace) = (barrier.clone(), trace.clone());
        spawn(async move {
            sleep(seconds(time)).await;
            let position = barrier.wait().await.expect("nobody breaks it");
            trace.note(format_args!("{name} was number {position}"));
        })
    });
    for task in tasks {
        task.await;
    }
}

async fn arrive(barrier: &Barrier, name: &str, trace: &Trace) {
    match barrier.wait().await {
        Ok(_) => trace.note(format_args!("{name} goes on")),
        Err(_) => trace.note(format_args!("{name} sent away")),
    }
}

pub(super) async fn a_barrier_that_is_aborted_sends_all_away(trace: Trace) {
    let barrier = Barrier::new(3);
    let tasks = ["A", "B"].map(|name| {
        let (barrier, trace) = (barrier.clone(), trace.clone());
        spawn(async move { arrive(&barrier, name, &trace).await })
    });
    sleep(seconds(1.0)).await;
    barrier.abort();
    let _: Vec<()> = gather(tasks).await.into_vec();
    arrive(&barrier, "C", &trace).await;
}

pub(super) async fn a_barrier_begins_again_after_a_reset(trace: Trace) {
    let barrier = Barrier::new(2);
    let first = spawn({
        let (barrier, trace) = (barrier.clone(), trace.clone());
        async move { arrive(&barrier, "A", &trace).await }
    });
    sleep(seconds(1.0)).await;
    barrier.reset();
    first.await;
    gather((arrive(&barrier, "B", &trace), arrive(&barrier, "C", &trace))).await;
}

pub(super) async fn a_future_gives_what_was_set(trace: Trace) {
    let (sender, receiver) = oneshot::channel();
    let task = spawn({
        let trace = trace.clone();
        async move {
            let value = receiver.await.expect("somebody sends");
            trace.note(format_args!("got {value}"));
        }
    });
    sleep(seconds(1.0)).await;
    sender.send("a value").expect("somebody waits");
    task.await;
}

pub(super) async fn who_waits_for_a_value_may_give_up(trace: Trace) {
    let (sender, receiver) = oneshot::channel::<()>();
    if timeout(seconds(1.0), receiver).await.is_err() {
        trace.note("gave up");
    }
    trace.note(format_args!("wanted: {}", !sender.is_closed()));
}
