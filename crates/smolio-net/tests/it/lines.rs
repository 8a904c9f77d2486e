//! Lines: their ends, their limit, and what becomes of those that are no text.

use std::io;

use futures_lite::{StreamExt, future::block_on};
use smolio_net::{LimitOverrun, LineError, StreamReader};

use crate::source::{Source, Step, dropped_at_each_poll, poll};

fn lines(pieces: &[&str]) -> Vec<String> {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(pieces));
        let mut lines = reader.lines(100);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await {
            all.push(line.unwrap());
        }
        assert!(lines.next().await.is_none());
        all
    })
}

fn overrun(line: Option<Result<String, LineError>>) -> LimitOverrun {
    match line {
        Some(Err(LineError::Limit(overrun))) => overrun,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_line_breaks_are_stripped() {
    assert_eq!(lines(&["a\nb\r\nc\n"]), ["a", "b", "c"]);
    assert_eq!(lines(&["\n\r\n\n"]), ["", "", ""]);
    assert_eq!(lines(&["a\r", "\nb", "\n"]), ["a", "b"]);
    assert_eq!(lines(&["a\r\r\nb\rc\n"]), ["a\r", "b\rc"]);
}

#[test]
fn the_last_line_needs_no_line_break() {
    assert_eq!(lines(&["a\nb"]), ["a", "b"]);
    assert_eq!(lines(&["a\r"]), ["a\r"]);
    assert_eq!(lines(&["\r"]), ["\r"]);
    assert_eq!(lines(&[]), [""; 0]);
}

#[test]
fn the_limit_is_for_the_line_without_its_line_break() {
    block_on(async {
        for text in ["abc\n", "abc\r\n", "abc"] {
            let mut reader = StreamReader::new(Source::pieces(&[text]));
            let line = reader.lines(3).next().await;
            assert_eq!(line.unwrap().unwrap(), "abc", "{text:?}");

            let mut reader = StreamReader::new(Source::pieces(&[text]));
            let overrun = overrun(reader.lines(2).next().await);
            assert_eq!((overrun.limit, overrun.consumed), (2, 3), "{text:?}");
        }
        // Three bytes and a carriage return: it may be part of a line break, until the next byte says that it is not.
        let mut reader = StreamReader::new(Source::pieces(&["abc\r", "d\n"]));
        assert_eq!(overrun(reader.lines(3).next().await).consumed, 5);
        let mut reader = StreamReader::new(Source::pieces(&["abc\r"]));
        assert_eq!(overrun(reader.lines(3).next().await).consumed, 4);
    });
}

#[test]
fn a_line_that_is_too_long_stays_where_it_is() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["ab\nabcdef", "gh\nij\n"]));
        let mut lines = reader.lines(5);
        assert_eq!(lines.next().await.unwrap().unwrap(), "ab");
        let first = overrun(lines.next().await);
        assert_eq!(first.consumed, 6);
        assert_eq!(overrun(lines.next().await), first);
        // To go on: what is known to be of the line is skipped, and the rest of it is read.
        reader.read_exactly(first.consumed).await.unwrap();
        let mut lines = reader.lines(5);
        assert_eq!(lines.next().await.unwrap().unwrap(), "gh");
        assert_eq!(lines.next().await.unwrap().unwrap(), "ij");
    });
}

#[test]
fn a_line_that_is_no_text_is_in_the_error_and_the_next_one_follows() {
    block_on(async {
        let bytes = Step::Bytes(b"a\n\xff\xfeb\r\nc\n\xff".to_vec());
        let mut reader = StreamReader::new(Source::new([bytes]));
        let mut lines = reader.lines(100);
        assert_eq!(lines.next().await.unwrap().unwrap(), "a");
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read a line: invalid utf-8 sequence of 1 bytes from index 0"
        );
        let LineError::NotUtf8(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.into_bytes(), b"\xff\xfeb");
        assert_eq!(lines.next().await.unwrap().unwrap(), "c");
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidData);
        assert!(lines.next().await.is_none());
    });
}

#[test]
fn letters_that_come_in_pieces_are_put_together() {
    let mut reader = StreamReader::new(Source::byte_by_byte("grüße\n€\n".as_bytes()));
    let mut lines = reader.lines(100);
    let (line, drops) = dropped_at_each_poll(|| poll(lines.next()));
    assert_eq!(line.unwrap().unwrap(), "grüße");
    assert_eq!(drops, 8);
    let (line, _) = dropped_at_each_poll(|| poll(lines.next()));
    assert_eq!(line.unwrap().unwrap(), "€");
    let (line, _) = dropped_at_each_poll(|| poll(lines.next()));
    assert!(line.is_none());
}

#[test]
fn lines_that_are_dropped_leave_the_rest_in_the_reader() {
    let mut reader = StreamReader::new(Source::byte_by_byte(b"ab\r\ncd\n"));
    // The lines too are dropped at each poll.
    let (line, drops) = dropped_at_each_poll(|| poll(reader.lines(100).next()));
    assert_eq!(line.unwrap().unwrap(), "ab");
    assert_eq!(drops, 4);
    let (rest, _) = dropped_at_each_poll(|| poll(reader.read_exactly(3)));
    assert_eq!(rest.unwrap(), b"cd\n");
}

#[test]
fn a_failure_of_the_source_leaves_the_bytes() {
    block_on(async {
        let reset = Step::Fail(io::ErrorKind::ConnectionReset);
        let steps = [
            Step::Bytes(b"ab".to_vec()),
            reset,
            Step::Bytes(b"c\n".to_vec()),
        ];
        let mut reader = StreamReader::new(Source::new(steps));
        let mut lines = reader.lines(100);
        let error = lines.next().await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "cannot read a line: connection reset");
        assert_eq!(
            io::Error::from(error).kind(),
            io::ErrorKind::ConnectionReset
        );
        assert_eq!(lines.next().await.unwrap().unwrap(), "abc");
    });
}

#[test]
fn they_are_a_stream_too() {
    let mut reader = StreamReader::new(Source::pieces(&["a\nb\n"]));
    let all: Result<Vec<_>, _> = block_on(reader.lines(100).collect::<Vec<_>>())
        .into_iter()
        .collect();
    assert_eq!(all.unwrap(), ["a", "b"]);
}
