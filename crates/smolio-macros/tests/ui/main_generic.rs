//! `main` cannot be generic.

#[smolio_macros::main]
async fn main<T: Fn(u32) -> u32>() {
    drop(None::<T>);
}
