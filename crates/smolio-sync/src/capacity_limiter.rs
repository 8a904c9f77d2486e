//! A limit on how many do something at the same time, which knows who does, and can be changed.

use std::{
    fmt,
    future::Future,
    hash::Hash,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::{Resource, current_task};

use crate::{
    borrowers::{Borrower, Borrowers},
    error::{BorrowError, TryBorrowError},
    permits::Permits,
    place::Place,
    shared::Shared,
};

/// Lets so many borrowers at a time do something; the number can be changed while they do: trio's `CapacityLimiter`.
/// Clones are handles to the same one.
///
/// Unlike a [`Semaphore`](crate::Semaphore) it knows its borrowers, and each can have one token. A task that already has
/// one and asks again, somewhere deep in what it calls, gets an error; with a semaphore it could wait for itself for ever.
///
/// The borrower is the current task, or whatever is given to [`acquire_on_behalf_of`](Self::acquire_on_behalf_of). Where
/// the current task is not one of ours, as under tokio, nobody can tell who asks, and each who does counts as a borrower
/// of its own.
///
/// # Who comes first
/// First in, first out, and handed over: a token that comes back belongs to the first who waits from that moment on.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_sync::CapacityLimiter;
///
/// let kitchen = CapacityLimiter::new(2);
/// let one = kitchen.acquire_on_behalf_of("anna").await?;
/// let _other = kitchen.acquire_on_behalf_of("ben").await?;
/// assert!(kitchen.acquire_on_behalf_of("anna").await.is_err()); // she is in there already
///
/// kitchen.set_total_tokens(1); // nobody is sent away; but nobody comes in before both have left
/// drop(one);
/// assert_eq!(kitchen.stats().available, 0);
/// # Ok::<(), smolio_sync::BorrowError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct CapacityLimiter(Arc<Inner>);

struct Inner {
    tokens: Shared<Permits>,
    borrowers: Borrowers,
}

impl CapacityLimiter {
    /// A limiter for so many borrowers at a time. With none, nobody comes in until that is
    /// [changed](Self::set_total_tokens).
    pub fn new(total_tokens: usize) -> Self {
        let resource = Resource::permits("CapacityLimiter");
        Self(Arc::new(Inner {
            tokens: Shared::new(resource, Permits::new(total_tokens)),
            borrowers: Borrowers::default(),
        }))
    }

    /// Gives the limiter a name, for reports of who waits for what and who holds it.
    ///
    /// # Panics
    /// If there is a clone already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        let name = name.as_ref();
        let inner = Arc::get_mut(&mut self.0);
        let inner = inner.unwrap_or_else(|| panic!("{name:?} comes too late: there is a clone"));
        inner.tokens.set_name(name);
        self
    }

    /// Waits until this is its turn and there is a token, which the task that awaits this has until the token is dropped.
    ///
    /// # Errors
    /// [`BorrowError`] at once if the task has a token of this limiter already, or waits for one.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it gives up its place, and the token that it may have been given.
    pub fn acquire(&self) -> AcquireToken<'_> {
        AcquireToken::new(self, Stage::CurrentTask)
    }

    /// [`acquire`](Self::acquire) for somebody else, who is known by this value.
    ///
    /// # Errors
    /// [`BorrowError`] at once if an equal value of the same type has a token of this limiter already, or waits for one.
    ///
    /// # Cancel safety
    /// As [`acquire`](Self::acquire).
    pub fn acquire_on_behalf_of<B>(&self, borrower: B) -> AcquireToken<'_>
    where
        B: Hash + Eq + Send + Sync + 'static,
    {
        let borrower = self.0.borrowers.known_by(borrower);
        AcquireToken::new(self, Stage::OnBehalfOf(borrower))
    }

    /// Takes a token for the current task, if there is one and nobody waits.
    ///
    /// # Errors
    /// [`TryBorrowError`] otherwise, and if the task has a token already, or waits for one.
    #[doc(alias = "acquire_nowait")]
    pub fn try_acquire(&self) -> Result<CapacityToken, TryBorrowError> {
        self.try_acquire_by(self.current_task())
    }

    /// [`try_acquire`](Self::try_acquire) for somebody else, who is known by this value.
    ///
    /// # Errors
    /// [`TryBorrowError`] if there is no token, and if an equal value of the same type has one already, or waits for one.
    #[doc(alias = "acquire_on_behalf_of_nowait")]
    pub fn try_acquire_on_behalf_of<B>(&self, borrower: B) -> Result<CapacityToken, TryBorrowError>
    where
        B: Hash + Eq + Send + Sync + 'static,
    {
        self.try_acquire_by(Some(self.0.borrowers.known_by(borrower)))
    }

    fn try_acquire_by(&self, borrower: Option<Borrower>) -> Result<CapacityToken, TryBorrowError> {
        let Some(registration) = self.register(borrower) else {
            return Err(TryBorrowError::Twice);
        };
        let taken = self.0.tokens.change(|state, _| state.take(1));
        taken.ok_or(TryBorrowError::NoneFree)?;
        Ok(CapacityToken::new(registration))
    }

    fn current_task(&self) -> Option<Borrower> {
        current_task().map(|task| self.0.borrowers.known_by(task.id()))
    }

    /// `None`, if the borrower is registered already.
    fn register(&self, borrower: Option<Borrower>) -> Option<Registration> {
        let borrowers = &self.0.borrowers;
        let is_new = borrower.as_ref().is_none_or(|one| borrowers.add(one));
        is_new.then(|| Registration {
            limiter: self.clone(),
            borrower,
        })
    }

    /// How many borrowers there may be.
    pub fn total_tokens(&self) -> usize {
        self.0.tokens.look(Permits::total)
    }

    /// From now on there may be so many borrowers. If there are more of them already, nobody comes in until enough have
    /// left.
    pub fn set_total_tokens(&self, total_tokens: usize) {
        let tokens = &self.0.tokens;
        tokens.change(|state, wakes| state.set_total(total_tokens, wakes));
    }

    /// The numbers of this moment.
    #[doc(alias = "borrowed_tokens")]
    #[doc(alias = "available_tokens")]
    pub fn stats(&self) -> CapacityLimiterStats {
        self.0.tokens.look(CapacityLimiterStats::of)
    }
}

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = &self.0.tokens;
        tokens.fmt_as("CapacityLimiter", CapacityLimiterStats::of, f)
    }
}

