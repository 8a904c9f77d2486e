//! Cancelling: before the first poll, while waiting, while running, after the end. On the loop and on workers.

use std::{cell::RefCell, future::pending, rc::Rc, thread};

use smolio_executor::{Handle, Runner, Task, all_tasks, run, spawn, spawn_local, yield_now};

use crate::support::{Counter, Gate, Latch, NotSend, Polls, under_100_seeds, until};

fn on_workers<F: Future>(main: F) -> F::Output {
    Runner::builder().workers(2).run(main)
}

#[test]
fn c1_before_the_first_poll() {
    under_100_seeds(|| {
        let (polls, drops) = (Counter::new(), Counter::new());
        run(async {
            let guard = drops.guard();
            let task = spawn(Polls::new(&polls, async move {
                let _guard = guard;
                pending::<()>().await;
            }));
            assert_eq!(task.cancel().await, None);
            // The future is gone when `cancel` returns, not some time later.
            assert_eq!((polls.get(), drops.get()), (0, 1));

            let not_send = NotSend::new(&drops);
            drop(spawn_local(Polls::new(
                &polls,
                async move { drop(not_send) },
            )));
            until("it is dropped", || drops.get() == 2).await;
            assert_eq!((polls.get(), drops.get()), (0, 2));
        });
    });
}

#[test]
fn c1_while_waiting() {
    under_100_seeds(|| {
        let (polls, drops) = (Counter::new(), Counter::new());
        run(async {
            let guard = drops.guard();
            let task = spawn(Polls::new(&polls, async move {
                let _guard = guard;
                pending::<()>().await;
            }));
            until("the task is waiting", || polls.get() == 1).await;
            assert_eq!(task.cancel().await, None);
            assert_eq!((polls.get(), drops.get()), (1, 1));
            assert_eq!(all_tasks().len(), 1);
        });
    });
}

#[test]
fn c1_by_drop_while_waiting() {
    under_100_seeds(|| {
        let (polls, drops) = (Counter::new(), Counter::new());
        run(async {
            let not_send = NotSend::new(&drops);
            let task = spawn_local(Polls::new(&polls, async move {
                not_send.touch();
                pending::<()>().await;
            }));
            until("the task is waiting", || polls.get() == 1).await;
            drop(task);
            until("the future is dropped", || drops.get() == 1).await;
            assert_eq!(polls.get(), 1);
        });
    });
}

#[test]
fn c1_after_the_end_the_value_is_kept() {
    under_100_seeds(|| {
        run(async {
            let task = spawn(async { 42 });
            until("the task has ended", || task.is_finished()).await;
            assert_eq!(task.cancel().await, Some(42));
        });
    });
}

/// The cancelling begins at the call, not at the first poll of the future that it gives; and a wake that came before does not
/// bring the task back.
#[test]
fn c1_at_once_and_whatever_was_woken_before() {
    under_100_seeds(|| {
        let (polls, gate) = (Counter::new(), Gate::new());
        run(async {
            let task = spawn(Polls::new(&polls, gate.wait()));
            until("the task is waiting", || polls.get() == 1).await;
            gate.open();
            let cancel = task.cancel();
            until("only main is left", || all_tasks().len() == 1).await;
            assert_eq!(polls.get(), 1);
            assert_eq!(cancel.await, None);
        });
    });
}

/// A task that is cancelled by its own poll runs on to its next await, and is dropped there.
#[test]
fn c1_by_itself_from_within_its_poll() {
    let drops = Counter::new();
    run(async {
        let own = Rc::new(RefCell::new(None));
        let (slot, guard, counter) = (own.clone(), drops.guard(), drops.clone());
        let task = spawn_local(async move {
            let _guard = guard;
            drop(slot.take());
            assert_eq!(counter.get(), 0);
            yield_now().await;
            unreachable!("a cancelled task is not polled again");
        });
        own.replace(Some(task));
        until("the future is dropped", || drops.get() == 1).await;
    });
}

