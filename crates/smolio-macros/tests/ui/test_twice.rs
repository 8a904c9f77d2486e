//! Two test attributes would register the test twice.

#[smolio_macros::test]
#[test]
async fn twice() {}

#[smolio_macros::test]
#[::core::prelude::v1::test]
async fn twice_by_path() {}

fn main() {}
