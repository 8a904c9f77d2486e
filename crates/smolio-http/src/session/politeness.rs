//! Who may ask which host when: the delay between two requests to the same one.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use http::{HeaderMap, StatusCode};
use smolio_context::Instant;
use smolio_timer::sleep_until;

use super::retry::retry_after;

/// What a host may ask for at most: more would be forever for whoever waits.
const LONGEST: Duration = Duration::from_secs(3600);
/// So many hosts are not looked through for those that may be forgotten.
const FEW: usize = 256;

/// From when on each host may be asked.
#[derive(Debug)]
pub(crate) struct Politeness {
    delay: Duration,
    hosts: Mutex<Hosts>,
}

#[derive(Debug, Default)]
struct Hosts {
    by_name: HashMap<String, Turns>,
    /// With so many, those that may be asked at once are forgotten.
    forget_at: usize,
}

#[derive(Clone, Copy, Debug)]
struct Turns {
    /// The first turn that nobody has.
    next: Instant,
    /// The host has asked to be left alone until then: earlier turns are void.
    not_before: Instant,
}

impl Politeness {
    pub(super) fn new(delay: Duration) -> Self {
        let hosts = Mutex::default();
        Self { delay, hosts }
    }

    /// Waits for one's turn with a host: first come, first served. Whoever is dropped meanwhile leaves its turn unused.
    pub(super) async fn turn(&self, host: &str) {
        loop {
            let now = Instant::now();
            let turn = self.hosts().turns(host, now).take(now, self.delay);
            if turn > now {
                sleep_until(turn).await;
            }
            if self.hosts().turns(host, turn).not_before <= turn {
                return;
            }
        }
    }

    /// Keeps away from a host that asks for it.
    pub(super) fn heed(&self, host: &str, status: StatusCode, headers: &HeaderMap) {
        if !matches!(status.as_u16(), 429 | 503) {
            return;
        }
        if let Some(pause) = retry_after(headers, SystemTime::now()) {
            let now = Instant::now();
            let until = now + pause.min(LONGEST);
            let mut hosts = self.hosts();
            let turns = hosts.turns(host, now);
            turns.not_before = turns.not_before.max(until);
            turns.next = turns.next.max(until);
        }
    }

    fn hosts(&self) -> MutexGuard<'_, Hosts> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hosts {
    fn turns(&mut self, host: &str, now: Instant) -> &mut Turns {
        if !self.by_name.contains_key(host) {
            if self.by_name.len() >= self.forget_at {
                self.by_name.retain(|_, turns| turns.next > now);
                self.forget_at = FEW.max(2 * self.by_name.len());
            }
            let turns = Turns {
                next: now,
                not_before: now,
            };
            self.by_name.insert(host.to_owned(), turns);
        }
        self.by_name
            .get_mut(host)
            .unwrap_or_else(|| unreachable!("it was there, or has just been put there"))
    }
}

impl Turns {
    fn take(&mut self, now: Instant, delay: Duration) -> Instant {
        let turn = self.next.max(now);
        self.next = turn.saturating_add(delay);
        turn
    }
}
