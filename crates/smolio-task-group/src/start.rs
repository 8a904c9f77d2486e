//! Starting a child and waiting until it is ready (trio: `nursery.start`).

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
};

use smolio_context::{Unhandled, current_task, poll_budget, report_unhandled, spend_budget};

use crate::{Child, ChildError, Join, Outcome, waiters::wake};

/// What the child and the one who started it both know.
struct Shared<V>(Mutex<State<V>>);

enum State<V> {
    /// The child has not said anything yet.
    Waiting(Option<Waker>),
    /// It has, and nobody has looked.
    Ready(V),
    /// It has dropped the signal, and nobody has looked.
    Dropped,
    /// It has failed before; its handle has the error, or will have it in a moment.
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

    /// For a child that has failed: whether that is for the one who started it to know, and not for the group.
    fn fail(&self) -> bool {
        let mut state = self.lock();
        if !matches!(*state, State::Waiting(_) | State::Dropped) {
            return false;
        }
        let before = mem::replace(&mut *state, State::Failed);
        drop(state);
        drop(before);
        true
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
            // The child's handle has the waker, too.
            State::Failed => drop(state),
            State::Ready(_) | State::Dropped | State::Over => {
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

/// How a child ended that was being started.
pub(crate) enum Ended<E> {
    /// Without an error.
    Well,
    /// During the start.
    Failed(E),
}

/// Both sides of a start, before the child is spawned.
pub(crate) struct Starting<V> {
    shared: Arc<Shared<V>>,
}

pub(crate) fn begin<V>() -> (ReadySignal<V>, Starting<V>) {
    let shared = Arc::new(Shared(Mutex::new(State::Waiting(None))));
    let signal = ReadySignal {
        shared: shared.clone(),
    };
    (signal, Starting { shared })
}

impl<V> Starting<V> {
    /// The child's future: it keeps a failure during the start from the group.
    pub(crate) fn child<F, E>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<Ended<E>, E>> + use<F, V, E>
    where
        F: Future,
        F::Output: Outcome<E, Value = ()>,
    {
        let shared = self.shared.clone();
        async move {
            match future.await.into_result() {
                Ok(()) => Ok(Ended::Well),
                Err(error) if shared.fail() => Ok(Ended::Failed(error)),
                Err(error) => Err(error),
            }
        }
    }

    pub(crate) fn wait<E: fmt::Display>(self, child: Child<Ended<E>>) -> Start<V, E> {
        Start {
            child: Some(child.join()),
            shared: self.shared,
        }
    }
}

/// The future of `start`.
pub(crate) struct Start<V, E: fmt::Display> {
    /// `None`: it is over.
    child: Option<Join<Ended<E>>>,
    shared: Arc<Shared<V>>,
}

impl<V, E: fmt::Display> Future for Start<V, E> {
    type Output = Result<V, StartError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(poll_budget(cx));
        let this = &mut *self;
        let child = this.child.as_mut().expect("polled after it was ready");
        // The child's end first: an error that came together with the drop of the signal is the better answer.
        let ended = match child.poll_end(cx) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        };
        let is_silent = matches!(*this.shared.lock(), State::Waiting(_) | State::Failed);
        if ended.is_none() && is_silent {
            this.shared.wait(cx.waker().clone());
            return Poll::Pending;
        }
        this.child = None;
        spend_budget();
        Poll::Ready(match (this.shared.end(), ended) {
            (State::Ready(value), _) => Ok(value),
            (_, Some(Ok(Ended::Failed(error)))) => Err(StartError::Failed(error)),
            (_, Some(Err(ChildError::Refused))) => Err(StartError::Refused),
            (_, Some(Err(_))) => Err(StartError::Cancelled),
            (_, Some(Ok(Ended::Well)) | None) => Err(StartError::NotReady),
        })
    }
}

impl<V, E: fmt::Display> Drop for Start<V, E> {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        match self.shared.end() {
            State::Ready(_) => {}
            State::Failed => {
                let cx = Context::from_waker(Waker::noop());
                if let Poll::Ready(Ok(Ended::Failed(error))) = child.poll_end(&cx) {
                    report_unhandled(Unhandled::error(current_task(), error));
                }
            }
            State::Waiting(_) | State::Dropped | State::Over => child.cancel(),
        }
    }
}
