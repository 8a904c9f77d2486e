//! `PeerAddress`: who asks.

use std::{any::Any, fmt, net::SocketAddr, sync::Arc};

/// Who is at the other end of the connection: an extension of each request.
///
/// It is the address of whoever connected. Behind a proxy that is the proxy, which may tell the client's in a header.
///
/// ```
/// use http::{Request, Response};
/// use smolio_http::server::{PeerAddress, RequestBody};
///
/// fn greeting(request: &Request<RequestBody>) -> String {
///     match request.extensions().get::<PeerAddress>() {
///         Some(peer) => format!("hello, {peer}"),
///         None => "hello".to_owned(), // in a test without a server
///     }
/// }
/// ```
#[doc(alias = "remote")]
#[doc(alias = "ConnectInfo")]
#[derive(Clone, Debug)]
pub struct PeerAddress(Peer);

#[derive(Clone, Debug)]
enum Peer {
    Ip(SocketAddr),
    Other(Arc<str>),
}

impl PeerAddress {
    pub(super) fn new<P: fmt::Debug + 'static>(peer: &P) -> Self {
        let any: &dyn Any = peer;
        Self(match any.downcast_ref::<SocketAddr>() {
            Some(address) => Peer::Ip(*address),
            None => Peer::Other(format!("{peer:?}").into()),
        })
    }

    /// The address, if the connection is one over TCP.
    #[must_use]
    pub fn ip(&self) -> Option<SocketAddr> {
        match &self.0 {
            Peer::Ip(address) => Some(*address),
            Peer::Other(_) => None,
        }
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Peer::Ip(address) => address.fmt(f),
            Peer::Other(text) => f.write_str(text),
        }
    }
}
