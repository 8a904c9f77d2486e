//! A lock that holds what it protects.

use std::{fmt, sync::Arc};

use smolio_context::{Resource, TaskInfo, current_task};

use crate::{
    acquire_lock::{AcquireLock, AcquireLockOwned},
    error::TryLockError,
    line::Line,
    lock_guard::{LockGuard, OwnedLockGuard},
    place::Waited,
    shared::Shared,
    wakes::Wakes,
};

/// A value that one task at a time can use: asyncio's `Lock`, with what it protects inside.
///
/// It is not for what is over without an `.await`: there a `std::sync::Mutex` is simpler and faster.
///
/// # Who comes first
/// First in, first out. The lock is *handed over*: when it is released, the first who waits has it, even if it does not
/// run yet. Nobody can come in between, [`try_lock`](Self::try_lock) neither; and where the one who has been given it is
/// dropped before it runs, the next has it.
///
/// # When its holder panics
/// The lock is released, and the value stays as it is: there is no poisoning, as in asyncio and tokio.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::Lock;
/// use std::sync::Arc;
///
/// let accounts = Arc::new(Lock::new([100, 0]).named("accounts"));
/// let transfer = {
///     let accounts = accounts.clone();
///     spawn(async move {
///         let mut accounts = accounts.lock().await;
///         accounts[0] -= 30;
///         smolio_executor::yield_now().await; // in real life: a request, while nobody else sees the half of it
///         accounts[1] += 30;
///     })
/// };
/// transfer.await;
/// assert_eq!(*accounts.lock().await, [70, 30]);
/// # });
/// ```
///
/// A guard that nobody keeps protects nothing, and what is protected cannot be kept beyond the guard:
///
/// ```compile_fail
/// #![deny(unused_must_use)]
/// # let accounts = smolio_sync::Lock::new(0);
/// # smolio_executor::run(async {
/// accounts.lock().await; // "unused `LockGuard` that must be used"
/// # });
/// ```
///
/// ```compile_fail,E0505
/// # let accounts = smolio_sync::Lock::new([100, 0]);
/// # smolio_executor::run(async {
/// let guard = accounts.lock().await;
/// let first = &guard[0];
/// drop(guard); // "cannot move out of `guard` because it is borrowed"
/// println!("{first}");
/// # });
/// ```
#[doc(alias = "Mutex")]
pub struct Lock<T: ?Sized>(pub(crate) Shared<LockState<T>>);

/// What is under the lock of a lock.
pub(crate) struct LockState<T: ?Sized> {
    // Whoever holds the lock has the value. So a guard can give access to it, stay a guard as it moves from thread to
    // thread, and be handed over, without any unsafe code.
    value: Option<Box<T>>,
    holder: Option<TaskInfo>,
    line: Line<Option<TaskInfo>, Box<T>>,
}

impl<T: ?Sized> LockState<T> {
    /// Gives the value to the first who waits.
    pub(crate) fn release(&mut self, value: Box<T>, wakes: &mut Wakes) {
        self.holder = self.line.first().cloned().flatten();
        self.value = self.line.grant_first(value, wakes);
    }

    fn stats(&self) -> LockStats {
        LockStats {
            is_locked: self.value.is_none(),
            holder: self.holder.clone(),
            waiters: self.line.waiting(),
        }
    }
}

impl<T: ?Sized> Waited for LockState<T> {
    /// Who asks.
    type Want = Option<TaskInfo>;
    type Grant = Box<T>;

    const HAS_HOLDERS: bool = true;

    fn line(&mut self) -> &mut Line<Option<TaskInfo>, Box<T>> {
        &mut self.line
    }

    // While somebody waits there is no value here.
    fn attempt(&mut self, want: &Option<TaskInfo>, _: &mut Wakes) -> Option<Box<T>> {
        let value = self.value.take()?;
        self.holder.clone_from(want);
        Some(value)
    }

    fn left(&mut self, grant: Option<Box<T>>, wakes: &mut Wakes) {
        if let Some(value) = grant {
            self.release(value, wakes);
        }
    }
}

