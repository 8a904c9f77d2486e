//! The latest of a value, for all who want to know.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use smolio_context::Resource;

use crate::{
    error::{TryChangedError, WatchClosed},
    line::Line,
    place::{Place, Waited},
    shared::{Shared, set_name},
    wakes::Wakes,
};

/// A value that changes, and that any number of [receivers](WatchReceiver) look at: they see the newest, and may skip
/// those in between.
///
/// This is the side that changes it; clones are handles to the same value. When the last of them is dropped, the
/// receivers are told.
///
/// A value is never changed in its place: receivers get an `Arc` of it, which they can keep as long as they like,
/// without a lock.
///
/// # Who comes first
/// All who wait are told of each change, in the order in which they came.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::Watch;
///
/// let level = Watch::new("info").named("level");
/// let mut changes = level.subscribe();
/// assert_eq!(*changes.get(), "info"); // what is there at first is no change
/// let follower = spawn(async move {
///     let mut seen = Vec::new();
///     while let Ok(level) = changes.changed().await {
///         seen.push(*level);
///     }
///     seen
/// });
/// level.set("debug");
/// level.set("trace"); // the one before was not looked at in time: only the newest counts
/// smolio_executor::yield_now().await;
/// level.set("off");
/// drop(level); // the last value is seen, and then the end
/// assert_eq!(follower.await, ["trace", "off"]);
/// # });
/// ```
pub struct Watch<T>(Arc<Shared<WatchState<T>>>);

pub(crate) struct WatchState<T> {
    value: Arc<T>,
    /// How many times it was changed.
    version: u64,
    senders: usize,
    receivers: usize,
    line: Line<u64, ()>,
}

impl<T> WatchState<T> {
    /// The newest value, if the receiver has not seen it.
    fn news(&self, seen: u64) -> Result<(u64, Arc<T>), TryChangedError> {
        if self.version != seen {
            Ok((self.version, self.value.clone()))
        } else if self.senders == 0 {
            Err(TryChangedError::Closed)
        } else {
            Err(TryChangedError::Unchanged)
        }
    }

    fn stats(&self) -> WatchStats {
        WatchStats {
            changes: self.version,
            senders: self.senders,
            receivers: self.receivers,
            waiters: self.line.waiting(),
        }
    }
}

impl<T> Waited for WatchState<T> {
    /// The version that was seen last.
    type Want = u64;
    /// There is something to see.
    type Grant = ();

    const HAS_HOLDERS: bool = false;

    fn line(&mut self) -> &mut Line<u64, ()> {
        &mut self.line
    }

    fn attempt(&mut self, seen: &u64, _: &mut Wakes) -> Option<()> {
        (self.version != *seen || self.senders == 0).then_some(())
    }

    // All others have been told the same.
    fn left(&mut self, _: Option<()>, _: &mut Wakes) {}
}

impl<T> Watch<T> {
    /// A value to begin with.
    pub fn new(value: T) -> Self {
        let state = WatchState {
            value: Arc::new(value),
            version: 0,
            senders: 1,
            receivers: 0,
            line: Line::default(),
        };
        Self(Arc::new(Shared::new(Resource::new("Watch"), state)))
    }

    /// Gives the value a name, for reports of who waits for what.
    ///
    /// # Panics
    /// If there is a clone or a receiver already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        set_name(&mut self.0, name.as_ref());
        self
    }

    /// Changes the value, whether somebody looks at it or not.
    pub fn set(&self, value: T) {
        let value = Arc::new(value);
        // The one before is dropped when the lock is free.
        let _former = self.0.change(|state, wakes| {
            state.version += 1;
            state.line.grant_all(|| (), wakes);
            std::mem::replace(&mut state.value, value)
        });
    }

    /// The value as it is.
    pub fn get(&self) -> Arc<T> {
        self.0.look(|state| state.value.clone())
    }

    /// A receiver, for which the value as it is counts as seen.
    pub fn subscribe(&self) -> WatchReceiver<T> {
        let seen = self.0.change(|state, _| {
            state.receivers += 1;
            state.version
        });
        WatchReceiver {
            shared: self.0.clone(),
            seen,
        }
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> WatchStats {
        self.0.look(WatchState::stats)
    }
}

