//! The order in which ready tasks run: first in, first out, or shuffled by a seed.

use std::{
    cell::RefCell,
    collections::HashSet,
    future::poll_fn,
    rc::Rc,
    task::{Poll, Waker},
};

use smolio_context::{ReadyOrder, ready_order, set_ready_order};
use smolio_executor::{run, spawn, spawn_local, yield_now};

use crate::support::yields;

/// Some tasks that say their name each time they run.
fn trace() -> Vec<char> {
    run(async {
        let log = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = "abcd"
            .chars()
            .map(|name| {
                let log = log.clone();
                spawn_local(async move {
                    for _ in 0..3 {
                        log.borrow_mut().push(name);
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await;
        }
        log.take()
    })
}

#[test]
fn first_in_first_out() {
    assert_eq!(ready_order(), ReadyOrder::FIRST_IN_FIRST_OUT);
    assert_eq!(
        trace(),
        ['a', 'b', 'c', 'd', 'a', 'b', 'c', 'd', 'a', 'b', 'c', 'd']
    );
}

/// In the order of the wakes, not of the spawns.
#[test]
fn woken_first_runs_first() {
    run(async {
        let (log, wakers) = (
            Rc::new(RefCell::new(Vec::new())),
            Rc::new(RefCell::new(Vec::<Waker>::new())),
        );
        let tasks: Vec<_> = (0..4)
            .map(|number| {
                let (log, wakers) = (log.clone(), wakers.clone());
                let mut waited = false;
                spawn_local(poll_fn(move |cx| {
                    if waited {
                        log.borrow_mut().push(number);
                        return Poll::Ready(());
                    }
                    waited = true;
                    wakers.borrow_mut().push(cx.waker().clone());
                    Poll::Pending
                }))
            })
            .collect();
        yields(2).await;
        for index in [2, 0, 3, 1, 2, 2] {
            wakers.borrow()[index].wake_by_ref();
        }
        for task in tasks {
            task.await;
        }
        assert_eq!(*log.borrow(), [2, 0, 3, 1]);
    });
}

/// Main takes its turn like the others, and what it spawns comes after what was ready before.
#[test]
fn main_takes_its_turn() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let push = |what: &'static str| log.borrow_mut().push(what);
    run(async {
        let (first, nested) = (log.clone(), log.clone());
        let task = spawn_local(async move {
            first.borrow_mut().push("task");
            spawn_local(async move { nested.borrow_mut().push("the task's task") }).detach();
            yield_now().await;
            first.borrow_mut().push("task again");
        });
        push("main");
        yield_now().await;
        push("main again");
        task.await;
        push("main at the end");
    });
    assert_eq!(
        *log.borrow(),
        [
            "main",
            "task",
            "main again",
            "the task's task",
            "task again",
            "main at the end"
        ]
    );
}

#[test]
fn a_seed_is_an_order() {
    let under = |seed| {
        let former = set_ready_order(ReadyOrder::seeded(seed));
        let trace = trace();
        set_ready_order(former);
        trace
    };
    let traces: HashSet<_> = (0..100).map(under).collect();
    for seed in 0..100 {
        assert!(
            traces.contains(&under(seed)),
            "another trace under seed {seed}"
        );
        assert_eq!(under(seed), under(seed));
    }
    assert!(traces.len() > 90, "only {} different ones", traces.len());
    // Nobody is left out: each of the four is the first to run, and the last.
    for name in ['a', 'b', 'c', 'd'] {
        assert!(traces.iter().any(|trace| trace[0] == name));
        assert!(traces.iter().any(|trace| trace[11] == name));
    }
}

#[test]
fn spawn_and_spawn_local_share_the_queue() {
    let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    run(async {
        for number in 0..6 {
            let log = log.clone();
            let body = async move { log.lock().unwrap().push(number) };
            if number % 2 == 0 {
                spawn(body).detach();
            } else {
                spawn_local(body).detach();
            }
        }
        yield_now().await;
        assert_eq!(*log.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
    });
}
