//! Forms with files in them.

use http::HeaderValue;
use smolio_http::{Body, ClientSession, Multipart, Part};

use super::{body_of, empty};
use crate::support::{
    block_on,
    peer::Peer,
    script::{Received, Step, ok},
};

fn sent(form: Multipart) -> Received {
    let peer = Peer::always(vec![Step::Request, ok(""), Step::Again]);
    let session = ClientSession::new();
    block_on(session.post(peer.url("/")).multipart(form).into_future()).unwrap();
    peer.requests().remove(0)
}

#[test]
fn a_form_is_written_as_rfc_7578_has_it() {
    let form = Multipart::new()
        .text("title", "a red\r\nfox")
        .part("empty", Part::bytes(""))
        .part(
            "picture",
            Part::bytes(vec![0_u8, 1, 2])
                .file_name("füchse \"1\"\r\n.png")
                .content_type(HeaderValue::from_static("image/png")),
        );
    let boundary = form.boundary().to_owned();
    let request = sent(form);
    let content_type = format!("multipart/form-data; boundary={boundary}");
    assert_eq!(request.header("content-type"), Some(content_type.as_str()));
    let expected = [
        "--BOUNDARY",
        "content-disposition: form-data; name=\"title\"",
        "",
        "a red\r\nfox",
        "--BOUNDARY",
        "content-disposition: form-data; name=\"empty\"",
        "",
        "",
        "--BOUNDARY",
        "content-disposition: form-data; name=\"picture\"; filename=\"füchse %221%22%0D%0A.png\"",
        "content-type: image/png",
        "",
        "\0\u{1}\u{2}",
        "--BOUNDARY--",
        "",
    ];
    let expected = expected.join("\r\n").replace("BOUNDARY", &boundary);
    assert_eq!(body_of(&request), expected);
    let length = expected.len().to_string();
    assert_eq!(request.header("content-length"), Some(length.as_str()));
}

#[test]
fn a_form_without_fields_ends_at_once() {
    let form = Multipart::new();
    let end = format!("--{}--\r\n", form.boundary());
    assert_eq!(body_of(&sent(form)), end);
}

#[test]
fn boundaries_are_not_the_same_twice() {
    let boundary = || Multipart::new().boundary().to_owned();
    let first = boundary();
    assert_eq!(first.len(), 32);
    assert!((0..100).all(|_| boundary() != first));
}

#[test]
fn a_stream_in_a_form_makes_it_chunked() {
    let chunk = Ok(bytes::Bytes::from("part of it"));
    let stream = Body::stream(futures_lite::stream::iter([chunk]));
    let request = sent(Multipart::new().part("stream", Part::body(stream)));
    assert_eq!(request.header("content-length"), None);
    assert_eq!(request.header("transfer-encoding"), Some("chunked"));
    assert!(body_of(&request).contains("part of it"));
}

/// A length is what somebody says: it is not added up beyond what there is.
#[test]
fn lengths_that_no_number_holds_make_it_chunked() {
    let part = || {
        let reader = futures_lite::io::Cursor::new("short");
        Part::body(Body::reader(reader, Some(u64::MAX)))
    };
    let form = Multipart::new().part("a", part()).part("b", part());
    let request = sent(form);
    assert_eq!(request.header("transfer-encoding"), Some("chunked"));
    assert_eq!(request.header("content-length"), None);
}

#[test]
fn a_form_is_sent_again_where_it_can_be() {
    let peer = Peer::new([vec![
        Step::Request,
        empty("307 Again", &["location: /next"]),
        Step::Request,
        ok(""),
    ]]);
    block_on(async {
        let form = Multipart::new().text("a", "1").text("b", "2");
        let request = ClientSession::new().post(peer.url("/")).multipart(form);
        request.await.unwrap();
    });
    let requests = peer.requests();
    assert_eq!(requests[0].body, requests[1].body);
    assert_eq!(
        requests[0].header("content-type"),
        requests[1].header("content-type")
    );
}
