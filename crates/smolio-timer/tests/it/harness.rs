//! A loop of the simplest kind, on virtual time, wakers that count, and a shielded scope.

use std::{
    fmt::Debug,
    future::{Future, IntoFuture, pending, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use smolio_context::{
    ClockGuard, Instant, Scoped, TaskContext, VirtualClock, hide_deadlines, report_shield,
};
use smolio_timer::{
    driver::{Driver, EnterGuard},
    sleep,
};

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

/// A shielded scope of the simplest kind.
pub(crate) struct Shield<F> {
    body: Pin<Box<F>>,
    told: Option<Waker>,
}

pub(crate) fn shield<F: IntoFuture>(body: F) -> Shield<F::IntoFuture> {
    Shield {
        body: Box::pin(body.into_future()),
        told: None,
    }
}

impl<F: Future> Future for Shield<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let deadlines = hide_deadlines();
        let result = self.body.as_mut().poll(cx);
        drop(deadlines);
        if result.is_pending() {
            self.told = Some(cx.waker().clone());
            report_shield();
        } else {
            self.close();
        }
        result
    }
}

impl<F> Shield<F> {
    fn close(&mut self) {
        if let Some(waker) = self.told.take() {
            waker.wake();
        }
    }
}

impl<F> Drop for Shield<F> {
    fn drop(&mut self) {
        self.close();
    }
}

/// Open for 30 ms. Afterwards there is nothing to come.
pub(crate) async fn shield_and_more() {
    shield(sleep(ms(30))).await;
    pending::<()>().await;
}
