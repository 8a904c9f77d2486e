//! Work for the processor beside work that waits. A ticker stands for the latter: how late does it come, at worst?
//!
//! `cargo run --release --example cpu_and_io`
//!
//! In asyncio: `await asyncio.to_thread(f)`, and a `ProcessPoolExecutor` where the threads would wait for the interpreter's lock.

use std::{cell::Cell, time::Duration};

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
    let (primes, late) = beside_a_ticker(async { count_primes(0, limit) }).await;
    println!("on the loop: {primes} primes, a tick was {late} ms late");

    let (primes, late) = beside_a_ticker(to_thread(move || count_primes(0, limit))).await;
    println!("in a thread: {primes} primes, a tick was {late} ms late");

    let (primes, late) = beside_a_ticker(count_in_slices(limit)).await;
    println!("on the workers, in slices: {primes} primes, a tick was {late} ms late");
    Ok(())
}

/// Runs `work` and a ticker on the loop, and gives the value of the one and the worst delay of the other.
async fn beside_a_ticker<T>(work: impl Future<Output = T>) -> (T, u128) {
    let worst = Cell::new(Duration::ZERO);
    let ticker = async {
        let mut ticks = interval(TICK).missed_tick(MissedTick::Skip);
        loop {
            let due = ticks.tick().await;
            worst.set(worst.get().max(due.elapsed()));
        }
    };
    let work = async {
        sleep(TICK).await;
        let value = work.await;
        sleep(TICK).await; // for the tick that is late
        value
    };
    match race((ticker, work)).await {
        Or2::A(never) => never,
        Or2::B(value) => (value, worst.get().as_millis()),
    }
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
