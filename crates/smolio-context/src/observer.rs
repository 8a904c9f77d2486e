//! Those who want to be told of each step of each task: metrics, consoles, traces of one's own.

use std::{
    cell::Cell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crate::{ObservationGuard, TaskInfo, observe};

/// Is told what the tasks and children of groups of this process do, on whichever thread they do it.
///
/// It is called in the midst of it, so it should be quick. No lock of ours is held meanwhile. A panic in it is ignored, and
/// what it does itself (a task that it spawns, a waker that it calls) it is not told of.
///
/// ```
/// use smolio_context::{Observer, Scoped, TaskContext, TaskInfo, register_observer};
/// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
/// # use std::{future::Future, pin::pin, task::{Context, Waker}};
///
/// #[derive(Default)]
/// struct Alive(AtomicUsize);
///
/// impl Observer for Alive {
///     fn spawned(&self, _: &TaskInfo) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
///     fn ended(&self, _: &TaskInfo) {
///         self.0.fetch_sub(1, Ordering::Relaxed);
///     }
/// }
///
/// let alive = Arc::new(Alive::default());
/// let _guard = register_observer(alive.clone());
/// let context = TaskContext::root(); // in real life, these three lines are a spawn
/// context.spawned();
/// let task = Scoped::new(context, async {});
/// assert_eq!(alive.0.load(Ordering::Relaxed), 1);
/// # let mut task = pin!(task);
/// # assert!(task.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// assert_eq!(alive.0.load(Ordering::Relaxed), 0); // it was polled to its end
/// ```
pub trait Observer: Send + Sync {
    /// A task was spawned, or a child of a group.
    fn spawned(&self, task: &TaskInfo) {
        let _ = task;
    }

    /// It was woken. More than one wake may come before its next poll.
    fn woken(&self, task: &TaskInfo) {
        let _ = task;
    }

    /// It was polled, or its future dropped, and that took so long on the machine's clock. What the children in it took is
    /// theirs.
    fn polled(&self, task: &TaskInfo, took: Duration) {
        let _ = (task, took);
    }

    /// It has ended: its future is gone. Told of those that were spawned or polled while somebody looked.
    fn ended(&self, task: &TaskInfo) {
        let _ = task;
    }
}

type List = Vec<(u64, Arc<dyn Observer>)>;

static OBSERVERS: RwLock<Option<Arc<List>>> = RwLock::new(None);

/// Tells `observer` of what happens until the guard is dropped. It observes, so waits are recorded meanwhile.
pub fn register_observer(observer: Arc<dyn Observer>) -> ObserverGuard {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    change(|list| list.push((number, observer)));
    ObserverGuard {
        number,
        _observation: observe(),
    }
}

/// Takes the observer off when dropped. A call to it may still be going on, on another thread.
#[must_use = "the observer is told until the guard is dropped"]
pub struct ObserverGuard {
    number: u64,
    _observation: ObservationGuard,
}

impl Drop for ObserverGuard {
    fn drop(&mut self) {
        change(|list| list.retain(|(number, _)| *number != self.number));
    }
}

impl fmt::Debug for ObserverGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObserverGuard").finish_non_exhaustive()
    }
}

/// Copies the list: whoever is being told goes on with the former one.
fn change(f: impl FnOnce(&mut List)) {
    let mut observers = OBSERVERS.write().unwrap_or_else(PoisonError::into_inner);
    let mut list = observers.as_deref().cloned().unwrap_or_default();
    f(&mut list);
    let list = (!list.is_empty()).then(|| Arc::new(list));
    let former = std::mem::replace(&mut *observers, list);
    drop(observers);
    // Foreign code, if one of them goes with it.
    drop(former);
}

/// Calls `f` with each of them.
pub(crate) fn tell(f: impl Fn(&dyn Observer)) {
    thread_local! {
        static IS_TELLING: Cell<bool> = const { Cell::new(false) };
    }
    struct Told;
    impl Drop for Told {
        fn drop(&mut self) {
            IS_TELLING.set(false);
        }
    }
    let Some(list) = OBSERVERS
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
    else {
        return;
    };
    if IS_TELLING.replace(true) {
        return;
    }
    let _told = Told;
    for (_, observer) in &*list {
        ignoring_panics(|| f(&**observer));
    }
    // Some of them may have been taken off meanwhile, and go now.
    ignoring_panics(move || drop(list));
}

fn ignoring_panics(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // It may panic when dropped, too.
        std::mem::forget(payload);
    }
}
