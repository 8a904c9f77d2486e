//! What a test puts in place on its thread, it takes away again: however it ends.

use std::{future::pending, time::Duration};

use smolio_context::{
    Instant, ReadyOrder, VirtualClock, is_observed, ready_order, set_ready_order,
};
use smolio_executor::{Runner, spawn, yield_now};
use smolio_test::{Test, all_blocked, explore, run};
use smolio_timer::sleep;

use crate::support::panic_message;

/// That the thread is as it was before any test.
#[track_caller]
fn assert_untouched() {
    assert!(VirtualClock::current().is_none(), "the clock");
    assert_eq!(ready_order(), ReadyOrder::FIRST_IN_FIRST_OUT, "the order");
    let outside = || futures_lite::future::block_on(all_blocked());
    assert!(panic_message(outside).contains("and none does"), "the test");
}

#[test]
fn everything_is_put_back_after_a_value() {
    let value = Test::new().seed(1).run(async {
        assert!(VirtualClock::current().is_some());
        assert_ne!(ready_order(), ReadyOrder::FIRST_IN_FIRST_OUT);
        assert!(is_observed());
        5
    });
    assert_eq!(value, 5);
    assert_untouched();
}

#[test]
fn everything_is_put_back_after_a_panic() {
    let panics = || {
        Test::new().seed(1).run(async {
            sleep(Duration::from_secs(1)).await;
            panic!("on purpose");
        })
    };
    assert_eq!(panic_message(panics), "on purpose");
    assert_untouched();
}

#[test]
fn everything_is_put_back_after_a_deadlock() {
    assert!(panic_message(|| run(pending::<()>())).contains("all tasks are blocked"));
    assert_untouched();
}

#[test]
fn what_was_there_before_is_put_back() {
    let order = ReadyOrder::seeded(99);
    set_ready_order(order);
    let clock = VirtualClock::new();
    let _clock = clock.install();
    fastrand::seed(4);
    Test::new().seed(1).run(async {
        sleep(Duration::from_secs(1)).await;
        assert_ne!(fastrand::get_seed(), 4);
    });
    assert_eq!(ready_order(), order);
    assert_eq!(fastrand::get_seed(), 4);
    clock.advance(Duration::from_secs(7));
    assert_eq!(Instant::now(), clock.now());
    set_ready_order(ReadyOrder::FIRST_IN_FIRST_OUT);
}

#[test]
fn a_panic_in_a_task_goes_on_in_the_test() {
    let panics = || {
        run(async {
            spawn(async {
                yield_now().await;
                panic!("in a task");
            })
            .await
        })
    };
    assert_eq!(panic_message(panics), "in a task");
}

#[test]
fn errors_of_several_layers_come_out_as_they_are() {
    let value: Result<Result<u32, String>, std::num::ParseIntError> = run(async {
        let number: u32 = "7".parse()?;
        Ok(Err(format!("{number} is not enough")))
    });
    assert_eq!(value, Ok(Err("7 is not enough".to_string())));
}

#[test]
fn a_test_inside_of_a_test_is_refused_and_the_outer_one_goes_on() {
    run(async {
        let start = Instant::now();
        for nested in [
            panic_message(|| run(async {})),
            panic_message(|| explore(3, || async {})),
        ] {
            assert!(nested.contains("loop"), "{nested}");
        }
        sleep(Duration::from_secs(1)).await;
        assert_eq!(start.elapsed(), Duration::from_secs(1));
        all_blocked().await;
    });
    assert_untouched();
}

#[test]
fn tests_follow_each_other_on_one_thread() {
    for _ in 0..3 {
        let start = Instant::now();
        run(sleep(Duration::from_secs(3600)));
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}

#[test]
fn a_body_may_borrow() {
    let mut text = String::new();
    run(async {
        yield_now().await;
        text.push('x');
    });
    assert_eq!(text, "x");
}

#[test]
fn more_than_one_worker_has_no_virtual_time() {
    use smolio_executor::idle::{IdleAction, IdlePolicy, IdleState};
    struct Park;
    impl IdlePolicy for Park {
        fn on_idle(&self, _: &IdleState) -> IdleAction {
            IdleAction::Park
        }
    }
    let built = Runner::builder()
        .workers(2)
        .idle_policy(std::rc::Rc::new(Park))
        .build();
    assert!(built.is_err());
}
