//! smolio-test alone: an hour passes at once.
// dependencies: smolio-timer = { path = "{root}/crates/smolio-timer" }

use std::time::Duration;

fn main() {
    smolio_test::run(async {
        smolio_timer::sleep(Duration::from_secs(3600)).await;
    });
}
