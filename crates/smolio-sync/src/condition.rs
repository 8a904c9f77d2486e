//! Waiting until something is true of what a lock protects.

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::Resource;

use crate::{
    line::Line,
    lock_guard::HeldLock,
    place::{Place, Waited},
    shared::{Shared, set_name},
    wakes::Wakes,
};

/// Lets tasks wait until something is true of what a [`Lock`](crate::Lock) protects: asyncio's `Condition`. Clones are
/// handles to the same one.
///
/// Whoever waits releases the lock meanwhile, and has it again afterwards. Whoever changes what is protected says so with
/// [`notify`](Self::notify) or [`notify_all`](Self::notify_all). The lock is the one whose guard is given to
/// [`wait`](Self::wait); all of one condition should give the same.
///
/// # Who comes first
/// First in, first out: those who wait are notified in the order in which they came. They get the lock as all others do,
/// in the order in which they ask for it again.
///
/// A notification is not lost: if somebody is notified and dropped before it has the lock again, the next who waits is
/// notified instead. As in asyncio and elsewhere, others may have had the lock in between; so look again, or let
/// [`wait_for`](Self::wait_for) do that.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::{Condition, Lock};
/// use std::sync::Arc;
///
/// let stock = Arc::new(Lock::new(0));
/// let delivered = Condition::new();
/// let customer = {
///     let (stock, delivered) = (stock.clone(), delivered.clone());
///     spawn(async move {
///         let guard = stock.lock().await;
///         let mut stock = delivered.wait_for(guard, |stock| *stock >= 3).await;
///         *stock -= 3;
///     })
/// };
/// for _ in 0..5 {
///     *stock.lock().await += 1;
///     delivered.notify(1);
///     smolio_executor::yield_now().await;
/// }
/// customer.await;
/// assert_eq!(*stock.lock().await, 2);
/// # });
/// ```
#[derive(Clone)]
pub struct Condition(Arc<Shared<ConditionState>>);

#[derive(Default)]
struct ConditionState {
    line: Line<(), Notified>,
}

/// How somebody was notified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notified {
    /// As one of some: if it is dropped, another one is to be notified.
    OneOfSome,
    /// With all others.
    All,
}

impl ConditionState {
    fn notify(&mut self, count: usize, wakes: &mut Wakes) {
        for _ in 0..count.min(self.line.waiting()) {
            self.line.grant_first(Notified::OneOfSome, wakes);
        }
    }

    fn stats(&self) -> ConditionStats {
        ConditionStats {
            waiters: self.line.waiting(),
        }
    }
}

impl Waited for ConditionState {
    type Want = ();
    type Grant = Notified;

    const HAS_HOLDERS: bool = false;

    fn line(&mut self) -> &mut Line<(), Notified> {
        &mut self.line
    }

    fn attempt(&mut self, (): &(), _: &mut Wakes) -> Option<Notified> {
        None
    }

    fn left(&mut self, grant: Option<Notified>, wakes: &mut Wakes) {
        if grant == Some(Notified::OneOfSome) {
            self.notify(1, wakes);
        }
    }
}

impl Condition {
    /// A condition for which nobody waits.
    pub fn new() -> Self {
        let resource = Resource::new("Condition");
        Self(Arc::new(Shared::new(resource, ConditionState::default())))
    }

    /// Gives the condition a name, for reports of who waits for what.
    ///
    /// # Panics
    /// If there is a clone already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        set_name(&mut self.0, name.as_ref());
        self
    }

    /// Releases the lock, waits to be notified, and waits for the lock again.
    ///
    /// The lock is released when the future is polled for the first time; who is notified from then on, may be this one.
    ///
    /// # Panics
    /// The future, when it is polled again after it was ready.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, the lock is not held, and a notification that had come for it goes
    /// to the next who waits. To drop it while it waits for the lock again loses nothing either.
    pub fn wait<G: HeldLock>(&self, guard: G) -> ConditionWait<'_, G> {
        ConditionWait {
            condition: self,
            stage: Stage::Holding(guard),
            place: Place::default(),
        }
    }

    /// Waits until `predicate` is true of what the lock protects: looks at once, and then each time that it is notified.
    ///
    /// # Cancel safety
    /// As [`wait`](Self::wait). If the predicate panics, the notification goes to the next who waits as well.
    pub async fn wait_for<G, P>(&self, mut guard: G, mut predicate: P) -> G
    where
        G: HeldLock,
        P: FnMut(&mut G::Target) -> bool,
    {
        let mut is_true = predicate(&mut guard);
        while !is_true {
            let mut wait = self.wait(guard);
            let (locked, notification) = poll_fn(|cx| wait.poll_lock(cx)).await;
            guard = locked;
            is_true = predicate(&mut guard);
            notification.has_arrived();
        }
        guard
    }

    /// Notifies so many of those who wait, the first to come first. Those who come later do not see it.
    ///
    /// It can be called with or without the lock. Change what is protected while you hold it, or one who has just looked
    /// and is about to wait will miss the change.
    pub fn notify(&self, count: usize) {
        self.0.change(|state, wakes| state.notify(count, wakes));
    }

    /// Notifies all who wait.
    pub fn notify_all(&self) {
        self.0
            .change(|state, wakes| state.line.grant_all(|| Notified::All, wakes));
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> ConditionStats {
        self.0.look(ConditionState::stats)
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Condition", ConditionState::stats, f)
    }
}

