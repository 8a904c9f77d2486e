//! smolio-timer alone, on an executor that is not ours.
// dependencies: futures-lite = "2"

use std::future::pending;
use std::time::Duration;

fn main() {
    futures_lite::future::block_on(async {
        smolio_timer::sleep(Duration::from_millis(1)).await;
        let late = smolio_timer::timeout(Duration::from_millis(1), pending::<()>()).await;
        assert!(late.is_err());
    });
}
