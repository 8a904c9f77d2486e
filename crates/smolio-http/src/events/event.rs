//! `Event`: what is sent and received, and how it is written.

use std::time::Duration;

use bytes::Bytes;

use super::InvalidEventField;

/// The name of an event that has none of its own.
const DEFAULT_NAME: &str = "message";

/// One event of a stream: some text, and perhaps a name, an id, and how soon to call again.
///
/// # Examples
/// ```
/// use smolio_http::Event;
///
/// let event = Event::new("it works").with_name("news")?.with_id("42")?;
/// assert_eq!((event.name(), event.data()), ("news", "it works"));
/// assert!(Event::new("").with_name("two\nlines").is_err());
/// # Ok::<(), smolio_http::InvalidEventField>(())
/// ```
#[doc(alias("MessageEvent", "ServerSentEvent"))]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    data: String,
    /// Empty if it is the usual one.
    name: String,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Event {
    /// An event with this text, which may have several lines. Line ends of any kind arrive as `\n`.
    #[must_use]
    pub fn new(data: impl Into<String>) -> Self {
        Self {
            data: data.into(),
            ..Self::default()
        }
    }

    /// Of another kind than `message`.
    ///
    /// # Errors
    /// [`InvalidEventField`] if there is a line end in it.
    pub fn with_name(mut self, name: impl Into<String>) -> Result<Self, InvalidEventField> {
        let name = name.into();
        if name.contains(['\r', '\n']) {
            return Err(InvalidEventField::new("name", name));
        }
        self.set_name(name);
        Ok(self)
    }

    /// The place in the stream: a client that comes again tells the last one that it got.
    ///
    /// # Errors
    /// [`InvalidEventField`] if there is a line end in it, or a NUL.
    pub fn with_id(mut self, id: impl Into<String>) -> Result<Self, InvalidEventField> {
        let id = id.into();
        if id.contains(['\r', '\n', '\0']) {
            return Err(InvalidEventField::new("id", id));
        }
        self.id = Some(id);
        Ok(self)
    }

    /// How long the client is to wait before it comes again, when the stream has ended. In whole milliseconds: less is
    /// cut off.
    #[must_use]
    pub fn with_retry(mut self, delay: Duration) -> Self {
        let milliseconds = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.retry = Some(Duration::from_millis(milliseconds));
        self
    }

    pub(super) fn set_name(&mut self, name: String) {
        self.name = name;
        if self.name == DEFAULT_NAME {
            self.name.clear();
        }
    }

    pub(super) fn set_id(&mut self, id: Option<String>) {
        self.id = id;
    }

    pub(super) fn set_retry(&mut self, retry: Option<Duration>) {
        self.retry = retry;
    }

    /// What kind of an event it is: `message` if nothing else was said.
    #[must_use]
    #[doc(alias = "type")]
    pub fn name(&self) -> &str {
        if self.name.is_empty() {
            DEFAULT_NAME
        } else {
            &self.name
        }
    }

    /// The text.
    #[must_use]
    pub fn data(&self) -> &str {
        &self.data
    }

    /// The text, without a copy.
    #[must_use]
    pub fn into_data(self) -> String {
        self.data
    }

    /// The text, as the JSON that it is.
    ///
    /// # Errors
    /// serde's, when it is none, or one of another shape.
    pub fn json<'d, T: serde::Deserialize<'d>>(&'d self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.data)
    }

    /// The id that came with this very event.
    #[must_use]
    #[doc(alias = "lastEventId")]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The delay that came with this very event.
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// As it goes over the wire.
    pub(super) fn encode(&self) -> Bytes {
        let mut text = String::with_capacity(self.data.len() + 64);
        if !self.name.is_empty() {
            push_field(&mut text, "event", &self.name);
        }
        if let Some(id) = &self.id {
            push_field(&mut text, "id", id);
        }
        if let Some(retry) = self.retry {
            push_field(&mut text, "retry", &retry.as_millis().to_string());
        }
        let mut rest = self.data.as_str();
        while let Some(end) = rest.find(['\r', '\n']) {
            push_field(&mut text, "data", &rest[..end]);
            let is_pair = rest[end..].starts_with("\r\n");
            rest = &rest[end + if is_pair { 2 } else { 1 }..];
        }
        push_field(&mut text, "data", rest);
        text.push('\n');
        text.into()
    }
}

/// The space is not part of the value: the reader takes one away, so that a value may begin with one.
fn push_field(text: &mut String, name: &str, value: &str) {
    for part in [name, ": ", value, "\n"] {
        text.push_str(part);
    }
}
