//! The race, in virtual time: when each attempt starts, who wins, and what becomes of the others.

use std::{
    cell::Cell,
    future::Future,
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use smolio_net::happy_eyeballs;
use smolio_timer::timeout;

use crate::network::{
    Fate::{self, Connects, Fails, Hangs},
    Network,
};

/// Who wins, and what happened.
fn race(fates: &[Fate]) -> (Option<usize>, Vec<String>) {
    smolio_test::run(async {
        let network = Network::new(fates);
        let winner = network.connect().await;
        let log = network.log();
        // Nothing happens afterwards.
        smolio_timer::sleep(Duration::from_secs(3600)).await;
        assert!(network.log().is_empty());
        (winner.ok(), log)
    })
}

#[test]
fn one_that_connects_within_the_delay_is_alone() {
    let (winner, log) = race(&[Connects(249), Connects(0)]);
    assert_eq!(winner, Some(1));
    assert_eq!(log, ["0 ms: 1 starts", "249 ms: 1 ends"]);
}

#[test]
fn the_second_starts_after_exactly_the_delay() {
    let (winner, log) = race(&[Hangs, Connects(10)]);
    assert_eq!(winner, Some(2));
    let expected = [
        "0 ms: 1 starts",
        "250 ms: 2 starts",
        "260 ms: 2 ends",
        "260 ms: 1 is dropped",
    ];
    assert_eq!(log, expected);
}

#[test]
fn the_second_starts_at_once_when_the_first_fails() {
    let (winner, log) = race(&[Fails(0), Connects(10)]);
    assert_eq!(winner, Some(2));
    let expected = [
        "0 ms: 1 starts",
        "0 ms: 1 ends",
        "0 ms: 2 starts",
        "10 ms: 2 ends",
    ];
    assert_eq!(log, expected);

    let (_, log) = race(&[Fails(100), Connects(10)]);
    assert_eq!(log[2], "100 ms: 2 starts");
}

#[test]
fn the_delay_counts_from_the_start_of_the_attempt_before() {
    // The second starts early, because the first fails; the third is its successor, not the first's.
    let (winner, log) = race(&[Fails(100), Hangs, Connects(0)]);
    assert_eq!(winner, Some(3));
    assert_eq!(log[2], "100 ms: 2 starts");
    assert_eq!(log[3], "350 ms: 3 starts");
}

#[test]
fn a_failure_of_an_older_attempt_starts_the_next_too() {
    let (winner, log) = race(&[Fails(300), Hangs, Connects(0)]);
    assert_eq!(winner, Some(3));
    let expected = [
        "0 ms: 1 starts",
        "250 ms: 2 starts",
        "300 ms: 1 ends",
        "300 ms: 3 starts",
        "300 ms: 3 ends",
        "300 ms: 2 is dropped",
    ];
    assert_eq!(log, expected);
}

#[test]
fn a_slow_first_may_win_after_the_second_has_started() {
    let (winner, log) = race(&[Connects(300), Hangs, Hangs]);
    assert_eq!(winner, Some(1));
    let expected = [
        "0 ms: 1 starts",
        "250 ms: 2 starts",
        "300 ms: 1 ends",
        "300 ms: 2 is dropped",
    ];
    assert_eq!(log, expected);
}

#[test]
fn the_winner_drops_all_its_siblings() {
    let (winner, log) = race(&[Hangs, Hangs, Hangs, Connects(1)]);
    assert_eq!(winner, Some(4));
    let dropped = [
        "751 ms: 4 ends",
        "751 ms: 1 is dropped",
        "751 ms: 2 is dropped",
        "751 ms: 3 is dropped",
    ];
    assert_eq!(log[4..], dropped);
}

#[test]
fn of_two_that_connect_at_the_same_time_the_earlier_wins() {
    let (winner, log) = race(&[Connects(300), Connects(50)]);
    assert_eq!(winner, Some(1));
    assert_eq!(log[3], "300 ms: 2 is dropped");
}

#[test]
fn all_errors_come_in_the_order_of_the_addresses() {
    // They fail in another order: 2, 3, 1.
    smolio_test::run(async {
        let network = Network::new(&[Fails(1000), Fails(10), Fails(20)]);
        let error = network.connect().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot connect: 10.0.0.1:80: failure of 1; 10.0.0.2:80: failure of 2; 10.0.0.3:80: failure of 3"
        );
        let addresses = error.attempts().iter().map(|attempt| attempt.address);
        assert!(addresses.eq((1..=3).map(Network::address)));
        let expected = [
            "0 ms: 1 starts",
            "250 ms: 2 starts",
            "260 ms: 2 ends",
            "260 ms: 3 starts",
            "280 ms: 3 ends",
            "1000 ms: 1 ends",
        ];
        assert_eq!(network.log(), expected);
        assert_eq!(error.into_attempts().len(), 3);
    });
}

#[test]
fn no_addresses_are_an_error() {
    smolio_test::run(async {
        let error = Network::new(&[]).connect().await.unwrap_err();
        assert!(error.attempts().is_empty());
        assert!(error.most_telling().is_none());
        assert_eq!(
            error.to_string(),
            "cannot connect: there is no address to try"
        );
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::NotFound);
    });
}

#[test]
fn a_drop_half_way_drops_all() {
    smolio_test::run(async {
        let network = Network::new(&[Hangs, Hangs, Hangs]);
        let limit = Duration::from_millis(499);
        assert!(timeout(limit, network.connect()).await.is_err());
        let expected = [
            "0 ms: 1 starts",
            "250 ms: 2 starts",
            "499 ms: 1 is dropped",
            "499 ms: 2 is dropped",
        ];
        assert_eq!(network.log(), expected);
    });
}

#[test]
fn nothing_starts_before_the_first_poll() {
    smolio_test::run(async {
        let network = Network::new(&[Connects(0)]);
        let connecting = network.connect();
        smolio_timer::sleep(Duration::from_secs(1)).await;
        assert!(network.log().is_empty());
        assert_eq!(connecting.await.unwrap(), 1);
    });
}

#[test]
fn a_panic_in_an_attempt_drops_the_others_and_goes_on() {
    let dropped = Cell::new(0);
    struct Count<'c>(&'c Cell<u32>);
    impl Drop for Count<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let caught = catch_unwind(AssertUnwindSafe(|| {
        smolio_test::run(async {
            let addresses = [Network::address(1), Network::address(2)];
            let connect = |address| {
                let count = Count(&dropped);
                async move {
                    let _count = count;
                    if address == Network::address(2) {
                        panic!("a bug in the way to connect");
                    }
                    std::future::pending::<io::Result<()>>().await
                }
            };
            happy_eyeballs(addresses, connect).await.unwrap();
        });
    }));
    assert!(caught.is_err());
    assert_eq!(dropped.get(), 2);
}

#[test]
fn a_name_with_a_thousand_dead_addresses_is_done_with_in_one_poll() {
    let addresses = (0..1000).map(|port| ([10, 0, 0, 1], port).into());
    let connect = |_| async { io::Result::<()>::Err(io::ErrorKind::ConnectionRefused.into()) };
    let connecting = pin!(happy_eyeballs(addresses, connect));
    let mut context = Context::from_waker(Waker::noop());
    let std::task::Poll::Ready(Err(error)) = connecting.poll(&mut context) else {
        panic!("no attempt waits for anything");
    };
    assert_eq!(error.attempts().len(), 1000);
}
