//! Names and passwords, in the form that headers have them.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, header};
use url::Url;

/// The value of `authorization` (or `proxy-authorization`) for a name and a password. It is marked as sensitive, so that it is
/// shown nowhere.
pub(crate) fn basic(name: &[u8], password: &[u8]) -> HeaderValue {
    let mut value = String::from("Basic ");
    encode_base64(&[name, b":", password].concat(), &mut value);
    let mut value = HeaderValue::try_from(value).unwrap_or_else(|_| {
        unreachable!("base64 has no characters that are not allowed in a header")
    });
    value.set_sensitive(true);
    value
}

/// The value of `authorization` for a token.
///
/// # Errors
/// When it has characters that no header can have.
pub(crate) fn bearer(token: &str) -> Result<HeaderValue, header::InvalidHeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {token}"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Takes the name and the password out of an address, where they would be shown by everything that shows the address.
pub(crate) fn take_credentials(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let name = decode_percents(url.username());
    let password = decode_percents(url.password().unwrap_or_default());
    // Both can only fail for an address that could not have had any.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some(basic(&name, &password))
}

/// An address that could not be parsed, as it may be shown: without what could be a name and a password. Where those end is not
/// known then, so all that stands before the last `@` is left out.
pub(crate) fn without_credentials(address: &str) -> Cow<'_, str> {
    let Some((before, after)) = address.rsplit_once('@') else {
        return address.into();
    };
    match before.split_once("//") {
        Some((scheme, _)) => format!("{scheme}//***@{after}").into(),
        None => format!("***@{after}").into(),
    }
}

/// Marks what says who one is, so that it is shown nowhere.
pub(crate) fn hide(name: &HeaderName, value: &mut HeaderValue) {
    const SECRETS: [HeaderName; 4] = [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
        header::SET_COOKIE,
    ];
    if SECRETS.contains(name) {
        value.set_sensitive(true);
    }
}

fn encode_base64(bytes: &[u8], text: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            // One byte needs two characters, two need three.
            if place <= group.len() {
                let index = bits >> (18 - 6 * place) & 0b11_1111;
                text.push(char::from(ALPHABET[index as usize]));
            } else {
                text.push('=');
            }
        }
    }
}

fn decode_percents(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = match after {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        match byte {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}
