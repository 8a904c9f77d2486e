//! A lock that many may hold to read, and one to write.

use std::{fmt, sync::Arc};

use smolio_context::Resource;

use crate::{
    acquire_access::{AcquireRead, AcquireReadOwned, AcquireWrite, AcquireWriteOwned},
    error::{TryReadError, TryWriteError},
    line::Line,
    place::Waited,
    read_write_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard},
    shared::Shared,
    wakes::Wakes,
};

/// A value that any number of tasks can read at the same time, and one at a time can change.
///
/// asyncio has no such lock; the name is std's. Where reading is over without an `.await`, a `std::sync::RwLock` is
/// faster; and where readers may go on with a value that is out of date, a [`Watch`](crate::Watch) never makes them wait.
///
/// # Who comes first
/// First in, first out, and handed over, as with a [`Lock`](crate::Lock). Readers that came one after the other have it
/// together. One that comes while a writer waits has to wait behind that one, so readers never starve a writer, nor
/// writers a reader. For the same reason a task must not read twice at the same time: a writer that comes in between
/// would make both of them wait for ever.
///
/// There is no reader that can become a writer while it reads: of two such, each would wait for the other. Release,
/// write, and look again whether it is still to be done.
///
/// # When its holder panics
/// The lock is released, and the value stays as it is, as with a [`Lock`](crate::Lock).
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_sync::RwLock;
/// let routes = RwLock::new(vec!["/"]).named("routes");
/// {
///     let (one, other) = (routes.read().await, routes.try_read().unwrap()); // together
///     assert_eq!(one.len() + other.len(), 2);
///     assert!(routes.try_write().is_err());
/// }
/// routes.write().await.push("/about");
/// assert_eq!(*routes.read().await, ["/", "/about"]);
/// # });
/// ```
///
/// Readers share the value, so it must be fit for that:
///
/// ```compile_fail,E0277
/// # use smolio_sync::RwLock;
/// use std::cell::Cell;
/// fn shared<T: Sync>(_: T) {}
/// shared(RwLock::new(Cell::new(0))); // "`Cell<i32>` cannot be shared between threads safely"
/// ```
pub struct RwLock<T: ?Sized>(pub(crate) Shared<RwLockState<T>>);

/// What is under the lock of it.
pub(crate) struct RwLockState<T: ?Sized> {
    // Readers have a clone, the writer has it out of here: then it is the only one, and may change the value. So guards
    // need no unsafe code.
    value: Option<Arc<T>>,
    readers: usize,
    line: Line<Access, Arc<T>>,
}

/// What somebody wants to do with the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl<T: ?Sized> RwLockState<T> {
    /// What one who is first can have now.
    fn access(&mut self, access: Access) -> Option<Arc<T>> {
        match access {
            Access::Read => {
                let value = self.value.clone()?;
                self.readers += 1;
                Some(value)
            }
            Access::Write if self.readers == 0 => self.value.take(),
            Access::Write => None,
        }
    }

    /// Gives those at the front of the line what they can have now.
    fn settle(&mut self, wakes: &mut Wakes) {
        while let Some(&access) = self.line.first() {
            let Some(value) = self.access(access) else {
                return;
            };
            self.line.grant_first(value, wakes);
        }
    }

    /// A reader has dropped its clone of the value.
    pub(crate) fn end_reading(&mut self, wakes: &mut Wakes) {
        self.readers -= 1;
        self.settle(wakes);
    }

    pub(crate) fn end_writing(&mut self, value: Arc<T>, wakes: &mut Wakes) {
        self.value = Some(value);
        self.settle(wakes);
    }

    fn stats(&self) -> RwLockStats {
        RwLockStats {
            readers: self.readers,
            is_written: self.value.is_none(),
            waiters: self.line.waiting(),
        }
    }
}

impl<T: ?Sized> Waited for RwLockState<T> {
    type Want = Access;
    type Grant = Arc<T>;

    const HAS_HOLDERS: bool = true;

    fn line(&mut self) -> &mut Line<Access, Arc<T>> {
        &mut self.line
    }

    fn attempt(&mut self, want: &Access, _: &mut Wakes) -> Option<Arc<T>> {
        if self.line.waiting() > 0 {
            return None;
        }
        self.access(*want)
    }

    fn left(&mut self, grant: Option<Arc<T>>, wakes: &mut Wakes) {
        match grant {
            // While readers have clones, there is another one here: none of them is the last.
            Some(value) if self.value.is_some() => {
                drop(value);
                self.end_reading(wakes);
            }
            Some(value) => self.end_writing(value, wakes),
            // It may have been the one that kept those behind it waiting.
            None => self.settle(wakes),
        }
    }
}

impl<T> RwLock<T> {
    /// A lock that nobody holds.
    pub fn new(value: T) -> Self {
        Self::of(Arc::new(value))
    }

