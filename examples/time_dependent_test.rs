//! What depends on time, and its tests, which take none: a cache whose entries grow old. As a program it lets a year pass.
//!
//! `cargo run --release --example time_dependent_test`; its tests: `cargo test -p smolio-examples --test it time_dependent_test`
//!
//! In asyncio: a fake `loop.time()`, or `freezegun` and hope.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use smolio::{Instant, sleep};

const HOUR: Duration = Duration::from_secs(3600);

/// Keeps what was fetched for a while. What is older is fetched again when somebody asks for it.
pub struct Cache<F> {
    fetch: F,
    keep: Duration,
    /// Each value with the moment from which on it is too old.
    entries: Mutex<HashMap<String, (Instant, String)>>,
}

impl<F: AsyncFn(&str) -> String> Cache<F> {
    pub fn new(keep: Duration, fetch: F) -> Self {
        let entries = Mutex::default();
        Self {
            fetch,
            keep,
            entries,
        }
    }

    pub async fn get(&self, key: &str) -> String {
        if let Some(value) = self.fresh(key) {
            return value;
        }
        let value = (self.fetch)(key).await;
        // Counted from the answer: while it was under way nobody had an old one.
        let too_old = Instant::now() + self.keep;
        let mut entries = self.entries.lock().expect("nothing panics with it");
        entries.insert(key.to_owned(), (too_old, value.clone()));
        value
    }

    fn fresh(&self, key: &str) -> Option<String> {
        let entries = self.entries.lock().expect("nothing panics with it");
        let (too_old, value) = entries.get(key)?;
        (Instant::now() < *too_old).then(|| value.clone())
    }
}

fn main() {
    let machine = std::time::Instant::now();
    // A test's clock: it jumps when there is nothing left to do.
    let (questions, answers) = smolio::test::run(a_year());
    println!("{questions} questions in a year, {answers} answers fetched");
    println!("it took {} ms", machine.elapsed().as_millis());
}

/// Somebody asks every hour, and an answer is good for a day. Fetching takes a second, so the day's first question is a second later
/// each time.
async fn a_year() -> (u32, usize) {
    let fetched = Mutex::new(0);
    let cache = Cache::new(24 * HOUR, async |_: &str| {
        sleep(Duration::from_secs(1)).await; // in real life: a request
        *fetched.lock().expect("nothing panics with it") += 1;
        "fine".to_owned()
    });
    let start = Instant::now();
    let mut questions = 0;
    while start.elapsed() < 365 * 24 * HOUR {
        assert_eq!(cache.get("the weather").await, "fine");
        questions += 1;
        sleep(HOUR).await;
    }
    (
        questions,
        fetched.into_inner().expect("nothing panics with it"),
    )
}
