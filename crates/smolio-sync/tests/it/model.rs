//! Random programs on all that is given out first come, first served, and on a model that is obvious and slow: one
//! vector of those who wait, and one of those who have. Futures are dropped at random, also when they have just been woken.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use fastrand::Rng;
use smolio_sync::{
    CapacityLimiter, CapacityToken, Lock, OwnedLockGuard, OwnedReadGuard, OwnedWriteGuard, Permit,
    RwLock, Semaphore,
};

use crate::support::Wakes;

const PROGRAMS: u64 = 500;
const STEPS: usize = 200;

/// So many are all of them: what a writer wants, of whom there is only one.
const ALL: usize = 1 << 32;

/// A primitive, as the model sees it: it has a total, and gives out parts of it.
trait Kind: Sized {
    type Held;

    fn new(random: &mut Rng) -> (Self, usize);

    /// How much somebody may want.
    fn want(random: &mut Rng) -> usize;

    fn acquire(&self, want: usize) -> Pin<Box<dyn Future<Output = Self::Held>>>;
    fn try_acquire(&self, want: usize) -> Option<Self::Held>;

    /// Checks that who has it can use it.
    fn use_it(&self, held: &mut Self::Held);

    /// How many wait.
    fn waiters(&self) -> usize;

    /// Changes the total, if that can be done.
    fn resize(&self, _: usize, _: &mut Rng) -> Option<usize> {
        None
    }

    /// Does not give it back, if that can be done.
    fn forget(held: Self::Held) -> Result<(), Self::Held> {
        Err(held)
    }
}

impl Kind for Arc<Lock<bool>> {
    type Held = OwnedLockGuard<bool>;

    fn new(_: &mut Rng) -> (Self, usize) {
        (Self::default(), 1)
    }

    fn want(_: &mut Rng) -> usize {
        1
    }

    fn acquire(&self, _: usize) -> Pin<Box<dyn Future<Output = Self::Held>>> {
        Box::pin(self.lock_owned())
    }

    fn try_acquire(&self, _: usize) -> Option<Self::Held> {
        self.try_lock_owned().ok()
    }

    fn use_it(&self, held: &mut Self::Held) {
        **held = !**held;
        assert!(self.is_locked());
    }

    fn waiters(&self) -> usize {
        self.stats().waiters
    }
}

enum Access {
    Read(OwnedReadGuard<AtomicBool>),
    Write(OwnedWriteGuard<AtomicBool>),
}

impl Kind for Arc<RwLock<AtomicBool>> {
    type Held = Access;

    fn new(_: &mut Rng) -> (Self, usize) {
        (Self::default(), ALL)
    }

    fn want(random: &mut Rng) -> usize {
        if random.bool() { 1 } else { ALL }
    }

    fn acquire(&self, want: usize) -> Pin<Box<dyn Future<Output = Access>>> {
        let lock = self.clone();
        Box::pin(async move {
            match want {
                ALL => Access::Write(lock.write_owned().await),
                _ => Access::Read(lock.read_owned().await),
            }
        })
    }

    fn try_acquire(&self, want: usize) -> Option<Access> {
        match want {
            ALL => self.try_write_owned().ok().map(Access::Write),
            _ => self.try_read_owned().ok().map(Access::Read),
        }
    }

    fn use_it(&self, held: &mut Access) {
        match held {
            Access::Read(guard) => assert!(!guard.load(Relaxed)),
            // It panics if somebody else can reach the value.
            Access::Write(guard) => assert!(!*guard.get_mut()),
        }
    }

    fn waiters(&self) -> usize {
        self.stats().waiters
    }
}

impl Kind for Semaphore {
    type Held = Permit;

    fn new(random: &mut Rng) -> (Self, usize) {
        let total = random.usize(0..6);
        (Self::new(total), total)
    }

    fn want(random: &mut Rng) -> usize {
        random.usize(0..4)
    }

    fn acquire(&self, want: usize) -> Pin<Box<dyn Future<Output = Permit>>> {
        let semaphore = self.clone();
        Box::pin(async move { semaphore.acquire_many(want).await })
    }

