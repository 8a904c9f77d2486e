//! A test is async, or needs no attribute.

#[smolio_macros::test]
fn not_async() {}

fn main() {}
