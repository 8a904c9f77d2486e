//! A client's connection of HTTP/2, over which many requests go at the same time: none of them could drive it for the others, so
//! that is a task's work.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use hyper::{client::conn::http2, rt::Executor};
use smolio_executor::Handle;

use super::{
    Io,
    connection::{Incoming, SendFailure},
    failure::request_error,
    line::Line,
    outgoing::Outgoing,
};
use crate::{body::Body, error::RequestError, stream::Stream};

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The head of an answer may be so large: as with HTTP/1.1.
const MAX_HEAD: u32 = 256 * 1024;

/// What a server may send before it has to wait for us, on one stream and on all of a connection: enough for a gigabit over
/// 40 ms and 130 ms. hyper has as much.
const STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 5 * 1024 * 1024;

/// Runs the tasks of connections.
#[derive(Clone)]
pub(crate) struct Spawner(Arc<dyn Fn(Task) + Send + Sync>);

impl Spawner {
    pub(crate) fn new(spawn: impl Fn(Task) + Send + Sync + 'static) -> Self {
        Self(Arc::new(spawn))
    }

    /// On the loop of the caller, if there is one. When that ends, the task ends, and so does its connection.
    pub(crate) fn of_this_loop() -> Option<Self> {
        let handle = Handle::current()?;
        Some(Self::new(move |task| {
            // A loop that is closing drops it, and the connection with it: its requests fail.
            if let Ok(task) = handle.spawn(task) {
                task.detach();
            }
        }))
    }
}

impl fmt::Debug for Spawner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spawner")
    }
}

impl<F: Future + Send + 'static> Executor<F> for Spawner {
    fn execute(&self, future: F) {
        (self.0)(Box::pin(async {
            future.await;
        }));
    }
}

/// A connection over which many requests go. Clones share it; it is closed when the last clone is dropped, and the last answer.
#[derive(Clone, Debug)]
pub(crate) struct Multiplexed {
    sender: http2::SendRequest<Outgoing>,
}

impl Multiplexed {
    pub(crate) async fn new(stream: Stream, spawner: Spawner) -> Result<Self, RequestError> {
        let mut builder = http2::Builder::new(spawner.clone());
        builder
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEAD);
        match builder.handshake(Io::new(stream)).await {
            Ok((sender, connection)) => {
                spawner.execute(async move {
                    // Each of its requests is told what went wrong.
                    let _ = connection.await;
                });
                Ok(Self { sender })
            }
            Err(error) => Err(request_error(&error, &Line::new())),
        }
    }

    /// Whether requests may be sent over it: not once the peer has said goodbye.
    pub(crate) fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// How far a request is.
    pub(crate) fn line() -> Arc<Line> {
        Line::new()
    }

    /// Sends a request, and waits for the head of the answer. Dropped, it takes its stream back, and nothing else.
    pub(crate) async fn send(
        mut self,
        request: http::Request<Body>,
        line: Arc<Line>,
    ) -> Result<http::Response<Incoming>, SendFailure> {
        let request = request.map(|body| Outgoing::new(body, line.clone()));
        match self.sender.try_send_request(request).await {
            Ok(response) => Ok(response.map(Incoming::over_http2)),
            Err(mut failure) => {
                let unsent = failure.take_message();
                let error = failure.into_error();
                Err(SendFailure {
                    unsent: unsent.map(|request| Box::new(request.map(Outgoing::into_body))),
                    is_unprocessed: is_unprocessed(&error),
                    error: request_error(&error, &line),
                })
            }
        }
    }
}

/// Whether the server promises that it has done nothing (RFC 9113, section 8.7). What comes after a `GOAWAY` without an error
/// has been left alone as well.
fn is_unprocessed(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|source| source.downcast_ref::<h2::Error>());
    error.is_some_and(|error| match error.reason() {
        Some(h2::Reason::REFUSED_STREAM) => true,
        Some(h2::Reason::NO_ERROR) => error.is_go_away() && error.is_remote(),
        _ => false,
    })
}
