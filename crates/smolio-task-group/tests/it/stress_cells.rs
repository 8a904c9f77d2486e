//! What the unsafe code rests on: slots that are taken again and again while wakers of those before are about, and values that
//! go from children to handles on other threads. Each value is counted, and so is each future.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        mpsc::{self, Sender},
    },
    task::{Context, Poll, Waker},
    thread,
};

use fastrand::Rng;
use futures_lite::future::block_on;
use smolio_executor::yield_now;
use smolio_task_group::{Child, LocalTaskGroup, TaskGroup, as_completed, gather};

use crate::support::{Counter, DropGuard, rounds_for, yields};

/// Wakers on another thread, which wakes and drops them some time.
fn elsewhere(seed: u64) -> (Sender<Waker>, thread::JoinHandle<()>) {
    let (sender, wakers) = mpsc::channel::<Waker>();
    let thread = thread::spawn(move || {
        let mut random = Rng::with_seed(seed);
        let mut kept = Vec::new();
        for waker in wakers {
            waker.wake_by_ref();
            match random.u8(..4) {
                0 => kept.push(waker.clone()),
                1 => waker.wake(),
                _ => drop(waker),
            }
            if kept.len() > random.usize(..200) {
                kept.drain(..kept.len() / 2).for_each(Waker::wake);
            }
        }
        kept.into_iter().for_each(Waker::wake);
    });
    (sender, thread)
}

/// Pending so many times, each time until a waker that is sent away is used. Gives its number.
fn sent_away(
    wakers: Sender<Waker>,
    mut times: usize,
    number: usize,
) -> impl Future<Output = usize> {
    poll_fn(move |cx| {
        if times == 0 {
            return Poll::Ready(number);
        }
        times -= 1;
        wakers.send(cx.waker().clone()).unwrap();
        Poll::Pending
    })
}

#[test]
fn stress_slots_of_a_set_are_taken_again_while_wakers_are_about() {
    rounds_for(|seed| {
        let mut random = Rng::with_seed(seed);
        let (wakers, thread) = elsewhere(seed);
        let (made, dropped) = (Counter::new(), Counter::new());
        let limit = random.usize(1..300);
        let mut member = |number| {
            made.add();
            let guard = dropped.guard();
            let sent = sent_away(wakers.clone(), random.usize(..3), number);
            // Of several sizes, and so several to a chunk.
            let ballast = [number; 5];
            let some_yields = random.usize(..3);
            async move {
                let _guard = guard;
                yields(some_yields).await;
                sent.await + ballast[0] - ballast[4]
            }
        };
        let count = 2000;
        let sum: usize = block_on(async { gather((0..count).map(&mut member)).limit(limit).await })
            .into_iter()
            .sum();
        assert_eq!(sum, count * (count - 1) / 2);
        // And one that is given up half-way.
        let mut some = as_completed((0..count).map(&mut member)).limit(limit);
        block_on(async {
            for _ in 0..count / 2 {
                some.next().await.unwrap();
            }
        });
        drop(some);
        drop(wakers);
        assert_eq!(made.get(), dropped.get());
        thread.join().unwrap();
    });
}

#[test]
fn stress_large_members_have_chunks_of_their_own() {
    rounds_for(|seed| {
        let (wakers, thread) = elsewhere(seed);
        let member = |number: usize| {
            let sent = sent_away(wakers.clone(), number % 3, number);
            let ballast = [number; 700];
            async move {
                let number = sent.await;
                yield_now().await;
                assert!(ballast.iter().all(|&word| word == number));
                number
            }
        };
        let numbers = block_on(async { gather((0..100).map(member)).limit(7).await });
        assert!(numbers.into_iter().eq(0..100));
        drop(wakers);
        thread.join().unwrap();
    });
}

#[test]
fn stress_cells_of_children_are_taken_again_while_wakers_and_handles_are_about() {
    rounds_for(|seed| {
        let mut random = Rng::with_seed(seed);
        let (wakers, thread) = elsewhere(seed);
        let (made, dropped) = (Counter::new(), Counter::new());
        let mut late = Vec::new();
        let group = LocalTaskGroup::infallible();
        let run = group.run_value(async {
            let mut handles = Vec::new();
            for number in 0..2000 {
                made.add();
                let guard = dropped.guard();
                let sent = sent_away(wakers.clone(), random.usize(..3), number);
                // Two types of children: cells of two sizes.
                handles.push(if random.bool() {
                    group.spawn_value(async move {
                        let _guard = guard;
                        sent.await
                    })
                } else {
                    let ballast = [number; 20];
                    group.spawn_value(async move {
                        let _guard = guard;
                        sent.await;
                        ballast[random_index(number)]
                    })
                });
                match random.u8(..8) {
                    0 => handles.swap_remove(random.usize(..handles.len())).cancel(),
                    1 => drop(handles.swap_remove(random.usize(..handles.len()))),
                    2 => yield_now().await,
                    3 => {
                        let outcome = handles.swap_remove(random.usize(..handles.len())).join();
                        outcome.await.unwrap();
                    }
                    _ => {}
                }
                // From many to few: chunks are given back.
                if random.u16(..500) == 0 {
                    late.extend(handles.drain(..).skip(3));
                }
            }
            late.append(&mut handles);
        });
        block_on(run).unwrap();
        assert_eq!(made.get(), dropped.get());
        // The memory of these outlives the group.
        drop(group);
        for child in late {
            block_on(child.join()).unwrap();
        }
        drop(wakers);
        thread.join().unwrap();
    });
}

fn random_index(number: usize) -> usize {
    number % 20
}

#[test]
fn stress_values_are_taken_or_dropped_once_whoever_is_first() {
    /// Boxed, so that a value that is dropped twice is noticed, and one that is read too early.
    struct Value(
        Box<usize>,
        #[expect(dead_code, reason = "counts drops")] DropGuard,
    );

    rounds_for(|seed| {
        let mut random = Rng::with_seed(seed);
        let (made, dropped) = (Counter::new(), Counter::new());
        let (handles, received) = mpsc::channel::<(usize, Child<Value>)>();
        let received = Arc::new(Mutex::new(received));
        let threads = [seed, !seed].map(|seed| {
            let received = received.clone();
            thread::spawn(move || {
                let mut random = Rng::with_seed(seed);
                loop {
                    let next = received.lock().unwrap().recv();
                    let Ok((number, child)) = next else { return };
                    let mut child = pin!(child.join());
                    // Polled with several wakers, and then awaited or dropped.
                    for _ in 0..random.usize(..3) {
                        let poll = child.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                        if let Poll::Ready(outcome) = poll {
                            assert_eq!(*outcome.unwrap().0, number);
                            break;
                        }
                    }
                    if random.bool() && !child.is_finished() {
                        assert_eq!(*block_on(child).unwrap().0, number);
                    }
                }
            })
        });
        let group = TaskGroup::infallible();
        let run = group.run_value(async {
            for number in 0..500 {
                let some_yields = random.usize(..4);
                made.add();
                let guard = dropped.guard();
                let child = group.spawn_value(async move {
                    yields(some_yields).await;
                    Value(Box::new(number), guard)
                });
                handles.send((number, child)).unwrap();
                if number % 8 == 0 {
                    yield_now().await;
                }
            }
        });
        block_on(run).unwrap();
        drop(handles);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!((made.get(), dropped.get()), (500, 500));
    });
}
