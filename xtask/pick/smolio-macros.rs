//! smolio-macros named directly, not through the facade: the attribute makes `main` of an async function.
// dependencies: smolio = { path = "{root}/crates/smolio" }

#[smolio_macros::main]
async fn main() {
    smolio::yield_now().await;
}
