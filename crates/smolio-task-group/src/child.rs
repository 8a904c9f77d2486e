//! The handle of a child: it waits for the value, cancels the child, and does nothing when dropped.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use smolio_context::{TaskId, poll_budget, spend_budget, waiting_for, waiting_for_task};

use crate::{cell::Answer, ready::Ready};

/// The handle of a child of a [`TaskGroup`](crate::TaskGroup): awaiting it gives the child's value.
///
/// Dropping it does nothing: the child belongs to the group. While the group is ending because another child failed, the
/// value of a child that is gone stays pending: whoever awaits it inside the group is about to be dropped as well. A
/// [shielded](crate::CancelScope::shielded) scope or a clean-up, for which the end of the group waits, would wait for ever:
/// there [`join`](Self::join) is the way.
///
/// # Panics
/// Awaiting it panics if there is no value and never will be: the child was [cancelled](Self::cancel), was refused by a
/// group that takes no more, or has gone down with its group and is awaited from outside. [`join`](Self::join) gives an
/// error instead.
///
/// # Cancel safety
/// The value stays with the handle until it is given: `(&mut child).await` may be dropped and awaited again.
///
/// ```
/// # use smolio_task_group::TaskGroup;
/// # futures_lite::future::block_on(async {
/// let group = TaskGroup::infallible();
/// let sum = group
///     .run_value(async {
///         let one = group.spawn_value(async { 1 });
///         let two = group.spawn_value(async { 2 });
///         one.await + two.await
///     })
///     .await;
/// assert_eq!(sum.unwrap(), 3);
/// # });
/// ```
pub struct Child<T> {
    answer: Answer<T>,
    /// `None`: it was refused.
    id: Option<TaskId>,
}

impl<T> Child<T> {
    pub(crate) fn new(answer: Answer<T>, id: Option<TaskId>) -> Self {
        Self { answer, id }
    }

    /// The handle of a future that the set of `ready` did not take.
    pub(crate) fn refused(ready: Arc<Ready>) -> Self {
        let gone = Gone {
            why: ChildError::Refused,
            with_group: true,
        };
        Self {
            answer: Answer::gone(ready, gone),
            id: None,
        }
    }

    /// Waits for the end of the child, whichever it is: gives its value, or says why there is none. It never panics.
    ///
    /// # Errors
    /// See [`ChildError`]. A child's own error goes to the group, of which it is the end; here it is [`ChildError::Failed`].
    #[doc(alias = "return_exceptions")]
    pub fn join(self) -> Join<T> {
        Join(self)
    }

    /// Has the group drop the child at its next turn. The group goes on, and waits for the child's clean-ups in the end.
    ///
    /// A child that has not been polled yet never will be. One that has ended keeps its value. A
    /// [shielded](crate::CancelScope::shielded) scope that is open in it goes on to its end first.
    pub fn cancel(&self) {
        self.answer.node().cancel();
    }

    /// Whether the child has ended, in whichever way.
    #[doc(alias = "done")]
    pub fn is_finished(&self) -> bool {
        self.answer.is_settled()
    }

    fn poll_outcome(&mut self, cx: &Context<'_>) -> Poll<Result<T, Gone>> {
        let outcome = self.answer.poll_take(cx.waker());
        if let (true, Some(id)) = (outcome.is_pending(), self.id) {
            waiting_for_task(id, || format!("the child with id {id}"));
        }
        outcome
    }
}

impl<T> Future for Child<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        ready!(poll_budget(cx));
        let outcome = ready!(self.poll_outcome(cx));
        let gone = match outcome {
            Ok(value) => {
                spend_budget();
                return Poll::Ready(value);
            }
            Err(gone) => gone,
        };
        if gone.with_group
            && self
                .answer
                .node()
                .ready()
                .poll_closed(cx.waker())
                .is_pending()
        {
            waiting_for(|| format!("the end of the group of {}", gone.why));
            return Poll::Pending;
        }
        panic!("awaited {}; `join()` gives this as an error", gone.why);
    }
}

impl<T> fmt::Debug for Child<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id.map(TaskId::get))
            .finish_non_exhaustive()
    }
}

/// The future of [`Child::join`]: the child's value, or why there is none.
///
/// Like the handle that it comes from it may be dropped: the child goes on.
///
/// # Cancel safety
/// As [`Child`].
pub struct Join<T>(Child<T>);

impl<T> Join<T> {
    /// As [`Child::cancel`].
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// As [`Child::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }

    /// As a poll, without regard to the budget.
    pub(crate) fn poll_end(&mut self, cx: &Context<'_>) -> Poll<Result<T, ChildError>> {
        self.0.poll_outcome(cx).map_err(|gone| gone.why)
    }
}

impl<T> Future for Join<T> {
    type Output = Result<T, ChildError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(poll_budget(cx));
        let outcome = ready!(self.poll_end(cx));
        spend_budget();
        Poll::Ready(outcome)
    }
}

impl<T> fmt::Debug for Join<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Join").field(&self.0).finish()
    }
}

/// Why there is no value, and no more to come.
#[derive(Clone, Copy)]
pub(crate) struct Gone {
    pub(crate) why: ChildError,
    /// The child went because its group ends: whoever awaits its value is about to be dropped as well.
    pub(crate) with_group: bool,
}

impl Gone {
    /// By its handle: the group goes on.
    pub(crate) const CANCELLED: Self = Self {
        why: ChildError::Cancelled,
        with_group: false,
    };

    /// A small number.
    pub(crate) fn to_bits(self) -> u8 {
        let why = match self.why {
            ChildError::Failed => 0,
            ChildError::Panicked => 1,
            ChildError::Cancelled => 2,
            ChildError::Refused => 3,
        };
        why << 1 | u8::from(self.with_group)
    }

    /// What gave this number.
    pub(crate) fn from_bits(bits: u8) -> Self {
        let why = match bits >> 1 {
            0 => ChildError::Failed,
            1 => ChildError::Panicked,
            2 => ChildError::Cancelled,
            _ => ChildError::Refused,
        };
        Self {
            why,
            with_group: bits & 1 != 0,
        }
    }
}

/// Why a child has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ChildError {
    /// It gave an error, which the group reports.
    Failed,
    /// It panicked; the panic resumes from the group's `run`, or is a failure of the supervisor.
    Panicked,
    /// It was dropped before its end: cancelled by its handle, or together with its group.
    Cancelled,
    /// The group took no more children when it was spawned. It was never polled.
    Refused,
}

impl fmt::Display for ChildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failed => "a child that failed",
            Self::Panicked => "a child that panicked",
            Self::Cancelled => "a child that was cancelled",
            Self::Refused => "a child that was refused: its group takes no more",
        })
    }
}

impl std::error::Error for ChildError {}
