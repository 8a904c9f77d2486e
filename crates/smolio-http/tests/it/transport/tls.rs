//! TLS: who is trusted, who is not, and what the error says.

use smolio_http::{RequestErrorKind, SmolTransport, TlsErrorKind, TlsOptions};

use crate::support::{
    assert_at_rest, block_on,
    certificates::{Authority, Identity, self_signed},
    fetch,
    peer::Peer,
    script::{Step, ok},
};

fn script() -> Vec<Step> {
    vec![Step::Request, ok("hello"), Step::Again]
}

/// A transport that trusts an authority, and nobody else.
fn trusting(authority: &Authority) -> SmolTransport {
    let options = TlsOptions::new().extra_root(authority.pem()).unwrap();
    SmolTransport::builder()
        .tls(options.extra_roots_only())
        .build()
}

/// What the error says that a peer with such a certificate gives.
fn refusal(authority: &Authority, identity: &Identity) -> String {
    let peer = Peer::with_tls(identity.server(), script());
    let transport = trusting(authority);
    let error = block_on(fetch(&transport, &peer.named_url("localhost", "/"))).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Tls, "{error}");
    assert_eq!(transport.stats().open, 0);
    assert!(peer.requests().is_empty());
    error.to_string()
}

#[test]
fn who_is_vouched_for_is_trusted() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost", "127.0.0.1"]);
    let peer = Peer::with_tls(identity.server(), script());
    let transport = trusting(&authority);
    block_on(async {
        for url in [peer.named_url("localhost", "/"), peer.url("/")] {
            for _ in 0..2 {
                let answer = fetch(&transport, &url).await.unwrap();
                assert_eq!(answer.body(), b"hello");
            }
        }
    });
    assert_eq!(peer.connections(), 2);
    assert_at_rest(&transport);
}

#[test]
fn those_of_the_system_and_extra_ones_are_trusted_together() {
    let authority = Authority::new();
    let peer = Peer::with_tls(authority.issue(&["localhost"]).server(), script());
    let options = TlsOptions::new().extra_root(authority.pem()).unwrap();
    let transport = SmolTransport::builder().tls(options).build();
    block_on(fetch(&transport, &peer.named_url("localhost", "/"))).unwrap();
}

#[test]
fn who_is_not_vouched_for_is_refused() {
    let authority = Authority::new();
    let wrong_name = refusal(&authority, &authority.issue(&["example.org"]));
    assert!(wrong_name.contains("not valid for name"), "{wrong_name}");
    let expired = refusal(&authority, &authority.issue_expired(&["localhost"]));
    assert!(expired.contains("expired"), "{expired}");
    let unknown = refusal(&authority, &self_signed(&["localhost"]));
    assert!(unknown.contains("invalid peer certificate"), "{unknown}");
    let other = refusal(&authority, &Authority::new().issue(&["localhost"]));
    assert!(other.contains("invalid peer certificate"), "{other}");
}

#[test]
fn the_system_trusts_no_certificate_of_a_test() {
    let peer = Peer::with_tls(self_signed(&["localhost"]).server(), script());
    let transport = SmolTransport::new();
    let error = block_on(fetch(&transport, &peer.named_url("localhost", "/"))).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Tls, "{error}");
}

#[test]
fn a_peer_without_tls_is_refused() {
    let transport = trusting(&Authority::new());
    for answer in [ok("hello"), Step::Arrival] {
        let peer = Peer::always(vec![Step::Arrival, answer]);
        let url = peer.url("/").replace("http:", "https:");
        let error = block_on(fetch(&transport, &url)).unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Tls, "{error}");
    }
    assert_at_rest(&transport);
}

#[test]
fn a_client_shows_its_certificate_where_one_is_demanded() {
    let authority = Authority::new();
    let peer = Peer::with_tls(
        authority.demanding(&authority.issue(&["localhost"])),
        script(),
    );
    let url = peer.named_url("localhost", "/");
    let me = authority.issue(&["me"]);
    let options = TlsOptions::new()
        .extra_root(authority.pem())
        .unwrap()
        .extra_roots_only();
    let known = options
        .clone()
        .client_certificate(&me.chain_pem, &me.key_pem)
        .unwrap();
    let shown = format!("{known:?}");
    assert!(!shown.contains("KEY"), "{shown}");
    let transport = SmolTransport::builder().tls(known).build();
    block_on(fetch(&transport, &url)).unwrap();
    // In TLS 1.3 the server says no only after the client is done with its part, so it comes as any other failure.
    let transport = SmolTransport::builder().tls(options).build();
    block_on(fetch(&transport, &url)).unwrap_err();
    assert_eq!(transport.stats().open, 0);
}

#[test]
fn what_is_no_certificate_is_refused_at_once() {
    let authority = Authority::new();
    let (me, other) = (authority.issue(&["me"]), authority.issue(&["other"]));
    let kind = |chain: &str, key: &str| {
        let error = TlsOptions::new()
            .client_certificate(chain, key)
            .unwrap_err();
        error.kind()
    };
    assert_eq!(kind("", &me.key_pem), TlsErrorKind::NoCertificate);
    assert_eq!(kind(&me.chain_pem, ""), TlsErrorKind::NoKey);
    assert_eq!(
        kind(&me.chain_pem, &other.key_pem),
        TlsErrorKind::InvalidKey
    );
    let cut = &me.chain_pem[..me.chain_pem.len() / 2];
    assert_eq!(kind(cut, &me.key_pem), TlsErrorKind::InvalidPem);
    let nonsense = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n";
    let error = TlsOptions::new().extra_root(nonsense).unwrap_err();
    assert_eq!(error.kind(), TlsErrorKind::InvalidCertificate);
}
