//! Wakers of children in other hands: other threads', and later than the child, the run and the group.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    rc::Rc,
    sync::{Arc, Mutex, mpsc},
    task::{Context, Poll, Waker},
    thread::{self, ThreadId},
};

use smolio_executor::Runner;
use smolio_task_group::{CancelScope, LocalTaskGroup, TaskGroup};

use crate::support::{Counter, Manual, Polls};

/// Pending for ever; gives its waker away in each poll.
fn gives_waker(to: mpsc::Sender<Waker>) -> impl Future<Output = ()> + Send {
    poll_fn(move |cx| {
        to.send(cx.waker().clone()).ok();
        Poll::Pending
    })
}

/// Aborts the process when it is dropped on a thread that is not its own: a panic could be caught by whoever drops.
struct NotSend(ThreadId, Rc<()>, Counter);

impl NotSend {
    fn new(drops: &Counter) -> Self {
        Self(thread::current().id(), Rc::new(()), drops.clone())
    }
}

impl Drop for NotSend {
    fn drop(&mut self) {
        if self.0 != thread::current().id() {
            std::process::abort();
        }
        assert_eq!(Rc::strong_count(&self.1), 1);
        self.2.add();
    }
}

/// How a group goes while another thread holds a waker of its child.
#[derive(Clone, Copy, Debug)]
enum Way {
    Cancelled,
    Dropped,
    ChildCancelled,
    Panics,
    NeverClosed,
}

#[test]
fn c4_a_waker_that_outlives_its_child_keeps_memory_and_no_future() {
    for way in [
        Way::Cancelled,
        Way::Dropped,
        Way::ChildCancelled,
        Way::Panics,
        Way::NeverClosed,
    ] {
        let (sender, wakers) = mpsc::channel();
        let drops = Counter::new();
        {
            let group = LocalTaskGroup::<&str>::new();
            let not_send = NotSend::new(&drops);
            let child = group.spawn(async move {
                let _not_send = not_send;
                gives_waker(sender).await;
            });
            let mut run = Manual::new(group.run(pending::<Result<(), _>>()));
            run.poll_pending();
            let waker = wakers.recv().unwrap();
            let (to_thread, from_here) = mpsc::channel::<()>();
            let other = thread::spawn(move || {
                waker.wake_by_ref();
                let clone = waker.clone();
                // Until the child is gone.
                from_here.recv().unwrap_err();
                for _ in 0..10_000 {
                    waker.wake_by_ref();
                }
                clone.wake();
                drop(waker);
            });
            match way {
                Way::Cancelled => {
                    group.cancel();
                    assert!(run.poll_while_woken().is_ready());
                }
                Way::Dropped => drop(run),
                Way::ChildCancelled => {
                    child.cancel();
                    run.poll_pending();
                    assert!(child.is_finished());
                }
                Way::Panics => {
                    group.spawn(async {
                        if true {
                            std::panic::resume_unwind(Box::new("a sibling"));
                        }
                    });
                    let poll = std::panic::AssertUnwindSafe(|| run.poll_while_woken());
                    std::panic::catch_unwind(poll).unwrap_err();
                }
                // Leaked: its children are never dropped, and borrow nothing that could go.
                Way::NeverClosed => std::mem::forget(run),
            }
            let is_gone = !matches!(way, Way::NeverClosed);
            assert_eq!(drops.get(), usize::from(is_gone), "{way:?}");
            drop(to_thread);
            other.join().unwrap();
        }
        let is_gone = !matches!(way, Way::NeverClosed);
        assert_eq!(drops.get(), usize::from(is_gone), "{way:?}");
    }
}

#[test]
fn a_stale_waker_wakes_nobody() {
    let (sender, wakers) = mpsc::channel();
    let polls = Counter::new();
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(pending::<()>()));
    let first = group.spawn(gives_waker(sender.clone()));
    run.poll_pending();
    let stale = wakers.recv().unwrap();
    first.cancel();
    run.poll_pending();
    // Whoever takes its place is not polled for the sake of the first.
    let _second = group.spawn(Polls::new(&polls, pending::<()>()));
    run.poll_pending();
    assert_eq!(polls.get(), 1);
    for _ in 0..3 {
        stale.wake_by_ref();
        run.poll_pending();
    }
    thread::spawn(move || stale.wake()).join().unwrap();
    run.poll_pending();
    assert_eq!(polls.get(), 1);
    // After the end it does not even wake the run.
    let third = group.spawn(gives_waker(sender));
    run.poll_pending();
    let late = wakers.recv().unwrap();
    let before = run.wakes.count();
    drop(run);
    let wakes = late.clone();
    wakes.wake();
    late.wake_by_ref();
    drop(late);
    assert!(third.is_finished());
    assert!(before > 0);
}

