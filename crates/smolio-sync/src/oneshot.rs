//! One value, once, from one task to another: asyncio's `Future`, as it is used by those who set its result.
//!
//! [`channel`] gives a [`Sender`], which is used up by sending, and a [`Receiver`], which is awaited. Each side learns
//! when the other is gone. An exception, `set_exception`, is a `Result` as the value.
//!
//! ```
//! # smolio_executor::run(async {
//! use smolio_executor::spawn;
//! use smolio_sync::oneshot;
//!
//! let (sender, receiver) = oneshot::channel::<Result<u16, std::num::ParseIntError>>();
//! spawn(async move { sender.send("8080".parse()) }).detach();
//! assert_eq!(receiver.await?, Ok(8080));
//!
//! let (sender, receiver) = oneshot::channel::<()>();
//! drop(sender);
//! assert_eq!(receiver.await.unwrap_err().to_string(), "cannot receive a value: the sender is gone");
//! # Ok::<(), oneshot::RecvError>(())
//! # }).unwrap();
//! ```
//!
//! Where asyncio raises `InvalidStateError`, a second value does not compile:
//!
//! ```compile_fail,E0382
//! # use smolio_sync::oneshot;
//! let (sender, receiver) = oneshot::channel();
//! sender.send(1).unwrap();
//! sender.send(2).unwrap(); // "use of moved value: `sender`"
//! # drop(receiver);
//! ```

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use smolio_context::{Resource, poll_budget, spend_budget, waiting_for};

pub use crate::oneshot_error::{RecvError, SendError, TryRecvError};
use crate::shared::Shared;

/// A channel for one value.
#[doc(alias = "create_future")]
#[doc(alias = "Future")]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = State {
        slot: Slot::Empty,
        is_received: true,
        receiver: None,
        sender: None,
    };
    let shared = Arc::new(Shared::new(Resource::new("oneshot"), state));
    (Sender(shared.clone()), Receiver(shared))
}

struct State<T> {
    slot: Slot<T>,
    /// Whether there is a receiver.
    is_received: bool,
    /// The waker of the receiver that waits for the value.
    receiver: Option<Waker>,
    /// The waker of the sender that waits for the receiver to go.
    sender: Option<Waker>,
}

enum Slot<T> {
    /// The sender is there.
    Empty,
    Full(T),
    /// The value was received.
    Received,
    /// The sender is gone, and has sent nothing.
    Abandoned,
}

impl<T> State<T> {
    fn stats(&self) -> OneshotStats {
        OneshotStats {
            is_sent: matches!(self.slot, Slot::Full(_) | Slot::Received),
            has_sender: matches!(self.slot, Slot::Empty),
            has_receiver: self.is_received,
        }
    }

    fn receive(&mut self) -> Result<T, TryRecvError> {
        match self.slot {
            Slot::Empty => Err(TryRecvError::Empty),
            Slot::Abandoned => Err(TryRecvError::Closed),
            Slot::Received => Err(TryRecvError::Received),
            Slot::Full(_) => match std::mem::replace(&mut self.slot, Slot::Received) {
                Slot::Full(value) => Ok(value),
                _ => unreachable!("it was seen to be full"),
            },
        }
    }
}

/// Sends the value. Dropped without that, it tells the receiver.
pub struct Sender<T>(Arc<Shared<State<T>>>);

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// It does not wait. A value that was sent and is not received any more, because the receiver is dropped, is dropped
    /// with it.
    ///
    /// # Errors
    /// [`SendError`] with the value, if the receiver is gone.
    #[doc(alias = "set_result")]
    #[doc(alias = "set_exception")]
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        self.0.change(|state, wakes| {
            if !state.is_received {
                return Err(SendError::new(value));
            }
            state.slot = Slot::Full(value);
            if let Some(receiver) = state.receiver.take() {
                wakes.push(receiver);
            }
            Ok(())
        })
    }

    /// Waits until the receiver is gone: nobody wants the value any more, and the work for it can end.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    ///
    /// ```
    /// # smolio_executor::run(async {
    /// # use smolio_sync::oneshot;
    /// let (mut sender, receiver) = oneshot::channel::<u32>();
    /// drop(receiver);
    /// sender.closed().await;
    /// # });
    /// ```
    #[doc(alias = "add_done_callback")]
    pub fn closed(&mut self) -> Closed<'_, T> {
        Closed(self)
    }

    /// Whether the receiver is gone.
    #[doc(alias = "cancelled")]
    pub fn is_closed(&self) -> bool {
        self.0.look(|state| !state.is_received)
    }

    /// The state of this moment.
    pub fn stats(&self) -> OneshotStats {
        self.0.look(State::stats)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let _retired = self.0.change(|state, wakes| {
            if let Slot::Empty = state.slot {
                state.slot = Slot::Abandoned;
                if let Some(receiver) = state.receiver.take() {
                    wakes.push(receiver);
                }
            }
            state.sender.take()
        });
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Sender", State::stats, f)
    }
}

