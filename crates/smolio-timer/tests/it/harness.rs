//! A loop of the simplest kind, on virtual time, and wakers that count.

use std::{
    fmt::Debug,
    future::{Future, IntoFuture, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use smolio_context::{ClockGuard, Instant, Scoped, TaskContext, VirtualClock};
use smolio_timer::driver::{Driver, EnterGuard};

/// A clock, a wheel, and who turns them.
pub(crate) struct Harness {
    pub(crate) clock: VirtualClock,
    pub(crate) driver: Driver,
    start: Instant,
    _wheel: EnterGuard,
    _clock: ClockGuard,
}

impl Harness {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::new();
        let guard = clock.install();
        let driver = Driver::new();
        Self {
            start: clock.now(),
            _wheel: driver.enter(),
            _clock: guard,
            clock,
            driver,
        }
    }

    /// The virtual time since the harness was made.
    pub(crate) fn elapsed(&self) -> Duration {
        self.clock.now() - self.start
    }

    /// The moment that long after the harness was made.
    pub(crate) fn at(&self, since_start: Duration) -> Instant {
        self.start + since_start
    }

    /// Moves the clock and fires what is due by then.
    pub(crate) fn advance(&self, by: Duration) -> usize {
        self.clock.advance(by);
        self.driver.fire(Instant::now())
    }

    /// Moves the clock to the next deadline and fires.
    ///
    /// Gives `false` if there is none.
    pub(crate) fn jump(&self) -> bool {
        let next = self.driver.next_deadline();
        if let Some(next) = next {
            self.clock.advance_to(next);
            self.driver.fire(Instant::now());
        }
        next.is_some()
    }

    /// Runs a future to its end, as a task, in no time.
    pub(crate) fn run<F: IntoFuture>(&self, future: F) -> F::Output {
        let context = TaskContext::root();
        let mut future = pin!(future.into_future());
        let wakes = Wakes::new();
        loop {
            let before = wakes.count();
            let mut cx = Context::from_waker(wakes.waker());
            if let Poll::Ready(value) = context.enter(|| future.as_mut().poll(&mut cx)) {
                return value;
            }
            while wakes.count() == before {
                assert!(self.jump(), "pending for ever");
            }
        }
    }
}

/// A waker that counts how often it was used.
pub(crate) struct Wakes {
    count: Arc<Count>,
    waker: Waker,
}

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Wakes {
    pub(crate) fn new() -> Self {
        let count = Arc::<Count>::default();
        let waker = count.clone().into();
        Self { count, waker }
    }

    pub(crate) fn count(&self) -> usize {
        self.count.0.load(Ordering::SeqCst)
    }

    pub(crate) fn waker(&self) -> &Waker {
        &self.waker
    }

    /// How many clones of the waker there are.
    pub(crate) fn clones(&self) -> usize {
        Arc::strong_count(&self.count) - 2
    }

    /// Polls with this waker.
    pub(crate) fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&self.waker))
    }

    /// Polls with this waker and expects that there is nothing yet.
    #[track_caller]
    pub(crate) fn poll_pending<F: Future + Unpin>(&self, future: &mut F)
    where
        F::Output: Debug,
    {
        if let Poll::Ready(value) = self.poll(future) {
            panic!("ready with {value:?}");
        }
    }

    /// Polls with this waker and expects a value.
    #[track_caller]
    pub(crate) fn poll_ready<F: Future + Unpin>(&self, future: &mut F) -> F::Output {
        match self.poll(future) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("pending"),
        }
    }
}

/// Polls as a group polls its children.
pub(crate) async fn as_child<F: Future>(future: F) -> F::Output {
    let mut child = pin!(Scoped::new(TaskContext::child(None), future));
    poll_fn(|cx| child.as_mut().poll_child(cx)).await
}

/// Polls as if the executor did: that it happens within another poll must not matter.
pub(crate) async fn as_task<F: Future>(future: F) -> F::Output {
    Scoped::new(TaskContext::child(None), future).await
}

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
