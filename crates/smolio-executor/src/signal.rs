//! SIGINT and SIGTERM: left alone unless asked for, and given back when nobody asks any more.
//!
//! Once a handler is installed the operating system's default is gone for good, so ours decides each time: while anybody is
//! interested in a signal, nothing happens in the handler (async-signal tells whoever waits); otherwise it does what the default would.
//!
//! | who is interested | the first signal | one more before anybody has read it |
//! |---|---|---|
//! | nobody | ends the process | |
//! | the runner | drops main | ends the process: main may be stuck |
//! | futures of the program, with or without the runner | is theirs | is theirs |

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use async_signal::{Signal, Signals};
use futures_lite::Stream;
use slab::Slab;
use smolio_context::waiting_for;

const BOTH: [Signal; 2] = [Signal::Int, Signal::Term];

/// Where those register who want a signal for themselves.
#[derive(Default)]
struct Desk {
    state: Mutex<DeskState>,
    /// Read in the handler: the next signal does what the default does.
    unattended: Arc<AtomicBool>,
    /// How often a future of the program has taken a signal.
    claims: AtomicU64,
}

#[derive(Default)]
struct DeskState {
    installed: bool,
    /// Runners.
    watching: usize,
    /// Futures of the program.
    awaiting: usize,
    /// The handlers that make a second signal the last.
    armed: Vec<SigId>,
}

#[cfg(unix)]
use signal_hook::SigId;
#[cfg(not(unix))]
struct SigId;

static DESKS: LazyLock<[Desk; 2]> = LazyLock::new(Default::default);

/// The runners that are to look at their signals when a future of the program has taken one.
static WATCHES: Mutex<Slab<Waker>> = Mutex::new(Slab::new());

fn index(signal: Signal) -> usize {
    usize::from(signal == Signal::Term)
}

fn desk(signal: Signal) -> &'static Desk {
    &DESKS[index(signal)]
}

impl Desk {
    fn is_awaited(&self) -> bool {
        lock(&self.state).awaiting > 0
    }

    /// A future of the program takes the signal.
    fn claim(&self) {
        self.claims.fetch_add(1, Ordering::AcqRel);
        let watches: Vec<_> = lock(&WATCHES)
            .iter()
            .map(|(_, waker)| waker.clone())
            .collect();
        for waker in watches {
            waker.wake();
        }
    }

    /// After a change of those who are interested, and when a signal was read that ended nothing.
    fn update(&self, signal: Signal, state: &mut DeskState) {
        let interested = state.watching + state.awaiting;
        self.unattended.store(interested == 0, Ordering::Release);
        let armed = state.watching > 0 && state.awaiting == 0;
        if armed && state.armed.is_empty() {
            state.armed = arm(signal);
        } else if !armed {
            disarm(&mut state.armed);
        }
    }
}

/// Interest in a signal, until it is dropped.
struct Interest {
    signal: Signal,
    who: Who,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    Runner,
    Program,
}

impl Interest {
    fn new(signal: Signal, who: Who) -> io::Result<Self> {
        let desk = desk(signal);
        let mut state = lock(&desk.state);
        if !state.installed {
            install(signal, &desk.unattended)?;
            state.installed = true;
        }
        *who.count(&mut state) += 1;
        desk.update(signal, &mut state);
        Ok(Self { signal, who })
    }
}

impl Who {
    fn count(self, state: &mut DeskState) -> &mut usize {
        match self {
            Self::Runner => &mut state.watching,
            Self::Program => &mut state.awaiting,
        }
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let desk = desk(self.signal);
        let mut state = lock(&desk.state);
        *self.who.count(&mut state) -= 1;
        desk.update(self.signal, &mut state);
    }
}

/// No user code runs under our locks, so a poisoned one is still in order.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn install(signal: Signal, unattended: &Arc<AtomicBool>) -> io::Result<()> {
    signal_hook::flag::register_conditional_default(signal as i32, unattended.clone())?;
    Ok(())
}

