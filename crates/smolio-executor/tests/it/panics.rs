//! Panics where one does not expect them: in drops, in wakers, twice.

use std::{
    future::{Future, pending, poll_fn},
    panic::panic_any,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use smolio_executor::{Runner, TaskBuilder, finally, run, spawn, spawn_local, yield_now};
use smolio_timer::sleep;

use crate::support::{Counter, Gate, Hook, PanicWaker, panic_of, under_100_seeds, until, yields};

/// Panics when it is dropped.
struct Bomb(&'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// Panics in its first poll, and when it is dropped.
struct TwiceOver;

impl Future for TwiceOver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic!("the poll");
    }
}

impl Drop for TwiceOver {
    fn drop(&mut self) {
        panic!("the drop");
    }
}

fn on_one_and_two_workers(test: impl Fn(Runner)) {
    for workers in [1, 2] {
        test(Runner::builder().workers(workers).build().unwrap());
    }
}

#[test]
fn in_the_drop_of_a_cancelled_future() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let entered = Counter::new();
            let (bomb, inside) = (Bomb("boom"), entered.clone());
            let task = spawn(async move {
                let _bomb = bomb;
                inside.add();
                pending::<()>().await;
            });
            until("it waits", || entered.get() == 1).await;
            // The future is gone, and what its drop had to say went to the hook.
            assert_eq!(task.cancel().await, None);
            assert_eq!(hook.take_one().message(), "boom");

            let bomb = Bomb("unpolled");
            let task = spawn_local(async move { drop(bomb) });
            assert_eq!(task.cancel().await, None);
            assert_eq!(hook.take_one().message(), "unpolled");
        });
    });
    hook.assert_silent();
}

#[test]
fn in_the_poll_and_in_the_drop() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let error = spawn(TwiceOver).join().await.unwrap_err();
            assert!(error.to_string().ends_with("panicked: the poll"), "{error}");
            assert_eq!(hook.take_one().message(), "the drop");
            let error = spawn_local(TwiceOver).join().await.unwrap_err();
            assert!(error.to_string().ends_with("panicked: the poll"), "{error}");
            assert_eq!(hook.take_one().message(), "the drop");
        });
    });
    hook.assert_silent();
}

#[test]
fn in_the_drop_at_the_close() {
    let hook = Hook::install();
    under_100_seeds(|| {
        let drops = Counter::new();
        run(async {
            for _ in 0..3 {
                let (bomb, guard) = (Bomb("at the close"), drops.guard());
                spawn_local(async move {
                    let _both = (guard, bomb);
                    pending::<()>().await;
                })
                .detach();
            }
            yields(3).await;
        });
        assert_eq!(drops.get(), 3);
        let told = hook.take();
        assert_eq!(told.len(), 3, "{told:?}");
        assert!(told.iter().all(|one| one.message() == "at the close"));
    });
}

#[test]
fn in_the_drop_of_a_value_that_nobody_wants() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let ended = Counter::new();
            let counter = ended.guard();
            spawn(async move {
                let _counter = counter;
                Bomb("the value")
            })
            .detach();
            until("it has ended", || ended.get() == 1).await;
            let other = spawn(async { 42 });
            assert_eq!(other.await, 42);
        });
        runner.close();
        assert_eq!(hook.take_one().message(), "the value");
    });
}

#[test]
fn in_the_drop_of_a_payload() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let task = spawn(async { panic_any(Bomb("the payload")) });
            while !task.is_finished() {
                yields(1).await;
            }
            drop(task);
            assert_eq!(
                hook.take_one().message(),
                "a panic whose payload is not a text"
            );
            assert_eq!(spawn(async { 42 }).await, 42);
        });
    });
    hook.assert_silent();
}

