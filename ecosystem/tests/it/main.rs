//! One module for each crate: what it does on the loop as it is, and what with a tokio handle.

mod peers;
mod support;

mod async_compat;
mod async_stream;
mod axum;
mod futures;
mod hyper_util;
mod lapin;
mod notify;
mod rayon;
mod redis;
mod reqwest;
mod rusqlite;
mod sqlx;
mod tokio_postgres;
mod tokio_util;
mod tonic;
mod tower;
mod tracing;
