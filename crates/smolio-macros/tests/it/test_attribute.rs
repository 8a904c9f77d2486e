//! `#[smolio::test]`: the calls it makes, and what it leaves as it was. Most functions here are tests themselves.

use crate::fake::take_calls;

/// Functions that are tests by the attribute, and are called by others as well.
mod registered {
    use std::cell::Cell;

    thread_local! {
        pub(super) static RUNS: Cell<u32> = const { Cell::new(0) };
    }

    #[smolio_macros::test(crate = "crate::fake")]
    pub(super) async fn plain() {
        futures_lite::future::yield_now().await;
        RUNS.set(RUNS.get() + 1);
    }

    #[smolio_macros::test(io, seed = 7, crate = "crate::fake")]
    pub(super) async fn io_and_seed() {}

    #[smolio_macros::test(time = "real", crate = "crate::fake")]
    pub(super) async fn real() {}

    #[cfg(feature = "tokio-compat")]
    #[smolio_macros::test(tokio, time = "real", crate = "crate::fake")]
    pub(super) async fn with_tokio() {}

    #[smolio_macros::test(time = "virtual", io, crate = "crate::fake")]
    pub(super) async fn virtual_io() {}

    #[smolio_macros::test(explore = 3, seed = 1, crate = "crate::fake")]
    pub(super) async fn explored() -> Result<(), std::num::ParseIntError> {
        let number: u32 = "7".parse()?;
        RUNS.set(RUNS.get() + number);
        Ok(())
    }
}

fn calls_of<T>(test: impl FnOnce() -> T) -> Vec<String> {
    take_calls();
    registered::RUNS.set(0);
    test();
    take_calls()
}

#[test]
fn each_option_is_one_call() {
    assert_eq!(calls_of(registered::plain), ["new", "run"]);
    assert_eq!(registered::RUNS.get(), 1);
    assert_eq!(
        calls_of(registered::io_and_seed),
        ["new", "io", "seed 7", "run"]
    );
    assert_eq!(calls_of(registered::real), ["new", "real_time", "run"]);
    assert_eq!(calls_of(registered::virtual_io), ["new", "io", "run"]);
    assert_eq!(
        calls_of(registered::explored),
        ["new", "seed 1", "explore 3", "run"]
    );
    assert_eq!(registered::RUNS.get(), 21);
}

#[cfg(feature = "tokio-compat")]
#[test]
fn asks_for_a_tokio_handle() {
    let calls = calls_of(registered::with_tokio);
    assert_eq!(calls, ["new", "real_time", "tokio", "run"]);
}

#[smolio_macros::test(crate = "crate::fake")]
#[should_panic(expected = "on purpose")]
async fn keeps_other_attributes() {
    panic!("on purpose");
}

#[smolio_macros::test(crate = "crate::fake")]
async fn knows_what_errors_convert_to() -> Result<(), Box<dyn std::error::Error>> {
    #![allow(clippy::needless_return, reason = "a `return` is what is tested")]
    let number: u32 = "7".parse()?;
    if number == 0 {
        return Err("zero".into());
    }
    return Ok(());
}

mod filled_in_by_rstest {
    //! Parameters come from rstest, whichever of the two attributes is expanded first.
    use rstest::rstest;

    #[rstest]
    #[case(1, "one".to_string())]
    #[case(22, "twenty-two".to_string())]
    #[smolio_macros::test(crate = "crate::fake")]
    async fn rstest_first(#[case] number: u32, #[case] name: String) {
        assert_eq!(number > 10, name.len() > 3);
        drop(name);
    }

    #[smolio_macros::test(crate = "crate::fake")]
    #[rstest]
    #[case(1, "one".to_string())]
    #[case(22, "twenty-two".to_string())]
    async fn ours_first(#[case] mut number: u32, #[case] name: String) {
        number += 1;
        assert_eq!(number > 10, name.len() > 3);
        // A body that runs once owns what it is given.
        drop(name);
    }

    #[smolio_macros::test(explore = 3, crate = "crate::fake")]
    #[rstest]
    #[case("one".to_string())]
    async fn explored(#[case] name: String) {
        drop(name.clone());
    }
}
