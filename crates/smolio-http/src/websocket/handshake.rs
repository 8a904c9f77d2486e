//! What both sides of the handshake look for in its headers.

use async_tungstenite::tungstenite::handshake;
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The only version that there is.
pub(super) const VERSION: HeaderValue = HeaderValue::from_static("13");

pub(super) const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// What the server makes of the client's key, to show that it knows what this is about.
pub(super) fn accept_value(key: &[u8]) -> String {
    handshake::derive_accept_key(key)
}

/// A key that nobody can foretell.
pub(super) fn new_key() -> String {
    handshake::client::generate_key()
}

/// Whether a header that is a list has this word in it.
pub(super) fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    list(headers, name).any(|item| item.eq_ignore_ascii_case(word.as_bytes()))
}

/// The items of a header that is a list, which may be there several times.
pub(super) fn list<'h>(
    headers: &'h HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'h [u8]> {
    let values = headers.get_all(name).into_iter();
    let items = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    items
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.is_empty())
}

/// Both sides say that they go on as a WebSocket.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    has_word(headers, &header::UPGRADE, "websocket")
        && has_word(headers, &header::CONNECTION, "upgrade")
}

/// Whether the name of a subprotocol can stand in a list: RFC 6455 has it as a token of HTTP.
pub(super) fn is_protocol_name(name: &str) -> bool {
    // The names of headers are such tokens, in which capitals are the same as others.
    !name.is_empty() && HeaderName::from_bytes(name.as_bytes()).is_ok()
}