/// Receives the value, by being awaited. Dropped, it tells the sender.
///
/// # Errors
/// [`RecvError`] if the sender is gone and has sent nothing.
///
/// # Panics
/// When it is polled again after it was ready, or after [`try_recv`](Self::try_recv) had the value.
///
/// # Cancel safety
/// `(&mut receiver).await` may be dropped; the receiver still gets the value. To drop the receiver itself is to want no
/// value any more.
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Receiver<T>(Arc<Shared<State<T>>>);

impl<T> Receiver<T> {
    /// The value, if it has been sent.
    ///
    /// # Errors
    /// [`TryRecvError`] if it has not, or cannot be any more, or was received before.
    #[doc(alias = "done")]
    #[doc(alias = "result")]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.0.change(|state, _| state.receive())
    }

    /// The state of this moment.
    pub fn stats(&self) -> OneshotStats {
        self.0.look(State::stats)
    }

    /// Looks for the value, and leaves the waker where there is none.
    fn poll_receive(&self, waker: &mut Option<Waker>) -> Result<T, TryRecvError> {
        self.0.change(|state, _| {
            let received = state.receive();
            if let (Err(TryRecvError::Empty), Some(_)) = (&received, &waker) {
                std::mem::swap(&mut state.receiver, waker);
            }
            received
        })
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(poll_budget(cx));
        let mut received = self.poll_receive(&mut None);
        if let Err(TryRecvError::Empty) = received {
            // Cloned while the lock is free, and what it takes the place of is dropped so.
            received = self.poll_receive(&mut Some(cx.waker().clone()));
        }
        let received = match received {
            Ok(value) => Ok(value),
            Err(TryRecvError::Closed) => Err(RecvError::new()),
            Err(TryRecvError::Empty) => {
                waiting_for(|| "oneshot".to_string());
                return Poll::Pending;
            }
            Err(TryRecvError::Received) => panic!("a oneshot was polled after it was ready"),
        };
        spend_budget();
        Poll::Ready(received)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // The value and the waker are dropped when the lock is free.
        let _unwanted = self.0.change(|state, wakes| {
            state.is_received = false;
            if let Some(sender) = state.sender.take() {
                wakes.push(sender);
            }
            (state.receive().ok(), state.receiver.take())
        });
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt_as("Receiver", State::stats, f)
    }
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless polled or awaited"]
pub struct Closed<'s, T>(&'s mut Sender<T>);

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        ready!(poll_budget(cx));
        let mut waker = Some(cx.waker().clone());
        let is_received = self.0.0.change(|state, _| {
            if state.is_received {
                std::mem::swap(&mut state.sender, &mut waker);
            }
            state.is_received
        });
        if is_received {
            waiting_for(|| "oneshot::Sender::closed".to_string());
            return Poll::Pending;
        }
        spend_budget();
        Poll::Ready(())
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        let _retired = self.0.0.change(|state, _| state.sender.take());
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closed").field(&self.0).finish()
    }
}

/// What is known of a oneshot at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OneshotStats {
    /// Whether the value has been sent.
    pub is_sent: bool,
    /// Whether there is a sender, which has not sent yet.
    pub has_sender: bool,
    /// Whether there is a receiver.
    pub has_receiver: bool,
}
