//! Random programs on a condition with its lock, and on a model that is obvious and slow: a line for each, as a vector.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use fastrand::Rng;
use smolio_sync::{Condition, Lock, OwnedLockGuard};

use crate::support::Wakes;

const PROGRAMS: u64 = 1000;
const STEPS: usize = 200;

type Guard = OwnedLockGuard<()>;

/// Where a future stands, in the model.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Stands {
    /// In the line of the condition.
    Waiting,
    /// Out of it, notified as one of some or with all others, and not polled since.
    Notified { one_of_some: bool },
    /// In the line of the lock, and what it was notified with.
    Locking { one_of_some: bool },
    /// It has been given the lock, and not been polled since.
    HasLock { one_of_some: bool },
}

struct One {
    future: Pin<Box<dyn Future<Output = Guard>>>,
    wakes: Wakes,
    stands: Stands,
    count: usize,
    /// The order in which it entered the line it is in.
    ticket: u64,
}

struct Program {
    lock: Arc<Lock<()>>,
    condition: Condition,
    guard: Option<Guard>,
    all: Vec<One>,
    next_ticket: u64,
    context: String,
}

impl Program {
    fn step(&mut self, random: &mut Rng) {
        match random.u32(0..100) {
            0..15 => self.lock(),
            15..40 => self.wait(),
            40..60 => self.poll_one(random),
            60..70 => self.drop_one(random),
            70..80 => self.release(),
            80..95 => self.notify(random.usize(0..3)),
            _ => self.notify_all(),
        }
        self.settle();
    }

    fn ticket(&mut self) -> u64 {
        self.next_ticket += 1;
        self.next_ticket
    }

    fn is_locked(&self) -> bool {
        let has = |one: &One| matches!(one.stands, Stands::HasLock { .. });
        self.guard.is_some() || self.all.iter().any(has)
    }

    /// The first in one of the two lines.
    fn first(&mut self, in_line: fn(Stands) -> bool) -> Option<&mut One> {
        let those = self.all.iter_mut().filter(|one| in_line(one.stands));
        those.min_by_key(|one| one.ticket)
    }

    fn lock(&mut self) {
        let mut future = Box::pin(self.lock.lock_owned());
        let wakes = Wakes::new();
        let polled = wakes.poll(&mut future);
        assert_eq!(polled.is_pending(), self.is_locked(), "{}", self.context);
        match polled {
            Poll::Ready(guard) => self.guard = Some(guard),
            Poll::Pending => self.add(future, wakes, Stands::Locking { one_of_some: false }),
        }
    }

    fn wait(&mut self) {
        let Some(guard) = self.guard.take() else {
            return;
        };
        let condition = self.condition.clone();
        let mut future = Box::pin(async move { condition.wait(guard).await });
        let wakes = Wakes::new();
        wakes.poll_pending(&mut future);
        self.add(future, wakes, Stands::Waiting);
        self.hand_over();
    }

    fn add(&mut self, future: Pin<Box<dyn Future<Output = Guard>>>, wakes: Wakes, stands: Stands) {
        let ticket = self.ticket();
        self.all.push(One {
            future,
            wakes,
            stands,
            count: 0,
            ticket,
        });
    }

    /// The lock goes to the first in its line.
    fn hand_over(&mut self) {
        if self.is_locked() {
            return;
        }
        if let Some(one) = self.first(|stands| matches!(stands, Stands::Locking { .. })) {
            if let Stands::Locking { one_of_some } = one.stands {
                one.stands = Stands::HasLock { one_of_some };
                one.count += 1;
            }
        }
    }

    fn poll_one(&mut self, random: &mut Rng) {
        if !self.all.is_empty() {
            self.poll_at(random.usize(0..self.all.len()));
        }
    }

    fn poll_at(&mut self, index: usize) {
        let ticket = self.ticket();
        let is_locked = self.is_locked();
        let one = &mut self.all[index];
        let waker = one.wakes.waker().clone();
        let polled = one.future.as_mut().poll(&mut Context::from_waker(&waker));
        let gets_it = match one.stands {
            Stands::Notified { one_of_some } => {
                one.stands = Stands::Locking { one_of_some };
                one.ticket = ticket;
                !is_locked
            }
            Stands::HasLock { .. } => true,
            Stands::Waiting | Stands::Locking { .. } => false,
        };
        assert_eq!(polled.is_ready(), gets_it, "{}", self.context);
        if let Poll::Ready(guard) = polled {
            self.all.remove(index);
            assert!(self.guard.replace(guard).is_none(), "two have the lock");
        }
    }

    fn drop_one(&mut self, random: &mut Rng) {
        if self.all.is_empty() {
            return;
        }
        let one = self.all.swap_remove(random.usize(0..self.all.len()));
        let stands = one.stands;
        drop(one);
        self.hand_over();
        match stands {
            Stands::Notified { one_of_some: true }
            | Stands::Locking { one_of_some: true }
            | Stands::HasLock { one_of_some: true } => self.notify_in_model(1),
            _ => {}
        }
    }

    fn release(&mut self) {
        self.guard = None;
        self.hand_over();
    }

    fn notify(&mut self, count: usize) {
        self.condition.notify(count);
        self.notify_in_model(count);
    }

    fn notify_in_model(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(one) = self.first(|stands| stands == Stands::Waiting) {
                one.stands = Stands::Notified { one_of_some: true };
                one.count += 1;
            }
        }
    }

    fn notify_all(&mut self) {
        self.condition.notify_all();
        for one in &mut self.all {
            if one.stands == Stands::Waiting {
                one.stands = Stands::Notified { one_of_some: false };
                one.count += 1;
            }
        }
    }

    fn settle(&self) {
        let real = Vec::from_iter(self.all.iter().map(|one| one.wakes.count()));
        let expected = Vec::from_iter(self.all.iter().map(|one| one.count));
        assert_eq!(real, expected, "wakes, {}", self.context);
        let waiting = self.all.iter().filter(|one| one.stands == Stands::Waiting);
        let waiters = self.condition.stats().waiters;
        assert_eq!(waiters, waiting.count(), "{}", self.context);
        assert_eq!(self.lock.is_locked(), self.is_locked(), "{}", self.context);
    }

    /// Everybody is notified and gets the lock in turn: nobody is left.
    fn quiesce(&mut self) {
        self.notify_all();
        self.release();
        while !self.all.is_empty() {
            let can_go_on =
                |one: &One| matches!(one.stands, Stands::Notified { .. } | Stands::HasLock { .. });
            let next = self.all.iter().position(can_go_on);
            self.poll_at(next.expect("somebody waits for ever"));
            self.release();
            self.settle();
        }
        assert!(!self.lock.is_locked());
    }
}

#[test]
fn random_programs_agree_with_the_model() {
    for seed in 0..PROGRAMS {
        let mut random = Rng::with_seed(seed);
        let mut program = Program {
            lock: Arc::default(),
            condition: Condition::new(),
            guard: None,
            all: Vec::new(),
            next_ticket: 0,
            context: String::new(),
        };
        for step in 0..STEPS {
            program.context = format!("seed {seed}, step {step}");
            program.step(&mut random);
        }
        program.quiesce();
    }
}
