//! Why there is no line: what could be read of it is in the error.

use std::{error::Error, fmt, io, string::FromUtf8Error};

/// The next line of standard input could not be given.
///
/// Converts to [`std::io::Error`], with the kind `InvalidData` for a line that is too long or not a text.
#[derive(Debug)]
#[non_exhaustive]
pub enum StdinError {
    /// The line is too long. Its beginning is in here, the rest is passed by; the next line is the one after it.
    #[doc(alias = "LimitOverrunError")]
    TooLong(LongLine),
    /// The line is not UTF-8. Its bytes are in here, without the line break; the next line is the one after it.
    #[doc(alias = "UnicodeDecodeError")]
    NotUtf8(FromUtf8Error),
    /// Standard input could not be read. What was read before is kept.
    Io(io::Error),
}

impl fmt::Display for StdinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot read a line from standard input: ")?;
        match self {
            Self::TooLong(line) => line.fmt(f),
            Self::NotUtf8(error) => error.fmt(f),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl Error for StdinError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::TooLong(line) => Some(line),
            Self::NotUtf8(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}

impl From<StdinError> for io::Error {
    fn from(error: StdinError) -> Self {
        let kind = match &error {
            StdinError::TooLong(_) | StdinError::NotUtf8(_) => io::ErrorKind::InvalidData,
            StdinError::Io(error) => error.kind(),
        };
        io::Error::new(kind, error)
    }
}

/// A line that is longer than the limit.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LongLine {
    /// How many bytes are allowed.
    pub limit: usize,
    /// The first so many.
    pub beginning: Vec<u8>,
}

/// Without the bytes, which may be many, and a secret.
impl fmt::Debug for LongLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LongLine")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for LongLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "it has more than the {} bytes that are allowed",
            self.limit
        )
    }
}

impl Error for LongLine {}
