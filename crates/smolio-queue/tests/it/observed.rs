//! What a queue tells about itself: to a report of who waits for what, to `Debug`, in numbers. And its budget.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    task::{Context, Poll},
};

use smolio_context::{TaskContext, observe, panic_message, waits_of};
use smolio_executor::spawn;

use crate::support::{Kind, Wakes, for_all_kinds};

for_all_kinds!(
    a_deadlock_is_reported_with_the_queues,
    a_wait_keeps_its_beginning,
    debug_shows_the_numbers_and_never_blocks,
    a_queue_that_is_always_ready_starves_nobody,
);

fn kind_name<Q: Kind>() -> &'static str {
    let path = std::any::type_name::<Q>();
    let path = path.split('<').next().unwrap();
    path.rsplit(':').next().unwrap()
}

fn a_deadlock_is_reported_with_the_queues<Q: Kind>() {
    let blocked = catch_unwind(AssertUnwindSafe(|| {
        smolio_test::run(async {
            let jobs = Q::bounded(1).named("jobs");
            jobs.put(1).await.unwrap();
            let putter = jobs.clone();
            spawn(async move { putter.put(2).await }).detach();
            let joiner = jobs.clone();
            spawn(async move { joiner.join().await }).detach();
            let results = Q::unbounded().named("results");
            for _ in 0..2 {
                let results = results.clone();
                spawn(async move { results.get().await }).detach();
            }
            Q::unbounded().get().await.ok();
        });
    }));
    let payload = blocked.unwrap_err();
    let report = panic_message(&*payload);
    let kind = kind_name::<Q>();
    for line in [
        format!("waits for {kind}::put on \"jobs\" (full, capacity 1)"),
        format!("waits for {kind}::join on \"jobs\" (1 unfinished)"),
        // Each counts those who wait for the same.
        format!("waits for {kind}::get on \"results\" (empty), 2 waiters (for "),
        format!("waits for {kind}::get (empty) (for "),
    ] {
        assert!(report.contains(&line), "{line}\n{report}");
    }
}

fn a_wait_keeps_its_beginning<Q: Kind>() {
    let _observing = observe();
    let (queue, wakes) = (Q::unbounded(), Wakes::new());
    let task = TaskContext::root();
    let mut get = queue.get();
    task.enter(|| wakes.poll_pending(&mut get));
    let first = waits_of(task.info().id());
    assert_eq!(first.len(), 1);
    let others: Vec<_> = (0..3).map(|_| queue.get()).collect();
    for mut other in others {
        wakes.poll_pending(&mut other);
    }
    task.enter(|| wakes.poll_pending(&mut get));
    assert_eq!(waits_of(task.info().id()), first);
}

fn debug_shows_the_numbers_and_never_blocks<Q: Kind>() {
    let queue = Q::bounded(7).named("jobs");
    let debug = format!("{queue:?}");
    assert!(debug.starts_with(kind_name::<Q>()), "{debug}");
    for part in ["jobs", "items: 0", "capacity: Some(7)", "shut_down: false"] {
        assert!(debug.contains(part), "{debug}");
    }
    assert!(format!("{:?}", queue.get()).starts_with("Get"));
    assert!(format!("{:?}", queue.next()).starts_with("Next"));
    assert!(format!("{:?}", queue.get_many(1)).starts_with("GetMany"));
    assert!(format!("{:?}", queue.get_job()).starts_with("GetJob"));
    assert!(format!("{:?}", queue.put(1)).starts_with("Put"));
    assert!(format!("{:?}", queue.put_all(vec![])).starts_with("PutAll"));
    assert!(format!("{:?}", queue.join()).starts_with("Join"));
    assert!(format!("{:?}", queue.producer()).starts_with("Producer"));
}

/// A comparison runs under the lock: the place from which to see that `Debug` does not wait for it.
#[test]
fn debug_does_not_wait_for_the_lock() {
    use std::{cell::RefCell, cmp::Ordering};
    thread_local! {
        static QUEUE: RefCell<Option<smolio_queue::PriorityQueue<Shows>>> = const { RefCell::new(None) };
        static SHOWN: RefCell<String> = const { RefCell::new(String::new()) };
    }
    #[derive(PartialEq, Eq)]
    struct Shows(u32);
    impl PartialOrd for Shows {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Shows {
        fn cmp(&self, other: &Self) -> Ordering {
            QUEUE.with_borrow(|queue| SHOWN.set(format!("{queue:?}")));
            self.0.cmp(&other.0)
        }
    }
    let queue = smolio_queue::PriorityQueue::unbounded();
    QUEUE.set(Some(queue.clone()));
    assert!(queue.try_put(Shows(1)).is_ok());
    assert!(queue.try_put(Shows(2)).is_ok());
    assert!(SHOWN.take().contains("<locked>"));
    QUEUE.take();
}

fn a_queue_that_is_always_ready_starves_nobody<Q: Kind>() {
    let (queue, wakes) = (Q::bounded(1), Wakes::new());
    let task = TaskContext::root();
    let ready = std::cell::Cell::new(0);
    let mut greedy = Box::pin(async {
        loop {
            queue.put(1).await.unwrap();
            ready.set(ready.get() + 1);
            drop(queue.get_job().await.unwrap());
            ready.set(ready.get() + 1);
            queue.join().await;
            ready.set(ready.get() + 1);
            queue.put_all(vec![1]).await.unwrap();
            ready.set(ready.get() + 1);
            queue.get_many(1).await.unwrap();
            ready.set(ready.get() + 1);
            queue.task_done().unwrap();
        }
    });
    let mut cx = Context::from_waker(wakes.waker());
    for poll in 1..4 {
        let _: Poll<()> = task.enter(|| greedy.as_mut().poll(&mut cx));
        assert_eq!((wakes.count(), ready.get()), (poll, 128 * poll));
    }
}
