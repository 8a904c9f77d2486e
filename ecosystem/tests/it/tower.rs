//! tower's layers run on our server. `TimeoutLayer` counts with tokio's timer.

use std::{future::pending, time::Duration};

use ::tower::timeout::TimeoutLayer;
use axum::{BoxError, Router, error_handling::HandleErrorLayer, routing::get};
use smolio::{Elapsed, http::ClientSession, timeout};

use crate::{
    peers::http,
    support::{as_it_is, with_the_switch},
};

const SHORT: Duration = Duration::from_millis(10);
const TOO_LATE: (u16, &str) = (504, "too late");

fn too_late() -> (axum::http::StatusCode, &'static str) {
    (axum::http::StatusCode::GATEWAY_TIMEOUT, TOO_LATE.1)
}

fn with_its_timeout() -> Router {
    let late = HandleErrorLayer::new(async |_: BoxError| too_late());
    let layers = (late, TimeoutLayer::new(SHORT));
    Router::new().route("/", get(pending::<()>)).layer(layers)
}

#[test]
fn its_timeout_works_with_the_switch() {
    with_the_switch(http(with_its_timeout(), |address| {
        ask(format!("http://{address}/"))
    }));
}

/// The server makes a 500 of the panic.
#[test]
fn its_timeout_panics_as_it_is() {
    as_it_is(http(with_its_timeout(), async |address| {
        let response = ClientSession::new()
            .get(format!("http://{address}/"))
            .await?;
        assert_eq!(response.status().as_u16(), 500);
        Ok(())
    }));
}

/// The same without tokio: our own timeout, in the handler.
#[test]
fn our_timeout_works_as_it_is() {
    let handler = async || match timeout(SHORT, pending::<()>()).await {
        Ok(()) => Ok(()),
        Err(Elapsed { .. }) => Err(too_late()),
    };
    let routes = Router::new().route("/", get(handler));
    as_it_is(http(routes, |address| ask(format!("http://{address}/"))));
}

async fn ask(url: String) -> anyhow::Result<()> {
    let response = ClientSession::new().get(url).await?;
    assert_eq!(response.status().as_u16(), TOO_LATE.0);
    assert_eq!(response.text().await?, TOO_LATE.1);
    Ok(())
}
