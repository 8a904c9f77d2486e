//! The list of foreign cancels under all interleavings: no key is lost, none comes twice.

use loom::{sync::Arc, thread};

mod sync {
    pub(crate) use loom::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    };
}

#[path = "../src/foreign.rs"]
mod foreign;

use foreign::ForeignCancels;

#[test]
fn every_key_arrives_exactly_once() {
    loom::model(|| {
        let cancels = Arc::new(ForeignCancels::new());
        let others = [1, 2].map(|key| {
            let cancels = cancels.clone();
            thread::spawn(move || cancels.push(key))
        });
        // The owner's turns, while the others are at it.
        let mut seen = cancels.take();
        seen.extend(cancels.take());
        for other in others {
            other.join().unwrap();
        }
        // What was pushed by threads that were joined is seen for certain.
        seen.extend(cancels.take());
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        assert_eq!(cancels.take(), []);
    });
}

#[test]
fn a_key_pushed_before_a_message_is_there_after_it() {
    loom::model(|| {
        let cancels = Arc::new(ForeignCancels::new());
        let message = Arc::new(loom::sync::atomic::AtomicBool::new(false));
        let other = {
            let (cancels, message) = (cancels.clone(), message.clone());
            thread::spawn(move || {
                cancels.push(1);
                message.store(true, loom::sync::atomic::Ordering::Release);
            })
        };
        if message.load(loom::sync::atomic::Ordering::Acquire) {
            assert_eq!(cancels.take(), [1]);
        }
        other.join().unwrap();
    });
}
