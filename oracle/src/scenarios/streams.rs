//! Readers of messages, on bytes that are there already.

use smolio::net::{ReadExactlyError, ReadUntilError, StreamReader};

use crate::trace::Trace;

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

pub(super) async fn read_exactly_so_many_bytes(trace: Trace) {
    let mut reader = StreamReader::new(&b"abcde"[..]);
    let bytes = reader.read_exactly(3).await.expect("there are so many");
    trace.note(format_args!("got {}", text(&bytes)));
    if let Err(ReadExactlyError::Incomplete(incomplete)) = reader.read_exactly(3).await {
        let expected = incomplete.expected.expect("it was asked for so many");
        let partial = text(&incomplete.partial);
        trace.note(format_args!("incomplete: {partial} of {expected}"));
    }
}

pub(super) async fn read_as_far_as_a_separator(trace: Trace) {
    let mut reader = StreamReader::new(&b"one;two;three"[..]);
    for _ in 0..2 {
        let bytes = reader.read_until(";", 64).await.expect("there is one");
        trace.note(format_args!("got {}", text(&bytes)));
    }
    if let Err(ReadUntilError::Incomplete(incomplete)) = reader.read_until(";", 64).await {
        trace.note(format_args!("incomplete: {}", text(&incomplete.partial)));
    }
}

pub(super) async fn a_message_that_is_too_long_stays_where_it_is(trace: Trace) {
    let mut reader = StreamReader::new(&b"abcdefgh;"[..]);
    if let Err(ReadUntilError::Limit(overrun)) = reader.read_until(";", 4).await {
        let consumed = overrun.consumed;
        trace.note(format_args!(
            "too long: {consumed} bytes before the separator"
        ));
    }
    let bytes = reader.read_exactly(9).await.expect("they stay");
    trace.note(format_args!("got {}", text(&bytes)));
}

pub(super) async fn line_by_line(trace: Trace) {
    let mut reader = StreamReader::new(&b"one\ntwo\nthree"[..]);
    let mut lines = reader.lines(64);
    while let Some(line) = lines.next().await {
        trace.note(format_args!("got {}", line.expect("it is text")));
    }
    trace.note("end");
}