/// A waker is foreign code; when it panics the task has ended all the same, its value is there, and the hook is told.
#[test]
fn in_the_waker_of_the_one_who_waits() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let gate = Gate::new();
            let mut task = spawn({
                let gate = gate.wait();
                async move {
                    gate.await;
                    42
                }
            });
            let waker = PanicWaker::waker();
            let poll = Pin::new(&mut task).poll(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            gate.open();
            while !task.is_finished() {
                yields(1).await;
            }
            assert_eq!(task.await, 42);
        });
        runner.close();
        assert_eq!(hook.take_one().message(), "the waker panics");
    });
}

/// Nor does it swallow the panic of a task whose handle has been given up.
#[test]
fn in_the_waker_of_one_who_has_left() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let gate = Gate::new();
            let mut task = spawn({
                let gate = gate.wait();
                async move {
                    gate.await;
                    panic!("the task");
                }
            });
            let waker = PanicWaker::waker();
            let poll: Poll<()> = Pin::new(&mut task).poll(&mut Context::from_waker(&waker));
            assert!(poll.is_pending());
            task.detach();
            gate.open();
            while smolio_executor::all_tasks().len() > 1 {
                yields(1).await;
            }
        });
        runner.close();
        let told = hook.take();
        let mut texts: Vec<_> = told
            .iter()
            .map(smolio_context::Unhandled::message)
            .collect();
        texts.sort_unstable();
        assert_eq!(texts, ["the task", "the waker panics"]);
    });
}

#[test]
fn in_main() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        let drops = Counter::new();
        let guard = drops.guard();
        let text = panic_of(|| {
            runner.run(async {
                spawn(async move {
                    let _guard = guard;
                    pending::<()>().await;
                })
                .detach();
                panic!("main")
            })
        });
        assert_eq!((&*text, drops.get()), ("main", 0));
        // The runner can be used again.
        assert_eq!(runner.run(async { spawn(async { 42 }).await }), 42);
        runner.close();
        assert_eq!(drops.get(), 1);
    });
    hook.assert_silent();
}

/// A runner that is dropped by a panic further up closes as well.
#[test]
fn around_a_runner() {
    let drops = Counter::new();
    let guard = drops.guard();
    let text = panic_of(|| {
        let runner = Runner::new();
        runner.run(async {
            spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            })
            .detach();
            yields(2).await;
        });
        panic!("the program")
    });
    assert_eq!((&*text, drops.get()), ("the program", 1));
}

/// Main is dropped while its loop is still there: its destructors may spawn and clean up.
#[test]
fn main_is_dropped_inside_of_its_loop() {
    struct SpawnsInDrop(Counter);
    impl Drop for SpawnsInDrop {
        fn drop(&mut self) {
            let counter = self.0.clone();
            spawn(async move { counter.add() }).detach();
        }
    }
    let ran = Counter::new();
    let runner = Runner::new();
    let spawns = SpawnsInDrop(ran.clone());
    let text = panic_of(|| {
        runner.run(async {
            let _spawns = spawns;
            poll_fn(|_| -> Poll<()> { panic!("main") }).await;
        });
    });
    assert_eq!(text, "main");
    runner.run(yields(2));
    assert_eq!(ran.get(), 1);
}

/// A timer that somebody polls by hand, with a waker that panics when the loop fires it.
#[test]
fn in_the_waker_of_a_timer() {
    let hook = Hook::install();
    on_one_and_two_workers(|runner| {
        runner.run(async {
            let short = Duration::from_millis(1);
            let mut by_hand = Box::pin(sleep(short));
            let waker = PanicWaker::waker();
            let first = by_hand.as_mut().poll(&mut Context::from_waker(&waker));
            assert!(first.is_pending());
            // The loop goes on, with this timer as well.
            sleep(2 * short).await;
        });
        hook.take_one();
    });
}

/// A clean-up that panics on the loop is told under the name of the task that it cleans up for.
#[test]
fn in_a_clean_up_of_a_task_with_a_name() {
    let hook = Hook::install();
    run(async {
        let body = finally(pending::<()>(), async { panic!("the clean-up") });
        let task = TaskBuilder::new().name("careful").spawn(body);
        yield_now().await;
        task.cancel().await;
    });
    assert_eq!(hook.take_one().task().unwrap().name(), "careful");
}
