//! The polls that are going on, one stack for each thread: what is measured of them, and what others can see of them
//! meanwhile, the watchdog above all.
//!
//! Only while somebody looks on. It is the machine's clock that counts: a virtual one does not move within a poll.

use std::{
    cell::Cell,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::Duration,
};

use crate::{
    attention::is_observed,
    clock::Stopwatch,
    task::{TaskContext, TaskInfo},
};

thread_local! {
    static HERE: Arc<ThreadPolls> = ThreadPolls::register();
    /// The next poll is not measured.
    static MAY_BE_SLOW: Cell<bool> = const { Cell::new(false) };
}

/// All threads that have polled while somebody looked on.
static THREADS: Mutex<Vec<Weak<ThreadPolls>>> = Mutex::new(Vec::new());

/// The polls of one thread, each within the one before.
pub(crate) struct ThreadPolls {
    pub(crate) name: String,
    /// Its number in the operating system, where that can be had.
    pub(crate) number: Option<u32>,
    stack: Mutex<Vec<Measured>>,
}

/// A poll that is going on.
pub(crate) struct Measured {
    pub(crate) task: TaskInfo,
    pub(crate) watch: Stopwatch,
    /// What was spent in polls within this one, which answer for it themselves.
    pub(crate) within: Duration,
    pub(crate) may_be_slow: bool,
    /// It is a second context of its task, which has polls of its own.
    pub(crate) is_on_behalf: bool,
    /// The watchdog has spoken of it.
    pub(crate) is_told: bool,
}

impl Measured {
    /// Without what was spent in polls within it.
    pub(crate) fn own_time(&self) -> Duration {
        self.watch.elapsed().saturating_sub(self.within)
    }
}

impl ThreadPolls {
    fn register() -> Arc<Self> {
        let thread = thread::current();
        let polls = Arc::new(Self {
            name: thread.name().unwrap_or("without a name").to_string(),
            number: number_of_this_thread(),
            stack: Mutex::default(),
        });
        let mut threads = lock(&THREADS);
        threads.retain(|thread| thread.strong_count() > 0);
        threads.push(Arc::downgrade(&polls));
        polls
    }

    /// All that have not ended.
    pub(crate) fn all() -> Vec<Arc<Self>> {
        lock(&THREADS).iter().filter_map(Weak::upgrade).collect()
    }

    /// Lends the stack to `f`, which is to do nothing else.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut Vec<Measured>) -> R) -> R {
        f(&mut lock(&self.stack))
    }
}

/// As the kernel numbers threads.
#[cfg(target_os = "linux")]
fn number_of_this_thread() -> Option<u32> {
    // Such as `17/task/18`.
    let link = std::fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok()
}

#[cfg(not(target_os = "linux"))]
fn number_of_this_thread() -> Option<u32> {
    None
}

/// No code but ours runs under these locks, so a poisoned one is still in order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For threads that are there to be blocked, as those of `to_thread` are: the next poll on this thread is not reported,
/// however long it takes.
pub fn allow_slow_poll() {
    if is_observed() {
        MAY_BE_SLOW.set(true);
    }
}

/// A poll of a task or child begins. Gives whether it was noted; if so, its end is to be said.
pub(crate) fn begin(context: &TaskContext) -> bool {
    let poll = Measured {
        task: context.info().clone(),
        watch: Stopwatch::start(),
        within: Duration::ZERO,
        may_be_slow: MAY_BE_SLOW.replace(false),
        is_on_behalf: context.is_on_behalf(),
        is_told: false,
    };
    with_polls(|polls| polls.push(poll)).is_some()
}

/// The poll that was begun last ends.
pub(crate) fn end() -> Option<Measured> {
    with_polls(Vec::pop)?
}

/// To be called when all is said of a poll that has ended: the time that it took is no time of the one around it.
pub(crate) fn answer_for(poll: &Measured) {
    let taken = match poll.may_be_slow {
        // Within another poll it is that one's time.
        true => poll.within,
        false => poll.watch.elapsed(),
    };
    with_polls(|polls| {
        if let Some(outer) = polls.last_mut() {
            outer.within += taken;
        }
    });
}

/// `None` while the thread ends, when there is no list any more.
fn with_polls<R>(f: impl FnOnce(&mut Vec<Measured>) -> R) -> Option<R> {
    HERE.try_with(|here| here.with(f)).ok()
}
