//! `main` cannot have parameters.

#[smolio_macros::main]
async fn main(arguments: Vec<String>) {
    drop(arguments);
}
