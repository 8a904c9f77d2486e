//! The barrier.

use smolio_executor::{Task, spawn};
use smolio_sync::{Barrier, BrokenBarrier};
use smolio_test::all_blocked;

use crate::support::{Wakes, explore};

type Waiting = Task<Result<usize, BrokenBarrier>>;

async fn arrive(barrier: &Barrier) -> Waiting {
    let barrier = barrier.clone();
    let task = spawn(async move { barrier.wait().await });
    all_blocked().await;
    task
}

/// One waiter is cancelled: the count goes down. Then reset, and abort.
#[test]
fn l4_cancel_reset_and_abort() {
    explore(|| async {
        let barrier = Barrier::new(3);
        let (one, other) = (arrive(&barrier).await, arrive(&barrier).await);
        assert_eq!(barrier.stats().waiters, 2);
        one.cancel().await;
        assert_eq!(barrier.stats().waiters, 1);

        // The next to come is not the last.
        let third = arrive(&barrier).await;
        assert_eq!(barrier.stats().waiters, 2);
        barrier.reset();
        assert_eq!(other.await, Err(BrokenBarrier::Reset));
        assert_eq!(third.await, Err(BrokenBarrier::Reset));
        assert_eq!(
            (barrier.stats().waiters, barrier.stats().is_broken),
            (0, false)
        );

        // It can be used again.
        let waiting = [arrive(&barrier).await, arrive(&barrier).await];
        assert_eq!(barrier.wait().await, Ok(2));
        for (position, task) in waiting.into_iter().enumerate() {
            assert_eq!(task.await, Ok(position));
        }

        let waiting = arrive(&barrier).await;
        barrier.abort();
        assert_eq!(waiting.await, Err(BrokenBarrier::Aborted));
        assert!(barrier.stats().is_broken);
        // Until it is reset.
        assert_eq!(barrier.wait().await, Err(BrokenBarrier::Aborted));
        barrier.reset();
        assert!(!barrier.stats().is_broken);
        let waiting = arrive(&barrier).await;
        assert_eq!(barrier.stats().waiters, 1);
        waiting.cancel().await;
    });
}

/// asyncio: `test_wait_task_multiple_barrier`: each round has its own.
#[test]
fn the_next_to_come_are_the_next_round() {
    let barrier = Barrier::new(2);
    let wakes = [(); 4].map(|()| Wakes::new());
    let mut waits = [(); 4].map(|()| barrier.wait());
    wakes[0].poll_pending(&mut waits[0]);
    assert_eq!(wakes[1].poll_ready(&mut waits[1]), Ok(1));
    // The first has not run yet, and the next round begins.
    wakes[2].poll_pending(&mut waits[2]);
    assert_eq!(wakes[3].poll_ready(&mut waits[3]), Ok(1));
    assert_eq!(wakes[2].poll_ready(&mut waits[2]), Ok(0));
    assert_eq!(wakes[0].poll_ready(&mut waits[0]), Ok(0));
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 0, 1, 0]);
}

/// Where asyncio gives the number of one who has left to the next.
#[test]
fn no_two_have_the_same_position() {
    let barrier = Barrier::new(3);
    let wakes = [(); 4].map(|()| Wakes::new());
    let mut waits = Vec::from_iter((0..4).map(|_| Some(barrier.wait())));
    for index in 0..2 {
        wakes[index].poll_pending(waits[index].as_mut().unwrap());
    }
    waits[0] = None;
    wakes[2].poll_pending(waits[2].as_mut().unwrap());
    let mut positions = Vec::new();
    for index in [3, 2, 1] {
        positions.push(
            wakes[index]
                .poll_ready(waits[index].as_mut().unwrap())
                .unwrap(),
        );
    }
    assert_eq!(positions, [2, 1, 0]);
}

#[test]
fn one_that_was_let_go_and_is_dropped_holds_nobody_up() {
    let barrier = Barrier::new(2);
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut waiter = barrier.wait();
    first.poll_pending(&mut waiter);
    assert_eq!(second.poll_ready(&mut barrier.wait()), Ok(1));
    drop(waiter);
    assert_eq!(barrier.stats().waiters, 0);
    first.poll_pending(&mut barrier.wait());
}

/// asyncio: a reset, or an abort, does not touch those who have been let go.
#[test]
fn who_was_let_go_is_not_sent_away() {
    for end in [Barrier::reset, Barrier::abort] {
        let barrier = Barrier::new(2);
        let (first, second) = (Wakes::new(), Wakes::new());
        let mut waiter = barrier.wait();
        first.poll_pending(&mut waiter);
        assert_eq!(second.poll_ready(&mut barrier.wait()), Ok(1));
        end(&barrier);
        assert_eq!(first.poll_ready(&mut waiter), Ok(0));
    }
}

#[test]
fn a_barrier_for_one_lets_everybody_go_on() {
    smolio_test::run(async {
        let barrier = Barrier::new(1);
        assert_eq!(barrier.wait().await, Ok(0));
        assert_eq!(barrier.wait().await, Ok(0));
    });
}

/// asyncio: `test_barrier_parties`.
#[test]
fn a_barrier_for_nobody_is_an_error() {
    let error = Barrier::try_new(0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a barrier for 0 parties would never let anybody go on"
    );
    assert!(std::panic::catch_unwind(|| Barrier::new(0)).is_err());
    assert_eq!(
        BrokenBarrier::Aborted.to_string(),
        "cannot wait at the barrier: it was aborted"
    );
}
