//! What need not be sent again, and headers of all kinds.

use axum::{
    Json, Router,
    extract::Path,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode, Uri,
        header::{CACHE_CONTROL, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::any,
    routing::get,
};
use serde_json::Value;

use crate::{inspection, query};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/etag/{etag}", get(etag))
        .route("/cache", get(cache))
        .route("/cache/{seconds}", get(cache_for))
        .route("/response-headers", any(response_headers))
}

async fn etag(Path(etag): Path<String>, request: Parts) -> Response {
    let headers = [(ETAG, format!("\"{etag}\""))];
    if names(&request.headers, &IF_NONE_MATCH, &etag) == Some(true) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    if names(&request.headers, &IF_MATCH, &etag) == Some(false) {
        return (StatusCode::PRECONDITION_FAILED, headers).into_response();
    }
    (headers, Json(Value::from(inspection::seen(&request)))).into_response()
}

/// Whether a list of versions, if there is one, has this one.
fn names(headers: &HeaderMap, list: &HeaderName, etag: &str) -> Option<bool> {
    let list = headers.get(list)?.to_str().ok()?;
    let mut versions = list
        .split(',')
        .map(|version| version.trim().trim_start_matches("W/").trim_matches('"'));
    Some(versions.any(|version| version == etag || version == "*"))
}

async fn cache(request: Parts) -> Response {
    let asks = [IF_MODIFIED_SINCE, IF_NONE_MATCH];
    if asks.iter().any(|ask| request.headers.contains_key(ask)) {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let headers = [
        (LAST_MODIFIED, "Thu, 01 Jan 2026 00:00:00 GMT"),
        (ETAG, "\"cached\""),
    ];
    (headers, Json(Value::from(inspection::seen(&request)))).into_response()
}

async fn cache_for(Path(seconds): Path<u64>, request: Parts) -> Response {
    let headers = [(CACHE_CONTROL, format!("public, max-age={seconds}"))];
    (headers, Json(Value::from(inspection::seen(&request)))).into_response()
}

/// The query as headers, and as JSON.
async fn response_headers(address: Uri) -> Response {
    let pairs = query::pairs(&address);
    let mut answer = Json(Value::from(query::object(pairs.clone()))).into_response();
    for (name, value) in pairs {
        let header = HeaderName::try_from(name).ok();
        let header = header.and_then(|name| Some((name, HeaderValue::try_from(value).ok()?)));
        let Some((name, value)) = header else {
            return (StatusCode::BAD_REQUEST, "that fits no header").into_response();
        };
        answer.headers_mut().append(name, value);
    }
    answer
}
