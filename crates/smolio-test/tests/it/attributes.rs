//! `#[smolio::test]` and `#[smolio::main]` around this crate and the executor: what they write down is understood there.

use std::{future::pending, num::ParseIntError, time::Duration};

use smolio_context::{Instant, ReadyOrder, VirtualClock, ready_order};
use smolio_timer::sleep;

mod facade {
    //! As much of smolio as the attributes need.
    pub(super) use smolio_executor::Runner;
    pub(super) use smolio_test as test;
}

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[smolio_macros::test(crate = "facade")]
async fn a_year_passes() {
    let start = Instant::now();
    sleep(YEAR).await;
    assert_eq!(start.elapsed(), YEAR);
}

#[smolio_macros::test(io, seed = 7, crate = "facade")]
async fn with_io_and_a_seed() -> Result<(), ParseIntError> {
    assert_ne!(ready_order(), ReadyOrder::FIRST_IN_FIRST_OUT);
    let years: u32 = "3".parse()?;
    sleep(YEAR * years).await;
    Ok(())
}

#[smolio_macros::test(time = "real", crate = "facade")]
async fn on_the_machines_clock() {
    assert!(VirtualClock::current().is_none());
}

#[smolio_macros::test(explore = 20, crate = "facade")]
async fn explored() -> Result<(), ParseIntError> {
    let years: u32 = "3".parse()?;
    sleep(YEAR * years).await;
    Ok(())
}

#[smolio_macros::test(crate = "facade")]
#[should_panic(expected = "all tasks are blocked")]
async fn a_deadlock_fails() {
    pending::<()>().await;
}

#[smolio_macros::main(crate = "facade")]
async fn program() -> Result<u32, ParseIntError> {
    smolio_executor::yield_now().await;
    "7".parse()
}

#[test]
fn a_program_runs() {
    assert_eq!(program(), Ok(7));
}
