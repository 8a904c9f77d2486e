//! What the tests share: a peer that does what a script says, certificates for it, and short ways to ask it.

pub(crate) mod certificates;
#[cfg(feature = "http2")]
pub(crate) mod http2;
pub(crate) mod peer;
pub(crate) mod script;
pub(crate) mod tunnel;

use std::{future::Future, time::Duration};

use futures_lite::FutureExt;
use smolio_http::{Body, BodyError, IncomingBody, RequestError, SmolTransport};

/// Longer than anything takes on a machine that is busy, and shorter than anybody's patience.
pub(crate) const SAFETY: Duration = Duration::from_secs(20);

/// Runs a future on no executor of ours.
///
/// # Panics
/// If it takes too long: a test that would hang fails.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    futures_lite::future::block_on(bounded(future))
}

/// The same future, if it does not take too long.
pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    let alarm = async {
        async_io::Timer::after(SAFETY).await;
        panic!("this took longer than {SAFETY:?}");
    };
    future.or(alarm).await
}

/// The body of an answer, as far as it comes.
pub(crate) async fn read(body: &mut IncomingBody) -> Result<Vec<u8>, BodyError> {
    let mut all = Vec::new();
    while let Some(chunk) = body.next().await {
        all.extend_from_slice(&chunk?);
    }
    Ok(all)
}

/// The body of an answer, which must come whole.
pub(crate) async fn read_all(body: &mut IncomingBody) -> Vec<u8> {
    read(body).await.unwrap()
}

/// A request without a body.
pub(crate) fn get(url: &str) -> http::Request<Body> {
    http::Request::get(url).body(Body::empty()).unwrap()
}

/// The answer to a request without a body, with all that comes.
pub(crate) async fn fetch(
    transport: &SmolTransport,
    url: &str,
) -> Result<http::Response<Vec<u8>>, RequestError> {
    let mut answer = transport.send(get(url)).await?;
    let body = read_all(answer.body_mut()).await;
    Ok(answer.map(|_| body))
}

/// That nobody has anything of a transport, nor waits for it.
#[track_caller]
pub(crate) fn assert_at_rest(transport: &SmolTransport) {
    let stats = transport.stats();
    assert_eq!((stats.in_use, stats.waiting), (0, 0), "{stats:?}");
}
