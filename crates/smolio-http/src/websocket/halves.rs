//! A WebSocket in two halves, for a task that sends and another one that receives.

use std::{
    fmt,
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use futures_core::Stream;
use serde::{Serialize, de::DeserializeOwned};

use super::{
    checked_close, checked_ping,
    core::{Core, Outgoing},
    end_of_stream,
    error::WebSocketError,
    from_json,
    message::{CloseCode, CloseFrame, Message},
    to_json,
};

/// Who polls.
#[derive(Clone, Copy)]
enum Half {
    Sender,
    Receiver,
}

/// What both halves have.
///
/// The state is taken out while it is polled, so that no lock is held while the connection runs code of others. Whoever comes
/// meanwhile is woken when it has been put back.
struct Shared {
    place: Mutex<Place>,
    /// What the connection is given to wake: either half may have to go on, whichever of them asked.
    waker: Waker,
    wakers: Arc<Wakers>,
}

struct Place {
    /// None while a half polls it.
    core: Option<Box<Core>>,
    /// The other half came in vain.
    is_wanted: bool,
}

#[derive(Default)]
struct Wakers(Mutex<[Option<Waker>; 2]>);

impl Wakers {
    fn lock(&self) -> MutexGuard<'_, [Option<Waker>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn register(&self, half: Half, waker: &Waker) {
        let new = waker.clone();
        // The old one is dropped after the lock.
        let _old = self.lock()[half as usize].replace(new);
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Each poll registers anew, so they can be taken.
        let wakers = mem::take(&mut *self.lock());
        wakers.into_iter().flatten().for_each(Waker::wake);
    }
}

/// Puts the state back, also if polling it has panicked.
struct Taken<'s> {
    shared: &'s Shared,
    /// None if somebody else has it.
    core: Option<Box<Core>>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.core.is_none() {
            return;
        }
        let is_wanted = {
            let mut place = self.shared.lock();
            place.core = self.core.take();
            mem::take(&mut place.is_wanted)
        };
        if is_wanted {
            self.shared.wakers.wake_by_ref();
        }
    }
}

