//! A thing that tasks hold and wait for, and who holds it: recorded only while somebody looks.
//!
//! A wait refers to the resource and says nothing of its holder, which may be another one by the time that somebody asks.

use std::{
    fmt,
    num::NonZeroU64,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use super::table;
use crate::{TaskInfo, attention::is_observed, clock::Stopwatch, current_task};

/// Tells one [`Resource`] from all others; given to it when it is first needed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ResourceId(NonZeroU64);

impl ResourceId {
    /// The number behind the id, as it stands in `Lock #7`.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

/// A lock, the permits of a semaphore: a thing that tasks hold, and that others wait for meanwhile. For those who write one.
///
/// It lets whoever looks at a program see who waits for whom. While nobody does, each call costs one relaxed load.
///
/// ```
/// use smolio_context::{Resource, TaskContext, capture_call_graph, observe, waiting_on};
///
/// let _observation = observe();
/// let accounts = Resource::new("Lock").named("accounts");
/// let (holder, waiter) = (TaskContext::child(Some("transfer")), TaskContext::child(Some("audit")));
/// holder.enter(|| accounts.taken());
/// // In each poll that finds it taken:
/// waiter.enter(|| waiting_on(&accounts, || accounts.to_string()));
/// let graph = capture_call_graph().to_string();
/// assert!(graph.contains("waits for Lock \"accounts\", held by transfer"), "{graph}");
/// holder.enter(|| accounts.released());
/// ```
pub struct Resource {
    kind: &'static str,
    // Behind a thin pointer: most have no name.
    name: Option<Arc<Box<str>>>,
    /// 0 as long as it has none.
    number: AtomicU64,
    nature: Nature,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Nature {
    /// Held by one, or by several readers, for a short time.
    Exclusive,
    /// Held by several, for as long as they like.
    Permits,
    /// Held by nobody.
    Signal,
}

impl Resource {
    /// A thing that is not meant to be held for long while others wait, such as a `Lock`.
    pub const fn new(kind: &'static str) -> Self {
        Self::with(kind, Nature::Exclusive)
    }

    /// A thing that is meant to hold others back, such as a `Semaphore`: debug mode does not mind if its permits are held for
    /// long while others wait.
    pub const fn permits(kind: &'static str) -> Self {
        Self::with(kind, Nature::Permits)
    }

    /// A thing that is waited for and that nobody holds, such as an `Event` or a queue.
    pub const fn signal(kind: &'static str) -> Self {
        Self::with(kind, Nature::Signal)
    }

    const fn with(kind: &'static str, nature: Nature) -> Self {
        Self {
            kind,
            name: None,
            number: AtomicU64::new(0),
            nature,
        }
    }

    /// Gives it a name for reports.
    #[must_use = "gives the resource back"]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(Arc::new(name.into()));
        self
    }

    /// The current task holds it, or holds it once more.
    ///
    /// A guard that moves to another task changes nothing about that: the holder is whoever took it.
    #[inline]
    pub fn taken(&self) {
        if is_observed() {
            self.record_taken();
        }
    }

    /// It was given back, once: by the current task if that holds it, else on behalf of the one who has held it longest.
    #[inline]
    pub fn released(&self) {
        if is_observed() {
            self.record_released();
        }
    }

    #[cold]
    fn record_taken(&self) {
        let holding = Holding {
            task: current_task(),
            watch: Stopwatch::start(),
            is_told: false,
        };
        let id = self.id();
        let mut table = table();
        // Asked again under the lock: whoever observed last clears the table under it.
        if is_observed() {
            let make = || ResourceRecord::new(self);
            let record = table.resources.entry(id).or_insert_with(make);
            record.holdings.push(holding);
        }
    }

    #[cold]
    fn record_released(&self) {
        let Some(id) = self.known_id() else { return };
        let task = current_task().map(|task| task.id());
        let mut table = table();
        let Some(record) = table.resources.get_mut(&id) else {
            return;
        };
        let holds = |holding: &Holding| holding.task.as_ref().map(TaskInfo::id) == task;
        let own = record.holdings.iter().position(holds);
        let released = if record.holdings.is_empty() {
            // It was taken before anybody looked.
            None
        } else {
            Some(record.holdings.remove(own.unwrap_or(0)))
        };
        drop(table);
        drop(released);
    }

    pub(crate) fn nature(&self) -> Nature {
        self.nature
    }

    /// Its number, which is given now if it has none.
    pub(crate) fn id(&self) -> ResourceId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        self.known_id().unwrap_or_else(|| {
            let next = NEXT.fetch_add(1, Ordering::Relaxed);
            let order = Ordering::Relaxed;
            // Another thread may have been faster.
            let number = match self.number.compare_exchange(0, next, order, order) {
                Ok(_) => next,
                Err(number) => number,
            };
            ResourceId(NonZeroU64::new(number).expect("numbers begin at 1"))
        })
    }

    fn known_id(&self) -> Option<ResourceId> {
        NonZeroU64::new(self.number.load(Ordering::Relaxed)).map(ResourceId)
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        if let (true, Some(id)) = (is_observed(), self.known_id()) {
            let record = table().resources.remove(&id);
            drop(record);
        }
    }
}

/// `Lock "accounts"`; without a name `Lock #7` for one that somebody waited for, or `Lock`.
impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)?;
        match (&self.name, self.known_id()) {
            (Some(name), _) => write!(f, " {name:?}"),
            (None, Some(id)) => write!(f, " #{}", id.get()),
            (None, None) => Ok(()),
        }
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("kind", &self.kind)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A resource, for as long as it is there and somebody looks.
pub(crate) struct ResourceRecord {
    pub(crate) name: String,
    pub(crate) nature: Nature,
    /// Those that are known, the longest first.
    pub(crate) holdings: Vec<Holding>,
}

impl ResourceRecord {
    fn new(resource: &Resource) -> Self {
        Self {
            name: resource.to_string(),
            nature: resource.nature,
            holdings: Vec::new(),
        }
    }
}

pub(crate) struct Holding {
    /// `None`: it was taken outside of tasks.
    pub(crate) task: Option<TaskInfo>,
    /// On the machine's clock: the watchdog runs on a thread that has no other.
    pub(crate) watch: Stopwatch,
    /// That it is held for too long was said.
    pub(crate) is_told: bool,
}