    fn try_acquire(&self, want: usize) -> Option<Permit> {
        self.try_acquire_many(want).ok()
    }

    fn use_it(&self, held: &mut Permit) {
        assert!(held.count() < 4);
    }

    fn waiters(&self) -> usize {
        self.stats().waiters
    }

    fn resize(&self, total: usize, random: &mut Rng) -> Option<usize> {
        let added = random.usize(0..3);
        self.add_permits(added);
        Some(total + added)
    }

    fn forget(held: Permit) -> Result<(), Permit> {
        held.forget();
        Ok(())
    }
}

impl Kind for CapacityLimiter {
    type Held = CapacityToken;

    fn new(random: &mut Rng) -> (Self, usize) {
        let total = random.usize(0..6);
        (Self::new(total), total)
    }

    fn want(_: &mut Rng) -> usize {
        1
    }

    fn acquire(&self, _: usize) -> Pin<Box<dyn Future<Output = CapacityToken>>> {
        let limiter = self.clone();
        // Outside of tasks each is a borrower of its own.
        Box::pin(async move { limiter.acquire().await.unwrap() })
    }

    fn try_acquire(&self, _: usize) -> Option<CapacityToken> {
        CapacityLimiter::try_acquire(self).ok()
    }

    fn use_it(&self, _: &mut CapacityToken) {
        assert!(self.stats().borrowed > 0);
    }

    fn waiters(&self) -> usize {
        self.stats().waiters
    }

    fn resize(&self, _: usize, random: &mut Rng) -> Option<usize> {
        let total = random.usize(0..8);
        self.set_total_tokens(total);
        Some(total)
    }
}

/// A future that is pending, and what the model knows of it.
struct Pending<H> {
    future: Pin<Box<dyn Future<Output = H>>>,
    wakes: Wakes,
    want: usize,
    /// It has been given what it wants, and woken, and does not know it yet.
    is_granted: bool,
}

struct Program<K: Kind> {
    real: K,
    total: usize,
    // In the order in which they came.
    pending: Vec<Pending<K::Held>>,
    held: Vec<(K::Held, usize)>,
    context: String,
}

impl<K: Kind> Program<K> {
    fn step(&mut self, random: &mut Rng) {
        match random.u32(0..100) {
            0..30 => self.come(K::want(random)),
            30..40 => self.try_come(K::want(random)),
            40..60 => self.poll_one(random),
            60..75 => self.drop_one(random),
            75..92 => self.release_one(random),
            92..96 => self.forget_one(random),
            _ => {
                if let Some(total) = self.real.resize(self.total, random) {
                    self.total = total;
                }
            }
        }
        self.settle();
    }

    fn taken(&self) -> usize {
        let granted = self.pending.iter().filter(|one| one.is_granted);
        let granted: usize = granted.map(|one| one.want).sum();
        granted + self.held.iter().map(|(_, want)| want).sum::<usize>()
    }

    fn waiters(&self) -> usize {
        self.pending.iter().filter(|one| !one.is_granted).count()
    }

    /// Whether somebody who comes now gets it at once.
    fn can_have(&self, want: usize) -> bool {
        want == 0 || (self.waiters() == 0 && self.taken() + want <= self.total)
    }

    fn come(&mut self, want: usize) {
        let mut future = self.real.acquire(want);
        let wakes = Wakes::new();
        let polled = wakes.poll(&mut future);
        assert_eq!(polled.is_ready(), self.can_have(want), "{}", self.context);
        match polled {
            Poll::Ready(held) => self.held.push((held, want)),
            Poll::Pending => self.pending.push(Pending {
                future,
                wakes,
                want,
                is_granted: false,
            }),
        }
    }

    fn try_come(&mut self, want: usize) {
        let held = self.real.try_acquire(want);
        assert_eq!(held.is_some(), self.can_have(want), "{}", self.context);
        self.held.extend(held.map(|held| (held, want)));
    }

