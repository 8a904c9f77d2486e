//! What came: `/get`, `/post`, `/anything` and their relatives say what the request was.

use axum::{
    Json, Router,
    body::Body,
    extract::Request,
    http::{
        HeaderMap, HeaderName,
        header::{CONTENT_TYPE, HOST, USER_AGENT},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::{any, delete, get, patch, post, put},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use smolio_http::server::PeerAddress;

use crate::{form, query};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/get", get(without_body))
        .route("/post", post(with_body))
        .route("/put", put(with_body))
        .route("/patch", patch(with_body))
        .route("/delete", delete(with_body))
        .route("/anything", any(anything))
        .route("/anything/{*rest}", any(anything))
        .route("/headers", get(headers))
        .route("/ip", get(ip))
        .route("/user-agent", get(user_agent))
        .route("/echo", post(echo))
}

async fn without_body(request: Parts) -> Json<Value> {
    Json(seen(&request).into())
}

async fn with_body(request: Parts, body: Bytes) -> Json<Value> {
    Json(seen_with_body(&request, &body).into())
}

/// Also used for what answers so after a while.
pub(crate) async fn anything(request: Parts, body: Bytes) -> Json<Value> {
    let mut seen = seen_with_body(&request, &body);
    seen.insert("method".to_owned(), request.method.as_str().into());
    Json(seen.into())
}

async fn headers(request: Parts) -> Json<Value> {
    Json(json!({ "headers": shown_headers(&request.headers) }))
}

async fn ip(request: Parts) -> Json<Value> {
    Json(json!({ "origin": origin(&request) }))
}

async fn user_agent(request: Parts) -> Json<Value> {
    let agent = request.headers.get(USER_AGENT);
    let agent = agent.map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    Json(json!({ "user-agent": agent }))
}

/// The body goes out while it comes in: one that is endless is answered without end.
async fn echo(request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let mut answer = Body::new(body).into_response();
    if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
        answer.headers_mut().insert(CONTENT_TYPE, kind.clone());
    }
    answer
}

/// What can be said of any request.
pub(crate) fn seen(request: &Parts) -> Map<String, Value> {
    let mut seen = Map::new();
    seen.insert(
        "args".to_owned(),
        query::object(query::pairs(&request.uri)).into(),
    );
    seen.insert("headers".to_owned(), shown_headers(&request.headers).into());
    seen.insert("origin".to_owned(), origin(request).into());
    seen.insert("url".to_owned(), address(request).into());
    seen
}

fn seen_with_body(request: &Parts, body: &Bytes) -> Map<String, Value> {
    let mut seen = seen(request);
    let form = form::read(&request.headers, body);
    let data = match form {
        Some(_) => String::new(),
        None => text(body),
    };
    let (fields, files) = form.unwrap_or_default();
    seen.insert("data".to_owned(), data.into());
    seen.insert("files".to_owned(), query::object(files).into());
    seen.insert("form".to_owned(), query::object(fields).into());
    let json = serde_json::from_slice(body).unwrap_or(Value::Null);
    seen.insert("json".to_owned(), json);
    seen
}

/// Bytes as a text that JSON can hold.
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!(
            "data:application/octet-stream;base64,{}",
            BASE64_STANDARD.encode(bytes)
        ),
    }
}

/// As httpbin shows them: the names in the spelling of old, one that came several times once, with commas.
fn shown_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut shown = Map::new();
    for name in headers.keys() {
        let values: Vec<_> = headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()))
            .collect();
        shown.insert(spelled(name), values.join(",").into());
    }
    shown
}

/// `content-type` as `Content-Type`.
fn spelled(name: &HeaderName) -> String {
    let words = name.as_str().split('-').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}

/// The address that was asked, as a whole one.
pub(crate) fn address(request: &Parts) -> String {
    let host = request.headers.get(HOST);
    let host = host.map_or_else(
        || "localhost".into(),
        |host| String::from_utf8_lossy(host.as_bytes()),
    );
    let path = request.uri.path_and_query();
    let path = path.map_or("/", |path| path.as_str());
    format!("http://{host}{path}")
}

/// Who asks; without a server that tells, somebody on this machine.
fn origin(request: &Parts) -> String {
    let peer = request.extensions.get::<PeerAddress>();
    match peer.and_then(PeerAddress::ip) {
        Some(address) => address.ip().to_string(),
        None => "127.0.0.1".to_owned(),
    }
}
