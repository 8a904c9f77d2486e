//! Tests on the machine's clock.

use std::{
    future::pending,
    time::{Duration, SystemTime},
};

use smolio_context::VirtualClock;
use smolio_executor::spawn;
use smolio_test::{Test, all_blocked};
use smolio_timer::{sleep, timeout};

use crate::support::{Trace, panic_message};

const SHORT: Duration = Duration::from_millis(30);

#[test]
fn a_timeout_takes_its_time() {
    let before = SystemTime::now();
    let answer = Test::new().real_time().run(async {
        assert!(VirtualClock::current().is_none());
        timeout(SHORT, pending::<()>()).await
    });
    assert!(answer.is_err());
    assert!(before.elapsed().unwrap() >= SHORT);
}

#[test]
fn seeds_shuffle_here_too() {
    let order = |seed| {
        Test::new().real_time().seed(seed).run(async {
            let trace = Trace::new();
            let note = |number: usize, trace: Trace| async move { trace.note(number.to_string()) };
            let tasks: Vec<_> = (0..10)
                .map(|number| spawn(note(number, trace.clone())))
                .collect();
            for task in tasks {
                task.await;
            }
            trace.texts()
        })
    };
    assert_eq!(order(1), order(1));
    assert_ne!(order(1), order(2));
}

#[test]
fn waiting_for_quiet_delays_no_timer_for_long() {
    Test::new().real_time().run(async {
        let sleeper = spawn(sleep(SHORT));
        all_blocked().await;
        assert!(!sleeper.is_finished());
        sleeper.await;
    });
}

#[test]
fn an_exploration_has_virtual_time() {
    let explore = || Test::new().real_time().explore(10).run(|| async {});
    let expected = "an exploration in real time: a seed would not give the same run again";
    assert_eq!(panic_message(explore), expected);
}
