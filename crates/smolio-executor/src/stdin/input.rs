//! What has been read of standard input, and who waits for more. Pure data: no lock, no thread, and no waker is called in here.

use std::{collections::BTreeMap, io, mem, task::Waker};

use super::error::{LongLine, StdinError};

pub(super) struct Input {
    /// What was read and not handed out begins at `start`.
    buffer: Vec<u8>,
    start: usize,
    /// How many of these bytes are known to hold no line break.
    searched: usize,
    /// The beginning of this line was handed out as too long: what follows, up to its end, is passed by.
    is_skipping: bool,
    has_ended: bool,
    failure: Option<io::Error>,
    /// In the order in which they came, under numbers that are not used again.
    waiting: BTreeMap<u64, Waker>,
    next_number: u64,
    /// Whether there is a thread that reads.
    pub(super) has_reader: bool,
    /// Whether that one is to read, or is at it.
    pub(super) is_wanted: bool,
}

impl Input {
    pub(super) const fn new() -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            is_skipping: false,
            has_ended: false,
            failure: None,
            waiting: BTreeMap::new(),
            next_number: 0,
            has_reader: false,
            is_wanted: false,
        }
    }

    /// The reader's: what it has read, which is nothing at the end. Tells whether it was the end.
    pub(super) fn accept(&mut self, piece: io::Result<Vec<u8>>) -> bool {
        self.is_wanted = false;
        match piece {
            Ok(piece) if piece.is_empty() => self.has_ended = true,
            Ok(piece) => {
                self.buffer.drain(..self.start);
                self.start = 0;
                self.buffer.extend(piece);
            }
            Err(error) => self.failure = Some(error),
        }
        self.has_ended
    }

    /// The next line, the end, or what is wrong; `None` if something must be read first.
    pub(super) fn next_line(&mut self, limit: usize) -> Option<Option<Result<String, StdinError>>> {
        loop {
            let unread = &self.buffer[self.start..];
            let found = unread[self.searched..]
                .iter()
                .position(|byte| *byte == b'\n');
            let end = found.map_or(unread.len(), |position| self.searched + position);
            if self.is_skipping {
                self.pass(end + usize::from(found.is_some()));
                self.is_skipping = found.is_none() && !self.has_ended;
                if self.is_skipping {
                    break;
                }
                continue;
            }
            let is_last = found.is_none() && self.has_ended;
            if is_last && end == 0 {
                return Some(None);
            }
            // What comes after a carriage return may be a line break, and then the former is part of it.
            let before = &unread[..end];
            let without_return = before.strip_suffix(b"\r").unwrap_or(before);
            let length = if is_last { end } else { without_return.len() };
            if length > limit {
                let beginning = before[..limit].to_vec();
                self.pass(limit);
                self.is_skipping = true;
                return Some(Some(Err(StdinError::TooLong(LongLine {
                    limit,
                    beginning,
                }))));
            }
            if found.is_some() || is_last {
                let line = before[..length].to_vec();
                self.pass(end + usize::from(found.is_some()));
                return Some(Some(String::from_utf8(line).map_err(StdinError::NotUtf8)));
            }
            self.searched = end;
            break;
        }
        let failure = self.failure.take();
        failure.map(|error| Some(Err(StdinError::Io(error))))
    }

    /// So many bytes are done with.
    fn pass(&mut self, bytes: usize) {
        self.start += bytes;
        self.searched = 0;
    }

    /// Puts a waker into the place of one who waits, and gives the one that was there.
    pub(super) fn wait(&mut self, place: &mut Option<u64>, waker: Waker) -> Option<Waker> {
        let place = *place.get_or_insert_with(|| {
            self.next_number += 1;
            self.next_number
        });
        self.waiting.insert(place, waker)
    }

    pub(super) fn leave(&mut self, place: u64) -> Option<Waker> {
        self.waiting.remove(&place)
    }

    pub(super) fn take_waiting(&mut self) -> BTreeMap<u64, Waker> {
        mem::take(&mut self.waiting)
    }
}
