//! Answers that take their time: late ones, dripping ones, and events.

use std::{convert::Infallible, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::{any, get},
};
use bytes::Bytes;
use futures_lite::stream;
use serde::Deserialize;
use serde_json::Value;
use smolio_timer::sleep;

use crate::inspection;

/// Nobody waits longer than that for a server that is made to be waited for.
const LONGEST: Duration = Duration::from_secs(3600);

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/delay/{seconds}", any(delay))
        .route("/drip", get(drip))
        .route("/sse", get(events))
}

async fn delay(Path(delay): Path<f64>, request: Parts, body: Bytes) -> Json<Value> {
    sleep(seconds(delay)).await;
    inspection::anything(request, body).await
}

/// What is no length of time is none.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds)
        .unwrap_or_default()
        .min(LONGEST)
}

#[derive(Deserialize)]
#[serde(default)]
struct Drip {
    numbytes: u32,
    duration: f64,
    delay: f64,
    code: u16,
}

impl Default for Drip {
    fn default() -> Self {
        Self {
            numbytes: 10,
            duration: 2.0,
            delay: 0.0,
            code: 200,
        }
    }
}

async fn drip(Query(drip): Query<Drip>) -> Response {
    let status = StatusCode::from_u16(drip.code).unwrap_or(StatusCode::OK);
    sleep(seconds(drip.delay)).await;
    let pause = seconds(drip.duration) / drip.numbytes.max(1);
    let bytes = stream::unfold(drip.numbytes, move |left| async move {
        let left = left.checked_sub(1)?;
        sleep(pause).await;
        Some((Ok::<_, Infallible>(Bytes::from_static(b"*")), left))
    });
    let headers = [
        (CONTENT_TYPE, "application/octet-stream".to_owned()),
        (CONTENT_LENGTH, drip.numbytes.to_string()),
    ];
    (status, headers, Body::from_stream(bytes)).into_response()
}

#[derive(Deserialize)]
#[serde(default)]
struct Events {
    count: u32,
    delay: f64,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            count: 10,
            delay: 0.0,
        }
    }
}

/// One that comes back with `last-event-id` gets what followed.
async fn events(Query(wanted): Query<Events>, request: Parts) -> Response {
    let last = request.headers.get("last-event-id");
    let last = last.and_then(|id| id.to_str().ok()?.parse().ok());
    let first = last.map_or(0, |last: u32| last.saturating_add(1));
    let pause = seconds(wanted.delay);
    let events = stream::unfold(first, move |id| async move {
        if id >= wanted.count {
            return None;
        }
        if id > first {
            sleep(pause).await;
        }
        let event = format!("id: {id}\nevent: ping\ndata: {{\"id\": {id}}}\n\n");
        Some((Ok::<_, Infallible>(event), id + 1))
    });
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(events)).into_response()
}
