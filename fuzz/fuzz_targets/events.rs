//! Any bytes as a stream of events: the events are the same however the bytes are cut, and none is larger than the limit.

#![no_main]

use bytes::Bytes;
use futures_lite::{future::block_on, stream};
use libfuzzer_sys::fuzz_target;
use smolio_http::{Event, EventErrorKind, EventStream};

const LIMIT: usize = 200;

/// What was read, and whether an event was too large in the end.
fn read(chunks: Vec<Bytes>) -> (Vec<Event>, bool, String) {
    let chunks = stream::iter(chunks.into_iter().map(Ok));
    let mut stream = EventStream::new(chunks).limit(LIMIT);
    let mut events = Vec::new();
    let mut too_large = false;
    while let Some(event) = block_on(stream.next()) {
        match event {
            Ok(event) => {
                // Each broken byte may have become a character of three.
                assert!(event.data().len() <= 3 * LIMIT);
                events.push(event);
            }
            Err(error) => {
                assert_eq!(error.kind(), EventErrorKind::TooLarge { limit: LIMIT });
                too_large = true;
            }
        }
    }
    let last = stream.last_event_id().to_owned();
    (events, too_large, last)
}

fuzz_target!(|input: &[u8]| {
    let whole = Bytes::copy_from_slice(input);
    let mut rest = whole.clone();
    let mut chunks = Vec::new();
    // The bytes themselves say where they are cut.
    while !rest.is_empty() {
        let length = 1 + usize::from(rest[0] % 8);
        chunks.push(rest.split_to(length.min(rest.len())));
    }
    assert_eq!(read(vec![whole]), read(chunks));
});
