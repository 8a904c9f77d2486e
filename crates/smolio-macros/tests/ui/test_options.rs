//! What the options of `test` take, and what they do not.

#[smolio_macros::test(workers = 4)]
async fn unknown() {}

#[smolio_macros::test(io = true)]
async fn value_for_a_flag() {}

#[smolio_macros::test(time = "unreal")]
async fn unknown_time() {}

#[smolio_macros::test(time = real)]
async fn time_without_quotes() {}

#[smolio_macros::test(seed = "7")]
async fn text_for_a_number() {}

#[smolio_macros::test(explore = 0)]
async fn no_runs() {}

#[smolio_macros::test(explore = 10, time = "real")]
async fn explore_in_real_time() {}

#[smolio_macros::test(time = "real", io)]
async fn io_in_real_time() {}

fn main() {}
