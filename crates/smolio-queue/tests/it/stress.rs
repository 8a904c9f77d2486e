//! Everything at once, on one thread and on several, with futures that are dropped half-way at random. Then all is counted.
//!
//! The random programs run for a third of a second; `SMOLIO_STRESS_SECONDS=20` is for a longer look, `SMOLIO_STRESS_SEED` for
//! the same again (as far as threads let it be the same).

use std::{
    env,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use fastrand::Rng;
use futures_lite::StreamExt;
use smolio_context::{Instant, panic_message};
use smolio_executor::{Runner, Task, spawn};
use smolio_queue::{TryGetError, TryPutError};
use smolio_timer::timeout;

use crate::support::{Kind, for_all_kinds};

for_all_kinds!(
    q7_each_item_is_got_once_on_one_thread,
    q7_each_item_is_got_once_on_two_threads,
    stress_one_thread,
    stress_three_threads,
);

fn q7_each_item_is_got_once_on_one_thread<Q: Kind>() {
    eight_and_eight::<Q>(1);
}

fn q7_each_item_is_got_once_on_two_threads<Q: Kind>() {
    eight_and_eight::<Q>(2);
}

/// A lost wake-up shows as a program that does not end. This long is enough for one on any machine.
const LIMIT: Duration = Duration::from_secs(100);

/// For each item how often it was got.
#[derive(Clone)]
struct Books(Arc<[AtomicU32]>);

impl Books {
    fn new(items: u32) -> Self {
        Self((0..items).map(|_| AtomicU32::new(0)).collect())
    }

    fn got(&self, item: u32) {
        self.0[item as usize].fetch_add(1, Relaxed);
    }

    fn count(&self, item: u32) -> u32 {
        self.0[item as usize].load(Relaxed)
    }
}

/// Awaits the future, or polls it so many times without waiting to be woken, and gives up.
async fn at_most<F: Future + Unpin>(polls: Option<u32>, future: &mut F) -> Option<F::Output> {
    let Some(mut left) = polls else {
        return Some(future.await);
    };
    poll_fn(|cx| {
        if let Poll::Ready(output) = std::pin::Pin::new(&mut *future).poll(cx) {
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

/// Most are patient.
fn patience(random: &mut Rng) -> Option<u32> {
    (random.u32(0..8) == 0).then(|| random.u32(0..3))
}

const TASKS: u32 = 8;

fn eight_and_eight<Q: Kind>(workers: usize) {
    let items = 1_000_000;
    let books = Books::new(items);
    let queue = Q::bounded(16);
    let run = async {
        let putters = Vec::from_iter((0..TASKS).map(|number| {
            let queue = queue.clone();
            spawn(async move {
                let mut random = Rng::with_seed(number.into());
                for item in (number..items).step_by(TASKS as usize) {
                    put_at_last(&queue, item, &mut random).await;
                }
            })
        }));
        let getters = Vec::from_iter((0..TASKS).map(|number| {
            let (queue, books) = (queue.clone(), books.clone());
            spawn(async move {
                let mut random = Rng::with_seed(100 + u64::from(number));
                loop {
                    match at_most(patience(&mut random), &mut queue.get()).await {
                        Some(Ok(item)) => books.got(item),
                        Some(Err(_)) => break,
                        None => {}
                    }
                }
            })
        }));
        for putter in putters {
            putter.await;
        }
        queue.shutdown();
        for getter in getters {
            getter.await;
        }
    };
    let runner = Runner::builder().workers(workers).build().unwrap();
    runner.run(async { timeout(LIMIT, run).await.expect("a wake-up was lost") });
    let stats = queue.stats();
    assert_eq!((stats.accepted, stats.items), (items.into(), 0));
    assert_eq!((stats.getters, stats.putters), (0, 0));
    assert!((0..items).all(|item| books.count(item) == 1));
}

async fn put_at_last<Q: Kind>(queue: &Q, item: u32, random: &mut Rng) {
    let mut again = Some(item);
    while let Some(item) = again.take() {
        let mut put = queue.put(item);
        match at_most(patience(random), &mut put).await {
            Some(result) => result.unwrap(),
            None => again = put.into_item(),
        }
    }
}

fn stress_one_thread<Q: Kind>() {
    rounds(|seed| random_program::<Q>(1, seed));
}

fn stress_three_threads<Q: Kind>() {
    rounds(|seed| random_program::<Q>(3, seed));
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

/// What one random program shares.
#[derive(Clone)]
struct Program<Q> {
    queue: Q,
    got: Books,
    put: Books,
    over: Arc<AtomicBool>,
}

/// How many items one putter has.
const EACH: u32 = 300;

/// Putters and getters of all sorts, and an end at a random moment.
fn random_program<Q: Kind>(workers: usize, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let putters = random.u32(1..6);
    let program = Program {
        queue: match random.usize(0..8) {
            0 => Q::unbounded(),
            capacity => Q::bounded(capacity * capacity),
        },
        got: Books::new(putters * EACH),
        put: Books::new(putters * EACH),
        over: Arc::default(),
    };
    let runner = Runner::builder().workers(workers).build().unwrap();
    let run = program.run(putters, &mut random);
    runner.run(async { timeout(LIMIT, run).await.expect("a wake-up was lost") });
    let mut accepted = 0;
    for item in 0..putters * EACH {
        let (put, got) = (program.put.count(item), program.got.count(item));
        assert!(got <= put, "item {item} was put {put} times and got {got}");
        accepted += u64::from(put);
    }
    let stats = program.queue.stats();
    assert_eq!(stats.accepted, accepted);
    assert_eq!((stats.getters, stats.putters), (0, 0));
    assert_eq!((stats.joiners, stats.unfinished), (0, 0));
}

impl<Q: Kind> Program<Q> {
    async fn run(&self, putters: u32, random: &mut Rng) {
        let joiner = self.task(random, |program, mut random| async move {
            while !program.over.load(Relaxed) {
                at_most(patience(&mut random), &mut program.queue.join()).await;
                smolio_executor::yield_now().await;
            }
        });
        let getters = Vec::from_iter((0..random.u32(1..6)).map(|number| {
            self.task(random, move |program, random| {
                program.get_them(number, random)
            })
        }));
        let by_producers = random.bool();
        let mut counted = by_producers.then(|| self.queue.producer());
        let putters = Vec::from_iter((0..putters).map(|number| {
            let producer = counted.clone();
            self.task(random, move |program, random| async move {
                program.put_them(number * EACH, random).await;
                drop(producer);
            })
        }));
        counted.take();
        // An early end for some.
        if random.u32(0..3) == 0 {
            for _ in 0..random.u32(0..300) {
                smolio_executor::yield_now().await;
            }
            match random.bool() {
                true => self.queue.shutdown(),
                false => self.queue.shutdown_now(),
            }
        }
        for putter in putters {
            putter.await;
        }
        if !by_producers {
            self.queue.shutdown();
        }
        for getter in getters {
            getter.await;
        }
        self.queue.join().await;
        self.over.store(true, Relaxed);
        joiner.await;
    }

    fn task<F>(&self, random: &mut Rng, body: impl FnOnce(Self, Rng) -> F) -> Task<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        spawn(body(self.clone(), random.fork()))
    }

    /// Puts its items in by all means there are, until they are in or refused.
    async fn put_them(self, first: u32, mut random: Rng) {
        let mut rest = Vec::from_iter((first..first + EACH).rev());
        while let Some(item) = rest.pop() {
            match random.u32(0..4) {
                0 => match self.queue.try_put(item) {
                    Ok(()) => self.put.got(item),
                    Err(TryPutError::Full(item)) => {
                        rest.push(item);
                        smolio_executor::yield_now().await;
                    }
                    Err(TryPutError::ShutDown(_)) => return,
                },
                1 => {
                    let batch: Vec<u32> =
                        (0..random.u32(0..20)).map_while(|_| rest.pop()).collect();
                    let batch = [vec![item], batch].concat();
                    let mut put = self.queue.put_all(batch.clone());
                    let back = match at_most(patience(&mut random), &mut put).await {
                        Some(Ok(())) => Vec::new(),
                        Some(Err(refused)) => refused.into_inner(),
                        None => put.into_rest(),
                    };
                    for &item in &batch[..batch.len() - back.len()] {
                        self.put.got(item);
                    }
                    rest.extend(back.into_iter().rev());
                    if self.queue.stats().shut_down {
                        return;
                    }
                }
                _ => {
                    let mut put = self.queue.put(item);
                    match at_most(patience(&mut random), &mut put).await {
                        Some(Ok(())) => self.put.got(item),
                        Some(Err(_)) => return,
                        None => rest.extend(put.into_item()),
                    }
                }
            }
        }
    }

    /// Gets items by all means there are, until it is told that there are no more.
    async fn get_them(self, number: u32, mut random: Rng) {
        let mut stream = self.queue.clone();
        loop {
            let polls = patience(&mut random);
            let ended = match random.u32(0..5) {
                0 => match self.queue.try_get() {
                    Ok(item) => self.done(item),
                    Err(TryGetError::Empty) => {
                        smolio_executor::yield_now().await;
                        false
                    }
                    Err(TryGetError::ShutDown) => true,
                },
                1 => match at_most(polls, &mut self.queue.get_many(10)).await {
                    Some(Ok(items)) => {
                        items.into_iter().for_each(|item| {
                            self.done(item);
                        });
                        false
                    }
                    given_up => given_up.is_some(),
                },
                2 => match at_most(polls, &mut self.queue.get_job()).await {
                    Some(Ok(job)) => {
                        self.got.got(*job);
                        false
                    }
                    given_up => given_up.is_some(),
                },
                // Leaves its place in the line when it gives up.
                3 if number % 2 == 0 => {
                    match at_most(polls, &mut StreamExt::next(&mut stream)).await {
                        Some(Some(item)) => self.done(item),
                        given_up => given_up.is_some(),
                    }
                }
                _ => match at_most(polls, &mut self.queue.get()).await {
                    Some(Ok(item)) => self.done(item),
                    given_up => given_up.is_some(),
                },
            };
            if ended {
                return;
            }
        }
    }

    fn done(&self, item: u32) -> bool {
        self.got.got(item);
        self.queue.task_done().expect("it was put in once");
        false
    }
}
