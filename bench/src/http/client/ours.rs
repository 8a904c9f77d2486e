//! Ours, in layers: the transport, and what stands on it.

use http::{Request, Uri};
use smolio_http::{Body, SmolTransport};

use super::{Client, drain};
use crate::library::Ours;

/// The transport alone: it keeps connections, and knows nothing of redirects, cookies or limits.
#[derive(Clone)]
pub(in crate::http) struct Transport(SmolTransport);

impl Client for Transport {
    type Library = Ours;
    type Address = Uri;

    fn new(_: usize) -> Self {
        Self(SmolTransport::new())
    }

    fn address(text: &str) -> Uri {
        text.parse().expect("the address is right")
    }

    async fn get(&self, address: &Uri) -> u64 {
        let request = Request::get(address.clone())
            .body(Body::empty())
            .expect("the request is right");
        let response = self.0.send(request).await.expect("the server answers");
        drain(response.into_body()).await
    }
}