/// From now on the signal makes a second one, of either kind, the last. To be called after [`install`]: the handlers run in
/// the order of their registration, so the first signal is not its own second.
#[cfg(unix)]
fn arm(signal: Signal) -> Vec<SigId> {
    let flags = DESKS.iter().map(|desk| desk.unattended.clone());
    // Refused: then the second is read like the first, as soon as main lets the loop go on.
    flags
        .filter_map(|flag| signal_hook::flag::register(signal as i32, flag).ok())
        .collect()
}

#[cfg(unix)]
fn disarm(armed: &mut Vec<SigId>) {
    for handler in armed.drain(..) {
        signal_hook::low_level::unregister(handler);
    }
}

#[cfg(not(unix))]
fn arm(_: Signal) -> Vec<SigId> {
    Vec::new()
}

#[cfg(not(unix))]
fn disarm(_: &mut Vec<SigId>) {}

#[cfg(not(unix))]
fn install(_: Signal, _: &Arc<AtomicBool>) -> io::Result<()> {
    // async-signal's handler is removed with the last `Signals`, and the default comes back by itself.
    Ok(())
}

/// Signals as they arrive, for one who is interested.
struct Arrivals {
    // Dropped first: from then on the handler goes by the interest of others.
    signals: Signals,
    _interests: Vec<Interest>,
}

impl Arrivals {
    fn new(signals: &[Signal], who: Who) -> io::Result<Self> {
        let interests = signals
            .iter()
            .map(|signal| Interest::new(*signal, who))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            signals: Signals::new(signals)?,
            _interests: interests,
        })
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        let next = ready!(Pin::new(&mut self.signals).poll_next(cx));
        Poll::Ready(next.unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into())))
    }
}

/// Watches for the signal that ends main.
pub(crate) struct Watch {
    arrivals: io::Result<Arrivals>,
    /// The claims that are accounted for: their signals have been read here, too.
    claims: [u64; 2],
    /// The place of our waker.
    place: Option<usize>,
}

impl Watch {
    pub(crate) fn new() -> Self {
        Self {
            arrivals: Arrivals::new(&BOTH, Who::Runner),
            claims: current_claims(),
            place: None,
        }
    }

    /// Ready when main is to be dropped. Where signals cannot be had, that is never.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Interrupted> {
        self.stand_by(cx.waker());
        // Read before the arrivals: a claim that comes in between wakes us, and is accounted for then.
        let claims = current_claims();
        let Ok(arrivals) = &mut self.arrivals else {
            return Poll::Pending;
        };
        loop {
            match arrivals.poll(cx) {
                Poll::Ready(Ok(signal)) => {
                    // It may have been taken by a future that is gone already: a task that was polled before us.
                    let taken = current_claims()[index(signal)] != self.claims[index(signal)];
                    if !taken && !desk(signal).is_awaited() {
                        return Poll::Ready(Interrupted(signal));
                    }
                    for signal in BOTH {
                        let desk = desk(signal);
                        desk.update(signal, &mut lock(&desk.state));
                    }
                }
                Poll::Ready(Err(_)) => return Poll::Pending,
                Poll::Pending => {
                    // Whatever was taken so far has come by here as well, so what comes next is new.
                    self.claims = claims;
                    return Poll::Pending;
                }
            }
        }
    }

    fn stand_by(&mut self, waker: &Waker) {
        let mut watches = lock(&WATCHES);
        match self.place {
            Some(place) => watches[place].clone_from(waker),
            None => self.place = Some(watches.insert(waker.clone())),
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            lock(&WATCHES).remove(place);
        }
    }
}

fn current_claims() -> [u64; 2] {
    BOTH.map(|signal| desk(signal).claims.load(Ordering::Acquire))
}

/// Waits for the first of some signals, and keeps it from ending main for as long as it is alive.
struct Awaited {
    signals: &'static [Signal],
    // `None` before the first poll.
    arrivals: Option<Arrivals>,
}

