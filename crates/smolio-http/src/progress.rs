//! How far a body has come, for those who show it.

use std::sync::Arc;

/// How much of a body has been sent, or received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// So many bytes are done.
    pub done: u64,
    /// Of so many, if that is known.
    pub total: Option<u64>,
}

/// Whoever wants to know.
pub(crate) type OnProgress = Arc<dyn Fn(Progress) + Send + Sync>;
