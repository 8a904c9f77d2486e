//! Ours, in layers: the transport, and what stands on it.

use http::{Request, Uri};
use smol::io::AsyncReadExt;
use smolio_http::{Body, ClientSession, SmolTransport};
use url::Url;

use super::{Client, drain};
use crate::library::Ours;

/// As much as is read at once through surf's responses, which leave it to the caller.
const PIECE: usize = 16 * 1024;

/// A session that may have so many connections: without being told it has a hundred at the most, as aiohttp's.
fn session(connections: usize) -> ClientSession {
    let builder = ClientSession::builder().connections(connections);
    builder.build().expect("the settings are right")
}

/// What programs use.
#[derive(Clone)]
pub(in crate::http) struct Session(ClientSession);

impl Client for Session {
    type Library = Ours;
    type Address = Url;

    fn new(connections: usize) -> Self {
        Self(session(connections))
    }

    fn address(text: &str) -> Url {
        text.parse().expect("the address is right")
    }

    async fn get(&self, address: &Url) -> u64 {
        let response = self.0.get(address).await.expect("the server answers");
        response.bytes().await.expect("the server stays").len() as u64
    }

    async fn download(&self, address: &Url) -> u64 {
        let mut response = self.0.get(address).await.expect("the server answers");
        let mut length = 0;
        while let Some(chunk) = response.chunk().await.expect("the server stays") {
            length += chunk.len() as u64;
        }
        length
    }
}

/// The transport alone: it keeps connections, and knows nothing of redirects, cookies or limits.
#[derive(Clone)]
pub(in crate::http) struct Transport(SmolTransport);

impl Client for Transport {
    type Library = Ours;
    type Address = Uri;

    fn new(connections: usize) -> Self {
        Self(SmolTransport::builder().connections(connections).build())
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

/// surf's own client, whose requests go through the session's transport.
#[derive(Clone)]
pub(in crate::http) struct Surf(surf::Client);

impl Client for Surf {
    type Library = Ours;
    type Address = Url;

    fn new(connections: usize) -> Self {
        Self(session(connections).surf())
    }

    fn address(text: &str) -> Url {
        text.parse().expect("the address is right")
    }

    async fn get(&self, address: &Url) -> u64 {
        // By `send`: what surf does when a request is awaited boxes it once more.
        let request = self.0.get(address).build();
        let mut response = self.0.send(request).await.expect("the server answers");
        let (mut length, mut piece) = (0, [0; PIECE]);
        loop {
            match response.read(&mut piece).await.expect("the server stays") {
                0 => return length,
                count => length += count as u64,
            }
        }
    }
}
