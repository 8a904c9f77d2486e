//! What can go wrong with a stream of events, and with the making of one.

use std::{error::Error, fmt};

use crate::error::BodyError;

/// Why there are no more events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventErrorKind {
    /// The body that they come in could not be read to its end.
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
    source: Option<BodyError>,
}

impl EventError {
    pub(crate) fn new(kind: EventErrorKind) -> Self {
        Self { kind, source: None }
    }

    pub(crate) fn because(mut self, source: BodyError) -> Self {
        self.source = Some(source);
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
        self.source.as_ref().map(|source| source as _)
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
