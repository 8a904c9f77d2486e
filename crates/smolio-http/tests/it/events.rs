//! Server-sent events, line by line as the standard has them.

use std::time::Duration;

use bytes::Bytes;
use futures_lite::{FutureExt, future::block_on, stream};
use smolio_http::{BodyError, Event, EventErrorKind, EventStream};

/// The events of a whole text, and what the stream knows at its end: the last id, and the delay.
pub(crate) fn read(text: &[u8], chunks: &[usize]) -> (Vec<Event>, String, Option<Duration>) {
    let mut events = EventStream::new(stream::iter(cut(text, chunks).map(Ok)));
    block_on(async {
        let mut all = Vec::new();
        while let Some(event) = events.next().await {
            all.push(event.unwrap());
        }
        let last = events.last_event_id().to_owned();
        (all, last, events.retry())
    })
}

/// The text in pieces of these lengths, and a last one of what is left.
fn cut(text: &[u8], chunks: &[usize]) -> impl Iterator<Item = Bytes> {
    let mut rest = Bytes::copy_from_slice(text);
    let mut pieces: Vec<Bytes> = (chunks.iter())
        .map(|&length| rest.split_to(length.min(rest.len())))
        .collect();
    pieces.push(rest);
    pieces.into_iter()
}

fn events(text: &str) -> Vec<Event> {
    read(text.as_bytes(), &[]).0
}

/// Name and data of each.
fn simply(text: &str) -> Vec<(String, String)> {
    let events = events(text).into_iter();
    events
        .map(|event| (event.name().to_owned(), event.into_data()))
        .collect()
}

fn messages(texts: &[&str]) -> Vec<(String, String)> {
    texts
        .iter()
        .map(|&text| ("message".to_owned(), text.to_owned()))
        .collect()
}

#[test]
fn the_examples_of_the_standard() {
    let stocks = "data: YHOO\ndata: +2\ndata: 10\n\n";
    assert_eq!(simply(stocks), messages(&["YHOO\n+2\n10"]));

    let (all, last, _) = read(
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        &[],
    );
    let ids: Vec<_> = all.iter().map(Event::id).collect();
    assert_eq!(ids, [Some("1"), Some(""), None]);
    assert_eq!(all[2].data(), " third event");
    assert_eq!(last, "");

    // The last one has no empty line after it.
    assert_eq!(simply("data\n\ndata\ndata\n\ndata:"), messages(&["", "\n"]));
    assert_eq!(
        simply("data:test\n\ndata: test\n\n"),
        messages(&["test", "test"])
    );
}

#[test]
fn lines_end_in_three_ways() {
    for end in ["\n", "\r", "\r\n"] {
        let text = ["data: a", "data: b", "", "data: c", "", ""].join(end);
        assert_eq!(simply(&text), messages(&["a\nb", "c"]), "{end:?}");
    }
    // Each of these is one line end, then another one.
    assert_eq!(simply("data: a\n\rdata: b\r\n\r"), messages(&["a", "b"]));
}

#[test]
fn a_line_end_may_be_cut_in_two() {
    let text = b"data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n";
    for first in 0..text.len() {
        let (all, ..) = read(text, &[first, 1]);
        let data: Vec<_> = all.iter().map(Event::data).collect();
        assert_eq!(data, ["a\nb", "c"], "cut at {first}");
    }
}

#[test]
fn only_the_first_byte_order_mark_is_taken_away() {
    assert_eq!(simply("\u{feff}data: a\n\n"), messages(&["a"]));
    assert_eq!(
        simply("\u{feff}\u{feff}data: a\n\n"),
        [],
        "the field is another one"
    );
    assert_eq!(simply("\n\u{feff}data: a\n\n"), []);
    let (all, ..) = read("\u{feff}data: a\n\n".as_bytes(), &[1, 1]);
    assert_eq!(all.len(), 1, "also in pieces");
}

#[test]
fn fields_are_those_of_the_standard_and_no_others() {
    assert_eq!(
        simply("Data: a\n data: b\ndata : c\nother\n: data: d\n\n"),
        []
    );
    assert_eq!(
        simply("event: tick\ndata: a\n\ndata: b\n\n"),
        [("tick".into(), "a".into()), ("message".into(), "b".into())]
    );
    // A name without data is no event, and is forgotten.
    assert_eq!(simply("event: tick\n\ndata: b\n\n"), messages(&["b"]));
    assert_eq!(simply("event: a\nevent\ndata: b\n\n"), messages(&["b"]));
}

#[test]
fn an_id_counts_from_the_end_of_its_event_also_without_data() {
    let (all, last, _) = read(b"id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: unfinished\n", &[]);
    assert_eq!(all.len(), 1);
    assert_eq!(last, "2");
    let (all, last, _) = read(b"id: 1\nid: with\0nul\ndata: a\n\n", &[]);
    assert_eq!((all[0].id(), last.as_str()), (Some("1"), "1"));
}

