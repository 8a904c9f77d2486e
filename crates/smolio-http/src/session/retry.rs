//! When a request is tried once more, and how long that is waited for.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode, header};
use smolio_timer::Backoff;

use crate::error::{Phase, RequestError, RequestErrorKind};

/// Tries a request again, with pauses that double, when it could not connect, or was answered with 429, 502, 503 or 504.
///
/// Only methods that may be repeated without harm (`GET`, `HEAD`, `OPTIONS`, `PUT`, `DELETE`, `TRACE`) are tried again after
/// an answer, and only when the body can be sent again. One that never got a connection is tried again with any method.
///
/// The pause is a random part of what it could be at most ("full jitter"), so that many who failed together do not come back
/// together. Where the server says how long to wait (`retry-after`) this is done, unless it is longer than the cap: then the
/// answer is given to the caller.
///
/// ```
/// use smolio_http::{ClientSession, RetryPolicy};
/// use std::time::Duration;
///
/// let policy = RetryPolicy::new(3).base(Duration::from_millis(50)).cap(Duration::from_secs(2));
/// let session = ClientSession::builder().retries(policy).build()?;
/// # Ok::<(), smolio_http::SessionError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    pauses: Backoff,
    cap: Duration,
}

impl RetryPolicy {
    /// Tries again so many times, after the first attempt.
    #[must_use]
    pub fn new(retries: u32) -> Self {
        let (base, cap) = (Duration::from_millis(100), Duration::from_secs(10));
        Self {
            pauses: Backoff::new(retries).base(base).cap(cap),
            cap,
        }
    }

    /// How long the first pause is at most, 100 ms by default. Each further one may be twice as long.
    #[must_use]
    pub fn base(mut self, base: Duration) -> Self {
        self.pauses = self.pauses.base(base);
        self
    }

    /// What no pause is longer than, 10 s by default.
    #[must_use]
    pub fn cap(mut self, cap: Duration) -> Self {
        self.pauses = self.pauses.cap(cap);
        self.cap = cap;
        self
    }

    /// Whether the pause is a random part of what it may be, as it is by default, or all of it.
    #[must_use]
    pub fn jitter(mut self, jitter: bool) -> Self {
        self.pauses = self.pauses.jitter(jitter);
        self
    }

    /// How long to wait before the request is sent again, if it is. `done` counts the retries that there have been.
    pub(super) fn after_failure(
        &self,
        done: u32,
        method: &Method,
        error: &RequestError,
    ) -> Option<Duration> {
        let helps = match error.kind() {
            // Nothing of the request has been sent.
            RequestErrorKind::Connect
            | RequestErrorKind::TimedOut {
                phase: Phase::Connect,
                ..
            } => true,
            RequestErrorKind::Disconnected => method.is_idempotent(),
            _ => false,
        };
        if helps { self.pause(done) } else { None }
    }

    /// The same, after an answer.
    pub(super) fn after_answer(
        &self,
        done: u32,
        method: &Method,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Option<Duration> {
        if !matches!(status.as_u16(), 429 | 502..=504) || !method.is_idempotent() {
            return None;
        }
        let pause = self.pause(done)?;
        let asked_for = retry_after(headers, SystemTime::now());
        Some(asked_for.unwrap_or(pause)).filter(|pause| *pause <= self.cap)
    }

    /// None when it has been tried often enough.
    fn pause(&self, done: u32) -> Option<Duration> {
        self.pauses.clone().nth(done as usize)
    }
}

/// How long the server wants to be left alone.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}
