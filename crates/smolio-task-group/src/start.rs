//! Starting a child and waiting until it is ready (trio: `nursery.start`).

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use smolio_context::{TaskInfo, current_task, poll_budget, spend_budget};

use crate::{Child, ChildError, Join, Outcome, error::report_error, waiters::wake};

/// What the child and the one who started it both know.
struct Shared<V>(Mutex<State<V>>);

enum State<V> {
    /// The child has not said anything yet.
    Waiting(Option<Waker>),
    /// It has, and nobody has looked.
    Ready(V),
    /// It has dropped the signal, and nobody has looked.
    Dropped,
    /// It has failed before; the error lies beside this.
    Failed,
    /// The start is over, one way or the other: what happens to the child from now on concerns the group.
    Over,
}

impl<V> Shared<V> {
    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes over to `next` if the child has not said anything yet.
    fn say(&self, next: State<V>) {
        let mut state = self.lock();
        if !matches!(*state, State::Waiting(_)) {
            drop(state);
            return drop(next);
        }
        let before = mem::replace(&mut *state, next);
        drop(state);
        if let State::Waiting(Some(waker)) = before {
            wake(waker);
        }
    }

    /// For a child that has failed: keeps the error for the one who started it, or gives it back if that is over.
    fn fail<E>(&self, place: &Failed<E>, error: E) -> Result<(), E> {
        let mut state = self.lock();
        if !matches!(*state, State::Waiting(_) | State::Dropped) {
            return Err(error);
        }
        // Before the state says so, or whoever looks in between would find nothing, and the error would be lost.
        place.put(error);
        let before = mem::replace(&mut *state, State::Failed);
        drop(state);
        if let State::Waiting(Some(waker)) = before {
            wake(waker);
        }
        Ok(())
    }

    fn end(&self) -> State<V> {
        mem::replace(&mut *self.lock(), State::Over)
    }

    fn wait(&self, waker: Waker) {
        let mut state = self.lock();
        match &mut *state {
            State::Waiting(slot) => {
                let before = slot.replace(waker);
                drop(state);
                drop(before);
            }
            State::Ready(_) | State::Dropped | State::Failed | State::Over => {
                drop(state);
                wake(waker);
            }
        }
    }
}

/// A child's word that it is ready; see [`TaskGroup::start`](crate::TaskGroup::start).
#[doc(alias = "task_status")]
#[must_use = "whoever started the child waits for `set`"]
pub struct ReadySignal<V> {
    shared: Arc<Shared<V>>,
}

impl<V> ReadySignal<V> {
    /// Gives `value` to whoever started the child. It takes the signal by value, so that a child cannot be ready twice.
    ///
    /// If nobody waits any more the value is dropped.
    #[doc(alias = "started")]
    pub fn set(self, value: V) {
        self.shared.say(State::Ready(value));
    }
}

impl<V> Drop for ReadySignal<V> {
    fn drop(&mut self) {
        self.shared.say(State::Dropped);
    }
}

impl<V> fmt::Debug for ReadySignal<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadySignal").finish_non_exhaustive()
    }
}

/// Why a child that was started is not ready.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum StartError<E> {
    /// It failed before; the group knows nothing of it and goes on.
    Failed(E),
    /// It ended, or dropped its signal, without having said that it was ready.
    NotReady,
    /// The group took no more children; it was never polled.
    Refused,
    /// It was dropped before: the group is ending.
    Cancelled,
}

impl<E: fmt::Display> fmt::Display for StartError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "a child failed before it was ready: {error}"),
            Self::NotReady => f.write_str("a child did not say that it was ready"),
            Self::Refused => {
                f.write_str("could not start a child in a task group that takes no more")
            }
            Self::Cancelled => f.write_str("a child was cancelled before it was ready"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> std::error::Error for StartError<E> {}

/// The error of a child that failed during its start, and who that was.
///
/// Not in the [`State`]: a [`ReadySignal`] knows nothing of the type.
struct Failed<E>(Mutex<Option<(Option<TaskInfo>, E)>>);

impl<E> Failed<E> {
    fn lock(&self) -> MutexGuard<'_, Option<(Option<TaskInfo>, E)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Called once, by the child.
    fn put(&self, error: E) {
        *self.lock() = Some((current_task(), error));
    }

    fn take(&self) -> Option<(Option<TaskInfo>, E)> {
        self.lock().take()
    }
}

/// Both sides of a start, before the child is spawned.
pub(crate) struct Starting<V, E> {
    shared: Arc<Shared<V>>,
    failed: Arc<Failed<E>>,
}

pub(crate) fn begin<V, E>() -> (ReadySignal<V>, Starting<V, E>) {
    let shared = Arc::new(Shared(Mutex::new(State::Waiting(None))));
    let signal = ReadySignal {
        shared: shared.clone(),
    };
    let failed = Arc::new(Failed(Mutex::new(None)));
    (signal, Starting { shared, failed })
}

impl<V, E> Starting<V, E> {
    /// The child's future: it keeps a failure during the start from the group.
    pub(crate) fn child<F>(&self, future: F) -> impl Future<Output = Result<(), E>> + use<F, V, E>
    where
        F: Future,
        F::Output: Outcome<E, Value = ()>,
    {
        let (shared, failed) = (self.shared.clone(), self.failed.clone());
        async move {
            match future.await.into_result() {
                Ok(()) => Ok(()),
                Err(error) => shared.fail(&failed, error),
            }
        }
    }

    pub(crate) fn wait(self, child: Child<()>) -> Start<V, E>
    where
        E: fmt::Display,
    {
        Start {
            child: Some(child.join()),
            shared: self.shared,
            failed: self.failed,
        }
    }
}

/// The future of `start`.
pub(crate) struct Start<V, E: fmt::Display> {
    /// `None`: it is over.
    child: Option<Join<()>>,
    shared: Arc<Shared<V>>,
    failed: Arc<Failed<E>>,
}

impl<V, E: fmt::Display> Future for Start<V, E> {
    type Output = Result<V, StartError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(poll_budget(cx));
        let this = &mut *self;
        let child = this.child.as_mut().expect("polled after it was ready");
        // The child's end first: it may have dropped the signal on the way to it.
        let ended = match child.poll_end(cx) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        };
        let is_silent = matches!(*this.shared.lock(), State::Waiting(_));
        if ended.is_none() && is_silent {
            this.shared.wait(cx.waker().clone());
            return Poll::Pending;
        }
        this.child = None;
        spend_budget();
        Poll::Ready(match (this.shared.end(), ended) {
            (State::Ready(value), _) => Ok(value),
            (State::Failed, _) => Err(match this.failed.take() {
                Some((_, error)) => StartError::Failed(error),
                None => StartError::NotReady,
            }),
            (_, Some(Err(ChildError::Refused))) => Err(StartError::Refused),
            (_, Some(Err(_))) => Err(StartError::Cancelled),
            (_, Some(Ok(())) | None) => Err(StartError::NotReady),
        })
    }
}

impl<V, E: fmt::Display> Drop for Start<V, E> {
    fn drop(&mut self) {
        let Some(child) = self.child.take() else {
            return;
        };
        match self.shared.end() {
            State::Ready(_) => {}
            State::Failed => {
                if let Some((task, error)) = self.failed.take() {
                    report_error(task, error);
                }
            }
            State::Waiting(_) | State::Dropped | State::Over => child.cancel(),
        }
    }
}
