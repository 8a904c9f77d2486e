//! The last resort: what happens to failures that nobody can see any more.
//!
//! A detached task panics, a shielded operation fails after its owner has gone, a clean-up does not end within the grace
//! of a shutdown. None of this may vanish, so it comes here (asyncio: the loop's `call_exception_handler`).

use std::{
    any::Any,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, PoisonError, RwLock},
};

use crate::{TaskInfo, report};

/// What kind of thing nobody saw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UnhandledKind {
    /// A panic that no one awaits.
    Panic,
    /// An error value that no one can read.
    Error,
    /// Something that was still going on and was given up: a clean-up or a thread at the end of the grace period.
    GivenUp,
}

/// A failure that nobody can see any more, as the hook is told of it.
#[derive(Clone, Debug)]
pub struct Unhandled {
    kind: UnhandledKind,
    task: Option<TaskInfo>,
    message: String,
}

impl Unhandled {
    /// A panic; the message is taken from the payload.
    pub fn panic(task: Option<TaskInfo>, payload: &(dyn Any + Send)) -> Self {
        Self {
            kind: UnhandledKind::Panic,
            task,
            message: panic_message(payload).to_string(),
        }
    }

    /// An error value.
    pub fn error(task: Option<TaskInfo>, error: impl fmt::Display) -> Self {
        Self {
            kind: UnhandledKind::Error,
            task,
            message: error.to_string(),
        }
    }

    /// Something that was given up; `what` names it, such as "a clean-up that did not end within 5 s".
    pub fn given_up(task: Option<TaskInfo>, what: impl fmt::Display) -> Self {
        Self {
            kind: UnhandledKind::GivenUp,
            task,
            message: what.to_string(),
        }
    }

    /// Panic, error or given up.
    pub fn kind(&self) -> UnhandledKind {
        self.kind
    }

    /// The task it happened in, where it was one.
    pub fn task(&self) -> Option<&TaskInfo> {
        self.task.as_ref()
    }

    /// The panic's or the error's text, or what was given up.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Unhandled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            UnhandledKind::Panic => "panicked and nobody saw it",
            UnhandledKind::Error => "failed and nobody saw it",
            UnhandledKind::GivenUp => "was given up",
        };
        match &self.task {
            Some(task) => write!(f, "{task} {verb}: {}", self.message),
            None => write!(f, "outside of tasks, something {verb}: {}", self.message),
        }
    }
}

/// The text that a panic was raised with.
pub fn panic_message(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        text
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text
    } else {
        "a panic whose payload is not a text"
    }
}

/// What is called with each unhandled failure. It may be called on any thread; if it panics that is ignored.
pub type UnhandledHook = Arc<dyn Fn(&Unhandled) + Send + Sync>;

static HOOK: RwLock<Option<UnhandledHook>> = RwLock::new(None);

/// Sets the process's hook and gives the one before; `None` is the default: `log::error!`, or standard error where no
/// logger is set.
///
/// ```
/// use smolio_context::{Unhandled, report_unhandled, set_unhandled_hook};
/// use std::sync::{Arc, Mutex};
/// let seen = Arc::new(Mutex::new(Vec::new()));
/// let log = seen.clone();
/// set_unhandled_hook(Some(Arc::new(move |unhandled| log.lock().unwrap().push(unhandled.to_string()))));
/// report_unhandled(Unhandled::error(None, "disk full"));
/// assert_eq!(*seen.lock().unwrap(), ["outside of tasks, something failed and nobody saw it: disk full"]);
/// ```
#[doc(alias = "set_exception_handler")]
pub fn set_unhandled_hook(hook: Option<UnhandledHook>) -> Option<UnhandledHook> {
    let mut slot = HOOK.write().unwrap_or_else(PoisonError::into_inner);
    std::mem::replace(&mut slot, hook)
}

/// Tells the hook.
#[doc(alias = "call_exception_handler")]
pub fn report_unhandled(unhandled: Unhandled) {
    // The lock is not held while the hook runs: it may set another.
    let hook = HOOK.read().unwrap_or_else(PoisonError::into_inner).clone();
    let tell = || match &hook {
        Some(hook) => hook(&unhandled),
        None => report::error(format_args!("{unhandled}")),
    };
    // Whatever goes wrong in here must not take down the loop that reports; the payload may panic when dropped, too.
    if let Err(payload) = catch_unwind(AssertUnwindSafe(tell)) {
        std::mem::forget(payload);
    }
}
