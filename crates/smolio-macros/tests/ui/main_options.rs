//! What the options of `main` take, and what they do not.

#[smolio_macros::main(threads = 4)]
async fn unknown() {}

#[smolio_macros::main(io)]
async fn of_the_other_attribute() {}

#[smolio_macros::main(workers)]
async fn no_value() {}

#[smolio_macros::main(workers = "4")]
async fn text_for_a_number() {}

#[smolio_macros::main(workers = -1)]
async fn negative() {}

#[smolio_macros::main(workers = 1.5)]
async fn fraction() {}

#[smolio_macros::main(workers = 0)]
async fn none_at_all() {}

#[smolio_macros::main(workers = 1, workers = 2)]
async fn twice() {}

#[smolio_macros::main(crate = my_smolio)]
async fn path_without_quotes() {}

#[smolio_macros::main(crate = "my smolio")]
async fn not_a_path() {}

#[smolio_macros::main(workers(4))]
async fn list() {}

#[smolio_macros::main(, workers = 4)]
async fn stray_comma() {}

fn main() {}
