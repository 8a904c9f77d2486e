//! Portals: the loop in the background of a program that is not async.

use std::{
    cell::Cell,
    error::Error,
    future::pending,
    rc::Rc,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use smolio_context::UnhandledKind;
use smolio_executor::{
    CallError, Handle, Portal, Runner, finally, run, spawn, spawn_local, to_thread, yield_now,
};

use crate::support::{Counter, Gate, Hook, Latch, NotSend, Polls, panic_of, yields};

fn portals() -> [Portal; 2] {
    [1, 2].map(|workers| Runner::builder().workers(workers).start_portal().unwrap())
}

#[test]
fn a_call_gives_the_value() {
    for portal in portals() {
        let value = portal.call(async {
            yields(3).await;
            spawn(async { 40 }).await + 2
        });
        assert_eq!(value.unwrap(), 42);
        // It is another thread's loop, and this one has none.
        assert!(Handle::current().is_none());
    }
}

#[test]
fn the_loop_goes_on_between_the_calls() {
    for portal in portals() {
        let gate = Gate::new();
        let (waits, opened) = (gate.clone(), Latch::new());
        let there = opened.clone();
        portal
            .spawn(async move {
                waits.wait().await;
                there.open();
            })
            .unwrap()
            .detach();
        gate.open();
        // Nobody calls.
        opened.block();
    }
}

#[test]
fn a_task_is_waited_for_here_or_in_another_loop() {
    for portal in portals() {
        let task = portal.spawn(async { yield_now().await }).unwrap();
        portal.call(task).unwrap();
        let task = portal.spawn(async { "there" }).unwrap();
        assert_eq!(run(task), "there");
        let task = portal.spawn(async { panic!("over there") }).unwrap();
        let ended: Result<(), _> = portal.call(task.join()).unwrap();
        assert!(ended.unwrap_err().is_panic());
    }
}

#[test]
fn a_panic_resumes_in_the_caller() {
    let hook = Hook::install();
    for portal in portals() {
        let text = panic_of(|| portal.call(async { panic!("over there") }));
        assert_eq!(text, "over there");
        let text = panic_of(|| portal.call_with(|| -> std::future::Ready<()> { panic!("made") }));
        assert_eq!(text, "made");
        let late = async || {
            yield_now().await;
            panic!("later")
        };
        let text = panic_of(|| portal.call_with(late));
        assert_eq!(text, "later");
        // It has not hurt the loop.
        assert_eq!(portal.call(async { 1 }).unwrap(), 1);
    }
    hook.assert_silent();
}

#[test]
fn what_is_not_send_is_made_on_the_loop_and_stays_there() {
    let drops = Counter::new();
    for portal in portals() {
        let counter = drops.clone();
        let value = portal.call_with(async move || {
            let guard = NotSend::new(&counter);
            let shared = Rc::new(Cell::new(1));
            let same = shared.clone();
            spawn_local(async move { same.set(42) }).await;
            yields(5).await;
            guard.touch();
            shared.get()
        });
        assert_eq!(value.unwrap(), 42);
    }
    assert_eq!(drops.get(), 2);
}

#[test]
fn many_threads_call_at_the_same_time() {
    for portal in portals() {
        let sum: u64 = thread::scope(|scope| {
            let callers: Vec<_> = (0..8_u64)
                .map(|number| {
                    let portal = &portal;
                    scope.spawn(move || {
                        let call = |step: usize| {
                            let value = async move {
                                yields(step % 3).await;
                                number
                            };
                            portal.call(value).unwrap()
                        };
                        (0..100).map(call).sum::<u64>()
                    })
                })
                .collect();
            callers
                .into_iter()
                .map(|caller| caller.join().unwrap())
                .sum()
        });
        assert_eq!(sum, 2800);
    }
}

#[test]
fn after_the_stop_what_is_refused_comes_back() {
    for portal in portals() {
        assert!(!portal.is_stopped());
        portal.stop();
        assert!(portal.is_stopped() && portal.handle().is_closed());
        let polls = Counter::new();

        let refused = portal.call(Polls::new(&polls, async { 1 })).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cannot call into the loop: its portal has stopped"
        );
        assert!(!refused.is_cancelled());
        assert_eq!(run(refused.into_inner().unwrap()), 1);

        let refused = portal.call_with(|| async { 2 }).unwrap_err();
        let make = refused.into_inner().unwrap();
        assert_eq!(run(make()), 2);

        let refused = portal.spawn(async { 3 }).unwrap_err();
        assert_eq!(run(refused.into_inner()), 3);
        // Once more does nothing.
        portal.stop();
        assert_eq!(polls.get(), 1);
    }
}

#[test]
fn a_stop_cancels_the_calls_that_are_waited_for_and_tells_them() {
    for portal in portals() {
        let (begun, cleaned) = (Latch::new(), Counter::new());
        let (there, counter) = (begun.clone(), cleaned.clone());
        let error = thread::scope(|scope| {
            let caller = scope.spawn(|| {
                let body = async move {
                    there.open();
                    pending::<()>().await;
                };
                let clean_up = async move {
                    yields(10).await;
                    counter.add();
                };
                portal
                    .call(finally(body, clean_up))
                    .map_err(CallError::without_future)
            });
            begun.block();
            portal.stop();
            // Its clean-up has run by then.
            assert_eq!(cleaned.get(), 1);
            caller.join().unwrap().unwrap_err()
        });
        assert!(error.is_cancelled());
        assert_eq!(
            error.to_string(),
            "a call into the loop was cancelled: its portal was stopped meanwhile"
        );
    }
}

