//! What can go wrong with a stream of events, and with the making of one.

use std::{error::Error, fmt};

use http::StatusCode;

type Source = Box<dyn Error + Send + Sync>;

/// Why there are no more events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventErrorKind {
    /// The request for them got no answer, and no other one would. The source is a [`RequestError`](crate::RequestError).
    Request,
    /// The answer is another one than 200.
    Status {
        /// What it is.
        status: StatusCode,
    },
    /// The answer is something else than `text/event-stream`.
    ContentType,
    /// The body that they come in could not be read to its end. The source is a [`BodyError`](crate::BodyError).
    Body,
    /// An event is larger than the limit.
    TooLarge {
        /// In bytes.
        limit: usize,
    },
}

/// A stream of events that broke off.
#[derive(Debug)]
pub struct EventError {
    kind: EventErrorKind,
    source: Option<Source>,
}

impl EventError {
    pub(crate) fn new(kind: EventErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why.
    #[must_use]
    pub fn kind(&self) -> EventErrorKind {
        self.kind
    }
}

impl fmt::Display for EventError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            EventErrorKind::Request => f.write_str("the request for events failed"),
            EventErrorKind::Status { status } => {
                write!(f, "the server gave no events, but {status}")
            }
            EventErrorKind::ContentType => f.write_str("the answer is not a stream of events"),
            EventErrorKind::Body => f.write_str("the stream of events broke off"),
            EventErrorKind::TooLarge { limit } => {
                write!(f, "an event is larger than the limit of {limit} bytes")
            }
        }?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl Error for EventError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A name or an id that an event cannot have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEventField {
    field: &'static str,
    value: String,
}

impl InvalidEventField {
    pub(crate) fn new(field: &'static str, value: String) -> Self {
        Self { field, value }
    }

    /// The value that was refused.
    #[must_use]
    pub fn into_inner(self) -> String {
        self.value
    }
}

impl fmt::Display for InvalidEventField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, value } = self;
        write!(f, "the {field} of an event cannot be {value:?}: ")?;
        f.write_str("it would end its line, or be ignored")
    }
}

impl Error for InvalidEventField {}
