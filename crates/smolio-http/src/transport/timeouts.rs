//! `Timeouts`: how long the parts of an exchange may take.

use std::time::Duration;

/// How long the parts of an exchange may take; `None` is for ever. In a builder it is the default of all requests; in the
/// extensions of a request it is for that one, and replaces the default as a whole.
///
/// These are limits on parts that a caller cannot wrap. For the whole a `timeout` around it does as well, and composes.
///
/// ```
/// use smolio_http::{Body, Timeouts};
/// use std::time::Duration;
///
/// // A long poll: the answer may take ten minutes, and its end too.
/// let timeouts = Timeouts { total: None, ..Timeouts::default() };
/// let timeouts = Timeouts { first_byte: Some(Duration::from_secs(600)), ..timeouts };
/// let request = http::Request::get("http://example.org/events")
///     .extension(timeouts)
///     .body(Body::empty())?;
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "ClientTimeout")]
pub struct Timeouts {
    /// For all of it, from the request to the last byte of the answer, with the wait for a place among the connections. By
    /// default 5 minutes, as in aiohttp.
    pub total: Option<Duration>,
    /// For a new connection: the lookup of the name, TCP, the proxy and TLS together. By default 30 seconds.
    ///
    /// The wait for a place among the connections is not in it: of a thousand requests at once most have to wait, which is no
    /// fault of any server. That is aiohttp's `sock_connect`, not its `connect`.
    #[doc(alias = "sock_connect")]
    pub connect: Option<Duration>,
    /// From the last byte of the request to the head of the answer. By default as long as the total: servers may think.
    pub first_byte: Option<Duration>,
    /// Between two pieces of the answer's body, and between two pieces of the request that the peer takes. By default 60 seconds.
    ///
    /// A body of the request that is not ready is no stall; neither is an answer that nobody reads.
    #[doc(alias = "sock_read")]
    pub stall: Option<Duration>,
}

impl Timeouts {
    /// No limits at all: for those who have their own around it.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            total: None,
            connect: None,
            first_byte: None,
            stall: None,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            total: Some(Duration::from_secs(5 * 60)),
            connect: Some(Duration::from_secs(30)),
            first_byte: None,
            stall: Some(Duration::from_secs(60)),
        }
    }
}
