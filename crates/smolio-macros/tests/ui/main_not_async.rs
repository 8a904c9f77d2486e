//! `main` is async, or needs no attribute.

#[smolio_macros::main]
fn main() {}
