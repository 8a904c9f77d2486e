//! Which characters a body is made of.

use encoding_rs::{Encoding, UTF_8};
use http::{HeaderMap, header};

/// The character set that the headers name, if it is a known one.
pub(crate) fn charset(headers: &HeaderMap) -> Option<&'static Encoding> {
    let content_type = headers.get(header::CONTENT_TYPE)?;
    let mut parameters = content_type.as_bytes().split(|byte| *byte == b';').skip(1);
    let label = parameters.find_map(|parameter| {
        let equals = parameter.iter().position(|byte| *byte == b'=')?;
        let (name, value) = parameter.split_at(equals);
        let is_charset = name.trim_ascii().eq_ignore_ascii_case(b"charset");
        is_charset.then_some(value[1..].trim_ascii())
    })?;
    let label = label.strip_prefix(b"\"").unwrap_or(label);
    let label = label.strip_suffix(b"\"").unwrap_or(label);
    Encoding::for_label(label)
}

/// The text. A byte order mark decides, then the headers, else it is UTF-8. What is none becomes `U+FFFD`.
pub(crate) fn decode(bytes: Vec<u8>, charset: Option<&'static Encoding>) -> String {
    let charset = charset.unwrap_or(UTF_8);
    let (charset, mark) = Encoding::for_bom(&bytes).unwrap_or((charset, 0));
    if charset == UTF_8 && mark == 0 {
        // The usual case: the text is where the bytes are.
        return String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    }
    let (text, _) = charset.decode_without_bom_handling(&bytes[mark..]);
    text.into_owned()
}
