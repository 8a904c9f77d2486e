//! Bytes and lines, as many as are wanted, and parts of them.

use std::{convert::Infallible, io, ops::Range};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query},
    http::{
        HeaderMap, StatusCode,
        header::{
            ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_RANGE, RANGE,
        },
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE};
use bytes::Bytes;
use fastrand::Rng;
use futures_lite::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::inspection;

const CHUNK: u64 = 64 * 1024;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/stream/{lines}", get(lines))
        .route("/bytes/{length}", get(random))
        .route("/stream-bytes/{length}", get(random_in_chunks))
        .route("/range/{length}", get(range))
        .route("/uuid", get(uuid))
        .route("/base64/{value}", get(decoded))
}

/// The request once more in each line, with the number of the line.
async fn lines(Path(lines): Path<u64>, request: Parts) -> Response {
    let seen = inspection::seen(&request);
    let lines = (0..lines).map(move |line| {
        let mut seen = seen.clone();
        seen.insert("id".to_owned(), line.into());
        Ok::<_, Infallible>(Value::from(seen).to_string() + "\n")
    });
    let headers = [(CONTENT_TYPE, "application/json")];
    (headers, Body::from_stream(stream::iter(lines))).into_response()
}

#[derive(Deserialize)]
struct Random {
    #[serde(default)]
    seed: u64,
    chunk_size: Option<u64>,
}

async fn random(Path(length): Path<u64>, Query(wanted): Query<Random>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
    ];
    (headers, random_body(length, wanted.seed, CHUNK)).into_response()
}

async fn random_in_chunks(Path(length): Path<u64>, Query(wanted): Query<Random>) -> Response {
    let chunk = wanted.chunk_size.unwrap_or(10 * 1024).clamp(1, CHUNK);
    let headers = [(CONTENT_TYPE, "application/octet-stream")];
    (headers, random_body(length, wanted.seed, chunk)).into_response()
}

fn random_body(length: u64, seed: u64, chunk: u64) -> Body {
    let mut random = Rng::with_seed(seed);
    let chunks = pieces(0..length, chunk).map(move |piece| {
        let bytes: Vec<u8> = piece.map(|_| random.u8(..)).collect();
        Ok::<_, Infallible>(bytes)
    });
    Body::from_stream(stream::iter(chunks))
}

/// A range in pieces, of which no one is larger than `most`.
fn pieces(range: Range<u64>, most: u64) -> impl Iterator<Item = Range<u64>> {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let piece = start..range.end.min(start.saturating_add(most));
        start = piece.end;
        (!piece.is_empty()).then_some(piece)
    })
}

#[derive(Deserialize)]
struct Part {
    break_after: Option<u64>,
}

/// The alphabet, again and again. A part of it is given for `range`, unless `if-range` has another version of it.
async fn range(
    Path(length): Path<u64>,
    Query(wanted): Query<Part>,
    headers: HeaderMap,
) -> Response {
    let etag = format!("\"range{length}\"");
    let same = headers
        .get(IF_RANGE)
        .is_none_or(|version| version == etag.as_str());
    let asked = headers.get(RANGE).filter(|_| same);
    let asked = asked.and_then(|range| part(range.to_str().ok()?, length));
    let common = [(ETAG, etag), (ACCEPT_RANGES, "bytes".to_owned())];
    let (status, part) = match asked {
        None => (StatusCode::OK, 0..length),
        Some(part) if part.is_empty() => {
            let whole = [(CONTENT_RANGE, format!("bytes */{length}"))];
            return (StatusCode::RANGE_NOT_SATISFIABLE, common, whole).into_response();
        }
        Some(part) => (StatusCode::PARTIAL_CONTENT, part),
    };
    let size = part.end - part.start;
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, size.to_string()),
    ];
    let partial = (status == StatusCode::PARTIAL_CONTENT).then(|| {
        let (first, last) = (part.start, part.end - 1);
        [(CONTENT_RANGE, format!("bytes {first}-{last}/{length}"))]
    });
    let body = alphabet(part, wanted.break_after);
    match partial {
        None => (status, common, headers, body).into_response(),
        Some(partial) => (status, common, headers, partial, body).into_response(),
    }
}

/// The part that `range` asks for; an empty one if there is none of it; none if it is no range that is understood, or
/// several, since then all is given.
fn part(range: &str, length: u64) -> Option<Range<u64>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..length.min(last.saturating_add(1)),
        (Ok(first), Err(_)) if last.is_empty() => first..length,
        (Err(_), Ok(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return None,
    };
    Some(range)
}

/// Letters that tell where they stand. After `most` of them it fails, whatever was promised, and the server says so.
fn alphabet(part: Range<u64>, most: Option<u64>) -> Body {
    let most = most.unwrap_or(u64::MAX);
    let given = part.start..part.end.min(part.start.saturating_add(most));
    let letter = |position| b'a' + u8::try_from(position % 26).unwrap_or_default();
    let is_whole = given.end == part.end;
    let chunks = pieces(given, CHUNK).map(move |piece| Ok(piece.map(letter).collect::<Bytes>()));
    let end = (!is_whole).then(|| Err(io::Error::other("broken off, as it was asked to")));
    Body::from_stream(stream::iter(chunks.chain(end)))
}

async fn uuid() -> Json<Value> {
    // Version 4, in the variant of RFC 9562.
    let random = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{random:032x}");
    let groups = [
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..],
    ];
    Json(json!({ "uuid": groups.join("-") }))
}

async fn decoded(Path(value): Path<String>) -> Response {
    match BASE64_URL_SAFE.decode(value) {
        Ok(bytes) => inspection::text(&bytes).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, "not base64: try SGVsbG8=").into_response(),
    }
}
