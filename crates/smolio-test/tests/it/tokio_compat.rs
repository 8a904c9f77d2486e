//! Tests of what calls tokio inside.

use std::time::Duration;

use smolio_context::Instant;
use smolio_executor::{compat, spawn};
use smolio_test::Test;

use crate::support::panic_message;

const SHORT: Duration = Duration::from_millis(1);

#[test]
fn in_real_time_the_test_has_a_handle() {
    let start = Test::new().real_time().tokio().run(async {
        let start = Instant::now();
        tokio::time::sleep(SHORT).await;
        spawn(async { tokio::time::sleep(SHORT).await }).await;
        start
    });
    assert!(start.elapsed() >= 2 * SHORT);
}

#[test]
fn in_virtual_time_it_is_refused() {
    for test in [Test::new(), Test::new().io()] {
        let text = panic_message(|| test.tokio().run(async {}));
        assert!(
            text.starts_with("a test with tokio in virtual time"),
            "{text}"
        );
    }
}

/// The machine's clock moves tokio's sleep; ours stands still.
#[test]
fn one_future_in_a_test_with_io() {
    let elapsed = Test::new().io().run(async {
        let start = Instant::now();
        compat(async { tokio::time::sleep(SHORT).await }).await;
        start.elapsed()
    });
    assert_eq!(elapsed, Duration::ZERO);
}
