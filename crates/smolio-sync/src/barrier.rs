//! Tasks that wait for each other.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use smolio_context::Resource;

use crate::{
    error::{BarrierSizeError, BrokenBarrier},
    line::Line,
    place::{Place, Waited},
    shared::{Shared, set_name},
    wakes::Wakes,
};

/// Lets tasks go on together when so many have arrived: asyncio's `Barrier`. Clones are handles to the same one.
///
/// It can be used again and again: the next to come are the first of the next round.
///
/// # Who comes first
/// First in, first out: who has arrived goes on, and all who come later belong to later rounds.
///
/// ```
/// # smolio_executor::run(async {
/// use smolio_executor::spawn;
/// use smolio_sync::Barrier;
///
/// let start = Barrier::new(3);
/// let runners: Vec<_> = (0..3)
///     .map(|_| {
///         let start = start.clone();
///         spawn(async move { start.wait().await })
///     })
///     .collect();
/// let mut positions = Vec::new();
/// for runner in runners {
///     positions.push(runner.await?);
/// }
/// assert_eq!(positions, [0, 1, 2]);
/// # Ok::<(), smolio_sync::BrokenBarrier>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Barrier(Arc<Shared<BarrierState>>);

struct BarrierState {
    parties: usize,
    is_broken: bool,
    line: Line<(), Result<usize, BrokenBarrier>>,
}

impl BarrierState {
    fn break_up(&mut self, why: BrokenBarrier, wakes: &mut Wakes) {
        self.line.grant_all(|| Err(why), wakes);
    }

    fn stats(&self) -> BarrierStats {
        BarrierStats {
            parties: self.parties,
            waiters: self.line.waiting(),
            is_broken: self.is_broken,
        }
    }
}

impl Waited for BarrierState {
    type Want = ();
    type Grant = Result<usize, BrokenBarrier>;

    const HAS_HOLDERS: bool = false;

    fn line(&mut self) -> &mut Line<(), Self::Grant> {
        &mut self.line
    }

    fn attempt(&mut self, (): &(), wakes: &mut Wakes) -> Option<Self::Grant> {
        if self.is_broken {
            return Some(Err(BrokenBarrier::Aborted));
        }
        if self.line.waiting() + 1 < self.parties {
            return None;
        }
        // Counted now and not when they came: some may have left again, and no two shall have the same.
        let mut positions = 0..;
        self.line
            .grant_all(|| Ok(positions.next().unwrap_or_default()), wakes);
        Some(Ok(self.parties - 1))
    }

    // One that waited does not count any more; of one that was let go nobody expects anything.
    fn left(&mut self, _: Option<Self::Grant>, _: &mut Wakes) {}
}

impl Barrier {
    /// A barrier for so many.
    ///
    /// # Panics
    /// If `parties` is zero: nobody could arrive. For a number that is not yours, use [`try_new`](Self::try_new).
    #[track_caller]
    pub fn new(parties: usize) -> Self {
        Self::try_new(parties).unwrap_or_else(|error| panic!("{error}"))
    }

    /// [`new`](Self::new) for a number from somewhere else, a configuration perhaps.
    ///
    /// # Errors
    /// [`BarrierSizeError`] if `parties` is zero.
    pub fn try_new(parties: usize) -> Result<Self, BarrierSizeError> {
        if parties == 0 {
            return Err(BarrierSizeError::new());
        }
        let state = BarrierState {
            parties,
            is_broken: false,
            line: Line::default(),
        };
        Ok(Self(Arc::new(Shared::new(Resource::new("Barrier"), state))))
    }

    /// Gives the barrier a name, for reports of who waits for what.
    ///
    /// # Panics
    /// If there is a clone already.
    #[track_caller]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        set_name(&mut self.0, name.as_ref());
        self
    }

    /// Waits until so many have arrived, and gives the position of this one among them: 0 for the first to come. It is
    /// good for choosing one of them, who does something for all.
    ///
    /// # Errors
    /// [`BrokenBarrier`] if the barrier is [aborted](Self::abort), or is [reset](Self::reset) while this waits.
    ///
    /// # Cancel safety
    /// If the future is dropped before it is ready, it does not count any more. If all have arrived already, they go on
    /// without it.
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait {
            barrier: self,
            place: Place::default(),
        }
    }

    /// Sends those away who wait, with [`BrokenBarrier::Reset`], and begins again, also after an [abort](Self::abort).
    pub fn reset(&self) {
        self.0.change(|state, wakes| {
            state.is_broken = false;
            state.break_up(BrokenBarrier::Reset, wakes);
        });
    }

    /// Breaks the barrier: those who wait, and those who come until a [reset](Self::reset), get
    /// [`BrokenBarrier::Aborted`]. For one of the parties that cannot come any more, so that the others do not wait for
    /// it for ever.
    pub fn abort(&self) {
        self.0.change(|state, wakes| {
            state.is_broken = true;
            state.break_up(BrokenBarrier::Aborted, wakes);
        });
    }

    /// The numbers of this moment.
    #[doc(alias = "n_waiting")]
    #[doc(alias = "broken")]
    pub fn stats(&self) -> BarrierStats {
        self.0.look(BarrierState::stats)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Barrier", BarrierState::stats, f)
    }
}

/// The numbers of a [`Barrier`] at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct BarrierStats {
    /// How many go on together.
    pub parties: usize,
    /// How many have arrived and wait for the others.
    pub waiters: usize,
    /// Whether it was aborted and not reset since.
    pub is_broken: bool,
}

/// The future of [`Barrier::wait`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct BarrierWait<'b> {
    barrier: &'b Barrier,
    place: Place,
}

impl Future for BarrierWait<'_> {
    type Output = Result<usize, BrokenBarrier>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { barrier, place } = &mut *self;
        place.poll(&barrier.0, cx, || ())
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        self.place.leave(&self.barrier.0);
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BarrierWait").field(self.barrier).finish()
    }
}
