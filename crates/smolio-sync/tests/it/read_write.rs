//! Readers and writers, in the order in which they came.

use std::sync::Arc;

use smolio_executor::{spawn, yield_now};
use smolio_sync::RwLock;

use crate::support::{Log, Wakes, explore};

#[test]
fn readers_read_together_and_a_writer_is_alone() {
    let lock = RwLock::new(1);
    let readers = [lock.try_read().unwrap(), lock.try_read().unwrap()];
    assert_eq!(*readers[0] + *readers[1], 2);
    assert_eq!(
        lock.try_write().unwrap_err().to_string(),
        "cannot write: somebody holds the lock, or waits for it"
    );
    assert_eq!(lock.stats().readers, 2);
    drop(readers);
    let mut writer = lock.try_write().unwrap();
    *writer = 2;
    assert!(lock.stats().is_written);
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    drop(writer);
    assert_eq!(*lock.try_read().unwrap(), 2);
}

#[test]
fn readers_that_come_after_a_writer_wait_behind_it() {
    let lock = RwLock::new(());
    let wakes = [(); 5].map(|()| Wakes::new());
    let reader = lock.try_read().unwrap();
    let mut first_writer = lock.write();
    wakes[0].poll_pending(&mut first_writer);
    let (mut read_1, mut read_2) = (lock.read(), lock.read());
    wakes[1].poll_pending(&mut read_1);
    wakes[2].poll_pending(&mut read_2);
    let mut last_writer = lock.write();
    wakes[3].poll_pending(&mut last_writer);
    let mut late = lock.read();
    wakes[4].poll_pending(&mut late);
    assert!(lock.try_read().is_err(), "it would come before the writer");

    let counts = || wakes.each_ref().map(Wakes::count);
    drop(reader);
    assert_eq!(counts(), [1, 0, 0, 0, 0]);
    drop(wakes[0].poll_ready(&mut first_writer));
    assert_eq!(counts(), [1, 1, 1, 0, 0], "readers go on together");
    let guards = (
        wakes[1].poll_ready(&mut read_1),
        wakes[2].poll_ready(&mut read_2),
    );
    drop(guards.0);
    assert_eq!(counts(), [1, 1, 1, 0, 0]);
    drop(guards.1);
    assert_eq!(counts(), [1, 1, 1, 1, 0]);
    drop(wakes[3].poll_ready(&mut last_writer));
    assert_eq!(counts(), [1, 1, 1, 1, 1]);
}

#[test]
fn a_writer_that_is_dropped_lets_those_behind_it_go_on() {
    for granted in [false, true] {
        let (lock, writer, reader) = (RwLock::new(()), Wakes::new(), Wakes::new());
        let holder = lock.try_read().unwrap();
        let (mut write, mut read) = (lock.write(), lock.read());
        writer.poll_pending(&mut write);
        reader.poll_pending(&mut read);
        let holder = if granted {
            drop(holder);
            None
        } else {
            Some(holder)
        };
        assert_eq!((writer.count(), reader.count()), (usize::from(granted), 0));
        drop(write);
        assert_eq!(reader.count(), 1);
        drop(reader.poll_ready(&mut read));
        drop(holder);
        assert!(lock.try_write().is_ok());
    }
}

#[test]
fn a_reader_that_is_dropped_when_it_was_let_in_is_gone() {
    let (lock, reader, writer) = (RwLock::new(()), Wakes::new(), Wakes::new());
    let holder = lock.try_write().unwrap();
    let (mut read, mut write) = (lock.read(), lock.write());
    reader.poll_pending(&mut read);
    writer.poll_pending(&mut write);
    drop(holder);
    assert_eq!((reader.count(), writer.count()), (1, 0));
    drop(read);
    assert_eq!(writer.count(), 1);
    drop(writer.poll_ready(&mut write));
    assert_eq!(lock.stats().readers, 0);
}

#[test]
fn guards_that_borrow_nothing() {
    explore(|| async {
        let (lock, log) = (Arc::new(RwLock::new(0)), Log::new());
        let writers = (1..=3).map(|number| {
            let lock = lock.clone();
            spawn(async move {
                let mut guard = lock.write_owned().await;
                let before = *guard;
                yield_now().await;
                *guard = before + number;
            })
        });
        let writers: Vec<_> = writers.collect();
        let readers = (0..3).map(|_| {
            let (lock, log) = (lock.clone(), log.clone());
            spawn(async move {
                let guard = lock.read_owned().await;
                let before = *guard;
                yield_now().await;
                assert_eq!(*guard, before);
                log.add(());
            })
        });
        for task in writers.into_iter().chain(readers) {
            task.await;
        }
        assert_eq!((*lock.try_read_owned().unwrap(), log.take().len()), (6, 3));
        *lock.try_write_owned().unwrap() += 1;
        assert_eq!(Arc::into_inner(lock).unwrap().into_inner(), 7);
    });
}

#[test]
fn whoever_has_the_only_reference_needs_no_lock() {
    let mut lock = RwLock::<u32>::default();
    *lock.get_mut() += 7;
    assert_eq!(lock.into_inner(), 7);
}

#[test]
fn a_value_needs_no_size() {
    let lock: RwLock<[u8]> = RwLock::from(vec![1, 2].into_boxed_slice());
    lock.try_write().unwrap()[0] = 7;
    let guard = lock.try_read().unwrap();
    assert_eq!(
        (&*guard, format!("{guard:?}")),
        (&[7, 2][..], "ReadGuard([7, 2])".into())
    );
}
