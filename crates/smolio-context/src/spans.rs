//! A `tracing` span for each task and child of a group: entered while it is polled, closed when it has ended.
//!
//! Without the feature `spans` there is nothing of it.

#[cfg(feature = "spans")]
pub(crate) use on::TaskSpan;

#[cfg(not(feature = "spans"))]
pub(crate) use off::TaskSpan;

#[cfg(feature = "spans")]
mod on {
    use std::sync::{Mutex, MutexGuard, PoisonError};

    use tracing::{Span, info_span};

    use crate::TaskInfo;

    /// In a mutex because it ends with the task, of which a handle or a waker may keep what is left.
    pub(crate) struct TaskSpan(Mutex<Span>);

    impl TaskSpan {
        /// Within the one that is entered now: that of whoever spawns the task, or one that it has opened itself.
        pub(crate) fn new(task: &TaskInfo) -> Self {
            let span = info_span!(
                target: "smolio",
                "task",
                name = %task.name(),
                id = task.id().get(),
                location = %task.location(),
            );
            Self(Mutex::new(span))
        }

        /// That of nobody's task.
        pub(crate) fn none() -> Self {
            Self(Mutex::new(Span::none()))
        }

        /// The same span, for a second context of the task.
        pub(crate) fn copy(&self) -> Self {
            Self(Mutex::new(self.lock().clone()))
        }

        pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
            // The lock is not held meanwhile.
            let span = self.lock().clone();
            span.in_scope(f)
        }

        pub(crate) fn close(&self) {
            let span = std::mem::replace(&mut *self.lock(), Span::none());
            drop(span);
        }

        fn lock(&self) -> MutexGuard<'_, Span> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }
}

#[cfg(not(feature = "spans"))]
mod off {
    use crate::TaskInfo;

    pub(crate) struct TaskSpan;

    impl TaskSpan {
        #[inline(always)]
        pub(crate) fn new(_: &TaskInfo) -> Self {
            Self
        }

        pub(crate) fn none() -> Self {
            Self
        }

        pub(crate) fn copy(&self) -> Self {
            Self
        }

        #[inline(always)]
        pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
            f()
        }

        #[inline(always)]
        pub(crate) fn close(&self) {}
    }
}
