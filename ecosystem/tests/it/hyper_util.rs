//! hyper-util's client has parts for tokio: its connector and its executor. hyper itself knows no runtime.

use ::hyper_util::{client::legacy::Client, rt::TokioExecutor};
use axum::{Router, routing::get};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};

use crate::{
    peers::http,
    support::{NO_HANDLE, panic_as_it_is, with_the_switch},
};

#[test]
fn its_client_works_with_the_switch() {
    let routes = Router::new().route("/", get(async || "hello"));
    with_the_switch(http(routes, async |address| {
        let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
        let response = client.get(format!("http://{address}/").parse()?).await?;
        let body = response.into_body().collect().await?.to_bytes();
        assert_eq!(body, "hello");
        Ok(())
    }));
}

#[test]
fn as_it_is_it_panics() {
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let panic = panic_as_it_is(client.get(hyper::Uri::from_static("http://127.0.0.1:9/")));
    assert!(panic.contains(NO_HANDLE), "{panic}");
}
