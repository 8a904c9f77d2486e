//! smolio-sync alone: a lock and an event between two threads, without an executor.
// dependencies: futures-lite = "2"

use std::{sync::Arc, thread};

use futures_lite::future::block_on;
use smolio_sync::{Event, Lock};

fn main() {
    let (total, done) = (Arc::new(Lock::new(0)), Event::new());
    let adder = {
        let (total, done) = (total.clone(), done.clone());
        thread::spawn(move || {
            for number in 0..10 {
                *block_on(total.lock()) += number;
            }
            done.set();
        })
    };
    block_on(done.wait());
    assert_eq!(*block_on(total.lock()), 45);
    adder.join().expect("it adds");
}
