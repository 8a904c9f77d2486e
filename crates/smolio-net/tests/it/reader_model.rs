//! Random streams in random pieces, read by random programs whose futures are dropped at random: against a model that has the
//! whole stream before it.

use std::task::Poll;

use fastrand::Rng;
use smolio_net::{LineError, ReadExactlyError, ReadUntilError, StreamReader};

use crate::source::{Source, Step, poll};

/// What a read gave, in the words of the model.
#[derive(PartialEq, Debug)]
enum Read {
    Bytes(Vec<u8>),
    Incomplete(Vec<u8>),
    TooLong,
    NotUtf8(Vec<u8>),
    End,
}

#[derive(Clone, Copy, Debug)]
enum Operation {
    Exactly(usize),
    Until(&'static str, usize),
    Line(usize),
}

fn random_operation(random: &mut Rng) -> Operation {
    let limit = if random.bool() { 3 } else { 1000 };
    match random.u8(0..3) {
        0 => Operation::Exactly(random.usize(0..9)),
        1 => Operation::Until(["|", "||", "|\n|"][random.usize(0..3)], limit),
        _ => Operation::Line(limit),
    }
}

/// Few letters, so that separators and line breaks are frequent.
fn random_stream(random: &mut Rng) -> Vec<u8> {
    let length = random.usize(0..40);
    (0..length)
        .map(|_| b"ab|\r\n\xc3\xbc"[random.usize(0..7)])
        .collect()
}

fn in_pieces(mut stream: &[u8], random: &mut Rng) -> Source {
    let mut steps = Vec::new();
    while !stream.is_empty() {
        let (piece, rest) = stream.split_at(random.usize(1..=stream.len().min(5)));
        steps.push(Step::Bytes(piece.to_vec()));
        if random.bool() {
            steps.push(Step::Wait);
        }
        stream = rest;
    }
    Source::new(steps)
}

fn find(stream: &[u8], separator: &[u8]) -> Option<usize> {
    (0..stream.len()).find(|start| stream[*start..].starts_with(separator))
}

fn take(left: &mut Vec<u8>, count: usize) -> Vec<u8> {
    left.drain(..count).collect()
}

/// What an operation is to give on what is left of the stream, of which it takes its part.
fn model(left: &mut Vec<u8>, operation: Operation) -> Read {
    let all = left.len();
    match operation {
        Operation::Exactly(count) if count <= all => Read::Bytes(take(left, count)),
        Operation::Exactly(_) => Read::Incomplete(take(left, all)),
        Operation::Until(separator, limit) => match find(left, separator.as_bytes()) {
            Some(before) if before > limit => Read::TooLong,
            Some(before) => Read::Bytes(take(left, before + separator.len())),
            // So many that a separator may still begin within the limit.
            None if all + 1 > separator.len() + limit => Read::TooLong,
            None => Read::Incomplete(take(left, all)),
        },
        Operation::Line(limit) => {
            let end = find(left, b"\n");
            let mut line = left[..end.unwrap_or(all)].to_vec();
            if end.is_none() && line.is_empty() {
                return Read::End;
            }
            if end.is_some() && line.last() == Some(&b'\r') {
                line.pop();
            }
            if line.len() > limit {
                return Read::TooLong;
            }
            take(left, end.map_or(all, |end| end + 1));
            match std::str::from_utf8(&line) {
                Ok(_) => Read::Bytes(line),
                Err(_) => Read::NotUtf8(line),
            }
        }
    }
}

fn read(reader: &mut StreamReader<Source>, operation: Operation) -> Poll<Read> {
    match operation {
        Operation::Exactly(count) => poll(reader.read_exactly(count)).map(|read| match read {
            Ok(bytes) => Read::Bytes(bytes),
            Err(ReadExactlyError::Incomplete(incomplete)) => Read::Incomplete(incomplete.partial),
            Err(other) => panic!("{other}"),
        }),
        Operation::Until(separator, limit) => {
            poll(reader.read_until(separator, limit)).map(|read| match read {
                Ok(bytes) => Read::Bytes(bytes),
                Err(ReadUntilError::Incomplete(incomplete)) => Read::Incomplete(incomplete.partial),
                Err(ReadUntilError::Limit(_)) => Read::TooLong,
                Err(other) => panic!("{other}"),
            })
        }
        Operation::Line(limit) => poll(reader.lines(limit).next()).map(|line| match line {
            None => Read::End,
            Some(Ok(line)) => Read::Bytes(line.into_bytes()),
            Some(Err(LineError::Limit(_))) => Read::TooLong,
            Some(Err(LineError::NotUtf8(error))) => Read::NotUtf8(error.into_bytes()),
            Some(Err(other)) => panic!("{other}"),
        }),
    }
}

#[test]
fn random_programs_read_what_the_model_says() {
    for seed in 0..20_000 {
        let mut random = Rng::with_seed(seed);
        let stream = random_stream(&mut random);
        let mut reader = StreamReader::new(in_pieces(&stream, &mut random));
        let mut left = stream.clone();
        for _ in 0..8 {
            let mut operation = random_operation(&mut random);
            let read = loop {
                match read(&mut reader, operation) {
                    Poll::Ready(read) => break read,
                    // It was dropped, and either tries again or does something else.
                    Poll::Pending if random.bool() => operation = random_operation(&mut random),
                    Poll::Pending => {}
                }
            };
            let expected = model(&mut left, operation);
            assert_eq!(read, expected, "seed {seed}: {operation:?} of {stream:?}");
            assert!(left.starts_with(reader.buffer()), "seed {seed}");
        }
    }
}

#[test]
fn long_messages_in_long_pieces_stay_whole() {
    let mut random = Rng::with_seed(65_536);
    let stream: Vec<u8> = (0..1 << 20).map(|_| random.u8(..)).collect();
    let mut steps = Vec::new();
    let mut left = &stream[..];
    while !left.is_empty() {
        let (piece, rest) = left.split_at(random.usize(1..=left.len().min(6_000)));
        steps.push(Step::Bytes(piece.to_vec()));
        left = rest;
    }
    let mut reader = StreamReader::new(Source::new(steps));
    let mut left = &stream[..];
    while !left.is_empty() {
        // Most are short, some longer than all that the reader has room for.
        let most = [100, 10_000, 100_000][random.usize(0..3)];
        let (message, rest) = left.split_at(random.usize(0..=left.len().min(most)));
        let Poll::Ready(read) = poll(reader.read_exactly(message.len())) else {
            panic!("it is all there");
        };
        assert!(read.unwrap() == message);
        left = rest;
    }
}