#[test]
fn a_run_that_is_over_is_woken_no_more() {
    let (sender, wakers) = mpsc::channel();
    let group = TaskGroup::infallible();
    let child = group.spawn(gives_waker(sender));
    let mut run = Manual::new(group.run_value(pending::<()>()));
    run.poll_pending();
    let waker = wakers.recv().unwrap();
    group.cancel();
    assert!(run.poll_while_woken().is_ready());
    let count = run.wakes.count();
    waker.wake_by_ref();
    child.cancel();
    group.cancel();
    assert_eq!(run.wakes.count(), count);
    assert_eq!(run.wakes.clones(), 0);
}

#[test]
fn the_last_waker_of_the_run_is_the_one_that_counts() {
    let (sender, wakers) = mpsc::channel();
    let group = TaskGroup::infallible();
    group.spawn(gives_waker(sender));
    let mut run = Manual::new(group.run_value(pending::<()>()));
    let other = crate::support::Wakes::new();
    run.poll_pending();
    let waker = wakers.recv().unwrap();
    assert!(run.poll_with(other.waker().clone()).is_pending());
    waker.wake_by_ref();
    assert_eq!((run.wakes.count(), other.count()), (0, 1));
    assert_eq!((run.wakes.clones(), other.clones()), (0, 0));
}

#[test]
fn a_sibling_is_woken_within_the_same_poll() {
    // One wakes another, forward and backward: no wake of the run is needed for that.
    let places: [Mutex<Option<Waker>>; 2] = Default::default();
    let rounds = Counter::new();
    let group = TaskGroup::infallible();
    let ping_pong = |mine: usize| {
        let (places, rounds) = (&places, &rounds);
        let mut left = 10;
        poll_fn(move |cx| {
            rounds.add();
            let other = places[1 - mine].lock().unwrap().take();
            other.into_iter().for_each(Waker::wake);
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            *places[mine].lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        })
    };
    group.spawn(ping_pong(0));
    group.spawn(ping_pong(1));
    let mut run = Manual::new(group.run_value(async {}));
    run.poll_ready().unwrap();
    assert_eq!(rounds.get(), 22);
    assert_eq!(run.wakes.count(), 0);
}

#[test]
fn an_inner_and_an_outer_group_wake_each_others_children() {
    // In the middle of the inner one's poll a child of the outer one is woken, and the other way round.
    let place = Mutex::new(None::<Waker>);
    let done = Counter::new();
    let outer = TaskGroup::infallible();
    outer.spawn(async {
        let inner = TaskGroup::infallible();
        let body = async {
            for _ in 0..5 {
                inner.spawn_value(async {
                    let waker = place.lock().unwrap().take();
                    waker.into_iter().for_each(Waker::wake);
                });
                smolio_executor::yield_now().await;
            }
        };
        inner.run_value(body).await.unwrap();
        done.add();
    });
    let (mut times, both) = (0, (&done, &place));
    outer.spawn(poll_fn(move |cx| {
        times += 1;
        if times == 5 {
            both.0.add();
            return Poll::Ready(());
        }
        *both.1.lock().unwrap() = Some(cx.waker().clone());
        Poll::Pending
    }));
    let mut run = Manual::new(outer.run_value(async {}));
    let ended = run.poll_while_woken();
    // The last wakes may come before the other has begun to wait.
    if ended.is_pending() {
        let waker = place.lock().unwrap().take();
        while let Some(waker) = waker.clone() {
            waker.wake();
            if run.poll_while_woken().is_ready() {
                break;
            }
        }
    }
    assert_eq!(done.get(), 2);
}

