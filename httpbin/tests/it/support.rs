//! A request to the router, and its answer.

use axum::{
    body::Body,
    http::{HeaderMap, Request, StatusCode},
};
use futures_lite::{StreamExt, future::block_on};
use serde_json::Value;
use tower_service::Service;

/// An answer, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(self.text()).unwrap()
    }
}

pub(crate) fn get(path: &str) -> Answer {
    get_with(path, &[])
}

pub(crate) fn get_with(path: &str, headers: &[(&str, &str)]) -> Answer {
    send("GET", path, headers, "")
}

pub(crate) fn send(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    block_on(async {
        let answer = smolio_httpbin::router().call(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let mut chunks = body.into_data_stream();
        let mut body = Vec::new();
        // Some answers break off: what there was is the body.
        while let Some(Ok(chunk)) = chunks.next().await {
            body.extend(chunk);
        }
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    })
}
