//! The first program: say hello, wait a moment, say more.
//!
//! `cargo run --release --example hello`
fn main() {}
