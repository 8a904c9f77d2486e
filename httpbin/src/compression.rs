//! Answers that are compressed, whatever the request said that it understands.

use async_compression::futures::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use axum::{
    Router,
    http::{
        header::{CONTENT_ENCODING, CONTENT_TYPE},
        request::Parts,
    },
    response::{IntoResponse, Response},
    routing::get,
};
use futures_lite::{AsyncRead, AsyncReadExt, io};
use serde_json::Value;

use crate::inspection;

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/gzip", get(gzip))
        .route("/deflate", get(deflate))
        .route("/brotli", get(brotli))
        .route("/zstd", get(zstd))
}

async fn gzip(request: Parts) -> Response {
    let text = text(&request, "gzipped");
    answer("gzip", GzipEncoder::new(text.as_bytes())).await
}

/// What is called so is zlib's format.
async fn deflate(request: Parts) -> Response {
    let text = text(&request, "deflated");
    answer("deflate", ZlibEncoder::new(text.as_bytes())).await
}

async fn brotli(request: Parts) -> Response {
    let text = text(&request, "brotli");
    answer("br", BrotliEncoder::new(text.as_bytes())).await
}

async fn zstd(request: Parts) -> Response {
    let text = text(&request, "zstd");
    answer("zstd", ZstdEncoder::new(text.as_bytes())).await
}

fn text(request: &Parts, word: &str) -> String {
    let mut seen = inspection::seen(request);
    seen.insert("method".to_owned(), request.method.as_str().into());
    seen.insert(word.to_owned(), true.into());
    Value::from(seen).to_string()
}

async fn answer(encoding: &'static str, encoder: impl AsyncRead) -> Response {
    let mut encoder = std::pin::pin!(encoder);
    let mut bytes = Vec::new();
    let read: io::Result<_> = encoder.read_to_end(&mut bytes).await;
    read.expect("what is read from and written to is memory");
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (CONTENT_ENCODING, encoding),
    ];
    (headers, bytes).into_response()
}
