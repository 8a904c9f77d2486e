//! Spawning from a thread that runs no tasks: what each library has for it.

use smol::Task;
use smolio::Handle;

use super::smol::SHARED;
use super::tokio::Joined;
use super::{Library, Ours, SmolShared, Tokio};

/// A library whose tasks can be started from elsewhere. A `LocalExecutor` is none: it stays on its thread.
pub(crate) trait Outside: Library {
    /// Whatever the other thread needs.
    type Handle: Send + 'static;

    /// That of the loop which runs the caller.
    fn handle() -> Self::Handle;

    /// Starts a task, from any thread.
    fn spawn_by<F>(handle: &Self::Handle, future: F) -> Self::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

impl Outside for Ours {
    type Handle = Handle;

    fn handle() -> Handle {
        Handle::current().expect("whoever asks is on a loop")
    }

    fn spawn_by<F>(handle: &Handle, future: F) -> smolio::Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        match handle.spawn(future) {
            Ok(task) => task,
            Err(_) => panic!("the loop runs until all tasks are awaited"),
        }
    }
}

impl Outside for Tokio {
    type Handle = tokio::runtime::Handle;

    fn handle() -> tokio::runtime::Handle {
        tokio::runtime::Handle::current()
    }

    fn spawn_by<F>(handle: &tokio::runtime::Handle, future: F) -> Joined<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Joined(handle.spawn(future))
    }
}

/// An executor is its own handle, and this one is a static.
impl Outside for SmolShared {
    type Handle = ();

    fn handle() {}

    fn spawn_by<F>((): &(), future: F) -> Task<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        SHARED.spawn(future)
    }
}
