//! The option `tokio` without the feature says which one it needs.

#[smolio_macros::main(tokio)]
async fn program() {}

#[smolio_macros::test(time = "real", tokio)]
async fn test() {}

fn main() {}
