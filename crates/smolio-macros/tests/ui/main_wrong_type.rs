//! A wrong type is reported where it is, as in a function without the attribute.

#[path = "../it/fake.rs"]
mod fake;

#[smolio_macros::main(crate = "crate::fake")]
async fn wrong_tail() -> u32 {
    let number = "seven";
    number
}

#[smolio_macros::main(crate = "crate::fake")]
async fn wrong_return() -> u32 {
    return "seven";
}

fn main() {}
