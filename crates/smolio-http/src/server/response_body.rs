//! The body of a response: the application's, whose failures concern nobody else, or a few words of ours.

use std::{
    error::Error,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::Ticket;

pin_project! {
    /// The exchange lasts until this is dropped.
    pub(crate) struct ResponseBody<B> {
        #[pin]
        body: Content<B>,
        ticket: Box<Ticket>,
    }
}

pin_project! {
    #[project = ContentProjection]
    enum Content<B> {
        Application { #[pin] body: B },
        Text { text: Option<&'static str> },
    }
}

/// Why a response is cut short. The reason has been reported by then.
#[derive(Debug)]
pub(crate) struct ResponseFailed;

impl fmt::Display for ResponseFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body of the response failed")
    }
}

impl Error for ResponseFailed {}

impl<B> ResponseBody<B> {
    pub(super) fn new(body: B, ticket: Box<Ticket>) -> Self {
        let body = Content::Application { body };
        Self { body, ticket }
    }

    pub(super) fn text(text: &'static str, ticket: Box<Ticket>) -> Self {
        let body = Content::Text { text: Some(text) };
        Self { body, ticket }
    }
}

impl<B> http_body::Body for ResponseBody<B>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = ResponseFailed;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ResponseFailed>>> {
        let this = self.project();
        let body = match this.body.project() {
            ContentProjection::Application { body } => body,
            ContentProjection::Text { text } => {
                let text = text.take().map(|text| {
                    this.ticket.has_sent(text.len());
                    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
                });
                return Poll::Ready(text);
            }
        };
        // Without a copy where they are `Bytes` already.
        let whole = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        let poll = || body.poll_frame(cx).map_ok(|frame| frame.map_data(whole));
        match catch_unwind(AssertUnwindSafe(poll)) {
            Err(payload) => {
                this.ticket
                    .has_panicked("the body of the response", &*payload);
                Poll::Ready(Some(Err(ResponseFailed)))
            }
            Ok(frame) => Poll::Ready(match ready!(frame) {
                None => None,
                Some(Ok(frame)) => {
                    this.ticket.has_sent(frame.data_ref().map_or(0, Bytes::len));
                    Some(Ok(frame))
                }
                Some(Err(error)) => {
                    this.ticket
                        .has_failed("the body of the response", &*error.into());
                    Some(Err(ResponseFailed))
                }
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Content::Application { body } => body.is_end_stream(),
            Content::Text { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Content::Application { body } => body.size_hint(),
            Content::Text { text } => {
                SizeHint::with_exact(text.map_or(0, |text| text.len() as u64))
            }
        }
    }
}
