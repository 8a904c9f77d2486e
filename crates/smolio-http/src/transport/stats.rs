//! `TransportStats`: what a transport has, and what it has done.

/// What a transport has at one moment, and what it has done so far.
///
/// When no request is under way and no answer is held, `in_use` and `waiting` are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportStats {
    /// Connections: those in use, with those that are being made, and those that are kept.
    pub open: usize,
    /// Connections that a request or the body of an answer has.
    pub in_use: usize,
    /// Connections that are kept for the next request.
    pub idle: usize,
    /// Requests that wait for a place among the connections.
    pub waiting: usize,
    /// Requests that were begun, those that were refused by a limit of time or otherwise among them.
    pub requests: u64,
    /// Connections that were made.
    pub connected: u64,
    /// Times that a connection was used again.
    pub reused: u64,
}
