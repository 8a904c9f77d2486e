//! Whether the head of an answer fits its body. hyper trusts the application there: in the best case it hangs up without a word,
//! in the worst the client takes the next answer for the rest of this one.

use std::fmt;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

/// An answer whose head makes no sense.
#[derive(Debug)]
pub(super) enum Mistake {
    Interim(StatusCode),
    NoLength(HeaderValue),
    TwoLengths(u64, u64),
    LengthAndCoding,
    OtherLength { promised: u64, actual: u64 },
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interim(status) => {
                write!(f, "{} is no status of a final answer", status.as_str())
            }
            Self::NoLength(value) => write!(f, "its content-length is {value:?}"),
            Self::TwoLengths(one, other) => {
                write!(f, "it has two content-lengths, {one} and {other}")
            }
            Self::LengthAndCoding => {
                f.write_str("it has both a content-length and a transfer-encoding")
            }
            Self::OtherLength { promised, actual } => write!(
                f,
                "its content-length is {promised}, but its body has {actual} bytes"
            ),
        }
    }
}

/// Whether the answer is its head alone, whatever the application gave with it.
pub(super) fn is_head_alone(method: &Method, status: StatusCode) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// How many bytes the head of an answer promises, if it does.
///
/// # Errors
/// If it cannot be kept, or understood in one way only.
pub(super) fn promise<B: http_body::Body>(
    method: &Method,
    response: &Response<B>,
) -> Result<Option<u64>, Mistake> {
    let (status, headers) = (response.status(), response.headers());
    if status.is_informational() {
        return Err(Mistake::Interim(status));
    }
    let promised = length_of(headers)?;
    if is_head_alone(method, status) {
        return Ok(None);
    }
    match (promised, response.body().size_hint().exact()) {
        (Some(promised), Some(actual)) if promised != actual => {
            Err(Mistake::OtherLength { promised, actual })
        }
        (promised, actual) => Ok(promised.or(actual)),
    }
}

/// The length that the headers tell. An answer has few of them: to look at each is faster than to look up two.
fn length_of(headers: &HeaderMap) -> Result<Option<u64>, Mistake> {
    let mut length = None;
    let mut has_coding = false;
    for (name, value) in headers {
        has_coding |= name == header::TRANSFER_ENCODING;
        if name != header::CONTENT_LENGTH {
            continue;
        }
        let this = parse_length(value).ok_or_else(|| Mistake::NoLength(value.clone()))?;
        match length.replace(this) {
            Some(other) if other != this => return Err(Mistake::TwoLengths(other, this)),
            _ => {}
        }
    }
    if length.is_some() && has_coding {
        return Err(Mistake::LengthAndCoding);
    }
    Ok(length)
}

/// A number may have a sign for Rust, which it may not have here.
fn parse_length(value: &HeaderValue) -> Option<u64> {
    let text = value.to_str().ok()?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}