impl Awaited {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        if self.arrivals.is_none() {
            self.arrivals = Some(Arrivals::new(self.signals, Who::Program)?);
        }
        let arrivals = self.arrivals.as_mut().expect("made just now");
        let result = arrivals.poll(cx);
        match &result {
            Poll::Ready(Ok(signal)) => desk(*signal).claim(),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => waiting_for(|| format!("a signal: {:?}", self.signals)),
        }
        result
    }
}

/// Waits for Ctrl-C (SIGINT). While this is awaited the signal does not end main, nor the process.
///
/// # Errors
/// If the operating system refuses to let us watch for the signal.
///
/// # Cancel safety
/// When it is dropped, the signal has its former effect again.
///
/// ```no_run
/// # smolio_executor::run(async {
/// smolio_executor::ctrl_c().await?;
/// println!("stopping");
/// # std::io::Result::Ok(())
/// # });
/// ```
#[doc(alias = "add_signal_handler")]
pub fn ctrl_c() -> CtrlC {
    CtrlC(Awaited {
        signals: &BOTH[..1],
        arrivals: None,
    })
}

/// The future of [`ctrl_c`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct CtrlC(Awaited);

impl Future for CtrlC {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll(cx).map_ok(|_| ())
    }
}

impl fmt::Debug for CtrlC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CtrlC").finish_non_exhaustive()
    }
}

/// Waits for SIGINT or SIGTERM, whichever comes first: the polite requests to stop.
///
/// # Errors
/// If the operating system refuses to let us watch for the signals.
///
/// # Cancel safety
/// When it is dropped, the signals have their former effect again.
///
/// ```
/// use futures_lite::future::or; // the first of two
/// use smolio_executor::shutdown_signal;
/// # smolio_executor::run(async {
/// let stop = async { shutdown_signal().await.map(|signal| signal.to_string()) };
/// let serve = async { Ok("nobody is left to serve".to_string()) };
/// assert_eq!(or(stop, serve).await?, "nobody is left to serve");
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[doc(alias = "add_signal_handler")]
pub fn shutdown_signal() -> ShutdownSignal {
    ShutdownSignal(Awaited {
        signals: &BOTH,
        arrivals: None,
    })
}

/// The future of [`shutdown_signal`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct ShutdownSignal(Awaited);

impl Future for ShutdownSignal {
    type Output = io::Result<Interrupted>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll(cx).map_ok(Interrupted)
    }
}

impl fmt::Debug for ShutdownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownSignal").finish_non_exhaustive()
    }
}

/// A signal asked the program to stop.
///
/// ```
/// use smolio_executor::Runner;
/// # #[cfg(unix)] {
/// let runner = Runner::builder().handle_signals(true).build()?;
/// let main = async {
///     // Somebody presses Ctrl-C:
///     rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::INT)?;
///     std::future::pending::<std::io::Result<()>>().await
/// };
/// let interrupted = runner.try_run(main).unwrap_err();
/// assert_eq!(interrupted.to_string(), "interrupted by SIGINT");
/// assert_eq!(interrupted.signal(), 2);
/// # }
/// # Ok::<(), smolio_executor::BuildError>(())
/// ```
#[doc(alias = "KeyboardInterrupt")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Interrupted(Signal);

impl Interrupted {
    /// The signal's number: 2 for SIGINT, 15 for SIGTERM.
    pub fn signal(self) -> i32 {
        self.0 as i32
    }

    /// Ends the process the way the signal would have ended it, so that the shell sees the truth.
    pub fn raise(self) -> ! {
        #[cfg(unix)]
        signal_hook::low_level::emulate_default_handler(self.signal()).ok();
        // The shell's convention, where the signal cannot be raised.
        std::process::exit(128 + self.signal())
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.0 == Signal::Int {
            "SIGINT"
        } else {
            "SIGTERM"
        };
        write!(f, "interrupted by {name}")
    }
}

impl Error for Interrupted {}
