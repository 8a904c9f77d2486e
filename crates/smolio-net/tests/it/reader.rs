//! `read_exactly` and `read_until`: what they give, what they leave, and what their errors hold.

use std::{error::Error, io, pin::Pin, task::Poll};

use futures_lite::{AsyncRead, AsyncReadExt, future::block_on};
use smolio_net::{IncompleteRead, LimitOverrun, ReadExactlyError, ReadUntilError, StreamReader};

use crate::source::{Source, Step, dropped_at_each_poll, poll};

fn incomplete(error: ReadUntilError) -> IncompleteRead {
    match error {
        ReadUntilError::Incomplete(incomplete) => incomplete,
        other => panic!("{other:?}"),
    }
}

fn overrun(error: ReadUntilError) -> LimitOverrun {
    match error {
        ReadUntilError::Limit(overrun) => overrun,
        other => panic!("{other:?}"),
    }
}

#[test]
fn exactly_so_many_bytes_and_the_rest_stays() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["ab", "cdef", "g"]));
        assert_eq!(reader.read_exactly(0).await.unwrap(), b"");
        assert_eq!(reader.read_exactly(3).await.unwrap(), b"abc");
        assert_eq!(reader.buffer(), b"def");
        assert_eq!(reader.read_exactly(1).await.unwrap(), b"d");
        assert_eq!(reader.read_exactly(3).await.unwrap(), b"efg");
        assert_eq!(reader.read_exactly(0).await.unwrap(), b"");
    });
}

#[test]
fn the_end_before_all_is_there_gives_what_there_was() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["ab", "c"]));
        let error = reader.read_exactly(10).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read exactly so many bytes: the stream ended after 3 of 10 bytes"
        );
        assert!(error.source().unwrap().is::<IncompleteRead>());
        let ReadExactlyError::Incomplete(incomplete) = error else {
            panic!("{error:?}");
        };
        assert_eq!(incomplete.partial, b"abc");
        assert_eq!(incomplete.expected, Some(10));
        // The bytes are there once.
        assert!(reader.buffer().is_empty());
        let error = reader.read_exactly(1).await.unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_number_out_of_a_lying_peer_takes_no_memory() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["abc"]));
        let error = reader.read_exactly(usize::MAX).await.unwrap_err();
        assert!(matches!(error, ReadExactlyError::Incomplete(_)));
    });
}

#[test]
fn a_failure_of_the_source_leaves_the_bytes() {
    let steps = || {
        let reset = Step::Fail(io::ErrorKind::ConnectionReset);
        [
            Step::Bytes(b"ab".to_vec()),
            reset,
            Step::Bytes(b"c|".to_vec()),
        ]
    };
    block_on(async {
        let mut reader = StreamReader::new(Source::new(steps()));
        let error = reader.read_exactly(3).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read exactly so many bytes: connection reset"
        );
        assert_eq!(
            io::Error::from(error).kind(),
            io::ErrorKind::ConnectionReset
        );
        assert_eq!(reader.buffer(), b"ab");
        assert_eq!(reader.read_exactly(3).await.unwrap(), b"abc");

        let mut reader = StreamReader::new(Source::new(steps()));
        let error = reader.read_until("|", 10).await.unwrap_err();
        assert!(error.source().unwrap().is::<io::Error>());
        assert_eq!(
            io::Error::from(error).kind(),
            io::ErrorKind::ConnectionReset
        );
        assert_eq!(reader.read_until("|", 10).await.unwrap(), b"abc|");
    });
}

#[test]
fn until_a_separator_which_is_given_too() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["a|b", "c", "|", "||d"]));
        assert_eq!(reader.read_until("|", 10).await.unwrap(), b"a|");
        assert_eq!(reader.read_until(b"|", 10).await.unwrap(), b"bc|");
        assert_eq!(reader.read_until([b'|'], 10).await.unwrap(), b"|");
        assert_eq!(reader.read_until(vec![b'|'], 0).await.unwrap(), b"|");
        let incomplete = incomplete(reader.read_until("|", 10).await.unwrap_err());
        assert_eq!(incomplete.partial, b"d");
        assert_eq!(incomplete.expected, None);
        assert_eq!(
            incomplete.to_string(),
            "the stream ended after 1 bytes, without a separator"
        );
    });
}

