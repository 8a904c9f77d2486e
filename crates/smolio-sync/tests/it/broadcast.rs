//! Each item, for all who listen.

use std::{panic::catch_unwind, sync::Arc};

use smolio_executor::{spawn, yield_now};
use smolio_sync::{Broadcast, BroadcastRecvError, BroadcastTryRecvError};

use crate::support::{Counter, Wakes, explore};

#[test]
fn each_receiver_gets_each_item_in_order() {
    explore(|| async {
        let broadcast = Broadcast::new(100);
        let readers = Vec::from_iter((0..3).map(|_| {
            let mut receiver = broadcast.subscribe();
            spawn(async move {
                let mut items = Vec::new();
                loop {
                    match receiver.recv().await {
                        Ok(item) => items.push(*item),
                        Err(BroadcastRecvError::Closed) => return items,
                        Err(BroadcastRecvError::Lagged(_)) => panic!("there was room"),
                    }
                }
            })
        }));
        for item in 0..20 {
            broadcast.send(item).unwrap();
            if item % 3 == 0 {
                yield_now().await;
            }
        }
        drop(broadcast);
        for reader in readers {
            assert_eq!(reader.await, Vec::from_iter(0..20));
        }
    });
}

#[test]
fn who_is_slow_is_told_how_many_it_has_missed() {
    let (broadcast, wakes) = (Broadcast::new(3), Wakes::new());
    let (mut slow, mut quick) = (broadcast.subscribe(), broadcast.subscribe());
    for item in 0..5 {
        broadcast.send(item).unwrap();
        assert_eq!(*quick.try_recv().unwrap(), item);
    }
    let missed = wakes.poll_ready(&mut slow.recv());
    assert_eq!(missed, Err(BroadcastRecvError::Lagged(2)));
    // Once, and it goes on with the oldest that there is.
    for item in 2..5 {
        assert_eq!(*wakes.poll_ready(&mut slow.recv()).unwrap(), item);
    }
    wakes.poll_pending(&mut slow.recv());
    assert_eq!(
        missed.unwrap_err().to_string(),
        "cannot receive the next item: the receiver was too slow, and has missed 2"
    );
}

#[test]
fn who_lags_is_told_of_the_end_after_the_last_item() {
    let broadcast = Broadcast::new(1);
    let mut receiver = broadcast.subscribe();
    broadcast.send(0).unwrap();
    broadcast.send(1).unwrap();
    drop(broadcast);
    assert_eq!(receiver.try_recv(), Err(BroadcastTryRecvError::Lagged(1)));
    assert_eq!(receiver.try_recv(), Ok(Arc::new(1)));
    assert_eq!(receiver.try_recv(), Err(BroadcastTryRecvError::Closed));
}

#[test]
fn a_receiver_gets_what_is_sent_from_then_on() {
    let broadcast = Broadcast::new(3);
    let mut early = broadcast.subscribe();
    broadcast.send(0).unwrap();
    let mut late = broadcast.subscribe();
    broadcast.send(1).unwrap();
    assert_eq!(late.try_recv(), Ok(Arc::new(1)));
    assert_eq!(late.try_recv(), Err(BroadcastTryRecvError::Empty));
    assert_eq!(early.try_recv(), Ok(Arc::new(0)));
}

#[test]
fn with_no_receiver_the_item_comes_back() {
    let broadcast = Broadcast::new(3);
    let refused = broadcast.send(7).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "cannot send an item: there is no receiver"
    );
    assert_eq!(refused.into_inner(), 7);
    drop(broadcast.subscribe());
    assert!(broadcast.send(7).unwrap_err().without_item() == broadcast_unit_error());
    assert_eq!(broadcast.stats().sent, 0);
}

fn broadcast_unit_error() -> smolio_sync::BroadcastSendError<()> {
    Broadcast::new(1).send(()).unwrap_err()
}

#[test]
fn those_who_wait_are_woken_in_the_order_in_which_they_came() {
    let broadcast = Broadcast::new(3);
    let wakes = [(); 3].map(|()| Wakes::new());
    let mut receivers = [(); 3].map(|()| broadcast.subscribe());
    let mut waits = receivers.each_mut().map(|receiver| receiver.recv());
    for (wait, wakes) in waits.iter_mut().zip(&wakes) {
        wakes.poll_pending(wait);
    }
    assert_eq!(broadcast.stats().waiters, 3);
    broadcast.send(1).unwrap();
    broadcast.send(2).unwrap();
    assert_eq!(wakes.each_ref().map(Wakes::count), [1, 1, 1]);
    for (wait, wakes) in waits.iter_mut().zip(&wakes) {
        assert_eq!(*wakes.poll_ready(wait).unwrap(), 1);
    }
}

#[test]
fn dropped_half_way_it_has_received_nothing() {
    let (broadcast, wakes) = (Broadcast::new(3), Wakes::new());
    let mut receiver = broadcast.subscribe();
    let mut recv = receiver.recv();
    wakes.poll_pending(&mut recv);
    broadcast.send(1).unwrap();
    drop(recv);
    assert_eq!(receiver.try_recv(), Ok(Arc::new(1)));
}

#[test]
fn what_all_have_received_is_dropped() {
    #[derive(Debug)]
    struct Item(Counter);
    impl Drop for Item {
        fn drop(&mut self) {
            self.0.add();
        }
    }
    let (broadcast, drops) = (Broadcast::new(2), Counter::default());
    let (mut one, mut other) = (broadcast.subscribe(), broadcast.subscribe());
    let send = || broadcast.send(Item(drops.clone())).unwrap();
    send();
    drop(one.try_recv().unwrap());
    assert_eq!(drops.get(), 0);
    drop(other.try_recv().unwrap());
    assert_eq!((drops.get(), broadcast.stats().items), (1, 0));
    send();
    send();
    send(); // no room for the first of them
    assert_eq!((drops.get(), broadcast.stats().items), (2, 2));
    assert!(one.try_recv().is_err());
    drop(one.try_recv().unwrap());
    drop(other); // has missed one, and has not read the rest
    assert_eq!((drops.get(), broadcast.stats().items), (3, 1));
    drop(one);
    assert_eq!((drops.get(), broadcast.stats().items), (4, 0));
}

#[test]
fn a_broadcast_that_keeps_nothing_is_an_error() {
    let error = Broadcast::<()>::try_new(0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a broadcast with a capacity of 0 would lose every item"
    );
    assert!(catch_unwind(|| Broadcast::<()>::new(0)).is_err());
}

#[test]
fn handles_are_counted() {
    let broadcast = Broadcast::<()>::new(5);
    let receiver = broadcast.subscribe();
    let stats = broadcast.clone().stats();
    assert_eq!((stats.senders, stats.receivers, stats.capacity), (2, 1, 5));
    drop(receiver);
    let stats = broadcast.stats();
    assert_eq!((stats.senders, stats.receivers), (1, 0));
}
