//! The wheel against a slow and obvious model: a `Vec` that is sorted anew each time.

use std::{env, time::Duration};

use fastrand::Rng;
use smolio_context::Instant;

#[path = "../../src/wheel.rs"]
mod wheel;

use wheel::{Key, Wheel};

/// What the wheel should do, without a thought for speed.
#[derive(Default)]
struct Model {
    now: u64,
    next_serial: u64,
    // Deadline, serial number, and the key that the wheel gave.
    timers: Vec<(u64, u64, Key)>,
    // Those that were inserted apart.
    apart: Vec<Key>,
}

impl Model {
    fn pop_expired(&mut self, now: u64) -> Option<(u64, u64)> {
        self.timers
            .sort_unstable_by_key(|(deadline, serial, _)| (*deadline, *serial));
        if self.timers.first().is_some_and(|(first, ..)| *first <= now) {
            let (deadline, serial, _) = self.timers.remove(0);
            self.now = self.now.max(deadline);
            return Some((deadline, serial));
        }
        self.now = self.now.max(now);
        None
    }

    fn earliest(&self) -> Option<u64> {
        self.timers.iter().map(|(deadline, ..)| *deadline).min()
    }
}

/// A distance whose order of magnitude is random too, so that all levels see traffic.
fn distance(random: &mut Rng) -> u64 {
    let bits = random.u32(0..40);
    random.u64(0..=(1 << bits))
}

struct Pair {
    random: Rng,
    wheel: Wheel<(u64, u64)>,
    model: Model,
    // Keys of timers that are gone.
    stale: Vec<Key>,
}

impl Pair {
    fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            wheel: Wheel::new(),
            model: Model::default(),
            stale: Vec::new(),
        }
    }

    fn step(&mut self, most: usize) {
        match self.random.u32(0..100) {
            0..45 if self.model.timers.len() < most => self.arm(),
            0..85 => self.cancel(),
            85..88 => self.use_stale_keys(),
            88 => self.insert_apart(),
            89 => self.arm_apart(),
            90..93 => self.follow_next_deadline(),
            _ => {
                let now = self.model.now + distance(&mut self.random);
                self.advance(now);
            }
        }
        let length = self.model.timers.len() + self.model.apart.len();
        assert_eq!(self.wheel.len(), length);
    }

    fn arm(&mut self) {
        // One in eight has passed already.
        let deadline = if self.random.u32(0..8) == 0 {
            self.model.now.saturating_sub(self.random.u64(0..100))
        } else {
            self.model.now + distance(&mut self.random)
        };
        let serial = self.model.next_serial;
        self.model.next_serial += 1;
        let due = deadline.max(self.model.now);
        let key = self.wheel.insert(deadline, (due, serial));
        self.model.timers.push((due, serial, key));
    }

    fn cancel(&mut self) {
        if self.model.timers.is_empty() {
            return;
        }
        let index = self.random.usize(0..self.model.timers.len());
        let (due, serial, key) = self.model.timers.swap_remove(index);
        assert_eq!(self.wheel.get_mut(key).copied(), Some((due, serial)));
        assert_eq!(self.wheel.remove(key), Some((due, serial)));
        self.stale.push(key);
    }

    fn insert_apart(&mut self) {
        let key = self.wheel.insert_apart((0, 0));
        self.model.apart.push(key);
    }

    /// Or removes what was inserted apart: half of the time.
    fn arm_apart(&mut self) {
        let Some(mut key) = self.model.apart.pop() else {
            return;
        };
        if self.random.bool() {
            let former = key;
            key = self.wheel.renew(former).expect("it is there");
            self.stale.push(former);
        }
        if self.random.bool() {
            assert_eq!(self.wheel.remove(key), Some((0, 0)));
            return self.stale.push(key);
        }
        let due = self.model.now + distance(&mut self.random);
        let serial = self.model.next_serial;
        self.model.next_serial += 1;
        self.wheel.arm(key, due);
        *self.wheel.get_mut(key).unwrap() = (due, serial);
        self.model.timers.push((due, serial, key));
    }

    fn use_stale_keys(&mut self) {
        for key in self.stale.drain(..) {
            assert_eq!(self.wheel.get_mut(key), None);
            assert_eq!(self.wheel.remove(key), None);
            assert_eq!(self.wheel.renew(key), None);
            self.wheel.arm(key, 1);
        }
    }

    fn advance(&mut self, now: u64) {
        let before = self.model.now;
        loop {
            let expected = self.model.pop_expired(now);
            assert_eq!(self.wheel.pop_expired(now), expected);
            assert_eq!(self.wheel.now(), self.model.now);
            self.ask_what_has_popped(before);
            if expected.is_none() {
                break;
            }
        }
        assert!(self.wheel.has_popped(self.model.now));
    }

    /// Of those that were armed for a tick that had passed by then it says nothing.
    fn ask_what_has_popped(&self, before: u64) {
        for (due, ..) in &self.model.timers {
            assert!(*due <= before || !self.wheel.has_popped(*due));
        }
    }

    /// As a virtual clock does: jumps until something is due, which is then exactly the earliest.
    fn follow_next_deadline(&mut self) {
        let Some(earliest) = self.model.earliest() else {
            assert_eq!(self.wheel.next_deadline(), None);
            return;
        };
        for _ in 0..2 {
            let next = self.wheel.next_deadline().expect("the model has timers");
            assert!(next <= earliest, "{next} is later than {earliest}");
            if next == earliest {
                return self.advance(earliest);
            }
            assert_eq!(self.wheel.pop_expired(next), None);
            self.model.now = next;
        }
        panic!("one jump to nothing was not enough");
    }
}

