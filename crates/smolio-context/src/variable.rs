//! Context variables: values that follow a task and its children, as PEP 567 gives them to Python.

use std::{
    any::Any,
    error::Error,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use once_cell::race::OnceBox;

use crate::task;

/// A value that belongs to the running task: request ids, the current user, a tracing span.
///
/// Declared as a `static`. A child (task, group child, `to_thread`) starts with a copy of what its parent had at the
/// spawn; from then on neither sees what the other sets.
///
/// ```
/// use smolio_context::{ContextVar, TaskContext};
/// static USER: ContextVar<String> = ContextVar::new(|| "nobody".into());
///
/// TaskContext::root().enter(|| {
///     let before = USER.set("ada".into()).unwrap();
///     assert_eq!((before.as_str(), USER.get().as_str()), ("nobody", "ada"));
///     USER.set(before).unwrap(); // asyncio's reset(token)
/// });
/// assert_eq!(USER.get(), "nobody");
/// ```
pub struct ContextVar<T> {
    // 0 until the variable is first used.
    key: AtomicUsize,
    default: fn() -> T,
}

impl<T: Clone + Send + Sync + 'static> ContextVar<T> {
    /// A variable that has the value `default()` wherever it was not set.
    pub const fn new(default: fn() -> T) -> Self {
        Self {
            key: AtomicUsize::new(0),
            default,
        }
    }

    /// The value in the current task; outside of tasks the default.
    pub fn get(&self) -> T {
        let key = self.key();
        task::with_variables(|variables| variables.get(key))
            .flatten()
            .and_then(|value| value.downcast_ref::<T>().cloned())
            .unwrap_or_else(self.default)
    }

    /// Sets the value for the current task, and for the children that it spawns from now on. Gives the value before.
    ///
    /// # Errors
    /// [`OutsideTask`] outside of tasks, with the value in it.
    pub fn set(&self, value: T) -> Result<T, OutsideTask<T>> {
        let before = self.get();
        let key = self.key();
        // Whether there is a task is asked first, so that the value can be given back; it is boxed outside of the borrow.
        if task::with_variables(|_| ()).is_none() {
            return Err(OutsideTask(value));
        }
        let value = Arc::new(value);
        let replaced = task::with_variables(|variables| variables.set(key, value));
        // The old value is dropped here: its destructor may use context variables itself.
        drop(replaced);
        Ok(before)
    }

    fn key(&self) -> usize {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        let key = self.key.load(Ordering::Relaxed);
        if key != 0 {
            return key;
        }
        let fresh = NEXT.fetch_add(1, Ordering::Relaxed);
        match self
            .key
            .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }
}

impl<T> fmt::Debug for ContextVar<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextVar").finish_non_exhaustive()
    }
}

/// A context variable was set where no task runs; the value is given back.
///
/// ```
/// use smolio_context::ContextVar;
/// static USER: ContextVar<String> = ContextVar::new(|| "nobody".into());
///
/// let refused = USER.set("ada".into()).unwrap_err(); // no task runs here
/// assert_eq!(refused.to_string(), "a context variable can be set only inside a task");
/// assert_eq!(refused.into_inner(), "ada");
/// ```
pub struct OutsideTask<T>(T);

impl<T> OutsideTask<T> {
    /// The value that was refused.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for OutsideTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OutsideTask")
    }
}

impl<T> fmt::Display for OutsideTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a context variable can be set only inside a task")
    }
}

impl<T> Error for OutsideTask<T> {}

type Value = Arc<dyn Any + Send + Sync>;

/// Copied on write. A list, not a map: programs have a handful of variables.
type List = Arc<Vec<(usize, Value)>>;

/// The variables of one task.
///
/// Most tasks have none, and pay for them with one word, and one load at each spawn.
#[derive(Default)]
pub(crate) struct Variables(OnceBox<Own>);

#[derive(Default)]
struct Own {
    list: Mutex<List>,
    // In here, and not in the context, because it is said of few: all others would pay for it with a word of memory.
    on_behalf: bool,
}

impl Own {
    #[cold]
    fn clear(&self) {
        let former = std::mem::take(&mut *lock(&self.list));
        // Not under the lock: these are values of others.
        drop(former);
    }
}

impl Variables {
    /// The list as it stands, for a child.
    #[inline]
    pub(crate) fn copy(&self) -> Self {
        match self.0.get() {
            None => Self::default(),
            Some(own) => Self::with(lock(&own.list).clone(), false),
        }
    }

    /// The list as it stands, for a context that is a second one of its task.
    pub(crate) fn copy_on_behalf(&self) -> Self {
        let list = self.0.get().map(|own| lock(&own.list).clone());
        Self::with(list.unwrap_or_default(), true)
    }

    fn with(list: List, on_behalf: bool) -> Self {
        let list = Mutex::new(list);
        Self(OnceBox::with_value(Box::new(Own { list, on_behalf })))
    }

    /// Whether these are those of a second context.
    pub(crate) fn is_on_behalf(&self) -> bool {
        self.0.get().is_some_and(|own| own.on_behalf)
    }

    fn get(&self, key: usize) -> Option<Value> {
        let list = lock(&self.0.get()?.list);
        let (_, value) = list.iter().find(|(other, _)| *other == key)?;
        Some(value.clone())
    }

    /// Gives the value that was replaced, so that the caller can drop it outside of the lock.
    fn set(&self, key: usize, value: Value) -> Option<Value> {
        let mut list = lock(&self.0.get_or_init(Box::default).list);
        let list = Arc::make_mut(&mut *list);
        match list.iter_mut().find(|(other, _)| *other == key) {
            Some((_, slot)) => Some(std::mem::replace(slot, value)),
            None => {
                list.push((key, value));
                None
            }
        }
    }

    #[inline]
    pub(crate) fn clear(&self) {
        if let Some(own) = self.0.get() {
            own.clear();
        }
    }
}

/// No code but ours runs under the lock, so a poisoned one is still in order.
fn lock(list: &Mutex<List>) -> MutexGuard<'_, List> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}
