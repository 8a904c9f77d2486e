//! Any bytes as what a server answers: the session reads them to their end, or gives an error, and does not wait for more than
//! there is.

#![no_main]

mod support;

use std::cell::LazyCell;

use libfuzzer_sys::fuzz_target;
use smolio_http::{BodyErrorKind, ClientSession};

thread_local! {
    /// One for all, as programs have it: so what an answer leaves behind is seen by the next.
    static SESSION: LazyCell<ClientSession> = LazyCell::new(ClientSession::new);
}

fuzz_target!(|input: &[u8]| {
    let session = SESSION.with(|session| ClientSession::clone(session));
    support::with_peer(input, async |port| {
        let url = format!("http://127.0.0.1:{port}/");
        let request = session.get(url).redirects(2).timeouts(support::TIMEOUTS);
        match request.await {
            Err(error) => assert!(!error.is_timeout(), "{error}"),
            Ok(mut response) => {
                while let Some(chunk) = response.next().await {
                    if let Err(error) = chunk {
                        let kind = error.kind();
                        assert!(!matches!(kind, BodyErrorKind::TimedOut { .. }), "{error}");
                        break;
                    }
                }
            }
        }
    });
});