fn run_seed(seed: u64, steps: u32) {
    let mut pair = Pair::new(seed);
    // Few timers find the empty slots, more of them find the long lists.
    let most = [1, 3, 10, 60][seed as usize % 4];
    for _ in 0..steps {
        pair.step(most);
    }
    while pair.wheel.pop_any().is_some() {}
    assert_eq!(pair.wheel.len(), pair.model.apart.len());
    assert_eq!(pair.wheel.next_deadline(), None);
}

#[test]
fn old_keys_find_nothing_after_the_memory_was_released() {
    let mut wheel = Wheel::new();
    let mut old = Vec::new();
    for round in 0..3 {
        let keys: Vec<_> = (0..5000).map(|tick| wheel.insert(tick, round)).collect();
        for key in old.drain(..) {
            assert_eq!(wheel.remove(key), None);
        }
        assert_eq!(wheel.len(), 5000);
        assert_eq!(wheel.remove(keys[17]), Some(round));
        while wheel.pop_expired(5000).is_some() {}
        assert_eq!(wheel.len(), 0);
        old = keys;
    }
}

#[test]
fn those_between_gaps_keep_their_order() {
    let mut wheel = Wheel::new();
    // All in one slot, and each third of them stays.
    let keys: Vec<_> = (0..3000)
        .map(|number| wheel.insert(100_000 + number / 100, number))
        .collect();
    let (stay, go) = (0..3000).partition::<Vec<u64>, _>(|number| number % 3 == 0);
    for number in go {
        assert_eq!(wheel.remove(keys[number as usize]), Some(number));
    }
    // What has moved within the slot is still found.
    for number in (0..300).step_by(3) {
        assert_eq!(wheel.remove(keys[number]), Some(number as u64));
    }
    let left: Vec<_> = std::iter::from_fn(|| wheel.pop_expired(200_000)).collect();
    assert_eq!(left, stay[100..]);
    assert_eq!(wheel.len(), 0);
}

#[test]
fn stress_wheel_does_what_the_model_does() {
    let seconds = env::var("SMOLIO_STRESS_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    if let Some(seconds) = seconds {
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut seed = 1000;
        while Instant::now() < end {
            run_seed(seed, 10_000);
            seed += 1;
        }
    } else {
        for seed in 0..100 {
            run_seed(seed, 20_000);
        }
    }
}
