//! One line for each request, for those who want it.

use std::{fmt, fmt::Write, time::Duration};

use http::{Method, StatusCode, Uri, Version};
use smolio_context::Instant;

use super::peer::PeerAddress;

const TARGET: &str = "smolio_http::access";

/// What is known of an exchange beside its request; nothing if nobody reads the log.
pub(super) struct Entry(Option<Facts>);

struct Facts {
    begun: Instant,
    status: Option<StatusCode>,
    bytes: u64,
}

impl Entry {
    pub(super) fn new(is_wanted: bool) -> Self {
        let is_wanted = is_wanted && log::log_enabled!(target: TARGET, log::Level::Info);
        Self(is_wanted.then(|| Facts {
            begun: Instant::now(),
            status: None,
            bytes: 0,
        }))
    }

    pub(super) fn status(&mut self, status: StatusCode) {
        if let Some(facts) = &mut self.0 {
            facts.status = Some(status);
        }
    }

    pub(super) fn add_bytes(&mut self, bytes: usize) {
        if let Some(facts) = &mut self.0 {
            facts.bytes += bytes as u64;
        }
    }

    pub(super) fn write(&self, peer: &PeerAddress, method: &Method, uri: &Uri, version: Version) {
        let Some(facts) = &self.0 else { return };
        let status = facts.status.as_ref().map_or("-", StatusCode::as_str);
        log::info!(
            target: TARGET,
            "{peer} \"{method} {} {version:?}\" {status} {} {}",
            Printable(uri),
            facts.bytes,
            Milliseconds(facts.begun.elapsed()),
        );
    }
}

/// Without what could be taken for the end of a line, or of a quotation.
pub(super) struct Printable<'a>(pub(super) &'a Uri);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaped(f), "{}", self.0)
    }
}

struct Escaped<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            match character {
                '"' | '\\' => write!(self.0, "\\{character}")?,
                _ if character.is_control() => write!(self.0, "{}", character.escape_unicode())?,
                _ => self.0.write_char(character)?,
            }
        }
        Ok(())
    }
}

struct Milliseconds(Duration);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let microseconds = self.0.as_micros();
        write!(f, "{}.{:03} ms", microseconds / 1000, microseconds % 1000)
    }
}