impl<T> Clone for Watch<T> {
    fn clone(&self) -> Self {
        self.0.change(|state, _| state.senders += 1);
        Self(self.0.clone())
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        self.0.change(|state, wakes| {
            state.senders -= 1;
            if state.senders == 0 {
                state.line.grant_all(|| (), wakes);
            }
        });
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Watch", WatchState::stats, f)
    }
}

/// Looks at the value of a [`Watch`]. A clone has seen what this one has.
pub struct WatchReceiver<T> {
    shared: Arc<Shared<WatchState<T>>>,
    seen: u64,
}

impl<T> WatchReceiver<T> {
    /// The value as it is. That does not count as seeing it: a change is told by [`changed`](Self::changed) all the same.
    pub fn get(&self) -> Arc<T> {
        self.shared.look(|state| state.value.clone())
    }

    /// Waits until the value is another than the one that was seen last, and gives it; ready at once if it is.
    ///
    /// # Errors
    /// [`WatchClosed`] if there is nobody any more who could change it. The last change is told before that.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, nothing counts as seen.
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed {
            receiver: self,
            place: Place::default(),
        }
    }

    /// The value, if it is another than the one that was seen last.
    ///
    /// # Errors
    /// [`TryChangedError`] if it is not, or will not be any more.
    pub fn try_changed(&mut self) -> Result<Arc<T>, TryChangedError> {
        let (seen, value) = self.shared.look(|state| state.news(self.seen))?;
        self.seen = seen;
        Ok(value)
    }

    /// Waits until `predicate` is true of the value, and gives it: looks at the value as it is, and then at each that is
    /// the newest. What was looked at counts as seen.
    ///
    /// # Errors
    /// [`WatchClosed`] if it is not true of the last value, and nobody can change it any more.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, what was looked at counts as seen. The next `wait_for` looks at it
    /// again.
    ///
    /// ```
    /// # smolio_executor::run(async {
    /// # use smolio_sync::Watch;
    /// let temperature = Watch::new(20);
    /// let mut thermometer = temperature.subscribe();
    /// temperature.set(80);
    /// assert_eq!(*thermometer.wait_for(|degrees| *degrees > 70).await?, 80);
    /// # Ok::<(), smolio_sync::WatchClosed>(())
    /// # }).unwrap();
    /// ```
    pub async fn wait_for(
        &mut self,
        mut predicate: impl FnMut(&T) -> bool,
    ) -> Result<Arc<T>, WatchClosed> {
        let mut value;
        (self.seen, value) = self
            .shared
            .look(|state| (state.version, state.value.clone()));
        while !predicate(&value) {
            value = self.changed().await?;
        }
        Ok(value)
    }

    /// Whether nobody can change the value any more.
    pub fn is_closed(&self) -> bool {
        self.shared.look(|state| state.senders == 0)
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> WatchStats {
        self.shared.look(WatchState::stats)
    }
}

impl<T> Clone for WatchReceiver<T> {
    fn clone(&self) -> Self {
        self.shared.change(|state, _| state.receivers += 1);
        Self {
            shared: self.shared.clone(),
            seen: self.seen,
        }
    }
}

impl<T> Drop for WatchReceiver<T> {
    fn drop(&mut self) {
        self.shared.change(|state, _| state.receivers -= 1);
    }
}

impl<T> fmt::Debug for WatchReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt_as("WatchReceiver", WatchState::stats, f)
    }
}

/// The numbers of a [`Watch`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct WatchStats {
    /// How many times the value was changed.
    pub changes: u64,
    /// How many handles there are that can change it.
    pub senders: usize,
    /// How many receivers there are.
    pub receivers: usize,
    /// How many of them wait for a change.
    pub waiters: usize,
}

/// The future of [`WatchReceiver::changed`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Changed<'r, T> {
    receiver: &'r mut WatchReceiver<T>,
    place: Place,
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<Arc<T>, WatchClosed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { receiver, place } = &mut *self;
        let seen = receiver.seen;
        ready!(place.poll(&receiver.shared, cx, || seen));
        Poll::Ready(receiver.try_changed().map_err(|_| WatchClosed::new()))
    }
}

impl<T> Drop for Changed<'_, T> {
    fn drop(&mut self) {
        self.place.leave(&self.receiver.shared);
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.receiver.shared.fmt_as("Changed", WatchState::stats, f)
    }
}
