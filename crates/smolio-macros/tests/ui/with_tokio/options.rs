//! What does not go with tokio.

#[smolio_macros::main(tokio = true)]
async fn value_for_a_flag() {}

#[smolio_macros::test(tokio)]
async fn virtual_time() {}

#[smolio_macros::test(tokio, io)]
async fn virtual_time_with_io() {}

#[smolio_macros::test(tokio, explore = 10)]
async fn many_schedules() {}

fn main() {}
