//! A client's request that asks to go on in another protocol, over a connection that is made for it.

use std::{future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use http::{Request, StatusCode, response::Parts};
use hyper::client::conn::http1;

use super::{Io, connection::MAX_HEAD, failure::request_error, line::Line};
use crate::{body::Body, error::RequestError, stream::Stream};

/// The answer to such a request. The stream, and what was read beside the answer, are there if the server agreed.
pub(crate) struct Switched {
    pub(crate) head: Parts,
    pub(crate) stream: Option<(Stream, Bytes)>,
}

/// Sends a request that asks for another protocol, and waits for the answer.
pub(crate) async fn switch(
    stream: Stream,
    request: Request<Body>,
) -> Result<Switched, RequestError> {
    let line = Line::new();
    let failed = |error: hyper::Error| request_error(&error, &line);
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD).max_header_size(MAX_HEAD);
    let handshake = builder.handshake(Io::new(stream)).await;
    let (mut sender, mut connection) = handshake.map_err(failed)?;
    let answer = {
        let mut answer = pin!(sender.send_request(request));
        poll_fn(|cx| {
            loop {
                // When it has ended in whichever way, the answer is there, or why there is none.
                let ended = connection.poll_without_shutdown(cx).is_ready();
                match answer.as_mut().poll(cx) {
                    Poll::Pending if ended => {}
                    answer => return answer,
                }
            }
        })
        .await
        .map_err(failed)?
    };
    let (head, _) = answer.into_parts();
    let stream = (head.status == StatusCode::SWITCHING_PROTOCOLS).then(|| {
        let parts = connection.into_parts();
        (parts.io.into_inner(), parts.read_buf)
    });
    Ok(Switched { head, stream })
}
