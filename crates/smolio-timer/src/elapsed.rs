//! What a timeout gives when the time is up.

use std::{error::Error, fmt, io, time::Duration};

use smolio_context::Instant;

/// The time was up before the operation was done.
///
/// Converts to [`std::io::Error`], with the kind `TimedOut`, so that [`try_timeout`](crate::try_timeout) takes
/// operations on streams and files as they are.
///
/// ```
/// # smol::block_on(async {
/// use smolio_context::Instant;
/// use smolio_timer::timeout_at;
/// use std::{future::pending, io};
///
/// let deadline = Instant::now(); // it has passed already
/// let elapsed = timeout_at(deadline, pending::<()>()).await.unwrap_err();
/// assert_eq!(elapsed.deadline(), deadline);
/// assert_eq!(elapsed.to_string(), "timed out because its deadline has passed");
/// assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
/// # });
/// ```
#[doc(alias = "TimeoutError")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elapsed {
    deadline: Instant,
    limit: Option<Duration>,
}

impl Elapsed {
    pub(crate) fn new(deadline: Instant, limit: Option<Duration>) -> Self {
        Self { deadline, limit }
    }

    /// When the time was up, to within a turn of the loop.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How long the operation was given; `None` if it was given a moment instead, or was rescheduled.
    pub fn limit(&self) -> Option<Duration> {
        self.limit
    }
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "timed out after {}", in_words(format!("{limit:?}"))),
            None => f.write_str("timed out because its deadline has passed"),
        }
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}

/// `1.5s`, as std writes a duration, becomes `1.5 s`.
pub(crate) fn in_words(mut duration: String) -> String {
    if let Some(unit) = duration.find(char::is_alphabetic) {
        duration.insert(unit, ' ');
    }
    duration
}
