//! Requests by way of a proxy, and Unix sockets.

use smolio_http::{Proxies, RequestErrorKind, SmolTransport, TlsOptions};

use crate::support::{
    assert_at_rest, block_on,
    certificates::Authority,
    fetch,
    peer::Peer,
    script::{Step, answer, ok},
    tunnel::Tunnels,
};

fn through(proxies: Proxies) -> SmolTransport {
    SmolTransport::builder().proxies(proxies).build()
}

fn proxy() -> Peer {
    Peer::always(vec![Step::Request, ok("from the proxy"), Step::Again])
}

/// Whether a request to this address goes to the proxy that such variables name; `PROXY` stands for its address.
fn is_proxied(variables: &[(&str, &str)], url: &str) -> bool {
    let proxy = proxy();
    let address = proxy.url("");
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, value.replace("PROXY", &address)))
        .collect();
    let variables = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()));
    let transport = through(Proxies::from_variables(variables));
    // Without the proxy there is nobody: the names do not exist, and the port has no listener.
    let answer = block_on(fetch(&transport, url));
    assert_eq!(answer.is_ok(), proxy.connections() == 1);
    answer.is_ok()
}

#[test]
fn plain_requests_are_handed_over_with_their_whole_address() {
    let proxy = proxy();
    let address = proxy.url("").replace("//", "//me:pass%20word@");
    let transport = through(Proxies::all(&address).unwrap());
    block_on(async {
        for path in ["/a?b=c", ""] {
            let answer = fetch(&transport, &format!("http://name.invalid:8080{path}"))
                .await
                .unwrap();
            assert_eq!(answer.body(), b"from the proxy");
        }
    });
    let requests = proxy.requests();
    assert_eq!(
        requests[0].first_line(),
        "GET http://name.invalid:8080/a?b=c HTTP/1.1"
    );
    assert_eq!(requests[0].header("host"), Some("name.invalid:8080"));
    assert_eq!(
        requests[0].header("proxy-authorization"),
        Some("Basic bWU6cGFzcyB3b3Jk")
    );
    assert_eq!(
        requests[1].first_line(),
        "GET http://name.invalid:8080/ HTTP/1.1"
    );
    assert_eq!(proxy.connections(), 1);
    assert_at_rest(&transport);
}

#[test]
fn secure_requests_go_through_a_tunnel() {
    let authority = Authority::new();
    let identity = authority.issue(&["name.invalid"]);
    let peer = Peer::with_tls(
        identity.server(),
        vec![Step::Request, ok("hello"), Step::Again],
    );
    let tunnels = Tunnels::to(peer.address());
    let address = format!("http://me:secret@{}", tunnels.address());
    let transport = SmolTransport::builder()
        .proxies(Proxies::all(&address).unwrap())
        .tls(TlsOptions::new().extra_root(authority.pem()).unwrap())
        .build();
    block_on(async {
        for _ in 0..2 {
            let answer = fetch(&transport, "https://name.invalid/a").await.unwrap();
            assert_eq!(answer.body(), b"hello");
        }
    });
    let heads = tunnels.heads();
    assert_eq!(heads.len(), 1);
    assert!(
        heads[0].starts_with("CONNECT name.invalid:443 HTTP/1.1\r\nhost: name.invalid:443\r\n")
    );
    assert!(heads[0].contains("proxy-authorization: Basic bWU6c2VjcmV0\r\n"));
    // It is for the proxy alone.
    assert_eq!(peer.requests()[0].first_line(), "GET /a HTTP/1.1");
    assert_eq!(peer.requests()[0].header("proxy-authorization"), None);
}

#[test]
fn a_proxy_may_be_spoken_to_in_tls() {
    let authority = Authority::new();
    let identity = authority.issue(&["localhost"]);
    let proxy = Peer::with_tls(identity.server(), vec![Step::Request, ok("hello")]);
    let transport = SmolTransport::builder()
        .proxies(Proxies::all(&proxy.named_url("localhost", "")).unwrap())
        .tls(TlsOptions::new().extra_root(authority.pem()).unwrap())
        .build();
    block_on(fetch(&transport, "http://name.invalid/")).unwrap();
    let untrusted = through(Proxies::all(&proxy.named_url("localhost", "")).unwrap());
    let error = block_on(fetch(&untrusted, "http://name.invalid/")).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Proxy, "{error}");
}

#[test]
fn a_proxy_that_makes_no_tunnel_is_an_error() {
    let refusals = [
        answer(&["HTTP/1.1 407 Proxy Authentication Required"], ""),
        answer(&["HTTP/1.1 200 OK"], "and more than that"),
        Step::Send(b"SSH-2.0-OpenSSH_9.6\r\n\r\n".to_vec()),
        Step::Send(Vec::new()),
        Step::Flood(vec![b'x'; 1024]),
    ];
    for refusal in refusals {
        let proxy = Peer::always(vec![Step::Head, refusal.clone()]);
        let transport = through(Proxies::all(&proxy.url("")).unwrap());
        let error = block_on(fetch(&transport, "https://name.invalid/")).unwrap_err();
        assert_eq!(
            error.kind(),
            RequestErrorKind::Proxy,
            "{refusal:?}: {error}"
        );
        assert_eq!(transport.stats().open, 0);
        proxy.wait_closed();
    }
}

