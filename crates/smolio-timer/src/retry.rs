//! `retry`: once more, after a pause.

use std::{error::Error, fmt, future::IntoFuture, time::Duration};

use crate::sleep::sleep;

/// Calls `attempt` and awaits what it gives, again and again, until that is a value, the error is not a transient one, or
/// there is no further pause.
///
/// `pauses` is mostly a [`Backoff`](crate::Backoff), but may be any iterator of durations: `[second; 3]` is three pauses of a
/// second. `is_transient` sees every error that may be followed by another attempt, in their order, so it is the place to
/// write them into a log. Only what can be repeated without harm should be: an order that was placed twice is a different
/// kind of error.
///
/// A limit of time for all attempts together is a [`timeout`](crate::timeout()) around this; one for each attempt goes into
/// `attempt`.
///
/// # Errors
/// [`RetryError`], with the last error and the number of attempts.
///
/// # Cancel safety
/// As cancel safe as an attempt is. When it is dropped the attempt that is going on is, too, and the earlier errors are gone.
///
/// ```
/// # smol::block_on(async {
/// use smolio_timer::{Backoff, retry};
/// use std::{cell::Cell, io, time::Duration};
///
/// let calls = Cell::new(0);
/// let fetch = || async {
///     calls.set(calls.get() + 1);
///     match calls.get() {
///         1 => Err(io::Error::from(io::ErrorKind::TimedOut)),
///         2 => Ok("the page"),
///         _ => Err(io::Error::from(io::ErrorKind::NotFound)),
///     }
/// };
/// let is_transient = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
/// let pauses = Backoff::new(3).base(Duration::from_millis(1));
///
/// assert_eq!(retry(pauses.clone(), fetch, is_transient).await.unwrap(), "the page");
///
/// let error = retry(pauses, fetch, is_transient).await.unwrap_err();
/// assert_eq!(error.to_string(), "gave up after 1 attempt: entity not found");
/// assert_eq!(error.into_inner().kind(), io::ErrorKind::NotFound);
/// # });
/// ```
#[doc(alias("tenacity", "backoff", "on_exception"))]
pub async fn retry<A, F, T, E>(
    pauses: impl IntoIterator<Item = Duration>,
    mut attempt: A,
    mut is_transient: impl FnMut(&E) -> bool,
) -> Result<T, RetryError<E>>
where
    A: FnMut() -> F,
    F: IntoFuture<Output = Result<T, E>>,
{
    let mut pauses = pauses.into_iter();
    let mut attempts = 1;
    loop {
        // The error is gone before the pause: it need not be `Send`, and may hold on to something.
        let pause = match attempt().await {
            Ok(value) => return Ok(value),
            Err(error) => {
                let next = if is_transient(&error) {
                    pauses.next()
                } else {
                    None
                };
                next.ok_or(RetryError { error, attempts })?
            }
        };
        sleep(pause).await;
        attempts += 1;
    }
}

/// Something failed, and is not tried again: the last error, and how often it was tried.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetryError<E> {
    error: E,
    attempts: u32,
}

impl<E> RetryError<E> {
    /// What the last attempt failed with.
    pub fn error(&self) -> &E {
        &self.error
    }

    /// What the last attempt failed with, for those who do not care how often it was tried.
    #[doc(alias = "reraise")]
    pub fn into_inner(self) -> E {
        self.error
    }

    /// How many attempts there were, the last one included.
    #[doc(alias = "attempt_number")]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl<E: fmt::Display> fmt::Display for RetryError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { error, attempts } = self;
        let word = if *attempts == 1 {
            "attempt"
        } else {
            "attempts"
        };
        // The alternate form: with anyhow and its like that is the error with its causes, with others there is no difference.
        write!(f, "gave up after {attempts} {word}: {error:#}")
    }
}

/// Also of an `E` that is no [`Error`] itself, as `anyhow::Error` is not. So there is no `source`: the text tells of it.
impl<E: fmt::Debug + fmt::Display> Error for RetryError<E> {}
