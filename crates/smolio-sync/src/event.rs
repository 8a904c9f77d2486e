//! A flag that tasks wait for.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::Resource;

use crate::{
    line::Line,
    place::{Place, Waited},
    shared::{Shared, set_name},
    wakes::Wakes,
};

/// A flag that tasks wait for: asyncio's `Event`. Clones are handles to the same one.
///
/// [`set`](Self::set) lets all go on who wait, in the order in which they came, also if it is [cleared](Self::clear)
/// before they run; and all who come while it is set.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::Event;
///
/// let ready = Event::new();
/// let waiter = {
///     let ready = ready.clone();
///     spawn(async move {
///         ready.wait().await;
///         "go"
///     })
/// };
/// ready.set();
/// assert_eq!(waiter.await, "go");
/// # });
/// ```
#[derive(Clone)]
pub struct Event(Arc<Shared<EventState>>);

#[derive(Default)]
struct EventState {
    is_set: bool,
    line: Line<(), ()>,
}

impl EventState {
    fn stats(&self) -> EventStats {
        EventStats {
            is_set: self.is_set,
            waiters: self.line.waiting(),
        }
    }
}

impl Waited for EventState {
    type Want = ();
    type Grant = ();

    const HAS_HOLDERS: bool = false;

    fn line(&mut self) -> &mut Line<(), ()> {
        &mut self.line
    }

    fn attempt(&mut self, (): &(), _: &mut Wakes) -> Option<()> {
        self.is_set.then_some(())
    }

    // All others have been granted the same.
    fn left(&mut self, _: Option<()>, _: &mut Wakes) {}
}

impl Event {
    /// An event that is not set.
    pub fn new() -> Self {
        let resource = Resource::new("Event");
        Self(Arc::new(Shared::new(resource, EventState::default())))
    }

    /// Gives the event a name, for reports of who waits for what.
    ///
    /// # Panics
    /// If there is a clone already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        set_name(&mut self.0, name.as_ref());
        self
    }

    /// Lets all go on who wait, and who come while it is set.
    pub fn set(&self) {
        self.0.change(|state, wakes| {
            state.is_set = true;
            state.line.grant_all(|| (), wakes);
        });
    }

    /// From now on those who come wait.
    pub fn clear(&self) {
        self.0.change(|state, _| state.is_set = false);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.0.look(|state| state.is_set)
    }

    /// Waits until the event is set; ready at once if it is.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub fn wait(&self) -> EventWait<'_> {
        EventWait {
            event: self,
            place: Place::default(),
        }
    }

    /// The numbers of this moment.
    pub fn stats(&self) -> EventStats {
        self.0.look(EventState::stats)
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Event", EventState::stats, f)
    }
}

/// The numbers of an [`Event`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct EventStats {
    /// Whether it is set.
    pub is_set: bool,
    /// How many futures wait until it is.
    pub waiters: usize,
}

/// The future of [`Event::wait`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct EventWait<'e> {
    event: &'e Event,
    place: Place,
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { event, place } = &mut *self;
        place.poll(&event.0, cx, || ())
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        self.place.leave(&self.event.0);
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventWait").field(self.event).finish()
    }
}
