//! A test cannot be generic.

#[smolio_macros::test]
async fn generic<T>() {}

fn main() {}