/// A value that is ready in the very poll in which the task was cancelled is not lost.
#[test]
fn c1_a_value_of_the_same_poll_is_kept() {
    run(async {
        let own = Rc::new(RefCell::new(None::<Task<u32>>));
        let cancel = Rc::new(RefCell::new(None));
        let (slot, cancelling) = (own.clone(), cancel.clone());
        let task = spawn_local(async move {
            let myself = slot.take().unwrap();
            cancelling.replace(Some(myself.cancel()));
            7
        });
        own.replace(Some(task));
        until("it has run", || cancel.borrow().is_some()).await;
        let cancel = cancel.take().unwrap();
        assert_eq!(cancel.await, Some(7));
    });
}

/// In the queue, but not run: the cancelling comes first.
#[test]
fn c1_a_ready_task_is_not_polled_any_more() {
    run(async {
        let (gate, polls) = (Gate::new(), Counter::new());
        let task = spawn(Polls::new(&polls, gate.wait()));
        until("the task is waiting", || polls.get() == 1).await;
        gate.open();
        assert_eq!(task.cancel().await, None);
        assert_eq!(polls.get(), 1);
    });
}

#[test]
fn c1_before_the_first_poll_on_workers() {
    for _ in 0..100 {
        let (polls, drops) = (Counter::new(), Counter::new());
        on_workers(async {
            let guard = drops.guard();
            let task = spawn(Polls::new(&polls, async move {
                let _guard = guard;
                pending::<()>().await;
            }));
            // The other worker may have been quicker, but never more than one poll.
            assert_eq!(task.cancel().await, None);
            assert_eq!(drops.get(), 1);
            assert!(polls.get() <= 1);
        });
    }
}

#[test]
fn c1_while_running_on_another_worker() {
    let drops = Counter::new();
    let (entered, go_on) = (Latch::new(), Latch::new());
    let here = thread::current().id();
    on_workers(async {
        let (inside, free, guard) = (entered.clone(), go_on.clone(), drops.guard());
        let task = spawn(async move {
            let _guard = guard;
            while thread::current().id() == here {
                yield_now().await;
            }
            inside.open();
            free.block();
            yield_now().await;
            unreachable!("a cancelled task is not polled again");
        });
        while !entered.is_open() {
            yield_now().await;
        }
        let mut cancel = Box::pin(task.cancel());
        for _ in 0..100 {
            assert!(futures_lite::future::poll_once(&mut cancel).await.is_none());
            yield_now().await;
        }
        // The poll goes on undisturbed on its worker.
        assert_eq!(drops.get(), 0);
        go_on.open();
        assert_eq!(cancel.await, None);
        assert_eq!(drops.get(), 1);
    });
}

#[test]
fn c1_after_the_end_on_workers() {
    on_workers(async {
        let task = spawn(async { 42 });
        while !task.is_finished() {
            yield_now().await;
        }
        assert_eq!(task.cancel().await, Some(42));
    });
}

/// Spawned through the handle by the loop's own thread, a task goes through the inbox; it can be cancelled on its way.
#[test]
fn c1_on_its_way_through_the_inbox() {
    under_100_seeds(|| {
        let (polls, drops) = (Counter::new(), Counter::new());
        run(async {
            let handle = Handle::current().unwrap();
            let guard = drops.guard();
            let task = handle
                .spawn(Polls::new(&polls, async move { drop(guard) }))
                .unwrap();
            let mut cancel = task.cancel();
            let mut gone = None;
            for _ in 0..1000 {
                gone = futures_lite::future::poll_once(&mut cancel).await;
                if gone.is_some() {
                    break;
                }
                yield_now().await;
            }
            assert_eq!((gone, polls.get(), drops.get()), (Some(None), 0, 1));

            let guard = drops.guard();
            drop(
                handle
                    .spawn(Polls::new(&polls, async move { drop(guard) }))
                    .unwrap(),
            );
            until("dropped", || drops.get() == 2).await;
            assert_eq!(polls.get(), 0);
        });
    });
}
