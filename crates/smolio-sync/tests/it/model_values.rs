//! Random programs on a watch and on a broadcast, and on a model that is obvious and slow: all that was ever sent, in
//! one vector.

use std::{sync::Arc, task::Poll};

use fastrand::Rng;
use smolio_sync::{
    Broadcast, BroadcastReceiver, BroadcastRecvError, BroadcastTryRecvError, TryChangedError,
    Watch, WatchReceiver,
};

use crate::support::Wakes;

const PROGRAMS: u64 = 500;
const STEPS: usize = 200;

fn random_programs(mut program: impl FnMut(&mut Rng)) {
    for seed in 0..PROGRAMS {
        program(&mut Rng::with_seed(seed));
    }
}

#[test]
fn a_broadcast_agrees_with_the_model() {
    random_programs(|random| {
        let capacity = random.usize(1..5);
        let broadcast = Broadcast::new(capacity);
        let mut sent = Vec::new();
        let mut receivers: Vec<(BroadcastReceiver<u32>, usize)> = Vec::new();
        for step in 0..STEPS {
            match random.u32(0..10) {
                0..4 => {
                    let item = step as u32;
                    match broadcast.send(item) {
                        Ok(()) => sent.push(item),
                        Err(_) => assert!(receivers.is_empty()),
                    }
                }
                4 => receivers.push((broadcast.subscribe(), sent.len())),
                5 if receivers.len() > 2 => {
                    receivers.swap_remove(random.usize(0..receivers.len()));
                }
                _ if receivers.is_empty() => {}
                _ => {
                    let index = random.usize(0..receivers.len());
                    let (receiver, next) = &mut receivers[index];
                    receive(receiver, next, &sent, capacity, random.bool());
                }
            }
            let unread = receivers.iter().map(|(_, next)| sent.len() - next).max();
            let kept = unread.unwrap_or(0).min(capacity);
            assert_eq!(broadcast.stats().items, kept);
        }
        drop(broadcast);
        for (mut receiver, mut next) in receivers {
            while next < sent.len() {
                receive(&mut receiver, &mut next, &sent, capacity, random.bool());
            }
            assert_eq!(receiver.try_recv(), Err(BroadcastTryRecvError::Closed));
        }
    });
}

/// Receives in one of two ways what the model says.
fn receive(
    receiver: &mut BroadcastReceiver<u32>,
    next: &mut usize,
    sent: &[u32],
    capacity: usize,
    tries: bool,
) {
    let oldest = sent.len().saturating_sub(capacity);
    let expected = if *next < oldest {
        let missed = (oldest - *next) as u64;
        *next = oldest;
        Err(BroadcastTryRecvError::Lagged(missed))
    } else if let Some(item) = sent.get(*next) {
        *next += 1;
        Ok(Arc::new(*item))
    } else {
        Err(BroadcastTryRecvError::Empty)
    };
    let received = if tries {
        receiver.try_recv()
    } else {
        match Wakes::new().poll(&mut receiver.recv()) {
            Poll::Ready(Ok(item)) => Ok(item),
            Poll::Ready(Err(BroadcastRecvError::Lagged(missed))) => {
                Err(BroadcastTryRecvError::Lagged(missed))
            }
            Poll::Ready(Err(BroadcastRecvError::Closed)) => Err(BroadcastTryRecvError::Closed),
            Poll::Pending => Err(BroadcastTryRecvError::Empty),
        }
    };
    assert_eq!(received, expected);
}

#[test]
fn a_watch_agrees_with_the_model() {
    random_programs(|random| {
        let watch = Watch::new(0);
        let mut sent = vec![0];
        let mut receivers: Vec<(WatchReceiver<u32>, usize)> = Vec::new();
        for step in 1..STEPS {
            match random.u32(0..10) {
                0..3 => {
                    sent.push(step as u32);
                    watch.set(step as u32);
                }
                3 => receivers.push((watch.subscribe(), sent.len())),
                _ if receivers.is_empty() => {}
                4 => {
                    let (receiver, seen) = &receivers[random.usize(0..receivers.len())];
                    let clone = (receiver.clone(), *seen);
                    receivers.push(clone);
                }
                5 => {
                    receivers.swap_remove(random.usize(0..receivers.len()));
                }
                _ => {
                    let index = random.usize(0..receivers.len());
                    let (receiver, seen) = &mut receivers[index];
                    assert_eq!(receiver.get().as_ref(), sent.last().unwrap());
                    let newest = (*seen < sent.len()).then(|| *sent.last().unwrap());
                    let found = if random.bool() {
                        receiver.try_changed().ok()
                    } else {
                        match Wakes::new().poll(&mut receiver.changed()) {
                            Poll::Ready(value) => Some(value.unwrap()),
                            Poll::Pending => None,
                        }
                    };
                    assert_eq!(found.map(|value| *value), newest);
                    *seen = sent.len();
                }
            }
        }
        drop(watch);
        for (mut receiver, seen) in receivers {
            if seen < sent.len() {
                assert_eq!(receiver.try_changed().as_deref(), Ok(sent.last().unwrap()));
            }
            assert_eq!(receiver.try_changed(), Err(TryChangedError::Closed));
        }
    });
}
