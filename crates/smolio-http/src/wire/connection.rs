//! A client's connection, driven by whoever has a request on it: no task is spawned for it, so it needs no executor, and a
//! request that is dropped takes its socket along at once.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_lite::FutureExt;
use http_body::{Body as _, Frame};
use hyper::client::conn::http1;

use super::Io;
use crate::{body::Body, stream::Stream};

/// A connection over which one request after the other may go.
#[derive(Debug)]
pub(crate) struct Connection {
    sender: http1::SendRequest<Body>,
    driver: Driver,
}

/// hyper's half of the connection. It must be polled while anything is to move, and not once it has ended.
#[derive(Debug)]
struct Driver(Option<Pin<Box<http1::Connection<Io<Stream>, Body>>>>);

impl Driver {
    /// Moves what can be moved. Ready once the connection has ended, in whichever way: those who wait for something from it
    /// are told why.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(connection) = &mut self.0 else {
            return Poll::Ready(());
        };
        match connection.poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(_) => {
                self.0 = None;
                Poll::Ready(())
            }
        }
    }
}

/// A request that got no answer.
#[derive(Debug)]
pub(crate) struct SendFailure {
    pub(crate) error: hyper::Error,
    /// The request, if no byte of it was written.
    pub(crate) unsent: Option<http::Request<Body>>,
}

impl Connection {
    pub(crate) async fn new(stream: Stream) -> Result<Self, hyper::Error> {
        let (sender, connection) = http1::handshake(Io::new(stream)).await?;
        let driver = Driver(Some(Box::pin(connection)));
        Ok(Self { sender, driver })
    }

    /// Whether a request may be sent: not if the peer has hung up, or sent what nobody asked for.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> bool {
        self.driver.poll(cx).is_pending() && self.sender.is_ready()
    }

    /// Sends a request, and waits for the head of the answer.
    pub(crate) async fn send(
        mut self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Incoming>, SendFailure> {
        let mut response = pin!(self.sender.try_send_request(request));
        let outcome = poll_fn(|cx| {
            loop {
                let ended = self.driver.poll(cx).is_ready();
                match response.as_mut().poll(cx) {
                    Poll::Pending if ended => {}
                    outcome => return outcome,
                }
            }
        })
        .await;
        match outcome {
            Ok(response) => Ok(response.map(|body| Incoming {
                body,
                connection: Some(self),
            })),
            Err(mut failure) => {
                let unsent = failure.take_message();
                Err(SendFailure {
                    error: failure.into_error(),
                    unsent,
                })
            }
        }
    }
}

/// The body of an answer, and the connection that it comes over.
#[derive(Debug)]
pub(crate) struct Incoming {
    body: hyper::body::Incoming,
    connection: Option<Connection>,
}

impl Incoming {
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        loop {
            if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
                return Poll::Ready(frame);
            }
            let Some(connection) = &mut self.connection else {
                return Poll::Pending;
            };
            let ended = connection.driver.poll(cx).is_ready();
            // It has left a chunk, or said why there are no more.
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending if ended => self.connection = None,
                frame => return frame,
            }
        }
    }

    /// After the end of the body: the connection, if another request may go over it.
    pub(crate) fn take_connection(&mut self, cx: &mut Context<'_>) -> Option<Connection> {
        let mut connection = self.connection.take()?;
        connection.poll_open(cx).then_some(connection)
    }

    pub(crate) fn is_end(&self) -> bool {
        self.body.is_end_stream()
    }
}
