//! Random programs: everything at once, from several threads, closed at a random moment. Then all is counted.
//!
//! Each runs for a third of a second; `SMOLIO_STRESS_SECONDS=20` is for a longer look, `SMOLIO_STRESS_SEED` for the same again
//! (as far as threads let it be the same).

use std::{
    cell::RefCell,
    env,
    future::{Future, pending, poll_fn},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
    thread,
    time::Duration,
};

use fastrand::Rng;
use smolio_context::{Instant, UnhandledKind};
use smolio_executor::{
    Handle, Runner, Task, finally, shield, spawn, spawn_local, to_thread, yield_now,
};
use smolio_timer::timeout;

use crate::support::{Counter, Hook, NotSend, yields};

fn duration() -> Duration {
    match env::var("SMOLIO_STRESS_SECONDS") {
        Ok(seconds) => Duration::from_secs_f64(seconds.parse().expect("a number of seconds")),
        Err(_) => Duration::from_millis(300),
    }
}

/// Runs `round` with one seed after the other until the time is over.
pub(crate) fn rounds(mut round: impl FnMut(u64)) {
    let first = env::var("SMOLIO_STRESS_SEED").map_or(0, |seed| seed.parse().expect("a seed"));
    let start = Instant::now();
    for seed in first.. {
        if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| round(seed)))
        {
            panic!(
                "under seed {seed}: {}",
                smolio_context::panic_message(&*payload)
            );
        }
        if start.elapsed() > duration() {
            break;
        }
    }
}

/// What all parts of one random program count.
#[derive(Clone, Default)]
struct Books {
    made: Counter,
    dropped: Counter,
    clean_ups_owed: Counter,
    clean_ups_done: Counter,
    /// Panics that were raised, and those that came back to somebody who awaited. The hook must have the others.
    panics_raised: Counter,
    panics_seen: Counter,
    values_made: Counter,
    values_dropped: Counter,
    foreign: Foreign,
    over: Arc<AtomicBool>,
}

/// Wakers that other threads use and drop.
#[derive(Clone, Default)]
struct Foreign(Arc<Mutex<Vec<Waker>>>);

/// One unit in the books: made once, dropped once.
struct Entry(Counter);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.add();
    }
}

impl Books {
    fn entry(&self) -> Entry {
        self.made.add();
        Entry(self.dropped.clone())
    }

    fn value(&self) -> Entry {
        self.values_made.add();
        Entry(self.values_dropped.clone())
    }