impl<T> Lock<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self::from(Box::new(value))
    }

    /// The value, when nobody else can use the lock any more.
    ///
    /// # Panics
    /// If a guard was forgotten with [`std::mem::forget`]: the value is gone with it.
    #[track_caller]
    pub fn into_inner(self) -> T {
        *self.0.into_inner().value.expect(FORGOTTEN)
    }
}

const FORGOTTEN: &str = "a guard of this lock was forgotten, and the value with it";

impl<T: ?Sized> Lock<T> {
    /// Gives the lock a name, for reports of who waits for what and who holds it.
    pub fn named(mut self, name: impl AsRef<str>) -> Self
    where
        T: Sized,
    {
        self.0.set_name(name.as_ref());
        self
    }

    /// Waits until this is its turn, and holds the lock until the guard is dropped.
    ///
    /// A task that holds the lock and asks for it again waits for itself, for ever.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it gives up its place. Should it have been given the lock already,
    /// the next who waits has it.
    #[doc(alias = "acquire")]
    pub fn lock(&self) -> AcquireLock<'_, T> {
        AcquireLock::new(self)
    }

    /// [`lock`](Self::lock) with a guard that borrows nothing, so that it can go into a task.
    ///
    /// # Cancel safety
    /// As [`lock`](Self::lock).
    pub fn lock_owned(self: &Arc<Self>) -> AcquireLockOwned<T> {
        AcquireLockOwned::new(self.clone())
    }

    /// Takes the lock if nobody holds it.
    ///
    /// # Errors
    /// [`TryLockError`] if somebody does, or has just been given it.
    pub fn try_lock(&self) -> Result<LockGuard<'_, T>, TryLockError> {
        self.try_take().map(|value| LockGuard::new(self, value))
    }

    /// [`try_lock`](Self::try_lock) with a guard that borrows nothing.
    ///
    /// # Errors
    /// As [`try_lock`](Self::try_lock).
    pub fn try_lock_owned(self: &Arc<Self>) -> Result<OwnedLockGuard<T>, TryLockError> {
        self.try_take()
            .map(|value| OwnedLockGuard::new(self.clone(), value))
    }

    fn try_take(&self) -> Result<Box<T>, TryLockError> {
        let who = current_task();
        let value = self.0.change(|state, wakes| state.attempt(&who, wakes));
        value.ok_or(TryLockError::new())
    }

    /// The value, without waiting: whoever has the only reference needs no lock.
    ///
    /// # Panics
    /// If a guard was forgotten with [`std::mem::forget`]: the value is gone with it.
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut().value.as_mut().expect(FORGOTTEN)
    }

    /// Whether somebody holds the lock.
    #[doc(alias = "locked")]
    pub fn is_locked(&self) -> bool {
        self.0.look(|state| state.value.is_none())
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> LockStats {
        self.0.look(LockState::stats)
    }
}

/// Also for values without a size: a `Lock<dyn Trait>`, a `Lock<[u8]>`.
///
/// ```
/// use smolio_sync::Lock;
/// let buffer: Lock<[u8]> = Lock::from(vec![0; 100].into_boxed_slice());
/// assert_eq!(buffer.try_lock()?.len(), 100);
/// # Ok::<(), smolio_sync::TryLockError>(())
/// ```
impl<T: ?Sized> From<Box<T>> for Lock<T> {
    fn from(value: Box<T>) -> Self {
        let state = LockState {
            value: Some(value),
            holder: None,
            line: Line::default(),
        };
        Self(Shared::new(Resource::new("Lock"), state))
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Lock", LockState::stats, f)
    }
}

/// The numbers of a [`Lock`] at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LockStats {
    /// Whether somebody holds it.
    pub is_locked: bool,
    /// The task that holds it. `None` also where it was taken outside of our tasks. A guard that moves to another task
    /// does not change it.
    pub holder: Option<TaskInfo>,
    /// How many futures wait for it.
    pub waiters: usize,
}
