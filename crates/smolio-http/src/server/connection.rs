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

use futures_lite::{AsyncReadExt, FutureExt, future::poll_once};
use pin_project_lite::pin_project;
use smolio_context::{Unhandled, current_task, report_unhandled};
use smolio_task_group::{CancelToken, Or2, race};
use smolio_timer::timeout;

use super::{
    activity::{Activity, Alarm, Phase, Watch},
    exchange::Application,
    settings::Settings,
    site::Visit,
    stream::{Transport, Watched},
    upgrade::Upgraded,
};
#[cfg(feature = "http2")]
use crate::wire::Http2Connection;
use crate::wire::{Ending, Http1, Protocol, Respond, StreamGroup};

/// How long a client may take to hang up after an answer that it did not want to wait for.
const LINGER: Duration = Duration::from_secs(2);

/// What a connection needs: made by the server, used up here.
pub(super) struct Guest<A> {
    pub(super) service: A,
    pub(super) transport: Option<Transport>,
    pub(super) visit: Arc<Visit>,
    pub(super) closing: Closing,
}

impl<A> Guest<A>
where
    Application<A>: Respond,
{
    /// Answers requests until one side has had enough.
    pub(super) async fn serve<G: StreamGroup<Application<A>>>(mut self) {
        let Some(stream) = self.shake_hands().await else {
            return;
        };
        let Self {
            service,
            visit,
            mut closing,
            ..
        } = self;
        let application = Application::new(service, visit.clone());
        let head = visit.site.settings.head;
        #[cfg(feature = "http2")]
        if stream.is_http2() {
            let http2 = serve_http2::<_, G>(stream, application, &visit, closing);
            // Large, and seldom there.
            return Box::pin(http2).await;
        }
        let mut connection = Http1::new(stream, application, head);
        let ending = match drive(&mut connection, &visit, &mut closing).await {
            End::Protocol(ending) => ending,
            // There was nothing to wait for.
            End::Late(Phase::Idle) => return,
            End::Late(_) => return visit.site.counters.time_out(),
        };
        #[cfg_attr(
            not(feature = "http2"),
            expect(unused_variables, reason = "HTTP/2 needs it")
        )]
        let (mut stream, read, application) = connection.into_parts();
        let is_empty = read.is_empty();
        stream.put_back(read);
        match (ending, visit.take_upgrade()) {
            (Ending::Finished, Some(then)) => then(Upgraded::new(stream, closing.token)).await,
            (Ending::Finished, None) => linger(stream, &visit.activity, !is_empty).await,
            #[cfg(feature = "http2")]
            (Ending::Http2, _) => {
                let http2 = serve_http2::<_, G>(stream, application, &visit, closing);
                Box::pin(http2).await;
            }
            (Ending::Failed, _) => {}
            (_, _) => {
                visit.site.counters.refuse();
                linger(stream, &visit.activity, true).await;
            }
        }
    }

    /// The stream as it is, or one over TLS if the server has that and the client, too.
    async fn shake_hands(&mut self) -> Option<Watched> {
        let transport = self.transport.take()?;
        let site = &self.visit.site;
        let transport = match &site.tls {
            None => transport,
            Some(tls) => {
                let closing = self.closing.token.clone();
                let handshake = timeout(site.settings.header_timeout, tls.accept(transport));
                match race((handshake, closing)).await {
                    Or2::A(Ok(Ok(transport))) => transport,
                    Or2::A(Ok(Err(_))) => {
                        site.counters.refuse();
                        return None;
                    }
                    Or2::A(Err(_)) => {
                        site.counters.time_out();
                        return None;
                    }
                    // Nothing has been asked.
                    Or2::B(()) => return None,
                }
            }
        };
        Some(Watched::new(transport, self.visit.activity.clone()))
    }
}

/// The streams of the connection are its own children, so they end with it.
#[cfg(feature = "http2")]
async fn serve_http2<R, G>(stream: Watched, application: R, visit: &Visit, mut closing: Closing)
where
    R: Respond,
    G: StreamGroup<R>,
{
    let group = G::new();
    let head = visit.site.settings.head;
    let mut connection = Http2Connection::new(stream, application, head, group.streams());
    let end = group
        .run(async {
            let end = drive(&mut connection, visit, &mut closing).await;
            if matches!(end, End::Late(Phase::Idle)) {
                connection.finish();
                // The client is told, and no more than that.
                let _ = poll_once(poll_fn(|cx| connection.poll(cx))).await;
            }
            end
        })
        .await;
    match end {
        End::Late(Phase::Idle) | End::Protocol(_) => {}
        End::Late(_) => visit.site.counters.time_out(),
    }
}

/// Drives a connection until it ends, or is to be ended.
async fn drive<P: Protocol>(connection: &mut P, visit: &Visit, closing: &mut Closing) -> End {
    let mut clock = Clock::new(P::IS_MULTIPLEXED);
    poll_fn(|cx| {
        if closing.has_begun_just_now(cx) {
            // What had come by then is answered.
            visit.activity.close();
            visit.activity.look_again();
            if let Poll::Ready(ending) = connection.poll(cx) {
                return Poll::Ready(End::Protocol(ending));
            }
            connection.finish();
        }
        if let Poll::Ready(ending) = connection.poll(cx) {
            return Poll::Ready(End::Protocol(ending));
        }
        let settings = &visit.site.settings;
        clock.poll(settings, &visit.activity, cx).map(End::Late)
    })
    .await
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
    fn new(is_multiplexed: bool) -> Self {
        Self {
            watch: Watch::new(is_multiplexed),
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
async fn linger(mut stream: Watched, activity: &Activity, has_unread: bool) {
    if activity.has_seen_end() {
        return;
    }
    let mut scratch = vec![0; 4096];
    let is_needed = has_unread || activity.has_left_a_body() || {
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

/// The application once more. If that panics, it costs the client whom it was for.
pub(super) fn cloned<A: Clone>(application: &A) -> Option<A> {
    let clone = catch_unwind(AssertUnwindSafe(|| application.clone()));
    clone.map_err(|payload| report(&*payload)).ok()
}

fn report(payload: &(dyn Any + Send)) {
    report_unhandled(Unhandled::panic(current_task(), payload));
}
