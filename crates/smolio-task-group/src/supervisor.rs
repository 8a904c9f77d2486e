//! The supervisor: a group in which nobody's failure is another's end.

use std::{
    fmt,
    future::{Future, IntoFuture},
    panic::Location,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use smolio_context::{TaskContext, poll_budget, spend_budget, waiting_for};

use crate::{
    CancelToken, Cancelled, Failure, Join, Outcome, SupervisedError, TaskGroupError, cell::Owner,
    core::Core, group::Boxed, place::Place, run::Run, supervision::Supervision, task::ChildTask,
    waiters::Ticket,
};

/// A group whose children fail on their own: an error or a panic of one cancels nobody.
///
/// Failures are read with [`next_failure`](Self::next_failure), in the order of time. 64 of them are kept; what comes beyond
/// that, and what is unread at the end, goes to the unhandled hook, and [`stats`](Self::stats) has the count.
///
/// ```
/// use smolio_task_group::Supervisor;
/// # futures_lite::future::block_on(async {
/// let supervisor = Supervisor::<String>::new();
/// let failures = supervisor
///     .run(async {
///         for number in 0..5 {
///             supervisor.spawn(async move {
///                 if number == 3 { Err(format!("{number} is unlucky")) } else { Ok(()) }
///             });
///         }
///         let mut failures = Vec::new();
///         while let Some(failure) = supervisor.next_failure().await {
///             failures.push(failure.error.to_string());
///         }
///         failures
///     })
///     .await;
/// assert_eq!(failures.unwrap(), ["3 is unlucky"]);
/// # });
/// ```
///
/// # When not to use this
/// If one failure makes the work of the others useless, a [`TaskGroup`](crate::TaskGroup) ends them all and tells why.
#[must_use = "children run only inside `run`"]
pub struct Supervisor<'a, E> {
    core: Arc<Core<Boxed<'a, E>, E>>,
}

impl<'a, E> Supervisor<'a, E> {
    /// An empty supervisor. Nothing in it runs before [`run`](Self::run) is awaited.
    pub fn new() -> Self {
        Self {
            core: Core::new(Some(Supervision::new())),
        }
    }

    /// Gives the supervisor a name, for reports of who waits for what.
    #[must_use = "gives the supervisor back"]
    pub fn named(self, name: impl AsRef<str>) -> Self {
        self.core.set_name(name.as_ref());
        self
    }

    /// At most `children` run at the same time; see [`TaskGroup::limit`](crate::TaskGroup::limit).
    ///
    /// # Panics
    /// If `children` is zero: none would ever run.
    #[track_caller]
    #[must_use = "gives the supervisor back"]
    pub fn limit(self, children: usize) -> Self {
        self.core.set_limit(children);
        self
    }

    /// Drops the body and all children; see [`TaskGroup::cancel`](crate::TaskGroup::cancel).
    pub fn cancel(&self) {
        self.core.cancel(None);
    }

    /// Gives them until the end of `grace` first; see [`TaskGroup::cancel_with_grace`](crate::TaskGroup::cancel_with_grace).
    #[track_caller]
    pub fn cancel_with_grace<F>(&self, grace: F)
    where
        F: IntoFuture<Output = ()>,
        F::IntoFuture: Send + 'a,
        E: 'a,
    {
        let context = TaskContext::child(Some("grace"));
        let grace = ChildTask::new(context, grace.into_future());
        let grace = Owner::new(self.core.ready().clone(), grace);
        self.core.cancel(Some(grace.erase()));
    }

    /// A token that is set when the supervisor is cancelled.
    pub fn cancelled(&self) -> CancelToken {
        self.core.token()
    }

    /// How many children there are, and how many have failed.
    pub fn stats(&self) -> SupervisorStats {
        let group = self.core.stats();
        SupervisorStats {
            alive: group.alive,
            spawned: group.spawned,
            failed: self.core.supervision().map_or(0, Supervision::total),
        }
    }

    /// Waits until a child that is spawned now would start at once; see [`TaskGroup::ready`](crate::TaskGroup::ready).
    ///
    /// # Cancel safety
    /// Whoever is dropped while waiting leaves the line.
    pub fn ready(&self) -> impl Future<Output = ()> + use<'_, 'a, E> {
        Place::new(&*self.core)
    }

