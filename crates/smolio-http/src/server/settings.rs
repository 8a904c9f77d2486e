//! The limits of a server. There is a default for each: a server that sets none is safe to show to the world.

use std::time::Duration;

use crate::wire::HeadLimits;

/// What a [`Serve`](super::Serve) has been told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) connections: usize,
    pub(super) grace: Duration,
    pub(super) head: HeadLimits,
    pub(super) header_timeout: Duration,
    pub(super) keep_alive: Duration,
    pub(super) stall_timeout: Duration,
    pub(super) body_limit: Option<u64>,
    pub(super) access_log: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            // More than most machines have files for; what is beyond it waits in the system's queue.
            connections: 10_000,
            // As long as a loop of ours gives clean-ups when it closes.
            grace: Duration::from_secs(5),
            head: HeadLimits {
                // nginx: large_client_header_buffers, 4 of 8 KiB.
                size: 32 * 1024,
                // hyper: 100.
                headers: None,
            },
            // hyper: header_read_timeout.
            header_timeout: Duration::from_secs(30),
            // nginx: keepalive_timeout; aiohttp had it from there.
            keep_alive: Duration::from_secs(75),
            // nginx: client_body_timeout and send_timeout.
            stall_timeout: Duration::from_secs(60),
            // nginx: client_max_body_size; aiohttp: client_max_size.
            body_limit: Some(1024 * 1024),
            access_log: false,
        }
    }
}
