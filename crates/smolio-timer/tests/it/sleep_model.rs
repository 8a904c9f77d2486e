//! Sleeps on a wheel, dropped and polled here and on another thread in random order, against a list of what is due
//! when.

use std::{
    env,
    sync::mpsc::{self, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use fastrand::Rng;
use smolio_context::Instant;
use smolio_timer::{Sleep, driver::Driver, sleep};

use crate::harness::{Harness, Wakes, ms};

/// What is to be done with a sleep on the other thread.
enum Errand {
    Drop(Sleep),
    /// Polls it there, on a wheel of that thread, and then drops it.
    PollAndDrop(Sleep),
    /// Answers once all before it is done.
    Answer(Sender<()>),
}

struct Other {
    errands: Sender<Errand>,
    thread: JoinHandle<()>,
}

impl Other {
    fn new() -> Self {
        let (errands, to_do) = mpsc::channel();
        let thread = thread::spawn(move || {
            let driver = Driver::new();
            let _wheel = driver.enter();
            let wakes = Wakes::new();
            for errand in to_do {
                match errand {
                    Errand::Drop(sleep) => drop(sleep),
                    Errand::PollAndDrop(mut sleep) => {
                        let _ = wakes.poll(&mut sleep);
                        assert!(driver.len() <= 1);
                        drop(sleep);
                        assert!(driver.is_empty());
                    }
                    Errand::Answer(answer) => answer.send(()).unwrap(),
                }
            }
            assert_eq!(wakes.clones(), 0);
        });
        Self { errands, thread }
    }

    fn wait(&self) {
        let (answer, answered) = mpsc::channel();
        self.errands.send(Errand::Answer(answer)).unwrap();
        answered.recv().unwrap();
    }
}

/// With an answer after each errand the state is known at each step; without, the threads race.
fn run_seed(seed: u64, steps: u32, wait: bool) {
    let mut random = Rng::with_seed(seed);
    let harness = Harness::new();
    let other = Other::new();
    let mut now = 0;
    let mut alive: Vec<(u64, Sleep, Wakes)> = Vec::new();
    let mut gone: Vec<Wakes> = Vec::new();
    for _ in 0..steps {
        match random.u32(0..10) {
            0..4 => {
                let duration = random.u64(1..5000);
                let (mut sleeping, wakes) = (sleep(ms(duration)), Wakes::new());
                wakes.poll_pending(&mut sleeping);
                alive.push((now + duration, sleeping, wakes));
            }
            4..8 if !alive.is_empty() => {
                let (_, sleeping, wakes) = alive.swap_remove(random.usize(0..alive.len()));
                gone.push(wakes);
                let errand = match random.u32(0..3) {
                    0 => {
                        drop(sleeping);
                        continue;
                    }
                    1 => Errand::Drop(sleeping),
                    _ => Errand::PollAndDrop(sleeping),
                };
                other.errands.send(errand).unwrap();
                if wait {
                    other.wait();
                }
            }
            _ => {
                let by = random.u64(0..2000);
                now += by;
                harness.advance(ms(by));
            }
        }
        alive.retain_mut(|(deadline, sleeping, wakes)| {
            if *deadline > now {
                assert_eq!(wakes.count(), 0);
                return true;
            }
            assert_eq!(wakes.count(), 1);
            wakes.poll_ready(sleeping);
            false
        });
        if wait {
            assert_eq!(harness.driver.len(), alive.len());
            assert!(gone.drain(..).all(|wakes| wakes.count() == 0));
        }
    }
    drop(alive);
    drop(other.errands);
    other.thread.join().unwrap();
    assert!(harness.driver.is_empty());
    assert!(gone.iter().all(|wakes| wakes.clones() == 0));
}

#[test]
fn stress_wheel_with_foreign_drops() {
    let seconds = env::var("SMOLIO_STRESS_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    let Some(seconds) = seconds else {
        for seed in 0..4 {
            run_seed(seed, 2000, seed % 2 == 0);
        }
        return;
    };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut seed = 1000;
    while Instant::now() < end {
        run_seed(seed, 2000, seed % 2 == 0);
        seed += 1;
    }
}
