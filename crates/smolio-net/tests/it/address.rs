//! What is an address, what is none, and what errors say.

use std::{
    error::Error,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
};

use futures_lite::future::block_on;
use smolio_net::{Address, ConnectCause, ConnectError, happy_eyeballs, open_connection};

#[test]
fn texts_and_pairs_mean_the_same() {
    for text in [
        "example.org:80",
        "127.0.0.1:80",
        "[::1]:80",
        "[fe80::1%lo]:80",
    ] {
        let (host, port) = text.rsplit_once(':').unwrap();
        let port: u16 = port.parse().unwrap();
        let address = Address::from(text);
        assert_eq!(address, Address::from((host, port)), "{text}");
        assert_eq!(address, Address::from((host.to_owned(), port)));
        assert_eq!(address, Address::from((&host.to_owned(), port)));
        assert_eq!(address, Address::from(text.to_owned()));
        assert_eq!(address, Address::from(&text.to_owned()));
        assert_eq!(address, Address::from(&address));
        assert_eq!(address.to_string(), text);
    }
    assert_eq!(Address::from(("::1", 80)), Address::from("[::1]:80"));
}

#[test]
fn socket_addresses_in_all_their_forms() {
    let v4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 80);
    let address = Address::from("127.0.0.1:80");
    assert_eq!(address, Address::from(v4));
    assert_eq!(address, Address::from(SocketAddr::V4(v4)));
    assert_eq!(address, Address::from((Ipv4Addr::LOCALHOST, 80)));
    assert_eq!(
        address,
        Address::from((IpAddr::V4(Ipv4Addr::LOCALHOST), 80))
    );
    assert_eq!(address, Address::from(([127, 0, 0, 1], 80)));

    let v6 = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0);
    let address = Address::from("[::1]:80");
    assert_eq!(address, Address::from(v6));
    assert_eq!(address, Address::from((Ipv6Addr::LOCALHOST, 80)));

    let both = [SocketAddr::V6(v6), SocketAddr::V4(v4)];
    let address = Address::from(both);
    assert_eq!(address, Address::from(&both[..]));
    assert_eq!(address, Address::from(both.to_vec()));
    assert_eq!(address.to_string(), "[::1]:80, 127.0.0.1:80");
}

fn fails(address: impl Into<Address>) -> ConnectError {
    block_on(open_connection(address)).unwrap_err()
}

#[test]
fn what_is_no_address_is_refused_and_shown() {
    let texts = [
        "",
        ":",
        ":80",
        "example.org",
        "example.org:",
        "example.org:http",
        "example.org:65536",
        "example.org:-1",
        "::1",
        "::1:80",
        "http://example.org:80",
        "1:2:3:4",
    ];
    for text in texts {
        let error = fails(text);
        assert!(
            matches!(error.cause(), ConnectCause::InvalidAddress),
            "{text}"
        );
        assert_eq!(
            error.to_string(),
            format!("cannot connect to {text:?}: an address has the form `host:port`")
        );
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.source().is_none());
        assert!(error.attempts().is_empty());
    }
}

#[test]
fn an_empty_list_is_an_error() {
    let error = fails(Vec::new());
    assert!(matches!(error.cause(), ConnectCause::NoAddresses));
    assert_eq!(
        error.to_string(),
        "cannot connect to no address: there is no address to try"
    );
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_name_that_cannot_be_looked_up_says_so() {
    // With a zero in it, so that nobody outside of this machine is asked.
    let error = fails(("no\0name", 80));
    assert!(matches!(error.cause(), ConnectCause::Lookup(_)));
    let text = error.to_string();
    assert!(
        text.starts_with("cannot connect to no\0name:80: "),
        "{text}"
    );
    let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
    assert_eq!(source.kind(), error.kind());
    assert_eq!(error.address(), &Address::from(("no\0name", 80)));
    assert!(matches!(error.into_cause(), ConnectCause::Lookup(_)));
}

#[test]
fn the_kind_is_that_of_the_attempt_which_got_farthest() {
    let kind = |kinds: &[io::ErrorKind]| {
        let mut left = kinds.iter().copied();
        let connect = |_| {
            let kind = left.next().unwrap();
            async move { io::Result::<()>::Err(kind.into()) }
        };
        let addresses = (0..kinds.len()).map(crate::network::Network::address);
        let error = block_on(happy_eyeballs(addresses, connect)).unwrap_err();
        let source = error.source().unwrap().downcast_ref::<io::Error>().unwrap();
        assert_eq!(source.kind(), error.most_telling().unwrap().error.kind());
        io::Error::from(error).kind()
    };
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    assert_eq!(
        kind(&[NetworkUnreachable, ConnectionRefused]),
        ConnectionRefused
    );
    assert_eq!(kind(&[TimedOut, ConnectionRefused]), TimedOut);
    assert_eq!(
        kind(&[NetworkUnreachable, HostUnreachable]),
        NetworkUnreachable
    );
}

#[test]
fn texts_of_other_people_s_errors_fit_into_a_line() {
    let text = |text: &'static str| {
        let connect = |_| async { io::Result::<()>::Err(io::Error::other(text)) };
        let addresses = [crate::network::Network::address(1)];
        let error = block_on(happy_eyeballs(addresses, connect)).unwrap_err();
        error.attempts()[0].to_string()
    };
    assert_eq!(text("Host is down\r\n"), "10.0.0.1:80: host is down");
    assert_eq!(text("two\nlines"), "10.0.0.1:80: two lines");
    assert_eq!(text("TLS is needed"), "10.0.0.1:80: TLS is needed");
    assert_eq!(text(""), "10.0.0.1:80: ");
}
