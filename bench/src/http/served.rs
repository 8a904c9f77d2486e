//! Who serves, in a process of its own: the server that is measured, or the one that clients are measured against.

use std::io::{self, Write};
use std::net::Ipv4Addr;

use axum::routing::get;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use serde::Serialize;
use tokio::net::TcpListener;

use super::{peer, responder};
use crate::library::{Library, Ours, Tokio, Workers};

/// A server that a process can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Served {
    /// See [`responder`].
    Responder,
    /// axum's routes, served by us on our loop.
    Ours,
    /// The same routes, served by axum on tokio.
    Axum,
}

impl Served {
    pub(crate) const ALL: [Self; 3] = [Self::Responder, Self::Ours, Self::Axum];

    /// As the arguments call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Responder => "responder",
            Self::Ours => "ours",
            Self::Axum => "axum",
        }
    }

    /// Serves in this process, until whoever has started it needs it no longer.
    pub(crate) fn serve(self, workers: Workers) -> io::Result<()> {
        peer::allow_many_sockets();
        peer::end_when_nobody_needs_it();
        match self {
            Self::Responder => Tokio::run(workers, responder::serve(print_port)),
            Self::Ours => Ours::run(workers, ours()),
            Self::Axum => Tokio::run(workers, axum()),
        }
    }
}

fn print_port(port: u16) {
    println!("{port}");
    io::stdout()
        .flush()
        .expect("whoever started this process wants to know");
}

/// The routes that all servers of axum's kind have.
fn routes() -> Router {
    Router::new()
        .route("/", get(async || "Hello, world!"))
        .route("/json", get(async || Json(FOX)))
}

/// What the JSON is made of.
#[derive(Serialize)]
struct Animal {
    name: &'static str,
    legs: u32,
    colours: [&'static str; 2],
}

const FOX: Animal = Animal {
    name: "Vulpes vulpes",
    legs: 4,
    colours: ["red", "white"],
};

async fn ours() -> io::Result<()> {
    let listener = async_net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    print_port(listener.local_addr()?.port());
    // With all that it does by itself: limits of size, of time and of the number of connections. axum has none of them.
    match smolio_http::serve(listener, routes()).await {}
}

async fn axum() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    print_port(listener.local_addr()?.port());
    // Ours switches Nagle's delay off by itself, axum only when told to.
    let listener = listener.tap_io(|client| {
        let _ = client.set_nodelay(true);
    });
    axum::serve(listener, routes()).await
}
