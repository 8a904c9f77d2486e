//! Every public future, dropped after its k-th poll, for all k: nothing stays armed, nothing stays behind.

use std::{
    cell::Cell,
    future::Future,
    io,
    rc::Rc,
    task::{Context, Poll},
};

use smol::future::{yield_now, zip};
use smolio_context::{Instant, TaskContext};
use smolio_timer::{
    TimeoutScope, interval, move_on_after, sleep, sleep_until, timeout, timeout_at, try_timeout,
};

use crate::harness::{Harness, Wakes, ms, shield};

/// Counts its own drop.
struct Guard(Rc<Cell<usize>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

/// Needs several polls and several timers.
async fn body(_guard: Guard) -> io::Result<()> {
    yield_now().await;
    sleep(ms(3)).await;
    yield_now().await;
    sleep(ms(3)).await;
    Ok(())
}

/// Gives the number of polls that the future needs to its end.
fn drop_after_each_poll<F: Future>(make: impl Fn(Guard) -> F) -> usize {
    let mut polls = 0;
    while !dropped_after(polls, &make) {
        polls += 1;
        assert!(polls < 100, "does not end");
    }
    polls
}

/// Whether the future had ended by then.
fn dropped_after<F: Future>(polls: usize, make: impl Fn(Guard) -> F) -> bool {
    let harness = Harness::new();
    let wakes = Wakes::new();
    let drops = Rc::new(Cell::new(0));
    let task = TaskContext::root();
    let mut future = Box::pin(make(Guard(drops.clone())));
    let mut ended = false;
    for _ in 0..polls {
        let before = wakes.count();
        let mut cx = Context::from_waker(wakes.waker());
        let poll = task.enter(|| future.as_mut().poll(&mut cx));
        if let Poll::Ready(_value) = poll {
            ended = true;
            break;
        }
        while wakes.count() == before {
            assert!(harness.jump(), "pending for ever");
        }
    }
    drop(future);
    assert_eq!(drops.get(), 1);
    assert!(harness.driver.is_empty());
    assert_eq!(wakes.clones(), 0);
    ended
}

#[test]
fn of_sleeps() {
    assert_eq!(
        drop_after_each_poll(|guard| async move {
            let _guard = guard;
            sleep(ms(3)).await;
            sleep_until(Instant::now() + ms(3)).await;
        }),
        3
    );
}

#[test]
fn of_timeouts_that_end_in_time() {
    assert_eq!(
        drop_after_each_poll(|guard| timeout(ms(20), body(guard))),
        5
    );
    assert_eq!(drop_after_each_poll(|guard| timeout(None, body(guard))), 5);
    drop_after_each_poll(|guard| timeout_at(Instant::now() + ms(20), body(guard)));
    drop_after_each_poll(|guard| try_timeout(ms(20), body(guard)));
    drop_after_each_poll(|guard| move_on_after(ms(20), body(guard)));
}

#[test]
fn of_timeouts_that_do_not() {
    assert_eq!(drop_after_each_poll(|guard| timeout(ms(4), body(guard))), 5);
    drop_after_each_poll(|guard| timeout_at(Instant::now() + ms(4), body(guard)));
    drop_after_each_poll(|guard| try_timeout(ms(4), body(guard)));
    drop_after_each_poll(|guard| move_on_after(ms(4), body(guard)));
    // Nested, where the inner one stays silent.
    drop_after_each_poll(|guard| timeout(ms(4), timeout(ms(4), body(guard))));
}

/// Held up by a shield, with an inner one that leaves it to the outer at first.
#[test]
fn of_timeouts_that_wait_for_a_shield() {
    let beside = |guard| zip(shield(sleep(ms(12))), timeout(ms(4), body(guard)));
    assert!(drop_after_each_poll(|guard| timeout(ms(4), beside(guard))) > 5);
    drop_after_each_poll(|guard| TimeoutScope::after(ms(4)).run(beside(guard)));
    drop_after_each_poll(|guard| timeout(ms(4), shield(body(guard))));
    drop_after_each_poll(|guard| {
        timeout(ms(4), async move {
            let _guard = guard;
            shield(sleep(ms(12))).await;
            sleep(ms(4)).await;
        })
    });
}

#[test]
fn of_scopes_that_are_rescheduled() {
    drop_after_each_poll(|guard| async move {
        let scope = TimeoutScope::after(ms(2));
        let handle = scope.handle();
        let rescheduled = async {
            yield_now().await;
            handle.reschedule(Instant::now() + ms(4)).unwrap();
            body(guard).await
        };
        scope.run(rescheduled).await.ok();
    });
}

#[test]
fn of_intervals() {
    drop_after_each_poll(|guard| async move {
        let _guard = guard;
        let mut interval = interval(ms(3));
        for _ in 0..3 {
            interval.tick().await;
            interval.next().await;
        }
    });
}
