//! The client that reqwest is made of: a pool, and connections whose tasks are spawned onto tokio.

use ::hyper_util::client::legacy;
use ::hyper_util::client::legacy::connect::HttpConnector;
use ::hyper_util::rt::TokioExecutor;
use http::{Request, Uri};

use super::{Client, drain};
use crate::library::Tokio;

/// Requests without a body are those with an empty text.
#[derive(Clone)]
pub(in crate::http) struct HyperUtil(legacy::Client<HttpConnector, String>);

impl Client for HyperUtil {
    type Library = Tokio;
    type Address = Uri;

    fn new(_: usize) -> Self {
        let mut connector = HttpConnector::new();
        // As reqwest does, and we.
        connector.set_nodelay(true);
        // It keeps as many connections as there were.
        Self(legacy::Client::builder(TokioExecutor::new()).build(connector))
    }

    fn address(text: &str) -> Uri {
        text.parse().expect("the address is right")
    }

    async fn get(&self, address: &Uri) -> u64 {
        let request = Request::get(address.clone())
            .body(String::new())
            .expect("the request is right");
        let response = self.0.request(request).await.expect("the server answers");
        drain(response.into_body()).await
    }
}