    fn poll_one(&mut self, random: &mut Rng) {
        if self.pending.is_empty() {
            return;
        }
        self.poll_at(random.usize(0..self.pending.len()), random.bool());
    }

    fn poll_at(&mut self, index: usize, with_the_same_waker: bool) {
        let one = &mut self.pending[index];
        if !with_the_same_waker && !one.is_granted {
            one.wakes = Wakes::new();
        }
        let waker = one.wakes.waker().clone();
        let polled = one.future.as_mut().poll(&mut Context::from_waker(&waker));
        assert_eq!(polled.is_ready(), one.is_granted, "{}", self.context);
        if let Poll::Ready(held) = polled {
            let one = self.pending.remove(index);
            self.held.push((held, one.want));
        }
    }

    fn drop_one(&mut self, random: &mut Rng) {
        if !self.pending.is_empty() {
            let index = random.usize(0..self.pending.len());
            self.pending.remove(index);
        }
    }

    fn release_one(&mut self, random: &mut Rng) {
        if !self.held.is_empty() {
            let index = random.usize(0..self.held.len());
            let (mut held, _) = self.held.swap_remove(index);
            self.real.use_it(&mut held);
        }
    }

    fn forget_one(&mut self, random: &mut Rng) {
        if self.held.is_empty() {
            return;
        }
        let (held, want) = self.held.swap_remove(random.usize(0..self.held.len()));
        match K::forget(held) {
            Ok(()) => self.total -= want,
            Err(held) => self.held.push((held, want)),
        }
    }

    /// In the model those at the front of the line are given what they want, as far as it is there.
    fn settle(&mut self) {
        while let Some(index) = self.pending.iter().position(|one| !one.is_granted) {
            if self.taken() + self.pending[index].want > self.total {
                break;
            }
            self.pending[index].is_granted = true;
        }
        let woken = |one: &Pending<_>| one.wakes.count();
        let real = Vec::from_iter(self.pending.iter().map(woken));
        let granted = |one: &Pending<_>| usize::from(one.is_granted);
        let expected = Vec::from_iter(self.pending.iter().map(granted));
        assert_eq!(real, expected, "wakes, {}", self.context);
        assert_eq!(self.real.waiters(), self.waiters(), "{}", self.context);
        for (held, _) in &mut self.held {
            self.real.use_it(held);
        }
    }

    /// Releases everything until nobody is left: then nobody waits for what is there.
    fn quiesce(&mut self) {
        let mut random = Rng::with_seed(0);
        loop {
            if let Some(index) = self.pending.iter().position(|one| one.is_granted) {
                self.poll_at(index, true);
            } else if self.held.is_empty() {
                break;
            } else {
                self.release_one(&mut random);
            }
            self.settle();
        }
        let too_much = |one: &Pending<_>| one.want > self.total;
        assert!(
            self.pending.first().is_none_or(too_much),
            "{}",
            self.context
        );
        self.pending.clear();
        assert!(self.total == 0 || self.real.try_acquire(1).is_some());
    }
}

fn random_programs<K: Kind>() {
    for seed in 0..PROGRAMS {
        let mut random = Rng::with_seed(seed);
        let (real, total) = K::new(&mut random);
        let mut program = Program {
            real,
            total,
            pending: Vec::new(),
            held: Vec::new(),
            context: String::new(),
        };
        for step in 0..STEPS {
            program.context = format!("seed {seed}, step {step}");
            program.step(&mut random);
        }
        program.quiesce();
    }
}

#[test]
fn a_lock_agrees_with_the_model() {
    random_programs::<Arc<Lock<bool>>>();
}

#[test]
fn a_read_write_lock_agrees_with_the_model() {
    random_programs::<Arc<RwLock<AtomicBool>>>();
}

#[test]
fn a_semaphore_agrees_with_the_model() {
    random_programs::<Semaphore>();
}

#[test]
fn a_limiter_agrees_with_the_model() {
    random_programs::<CapacityLimiter>();
}
