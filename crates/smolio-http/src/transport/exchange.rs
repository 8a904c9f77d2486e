//! One exchange over a connection that is there: the request goes out, and the head of the answer comes in.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use smolio_context::waiting_for;

use super::{
    alarm::{Alarm, Limits, TimedOut},
    incoming::{Hold, IncomingBody},
    place::Place,
    pool::Kept,
    prepare::repeatable,
};
#[cfg(feature = "http2")]
use super::{
    origin::Origin,
    prepare::{copy, for_http2, is_repeatable},
    shared::SharedStream,
};
#[cfg(feature = "http2")]
use crate::wire::Multiplexed;
use crate::{
    body::Body,
    error::{Phase, RequestError, RequestErrorKind},
    wire::{Incoming, Line, SendFailure, Sending},
};

/// To see whether a connection is still open costs a system call. One that was in use up to now is as good as certain to be,
/// so that this is left out where the request may be sent again if it was not.
const FRESH: Duration = Duration::from_millis(1);

pub(super) type Answer = http::Response<IncomingBody>;

/// What became of a request over a connection that had served before.
pub(super) enum Sent {
    Answered(Answer),
    /// The connection was closed meanwhile; the request may be sent over another.
    Unused(Unused),
}

pub(super) struct Unused {
    /// That of the connection, where it was not shared.
    pub(super) place: Option<Place>,
    pub(super) limits: Limits,
    pub(super) request: http::Request<Body>,
}

/// A request that was not answered, and what it had.
pub(super) struct Unanswered {
    pub(super) error: RequestError,
    unsent: Option<http::Request<Body>>,
    place: Place,
    limits: Limits,
}

/// Sends a request over a connection that has served before, if it is still open.
pub(super) async fn send_again(
    mut kept: Kept,
    place: Place,
    limits: Limits,
    request: http::Request<Body>,
) -> Result<Sent, RequestError> {
    let unused = |place, limits, request| {
        let place = Some(place);
        Ok(Sent::Unused(Unused {
            place,
            limits,
            request,
        }))
    };
    let copy = repeatable(&request);
    let is_fresh = kept.had_body && kept.since.elapsed() < FRESH;
    if copy.is_none() || !is_fresh {
        let is_open = poll_fn(|cx| Poll::Ready(kept.connection.poll_still_open(cx))).await;
        if !is_open {
            return unused(place, limits, request);
        }
    }
    match send_over(kept, place, limits, request).await {
        Ok(answer) => Ok(Sent::Answered(answer)),
        Err(failure) => {
            let may_repeat = failure.error.kind() == RequestErrorKind::Disconnected;
            match failure.unsent.or(copy.filter(|_| may_repeat)) {
                Some(request) => unused(failure.place, failure.limits, request),
                None => Err(failure.error),
            }
        }
    }
}

/// Sends a request over a connection of its own.
pub(super) async fn send_over(
    kept: Kept,
    place: Place,
    mut limits: Limits,
    request: http::Request<Body>,
) -> Result<Answer, Unanswered> {
    let Kept {
        connection,
        mut alarm,
        ..
    } = kept;
    let line = connection.line();
    let sending = connection.send(request);
    match watch(sending, &line, &mut limits, &mut alarm).await {
        Ok(answer) => Ok(answered(answer, Hold::Place(place), alarm, limits).await),
        Err(failure) => Err(Unanswered {
            error: failure.error,
            unsent: failure.unsent.map(|request| *request),
            place,
            limits,
        }),
    }
}

/// Sends a request over a connection that it shares with others. When it may be sent again, over another connection, it is
/// given back if `again` says so.
#[cfg(feature = "http2")]
pub(super) async fn send_shared(
    stream: SharedStream,
    origin: &Origin,
    mut limits: Limits,
    request: http::Request<Body>,
    again: bool,
) -> Result<Sent, RequestError> {
    let request = for_http2(request, origin)?;
    let is_repeatable = is_repeatable(&request);
    let copy = if again { copy(&request) } else { None };
    let mut alarm = Alarm::default();
    let line = Multiplexed::line();
    let sending = stream.connection.clone().send(request, line.clone());
    match watch(sending, &line, &mut limits, &mut alarm).await {
        Ok(answer) => {
            let hold = Hold::Stream { _stream: stream };
            Ok(Sent::Answered(answered(answer, hold, alarm, limits).await))
        }
        Err(failure) => {
            let is_harmless = failure.is_unprocessed
                || is_repeatable && failure.error.kind() == RequestErrorKind::Disconnected;
            let unsent = failure.unsent.filter(|_| again).map(|request| *request);
            match unsent.or(copy.filter(|_| is_harmless)) {
                Some(request) => Ok(Sent::Unused(Unused {
                    place: None,
                    limits,
                    request,
                })),
                None => Err(failure.error),
            }
        }
    }
}

/// Waits for the head of an answer, within the limits.
async fn watch(
    sending: impl Future<Output = Result<http::Response<Incoming>, SendFailure>>,
    line: &Line,
    limits: &mut Limits,
    alarm: &mut Alarm,
) -> Result<http::Response<Incoming>, SendFailure> {
    let mut sending = pin!(sending);
    let mut stage = None;
    limits.pause();
    poll_fn(|cx| {
        if let Poll::Ready(outcome) = sending.as_mut().poll(cx) {
            return Poll::Ready(outcome);
        }
        let now_at = line.sending();
        // Each piece that the peer takes begins the limit anew.
        let has_written = line.take_written();
        if stage.replace(now_at) != Some(now_at) || has_written {
            match now_at {
                Sending::Done => limits.begin(Phase::FirstByte),
                Sending::Writing => limits.begin(Phase::Stall),
                Sending::Starved => limits.pause(),
            }
        }
        let late = limits.poll(alarm, cx);
        if late.is_pending() {
            waiting_for(|| "the answer to a request".to_owned());
        }
        late.map(|late| Err(SendFailure::of(timed_out(late))))
    })
    .await
}

async fn answered(
    answer: http::Response<Incoming>,
    hold: Hold,
    alarm: Alarm,
    limits: Limits,
) -> Answer {
    let (head, incoming) = answer.into_parts();
    let mut body = IncomingBody::new(incoming, hold, alarm, limits);
    // Two lengths: somebody on the way may have believed the other one, and wait for more (RFC 9112, section 6.3).
    if head.headers.contains_key(CONTENT_LENGTH) && head.headers.contains_key(TRANSFER_ENCODING) {
        body.close_after();
    }
    // Without a body there is nothing to wait for.
    poll_fn(|cx| {
        body.end_if_over(cx);
        Poll::Ready(())
    })
    .await;
    http::Response::from_parts(head, body)
}

pub(super) fn timed_out(TimedOut { phase, limit }: TimedOut) -> RequestError {
    RequestError::new(RequestErrorKind::TimedOut { phase, limit })
}
