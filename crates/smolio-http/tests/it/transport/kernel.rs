//! The simplest exchange of all.

use smolio_http::{Body, SmolTransport};

use crate::support::{
    block_on,
    peer::Peer,
    read_all,
    script::{Step, ok},
};

#[test]
fn two_requests_go_over_one_connection() {
    let peer = Peer::always(vec![Step::Request, ok("hello"), Step::Again]);
    block_on(async {
        let transport = SmolTransport::new();
        for _ in 0..2 {
            let request = http::Request::get(peer.url("/")).body(Body::empty());
            let mut answer = transport.send(request.unwrap()).await.unwrap();
            assert_eq!(read_all(answer.body_mut()).await, b"hello");
        }
    });
    peer.wait_closed();
    assert_eq!(peer.connections(), 1);
    assert_eq!(peer.requests().len(), 2);
    assert_eq!(peer.requests()[0].first_line(), "GET / HTTP/1.1");
}
