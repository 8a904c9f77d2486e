//! `Upgrade`: a connection that goes on in another protocol.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use http::{Method, Request, Version, header};
use smolio_task_group::CancelToken;

use super::stream::Watched;

/// What goes on with the stream.
pub(super) type Then = Box<dyn FnOnce(Upgraded) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// The way out of HTTP: an extension of each request over HTTP/1.1 that asks for another protocol.
///
/// Say what is to be done with the stream by [`then`](Self::then), and answer with `101 Switching Protocols` (or, to a `CONNECT`,
/// with any success). What was given runs as a part of the connection, so it ends with the server at the latest: nothing is
/// spawned, and nothing is left behind.
///
/// ```
/// use futures_lite::AsyncWriteExt;
/// use http::{Request, Response, StatusCode};
/// use smolio_http::{Body, server::{RequestBody, Upgrade, Upgraded}};
///
/// async fn chat(request: Request<RequestBody>) -> Response<Body> {
///     let Some(upgrade) = request.extensions().get::<Upgrade>() else {
///         return Response::builder().status(StatusCode::UPGRADE_REQUIRED).body(Body::empty()).unwrap();
///     };
///     upgrade.then(|mut stream: Upgraded| async move {
///         let _ = stream.write_all(b"hello").await;
///     });
///     Response::builder()
///         .status(StatusCode::SWITCHING_PROTOCOLS)
///         .header("connection", "upgrade")
///         .header("upgrade", "chat")
///         .body(Body::empty())
///         .unwrap()
/// }
/// ```
#[doc(alias = "WebSocketResponse")]
#[derive(Clone)]
pub struct Upgrade(Arc<Mutex<Option<Then>>>);

impl Upgrade {
    pub(super) fn of<B>(request: &Request<B>) -> Option<Self> {
        let is_one = request.version() == Version::HTTP_11
            && (request.method() == Method::CONNECT
                || request.headers().contains_key(header::UPGRADE));
        is_one.then(|| Self(Arc::default()))
    }

    /// What is to be done with the stream once the answer has been sent. The last one counts.
    ///
    /// A panic of it is reported to the unhandled hook, and concerns nobody else.
    pub fn then<F, R>(&self, run: F)
    where
        F: FnOnce(Upgraded) -> R + Send + 'static,
        R: IntoFuture<Output = (), IntoFuture: Send + 'static>,
    {
        let then: Then = Box::new(|stream| Box::pin(run(stream).into_future()));
        let former = self.lock().replace(then);
        drop(former);
    }

    pub(super) fn take(&self) -> Option<Then> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Then>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}

/// The stream of a connection that has left HTTP. It is closed when it is dropped.
pub struct Upgraded {
    stream: Watched,
    closing: CancelToken,
}

impl Upgraded {
    pub(super) fn new(stream: Watched, closing: CancelToken) -> Self {
        Self { stream, closing }
    }

    /// Set when the server closes: it is time to say goodbye, before the grace is over.
    pub fn closing(&self) -> CancelToken {
        self.closing.clone()
    }
}

impl std::fmt::Debug for Upgraded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upgraded").finish_non_exhaustive()
    }
}

crate::stream::read_and_write_inner!(Upgraded, stream);
