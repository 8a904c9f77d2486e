//! What can go wrong beside the request itself: with the settings of a session, and with an answer that is not what one needs.

use std::{error::Error, fmt, io};

use http::{Method, StatusCode};
use smolio_timer::Elapsed;
use url::Url;

use crate::error::BodyError;

/// A session that cannot be built as it was asked for.
#[derive(Debug)]
pub struct SessionError {
    setting: &'static str,
    source: Box<dyn Error + Send + Sync>,
}

impl SessionError {
    pub(crate) fn new(
        setting: &'static str,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let source = source.into();
        Self { setting, source }
    }

    /// The method of the [`SessionBuilder`](crate::SessionBuilder) that was told what cannot be.
    #[must_use]
    pub fn setting(&self) -> &'static str {
        self.setting
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { setting, source } = self;
        write!(f, "the session cannot have this {setting}: {source}")
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// An answer that says it is an error: a status of 400 or above.
#[derive(Debug)]
#[doc(alias = "ClientResponseError")]
pub struct StatusError {
    status: StatusCode,
    request: Box<(Method, Url)>,
}

impl StatusError {
    pub(crate) fn new(status: StatusCode, method: Method, url: Url) -> Self {
        let request = Box::new((method, url));
        Self { status, request }
    }

    /// What it says.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The method of the request; after redirects that of the last one.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.request.0
    }

    /// Whose answer it is; after redirects that of the last one.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.request.1
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, url) = &*self.request;
        write!(f, "{method} {url}: the answer is {}", self.status.as_u16())?;
        match self.status.canonical_reason() {
            Some(reason) => write!(f, " {reason}"),
            None => Ok(()),
        }
    }
}

impl Error for StatusError {}

/// A body that is not the JSON that was expected.
#[derive(Debug)]
pub struct JsonError {
    cause: JsonCause,
    /// Which answer it is: often the page of an error, and the status tells.
    status: Option<StatusCode>,
}

#[derive(Debug)]
enum JsonCause {
    Body(BodyError),
    Parse {
        error: serde_json::Error,
        /// What stands where the trouble is.
        excerpt: String,
    },
}

impl JsonError {
    pub(crate) fn body(error: BodyError, status: StatusCode) -> Self {
        Self {
            cause: JsonCause::Body(error),
            status: Some(status),
        }
    }

    pub(crate) fn parse(error: serde_json::Error, text: &[u8], status: StatusCode) -> Self {
        let excerpt = excerpt(text, error.line(), error.column());
        Self {
            cause: JsonCause::Parse { error, excerpt },
            status: Some(status),
        }
    }

    /// The error of the body, if that could not even be read.
    #[must_use]
    pub fn body_error(&self) -> Option<&BodyError> {
        match &self.cause {
            JsonCause::Body(error) => Some(error),
            JsonCause::Parse { .. } => None,
        }
    }

    /// Line and column where the text is not what was expected, both from 1 on.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        match &self.cause {
            JsonCause::Body(_) => None,
            JsonCause::Parse { error, .. } => Some((error.line(), error.column())),
        }
    }

    /// The status of the answer. None when the limit of a `try_timeout` was reached: that knows no more.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            JsonCause::Body(error) => write!(f, "{error}"),
            JsonCause::Parse { error, excerpt } => {
                let status = self.status.unwrap_or_default().as_u16();
                write!(
                    f,
                    "the body (status {status}) is not the JSON expected: {error}, near {excerpt:?}"
                )
            }
        }
    }
}

impl Error for JsonError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            JsonCause::Body(error) => Some(error),
            JsonCause::Parse { error, .. } => Some(error),
        }
    }
}

/// For `try_timeout`.
impl From<Elapsed> for JsonError {
    fn from(elapsed: Elapsed) -> Self {
        Self {
            cause: JsonCause::Body(elapsed.into()),
            status: None,
        }
    }
}

/// Some characters before and after a place in a text. `serde_json` counts both from 1 on, and columns in bytes.
fn excerpt(text: &[u8], line: usize, column: usize) -> String {
    const BEFORE: usize = 20;
    const AFTER: usize = 20;
    let mut lines = text.split(|byte| *byte == b'\n');
    let line = lines.nth(line.saturating_sub(1)).unwrap_or_default();
    let start = column.saturating_sub(BEFORE).min(line.len());
    let end = (column + AFTER).min(line.len());
    String::from_utf8_lossy(&line[start..end]).into_owned()
}

/// A download that did not end in its file.
#[derive(Debug)]
#[non_exhaustive]
pub enum DownloadError {
    /// The body could not be read to its end.
    Body(BodyError),
    /// The file could not be written.
    File(io::Error),
}

impl fmt::Display for DownloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => write!(f, "{error}"),
            Self::File(error) => write!(f, "the file cannot be written: {error}"),
        }
    }
}

impl Error for DownloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Body(error) => Some(error),
            Self::File(error) => Some(error),
        }
    }
}

/// For `try_timeout`.
impl From<Elapsed> for DownloadError {
    fn from(elapsed: Elapsed) -> Self {
        Self::Body(elapsed.into())
    }
}
