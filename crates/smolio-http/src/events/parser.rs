//! The parser of `text/event-stream`, in pieces of any size. It is section 9.2.6 of the HTML standard.

use std::{mem, time::Duration};

use bytes::{Buf, Bytes};

use super::{Event, EventError, EventErrorKind};

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Takes bytes, gives events.
///
/// Lines are looked for in the bytes: no part of a longer UTF-8 sequence looks like a line end, and so a line can be decoded
/// by itself.
#[derive(Debug)]
pub(crate) struct Parser {
    limit: usize,
    /// The bytes of the event that has begun, to compare with the limit.
    size: usize,
    /// The line that has begun, without those that were whole in a chunk.
    line: Vec<u8>,
    /// The last byte was a carriage return, which has ended a line: a line feed that follows belongs to it.
    after_carriage_return: bool,
    /// A byte order mark may come.
    at_start: bool,
    event: Begun,
    last_event_id: String,
    retry: Option<Duration>,
}

/// What the lines since the last empty one have said.
#[derive(Debug, Default)]
struct Begun {
    /// Each line ends with a line feed: so no data is not the same as an empty line of them.
    data: String,
    name: String,
    id: Option<String>,
    retry: Option<Duration>,
}

impl Parser {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            size: 0,
            line: Vec::new(),
            after_carriage_return: false,
            at_start: true,
            event: Begun::default(),
            last_event_id: String::new(),
            retry: None,
        }
    }

    pub(crate) fn set_limit(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    pub(crate) fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Goes on after a stream that broke off, with what was known at its end.
    pub(crate) fn resume(&mut self, last_event_id: &str, retry: Option<Duration>) {
        last_event_id.clone_into(&mut self.last_event_id);
        self.retry = retry;
    }

    /// Takes bytes up to the end of an event, and gives that; or takes all of them, and waits for more.
    pub(crate) fn next(&mut self, input: &mut Bytes) -> Result<Option<Event>, EventError> {
        while !input.is_empty() {
            if mem::take(&mut self.after_carriage_return) && input[0] == b'\n' {
                input.advance(1);
                continue;
            }
            let end = input.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            self.size = self.size.saturating_add(end.unwrap_or(input.len()));
            if self.size > self.limit {
                let limit = self.limit;
                return Err(EventError::new(EventErrorKind::TooLarge { limit }));
            }
            let Some(end) = end else {
                self.line.extend_from_slice(input);
                input.clear();
                break;
            };
            let head = input.split_to(end);
            self.after_carriage_return = input.get_u8() == b'\r';
            // Most lines are whole in a chunk, and need not be put together.
            let event = if self.line.is_empty() {
                self.end_line(&head)
            } else {
                let mut line = mem::take(&mut self.line);
                line.extend_from_slice(&head);
                let event = self.end_line(&line);
                line.clear();
                self.line = line;
                event
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        Ok(None)
    }

    fn end_line(&mut self, mut line: &[u8]) -> Option<Event> {
        if mem::take(&mut self.at_start) {
            line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (name, value) = match line.iter().position(|&byte| byte == b':') {
            // A comment.
            Some(0) => {
                self.size -= line.len().min(self.size);
                return None;
            }
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        self.event.set(name, value);
        if name == b"retry" {
            // At once, and not with the end of the event.
            self.retry = self.event.retry.or(self.retry);
        }
        None
    }

    fn dispatch(&mut self) -> Option<Event> {
        self.size = 0;
        let mut begun = mem::take(&mut self.event);
        if let Some(id) = &begun.id {
            // Also if there is no data, and hence no event.
            self.last_event_id.clone_from(id);
        }
        begun.data.pop()?;
        let mut event = Event::new(begun.data);
        event.set_name(begun.name);
        event.set_id(begun.id);
        event.set_retry(begun.retry);
        Some(event)
    }
}

impl Begun {
    /// What the standard does not know is ignored.
    fn set(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"data" => {
                self.data.push_str(&String::from_utf8_lossy(value));
                self.data.push('\n');
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => {
                self.id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" => {
                if let Some(milliseconds) = number(value) {
                    self.retry = Some(Duration::from_millis(milliseconds));
                }
            }
            _ => {}
        }
    }
}

/// Digits alone: what is too large is as long as can be said.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}
