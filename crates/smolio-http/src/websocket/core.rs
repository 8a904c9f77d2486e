//! The state of a WebSocket, and what moves it on. It has no lock and spawns nothing: whoever wants something polls it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use async_tungstenite::{
    WebSocketStream,
    tungstenite::{
        self, Error as FrameError,
        error::ProtocolError,
        protocol::{CloseFrame as RawCloseFrame, Role, WebSocketConfig},
    },
};
use futures_core::Stream;
use futures_io::{AsyncRead, AsyncWrite};
use futures_sink::Sink;
use smolio_context::{Instant, poll_budget, spend_budget, waiting_for};
use smolio_task_group::CancelToken;
use smolio_timer::{Sleep, sleep};

use super::{
    Options,
    error::{WebSocketError, WebSocketErrorKind},
    message::{CloseCode, CloseFrame, Message},
};

/// tungstenite would take 128 KiB for each WebSocket at once, which is much for one that is silent most of the time.
const READ_BUFFER: usize = 16 * 1024;

/// From so many bytes on, what is to be written is written while more is being put in.
const WRITE_BUFFER: usize = 64 * 1024;

/// A connection after its handshake.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// How far it has come.
#[derive(Debug)]
enum State {
    /// Messages go both ways.
    Open,
    /// We have said goodbye: the messages that the peer sent before it answers are still received.
    Closing(Sleep),
    /// The peer has said goodbye: our answer has to be written.
    Answering(CloseFrame, Sleep),
    /// Both have said goodbye, and there is no connection any more.
    Closed(CloseFrame),
    /// It broke, in this way, and there is no connection any more.
    Failed(WebSocketErrorKind),
}

/// Asks whether the peer is still there, when nothing has come for a while.
#[derive(Debug)]
struct Heartbeat {
    period: Duration,
    sleep: Sleep,
    /// A ping is out, and nothing has come since.
    is_asking: bool,
}

impl Heartbeat {
    fn new(period: Duration) -> Self {
        let sleep = sleep(period);
        Self {
            period,
            sleep,
            is_asking: false,
        }
    }

    /// The answer to a ping may take half of the time between two of them.
    fn patience(&self) -> Duration {
        self.period / 2
    }

    fn wait(&mut self, duration: Duration) {
        self.sleep.reset(Instant::now().saturating_add(duration));
    }

    fn heard(&mut self) {
        self.is_asking = false;
        self.wait(self.period);
    }
}

pub(super) struct Core {
    /// None once it is over.
    stream: Option<WebSocketStream<Box<dyn Duplex>>>,
    state: State,
    /// Something was put in that may not have left.
    is_unflushed: bool,
    heartbeat: Option<Heartbeat>,
    /// Set when the server closes, and it is time to say goodbye.
    closing: Option<CancelToken>,
    close_limit: Duration,
    message_limit: usize,
}

impl Core {
    /// After the handshake; `part` was read with it.
    pub(super) async fn new(
        stream: Box<dyn Duplex>,
        part: Vec<u8>,
        role: Role,
        options: &Options,
    ) -> Self {
        let limit = options.message_limit;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_message_size(Some(limit))
            .max_frame_size(Some(limit));
        let stream = WebSocketStream::from_partially_read(stream, part, role, Some(config)).await;
        Self {
            stream: Some(stream),
            state: State::Open,
            is_unflushed: false,
            heartbeat: options.heartbeat.map(Heartbeat::new),
            closing: None,
            close_limit: options.close_limit,
            message_limit: limit,
        }
    }

    /// Says goodbye when this is set.
    pub(super) fn until(mut self, closing: CancelToken) -> Self {
        self.closing = Some(closing);
        self
    }

