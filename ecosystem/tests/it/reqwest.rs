//! reqwest has tokio's sockets and timers inside, and drives its connections on tokio.

use std::sync::LazyLock;

use ::reqwest::Client;
use axum::{Router, routing::get};
use smolio::{compat, spawn};

use crate::{
    peers::http,
    support::{NO_HANDLE, as_it_is, panic_as_it_is, with_the_switch},
};

fn hello() -> Router {
    Router::new().route("/", get(async || "hello"))
}

async fn text(client: Client, url: String) -> anyhow::Result<String> {
    Ok(client
        .get(url)
        .send()
        .await?
        .error_for_status()?
        .text()
        .await?)
}

#[test]
fn with_the_switch_it_works() {
    with_the_switch(http(hello(), async |address| {
        let client = Client::new();
        let url = format!("http://{address}/");
        assert_eq!(text(client.clone(), url.clone()).await?, "hello");
        // In a task, and again over the same connection.
        assert_eq!(spawn(text(client, url)).await?, "hello");
        Ok(())
    }));
}

#[test]
fn compat_is_enough_for_one_request() {
    as_it_is(http(hello(), async |address| {
        let text = compat(text(Client::new(), format!("http://{address}/"))).await?;
        assert_eq!(text, "hello");
        Ok(())
    }));
}

/// What a runtime for each run would break: the connections of the first run are still good in the second.
#[test]
fn a_client_in_a_static_works_in_the_next_run() {
    static CLIENT: LazyLock<Client> = LazyLock::new(Client::new);
    for _ in 0..2 {
        with_the_switch(http(hello(), async |address| {
            assert_eq!(
                text(CLIENT.clone(), format!("http://{address}/")).await?,
                "hello"
            );
            Ok(())
        }));
    }
}

#[test]
fn as_it_is_it_panics() {
    let panic = panic_as_it_is(text(Client::new(), "http://127.0.0.1:9/".to_owned()));
    assert!(panic.contains(NO_HANDLE), "{panic}");
}
