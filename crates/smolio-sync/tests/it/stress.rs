//! Everything at once, on one thread and on several, with futures that are dropped half-way at random. Then all is counted.
//!
//! The random programs run for a third of a second; `SMOLIO_STRESS_SECONDS=20` is for a longer look,
//! `SMOLIO_STRESS_SEED` for the same again (as far as threads let it be the same).

use std::{
    env,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use fastrand::Rng;
use futures_lite::future::zip;
use smolio_context::{Instant, panic_message};
use smolio_executor::{Runner, spawn, yield_now};
use smolio_sync::{
    Barrier, Broadcast, BroadcastRecvError, CapacityLimiter, Condition, Event, Lock, RwLock,
    Semaphore, Watch, oneshot,
};
use smolio_timer::timeout;

/// A lost wake-up shows as a program that does not end. This long is enough for one on any machine.
const LIMIT: Duration = Duration::from_secs(100);

/// How many tasks, and how often each does something.
const TASKS: usize = 8;
const ROUNDS: usize = 100;

#[test]
fn stress_one_thread() {
    rounds(|seed| random_program(1, seed));
}

#[test]
fn stress_three_threads() {
    rounds(|seed| random_program(3, seed));
}

fn rounds(mut round: impl FnMut(u64)) {
    let duration = match env::var("SMOLIO_STRESS_SECONDS") {
        Ok(seconds) => Duration::from_secs_f64(seconds.parse().expect("a number of seconds")),
        Err(_) => Duration::from_millis(300),
    };
    let first = env::var("SMOLIO_STRESS_SEED").map_or(0, |seed| seed.parse().expect("a seed"));
    let start = Instant::now();
    for seed in first.. {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| round(seed))) {
            panic!("under seed {seed}: {}", panic_message(&*payload));
        }
        if start.elapsed() > duration {
            break;
        }
    }
}

