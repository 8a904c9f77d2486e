//! One value, once.

use std::panic::{AssertUnwindSafe, catch_unwind};

use smolio_executor::spawn;
use smolio_sync::oneshot::{self, RecvError, TryRecvError};

use crate::support::{Counter, Wakes, explore};

/// asyncio: `set_result` before and after somebody waits.
#[test]
fn a_value_arrives() {
    explore(|| async {
        let (sender, receiver) = oneshot::channel();
        let receives = spawn(receiver);
        spawn(async move { sender.send(7) }).await.unwrap();
        assert_eq!(receives.await, Ok(7));

        let (sender, receiver) = oneshot::channel();
        sender.send(8).unwrap();
        assert_eq!(receiver.await, Ok(8));
    });
}

#[test]
fn the_receiver_is_woken_once() {
    let (sender, mut receiver) = oneshot::channel();
    let (old, new) = (Wakes::new(), Wakes::new());
    old.poll_pending(&mut receiver);
    new.poll_pending(&mut receiver);
    assert_eq!(old.clones(), 0);
    sender.send(1).unwrap();
    assert_eq!((old.count(), new.count()), (0, 1));
    assert_eq!(new.poll_ready(&mut receiver), Ok(1));
    assert_eq!(new.clones(), 0);
}

#[test]
fn the_receiver_learns_that_the_sender_is_gone() {
    let (sender, mut receiver) = oneshot::channel::<u32>();
    let wakes = Wakes::new();
    wakes.poll_pending(&mut receiver);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(sender);
    assert_eq!(wakes.count(), 1);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    let error: RecvError = wakes.poll_ready(&mut receiver).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot receive a value: the sender is gone"
    );
}

#[test]
fn the_sender_learns_that_the_receiver_is_gone() {
    explore(|| async {
        let (mut sender, receiver) = oneshot::channel::<u32>();
        let works = spawn(async move {
            sender.closed().await;
            sender
        });
        smolio_test::all_blocked().await;
        drop(receiver);
        let sender = works.await;
        assert!(sender.is_closed());
        let refused = sender.send(7).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "cannot send a value: the receiver is gone"
        );
        assert_eq!(refused.into_inner(), 7);
    });
}

#[test]
fn to_wait_for_the_receiver_to_go_may_be_given_up() {
    let (mut sender, receiver) = oneshot::channel();
    let wakes = Wakes::new();
    let mut closed = sender.closed();
    wakes.poll_pending(&mut closed);
    wakes.poll_pending(&mut closed);
    assert_eq!(wakes.clones(), 1);
    drop(closed);
    assert_eq!(wakes.clones(), 0);
    sender.send(1).unwrap();
    drop(receiver);
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_value_can_be_had_without_waiting() {
    let (sender, mut receiver) = oneshot::channel();
    let stats = receiver.stats();
    assert_eq!(
        (stats.is_sent, stats.has_sender, stats.has_receiver),
        (false, true, true)
    );
    sender.send(1).unwrap();
    assert!(receiver.stats().is_sent);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Received));
    assert!(receiver.stats().is_sent && !receiver.stats().has_sender);
    let again = catch_unwind(AssertUnwindSafe(|| Wakes::new().poll(&mut receiver)));
    assert!(again.is_err());
}

/// A receiver that is waited for beside something else still gets the value.
#[test]
fn a_reference_may_be_dropped_half_way() {
    let (sender, mut receiver) = oneshot::channel();
    let wakes = Wakes::new();
    {
        let mut reference = &mut receiver;
        wakes.poll_pending(&mut reference);
    }
    sender.send(1).unwrap();
    assert_eq!(wakes.poll_ready(&mut receiver), Ok(1));
}

#[test]
fn a_value_that_nobody_receives_is_dropped_once() {
    struct Value(Counter);
    impl Drop for Value {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let drops = Counter::default();
    let (sender, receiver) = oneshot::channel();
    assert!(sender.send(Value(drops.clone())).is_ok());
    assert_eq!(drops.get(), 0);
    drop(receiver);
    assert_eq!(drops.get(), 1);
    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    let refused = sender.send(Value(drops.clone())).unwrap_err();
    assert_eq!(drops.get(), 1);
    let _: oneshot::SendError<()> = refused.without_value();
    assert_eq!(drops.get(), 2);
}
