//! `SmolTransport`: requests go out and answers come in, over connections that are kept and used again.

use std::{
    collections::HashMap,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_core::Stream;
use http_body::Frame;
use smolio_net::open_connection;

use crate::{
    body::Body,
    error::{BodyError, BodyErrorKind, RequestError, RequestErrorKind},
    wire::{Connection, Incoming},
};

mod timeouts;

pub use timeouts::Timeouts;

/// Whom a connection leads to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Origin {
    host: String,
    port: u16,
}

/// Sends requests over connections of its own, and keeps those that can be used again. Cheap to clone: clones share them.
#[derive(Clone, Debug, Default)]
pub struct SmolTransport(Arc<Pool>);

#[derive(Debug, Default)]
struct Pool {
    /// The last one in is the first one out, so that those that are not needed grow old.
    idle: Mutex<HashMap<Origin, Vec<Connection>>>,
}

impl SmolTransport {
    /// With the defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a request, and waits for the head of the answer. The address must be a whole one (`http://host/path`).
    ///
    /// # Errors
    /// A [`RequestError`] when there is no answer.
    ///
    /// # Cancel safety
    /// When it is dropped, the connection is closed.
    pub async fn send(
        &self,
        mut request: http::Request<Body>,
    ) -> Result<http::Response<IncomingBody>, RequestError> {
        let origin = origin(request.uri())?;
        if !request.headers().contains_key(http::header::HOST) {
            let authority = request
                .uri()
                .authority()
                .map_or("", |authority| authority.as_str());
            let host = http::HeaderValue::from_str(authority)
                .map_err(|error| RequestError::new(RequestErrorKind::InvalidUrl).because(error))?;
            request.headers_mut().insert(http::header::HOST, host);
        }
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(http::Uri::default, http::Uri::from);
        loop {
            let (connection, reused) = match self.idle(&origin).await {
                Some(connection) => (connection, true),
                None => (connect(&origin).await?, false),
            };
            match connection.send(request).await {
                Ok(response) => {
                    return Ok(response.map(|incoming| IncomingBody {
                        incoming: Some(incoming),
                        origin,
                        pool: self.0.clone(),
                    }));
                }
                Err(failure) => match failure.unsent {
                    Some(unsent) if reused => request = unsent,
                    _ => {
                        return Err(RequestError::new(RequestErrorKind::Disconnected)
                            .because(failure.error));
                    }
                },
            }
        }
    }

    async fn idle(&self, origin: &Origin) -> Option<Connection> {
        loop {
            let mut connection = self.0.take(origin)?;
            if poll_fn(|cx| Poll::Ready(connection.poll_open(cx))).await {
                return Some(connection);
            }
        }
    }
}

impl Pool {
    fn take(&self, origin: &Origin) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.get_mut(origin)?.pop()
    }

    fn put(&self, origin: &Origin, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.entry(origin.clone()).or_default().push(connection);
    }
}

fn origin(address: &http::Uri) -> Result<Origin, RequestError> {
    let host = address
        .host()
        .ok_or_else(|| RequestError::new(RequestErrorKind::InvalidUrl))?;
    let port = address.port_u16().unwrap_or(80);
    Ok(Origin {
        host: host.to_owned(),
        port,
    })
}

async fn connect(origin: &Origin) -> Result<Connection, RequestError> {
    let address = (origin.host.as_str(), origin.port);
    let stream = open_connection(address)
        .await
        .map_err(|error| RequestError::new(RequestErrorKind::Connect).because(error))?;
    Connection::new(stream.into())
        .await
        .map_err(|error| RequestError::new(RequestErrorKind::Protocol).because(error))
}

/// The body of an answer, as it comes over the wire. When it has been read to its end the connection is used again; when it
/// is dropped before, the connection is closed.
#[derive(Debug)]
pub struct IncomingBody {
    /// None after the end, or a failure.
    incoming: Option<Incoming>,
    origin: Origin,
    pool: Arc<Pool>,
}

impl http_body::Body for IncomingBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(incoming) = &mut self.incoming else {
            return Poll::Ready(None);
        };
        match incoming.poll_frame(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(Some(Err(error))) => {
                self.incoming = None;
                let error = BodyError::new(BodyErrorKind::Disconnected).because(error);
                Poll::Ready(Some(Err(error)))
            }
            Poll::Ready(None) => {
                if let Some(connection) = incoming.take_connection(cx) {
                    self.pool.put(&self.origin, connection);
                }
                self.incoming = None;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end)
    }
}

/// The chunks of data; trailers are left out.
impl Stream for IncomingBody {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let frame = std::task::ready!(http_body::Body::poll_frame(self.as_mut(), cx));
            match frame.map(|frame| frame.map(Frame::into_data)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(Ok(data))) => return Poll::Ready(Some(Ok(data))),
                Some(Ok(Err(_))) => {}
            }
        }
    }
}
