//! Events as the answer of a server: its head, and the comments that keep it alive.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_lite::{Stream, stream};
use http_body::Body as _;
use smolio_http::{Body, Event, events_body, events_response};
use smolio_timer::sleep;

fn poll(body: &mut Body) -> Poll<Option<Bytes>> {
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(body)
        .poll_frame(&mut cx)
        .map(|frame| frame.map(|frame| frame.unwrap().into_data().unwrap()))
}

async fn next(body: &mut Body) -> Option<Bytes> {
    std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx))
        .await
        .map(|frame| frame.unwrap().into_data().unwrap())
}

fn chunk(text: &'static str) -> Poll<Option<Bytes>> {
    Poll::Ready(Some(Bytes::from_static(text.as_bytes())))
}

#[test]
fn the_head_says_what_it_is_and_that_it_is_not_to_be_kept() {
    let response = events_response(stream::iter([Event::new("a\nb")]));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    let mut body = response.into_body();
    assert_eq!(body.length(), None);
    assert_eq!(poll(&mut body), chunk("data: a\ndata: b\n\n"));
    assert_eq!(poll(&mut body), Poll::Ready(None));
}

#[test]
fn each_field_has_its_line() {
    let event = Event::new("").with_name("tick").unwrap();
    let event = event.with_id(" 1").unwrap();
    let event = event.with_retry(Duration::from_micros(2_500));
    let mut body = events_body(stream::iter([event]), None);
    let text = "event: tick\nid:  1\nretry: 2\ndata: \n\n";
    assert_eq!(poll(&mut body), chunk(text));
}

/// An event after 40 seconds, and one at once after it, and then nothing.
fn slow_events() -> impl Stream<Item = Event> + Send {
    stream::unfold(0, |number| async move {
        match number {
            0 => sleep(Duration::from_secs(40)).await,
            1 => {}
            _ => std::future::pending().await,
        }
        Some((Event::new(number.to_string()), number + 1))
    })
}

#[test]
fn a_comment_comes_whenever_there_was_nothing_for_a_while() {
    smolio_test::run(async {
        let start = smolio_context::Instant::now();
        let mut body = events_response(slow_events()).into_body();
        let mut came = Vec::new();
        for _ in 0..6 {
            let chunk = next(&mut body).await.unwrap();
            let text = String::from_utf8(chunk.to_vec()).unwrap();
            came.push((start.elapsed().as_secs(), text));
        }
        let came: Vec<_> = came.iter().map(|(at, text)| (*at, text.as_str())).collect();
        let comment = ":\n\n";
        assert_eq!(
            came,
            [
                (15, comment),
                (30, comment),
                (40, "data: 0\n\n"),
                (40, "data: 1\n\n"),
                (55, comment),
                (70, comment),
            ]
        );
    });
}

#[test]
fn without_comments_it_is_silent() {
    smolio_test::run(async {
        let mut body = events_body(slow_events(), None);
        let start = smolio_context::Instant::now();
        assert_eq!(next(&mut body).await.unwrap(), "data: 0\n\n");
        assert_eq!(start.elapsed().as_secs(), 40);
    });
}