#[test]
fn a_group_goes_from_one_thread_to_the_next_between_its_polls() {
    let done = Counter::new();
    let (sender, wakers) = mpsc::channel();
    let theirs = done.clone();
    let mut run = Box::pin(async move {
        let group = TaskGroup::infallible();
        let body = async {
            for _ in 0..10 {
                let mut waited = 0;
                let (sender, done) = (sender.clone(), &theirs);
                group.spawn(poll_fn(move |cx| {
                    waited += 1;
                    if waited > 5 {
                        done.add();
                        return Poll::Ready(());
                    }
                    sender.send(cx.waker().clone()).unwrap();
                    Poll::Pending
                }));
            }
        };
        group.run_value(body).await
    });
    for round in 0..6 {
        let polled = thread::scope(|scope| {
            let poll = scope.spawn(|| {
                let mut cx = Context::from_waker(Waker::noop());
                run.as_mut().poll(&mut cx)
            });
            poll.join().unwrap()
        });
        assert_eq!(polled.is_ready(), round == 5);
        wakers.try_iter().for_each(Waker::wake);
    }
    assert_eq!(done.get(), 10);
}

#[test]
fn a_waker_may_go_with_the_thread_that_holds_it() {
    // In the destructors of its thread-locals, where nothing of ours may be left.
    struct WakesLate(Option<Waker>);
    impl Drop for WakesLate {
        fn drop(&mut self) {
            self.0.take().into_iter().for_each(Waker::wake);
        }
    }
    thread_local! {
        static LATE: std::cell::RefCell<Option<WakesLate>> = const { std::cell::RefCell::new(None) };
    }
    let (sender, wakers) = mpsc::channel();
    let group = TaskGroup::infallible();
    group.spawn(gives_waker(sender));
    let mut run = Manual::new(group.run_value(pending::<()>()));
    run.poll_pending();
    let waker = wakers.recv().unwrap();
    let there = move || {
        LATE.with_borrow_mut(|late| *late = Some(WakesLate(Some(waker))));
        // So that the queue of the thread exists, and is gone first.
        let group = TaskGroup::infallible();
        assert!(Manual::new(group.run_value(async {})).poll().is_ready());
    };
    thread::spawn(there).join().unwrap();
    assert_eq!(run.wakes.count(), 1);
}

#[test]
fn a_loop_in_a_child_is_a_loop_of_its_own() {
    // Whoever blocks in a child polls other groups in the midst of this one's poll.
    let group = TaskGroup::infallible();
    let mut run = Manual::new(group.run_value(async {
        let child = group.spawn_value(async {
            let other = TaskGroup::infallible();
            let body = async {
                let child = other.spawn_value(async {
                    smolio_executor::yield_now().await;
                    1
                });
                child.await
            };
            futures_lite::future::block_on(other.run_value(body)).unwrap()
        });
        child.await
    }));
    assert_eq!(run.poll_while_woken(), Poll::Ready(Ok(1)));
}

#[test]
fn a_scope_that_is_cancelled_from_a_destructor_of_a_child() {
    struct Cancels(CancelScope);
    impl Drop for Cancels {
        fn drop(&mut self) {
            self.0.cancel();
        }
    }
    let scope = CancelScope::new();
    let group = TaskGroup::<&str>::new();
    let cancels = Cancels(scope.clone());
    group.spawn(async move {
        let _cancels = cancels;
        pending::<()>().await;
    });
    let run = group.run(async { Err::<(), _>("end") });
    let mut outer = Manual::new(scope.run(run));
    // The value comes in the very poll in which the scope is cancelled.
    let value = outer.poll_ready().unwrap();
    assert_eq!(value.unwrap_err().into_first(), Some("end"));
}

#[test]
fn handles_are_awaited_on_other_threads() {
    let runner = Runner::builder().workers(2).build().unwrap();
    let sum = runner.run(async {
        let group = TaskGroup::infallible();
        let waiting = Arc::new(Mutex::new(Vec::new()));
        let body = async {
            for number in 0..50 {
                let child = group.spawn_value(async move {
                    crate::support::yields(number % 7).await;
                    number
                });
                waiting.lock().unwrap().push(smolio_executor::spawn(child));
            }
        };
        group.run_value(body).await.unwrap();
        let tasks = std::mem::take(&mut *waiting.lock().unwrap());
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    });
    assert_eq!(sum, 1225);
}

#[test]
fn a_run_may_stay_where_it_is_pinned() {
    let group = TaskGroup::infallible();
    let run = pin!(group.run_value(async { 1 }));
    assert_eq!(futures_lite::future::block_on(run), Ok(1));
}
