//! Headers that are read by ourselves, with any value: where a redirect leads, what cookies are kept, when to come again, and
//! which characters a text is made of.

#![no_main]

use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use smolio_http::{CookieJar, fuzzing};
use url::Url;

const PAGE: &str = "https://user@shop.example:8443/a/b?c=d#e";

fuzz_target!(|input: &[u8]| {
    let Some((first, value)) = input.split_first() else {
        return;
    };
    let Ok(value) = HeaderValue::from_bytes(value) else {
        return;
    };
    let page = Url::parse(PAGE).unwrap();
    let mut headers = HeaderMap::new();
    match first % 4 {
        0 => {
            headers.insert(header::LOCATION, value);
            if let Ok(Some(target)) = fuzzing::redirect_target(&page, &headers) {
                assert!(matches!(target.scheme(), "http" | "https"));
                assert!(target.has_host());
            }
        }
        1 => {
            headers.insert(header::SET_COOKIE, value);
            let jar = CookieJar::new();
            fuzzing::keep_cookies(&jar, &page, &headers);
            let elsewhere = Url::parse("https://other.test/a/b").unwrap();
            assert!(fuzzing::cookies(&jar, &elsewhere).is_none());
            let sent = fuzzing::cookies(&jar, &page);
            assert!(sent.is_none() || jar.len() == 1);
        }
        2 => {
            headers.insert(header::RETRY_AFTER, value);
            fuzzing::retry_after(&headers);
        }
        _ => {
            headers.insert(header::CONTENT_TYPE, value);
            let body = input.to_vec();
            fuzzing::text(&headers, body);
        }
    }
});
