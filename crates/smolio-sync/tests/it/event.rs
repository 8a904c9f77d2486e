//! The event.

use smolio_executor::spawn;
use smolio_sync::Event;

use crate::support::{Log, Wakes, explore};

/// asyncio: `test_wait`, `test_wait_on_set`.
#[test]
fn set_lets_all_go_on_in_their_order() {
    explore(|| async {
        let (event, log) = (Event::new(), Log::new());
        let mut tasks = Vec::new();
        for number in 0..3 {
            let (event, log) = (event.clone(), log.clone());
            tasks.push(spawn(async move {
                event.wait().await;
                log.add(number);
            }));
        }
        smolio_test::all_blocked().await;
        assert_eq!(event.stats().waiters, 3);
        assert!(log.entries().is_empty());
        event.set();
        for task in tasks {
            task.await;
        }
        assert_eq!(log.entries().len(), 3);
        event.wait().await; // and all who come
        assert!(event.is_set());
    });
}

#[test]
fn they_are_woken_in_the_order_in_which_they_came() {
    let event = Event::default();
    let wakes = [(); 3].map(|()| Wakes::new());
    let mut waits = [(); 3].map(|()| event.wait());
    for (wait, wakes) in waits.iter_mut().zip(&wakes) {
        wakes.poll_pending(wait);
    }
    event.set();
    event.set();
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 1, 1]);
}

/// asyncio: `test_clear`, `test_clear_with_waiters`: whoever waited when it was set goes on, also if it is cleared
/// before it runs.
#[test]
fn who_has_waited_goes_on_though_it_is_cleared() {
    let (event, wakes) = (Event::new(), Wakes::new());
    let mut wait = event.wait();
    wakes.poll_pending(&mut wait);
    event.set();
    event.clear();
    assert!(!event.is_set());
    wakes.poll_ready(&mut wait);
    wakes.poll_pending(&mut event.wait());
}

/// asyncio: `test_wait_cancel`.
#[test]
fn one_that_is_cancelled_is_gone() {
    let (event, wakes) = (Event::new(), Wakes::new());
    let mut wait = event.wait();
    wakes.poll_pending(&mut wait);
    assert_eq!(event.stats().waiters, 1);
    drop(wait);
    assert_eq!((event.stats().waiters, wakes.clones()), (0, 0));
    event.set();
    assert_eq!(wakes.count(), 0);
}
