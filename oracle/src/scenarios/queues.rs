//! Queues: the order of items and of those who wait for them, and how a queue ends.

use smolio::{
    LifoQueue, PriorityQueue, Queue, gather,
    queue::{TryGetError, TryPutError},
    sleep, spawn, timeout,
};

use super::seconds;
use crate::trace::Trace;

pub(super) async fn items_come_out_as_they_went_in(trace: Trace) {
    let queue = Queue::unbounded();
    for number in 0..3 {
        queue.put(number).await.expect("it is open");
    }
    while !queue.is_empty() {
        let number = queue.get().await.expect("it is open");
        trace.note(format_args!("got {number}"));
    }
}

pub(super) async fn a_full_queue_holds_its_producer_up(trace: Trace) {
    let queue = Queue::bounded(1);
    let producer = spawn({
        let (queue, trace) = (queue.clone(), trace.clone());
        async move {
            for number in 0..3 {
                queue.put(number).await.expect("it is open");
                trace.note(format_args!("put {number}"));
            }
        }
    });
    for _ in 0..3 {
        sleep(seconds(1.0)).await;
        let number = queue.get().await.expect("it is open");
        trace.note(format_args!("got {number}"));
    }
    producer.await;
}

pub(super) async fn who_waits_longest_gets_the_first_item(trace: Trace) {
    let queue = Queue::unbounded();
    let consumers = ["A", "B", "C"].map(|name| {
        let (queue, trace) = (queue.clone(), trace.clone());
        spawn(async move {
            let number: i32 = queue.get().await.expect("it is open");
            trace.note(format_args!("{name} got {number}"));
        })
    });
    sleep(seconds(1.0)).await;
    for number in 0..3 {
        queue.try_put(number).expect("it has no limit");
    }
    let _: Vec<()> = gather(consumers).await.into_vec();
}

pub(super) async fn producers_are_let_in_in_their_order(trace: Trace) {
    let queue = Queue::bounded(1);
    queue.try_put("first").expect("it is empty");
    let producers = ["A", "B", "C"].map(|name| {
        let queue = queue.clone();
        spawn(async move { queue.put(name).await })
    });
    sleep(seconds(1.0)).await;
    for _ in 0..4 {
        let name = queue.get().await.expect("it is open");
        trace.note(format_args!("got {name}"));
    }
    let puts = gather(producers).await.ok();
    assert_eq!(puts.map(|puts| puts.len()), Ok(3));
}

pub(super) async fn the_last_in_is_the_first_out(trace: Trace) {
    let queue = LifoQueue::unbounded();
    for number in 0..3 {
        queue.try_put(number).expect("it has no limit");
    }
    while let Ok(number) = queue.try_get() {
        trace.note(format_args!("got {number}"));
    }
}

pub(super) async fn the_smallest_is_the_first_out(trace: Trace) {
    let queue = PriorityQueue::unbounded();
    for item in [(2, "b"), (1, "z"), (3, "a"), (1, "y")] {
        queue.try_put(item).expect("it has no limit");
    }
    while let Ok((priority, name)) = queue.try_get() {
        trace.note(format_args!("got {priority} {name}"));
    }
}

pub(super) async fn nothing_to_get_and_no_room_to_put(trace: Trace) {
    let queue = Queue::bounded(1);
    if let Err(TryGetError::Empty) = queue.try_get() {
        trace.note("empty");
    }
    queue.try_put(1).expect("it is empty");
    if let Err(TryPutError::Full(2)) = queue.try_put(2) {
        trace.note("full");
    }
    let capacity = queue.capacity().expect("it has a limit");
    trace.note(format_args!("{} of {capacity}", queue.len()));
}

pub(super) async fn join_waits_until_all_is_done(trace: Trace) {
    let queue = Queue::unbounded();
    for number in 0..2 {
        queue.try_put(number).expect("it has no limit");
    }
    let consumer = spawn({
        let (queue, trace) = (queue.clone(), trace.clone());
        async move {
            while let Ok(number) = queue.get().await {
                sleep(seconds(1.0)).await;
                trace.note(format_args!("did {number}"));
                queue.task_done().expect("it was not done yet");
            }
        }
    });
    queue.join().await;
    trace.note("joined");
    drop(consumer);
}

pub(super) async fn done_more_often_than_there_were_items(trace: Trace) {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("it has no limit");
    queue.get().await.expect("there is one");
    queue.task_done().expect("there was one");
    if queue.task_done().is_err() {
        trace.note("refused");
    }
}

pub(super) async fn a_consumer_that_gives_up_takes_nothing_along(trace: Trace) {
    let queue = Queue::unbounded();
    let consume = || {
        let queue = queue.clone();
        spawn(async move { queue.get().await })
    };
    let (impatient, patient) = (consume(), consume());
    sleep(seconds(1.0)).await;
    queue.try_put(1).expect("it has no limit");
    drop(impatient); // it was about to get the item
    let number = patient.await.expect("it is open");
    trace.note(format_args!("got {number}"));
}

pub(super) async fn a_producer_that_gives_up_has_put_nothing(trace: Trace) {
    let queue = Queue::bounded(1);
    queue.try_put("first").expect("it is empty");
    if timeout(seconds(1.0), queue.put("late")).await.is_err() {
        trace.note("gave up");
    }
    let name = queue.get().await.expect("there is one");
    trace.note(format_args!("got {name}"));
    trace.note(format_args!("left {}", queue.len()));
}

pub(super) async fn a_queue_that_is_shut_down_gives_what_it_has(trace: Trace) {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("it is open");
    queue.shutdown();
    if queue.try_put(2).is_err() {
        trace.note("closed for items");
    }
    let number = queue.get().await.expect("there is one left");
    trace.note(format_args!("got {number}"));
    if queue.get().await.is_err() {
        trace.note("closed for all");
    }
}

pub(super) async fn a_queue_that_is_shut_down_at_once_gives_nothing(trace: Trace) {
    let queue = Queue::unbounded();
    queue.try_put(1).expect("it is open");
    queue.shutdown_now();
    if queue.get().await.is_err() {
        trace.note("closed for all");
    }
    queue.join().await;
    trace.note("joined");
}

pub(super) async fn a_shutdown_wakes_those_who_wait(trace: Trace) {
    let queue = Queue::<i32>::unbounded();
    let consumers = ["A", "B"].map(|name| {
        let (queue, trace) = (queue.clone(), trace.clone());
        spawn(async move {
            if queue.get().await.is_err() {
                trace.note(format_args!("{name} closed"));
            }
        })
    });
    sleep(seconds(1.0)).await;
    queue.shutdown();
    for consumer in consumers {
        consumer.await;
    }
}
