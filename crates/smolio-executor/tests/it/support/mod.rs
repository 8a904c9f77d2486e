//! What the tests share: things that count, gates in place of sleeps, and a clock that jumps.

mod child;
mod clock;
mod gate;
mod not_send;

use std::{
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    thread,
};

use smolio_context::{ReadyOrder, panic_message, set_ready_order};
use smolio_executor::{TaskBuilder, yield_now};

pub(crate) use child::{Child, is_child};
pub(crate) use clock::{Jump, virtual_runner};
pub(crate) use gate::{Gate, Latch};
pub(crate) use not_send::NotSend;
pub(crate) use smolio_testing::{Counter, Hook, PanicWaker, Polls, Wakes, panic_of};

/// Runs `test` under 100 orders of those that are ready, and says which one failed.
pub(crate) fn under_100_seeds(test: impl Fn()) {
    struct Reset(ReadyOrder);
    impl Drop for Reset {
        fn drop(&mut self) {
            set_ready_order(self.0);
        }
    }
    let _reset = Reset(set_ready_order(ReadyOrder::FIRST_IN_FIRST_OUT));
    test();
    for seed in 0..100 {
        set_ready_order(ReadyOrder::seeded(seed));
        if let Err(payload) = catch_unwind(AssertUnwindSafe(&test)) {
            panic!("under seed {seed}: {}", panic_message(&*payload));
        }
    }
}

/// Lets the others run `times` times.
pub(crate) async fn yields(times: usize) {
    for _ in 0..times {
        yield_now().await;
    }
}

/// Polls `future` at most `polls` times, then drops it. The value, if there was one by then.
pub(crate) async fn dropped_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            // The last poll is not followed by a wait: the wake may never come.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Ends with a clear message where a test would hang: a bound on the number of turns.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..100_000 {
        if condition() {
            return;
        }
        yield_now().await;
    }
    panic!("this never came true: {what}");
}

/// Begins `f` on a worker that is not this thread, and waits until it says that it has.
///
/// `f` must not wait before it has opened the latch: a task of the workers may come back to this thread.
pub(crate) async fn begin_elsewhere<F>(name: &str, f: impl FnOnce(Latch) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let here = thread::current().id();
    let entered = Latch::new();
    let body = f(entered.clone());
    let task = TaskBuilder::new().name(name).spawn(async move {
        while thread::current().id() == here {
            yield_now().await;
        }
        body.await;
    });
    task.detach();
    while !entered.is_open() {
        yield_now().await;
    }
}

/// Blocks a worker that is not this thread, until the latch is opened.
pub(crate) async fn block_elsewhere(name: &str) -> Latch {
    let release = Latch::new();
    let blocked = release.clone();
    begin_elsewhere(name, |entered| async move {
        entered.open();
        blocked.block();
    })
    .await;
    release
}
