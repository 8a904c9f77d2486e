//! The panics of futures that are dropped together: the first one resumes, the others are told to the unhandled hook.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    thread,
};

use smolio_context::current_task;

use crate::error::report_panic;

pub(crate) type Payload = Box<dyn Any + Send>;

/// The first panic of several.
pub(crate) struct FirstPanic(Option<Payload>);

impl FirstPanic {
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// Runs `f`, in most cases a drop, whatever becomes of it.
    pub(crate) fn catch(&mut self, f: impl FnOnce()) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
            // A panic that comes out of a destructor that runs because of another one ends the process.
            if self.0.is_none() && !thread::panicking() {
                self.0 = Some(payload);
            } else {
                report_panic(current_task(), payload);
            }
        }
    }

    /// The panic goes on from here, if there was one.
    pub(crate) fn resume(self) {
        if let Some(payload) = self.0 {
            resume_unwind(payload);
        }
    }
}

/// A future has panicked: drops the others, and goes on with the panic.
pub(crate) fn resume_after(payload: Payload, drop_others: impl FnOnce()) -> ! {
    if let Err(second) = catch_unwind(AssertUnwindSafe(drop_others)) {
        report_panic(current_task(), second);
    }
    resume_unwind(payload)
}
