//! hyper-util's client has parts for tokio: its connector and its executor. hyper itself knows no runtime.

use ::hyper_util::{client::legacy::Client, rt::TokioExecutor};
use axum::{Router, routing::get};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};

use crate::{peers::http, support::with_the_switch};

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
