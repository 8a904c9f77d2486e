//! What the tests share: a peer that does what a script says, and certificates for it.

pub(crate) mod certificates;
pub(crate) mod peer;
pub(crate) mod script;

use std::{future::Future, time::Duration};

use futures_lite::{FutureExt, StreamExt};
use smolio_http::IncomingBody;

/// Longer than anything takes on a machine that is busy, and shorter than anybody's patience.
pub(crate) const SAFETY: Duration = Duration::from_secs(20);

/// Runs a future on no executor of ours.
///
/// # Panics
/// If it takes too long: a test that would hang fails.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let alarm = async {
        async_io::Timer::after(SAFETY).await;
        panic!("this took longer than {SAFETY:?}");
    };
    futures_lite::future::block_on(future.or(alarm))
}

/// The body of an answer, which must come whole.
pub async fn read_all(body: &mut IncomingBody) -> Vec<u8> {
    let mut all = Vec::new();
    while let Some(chunk) = body.next().await {
        all.extend_from_slice(&chunk.unwrap());
    }
    all
}