#[test]
fn a_separator_that_comes_in_pieces_is_found() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["a\r", "\n\r", "\nb"]));
        assert_eq!(
            reader.read_until("\r\n\r\n", 1).await.unwrap(),
            b"a\r\n\r\n"
        );
        // One that begins twice.
        let mut reader = StreamReader::new(Source::pieces(&["a", "a", "a", "b"]));
        assert_eq!(reader.read_until("aab", 1).await.unwrap(), b"aaab");
    });
}

#[test]
fn a_separator_that_is_empty_is_an_error() {
    let mut reader = StreamReader::new(Source::pieces(&["a"]));
    let error = block_on(reader.read_until("", 10)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot read until a separator: the separator is empty"
    );
    assert!(error.source().is_none());
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn the_limit_is_for_what_comes_before_the_separator() {
    block_on(async {
        let reader = || StreamReader::new(Source::pieces(&["abc--", "def"]));
        assert_eq!(reader().read_until("--", 3).await.unwrap(), b"abc--");
        let mut reader = reader();
        let overrun = overrun(reader.read_until("--", 2).await.unwrap_err());
        assert_eq!((overrun.limit, overrun.consumed), (2, 3));
        // Nothing is lost, so a larger limit gets it.
        assert_eq!(reader.buffer(), b"abc--");
        assert_eq!(reader.read_until("--", 3).await.unwrap(), b"abc--");
    });
}

#[test]
fn a_limit_that_is_passed_without_a_separator_is_told_as_soon_as_it_is_sure() {
    block_on(async {
        // After "abc-" a separator may begin within the limit of 3; after "abc-d" it cannot any more.
        let pieces = ["abc-", "d", "never read"];
        let mut reader = StreamReader::new(Source::pieces(&pieces));
        let error = reader.read_until("--", 3).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read until a separator: 4 bytes or more, where 3 are allowed"
        );
        let overrun = overrun(error);
        assert_eq!(overrun.consumed, 4);
        assert_eq!(reader.buffer(), b"abc-d");
        // These can be skipped, for no separator begins in them.
        assert_eq!(
            reader.read_exactly(overrun.consumed).await.unwrap(),
            b"abc-"
        );
        let error = reader.read_until("--", 3).await.unwrap_err();
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::InvalidData);
    });
}

#[test]
fn an_endless_peer_does_not_fill_the_memory() {
    let mut reader = StreamReader::new(futures_lite::io::repeat(b'x'));
    for _ in 0..100 {
        let error = block_on(reader.read_until("\n", 1000)).unwrap_err();
        assert!(overrun(error).consumed > 1000);
    }
    assert!(reader.buffer().len() <= 64 * 1024);
}

#[test]
fn dropped_at_each_poll_it_loses_nothing() {
    let mut reader = StreamReader::new(Source::byte_by_byte(b"abcde--fgh"));
    let (read, drops) = dropped_at_each_poll(|| poll(reader.read_exactly(3)));
    assert_eq!(read.unwrap(), b"abc");
    assert_eq!(drops, 3);
    let (read, drops) = dropped_at_each_poll(|| poll(reader.read_until("--", 10)));
    assert_eq!(read.unwrap(), b"de--");
    assert_eq!(drops, 4);
    let (read, drops) = dropped_at_each_poll(|| poll(reader.read_until("--", 10)));
    assert_eq!(incomplete(read.unwrap_err()).partial, b"fgh");
    assert_eq!(drops, 4); // and once more before the end
}

