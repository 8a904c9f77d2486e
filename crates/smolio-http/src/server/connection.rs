//! One connection, from its acceptance to its last byte.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_lite::{AsyncReadExt, FutureExt, future::poll_once};
use pin_project_lite::pin_project;
use smolio_context::{Unhandled, current_task, report_unhandled};
use smolio_task_group::CancelToken;
use smolio_timer::timeout;

use super::{
    activity::{Activity, Alarm, Phase, Watch},
    exchange::Application,
    settings::Settings,
    site::Visit,
    stream::{Transport, Watched},
    upgrade::Upgraded,
};
use crate::wire::{Ending, Http1, Respond};

/// How long a client may take to hang up after an answer that it did not want to wait for.
const LINGER: Duration = Duration::from_secs(2);

/// What a connection needs: made by the server, used up here.
pub(super) struct Guest<A> {
    pub(super) service: A,
    pub(super) transport: Transport,
    pub(super) visit: Arc<Visit>,
    pub(super) closing: Closing,
}

impl<A> Guest<A>
where
    Application<A>: Respond,
{
    /// Answers requests until one side has had enough.
    pub(super) async fn serve(self) {
        let Self {
            service,
            transport,
            visit,
            mut closing,
        } = self;
        let stream = Watched::new(transport, visit.activity.clone());
        let application = Application::new(service, visit.clone());
        let settings = &visit.site.settings;
        let mut connection = Http1::new(stream, application, settings.head);
        let mut clock = Clock::new();
        let end = poll_fn(|cx| {
            if closing.has_begun_just_now(cx) {
                // What had come by then is answered.
                visit.activity.look_again();
                if let Poll::Ready(ending) = connection.poll(cx) {
                    return Poll::Ready(End::Protocol(ending));
                }
                connection.finish();
            }
            if let Poll::Ready(ending) = connection.poll(cx) {
                return Poll::Ready(End::Protocol(ending));
            }
            clock.poll(settings, &visit.activity, cx).map(End::Late)
        })
        .await;
        let ending = match end {
            End::Protocol(ending) => ending,
            // There was nothing to wait for.
            End::Late(Phase::Idle) => return,
            End::Late(_) => return visit.site.counters.time_out(),
        };
        let (stream, read) = connection.into_stream();
        match (ending, visit.take_upgrade()) {
            (Ending::Finished, Some(then)) => {
                then(Upgraded::new(read, stream, closing.token)).await;
            }
            (Ending::Finished, None) => linger(stream, read, &visit.activity, false).await,
            (Ending::Refused | Ending::Http2, _) => {
                visit.site.counters.refuse();
                linger(stream, read, &visit.activity, true).await;
            }
            (Ending::Failed, _) => {}
        }
    }
}

enum End {
    Protocol(Ending),
    Late(Phase),
}

/// The limits of time of a connection.
struct Clock {
    watch: Watch,
    alarm: Alarm,
}

impl Clock {
    fn new() -> Self {
        Self {
            watch: Watch::new(),
            alarm: Alarm::new(),
        }
    }

    /// The phase that takes too long.
    fn poll(
        &mut self,
        settings: &Settings,
        activity: &Activity,
        cx: &mut Context<'_>,
    ) -> Poll<Phase> {
        let (phase, since) = self.watch.look(activity);
        let limit = match phase {
            Phase::Fresh | Phase::Head => settings.header_timeout,
            Phase::Idle => settings.keep_alive,
            Phase::Sending => settings.stall_timeout,
            Phase::Running => return Poll::Pending,
        };
        ready!(self.alarm.poll_at(since.saturating_add(limit), cx));
        Poll::Ready(phase)
    }
}

/// Whether the server closes. The token has a lock that all connections share, so it is asked once.
pub(super) struct Closing {
    token: CancelToken,
    waker: Option<Waker>,
    is_known: bool,
}

impl Closing {
    pub(super) fn new(token: CancelToken) -> Self {
        Self {
            token,
            waker: None,
            is_known: false,
        }
    }

    /// True once.
    fn has_begun_just_now(&mut self, cx: &mut Context<'_>) -> bool {
        if self.is_known {
            return false;
        }
        let is_waiting = self
            .waker
            .as_ref()
            .is_some_and(|waker| waker.will_wake(cx.waker()));
        if !is_waiting && self.token.poll(cx).is_pending() {
            self.waker = Some(cx.waker().clone());
        }
        self.is_known = self.token.is_cancelled();
        self.is_known
    }
}

/// Waits until the client has hung up, too, where something of it was not read or may still come: if the socket was closed
/// before, the system would tell the client that the connection is broken, and it might never see the answer.
async fn linger(mut stream: Watched, read: Bytes, activity: &Activity, was_refused: bool) {
    if activity.has_seen_end() {
        return;
    }
    let mut scratch = [0; 4096];
    let is_needed = was_refused || activity.has_left_a_body() || !read.is_empty() || {
        activity.look_again();
        matches!(poll_once(stream.read(&mut scratch)).await, Some(Ok(1..)))
    };
    if is_needed {
        let drain = async { while let Ok(1..) = stream.read(&mut scratch).await {} };
        // Whoever takes longer than that does not read the answer.
        let _ = timeout(LINGER, drain).await;
    }
}

pin_project! {
    /// A connection whose panic is reported, and goes no further.
    pub(super) struct Contained<F> {
        #[pin]
        connection: F,
    }
}

impl<F> Contained<F> {
    pub(super) fn new(connection: F) -> Self {
        Self { connection }
    }
}

impl<F: Future<Output = ()>> Future for Contained<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // After a panic it is not polled again, only dropped, as in any unwinding.
        let poll = AssertUnwindSafe(|| self.project().connection.poll(cx));
        catch_unwind(poll).unwrap_or_else(|payload| {
            report(&*payload);
            Poll::Ready(())
        })
    }
}

fn report(payload: &(dyn Any + Send)) {
    report_unhandled(Unhandled::panic(current_task(), payload));
}
