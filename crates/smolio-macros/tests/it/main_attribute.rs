//! `#[smolio::main]`: the calls it makes, and what it leaves as it was.

use crate::fake::take_calls;
use std::fmt::Display;

#[smolio_macros::main(crate = "crate::fake")]
async fn plain() {
    futures_lite::future::yield_now().await;
}
const PLAIN_LINE: u32 = line!() - 3;

#[test]
fn asks_for_signals_and_nothing_else() {
    plain();
    let run = format!("run at line {PLAIN_LINE}");
    assert_eq!(
        take_calls(),
        ["builder", "handle_signals true", run.as_str()]
    );
}

#[smolio_macros::main(workers = 4, crate = "crate::fake")]
async fn with_workers() {}

#[smolio_macros::main(workers = 0x1_0usize, crate = "crate::fake")]
async fn with_many_workers() {}

#[test]
fn passes_the_number_of_workers() {
    with_workers();
    assert_eq!(take_calls()[2], "workers 4");
    with_many_workers();
    assert_eq!(take_calls()[2], "workers 16");
}

#[cfg(feature = "tokio-compat")]
#[smolio_macros::main(tokio, workers = 2, crate = "crate::fake")]
async fn with_tokio() {}

#[cfg(feature = "tokio-compat")]
#[test]
fn asks_for_a_tokio_handle() {
    with_tokio();
    assert_eq!(take_calls()[2..4], ["tokio true", "workers 2"]);
}

#[smolio_macros::main(crate = "crate::fake")]
async fn fallible(/* nobody passes anything */) -> Result<u32, std::num::ParseIntError> {
    let one: u32 = "1".parse()?;
    if one == 0 {
        return Ok(0);
    }
    let rest: u32 = "x".parse()?;
    Ok(one + rest)
}

#[smolio_macros::main(crate = "crate::fake")]
async fn hidden_type() -> impl Display {
    "hidden"
}

#[smolio_macros::main(crate = "crate::fake")]
async fn never() -> ! {
    std::panic::panic_any("as it must end")
}

#[test]
fn returns_what_the_body_returns() {
    assert!(fallible().is_err());
    assert_eq!(hidden_type().to_string(), "hidden");
    assert!(std::panic::catch_unwind(|| never()).is_err());
}

mod inner {
    //! To see that visibility and attributes are kept.

    /// Documented.
    #[must_use]
    #[smolio_macros::main(crate = "crate::fake")]
    pub(super) async fn visible() -> u32 {
        #![allow(clippy::let_and_return)]
        let number = 3;
        number
    }
}

#[test]
fn keeps_visibility_and_attributes() {
    assert_eq!(inner::visible(), 3);
}

macro_rules! make {
    ($(#[$attribute:meta])* $visibility:vis $name:ident $workers:literal $output:ty $body:block) => {
        $(#[$attribute])*
        #[smolio_macros::main(workers = $workers, crate = "crate::fake")]
        $visibility async fn $name() -> $output $body
    };
}
make!(#[must_use] pub from_a_macro 2 u32 { 5 });
make!(private_from_a_macro 3 u32 { 6 });

#[test]
fn takes_what_macros_put_together() {
    assert_eq!(from_a_macro(), 5);
    assert_eq!(take_calls()[2], "workers 2");
    assert_eq!(private_from_a_macro(), 6);
    assert_eq!(take_calls()[2], "workers 3");
}
