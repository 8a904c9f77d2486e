//! What a task waits for, as its leaf futures say it: words, and where it can be said, what these words are about.
//!
//! Whatever changes while the wait goes on (who holds a lock, how much is left of a sleep) is not part of the words: it is
//! looked up when somebody asks.

use std::{fmt, time::Duration};

use super::{Record, resource::Nature, with_record};
use crate::{Instant, Resource, ResourceId, TaskId, attention::is_observed, task::with_current};

/// One thing that a task waits for.
///
/// `Display` says it as of now: `sleep, 3.2 s left`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wait {
    what: String,
    since: Instant,
    target: WaitTarget,
}

impl Wait {
    /// In the words of the future that waits, such as `Queue::get on "jobs"`.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// When the task began to wait for it.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// What the words are about, so far as it is known.
    pub fn target(&self) -> WaitTarget {
        self.target
    }

    /// Whether it is the same wait, said in two polls.
    fn is_same_as(&self, target: WaitTarget, what: &str) -> bool {
        match target {
            // Their words may change: how many children there are, for instance.
            WaitTarget::Task(_) | WaitTarget::Children => self.target == target,
            _ => self.target == target && self.what == what,
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.target {
            WaitTarget::Time(deadline) => {
                let left = deadline.duration_since(Instant::now());
                write!(f, ", {} left", InWords(left))
            }
            _ => Ok(()),
        }
    }
}

/// `1.5 s`, where std writes `1.5s`, and `2 s`.
pub(crate) struct InWords(pub(crate) Duration);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.write_str("0 s");
        }
        let mut text = format!("{:.1?}", self.0).replacen(".0", "", 1);
        if let Some(unit) = text.find(char::is_alphabetic) {
            text.insert(unit, ' ');
        }
        f.write_str(&text)
    }
}

/// What a wait is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WaitTarget {
    /// Something of which only the words are known.
    Event,
    /// A moment, which comes by itself.
    Time(Instant),
    /// A thing that others hold.
    Resource(ResourceId),
    /// A thing that nobody holds: an event, a queue.
    Signal(ResourceId),
    /// The end of a task or child.
    Task(TaskId),
    /// The children that are polled by the one who waits: those of a group that it runs.
    Children,
    /// What the futures inside of it wait for, which say so themselves: a `gather`, a `race`.
    Members,
}

/// For leaf futures that are about to be pending: says what the current task waits for.
///
/// To be said in each poll that ends so, with the same words as long as the wait is the same.
#[inline]
pub fn waiting_for(what: impl FnOnce() -> String) {
    if is_observed() {
        record(|| (what(), WaitTarget::Event));
    }
}

/// As [`waiting_for`], for a moment: how long that is from now need not be said.
///
/// ```
/// use smolio_context::{Instant, TaskContext, VirtualClock, observe, waiting_until, waits_of};
/// use std::time::Duration;
///
/// let (_observation, clock) = (observe(), VirtualClock::new());
/// let _clock = clock.install();
/// let task = TaskContext::root();
/// let deadline = clock.now() + Duration::from_secs(5);
/// task.enter(|| waiting_until(deadline, || "sleep".to_string()));
/// clock.advance(Duration::from_millis(1800));
/// let wait = &waits_of(task.info().id())[0];
/// assert_eq!(wait.to_string(), "sleep, 3.2 s left");
/// ```
#[inline]
pub fn waiting_until(deadline: Instant, what: impl FnOnce() -> String) {
    if is_observed() {
        record(|| (what(), WaitTarget::Time(deadline)));
    }
}

/// As [`waiting_for`], for something that others hold or wait for as well: who that is need not be said.
///
/// The words may name the resource by its `Display`.
#[inline]
pub fn waiting_on(resource: &Resource, what: impl FnOnce() -> String) {
    if is_observed() {
        let target = match resource.nature() {
            Nature::Signal => WaitTarget::Signal(resource.id()),
            Nature::Exclusive | Nature::Permits => WaitTarget::Resource(resource.id()),
        };
        record(|| (what(), target));
    }
}

/// As [`waiting_for`], for the end of another task or child.
#[inline]
pub fn waiting_for_task(task: TaskId, what: impl FnOnce() -> String) {
    if is_observed() {
        record(|| (what(), WaitTarget::Task(task)));
    }
}

/// As [`waiting_for`], for groups, which poll their children in the task that they are in.
#[inline]
pub fn waiting_for_children(what: impl FnOnce() -> String) {
    if is_observed() {
        record(|| (what(), WaitTarget::Children));
    }
}

/// As [`waiting_for`], for a future that waits for some that it polls itself, as members of the same task.
#[inline]
pub fn waiting_for_members(what: impl FnOnce() -> String) {
    if is_observed() {
        record(|| (what(), WaitTarget::Members));
    }
}

#[cold]
fn record(wait: impl FnOnce() -> (String, WaitTarget)) {
    if with_current(|context| !context.is_on_behalf()) != Some(true) {
        return;
    }
    // The leaf's own code, so before the lock is taken.
    let (what, target) = wait();
    let now = Instant::now();
    with_current(|context| with_record(context, |record| record.add(what, target, now)));
}

impl Record {
    fn add(&mut self, what: String, target: WaitTarget, now: Instant) {
        let mut earlier = self.before.iter().chain(&self.now);
        let same = earlier.find(|wait| wait.is_same_as(target, &what));
        let since = same.map_or(now, |wait| wait.since);
        self.now.push(Wait {
            what,
            since,
            target,
        });
    }
}
