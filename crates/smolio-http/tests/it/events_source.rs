//! Events that are asked for again when they break off, as the browsers do it.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::JoinHandle,
    time::Duration,
};

use futures_lite::future::block_on;
use smolio_http::{
    Body, ClientSession, EventErrorKind, EventSource, RequestError, RequestErrorKind,
};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n";

/// Gives one answer to each connection, and then hangs up. It returns the requests.
fn peer(answers: Vec<String>) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let thread = std::thread::spawn(move || {
        let answer = |answer: String| {
            let (mut peer, _) = listener.accept().unwrap();
            let head = read_head(&mut peer);
            peer.write_all(answer.as_bytes()).unwrap();
            head
        };
        answers.into_iter().map(answer).collect()
    });
    (url, thread)
}

fn read_head(peer: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        peer.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

fn stream(text: &str) -> String {
    format!("{HEAD}connection: close\r\n\r\n{text}")
}

/// The data of all events, and the kind of the error if one came.
async fn all(events: &mut EventSource) -> (Vec<String>, Option<EventErrorKind>) {
    let mut data = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => data.push(event.into_data()),
            Err(error) => {
                assert!(events.next().await.is_none(), "it has ended");
                return (data, Some(error.kind()));
            }
        }
    }
    (data, None)
}

#[test]
fn it_goes_on_where_it_was_until_there_is_no_content() {
    let cut_short = format!("{HEAD}content-length: 1000\r\n\r\ndata: two\nid: 2\n\ndata: never");
    let (url, peer) = peer(vec![
        stream("retry: 1\n\nid: 1\ndata: one\n\n"),
        cut_short,
        stream(": nothing this time\n\n"),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
    ]);
    let session = ClientSession::new();
    let mut events = session.events(url);
    let (data, error) = block_on(all(&mut events));
    assert_eq!((data, error), (vec!["one".into(), "two".into()], None));
    assert_eq!(events.last_event_id(), "2");

    let heads = peer.join().unwrap();
    for head in &heads {
        assert!(head.contains("accept: text/event-stream\r\n"), "{head}");
        assert!(!head.contains("accept-encoding"), "{head}");
    }
    assert!(!heads[0].contains("last-event-id"), "{}", heads[0]);
    assert!(heads[1].contains("last-event-id: 1\r\n"), "{}", heads[1]);
    assert!(heads[2].contains("last-event-id: 2\r\n"), "{}", heads[2]);
    assert!(heads[3].contains("last-event-id: 2\r\n"), "{}", heads[3]);
}

#[test]
fn an_answer_without_events_is_an_error() {
    let text = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 0\r\n\r\n";
    let status = "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n";
    let kinds = [
        (text, EventErrorKind::ContentType),
        (
            status,
            EventErrorKind::Status {
                status: http::StatusCode::SERVICE_UNAVAILABLE,
            },
        ),
    ];
    for (answer, kind) in kinds {
        let (url, peer) = peer(vec![answer.to_owned()]);
        let mut events = ClientSession::new().events(url);
        assert_eq!(block_on(all(&mut events)), (vec![], Some(kind)));
        peer.join().unwrap();
    }
}

#[test]
fn an_event_that_is_too_large_is_not_asked_for_again() {
    let (url, peer) = peer(vec![stream("data: 1\n\ndata: 12345678901234567890\n\n")]);
    let mut events = ClientSession::new().events(url).limit(20);
    let too_large = EventErrorKind::TooLarge { limit: 20 };
    assert_eq!(
        block_on(all(&mut events)),
        (vec!["1".into()], Some(too_large))
    );
    peer.join().unwrap();
}

#[test]
fn any_request_can_be_one_for_events() {
    let (url, peer) = peer(vec![
        stream("retry: 1\n\ndata: a\n\n"),
        "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
    ]);
    let request = ClientSession::new().post(url).header("x-key", "secret");
    let mut events = request.body("why?").events().resume_after("ä");
    assert_eq!(block_on(all(&mut events)), (vec!["a".into()], None));
    for head in peer.join().unwrap() {
        assert!(head.starts_with("POST /events"), "{head}");
        assert!(head.contains("x-key: secret\r\n"), "{head}");
        assert!(head.contains("last-event-id: ä\r\n"), "{head}");
    }
}

#[test]
fn a_body_that_is_a_stream_is_sent_once() {
    let (url, peer) = peer(vec![stream("retry: 1\n\ndata: a\n\n")]);
    let body = Body::sized_stream(futures_lite::stream::empty(), 0);
    let mut events = ClientSession::new().post(url).body(body).events();
    let first = block_on(events.next()).unwrap().unwrap();
    assert_eq!(first.data(), "a");
    let error = block_on(events.next()).unwrap().unwrap_err();
    assert_eq!(error.kind(), EventErrorKind::Request);
    assert_eq!(source(&error).kind(), RequestErrorKind::BodyNotReplayable);
    peer.join().unwrap();
}

#[test]
fn a_request_that_cannot_be_sent_is_an_error_at_once() {
    let mut events = ClientSession::new().events("no address");
    let error = block_on(events.next()).unwrap().unwrap_err();
    assert_eq!(source(&error).kind(), RequestErrorKind::InvalidUrl);
    assert!(block_on(events.next()).is_none());
}

fn source(error: &smolio_http::EventError) -> &RequestError {
    let source = std::error::Error::source(error).unwrap();
    source.downcast_ref().unwrap()
}

#[test]
fn pauses_double_and_there_may_be_an_end_of_patience() {
    // A port below 1024 that is of no use to anybody: nobody listens there.
    let url = "http://127.0.0.1:1/";
    smolio_test::Test::new().io().run(async {
        let start = smolio_context::Instant::now();
        let mut events = ClientSession::new().events(url).give_up_after(4);
        let error = events.next().await.unwrap().unwrap_err();
        assert_eq!(source(&error).kind(), RequestErrorKind::Connect);
        let pauses = Duration::from_secs(3 + 6 + 12);
        let elapsed = start.elapsed();
        assert!(
            (pauses..pauses + Duration::from_secs(2)).contains(&elapsed),
            "{elapsed:?}"
        );
    });
}

#[test]
fn a_server_of_ours_is_read_by_a_client_of_ours() {
    use axum::{Router, http::HeaderMap, routing::get};
    use smolio_http::{Event, events_response, serve};
    use smolio_net::TcpListener;

    // Ten events in all, three for each time that it is asked.
    let count = async |headers: HeaderMap| {
        let last = headers.get("last-event-id");
        let last = last.map_or(0, |id| id.to_str().unwrap().parse::<u32>().unwrap());
        let numbers = (last + 1..=10).take(3);
        let events = numbers.map(|number| {
            let event = Event::new(format!("line {number}\nof many"));
            let event = event.with_id(number.to_string()).unwrap();
            event.with_retry(Duration::from_millis(1))
        });
        let mut response = events_response(futures_lite::stream::iter(events));
        if last == 10 {
            *response.status_mut() = http::StatusCode::NO_CONTENT;
        }
        response
    };
    let app: Router = Router::new().route("/count", get(count));
    let data = smolio_executor::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/count", listener.local_addr().unwrap());
        let client = async {
            let mut events = ClientSession::new().events(url);
            all(&mut events).await
        };
        serve(listener, app).until(client).await.reason
    });
    let expected = (1..=10).map(|number| format!("line {number}\nof many"));
    assert_eq!(data, (expected.collect(), None));
}
