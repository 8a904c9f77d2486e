//! Any bytes as what a proxy answers to `CONNECT`, and as what comes through the tunnel: an error, and no wait for more than there
//! is.

#![no_main]

mod support;

use libfuzzer_sys::fuzz_target;
use smolio_http::{ClientSession, Proxies, RequestErrorKind};

fuzz_target!(|input: &[u8]| {
    support::with_peer(input, async |port| {
        let proxies = Proxies::all(&format!("http://user:secret@127.0.0.1:{port}")).unwrap();
        let session = ClientSession::builder().proxies(proxies).build().unwrap();
        let request = session
            .get("https://elsewhere.test/")
            .timeouts(support::TIMEOUTS);
        let error = request.await.unwrap_err();
        // No bytes that were made up before the handshake can be an answer to it.
        let kind = error.kind();
        assert!(
            matches!(
                kind,
                RequestErrorKind::Proxy | RequestErrorKind::Tls | RequestErrorKind::Disconnected
            ),
            "{error}"
        );
    });
});