/// The numbers of a [`CapacityLimiter`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct CapacityLimiterStats {
    /// How many borrowers there may be.
    pub total: usize,
    /// How many there are. More than the total where that was lowered.
    pub borrowed: usize,
    /// How many more could come in now.
    pub available: usize,
    /// How many futures wait.
    pub waiters: usize,
}

impl CapacityLimiterStats {
    fn of(state: &Permits) -> Self {
        Self {
            total: state.total(),
            borrowed: state.taken(),
            available: state.available(),
            waiters: state.waiting(),
        }
    }
}

/// A borrower in the set of those who have a token, or wait for one. It leaves when this is dropped.
struct Registration {
    limiter: CapacityLimiter,
    borrower: Option<Borrower>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(borrower) = &self.borrower {
            self.limiter.0.borrowers.remove(borrower);
        }
    }
}

/// A token of a [`CapacityLimiter`], which comes back when this is dropped.
#[must_use = "the token is given back as soon as it is dropped"]
pub struct CapacityToken {
    // Dropped in this order: whoever is woken by the second finds the borrower gone.
    _registration: Registration,
    _loan: Loan,
}

struct Loan(CapacityLimiter);

impl CapacityToken {
    fn new(registration: Registration) -> Self {
        let limiter = registration.limiter.clone();
        limiter.0.tokens.taken();
        Self {
            _registration: registration,
            _loan: Loan(limiter),
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let tokens = &self.0.0.tokens;
        tokens.released();
        tokens.change(|state, wakes| state.give_back(1, wakes));
    }
}

impl fmt::Debug for CapacityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CapacityToken").finish_non_exhaustive()
    }
}

/// The future of [`CapacityLimiter::acquire`] and [`CapacityLimiter::acquire_on_behalf_of`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct AcquireToken<'l> {
    // Dropped in this order: whoever gets the token that this one may have been given finds the borrower gone.
    stage: Stage,
    line: InLine<'l>,
}

enum Stage {
    /// Not polled yet, for whoever will poll it.
    CurrentTask,
    /// Not polled yet.
    OnBehalfOf(Borrower),
    Waiting(Registration),
    Done,
}

struct InLine<'l> {
    limiter: &'l CapacityLimiter,
    place: Place,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.place.leave(&self.limiter.0.tokens);
    }
}

impl<'l> AcquireToken<'l> {
    fn new(limiter: &'l CapacityLimiter, stage: Stage) -> Self {
        let place = Place::default();
        Self {
            stage,
            line: InLine { limiter, place },
        }
    }

    /// The borrower as one of the set: seen to be a new one in the first poll.
    fn registration(&mut self) -> Result<Registration, BorrowError> {
        let limiter = self.line.limiter;
        let borrower = match std::mem::replace(&mut self.stage, Stage::Done) {
            Stage::CurrentTask => limiter.current_task(),
            Stage::OnBehalfOf(borrower) => Some(borrower),
            Stage::Waiting(registration) => return Ok(registration),
            Stage::Done => panic!("`CapacityLimiter::acquire` was polled after it was ready"),
        };
        limiter.register(borrower).ok_or(BorrowError::new())
    }
}

impl Future for AcquireToken<'_> {
    type Output = Result<CapacityToken, BorrowError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let registration = self.registration()?;
        let InLine { limiter, place } = &mut self.line;
        if place.poll(&limiter.0.tokens, cx, || 1).is_pending() {
            self.stage = Stage::Waiting(registration);
            return Poll::Pending;
        }
        Poll::Ready(Ok(CapacityToken::new(registration)))
    }
}

impl fmt::Debug for AcquireToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcquireToken")
            .field(self.line.limiter)
            .finish()
    }
}
