//! SIGINT and SIGTERM: left alone unless asked for, and given back when nobody asks any more.
//!
//! Once a handler is installed the operating system's default is gone for good, so ours decides each time: while anybody is
//! interested in a signal, nothing happens in the handler (async-signal tells whoever waits); otherwise it does what the default would.

use std::{
    error::Error,
    fmt,
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use async_signal::{Signal, Signals};
use futures_lite::Stream;
use smolio_context::waiting_for;

const BOTH: [Signal; 2] = [Signal::Int, Signal::Term];

/// How many want the signal for themselves, and how many of those are the program's own futures.
#[derive(Default)]
struct Desk {
    interested: Mutex<usize>,
    awaited: AtomicUsize,
    /// Read in the handler: nobody is interested, so do what the default does.
    unattended: Arc<AtomicBool>,
    installed: AtomicBool,
}

static DESKS: LazyLock<[Desk; 2]> = LazyLock::new(Default::default);

fn desk(signal: Signal) -> &'static Desk {
    &DESKS[usize::from(signal == Signal::Term)]
}

/// Interest in a signal, until it is dropped.
struct Interest(Signal);

impl Interest {
    fn new(signal: Signal) -> io::Result<Self> {
        let desk = desk(signal);
        let mut interested = desk
            .interested
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !desk.installed.load(Ordering::Acquire) {
            install(signal, &desk.unattended)?;
            desk.installed.store(true, Ordering::Release);
        }
        *interested += 1;
        desk.unattended.store(false, Ordering::Release);
        Ok(Self(signal))
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        let desk = desk(self.0);
        let mut interested = desk
            .interested
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *interested -= 1;
        desk.unattended.store(*interested == 0, Ordering::Release);
    }
}

#[cfg(unix)]
fn install(signal: Signal, unattended: &Arc<AtomicBool>) -> io::Result<()> {
    signal_hook::flag::register_conditional_default(signal as i32, unattended.clone())?;
    Ok(())
}

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
    fn new(signals: &[Signal]) -> io::Result<Self> {
        let interests = signals
            .iter()
            .map(|signal| Interest::new(*signal))
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
pub(crate) struct Watch(io::Result<Arrivals>);

impl Watch {
    pub(crate) fn new() -> Self {
        Self(Arrivals::new(&BOTH))
    }

    /// Ready when main is to be dropped. Where signals cannot be had, that is never.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Interrupted> {
        let Ok(arrivals) = &mut self.0 else {
            return Poll::Pending;
        };
        loop {
            match ready!(arrivals.poll(cx)) {
                Ok(signal) if desk(signal).awaited.load(Ordering::Acquire) > 0 => {}
                Ok(signal) => return Poll::Ready(Interrupted(signal)),
                Err(_) => return Poll::Pending,
            }
        }
    }
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
            self.arrivals = Some(Arrivals::new(self.signals)?);
            for signal in self.signals {
                desk(*signal).awaited.fetch_add(1, Ordering::AcqRel);
            }
        }
        let arrivals = self.arrivals.as_mut().expect("made just now");
        let result = arrivals.poll(cx);
        if result.is_pending() {
            waiting_for(|| format!("a signal: {:?}", self.signals));
        }
        result
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if self.arrivals.is_some() {
            for signal in self.signals {
                desk(*signal).awaited.fetch_sub(1, Ordering::AcqRel);
            }
        }
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