    /// How the peer said goodbye, or agreed to ours.
    pub(super) fn close_frame(&self) -> Option<&CloseFrame> {
        match &self.state {
            State::Answering(frame, _) | State::Closed(frame) => Some(frame),
            State::Open | State::Closing(_) | State::Failed(_) => None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// The next message. Writes meanwhile what has to be written.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Message, WebSocketError>> {
        loop {
            ready!(poll_budget(cx));
            // Also when messages come without a pause.
            if self.closing.as_ref().is_some_and(CancelToken::is_cancelled) {
                if let Err(error) = self.heed_server(cx) {
                    return Poll::Ready(Err(self.fail(cx, error)));
                }
            }
            let stream = match (&mut self.stream, &mut self.state) {
                (Some(_), State::Answering(..)) => {
                    ready!(self.poll_answered(cx));
                    return Poll::Ready(Err(self.end()));
                }
                (Some(stream), State::Open | State::Closing(_)) => stream,
                _ => return Poll::Ready(Err(self.end())),
            };
            match Pin::new(stream).poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    spend_budget();
                    if let Some(message) = self.take(message) {
                        return Poll::Ready(Ok(message));
                    }
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(self.fail(cx, error))),
                Poll::Ready(None) => {
                    let error = FrameError::Protocol(ProtocolError::ResetWithoutClosingHandshake);
                    return Poll::Ready(Err(self.fail(cx, error)));
                }
                Poll::Pending => {
                    waiting_for(|| "WebSocket::receive".to_owned());
                    return self.poll_idle(cx).map(Err);
                }
            }
        }
    }

    /// What came, if it is for the user.
    fn take(&mut self, message: tungstenite::Message) -> Option<Message> {
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.heard();
        }
        match message {
            tungstenite::Message::Text(text) => Some(Message::Text(text.as_str().to_owned())),
            tungstenite::Message::Binary(bytes) => Some(Message::Binary(bytes)),
            tungstenite::Message::Close(frame) => {
                let frame = frame.map_or(CloseFrame::new(CloseCode::NONE, ""), |frame| {
                    CloseFrame::new(u16::from(frame.code).into(), frame.reason.as_str())
                });
                if self.is_open() {
                    // tungstenite has put the answer in.
                    self.state = State::Answering(frame, sleep(self.close_limit));
                } else {
                    self.state = State::Closed(frame);
                    self.hang_up();
                }
                None
            }
            // The answer to a ping was put in as well.
            _ => None,
        }
    }

    /// Nothing has come: looks after what is to be written, and how long nothing has come. Ready if that is too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<WebSocketError> {
        loop {
            if let Err(error) = self.heed_server(cx) {
                return Poll::Ready(self.fail(cx, error));
            }
            if self.is_unflushed {
                if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                    return Poll::Ready(self.fail(cx, error));
                }
            }
            if let State::Closing(limit) = &mut self.state {
                ready!(Future::poll(Pin::new(limit), cx));
                return Poll::Ready(self.time_out(self.close_limit));
            }
            let Some(heartbeat) = &mut self.heartbeat else {
                return Poll::Pending;
            };
            ready!(Future::poll(Pin::new(&mut heartbeat.sleep), cx));
            let patience = heartbeat.patience();
            if heartbeat.is_asking {
                return Poll::Ready(self.time_out(patience));
            }
            heartbeat.is_asking = true;
            heartbeat.wait(patience);
            if let Err(error) = self.put(tungstenite::Message::Ping(bytes::Bytes::new())) {
                return Poll::Ready(self.fail(cx, error));
            }
        }
    }

    /// Says goodbye if the server closes.
    fn heed_server(&mut self, cx: &mut Context<'_>) -> Result<(), FrameError> {
        let is_closing = (self.closing.as_mut())
            .is_some_and(|closing| Future::poll(Pin::new(closing), cx).is_ready());
        if !is_closing {
            return Ok(());
        }
        self.closing = None;
        if self.is_open() {
            self.put_goodbye(&CloseFrame::new(CloseCode::GOING_AWAY, ""))?;
        }
        Ok(())
    }

    /// Sends a message, which is taken once it is as good as sent. Ready when all of it has been written.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        message: &mut Option<Outgoing>,
    ) -> Poll<Result<(), WebSocketError>> {
        ready!(poll_budget(cx));
        if !self.is_open() {
            return Poll::Ready(Err(self.end()));
        }
        if message.is_some() {
            // What is in the buffer has to leave first, or it would grow without an end.
            if let Err(error) = ready!(self.poll_flush_or_wait(cx, "WebSocket::send")) {
                return Poll::Ready(Err(self.fail(cx, error)));
            }
            if let Some(message) = message.take() {
                if let Err(error) = self.put(message.into()) {
                    return Poll::Ready(Err(self.fail(cx, error)));
                }
            }
        }
        let flushed = ready!(self.poll_flush_or_wait(cx, "WebSocket::send"));
        spend_budget();
        Poll::Ready(flushed.map_err(|error| self.fail(cx, error)))
    }

    /// Says goodbye, unless that has been done. Ready when it has been written.
    pub(super) fn poll_say_goodbye(
        &mut self,
        cx: &mut Context<'_>,
        frame: &CloseFrame,
    ) -> Poll<Result<(), WebSocketError>> {
        if self.is_open() {
            if let Err(error) = self.put_goodbye(frame) {
                return Poll::Ready(Err(self.fail(cx, error)));
            }
        }
        let flushed = self.poll_flush_or_wait(cx, "WebSocket::close");
        if let (Poll::Pending, State::Closing(limit)) = (&flushed, &mut self.state) {
            ready!(Future::poll(Pin::new(limit), cx));
            return Poll::Ready(Err(self.time_out(self.close_limit)));
        }
        Poll::Ready(ready!(flushed).map_err(|error| self.fail(cx, error)))
    }

    /// Waits until the other side has said goodbye too. Messages that come before that are thrown away.
    pub(super) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WebSocketError>> {
        loop {
            match ready!(self.poll_receive(cx)) {
                Ok(_) => {}
                Err(error) if self.close_frame().is_none() => return Poll::Ready(Err(error)),
                Err(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    fn put_goodbye(&mut self, frame: &CloseFrame) -> Result<(), FrameError> {
        let raw = RawCloseFrame {
            code: u16::from(frame.code).into(),
            reason: frame.reason.as_str().into(),
        };
        self.put(tungstenite::Message::Close(Some(raw)))?;
        self.state = State::Closing(sleep(self.close_limit));
        Ok(())
    }

    fn put(&mut self, message: tungstenite::Message) -> Result<(), FrameError> {
        let Some(stream) = &mut self.stream else {
            return Err(FrameError::AlreadyClosed);
        };
        self.is_unflushed = true;
        Pin::new(stream).start_send(message)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), FrameError>> {
        if let (true, Some(stream)) = (self.is_unflushed, &mut self.stream) {
            ready!(Pin::new(stream).poll_flush(cx))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush_or_wait(
        &mut self,
        cx: &mut Context<'_>,
        operation: &str,
    ) -> Poll<Result<(), FrameError>> {
        let flushed = self.poll_flush(cx);
        if flushed.is_pending() {
            waiting_for(|| operation.to_owned());
        }
        flushed
    }

    /// Writes the answer to a goodbye and hangs up, or hangs up without if the peer does not take it.
    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Answering(frame, limit) = &mut self.state else {
            return Poll::Ready(());
        };
        if let Some(stream) = &mut self.stream {
            let mut written = Pin::new(&mut *stream).poll_flush(cx).map(drop);
            if written.is_ready() {
                written = Pin::new(stream.get_mut()).poll_close(cx).map(drop);
            }
            if written.is_pending() {
                ready!(Future::poll(Pin::new(limit), cx));
            }
        }
        self.stream = None;
        self.state = State::Closed(frame.clone());
        Poll::Ready(())
    }

    /// How it ended, for those who come later. They ask when it is over, or about to be.
    fn end(&self) -> WebSocketError {
        match &self.state {
            State::Closed(frame) | State::Answering(frame, _) => WebSocketError::closed(frame),
            State::Failed(kind) => WebSocketError::new(*kind),
            State::Open | State::Closing(_) => {
                WebSocketError::closed(&CloseFrame::new(CloseCode::NORMAL, ""))
            }
        }
    }

    fn time_out(&mut self, limit: Duration) -> WebSocketError {
        let kind = WebSocketErrorKind::TimedOut { limit };
        self.state = State::Failed(kind);
        self.stream = None;
        WebSocketError::new(kind)
    }

    /// Ends it, and tells the peer why if that can be done at once.
    fn fail(&mut self, cx: &mut Context<'_>, error: FrameError) -> WebSocketError {
        let limit = self.message_limit;
        let (kind, code) = match &error {
            FrameError::Protocol(ProtocolError::ResetWithoutClosingHandshake)
            | FrameError::ConnectionClosed
            | FrameError::AlreadyClosed
            | FrameError::Io(_) => (WebSocketErrorKind::Disconnected, None),
            FrameError::Capacity(_) => {
                let kind = WebSocketErrorKind::MessageTooLarge { limit };
                (kind, Some(CloseCode::TOO_LARGE))
            }
            FrameError::Utf8(_) => (WebSocketErrorKind::Protocol, Some(CloseCode::INVALID_DATA)),
            _ => (
                WebSocketErrorKind::Protocol,
                Some(CloseCode::PROTOCOL_ERROR),
            ),
        };
        if let (Some(code), true) = (code, self.is_open()) {
            let raw = RawCloseFrame {
                code: u16::from(code).into(),
                reason: "".into(),
            };
            // As well as it can be done: the peer may be of the kind that does not read.
            if self.put(tungstenite::Message::Close(Some(raw))).is_ok() {
                let _ = self.poll_flush(cx);
            }
        }
        self.state = State::Failed(kind);
        self.hang_up();
        WebSocketError::new(kind).because(without_placeholder(error))
    }

    /// Says at once what TLS says at the end of a connection, if there is place for it, and closes it.
    fn hang_up(&mut self) {
        if let Some(mut stream) = self.stream.take() {
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let _ = Pin::new(stream.get_mut()).poll_close(&mut cx);
        }
    }
}

/// The error of the system is the source, not a wrapper of it that says the same.
fn without_placeholder(error: FrameError) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        FrameError::Io(error) => error.into(),
        FrameError::ConnectionClosed | FrameError::AlreadyClosed => {
            io::Error::from(io::ErrorKind::UnexpectedEof).into()
        }
        error => error.into(),
    }
}

/// What a user sends.
pub(super) enum Outgoing {
    Message(Message),
    Ping(bytes::Bytes),
}

impl From<Outgoing> for tungstenite::Message {
    fn from(outgoing: Outgoing) -> Self {
        match outgoing {
            Outgoing::Message(Message::Text(text)) => Self::Text(text.into()),
            Outgoing::Message(Message::Binary(bytes)) => Self::Binary(bytes),
            Outgoing::Ping(payload) => Self::Ping(payload),
        }
    }
}
