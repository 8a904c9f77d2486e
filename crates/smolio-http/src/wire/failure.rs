//! What hyper says when something goes wrong, in our words.

use std::{error::Error, fmt, io};

use super::line::Line;
use crate::error::{BodyError, BodyErrorKind, RequestError, RequestErrorKind};

/// What hyper has to say, without hyper: it is an implementation, and its types are nobody's business.
#[derive(Debug)]
struct Reason {
    text: String,
    /// What the system said, if it was that.
    cause: Option<io::Error>,
}

impl Reason {
    fn new(error: &hyper::Error) -> Self {
        let cause = io_error(error);
        // A text of its own for each, but the system's only once: it is the source.
        let text = match (error.source(), cause) {
            (Some(source), None) => format!("{error}: {source}"),
            _ => error.to_string(),
        };
        let cause = cause.map(|cause| io::Error::new(cause.kind(), cause.to_string()));
        Self { text, cause }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.cause {
            Some(cause) => write!(f, ": {cause}"),
            None => Ok(()),
        }
    }
}

impl Error for Reason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

fn io_error(error: &hyper::Error) -> Option<&io::Error> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(found) = cause.downcast_ref() {
            return Some(found);
        }
        source = cause.source();
    }
    None
}

/// hyper's decoders have no errors of their own for what is not HTTP.
fn is_nonsense(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other};
    matches!(error.kind(), InvalidData | InvalidInput | Other)
}

/// Why there is no answer.
pub(super) fn request_error(error: &hyper::Error, line: &Line) -> RequestError {
    if let Some(failure) = line.take_body_failure() {
        return RequestError::new(RequestErrorKind::RequestBody).because(failure);
    }
    let kind = if error.is_parse_too_large() {
        RequestErrorKind::HeadTooLarge
    } else if error.is_parse() || io_error(error).is_some_and(is_nonsense) {
        RequestErrorKind::Protocol
    } else {
        RequestErrorKind::Disconnected
    };
    RequestError::new(kind).because(Reason::new(error))
}

/// Why there is no more of the body.
pub(super) fn body_error(error: &hyper::Error) -> BodyError {
    let is_nonsense = error.is_parse() || io_error(error).is_some_and(is_nonsense);
    let kind = if is_nonsense {
        BodyErrorKind::Protocol
    } else {
        BodyErrorKind::Disconnected
    };
    BodyError::new(kind).because(Reason::new(error))
}
