//! The tokio handle that is current on the threads of a loop, if the program asked for one.
//!
//! Without the feature `tokio-compat` there is never one, and it costs nothing: so the loop and its threads need not know.

#[cfg(feature = "tokio-compat")]
pub(crate) use present::TokioHandle;

#[cfg(not(feature = "tokio-compat"))]
pub(crate) use absent::TokioHandle;

#[cfg(feature = "tokio-compat")]
mod present {
    use tokio::runtime::{EnterGuard, Handle, Runtime};

    /// By default there is none.
    #[derive(Clone, Default)]
    pub(crate) struct TokioHandle(Option<Handle>);

    impl TokioHandle {
        pub(crate) fn of(runtime: &Runtime) -> Self {
            Self(Some(runtime.handle().clone()))
        }

        /// The one that is in force on this thread.
        pub(crate) fn current() -> Self {
            Self(Handle::try_current().ok())
        }

        /// In force on this thread until the guard is dropped.
        pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
            self.0.as_ref().map(Handle::enter)
        }
    }
}

#[cfg(not(feature = "tokio-compat"))]
mod absent {
    /// There is none.
    #[derive(Clone, Default)]
    pub(crate) struct TokioHandle(());

    /// Holds nothing.
    pub(crate) struct NoGuard;

    impl TokioHandle {
        pub(crate) fn current() -> Self {
            Self(())
        }

        pub(crate) fn enter(&self) -> NoGuard {
            NoGuard
        }
    }
}
