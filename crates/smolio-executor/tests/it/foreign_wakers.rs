//! Wakers in the hands of other threads: they may come at any time, and they may be the last to hold a task.

use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    task::{Poll, Waker},
    thread,
};

use smolio_executor::{Runner, run, spawn, spawn_local};

use crate::support::{Counter, NotSend, Polls, until, yields};

/// A `!Send` future that hands out its waker at each poll and never ends.
fn gives_wakers(
    drops: &Counter,
    polls: &Counter,
    wakers: mpsc::Sender<Waker>,
) -> impl Future<Output = ()> + use<> {
    let not_send = NotSend::new(drops);
    Polls::new(
        polls,
        poll_fn(move |cx| {
            not_send.touch();
            wakers.send(cx.waker().clone()).ok();
            Poll::Pending
        }),
    )
}

/// Waits on its thread for a waker, uses and drops it when told to.
fn keeper(wakers: mpsc::Receiver<Waker>, use_it: mpsc::Receiver<()>) -> thread::JoinHandle<usize> {
    thread::spawn(move || {
        let kept: Vec<_> = wakers.iter().collect();
        use_it.recv().unwrap();
        for waker in &kept {
            waker.wake_by_ref();
            let clone = waker.clone();
            std::hint::black_box(&clone).wake_by_ref();
        }
        let count = kept.len();
        drop(kept);
        count
    })
}

#[test]
fn c4_used_and_dropped_after_the_end_of_run() {
    let (drops, polls) = (Counter::new(), Counter::new());
    let (wakers, kept) = mpsc::channel();
    let (use_it, go) = mpsc::channel();
    let keeper = keeper(kept, go);
    run(async {
        spawn_local(gives_wakers(&drops, &polls, wakers)).detach();
        until("it was polled", || polls.get() == 1).await;
        assert_eq!(drops.get(), 0);
    });
    assert_eq!((drops.get(), polls.get()), (1, 1));
    use_it.send(()).unwrap();
    assert_eq!(keeper.join().unwrap(), 1);
    assert_eq!((drops.get(), polls.get()), (1, 1));
}

#[test]
fn c4_after_a_run_that_unwound() {
    let (drops, polls) = (Counter::new(), Counter::new());
    let (wakers, kept) = mpsc::channel();
    let (use_it, go) = mpsc::channel();
    let keeper = keeper(kept, go);
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        run(async {
            spawn_local(gives_wakers(&drops, &polls, wakers)).detach();
            until("it was polled", || polls.get() == 1).await;
            panic!("main");
        })
    }));
    assert!(unwound.is_err());
    assert_eq!((drops.get(), polls.get()), (1, 1));
    use_it.send(()).unwrap();
    assert_eq!(keeper.join().unwrap(), 1);
    assert_eq!(drops.get(), 1);
}

/// The thread that kept the waker outlives the loop's thread.
#[test]
fn c4_after_the_end_of_the_loops_thread() {
    let (drops, polls) = (Counter::new(), Counter::new());
    let (wakers, kept) = mpsc::channel();
    let (use_it, go) = mpsc::channel();
    let keeper = keeper(kept, go);
    let (their_drops, their_polls) = (drops.clone(), polls.clone());
    let looper = thread::spawn(move || {
        run(async {
            spawn_local(gives_wakers(&their_drops, &their_polls, wakers)).detach();
            until("it was polled", || their_polls.get() == 1).await;
        });
    });
    looper.join().unwrap();
    assert_eq!(drops.get(), 1);
    use_it.send(()).unwrap();
    keeper.join().unwrap();
}

/// The waker of the main future, too.
#[test]
fn c4_the_waker_of_main() {
    let runner = Runner::new();
    let (sender, wakers) = mpsc::channel();
    let give = move || {
        let sender = sender.clone();
        poll_fn(move |cx| {
            sender.send(cx.waker().clone()).unwrap();
            Poll::Ready(())
        })
    };
    runner.run(give());
    let waker = wakers.recv().unwrap();
    let used = thread::spawn(move || {
        waker.wake_by_ref();
        waker
    });
    // A main future that was woken late does not disturb the next one.
    let waker = used.join().unwrap();
    let polls = Counter::new();
    runner.run(Polls::new(&polls, async {
        waker.wake_by_ref();
        yields(3).await;
    }));
    assert!(polls.get() >= 4);
    runner.close();
    thread::spawn(move || waker.wake()).join().unwrap();
}

/// A waker that is dropped by another thread while the loop drops the task.
#[test]
fn c4_dropped_while_the_loop_drops_the_task() {
    for _ in 0..200 {
        let (drops, polls) = (Counter::new(), Counter::new());
        let (wakers, kept) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || {
            for waker in kept {
                waker.wake();
            }
        });
        run(async {
            let task = spawn_local(gives_wakers(&drops, &polls, wakers));
            until("it was polled", || polls.get() >= 2).await;
            drop(task);
        });
        assert_eq!(drops.get(), 1);
        other.join().unwrap();
    }
}

/// Each wake that comes after the last poll began leads to another poll: ping-pong with a thread.
#[test]
fn no_foreign_wake_is_lost() {
    for workers in [1, 2] {
        let (sender, wakers) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || {
            let mut count = 0;
            for waker in wakers {
                waker.wake();
                count += 1;
            }
            count
        });
        let runner = Runner::builder().workers(workers).build().unwrap();
        runner.run(async {
            let mut rounds = 0;
            let task = spawn(poll_fn(move |cx| {
                rounds += 1;
                if rounds > 2000 {
                    return Poll::Ready(());
                }
                sender.send(cx.waker().clone()).unwrap();
                Poll::Pending
            }));
            task.await;
        });
        assert_eq!(other.join().unwrap(), 2000);
    }
}

/// Many wakes from many threads before the loop looks are one poll.
#[test]
fn foreign_wakes_are_merged() {
    let polls = Counter::new();
    let (sender, wakers) = mpsc::channel::<Waker>();
    run(async {
        let task = spawn_local(Polls::new(
            &polls,
            poll_fn(move |cx| {
                sender.send(cx.waker().clone()).unwrap();
                Poll::<()>::Pending
            }),
        ));
        until("it was polled", || polls.get() == 1).await;
        let waker = wakers.recv().unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..100).for_each(|_| waker.wake_by_ref()));
            }
        });
        until("it was polled again", || polls.get() > 1).await;
        yields(200).await;
        assert_eq!(polls.get(), 2);
        task.cancel().await;
    });
}
