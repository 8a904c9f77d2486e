//! The parser of events against one that takes the whole text at once and copies the standard's words, on random texts that
//! are cut at random places.

use std::time::Duration;

use bytes::Bytes;
use futures_lite::{StreamExt, future::block_on, stream};
use smolio_http::{Event, events_body};

use crate::events::read;

/// What of an event can be seen.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    name: String,
    data: String,
    id: Option<String>,
    retry: Option<u64>,
}

impl From<&Event> for Seen {
    fn from(event: &Event) -> Self {
        let milliseconds = |delay: Duration| u64::try_from(delay.as_millis()).unwrap();
        Self {
            name: event.name().to_owned(),
            data: event.data().to_owned(),
            id: event.id().map(str::to_owned),
            retry: event.retry().map(milliseconds),
        }
    }
}

/// Section 9.2.6, for a text that is there.
fn naive(text: &[u8]) -> (Vec<Seen>, String) {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines: Vec<&str> = text.split('\n').collect();
    lines.pop();
    let (mut events, mut last_id) = (Vec::new(), String::new());
    let mut event = Seen::default();
    for line in lines {
        if line.is_empty() {
            let mut ended = std::mem::take(&mut event);
            if let Some(id) = &ended.id {
                last_id.clone_from(id);
            }
            if ended.data.pop().is_some() {
                if ended.name.is_empty() {
                    ended.name = "message".to_owned();
                }
                events.push(ended);
            }
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event.name = value.to_owned(),
            "data" => event.data += &format!("{value}\n"),
            "id" if !value.contains('\0') => event.id = Some(value.to_owned()),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                event.retry = value.parse().ok().or(event.retry);
            }
            _ => {}
        }
    }
    (events, last_id)
}

/// A text that is likely to be full of events, or a broken one.
fn random_text(random: &mut fastrand::Rng) -> Vec<u8> {
    let pieces: [&[u8]; 20] = [
        b"data",
        b"data: ",
        b"data:",
        b"event: ",
        b"id: ",
        b"retry: ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b":",
        b" ",
        b"7",
        b"word",
        b"\0",
        b"\xc3",
        "ä".as_bytes(),
        "\u{feff}".as_bytes(),
        b"message",
    ];
    let count = random.usize(..60);
    let pieces = (0..count).map(|_| *random.choice(&pieces).unwrap());
    pieces.flatten().copied().collect()
}

fn random_cuts(random: &mut fastrand::Rng) -> Vec<usize> {
    let most = *random.choice(&[1, 2, 8, 100]).unwrap();
    (0..200).map(|_| random.usize(..=most)).collect()
}

#[test]
fn any_text_in_any_pieces_gives_the_events_of_the_whole() {
    for seed in 0..5_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let text = random_text(&mut random);
        let cuts = random_cuts(&mut random);
        let (events, last_id, _) = read(&text, &cuts);
        let seen: Vec<Seen> = events.iter().map(Seen::from).collect();
        assert_eq!((seen, last_id), naive(&text), "seed {seed}: {text:?}");
    }
}

#[test]
fn what_is_sent_is_what_arrives() {
    for seed in 0..2_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let sent: Vec<Event> = (0..random.usize(..8))
            .map(|_| random_event(&mut random))
            .collect();
        let mut body = events_body(stream::iter(sent.clone()), None);
        let text = block_on(async {
            let mut text = Vec::new();
            while let Some(frame) = frame(&mut body).await {
                text.extend_from_slice(&frame);
            }
            text
        });
        let (received, ..) = read(&text, &random_cuts(&mut random));
        let sent = sent.iter().map(|event| {
            let data = event.data().replace("\r\n", "\n").replace('\r', "\n");
            let data = Seen::from(&Event::new(data)).data;
            Seen {
                data,
                ..Seen::from(event)
            }
        });
        let received: Vec<Seen> = received.iter().map(Seen::from).collect();
        assert_eq!(received, sent.collect::<Vec<_>>(), "seed {seed}");
    }
}

fn random_event(random: &mut fastrand::Rng) -> Event {
    let pieces = [
        "\n", "\r", "\r\n", " ", ":", "data: ", "word", "ä", "\0", "\u{feff}",
    ];
    let mut text = |most| -> String {
        (0..random.usize(..most))
            .map(|_| *random.choice(&pieces).unwrap())
            .collect()
    };
    let (data, name, id) = (text(12), text(4), text(4));
    let mut event = Event::new(data);
    event = event.clone().with_name(name).unwrap_or(event);
    event = event.clone().with_id(id).unwrap_or(event);
    if random.bool() {
        event = event.with_retry(Duration::from_millis(random.u64(..100_000)));
    }
    event
}

async fn frame(body: &mut smolio_http::Body) -> Option<Bytes> {
    let frames =
        stream::poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut *body), cx));
    let frame = { frames }.next().await?;
    Some(frame.unwrap().into_data().unwrap())
}
