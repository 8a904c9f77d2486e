//! The guide fails when one of its sections does. That all of them behave is what running it tells.

use anyhow::bail;
use smolio_examples::Guide;

/// What `main` of the guide gives, and so whether the program exits with a failure.
fn finish(sections: impl FnOnce(&mut Guide)) -> Result<(), String> {
    let mut guide = Guide::default();
    sections(&mut guide);
    guide.finish().map_err(|error| error.to_string())
}

#[test]
fn sections_that_behave_are_a_success() {
    let finished = finish(|guide| {
        guide.section("one", "behaves", 0.0, async { Ok(()) });
        guide.section("two", "behaves", 0.0, async { Ok(()) });
    });
    assert_eq!(finished, Ok(()));
}

#[test]
fn one_section_that_does_not_behave_is_a_failure() {
    let finished = finish(|guide| {
        guide.section("one", "gives an error", 0.0, async { bail!("on purpose") });
        guide.section("two", "behaves", 0.0, async { Ok(()) });
    });
    let error = "1 of 2 sections did not behave as expected";
    assert_eq!(finished, Err(error.to_owned()));
}

#[test]
fn so_is_one_that_panics_or_is_over_too_soon() {
    let finished = finish(|guide| {
        guide.section("one", "panics", 0.0, async { panic!("on purpose") });
        guide.section("two", "takes an hour", 3600.0, async { Ok(()) });
    });
    let error = "2 of 2 sections did not behave as expected";
    assert_eq!(finished, Err(error.to_owned()));
}
