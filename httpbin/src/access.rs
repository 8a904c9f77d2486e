//! Paths for those who can say who they are.

use axum::{
    Json, Router,
    extract::Path,
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/basic-auth/{user}/{password}", get(basic))
        .route("/hidden-basic-auth/{user}/{password}", get(hidden_basic))
        .route("/bearer", get(bearer))
}

async fn basic(Path((user, password)): Path<(String, String)>, headers: HeaderMap) -> Response {
    match is_basic(&headers, &user, &password) {
        true => Json(json!({ "authenticated": true, "user": user })).into_response(),
        false => refused(r#"Basic realm="Fake Realm""#),
    }
}

/// Others do not learn that there is something.
async fn hidden_basic(
    Path((user, password)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    match is_basic(&headers, &user, &password) {
        true => Json(json!({ "authenticated": true, "user": user })).into_response(),
        false => StatusCode::NOT_FOUND.into_response(),
    }
}

fn is_basic(headers: &HeaderMap, user: &str, password: &str) -> bool {
    let expected = BASE64_STANDARD.encode(format!("{user}:{password}"));
    credentials(headers, "Basic") == Some(&expected)
}

/// Any token will do.
async fn bearer(headers: HeaderMap) -> Response {
    match credentials(&headers, "Bearer") {
        Some(token) => Json(json!({ "authenticated": true, "token": token })).into_response(),
        None => refused("Bearer"),
    }
}

fn credentials<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case(wanted).then_some(credentials)
}

fn refused(challenge: &'static str) -> Response {
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response()
}
