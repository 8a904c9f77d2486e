//! What a row asks of a client, so that each row is written once and all run the same work.

mod hyper_util;
mod ours;
mod reqwest;

use std::future::poll_fn;
use std::pin::Pin;

use ::http_body::Body;

pub(super) use self::hyper_util::HyperUtil;
pub(super) use self::ours::{Session, Surf, Transport};
pub(super) use self::reqwest::Reqwest;
use crate::library::Library;

/// A client that keeps its connections, used as its own documentation says.
pub(super) trait Client: Clone + Send + Sync + 'static {
    /// What it runs on.
    type Library: Library;

    /// An address in the form that costs it least to take.
    type Address: Clone + Send + Sync + 'static;

    /// One that keeps up to so many connections.
    fn new(connections: usize) -> Self;

    /// Takes the address of what is to be gotten.
    fn address(text: &str) -> Self::Address;

    /// Gets what is there, all of it, and gives its length.
    fn get(&self, address: &Self::Address) -> impl Future<Output = u64> + Send;

    /// The same for what is long: piece by piece, where [`get`](Self::get) holds it in memory.
    fn download(&self, address: &Self::Address) -> impl Future<Output = u64> + Send {
        self.get(address)
    }
}

/// Reads a body to its end, where that is left to the caller, and gives its length.
async fn drain<B>(mut body: B) -> u64
where
    B: Body<Data: AsRef<[u8]>, Error: std::fmt::Debug> + Unpin,
{
    let mut length = 0;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.expect("the server stays");
        length += frame
            .data_ref()
            .map_or(0, |data| data.as_ref().len() as u64);
    }
    length
}
