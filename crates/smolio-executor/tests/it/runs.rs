//! Several runs of one runner, and runs where there must be none.

use std::{future::pending, rc::Rc, thread};

use async_lock::Mutex;
use smolio_context::{Instant, current_deadline, enter_deadline, report_shield, watch_shields};
use smolio_executor::{Runner, run, spawn, spawn_local, to_thread, yield_now};

use crate::support::{Counter, Gate, panic_of, under_100_seeds, until, yields};

#[test]
fn r3_a_spawned_task_pauses_and_goes_on() {
    under_100_seeds(|| {
        let (steps, runner) = (Counter::new(), Runner::new());
        let counter = steps.clone();
        let task = runner.run(async move {
            let task = spawn(async move {
                loop {
                    counter.add();
                    if counter.get() == 1000 {
                        break "done";
                    }
                    yields(1).await;
                }
            });
            yields(3).await;
            task
        });
        let paused_at = steps.get();
        assert!(paused_at < 1000);
        assert_eq!(steps.get(), paused_at);
        assert_eq!(runner.run(task), "done");
        assert_eq!(steps.get(), 1000);
    });
}

/// What happens between the runs is seen in the next.
#[test]
fn r3_a_wake_between_the_runs_is_kept() {
    for from_elsewhere in [false, true] {
        let (gate, runner) = (Gate::new(), Runner::new());
        let task = runner.run(async {
            let task = spawn_local(gate.wait());
            yields(3).await;
            task
        });
        if from_elsewhere {
            let gate = gate.clone();
            thread::spawn(move || gate.open()).join().unwrap();
        } else {
            gate.open();
        }
        assert!(!task.is_finished());
        runner.run(task);
    }
}

#[test]
fn r3_a_handle_spawns_between_the_runs() {
    for workers in [1, 2] {
        let runner = Runner::builder().workers(workers).build().unwrap();
        let task = runner.handle().spawn(async { 42 }).unwrap();
        assert_eq!(runner.run(task), 42);
        let handle = runner.handle();
        let foreign = thread::spawn(move || handle.spawn(async { 43 }).unwrap());
        let task = foreign.join().unwrap();
        assert_eq!(runner.run(task), 43);
    }
}

/// A lock is bound to no loop: held in one run, it is waited for in the next, and works in another runner.
#[test]
fn r3_a_lock_of_the_first_run_works_in_the_second() {
    let (lock, runner) = (Rc::new(Mutex::new(1)), Runner::new());
    let guard = runner.run(lock.lock());
    let shared = lock.clone();
    let waiter = runner.run(async {
        let waiter = spawn_local(async move {
            *shared.lock().await += 1;
        });
        yields(3).await;
        assert!(!waiter.is_finished());
        waiter
    });
    drop(guard);
    runner.run(waiter);
    runner.close();
    assert_eq!(run(async { *lock.lock().await }), 2);
}

/// Timers of one run ring in the next.
#[test]
fn r3_a_sleep_goes_on_in_the_next_run() {
    use crate::support::virtual_runner;
    use smolio_context::Instant;
    use std::time::Duration;

    let (runner, _clock) = virtual_runner(Duration::from_secs(1));
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let task = runner.run(async {
        let task = spawn(async move {
            smolio_timer::sleep(second).await;
            start.elapsed()
        });
        yields(3).await;
        task
    });
    assert_eq!(runner.run(task), second);
}

#[test]
fn a_nested_run_is_a_clear_panic() {
    let nested = |text: String| {
        assert!(text.contains("inside of a loop"), "{text}");
        assert!(text.contains("`.await`"), "{text}");
    };
    nested(panic_of(|| run(async { run(async {}) })));
    nested(panic_of(|| {
        run(async { spawn_local(async { run(async {}) }).await });
    }));
    nested(panic_of(|| {
        run(async {
            let other = Runner::new();
            other.run(async {});
        });
    }));
    nested(panic_of(|| {
        Runner::builder()
            .workers(2)
            .run(async { spawn(async { run(async {}) }).await });
    }));
    // On a thread of its own it is fine.
    assert_eq!(run(async { to_thread(|| run(async { 42 })).await }), 42);
}

/// A runner that is closed inside of another's loop closes all the same.
#[test]
fn a_runner_can_be_closed_inside_of_another_loop() {
    let drops = Counter::new();
    let inner = Runner::new();
    let guard = drops.guard();
    inner.run(async {
        spawn_local(async move {
            let _guard = guard;
            pending::<()>().await;
        })
        .detach();
        yields(2).await;
    });
    run(async {
        inner.close();
        assert_eq!(drops.get(), 1);
        // We are on the outer loop again.
        assert_eq!(spawn_local(async { 42 }).await, 42);
    });
}

/// Two runners on one thread do not get into each other's way.
#[test]
fn two_runners_on_one_thread() {
    let (one, other) = (Runner::new(), Runner::new());
    let gate = Gate::new();
    let waiter = one.run(async {
        let waiter = spawn_local(gate.wait());
        yields(2).await;
        waiter
    });
    // Opened inside of the other loop: the wake goes to the one it belongs to.
    other.run(async { gate.open() });
    assert!(!waiter.is_finished());
    one.run(waiter);
    // And a task of one loop can be awaited in the other.
    let task = one.run(async { spawn(async { 42 }) });
    let foreign = other.handle();
    drop(foreign);
    one.run(async { until("it has ended", || task.is_finished()).await });
    assert_eq!(other.run(task), 42);
}

#[test]
fn run_gives_the_value_of_main() {
    under_100_seeds(|| {
        assert_eq!(run(async { "value" }), "value");
        assert_eq!(run(std::future::ready(1)), 1);
        let borrowed = String::from("borrowed");
        assert_eq!(run(async { &borrowed }), "borrowed");
    });
}

/// Somebody else's executor is in the middle of a poll, within timeouts of ours: they are no business of the loop's tasks, nor
/// are the tasks' shields theirs.
#[test]
fn a_run_within_a_poll_has_no_part_in_what_is_around_it() {
    let deadline = Some(Instant::now());
    let _timeout = enter_deadline(deadline);
    let runner = Runner::new();
    let (task, is_shielded) = watch_shields(|| {
        runner.run(async {
            assert_eq!(current_deadline(), None);
            report_shield();
            let task = spawn(async {
                assert_eq!(current_deadline(), None);
                report_shield();
                yields(1).await;
                assert_eq!(current_deadline(), None);
            });
            yields(1).await;
            task
        })
    });
    assert!(!is_shielded);
    assert_eq!(current_deadline(), deadline);
    runner.run(task);
}

#[test]
fn a_large_main_needs_no_large_stack() {
    const SIZE: usize = 160 * 1024;
    let large = || {
        run(async {
            let bytes = [1_u8; SIZE];
            yield_now().await;
            bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>()
        })
    };
    // Half of what a thread has by default.
    let thread = thread::Builder::new().stack_size(1024 * 1024);
    assert_eq!(thread.spawn(large).unwrap().join().unwrap(), SIZE);
}
