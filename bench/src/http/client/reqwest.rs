//! reqwest: what most Rust programs make requests with.

use ::reqwest::{Client as Inner, Response, Url};

use super::Client;
use crate::library::Tokio;

#[derive(Clone)]
pub(in crate::http) struct Reqwest(Inner);

impl Reqwest {
    async fn send(&self, address: &Url) -> Response {
        // An address that is parsed already spares it the work; it takes it by value.
        let request = self.0.get(address.clone());
        request.send().await.expect("the server answers")
    }
}

impl Client for Reqwest {
    type Library = Tokio;
    type Address = Url;

    fn new(_: usize) -> Self {
        // It keeps as many connections as there were, without Nagle's delay. A proxy of the environment would be measured
        // instead of it.
        let client = Inner::builder().no_proxy().build();
        Self(client.expect("the defaults are right"))
    }

    fn address(text: &str) -> Url {
        text.parse().expect("the address is right")
    }

    async fn get(&self, address: &Url) -> u64 {
        let body = self.send(address).await.bytes().await;
        body.expect("the server stays").len() as u64
    }

    async fn download(&self, address: &Url) -> u64 {
        let mut response = self.send(address).await;
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.expect("the server stays") {
            length += chunk.len() as u64;
        }
        length
    }
}
