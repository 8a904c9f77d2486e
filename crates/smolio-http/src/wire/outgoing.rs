//! The body of a request on its way to hyper.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::line::{Line, Sending};
use crate::body::Body;

/// A body that keeps to the length that it has declared, and says how far it is.
#[derive(Debug)]
pub(super) struct Outgoing {
    body: Body,
    /// Bytes that are still to come, where that is known.
    left: Option<u64>,
    line: Arc<Line>,
}

impl Outgoing {
    pub(super) fn new(body: Body, line: Arc<Line>) -> Self {
        let left = body.length();
        line.set_sending(match left {
            Some(0) => Sending::Done,
            _ => Sending::Writing,
        });
        Self { body, left, line }
    }

    /// The body of a request that was not sent.
    pub(super) fn into_body(self) -> Body {
        self.body
    }

    fn fail(&self, reason: String) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let error = io::Error::new(io::ErrorKind::InvalidData, reason);
        Poll::Ready(Some(Err(self.line.fail_body(error))))
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.line.note_progress();
        }
        self.line.set_sending(match &frame {
            Poll::Pending => Sending::Starved,
            Poll::Ready(Some(Ok(_))) => Sending::Writing,
            Poll::Ready(_) => Sending::Done,
        });
        match frame {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(self.line.fail_body(error)))),
            Poll::Ready(None) => match self.left {
                Some(left @ 1..) => self.fail(format!("it ended {left} bytes before its length")),
                _ => Poll::Ready(None),
            },
            Poll::Ready(Some(Ok(frame))) => {
                if let (Some(left), Some(data)) = (self.left, frame.data_ref()) {
                    let Some(left) = left.checked_sub(data.len() as u64) else {
                        let surplus = data.len() as u64 - left;
                        return self.fail(format!("it is {surplus} bytes longer than its length"));
                    };
                    self.left = Some(left);
                    if left == 0 && self.body.is_end_stream() {
                        self.line.set_sending(Sending::Done);
                    }
                }
                Poll::Ready(Some(Ok(frame)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_none_or(|left| left == 0) && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.left
            .map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