#[test]
fn nobody_is_at_the_proxys_address() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let transport = through(Proxies::all(&closed.to_string()).unwrap());
    let error = block_on(fetch(&transport, "http://name.invalid/")).unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Proxy);
}

#[test]
fn the_environment_names_proxies() {
    let url = "http://name.invalid/";
    assert!(is_proxied(&[("http_proxy", "PROXY")], url));
    assert!(is_proxied(&[("HTTP_PROXY", "PROXY")], url));
    assert!(is_proxied(&[("ALL_PROXY", "PROXY")], url));
    // The spelling in lower case goes first, what is empty is not there, and another scheme is no matter.
    assert!(is_proxied(
        &[("http_proxy", "PROXY"), ("HTTP_PROXY", "ftp://x")],
        url
    ));
    assert!(!is_proxied(&[("http_proxy", "")], url));
    assert!(!is_proxied(&[("https_proxy", "PROXY")], url));
    assert!(!is_proxied(&[], url));
    // In a CGI script it is a header of whoever sent the request.
    assert!(!is_proxied(
        &[("HTTP_PROXY", "PROXY"), ("REQUEST_METHOD", "GET")],
        url
    ));
    assert!(is_proxied(
        &[("http_proxy", "PROXY"), ("REQUEST_METHOD", "GET")],
        url
    ));
}

#[test]
fn some_are_spoken_to_directly() {
    let spared =
        |list: &str, url: &str| !is_proxied(&[("all_proxy", "PROXY"), ("no_proxy", list)], url);
    assert!(spared("*", "http://name.invalid/"));
    assert!(spared("other, name.invalid", "http://name.invalid/"));
    assert!(spared("name.invalid", "http://a.name.invalid/"));
    assert!(spared(".name.invalid", "http://a.NAME.invalid/"));
    assert!(spared("*.invalid", "http://name.invalid/"));
    assert!(spared("name.invalid:81", "http://name.invalid:81/"));
    assert!(!spared("name.invalid:81", "http://name.invalid/"));
    assert!(!spared("name.invalid", "http://othername.invalid/"));
    assert!(!spared("invalid.name, .", "http://name.invalid/"));
    // Nobody listens on the port of these.
    assert!(spared("", "http://localhost:1/"));
    assert!(spared("", "http://127.0.0.9:1/"));
    assert!(spared("", "http://[::1]:1/"));
}

#[test]
fn what_is_given_explicitly_holds_for_this_machine_too() {
    let (proxy, peer) = (
        proxy(),
        Peer::always(vec![Step::Request, ok("from the peer")]),
    );
    let all = Proxies::all(&proxy.url("")).unwrap();
    let answer = block_on(fetch(&through(all.clone()), &peer.url("/"))).unwrap();
    assert_eq!(answer.body(), b"from the proxy");
    let except = [
        format!("127.0.0.1:{}", peer.address().port()),
        "127.0.0.1".to_owned(),
    ];
    for list in except {
        let peer_url = peer.url("/");
        let answer = block_on(fetch(&through(all.clone().except(&list)), &peer_url)).unwrap();
        assert_eq!(answer.body(), b"from the peer");
    }
}

#[test]
fn a_variable_without_sense_fails_the_requests_that_it_is_about() {
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    let transport = through(Proxies::from_variables([(
        "http_proxy",
        "socks5://me:secret@127.0.0.1:1",
    )]));
    block_on(async {
        let error = fetch(&transport, "http://name.invalid/").await.unwrap_err();
        assert_eq!(error.kind(), RequestErrorKind::Proxy);
        let text = error.to_string();
        assert!(
            text.contains("socks5") && !text.contains("secret"),
            "{text}"
        );
        fetch(&transport, &peer.url("/")).await.unwrap();
    });
    let error = Proxies::all("socks5://127.0.0.1:1").unwrap_err();
    assert!(
        error.to_string().contains("\"socks5\" is not supported"),
        "{error}"
    );
    Proxies::all("http://").unwrap_err();
}

#[cfg(unix)]
#[test]
fn all_goes_to_a_unix_socket() {
    use std::io::{Read, Write};

    let path = std::env::temp_dir().join(format!("smolio-http-{}", std::process::id()));
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let served = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut heads = Vec::new();
        for _ in 0..2 {
            let mut head = [0; 1024];
            let count = peer.read(&mut head).unwrap();
            heads.push(String::from_utf8_lossy(&head[..count]).into_owned());
            peer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
                .unwrap();
        }
        heads
    });
    let transport = SmolTransport::builder().unix_socket(&path).build();
    block_on(async {
        for _ in 0..2 {
            let answer = fetch(&transport, "http://docker.invalid/info")
                .await
                .unwrap();
            assert_eq!(answer.body(), b"hello");
        }
    });
    let heads = served.join().unwrap();
    assert!(
        heads[0].starts_with("GET /info HTTP/1.1\r\nhost: docker.invalid\r\n"),
        "{heads:?}"
    );
    std::fs::remove_file(&path).unwrap();
    let error = block_on(fetch(
        &SmolTransport::builder().unix_socket(&path).build(),
        "http://a/",
    ))
    .unwrap_err();
    assert_eq!(error.kind(), RequestErrorKind::Connect);
}
