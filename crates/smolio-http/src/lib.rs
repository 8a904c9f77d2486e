//! HTTP for programs that make many requests at once, and for those that answer them.

#![forbid(unsafe_code)]

mod body;
mod error;
mod events;
mod socket;
mod transport;
#[cfg(feature = "websocket")]
mod websocket;
mod wire;

pub use body::Body;
pub use error::{BodyError, BodyErrorKind, Phase, RequestError, RequestErrorKind};
pub use events::{
    Event, EventError, EventErrorKind, EventStream, InvalidEventField, events_body, events_response,
};
pub use transport::{IncomingBody, SmolTransport};
#[cfg(feature = "websocket")]
pub use websocket::{
    CloseCode, CloseFrame, Message, WebSocket, WebSocketError, WebSocketErrorKind,
    WebSocketReceiver, WebSocketSender,
};