/// Awaits the future, or polls it so many times without waiting to be woken, and gives up. Most are patient.
async fn sometimes<F: Future>(random: &mut Rng, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    if random.u32(0..4) != 0 {
        return Some(future.await);
    }
    let mut left = random.u32(0..3);
    poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Some let others run while they have it.
async fn hold(random: &mut Rng) {
    for _ in 0..random.u32(0..3) {
        yield_now().await;
    }
}

/// What one random program shares.
struct Program {
    lock: Arc<Lock<usize>>,
    locked: AtomicUsize,
    read_write: RwLock<usize>,
    written: AtomicUsize,
    semaphore: Semaphore,
    permits: usize,
    held: AtomicUsize,
    limiter: CapacityLimiter,
    /// What is there to be taken, and that there is.
    stock: Lock<usize>,
    delivered: Condition,
    taken: AtomicUsize,
    deliveries: AtomicUsize,
}

impl Program {
    fn new(random: &mut Rng) -> Self {
        let permits = random.usize(1..5);
        Self {
            lock: Arc::default(),
            locked: AtomicUsize::new(0),
            read_write: RwLock::default(),
            written: AtomicUsize::new(0),
            semaphore: Semaphore::new(permits),
            permits,
            held: AtomicUsize::new(0),
            limiter: CapacityLimiter::new(random.usize(1..4)),
            stock: Lock::new(0),
            delivered: Condition::new(),
            taken: AtomicUsize::new(0),
            deliveries: AtomicUsize::new(0),
        }
    }

    async fn task(&self, random: &mut Rng) {
        for _ in 0..ROUNDS {
            match random.u32(0..6) {
                0 => self.lock(random).await,
                1 => self.read(random).await,
                2 => self.write(random).await,
                3 => self.acquire(random).await,
                4 => self.borrow(random).await,
                _ => self.deliver(random).await,
            }
        }
    }

    async fn lock(&self, random: &mut Rng) {
        if random.bool() {
            if let Some(mut guard) = sometimes(random, self.lock.lock()).await {
                let before = *guard;
                hold(random).await;
                *guard = before + 1;
                self.locked.fetch_add(1, SeqCst);
            }
        } else if let Some(mut guard) = sometimes(random, self.lock.lock_owned()).await {
            *guard += 1;
            self.locked.fetch_add(1, SeqCst);
        }
    }

    async fn read(&self, random: &mut Rng) {
        if let Some(guard) = sometimes(random, self.read_write.read()).await {
            let before = *guard;
            hold(random).await;
            assert_eq!(*guard, before);
        }
    }

    async fn write(&self, random: &mut Rng) {
        if let Some(mut guard) = sometimes(random, self.read_write.write()).await {
            let before = *guard;
            hold(random).await;
            *guard = before + 1;
            self.written.fetch_add(1, SeqCst);
        }
    }

    async fn acquire(&self, random: &mut Rng) {
        let count = random.usize(0..=self.permits);
        let permit = match random.u32(0..3) {
            0 => self.semaphore.try_acquire_many(count).ok(),
            _ => sometimes(random, self.semaphore.acquire_many(count)).await,
        };
        if permit.is_some() {
            let held = self.held.fetch_add(count, SeqCst) + count;
            assert!(held <= self.permits, "{held} of {} permits", self.permits);
            hold(random).await;
            self.held.fetch_sub(count, SeqCst);
        }
    }

    async fn borrow(&self, random: &mut Rng) {
        let borrower = random.u32(0..5);
        let token = sometimes(random, self.limiter.acquire_on_behalf_of(borrower)).await;
        hold(random).await;
        drop(token);
        if random.u32(0..5) == 0 {
            self.limiter.set_total_tokens(random.usize(1..4));
        }
    }

    /// Waits for one and takes it, and adds one meanwhile, which is for whoever came first. Whoever is told and gives up
    /// must pass it on.
    async fn deliver(&self, random: &mut Rng) {
        let add = async {
            *self.stock.lock().await += 1;
            self.delivered.notify(1);
        };
        let take = async {
            let guard = self.stock.lock().await;
            let wait = self.delivered.wait_for(guard, |stock| *stock > 0);
            if let Some(mut stock) = sometimes(random, wait).await {
                *stock -= 1;
                self.taken.fetch_add(1, SeqCst);
            }
            self.deliveries.fetch_add(1, SeqCst);
        };
        zip(take, add).await;
    }

    fn check(self) {
        assert_eq!(*self.lock.try_lock().unwrap(), self.locked.into_inner());
        assert_eq!(self.lock.stats().waiters, 0);
        assert_eq!(self.read_write.into_inner(), self.written.into_inner());
        let stats = self.semaphore.stats();
        assert_eq!((stats.available, stats.waiters), (self.permits, 0));
        let stats = self.limiter.stats();
        assert_eq!((stats.borrowed, stats.waiters), (0, 0));
        for borrower in 0..5 {
            assert!(self.limiter.try_acquire_on_behalf_of(borrower).is_ok());
        }
        assert_eq!(self.delivered.stats().waiters, 0);
        let left = self.deliveries.into_inner() - self.taken.into_inner();
        assert_eq!(self.stock.into_inner(), left);
    }
}

fn random_program(workers: usize, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let program = Arc::new(Program::new(&mut random));
    let runner = Runner::builder().workers(workers).build().unwrap();
    runner.run(async {
        let tasks = Vec::from_iter((0..TASKS).map(|_| {
            let (program, mut random) = (program.clone(), random.fork());
            spawn(async move { program.task(&mut random).await })
        }));
        let run = async {
            for task in tasks {
                task.await;
            }
            values(&mut random).await;
        };
        timeout(LIMIT, run).await.expect("a wake-up was lost");
    });
    drop(runner);
    Arc::into_inner(program)
        .expect("all tasks are gone")
        .check();
}

/// Those that pass values on, and those for which all wait together.
async fn values(random: &mut Rng) {
    let (start, meet) = (Event::new(), Barrier::new(4));
    let (watch, broadcast) = (Watch::new(0), Broadcast::new(random.usize(1..10)));
    let tasks = Vec::from_iter((0..4).map(|_| {
        let (start, meet, mut random) = (start.clone(), meet.clone(), random.fork());
        let (mut changes, mut items) = (watch.subscribe(), broadcast.subscribe());
        spawn(async move {
            while sometimes(&mut random, start.wait()).await.is_none() {}
            for _ in 0..10 {
                // Patiently: one that gives up may have been let go already, and would be missing in the next round.
                meet.wait().await.unwrap();
            }
            let mut newest = 0;
            while newest < 100 {
                if let Some(value) = sometimes(&mut random, changes.changed()).await {
                    let value = *value.unwrap();
                    assert!(value > newest);
                    newest = value;
                }
            }
            let mut received = 0;
            loop {
                match sometimes(&mut random, items.recv()).await {
                    Some(Ok(_)) => received += 1,
                    Some(Err(BroadcastRecvError::Lagged(missed))) => received += missed,
                    Some(Err(BroadcastRecvError::Closed)) => return received,
                    None => {}
                }
            }
        })
    }));
    start.set();
    for value in 1..=100_u64 {
        watch.set(value);
        broadcast.send(value).unwrap();
        hold(random).await;
    }
    drop(broadcast);
    for task in tasks {
        assert_eq!(task.await, 100);
    }
    for _ in 0..10 {
        let (sender, mut receiver) = oneshot::channel();
        let sends = spawn(async move { sender.send(7) });
        let received = loop {
            if let Some(received) = sometimes(random, &mut receiver).await {
                break received;
            }
        };
        assert_eq!((received, sends.await), (Ok(7), Ok(())));
    }
}
