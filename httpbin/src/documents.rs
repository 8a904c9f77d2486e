//! Documents of several kinds, and pages with links from one to the other.

use std::fmt::Write;

use axum::{
    Json, Router,
    extract::Path,
    http::header::CONTENT_TYPE,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/html", get(html))
        .route("/json", get(json))
        .route("/xml", get(xml))
        .route("/robots.txt", get(robots))
        .route("/encoding/utf8", get(utf8))
        .route("/links/{count}/{offset}", get(links))
}

async fn html() -> Html<&'static str> {
    Html(
        "<!DOCTYPE html>\n<html><head><title>A page</title></head><body><h1>A page</h1></body></html>\n",
    )
}

async fn json() -> Json<Value> {
    Json(json!({
        "slideshow": {
            "title": "Sample Slide Show",
            "author": "Yours Truly",
            "slides": [
                { "title": "Wake up to WonderWidgets!", "type": "all" },
                { "title": "Overview", "type": "all", "items": ["Why WonderWidgets are great"] },
            ],
        },
    }))
}

async fn xml() -> Response {
    let text =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<slideshow title=\"Sample Slide Show\"/>\n";
    ([(CONTENT_TYPE, "application/xml")], text).into_response()
}

async fn robots() -> &'static str {
    "User-agent: *\nDisallow: /deny\n"
}

async fn utf8() -> Html<&'static str> {
    Html("<h1>Unicode</h1>\n<p>Grüße, Здравствуйте, こんにちは, ∮ E⋅da = Q, 🦀</p>\n")
}

/// A page among `count` that lead to each other.
async fn links(Path((count, offset)): Path<(u32, u32)>) -> Html<String> {
    let mut page = format!("<html><head><title>Links {offset}</title></head><body>");
    for other in (0..count.min(200)).filter(|other| *other != offset) {
        let written = write!(page, "<a href='/links/{count}/{other}'>{other}</a> ");
        written.expect("a string takes all");
    }
    Html(page + "</body></html>")
}