#[test]
fn a_delay_is_made_of_digits_and_counts_at_once() {
    let retry = |text: &str| read(text.as_bytes(), &[]).2;
    assert_eq!(retry("retry: 1500\n"), Some(Duration::from_millis(1500)));
    for wrong in ["1.5", "-1", "+1", "1s", "", " 1", "１"] {
        assert_eq!(retry(&format!("retry: {wrong}\n\n")), None, "{wrong:?}");
    }
    let forever = Duration::from_millis(u64::MAX);
    assert_eq!(retry("retry: 99999999999999999999999\n\n"), Some(forever));
    assert_eq!(
        retry("retry: 1\n\nretry: no\n\n"),
        Some(Duration::from_millis(1))
    );
}

#[test]
fn what_is_not_utf8_is_replaced() {
    let (all, ..) = read(b"data: \xff\xc3\n\ndata: \xc3\xa4\n\n", &[]);
    let data: Vec<_> = all.iter().map(Event::data).collect();
    assert_eq!(data, ["\u{fffd}\u{fffd}", "ä"]);
}

#[test]
fn an_event_that_does_not_end_is_an_error_and_not_a_heap_of_memory() {
    let endless: [&[u8]; 4] = [b"x", b"data\n", b"event: a\n", b": a comment"];
    for piece in endless {
        let chunks = stream::repeat(Bytes::from_static(piece)).map_ok();
        let mut events = EventStream::new(chunks).limit(10_000);
        let error = block_on(events.next()).unwrap().unwrap_err();
        assert_eq!(error.kind(), EventErrorKind::TooLarge { limit: 10_000 });
        assert_eq!(
            error.to_string(),
            "an event is larger than the limit of 10000 bytes"
        );
        assert!(block_on(events.next()).is_none(), "it has ended");
    }
}

#[test]
fn many_small_events_and_comments_are_within_the_limit() {
    let text = "data: 12345\n\n: a comment\n\n".repeat(100);
    let chunks = stream::iter([Ok(Bytes::from(text))]);
    let mut events = EventStream::new(chunks).limit(11);
    for _ in 0..100 {
        let event = block_on(events.next()).unwrap().unwrap();
        assert_eq!(event.data(), "12345");
    }
    assert!(block_on(events.next()).is_none());
    // Comments between the lines of one event count no more than those between events.
    let text = ": a comment\n".repeat(100) + "data: 1\n\n";
    let mut events = EventStream::new(stream::iter([Ok(Bytes::from(text))])).limit(11);
    assert_eq!(block_on(events.next()).unwrap().unwrap().data(), "1");
}

#[test]
fn a_failure_of_the_body_is_told_after_what_came_before() {
    let elapsed = block_on(smolio_timer::timeout(
        Duration::ZERO,
        std::future::pending::<()>(),
    ));
    let failure = BodyError::from(elapsed.unwrap_err());
    let chunks = [
        Ok(Bytes::from_static(b"data: a\n\ndata: b\n")),
        Err(failure),
    ];
    let mut events = EventStream::new(stream::iter(chunks));
    assert_eq!(block_on(events.next()).unwrap().unwrap().data(), "a");
    let error = block_on(events.next()).unwrap().unwrap_err();
    assert_eq!(error.kind(), EventErrorKind::Body);
    assert!(std::error::Error::source(&error).is_some());
    assert!(block_on(events.next()).is_none());
    let _: anyhow::Error = error.into();
}

#[test]
fn a_dropped_next_loses_nothing() {
    let chunks = ["da", "ta: a\n", "\ndata: b\n\nda", "ta: c\n", "\n"];
    // Before each chunk it is pending once, and each time the future is dropped.
    let mut chunks = chunks.into_iter();
    let mut is_pending = false;
    let body = stream::poll_fn(move |cx| {
        is_pending = !is_pending;
        if is_pending {
            cx.waker().wake_by_ref();
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(chunks.next().map(|chunk| Ok(Bytes::from(chunk))))
    });
    let mut events = EventStream::new(body);
    let mut data = Vec::new();
    loop {
        let once = async { events.next().await.map(Some) };
        match block_on(once.or(async { Some(None) })) {
            Some(Some(event)) => data.push(event.unwrap().into_data()),
            Some(None) => {}
            None => break,
        }
    }
    assert_eq!(data, ["a", "b", "c"]);
}

#[test]
fn what_cannot_be_written_is_refused() {
    for bad in ["a\nb", "a\rb", "\n"] {
        let error = Event::new("").with_name(bad).unwrap_err();
        assert_eq!(error.into_inner(), bad);
        let error = Event::new("").with_id(bad).unwrap_err();
        assert_eq!(error.into_inner(), bad);
    }
    let error = Event::new("").with_id("a\0").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the id of an event cannot be \"a\\0\": it would end its line, or be ignored"
    );
}

#[test]
fn json_comes_out_of_the_data() {
    let event = Event::new("[1, 2]");
    assert_eq!(event.json::<Vec<u8>>().unwrap(), [1, 2]);
    assert!(event.json::<bool>().is_err());
}

/// A stream of chunks as one of results.
trait MapOk: futures_lite::Stream<Item = Bytes> + Sized {
    fn map_ok(self) -> impl futures_lite::Stream<Item = Result<Bytes, BodyError>> + Unpin
    where
        Self: Unpin,
    {
        futures_lite::StreamExt::map(self, Ok)
    }
}

impl<S: futures_lite::Stream<Item = Bytes>> MapOk for S {}
