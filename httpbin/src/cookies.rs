//! Cookies: which ones came, and to set and delete them.

use axum::{
    Json, Router,
    extract::Path,
    http::{
        HeaderValue, StatusCode, Uri,
        header::{COOKIE, SET_COOKIE},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use crate::{query, redirects::found};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/cookies", get(shown))
        .route("/cookies/set", get(set))
        .route("/cookies/set/{name}/{value}", get(set_one))
        .route("/cookies/delete", get(delete))
}

async fn shown(request: Parts) -> Json<Value> {
    let mut cookies = Vec::new();
    for header in request.headers.get_all(COOKIE) {
        let text = String::from_utf8_lossy(header.as_bytes());
        let pairs = text.split(';').filter_map(|pair| pair.split_once('='));
        cookies.extend(pairs.map(|(name, value)| (name.trim().to_owned(), value.to_owned())));
    }
    Json(json!({ "cookies": query::object(cookies) }))
}

async fn set(address: Uri) -> Response {
    let pairs = query::pairs(&address).into_iter();
    to_cookies(pairs.map(|(name, value)| format!("{name}={value}; Path=/")))
}

async fn set_one(Path((name, value)): Path<(String, String)>) -> Response {
    to_cookies([format!("{name}={value}; Path=/")])
}

async fn delete(address: Uri) -> Response {
    let pairs = query::pairs(&address).into_iter();
    to_cookies(pairs.map(|(name, _)| format!("{name}=; Max-Age=0; Path=/")))
}

/// To where one sees what has become of them.
fn to_cookies(set: impl IntoIterator<Item = String>) -> Response {
    let mut answer = found("/cookies");
    for cookie in set {
        match HeaderValue::try_from(cookie) {
            Ok(cookie) => drop(answer.headers_mut().append(SET_COOKIE, cookie)),
            Err(_) => {
                return (StatusCode::BAD_REQUEST, "that fits no cookie").into_response();
            }
        }
    }
    answer
}
