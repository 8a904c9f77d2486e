//! Redirects: some, to oneself, and to anywhere.

use axum::{
    Router,
    extract::{Path, Query},
    http::{HeaderValue, StatusCode, header::LOCATION, request::Parts},
    response::{IntoResponse, Response},
    routing::{any, get},
};
use serde::Deserialize;

use crate::inspection;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/redirect/{times}", get(relative))
        .route("/relative-redirect/{times}", get(relative))
        .route("/absolute-redirect/{times}", get(absolute))
        .route("/redirect-to", any(redirect_to))
}

async fn relative(Path(times): Path<u32>) -> Response {
    found(&next("relative-redirect", times))
}

async fn absolute(Path(times): Path<u32>, request: Parts) -> Response {
    let address = inspection::address(&request);
    let root = address.find("/absolute-redirect").unwrap_or(address.len());
    found(&(address[..root].to_owned() + &next("absolute-redirect", times)))
}

/// Where the first of so many redirects leads.
fn next(kind: &str, times: u32) -> String {
    match times {
        0 | 1 => "/get".to_owned(),
        _ => format!("/{kind}/{}", times - 1),
    }
}

#[derive(Deserialize)]
struct Target {
    url: String,
    status_code: Option<u16>,
}

async fn redirect_to(Query(target): Query<Target>) -> Response {
    let status = target.status_code.unwrap_or(302);
    match StatusCode::from_u16(status) {
        Ok(status) if status.is_redirection() => redirect(status, &target.url),
        _ => {
            let reason = format!("{status} is no status of a redirect");
            (StatusCode::BAD_REQUEST, reason).into_response()
        }
    }
}

pub(crate) fn found(target: &str) -> Response {
    redirect(StatusCode::FOUND, target)
}

fn redirect(status: StatusCode, target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(target) => (status, [(LOCATION, target)]).into_response(),
        Err(_) => (StatusCode::BAD_REQUEST, "the url fits no header").into_response(),
    }
}
