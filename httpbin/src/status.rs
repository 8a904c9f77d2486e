//! Answers of any status, and a path that fails a few times first.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    extract::{Path, State},
    http::{
        StatusCode,
        header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
    routing::{any, get},
};

/// How often each key has been asked for.
type Counts = Arc<Mutex<HashMap<String, u32>>>;

pub(crate) fn routes() -> Router {
    let flaky = Router::new()
        .route("/flaky/{key}/{failures}", get(flaky))
        .with_state(Counts::default());
    Router::new()
        .route("/status/{code}", any(status))
        .merge(flaky)
}

/// With the headers that belong to a status.
async fn status(Path(code): Path<u16>) -> Response {
    let status = match StatusCode::from_u16(code) {
        Ok(status) if !status.is_informational() => status,
        _ => {
            let reason = format!("{code} ends no exchange: ask for 200 to 999");
            return (StatusCode::BAD_REQUEST, reason).into_response();
        }
    };
    match code {
        301 | 302 | 303 | 305 | 307 | 308 => (status, [(LOCATION, "/redirect/1")]).into_response(),
        401 => {
            let challenge = r#"Basic realm="Fake Realm""#;
            (status, [(WWW_AUTHENTICATE, challenge)]).into_response()
        }
        418 => (status, "I am a teapot").into_response(),
        _ => status.into_response(),
    }
}

async fn flaky(
    State(counts): State<Counts>,
    Path((key, failures)): Path<(String, u32)>,
) -> Response {
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    let count = counts.entry(key).or_default();
    if *count < failures {
        *count += 1;
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return (status, [(RETRY_AFTER, "0")], "not yet").into_response();
    }
    format!("after {count} failures").into_response()
}