#[test]
fn a_drop_closes_in_good_order_and_waits() {
    for portal in portals() {
        let (drops, cleaned) = (Counter::new(), Counter::new());
        let (guard, counter) = (drops.guard(), cleaned.clone());
        let body = async move {
            let _guard = guard;
            pending::<()>().await;
        };
        let clean_up = async move {
            to_thread(|| ()).await;
            counter.add();
        };
        portal.spawn(finally(body, clean_up)).unwrap().detach();
        // So that it has begun.
        portal.call(yields(3)).unwrap();
        drop(portal);
        assert_eq!((drops.get(), cleaned.get()), (1, 1));
    }
}

#[test]
fn dropped_while_the_caller_unwinds() {
    let cleaned = Counter::new();
    let counter = cleaned.clone();
    let text = panic_of(move || {
        let portal = Portal::start().unwrap();
        let task = finally(pending::<()>(), async move { counter.add() });
        let _task = portal.spawn(task).unwrap();
        portal.call(yields(3)).unwrap();
        panic!("in the midst");
    });
    assert_eq!((text.as_str(), cleaned.get()), ("in the midst", 1));
}

#[test]
fn several_may_stop_it_and_each_waits() {
    for portal in portals() {
        let cleaned = Counter::new();
        let counter = cleaned.clone();
        let clean_up = async move {
            yields(20).await;
            counter.add();
        };
        portal
            .spawn(finally(pending::<()>(), clean_up))
            .unwrap()
            .detach();
        portal.call(yields(3)).unwrap();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    portal.stop();
                    assert_eq!(cleaned.get(), 1);
                });
            }
        });
    }
}

#[test]
fn a_clean_up_that_never_ends_is_given_up() {
    let hook = Hook::install();
    let grace = Duration::from_millis(20);
    let portal = Runner::builder().grace(grace).start_portal().unwrap();
    let endless = finally(pending::<()>(), pending::<()>());
    portal.spawn(endless).unwrap().detach();
    portal.call(yields(3)).unwrap();
    portal.stop();
    let told = hook.take_messages();
    assert!(
        matches!(told[..], [(UnhandledKind::GivenUp, _)]),
        "{told:?}"
    );
}

#[test]
fn a_call_on_a_loops_thread_says_the_way_out() {
    for portal in portals() {
        let portal = Arc::new(portal);
        let same = portal.clone();
        let inside = async move {
            let calls = panic_of(|| same.call(async {}));
            let stops = panic_of(|| same.stop());
            let made = panic_of(|| same.call_with(async || {}));
            // Not the last reference.
            drop(same);
            [calls, made, stops]
        };
        let [calls, made, stops] = portal.call(inside).unwrap();
        for text in [calls, made] {
            assert!(
                text.contains("Portal::call") && text.contains("for ever"),
                "{text}"
            );
            assert!(
                text.contains("`.await`") && text.contains("`to_thread`"),
                "{text}"
            );
        }
        assert!(stops.contains("for ever"), "{stops}");
        // On another loop's thread it would not be for ever, but everything there would wait.
        let text = run(async { panic_of(|| portal.call(async {})) });
        assert!(text.contains("on a thread that runs a loop"), "{text}");
        // The way out.
        let value = run(async move { to_thread(move || portal.call(async { 7 }).unwrap()).await });
        assert_eq!(value, 7);
    }
}

#[test]
fn the_last_reference_may_be_dropped_on_its_own_loop() {
    for portal in portals() {
        let (sender, ended) = mpsc::channel();
        let portal = Arc::new(portal);
        let (last, handle) = (portal.clone(), portal.handle());
        let (gate, dropped) = (Gate::new(), sender);
        let go_on = gate.clone();
        let task = async move {
            go_on.wait().await;
            // Does not wait for itself; cancelled at the next await.
            drop(last);
            dropped.send(()).unwrap();
            pending::<()>().await;
        };
        portal.spawn(task).unwrap().detach();
        drop(portal);
        gate.open();
        ended.recv_timeout(Duration::from_secs(20)).unwrap();
        // The sender goes with the task, when the loop closes.
        assert!(ended.recv_timeout(Duration::from_secs(20)).is_err());
        while !handle.is_closed() {
            thread::yield_now();
        }
    }
}

#[test]
fn settings_that_cannot_be_used_are_an_error_of_the_start() {
    let error = Runner::builder().workers(0).start_portal().unwrap_err();
    assert_eq!(
        error.to_string(),
        "a loop with 0 workers would never run anything"
    );
    let (policy, _guard) = crate::support::Jump::install();
    let error = Runner::builder()
        .idle_policy(policy)
        .start_portal()
        .unwrap_err();
    assert!(
        error.to_string().starts_with("a test clock belongs to"),
        "{error}"
    );
}

#[test]
fn promises() {
    fn shared<T: Send + Sync + 'static>() {}
    fn error<T: Error + Send + Sync + 'static>() {}
    shared::<Portal>();
    error::<CallError<()>>();
    // Also of a future that is not `Sync`, as few are.
    fn question_mark() -> anyhow::Result<u8> {
        let portal = Portal::start()?;
        let one = Cell::new(1);
        let task = portal.spawn(async move {
            yield_now().await;
            one.get()
        })?;
        let two = Cell::new(1);
        Ok(portal.call(task)? + portal.call(async move { two.get() })?)
    }
    assert_eq!(question_mark().unwrap(), 2);
}
