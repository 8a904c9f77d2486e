//! What can go wrong in reading. Whatever it is, the bytes are in the error or still in the reader.

use std::{error::Error, fmt, io, string::FromUtf8Error};

/// The stream ended before all was there that was asked for. What there was is in here, and not in the reader any more.
#[doc(alias = "IncompleteReadError")]
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompleteRead {
    /// The bytes before the end.
    pub partial: Vec<u8>,
    /// How many were wanted; `None` where it was a separator.
    pub expected: Option<usize>,
}

impl IncompleteRead {
    pub(crate) fn new(partial: Vec<u8>, expected: Option<usize>) -> Self {
        Self { partial, expected }
    }
}

/// Without the bytes, which may be many, and a secret.
impl fmt::Debug for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncompleteRead")
            .field("partial", &format_args!("{} bytes", self.partial.len()))
            .field("expected", &self.expected)
            .finish()
    }
}

impl fmt::Display for IncompleteRead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let partial = self.partial.len();
        match self.expected {
            Some(expected) => write!(f, "the stream ended after {partial} of {expected} bytes"),
            None => write!(
                f,
                "the stream ended after {partial} bytes, without a separator"
            ),
        }
    }
}

impl Error for IncompleteRead {}

/// What was to be read is longer than its limit. All of it is still in the reader, as far as it was read.
#[doc(alias = "LimitOverrunError")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LimitOverrun {
    /// The limit.
    pub limit: usize,
    /// How many bytes there are, at the least, before the separator can begin. To go on without them, take them with
    /// [`read_exactly`](crate::StreamReader::read_exactly).
    pub consumed: usize,
}

impl LimitOverrun {
    pub(crate) fn new(limit: usize, consumed: usize) -> Self {
        Self { limit, consumed }
    }
}

impl fmt::Display for LimitOverrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, consumed } = self;
        write!(f, "{consumed} bytes or more, where {limit} are allowed")
    }
}

impl Error for LimitOverrun {}

/// [`read_exactly`](crate::StreamReader::read_exactly) did not get its bytes.
///
/// Converts to [`std::io::Error`], with the kind `UnexpectedEof` where the stream ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadExactlyError {
    /// The stream ended before.
    Incomplete(IncompleteRead),
    /// The source failed. What was read before is still in the reader.
    Io(io::Error),
}

impl fmt::Display for ReadExactlyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read exactly so many bytes: ")?;
        match self {
            Self::Incomplete(incomplete) => incomplete.fmt(f),
            Self::Io(error) => crate::error::Lower(error).fmt(f),
        }
    }
}

impl Error for ReadExactlyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Incomplete(incomplete) => Some(incomplete),
            Self::Io(error) => Some(error),
        }
    }
}

impl From<ReadExactlyError> for io::Error {
    fn from(error: ReadExactlyError) -> Self {
        let kind = match &error {
            ReadExactlyError::Incomplete(_) => io::ErrorKind::UnexpectedEof,
            ReadExactlyError::Io(error) => error.kind(),
        };
        io::Error::new(kind, error)
    }
}

/// [`read_until`](crate::StreamReader::read_until) did not come to its separator.
///
/// Converts to [`std::io::Error`], with the kind `UnexpectedEof` where the stream ended, and `InvalidData` for what is too long.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadUntilError {
    /// The stream ended before.
    Incomplete(IncompleteRead),
    /// There is too much before the separator.
    Limit(LimitOverrun),
    /// The separator has no bytes, and would be found anywhere.
    #[doc(alias = "ValueError")]
    EmptySeparator,
    /// The source failed. What was read before is still in the reader.
    Io(io::Error),
}

impl fmt::Display for ReadUntilError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read until a separator: ")?;
        match self {
            Self::Incomplete(incomplete) => incomplete.fmt(f),
            Self::Limit(limit) => limit.fmt(f),
            Self::EmptySeparator => f.write_str("the separator is empty"),
            Self::Io(error) => crate::error::Lower(error).fmt(f),
        }
    }
}

impl Error for ReadUntilError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Incomplete(incomplete) => Some(incomplete),
            Self::Limit(limit) => Some(limit),
            Self::EmptySeparator => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<ReadUntilError> for io::Error {
    fn from(error: ReadUntilError) -> Self {
        let kind = match &error {
            ReadUntilError::Incomplete(_) => io::ErrorKind::UnexpectedEof,
            ReadUntilError::Limit(_) => io::ErrorKind::InvalidData,
            ReadUntilError::EmptySeparator => io::ErrorKind::InvalidInput,
            ReadUntilError::Io(error) => error.kind(),
        };
        io::Error::new(kind, error)
    }
}

/// [`Lines`](crate::Lines) could not give the next line.
///
/// Converts to [`std::io::Error`], with the kind `InvalidData` for a line that is too long or not a text.
#[derive(Debug)]
#[non_exhaustive]
pub enum LineError {
    /// The line is too long. It is still in the reader, so to ask for the next line gives this again.
    Limit(LimitOverrun),
    /// The line is not UTF-8. Its bytes are in here, without the line break; the next line is the one after it.
    #[doc(alias = "UnicodeDecodeError")]
    NotUtf8(FromUtf8Error),
    /// The source failed. What was read before is still in the reader.
    Io(io::Error),
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read a line: ")?;
        match self {
            Self::Limit(limit) => limit.fmt(f),
            Self::NotUtf8(error) => error.fmt(f),
            Self::Io(error) => crate::error::Lower(error).fmt(f),
        }
    }
}

impl Error for LineError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Limit(limit) => Some(limit),
            Self::NotUtf8(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}

impl From<LineError> for io::Error {
    fn from(error: LineError) -> Self {
        let kind = match &error {
            LineError::Limit(_) | LineError::NotUtf8(_) => io::ErrorKind::InvalidData,
            LineError::Io(error) => error.kind(),
        };
        io::Error::new(kind, error)
    }
}