    /// The value, when nobody else can use the lock any more.
    ///
    /// # Panics
    /// If a guard was forgotten with [`std::mem::forget`].
    #[track_caller]
    pub fn into_inner(self) -> T {
        let value = self.0.into_inner().value;
        value.and_then(Arc::into_inner).expect(FORGOTTEN)
    }
}

const FORGOTTEN: &str = "a guard of this lock was forgotten";

impl<T: ?Sized> RwLock<T> {
    /// An `Arc` of ours: one of the user's could have other owners.
    fn of(value: Arc<T>) -> Self {
        let state = RwLockState {
            value: Some(value),
            readers: 0,
            line: Line::default(),
        };
        Self(Shared::new(Resource::new("RwLock"), state))
    }

    /// Gives the lock a name, for reports of who waits for what and who holds it.
    pub fn named(mut self, name: impl AsRef<str>) -> Self
    where
        T: Sized,
    {
        self.0.set_name(name.as_ref());
        self
    }

    /// Waits until this is its turn, and reads until the guard is dropped.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it gives up its place, and what it has been given.
    pub fn read(&self) -> AcquireRead<'_, T> {
        AcquireRead::new(self)
    }

    /// [`read`](Self::read) with a guard that borrows nothing, so that it can go into a task.
    ///
    /// # Cancel safety
    /// As [`read`](Self::read).
    pub fn read_owned(self: &Arc<Self>) -> AcquireReadOwned<T> {
        AcquireReadOwned::new(self.clone())
    }

    /// Waits until this is its turn, and can change the value until the guard is dropped.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it gives up its place, and what it has been given; readers that only
    /// waited because of it go on.
    pub fn write(&self) -> AcquireWrite<'_, T> {
        AcquireWrite::new(self)
    }

    /// [`write`](Self::write) with a guard that borrows nothing.
    ///
    /// # Cancel safety
    /// As [`write`](Self::write).
    pub fn write_owned(self: &Arc<Self>) -> AcquireWriteOwned<T> {
        AcquireWriteOwned::new(self.clone())
    }

    /// Reads, if nobody writes or waits.
    ///
    /// # Errors
    /// [`TryReadError`] if somebody does.
    pub fn try_read(&self) -> Result<ReadGuard<'_, T>, TryReadError> {
        let value = self.try_take(Access::Read).ok_or(TryReadError::new())?;
        Ok(ReadGuard::new(self, value))
    }

    /// [`try_read`](Self::try_read) with a guard that borrows nothing.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    pub fn try_read_owned(self: &Arc<Self>) -> Result<OwnedReadGuard<T>, TryReadError> {
        let value = self.try_take(Access::Read).ok_or(TryReadError::new())?;
        Ok(OwnedReadGuard::new(self.clone(), value))
    }

    /// Takes it to write, if nobody holds it.
    ///
    /// # Errors
    /// [`TryWriteError`] if somebody does.
    pub fn try_write(&self) -> Result<WriteGuard<'_, T>, TryWriteError> {
        let value = self.try_take(Access::Write).ok_or(TryWriteError::new())?;
        Ok(WriteGuard::new(self, value))
    }

    /// [`try_write`](Self::try_write) with a guard that borrows nothing.
    ///
    /// # Errors
    /// As [`try_write`](Self::try_write).
    pub fn try_write_owned(self: &Arc<Self>) -> Result<OwnedWriteGuard<T>, TryWriteError> {
        let value = self.try_take(Access::Write).ok_or(TryWriteError::new())?;
        Ok(OwnedWriteGuard::new(self.clone(), value))
    }

    fn try_take(&self, access: Access) -> Option<Arc<T>> {
        self.0.change(|state, wakes| state.attempt(&access, wakes))
    }

    /// The value, without waiting: whoever has the only reference needs no lock.
    ///
    /// # Panics
    /// If a guard was forgotten with [`std::mem::forget`].
    #[track_caller]
    pub fn get_mut(&mut self) -> &mut T {
        let value = self.0.get_mut().value.as_mut();
        value.and_then(Arc::get_mut).expect(FORGOTTEN)
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> RwLockStats {
        self.0.look(RwLockState::stats)
    }
}

/// Also for values without a size: a `RwLock<dyn Trait>`, a `RwLock<[u8]>`.
impl<T: ?Sized> From<Box<T>> for RwLock<T> {
    fn from(value: Box<T>) -> Self {
        Self::of(Arc::from(value))
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("RwLock", RwLockState::stats, f)
    }
}

/// The numbers of a [`RwLock`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct RwLockStats {
    /// How many hold it to read.
    pub readers: usize,
    /// Whether somebody holds it to write.
    pub is_written: bool,
    /// How many futures wait for it.
    pub waiters: usize,
}