    /// Pending for some wakes that come from elsewhere.
    fn foreign_wakes(&self, mut times: usize) -> impl Future<Output = ()> + Send + use<> {
        let foreign = self.foreign.clone();
        poll_fn(move |cx| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            let mut wakers = foreign.0.lock().unwrap();
            for _ in 0..1 + times % 2 {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
    }
}

/// The life of one task, at random.
async fn life(books: Books, seed: u64, depth: u32) -> Entry {
    let mut random = Rng::with_seed(seed);
    let _entry = books.entry();
    for _ in 0..random.u32(0..6) {
        match random.u32(0..12) {
            0 => yield_now().await,
            1 => yields(random.usize(0..10)).await,
            2 => books.foreign_wakes(random.usize(1..4)).await,
            3 => {
                let nap = Duration::from_micros(random.u64(0..300));
                timeout(nap, pending::<()>()).await.unwrap_err();
            }
            4 => {
                let books = books.clone();
                to_thread(move || drop(books.value())).await;
            }
            5 => {
                books.clean_ups_owed.add();
                let done = books.clean_ups_done.clone();
                let steps = random.usize(0..4);
                let clean_up = async move {
                    yields(steps).await;
                    done.add();
                };
                let body = yields(random.usize(0..4));
                finally(body, clean_up).await;
            }
            6 => {
                let entry = books.entry();
                shield(async move {
                    let _entry = entry;
                    yield_now().await;
                })
                .await;
            }
            7 if random.u32(0..4) == 0 => {
                books.panics_raised.add();
                panic!("on purpose");
            }
            _ if depth > 0 => child(&books, &mut random, depth - 1).await,
            _ => {}
        }
    }
    books.value()
}

/// Spawns a child in some way, and does something with its handle.
async fn child(books: &Books, random: &mut Rng, depth: u32) {
    let task = spawn_somehow(books, random, depth);
    yields(random.usize(0..4)).await;
    match random.u32(0..6) {
        0 => task.detach(),
        1 => drop(task),
        2 => drop(task.cancel().await),
        3 => drop(task.cancel()),
        4 => {
            timeout(Duration::from_micros(random.u64(0..200)), task.join())
                .await
                .map(|joined| note(books, joined.is_err_and(|error| error.is_panic())))
                .ok();
        }
        _ => {
            let joined = task.join().await;
            note(books, joined.is_err_and(|error| error.is_panic()));
        }
    }
}

fn note(books: &Books, panicked: bool) {
    if panicked {
        books.panics_seen.add();
    }
}

fn spawn_somehow(books: &Books, random: &mut Rng, depth: u32) -> Task<Entry> {
    let seed = random.u64(..);
    let life = boxed(books.clone(), seed, depth);
    match random.u32(0..4) {
        0 => {
            let not_send = NotSend::new(&books.dropped);
            books.made.add();
            spawn_local(async move {
                let value = life.await;
                not_send.touch();
                value
            })
        }
        1 => match Handle::current().unwrap().spawn(life) {
            Ok(task) => task,
            // Given back by a loop that closes: `spawn` refuses it in its own way.
            Err(closed) => spawn(closed.into_inner()),
        },
        _ => spawn(life),
    }
}

/// A name for the type, as lives are nested.
fn boxed(
    books: Books,
    seed: u64,
    depth: u32,
) -> std::pin::Pin<Box<dyn Future<Output = Entry> + Send>> {
    Box::pin(life(books, seed, depth))
}

/// Uses and drops wakers, and spawns, until the program is over.
fn outsider(books: Books, handle: Handle, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let mut kept = Vec::new();
    while !books.over.load(Ordering::Acquire) {
        let mut wakers = std::mem::take(&mut *books.foreign.0.lock().unwrap());
        random.shuffle(&mut wakers);
        for waker in wakers {
            match random.u32(0..4) {
                0 => waker.wake_by_ref(),
                1 => kept.push(waker.clone()),
                _ => {}
            }
            waker.wake();
        }
        if random.u32(0..8) == 0 {
            let life = boxed(books.clone(), random.u64(..), 1);
            if let Ok(task) = handle.spawn(life) {
                match random.u32(0..3) {
                    0 => task.detach(),
                    1 => drop(task),
                    _ => {
                        let joined = futures_lite::future::block_on(task.join());
                        note(&books, joined.is_err_and(|error| error.is_panic()));
                    }
                }
            }
        }
        if kept.len() > 16 {
            kept.clear();
        }
        thread::yield_now();
    }
    // Late wakes, when the loop has gone.
    for waker in kept {
        waker.wake();
    }
}

fn random_program(hook: &Hook, workers: usize, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let books = Books::default();
    let runner = Runner::builder().workers(workers).build().unwrap();
    let outsiders: Vec<_> = (0..2)
        .map(|number| {
            let (books, handle) = (books.clone(), runner.handle());
            thread::spawn(move || outsider(books, handle, seed ^ number))
        })
        .collect();
    let turns = random.usize(0..200);
    runner.run(async {
        for _ in 0..random.u32(1..30) {
            spawn_somehow(&books, &mut random, 2).detach();
        }
        yields(turns).await;
    });
    runner.close();
    books.over.store(true, Ordering::Release);
    for outsider in outsiders {
        outsider.join().unwrap();
    }
    assert_eq!(books.dropped.get(), books.made.get(), "futures");
    assert_eq!(
        books.values_dropped.get(),
        books.values_made.get(),
        "values"
    );
    assert_eq!(
        books.clean_ups_done.get(),
        books.clean_ups_owed.get(),
        "clean-ups"
    );
    let told = hook.take();
    let count = |kind| told.iter().filter(|one| one.kind() == kind).count();
    let panics = books.panics_seen.get() + count(UnhandledKind::Panic);
    assert_eq!(panics, books.panics_raised.get(), "panics: {told:?}");
    // Shields that the close has caught half-way; nothing else has a reason to be given up within the grace.
    for one in told
        .iter()
        .filter(|one| one.kind() == UnhandledKind::GivenUp)
    {
        assert!(one.message().starts_with("a shielded operation"), "{one}");
    }
}

/// Panics on purpose are not worth a line each.
fn quietly(test: impl FnOnce()) {
    let former = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let text = info.payload().downcast_ref::<&str>().copied();
        if text != Some("on purpose") {
            former(info);
        }
    }));
    test();
}

#[test]
fn stress_workers_one() {
    let hook = Hook::install();
    quietly(|| rounds(|seed| random_program(&hook, 1, seed)));
}

#[test]
fn stress_workers_several() {
    let hook = Hook::install();
    quietly(|| rounds(|seed| random_program(&hook, 2 + seed as usize % 3, seed)));
}

/// Wakers of `!Send` tasks, used and dropped by other threads during the run, after it, and after it has unwound.
#[test]
fn stress_foreign_wakes() {
    quietly(|| {
        rounds(|seed| {
            let mut random = Rng::with_seed(seed);
            let books = Books::default();
            let unwinds = random.bool();
            let turns = random.usize(0..300);
            let runner = Runner::new();
            let over = Arc::new(AtomicBool::new(false));
            let threads: Vec<_> = (0..3)
                .map(|number| {
                    let (foreign, over) = (books.foreign.clone(), over.clone());
                    thread::spawn(move || {
                        let mut random = Rng::with_seed(seed ^ number);
                        let mut kept = Vec::new();
                        while !over.load(Ordering::Acquire) {
                            let waker = foreign.0.lock().unwrap().pop();
                            if let Some(waker) = waker {
                                if random.bool() {
                                    kept.push(waker.clone());
                                }
                                waker.wake();
                            }
                            if random.u8(..) == 0 {
                                thread::yield_now();
                            }
                        }
                        kept.into_iter().for_each(Waker::wake);
                    })
                })
                .collect();
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                runner.run(async {
                    for _ in 0..20 {
                        let not_send = NotSend::new(&books.dropped);
                        books.made.add();
                        let (foreign, own) =
                            (books.foreign_wakes(random.usize(0..50)), RefCell::new(0));
                        spawn_local(async move {
                            foreign.await;
                            not_send.touch();
                            *own.borrow_mut() += 1;
                            pending::<()>().await;
                        })
                        .detach();
                    }
                    yields(turns).await;
                    if unwinds {
                        panic!("on purpose");
                    }
                });
            }));
            assert_eq!(result.is_err(), unwinds);
            runner.close();
            assert_eq!(books.dropped.get(), books.made.get());
            over.store(true, Ordering::Release);
            for thread in threads {
                thread.join().unwrap();
            }
            // The last wakers of all are dropped by this thread.
            books.foreign.0.lock().unwrap().clear();
        });
    });
}