impl Shared {
    fn new(core: Box<Core>) -> Self {
        let wakers = Arc::new(Wakers::default());
        Self {
            place: Mutex::new(Place {
                core: Some(core),
                is_wanted: false,
            }),
            waker: Waker::from(wakers.clone()),
            wakers,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll<T>(
        &self,
        half: Half,
        cx: &Context<'_>,
        poll: impl FnOnce(&mut Core, &mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.wakers.register(half, cx.waker());
        let core = {
            let mut place = self.lock();
            let core = place.core.take();
            place.is_wanted = core.is_none();
            core
        };
        let mut taken = Taken { shared: self, core };
        match &mut taken.core {
            Some(core) => poll(core, &mut Context::from_waker(&self.waker)),
            None => Poll::Pending,
        }
    }
}

/// The half of a WebSocket that sends.
///
/// When both halves are dropped the connection is closed, without a goodbye.
pub struct WebSocketSender(Arc<Shared>);

/// The half of a WebSocket that receives. Only while it does, pings are answered, and the heart beats.
pub struct WebSocketReceiver {
    shared: Arc<Shared>,
    has_ended: bool,
    close_frame: Option<CloseFrame>,
}

pub(super) fn split(core: Box<Core>) -> (WebSocketSender, WebSocketReceiver) {
    let shared = Arc::new(Shared::new(core));
    let receiver = WebSocketReceiver {
        shared: shared.clone(),
        has_ended: false,
        close_frame: None,
    };
    (WebSocketSender(shared), receiver)
}

impl WebSocketSender {
    /// As [`WebSocket::send`](super::WebSocket::send).
    ///
    /// # Errors
    /// The same.
    ///
    /// # Cancel safety
    /// The same: the message is sent whole or not at all.
    pub async fn send(&mut self, message: impl Into<Message>) -> Result<(), WebSocketError> {
        let message = message.into();
        self.put(Outgoing::Message(message)).await
    }

    /// As [`WebSocket::send_json`](super::WebSocket::send_json).
    ///
    /// # Errors
    /// The same.
    ///
    /// # Cancel safety
    /// The same.
    pub async fn send_json<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<(), WebSocketError> {
        let message = to_json(value)?;
        self.put(Outgoing::Message(message)).await
    }

    /// As [`WebSocket::ping`](super::WebSocket::ping).
    ///
    /// # Errors
    /// The same.
    ///
    /// # Cancel safety
    /// The same.
    pub async fn ping(&mut self, payload: impl Into<Bytes>) -> Result<(), WebSocketError> {
        let payload = checked_ping(payload.into())?;
        self.put(Outgoing::Ping(payload)).await
    }

    async fn put(&mut self, outgoing: Outgoing) -> Result<(), WebSocketError> {
        let mut outgoing = Some(outgoing);
        poll_fn(|cx| {
            let shared = &self.0;
            shared.poll(Half::Sender, cx, |core, cx| {
                core.poll_send(cx, &mut outgoing)
            })
        })
        .await
    }

    /// Says goodbye. The other half receives what the peer has sent before it answered, and then ends.
    ///
    /// # Errors
    /// [`InvalidMessage`](super::WebSocketErrorKind::InvalidMessage) when the code may not be sent, or the reason has more
    /// than 123 bytes; else what ended the connection.
    ///
    /// # Cancel safety
    /// When it is dropped after its first poll, the goodbye is sent by the half that receives.
    pub async fn close(
        &mut self,
        code: CloseCode,
        reason: impl Into<String>,
    ) -> Result<(), WebSocketError> {
        let frame = checked_close(code, reason.into())?;
        poll_fn(|cx| {
            let shared = &self.0;
            shared.poll(Half::Sender, cx, |core, cx| {
                core.poll_say_goodbye(cx, &frame)
            })
        })
        .await
    }
}

impl WebSocketReceiver {
    /// As [`WebSocket::receive`](super::WebSocket::receive).
    ///
    /// # Errors
    /// The same.
    ///
    /// # Cancel safety
    /// The same: no message is lost.
    pub async fn receive(&mut self) -> Result<Message, WebSocketError> {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// As [`WebSocket::receive_json`](super::WebSocket::receive_json).
    ///
    /// # Errors
    /// The same.
    ///
    /// # Cancel safety
    /// The same.
    pub async fn receive_json<T: DeserializeOwned>(&mut self) -> Result<T, WebSocketError> {
        from_json(&self.receive().await?)
    }

    /// As [`WebSocket::next`](super::WebSocket::next).
    ///
    /// # Errors
    /// The same.
    ///
    /// # Cancel safety
    /// The same.
    pub async fn next(&mut self) -> Option<Result<Message, WebSocketError>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How the other side said goodbye, if it did.
    #[must_use]
    pub fn close_frame(&self) -> Option<&CloseFrame> {
        self.close_frame.as_ref()
    }

    fn poll_receive(&mut self, cx: &Context<'_>) -> Poll<Result<Message, WebSocketError>> {
        let Self {
            shared,
            close_frame,
            ..
        } = self;
        shared.poll(Half::Receiver, cx, |core, cx| {
            let received = core.poll_receive(cx);
            if let Poll::Ready(Err(_)) = &received {
                *close_frame = core.close_frame().cloned();
            }
            received
        })
    }
}

impl Stream for WebSocketReceiver {
    type Item = Result<Message, WebSocketError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        self.poll_receive(cx)
            .map(|received| end_of_stream(received, &mut self.has_ended))
    }
}

impl fmt::Debug for WebSocketSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketSender").finish_non_exhaustive()
    }
}

impl fmt::Debug for WebSocketReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocketReceiver").finish_non_exhaustive()
    }
}
