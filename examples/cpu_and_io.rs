//! Work for the processor beside work that waits. A ticker stands for the latter: how often does it tick meanwhile, and how late
//! does it come, at worst?
//!
//! `cargo run --release --example cpu_and_io`
//!
//! In asyncio: `await asyncio.to_thread(f)`, and a `ProcessPoolExecutor` where the threads would wait for the interpreter's lock.

use std::{cell::Cell, fmt, time::Duration};

use smolio::{Or2, interval, race, sleep, spawn, time::MissedTick, to_thread, yield_now};

/// Of so many numbers. A worker looks after its timers between slices, and the loop is one of the workers: so they are short.
const SLICE: u32 = 200;
const TICK: Duration = Duration::from_millis(10);

#[smolio::main(workers = 2)]
async fn main() -> anyhow::Result<()> {
    let limit = match std::env::args().nth(1) {
        Some(limit) => limit.parse()?,
        None => 3_000_000,
    };
    let (primes, ticker) = beside_a_ticker(async { count_primes(0, limit) }).await;
    println!("on the loop: {primes} primes, {ticker}");

    let (primes, ticker) = beside_a_ticker(to_thread(move || count_primes(0, limit))).await;
    println!("in a thread: {primes} primes, {ticker}");

    let (primes, ticker) = beside_a_ticker(count_in_slices(limit)).await;
    println!("on the workers, in slices: {primes} primes, {ticker}");
    Ok(())
}

/// How the ticker fared.
struct Ticker {
    meanwhile: u32,
    worst: Duration,
}

impl fmt::Display for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (meanwhile, worst) = (self.meanwhile, self.worst.as_millis());
        write!(f, "{meanwhile} ticks meanwhile, at worst {worst} ms late")
    }
}

/// Runs `work` and a ticker on the loop, and gives the value of the one and how the other fared.
async fn beside_a_ticker<T>(work: impl Future<Output = T>) -> (T, Ticker) {
    let count = Cell::new(0);
    let worst = Cell::new(Duration::ZERO);
    let ticker = async {
        let mut ticks = interval(TICK).missed_tick(MissedTick::Skip);
        loop {
            let due = ticks.tick().await;
            count.set(count.get() + 1);
            worst.set(worst.get().max(due.elapsed()));
        }
    };
    let work = async {
        sleep(TICK).await;
        let before = count.get();
        let value = work.await;
        let meanwhile = count.get() - before;
        sleep(TICK).await; // for the tick that is late
        (value, meanwhile)
    };
    let (value, meanwhile) = match race((ticker, work)).await {
        Or2::A(never) => never,
        Or2::B(ended) => ended,
    };
    let worst = worst.get();
    (value, Ticker { meanwhile, worst })
}

/// Two tasks, which run at the same time where there are two cores. Each looks up after every slice.
async fn count_in_slices(limit: u32) -> usize {
    let halves = [(0, limit / 2), (limit / 2, limit)];
    let tasks = halves.map(|(from, to)| {
        spawn(async move {
            let mut count = 0;
            for slice in (from..to).step_by(SLICE as usize) {
                count += count_primes(slice, (slice + SLICE).min(to));
                yield_now().await;
            }
            count
        })
    });
    let mut count = 0;
    for task in tasks {
        count += task.await;
    }
    count
}

fn count_primes(from: u32, to: u32) -> usize {
    let is_prime = |&number: &u32| {
        number > 1
            && (2..)
                .take_while(|divisor| divisor * divisor <= number)
                .all(|divisor| number % divisor != 0)
    };
    (from..to).filter(is_prime).count()
}
