//! From a request to its answer: through cookies, turns, retries and redirects.

use std::{
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::atomic::Ordering,
    task::{Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use http::{HeaderMap, Method, StatusCode, Uri, header};
use smolio_context::Instant;
use smolio_timer::{move_on_after, sleep, timeout};
use url::Position;

use super::{
    ClientSession, Session,
    decoding::ResponseBody,
    redirect::{self, Redirect},
    request::{Draft, replace_headers},
    response::Response,
};
use crate::{
    body::Body,
    error::{Phase, RequestError, RequestErrorKind},
    transport::{IncomingBody, Timeouts},
};

/// What is read of the body of an answer that nobody wants, so that the connection can be used again. More of it costs more
/// than a new connection does.
const DRAINED: usize = 16 * 1024;
/// And no longer than that.
const DRAIN_TIME: Duration = Duration::from_millis(250);

/// Sends a request, and follows where it is sent.
pub(super) async fn exchange(
    session: ClientSession,
    draft: Box<Draft>,
) -> Result<Response, RequestError> {
    let mut exchange = Exchange::new(session, draft);
    match exchange.follow().await {
        Ok(answer) => Ok(exchange.response(answer)),
        Err(error) => Err(exchange.error(error)),
    }
}

/// A request as it is sent at first, for whoever has a way of its own to send it.
#[cfg(feature = "websocket")]
pub(super) fn prepared(
    session: ClientSession,
    draft: Box<Draft>,
) -> Result<http::Request<Body>, RequestError> {
    Exchange::new(session, draft).request()
}

/// A request that is under way.
struct Exchange {
    session: ClientSession,
    /// As it is to be sent next, or was sent last.
    draft: Box<Draft>,
    redirects: usize,
    decompresses: bool,
    /// Whether the credentials of the session are for this host.
    is_trusted: bool,
    history: Vec<Redirect>,
    timeouts: Timeouts,
    began: Instant,
    /// Whether some of the time has been used already.
    is_under_way: bool,
}

impl Exchange {
    fn new(session: ClientSession, draft: Box<Draft>) -> Self {
        let settings = &session.0.settings;
        Self {
            redirects: draft.redirects.unwrap_or(settings.redirects),
            decompresses: draft.decompresses.unwrap_or(settings.decompresses),
            is_trusted: (settings.base_url.as_ref())
                .is_none_or(|base| redirect::is_same_origin(base, &draft.url)),
            history: Vec::new(),
            timeouts: draft.timeouts.unwrap_or(settings.timeouts),
            began: Instant::now(),
            is_under_way: false,
            draft,
            session,
        }
    }

    async fn follow(&mut self) -> Result<http::Response<IncomingBody>, RequestError> {
        if self.session.0.is_closed.load(Ordering::Relaxed) {
            return Err(RequestError::new(RequestErrorKind::Closed));
        }
        if let Some(path) = self.draft.file.take() {
            let failed = |error| RequestError::new(RequestErrorKind::RequestBody).because(error);
            self.draft.body = Box::pin(Body::file(path)).await.map_err(failed)?;
        }
        if let Some(report) = self.draft.on_upload.take() {
            self.draft.body = mem::take(&mut self.draft.body).watched(report);
        }
        loop {
            let (answer, spare) = self.answer().await?;
            let status = answer.status();
            if self.redirects == 0 {
                return Ok(answer);
            }
            let Some(target) = redirect::target(&self.draft.url, status, answer.headers())? else {
                return Ok(answer);
            };
            if self.history.len() == self.redirects {
                let limit = self.redirects;
                return Err(RequestError::new(RequestErrorKind::TooManyRedirects {
                    limit,
                }));
            }
            // In a box, since it is seldom: the future of each request would be larger by it.
            Box::pin(drain(answer.into_body())).await;
            self.is_under_way = true;
            let keeps_body = !redirect::becomes_get(&self.draft.method, status);
            self.is_trusted &= redirect::is_same_origin(&self.draft.url, &target);
            let former = redirect::turn(&mut self.draft, status, target);
            self.history.push(Redirect::new(status, former));
            if keeps_body {
                self.draft.body =
                    spare.ok_or_else(|| RequestError::new(RequestErrorKind::BodyNotReplayable))?;
            }
        }
    }

    /// Sends the request as it is now, again if that is wanted. It gives the answer, and the body to send once more if there
    /// can be one.
    async fn answer(
        &mut self,
    ) -> Result<(http::Response<IncomingBody>, Option<Body>), RequestError> {
        let session = self.session.clone();
        let Session {
            settings,
            transport,
            ..
        } = &*session.0;
        let mut retries = 0;
        loop {
            if let Some(politeness) = &settings.politeness {
                let host = self.host().to_owned();
                Box::pin(self.wait(politeness.turn(&host))).await?;
            }
            let spare = self.draft.body.try_clone();
            let request = self.request()?;
            let result = transport.send(request).await;
            if let Ok(answer) = &result {
                let headers = answer.headers();
                if settings.keeps_cookies && headers.contains_key(header::SET_COOKIE) {
                    settings.cookies.keep(&self.draft.url, headers);
                }
                if let Some(politeness) = &settings.politeness {
                    politeness.heed(self.host(), answer.status(), headers);
                }
            }
            let pause = (settings.retries.as_ref()).and_then(|policy| match &result {
                Ok(answer) => {
                    let (status, headers) = (answer.status(), answer.headers());
                    policy.after_answer(retries, &self.draft.method, status, headers)
                }
                Err(error) => policy.after_failure(retries, &self.draft.method, error),
            });
            match (pause, spare) {
                (Some(pause), Some(spare)) => {
                    if let Ok(answer) = result {
                        Box::pin(drain(answer.into_body())).await;
                    }
                    log::debug!(
                        "{} {}: again in {pause:?}",
                        self.draft.method,
                        self.draft.url
                    );
                    Box::pin(self.wait(sleep(pause))).await?;
                    retries += 1;
                    self.draft.body = spare;
                }
                (_, spare) => return result.map(|answer| (answer, spare)),
            }
        }
    }

    fn host(&self) -> &str {
        self.draft.url.host_str().unwrap_or_default()
    }

    /// The request as it goes to the transport. The body is moved there.
    fn request(&mut self) -> Result<http::Request<Body>, RequestError> {
        let draft = &mut self.draft;
        let uri = Uri::try_from(&draft.url[..Position::AfterQuery])
            .map_err(|error| RequestError::new(RequestErrorKind::InvalidUrl).because(error))?;
        let mut request = http::Request::new(mem::take(&mut draft.body));
        *request.method_mut() = draft.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.headers();
        let timeouts = self.timeouts_left();
        if timeouts != self.session.0.transport.timeouts() {
            request.extensions_mut().insert(timeouts);
        }
        Ok(request)
    }

    /// The limits of time, with what is left of the total after former attempts.
    fn timeouts_left(&self) -> Timeouts {
        let mut left = self.timeouts;
        if self.is_under_way {
            left.total = left
                .total
                .map(|total| total.saturating_sub(self.began.elapsed()));
        }
        left
    }

    /// Waits for something that is not the transport's, and so not in its limits.
    async fn wait(&mut self, wait: impl Future<Output = ()>) -> Result<(), RequestError> {
        self.is_under_way = true;
        match self.timeouts_left().total {
            None => wait.await,
            Some(left) => timeout(left, wait).await.map_err(|_| self.timed_out())?,
        }
        Ok(())
    }

    /// An error says which request it was, and how much time there was for all of it, not what was left at last.
    fn error(&self, error: RequestError) -> RequestError {
        let phase = Phase::Total;
        let is_total =
            matches!(error.kind(), RequestErrorKind::TimedOut { phase: p, .. } if p == phase);
        let error = if is_total { self.timed_out() } else { error };
        error.of(&self.draft.method, &self.draft.url)
    }

    fn timed_out(&self) -> RequestError {
        let limit = self.timeouts.total.unwrap_or_default();
        let phase = Phase::Total;
        RequestError::new(RequestErrorKind::TimedOut { phase, limit })
    }

    fn headers(&self) -> HeaderMap {
        let settings = &self.session.0.settings;
        let own = &self.draft.headers;
        // With place for those that are added here and by the transport.
        let mut headers = HeaderMap::with_capacity(settings.headers.len() + own.len() + 3);
        for (name, value) in &settings.headers {
            if self.is_trusted || !redirect::FOR_ONE_ORIGIN.contains(name) {
                headers.append(name, value.clone());
            }
        }
        if !own.is_empty() {
            replace_headers(&mut headers, own.clone());
        }
        if self.accepts_too_much() {
            headers.remove(header::ACCEPT_ENCODING);
        }
        if let Some(cookies) = settings.cookies.header(&self.draft.url) {
            headers.entry(header::COOKIE).or_insert(cookies);
        }
        headers
    }

    /// Whether the session asks for what this request does not want. A part of something compressed is of no use.
    fn accepts_too_much(&self) -> bool {
        let own = &self.draft.headers;
        let is_unwanted = !self.decompresses || own.contains_key(header::RANGE);
        is_unwanted
            && self.session.0.settings.decompresses
            && !own.contains_key(header::ACCEPT_ENCODING)
    }

    fn response(self, answer: http::Response<IncomingBody>) -> Response {
        let settings = &self.session.0.settings;
        let (mut head, body) = answer.into_parts();
        let body = if self.decompresses && may_be_compressed(&self.draft.method, head.status) {
            ResponseBody::decoded(&mut head.headers, body, settings.decompression_limit)
        } else {
            ResponseBody::Raw(body)
        };
        let limit = settings.body_limit;
        Response::new(head, body, limit, self.draft, self.history)
    }
}

/// Whether a body is to be decompressed when the headers say so. They may speak of one that is not there, or only of a part.
fn may_be_compressed(method: &Method, status: StatusCode) -> bool {
    method != Method::HEAD && !matches!(status.as_u16(), 204 | 206 | 304)
}

/// Reads a body that nobody wants, if it is short and comes soon: then its connection can be used again.
async fn drain(mut body: IncomingBody) {
    let mut left = DRAINED;
    if http_body::Body::size_hint(&body).lower() > left as u64 {
        return;
    }
    let read = poll_fn(|cx| {
        while let Some(Ok(chunk)) = ready!(Pin::new(&mut body).poll_next(cx)) {
            match left.checked_sub(chunk.len()) {
                Some(rest) => left = rest,
                None => break,
            }
        }
        Poll::Ready(())
    });
    move_on_after(DRAIN_TIME, read).await;
}