    /// The next failure, with the name of its child; `None` when no child is alive and all failures have been read.
    ///
    /// Children that are spawned later may fail, too: in a server, whose children come and go, `None` is no reason to stop
    /// asking. But it comes at once, each time, for as long as no child is alive. A loop that asks again and again starves
    /// nobody, and keeps the processor busy: await something else in between, the next connection for instance.
    ///
    /// # Cancel safety
    /// A failure is given or stays: none is lost with a dropped future. Readers are served in the order in which they came.
    pub fn next_failure(
        &self,
    ) -> impl Future<Output = Option<Failure<SupervisedError<E>>>> + use<'_, 'a, E> {
        NextFailure {
            core: &*self.core,
            ticket: None,
        }
    }
}

impl<'a, E: Send + 'a> Supervisor<'a, E> {
    /// Starts a child; its handle gives the value, or says that there is none. See
    /// [`TaskGroup::spawn`](crate::TaskGroup::spawn).
    #[doc(alias = "create_task")]
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> Join<<F::Output as Outcome<E>>::Value>
    where
        F: IntoFuture,
        F::IntoFuture: Send + 'a,
        F::Output: Outcome<E>,
        <F::Output as Outcome<E>>::Value: Send + 'a,
    {
        self.core.spawn_child(None, future.into_future()).join()
    }

    /// As [`spawn`](Self::spawn), with a name for reports.
    #[track_caller]
    pub fn spawn_named<F>(&self, name: &str, future: F) -> Join<<F::Output as Outcome<E>>::Value>
    where
        F: IntoFuture,
        F::IntoFuture: Send + 'a,
        F::Output: Outcome<E>,
        <F::Output as Outcome<E>>::Value: Send + 'a,
    {
        self.core
            .spawn_child(Some(name), future.into_future())
            .join()
    }

    /// Runs the body and the children until all have ended, however they end.
    ///
    /// An `Err` that the body gives is a value like any other: it comes out when the children have ended, and cancels nobody.
    ///
    /// # Errors
    /// [`Cancelled`]: the supervisor was cancelled, or had been run before.
    ///
    /// # Panics
    /// With the panic of the body, after all children are gone. A child's panic is a failure like any other.
    ///
    /// # Cancel safety
    /// When the future is dropped half-way, body and children are dropped, without waiting.
    #[track_caller]
    pub fn run<B: IntoFuture>(
        &self,
        body: B,
    ) -> impl Future<Output = Result<B::Output, Cancelled>> + use<'_, 'a, B, E>
    where
        E: fmt::Display,
    {
        let body = body.into_future();
        let run = Run::new(
            &*self.core,
            Location::caller(),
            async move { Ok(body.await) },
        );
        async move {
            match run.await {
                Ok(Some(value)) => Ok(value),
                Ok(None) => Err(TaskGroupError::<E>::cancelled().into_cancelled()),
                Err(error) => Err(error.into_cancelled()),
            }
        }
    }
}

impl<E> Default for Supervisor<'_, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> fmt::Debug for Supervisor<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Supervisor").field(&self.core).finish()
    }
}

/// What a supervisor is up to, from [`Supervisor::stats`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SupervisorStats {
    /// Children that were spawned and have not ended.
    pub alive: usize,
    /// Children that were spawned since the supervisor was made.
    pub spawned: u64,
    /// Children that have given an error or panicked.
    pub failed: u64,
}

/// The future of [`Supervisor::next_failure`].
struct NextFailure<'g, 'a, E> {
    core: &'g Core<Boxed<'a, E>, E>,
    ticket: Ticket,
}

impl<'a, E> NextFailure<'_, 'a, E> {
    fn supervision(&self) -> &Supervision<E> {
        self.core
            .supervision()
            .expect("a supervisor's core is made with a supervision")
    }
}

impl<E> Future for NextFailure<'_, '_, E> {
    type Output = Option<Failure<SupervisedError<E>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(poll_budget(cx));
        let mut ticket = self.ticket;
        let is_idle = || self.core.is_idle();
        let next = self
            .supervision()
            .poll_next(&mut ticket, cx.waker(), is_idle);
        self.ticket = ticket;
        if next.is_pending() {
            waiting_for(|| "the failure of a supervised child".to_owned());
        } else {
            spend_budget();
        }
        next
    }
}

impl<E> Drop for NextFailure<'_, '_, E> {
    fn drop(&mut self) {
        let mut ticket = self.ticket.take();
        self.supervision().leave(&mut ticket);
    }
}
