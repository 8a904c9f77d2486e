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

use super::{activity::Outlet, exchange::Ticket};

pin_project! {
    /// The exchange lasts until this is dropped.
    pub(crate) struct ResponseBody<B> {
        #[pin]
        body: Content<B>,
        promise: Option<Promise>,
        // It is told as soon as what came before has had its chance to be sent.
        has_failed: bool,
        outlet: Option<Outlet>,
        ticket: Box<Ticket>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let over = AssertUnwindSafe(|| this.body.set(Content::Over));
            if let Err(payload) = catch_unwind(over) {
                this.ticket
                    .has_panicked("a destructor of the body of the response", &*payload);
            }
        }
    }
}

pin_project! {
    #[project = ContentProjection]
    enum Content<B> {
        Application { #[pin] body: B },
        Text { text: Option<&'static str> },
        Over,
    }
}

/// What the head says that there is.
#[derive(Clone, Copy, Debug)]
struct Promise {
    length: u64,
    left: u64,
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
    pub(super) fn new(body: B, promise: Option<u64>, ticket: Box<Ticket>) -> Self {
        let promise = promise.map(|length| Promise {
            length,
            left: length,
        });
        let outlet = ticket.outlet();
        Self::of(Content::Application { body }, promise, outlet, ticket)
    }

    pub(super) fn text(text: &'static str, ticket: Box<Ticket>) -> Self {
        let text = Some(text);
        Self::of(Content::Text { text }, None, None, ticket)
    }

    /// For an answer that is its head alone.
    pub(super) fn none(ticket: Box<Ticket>) -> Self {
        Self::of(Content::Over, None, None, ticket)
    }

    fn of(
        body: Content<B>,
        promise: Option<Promise>,
        outlet: Option<Outlet>,
        ticket: Box<Ticket>,
    ) -> Self {
        Self {
            body,
            promise,
            has_failed: false,
            outlet,
            ticket,
        }
    }

    /// Whether nothing is owed. Otherwise the end has to be looked at.
    fn is_kept(&self) -> bool {
        self.promise.is_none_or(|promise| promise.left == 0)
    }
}

impl Promise {
    /// What is wrong with so many bytes more.
    fn give(&mut self, count: usize) -> Result<(), String> {
        let Promise { length, left } = *self;
        self.left = left
            .checked_sub(count as u64)
            .ok_or_else(|| format!("it is longer than its content-length of {length} bytes"))?;
        Ok(())
    }

    /// What is wrong with its end.
    fn end(self) -> Result<(), String> {
        let Promise { length, left } = self;
        if left == 0 {
            return Ok(());
        }
        let given = length - left;
        Err(format!(
            "it ended after {given} bytes, of a content-length of {length}"
        ))
    }
}

const WHO: &str = "the body of the response";

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
        if *this.has_failed {
            return Poll::Ready(Some(Err(ResponseFailed)));
        }
        if let Some(outlet) = this.outlet {
            outlet.open();
        }
        let body = match this.body.project() {
            ContentProjection::Application { body } => body,
            ContentProjection::Text { text } => {
                let text = text.take().map(|text| {
                    this.ticket.has_sent(text.len());
                    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
                });
                return Poll::Ready(text);
            }
            ContentProjection::Over => return Poll::Ready(None),
        };
        // Without a copy where they are `Bytes` already.
        let whole = |mut data: B::Data| data.copy_to_bytes(data.remaining());
        let poll = || body.poll_frame(cx).map_ok(|frame| frame.map_data(whole));
        let outcome = match catch_unwind(AssertUnwindSafe(poll)) {
            Err(payload) => {
                this.ticket.has_panicked(WHO, &*payload);
                Err(None)
            }
            Ok(frame) => match ready!(frame) {
                None => match this.promise.map_or(Ok(()), Promise::end) {
                    Ok(()) => Ok(None),
                    Err(error) => Err(Some(error.into())),
                },
                Some(Ok(frame)) => {
                    let count = frame.data_ref().map_or(0, Bytes::len);
                    let promise = this.promise.as_mut();
                    match promise.map_or(Ok(()), |promise| promise.give(count)) {
                        Ok(()) => {
                            this.ticket.has_sent(count);
                            Ok(Some(Ok(frame)))
                        }
                        Err(error) => Err(Some(error.into())),
                    }
                }
                Some(Err(error)) => Err(Some(error.into())),
            },
        };
        let frame = match outcome {
            Ok(frame) => frame,
            Err(error) => {
                if let Some(error) = error {
                    this.ticket.has_failed(WHO, error);
                }
                // An error ends the connection, and what waits to be written with it. When nothing comes for now it is written.
                *this.has_failed = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        };
        if let Some(outlet) = this.outlet {
            outlet.shut();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Content::Application { body } => self.is_kept() && body.is_end_stream(),
            Content::Text { text } => text.is_none(),
            Content::Over => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Content::Application { body } => body.size_hint(),
            Content::Text { text } => {
                SizeHint::with_exact(text.map_or(0, |text| text.len() as u64))
            }
            Content::Over => SizeHint::with_exact(0),
        }
    }
}