#[test]
fn it_can_be_given_up_for_another_way_to_read() {
    let mut reader = StreamReader::new(Source::byte_by_byte(b"ab\ncd"));
    assert!(poll(reader.read_exactly(4)).is_pending());
    assert!(poll(reader.read_exactly(4)).is_pending());
    assert_eq!(reader.buffer(), b"a");
    let (read, _) = dropped_at_each_poll(|| poll(reader.read_until("\n", 4)));
    assert_eq!(read.unwrap(), b"ab\n");
}

#[test]
fn as_an_async_read_it_gives_what_it_has_kept_first() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["abcd", "ef"]));
        reader.read_exactly(1).await.unwrap();
        let mut two = [0; 2];
        reader.read_exact(&mut two).await.unwrap();
        assert_eq!(&two, b"bc");
        let mut rest = String::new();
        reader.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "def");
    });
}

#[test]
fn the_parts_are_the_source_and_what_was_kept() {
    block_on(async {
        let mut reader = StreamReader::new(Source::pieces(&["abcd", "ef"]));
        reader.read_exactly(1).await.unwrap();
        assert!(format!("{:?}", reader.get_ref()).contains("Bytes"));
        assert!(format!("{reader:?}").ends_with("buffer: 3 bytes }"));
        let _: &mut Source = reader.get_mut();
        let (mut source, kept) = reader.into_parts();
        assert_eq!(kept, b"bcd");
        let mut rest = String::new();
        source.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "ef");
    });
}

#[test]
fn errors_do_not_show_what_was_read() {
    let mut reader = StreamReader::new(Source::pieces(&["secret"]));
    let error = block_on(reader.read_exactly(10)).unwrap_err();
    let shown = format!("{error:?} {error}");
    assert!(shown.contains("6 bytes"), "{shown}");
    assert!(!shown.contains("115"), "{shown}");
}

#[test]
fn a_source_that_is_always_ready_starves_nobody() {
    use smolio_executor::{run, spawn, yield_now};
    use std::{cell::Cell, rc::Rc};
    run(async {
        let turns = Rc::new(Cell::new(0));
        let counted = turns.clone();
        let beside = smolio_executor::spawn_local(async move {
            loop {
                counted.set(counted.get() + 1);
                yield_now().await;
            }
        });
        // Pieces of one byte, all of them ready.
        let bytes = (0..10_000).map(|_| Step::Bytes(b"x".to_vec()));
        let mut reader = StreamReader::new(Source::new(bytes));
        let read = reader.read_exactly(10_000).await;
        assert_eq!(read.unwrap().len(), 10_000);
        assert!(turns.get() >= 50, "{} turns", turns.get());
        drop(beside);
        spawn(async {}).await;
    });
}

#[test]
fn it_says_what_it_waits_for() {
    let _observation = smolio_context::observe();
    let task = smolio_context::TaskContext::root();
    let steps = [
        Step::Bytes(b"abc".to_vec()),
        Step::Wait,
        Step::Wait,
        Step::Wait,
    ];
    let mut reader = StreamReader::new(Source::new(steps));
    let waits = || {
        let waits = smolio_context::waits_of(task.info().id());
        waits.last().unwrap().to_string()
    };
    task.enter(|| assert!(poll(reader.read_exactly(10)).is_pending()));
    assert_eq!(waits(), "StreamReader::read_exactly, 3 of 10 bytes");
    task.enter(|| assert!(poll(reader.read_until("|", 10)).is_pending()));
    assert_eq!(waits(), "StreamReader::read_until, after 3 bytes");
    task.enter(|| assert!(poll(reader.lines(10).next()).is_pending()));
    assert_eq!(waits(), "Lines::next, after 3 bytes");
}

#[test]
#[should_panic(expected = "the source read more than there is room for")]
fn a_source_that_lies_is_found_out() {
    struct Liar;
    impl AsyncRead for Liar {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            room: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(room.len() + 1))
        }
    }
    let _ = block_on(StreamReader::new(Liar).read_exactly(1));
}