/// The numbers of a [`Condition`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ConditionStats {
    /// How many futures wait to be notified. Those that wait for the lock again are its waiters.
    pub waiters: usize,
}

/// A notification that somebody has, and that goes to the next in the line if it is dropped.
struct Notification<'c> {
    condition: &'c Condition,
    how: Notified,
}

impl Notification<'_> {
    /// It has served its purpose.
    fn has_arrived(mut self) {
        self.how = Notified::All;
    }
}

impl Drop for Notification<'_> {
    fn drop(&mut self) {
        if self.how == Notified::OneOfSome {
            self.condition.notify(1);
        }
    }
}

/// The future of [`Condition::wait`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct ConditionWait<'c, G: HeldLock> {
    condition: &'c Condition,
    stage: Stage<'c, G>,
    place: Place,
}

enum Stage<'c, G: HeldLock> {
    /// Not polled yet: the lock is held.
    Holding(G),
    /// In the line of the condition. The future will get the lock.
    Waiting(G::Relock),
    /// Notified, and in the line of the lock.
    Locking(G::Relock, Notification<'c>),
    Done,
}

impl<'c, G: HeldLock> ConditionWait<'c, G> {
    /// The lock, and what it was woken with.
    fn poll_lock(&mut self, cx: &mut Context<'_>) -> Poll<(G, Notification<'c>)> {
        loop {
            match mem::replace(&mut self.stage, Stage::Done) {
                Stage::Holding(guard) => {
                    self.stage = self.enter(guard, cx);
                    return Poll::Pending;
                }
                Stage::Waiting(relock) => {
                    let Poll::Ready(how) = self.place.poll(&self.condition.0, cx, || ()) else {
                        self.stage = Stage::Waiting(relock);
                        return Poll::Pending;
                    };
                    let condition = self.condition;
                    self.stage = Stage::Locking(relock, Notification { condition, how });
                }
                Stage::Locking(mut relock, notification) => {
                    let Poll::Ready(guard) = Pin::new(&mut relock).poll(cx) else {
                        self.stage = Stage::Locking(relock, notification);
                        return Poll::Pending;
                    };
                    return Poll::Ready((guard, notification));
                }
                Stage::Done => panic!("`Condition::wait` was polled after it was ready"),
            }
        }
    }

    /// Enters the line while the lock is held, so that nothing is missed in between, and releases it.
    fn enter(&mut self, guard: G, cx: &mut Context<'_>) -> Stage<'c, G> {
        let entered = self.place.poll(&self.condition.0, cx, || ());
        debug_assert!(entered.is_pending(), "nobody is notified who does not wait");
        if self.place.is_taken() {
            Stage::Waiting(guard.unlock())
        } else {
            // Its budget is used up: it holds the lock until the next poll.
            Stage::Holding(guard)
        }
    }
}

impl<G: HeldLock> Future for ConditionWait<'_, G> {
    type Output = G;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        self.poll_lock(cx).map(|(guard, notification)| {
            notification.has_arrived();
            guard
        })
    }
}

// A guard is not pinned.
impl<G: HeldLock> Unpin for ConditionWait<'_, G> {}

impl<G: HeldLock> Drop for ConditionWait<'_, G> {
    fn drop(&mut self) {
        self.place.leave(&self.condition.0);
    }
}

impl<G: HeldLock> fmt::Debug for ConditionWait<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ConditionWait")
            .field(self.condition)
            .finish()
    }
}
