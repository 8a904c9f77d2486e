//! The library that does not care who runs it: the same verdicts everywhere.

use crate::{lines_of, program};

#[test]
fn the_verdicts_are_the_same_under_each_runtime() {
    let verdicts = "ada: good, bob: is not known, zoe: good, never: timed out after 50 ms";
    let runtimes = [
        "smolio",
        "tokio",
        "tokio, spawned",
        "no runtime",
        "another thread",
    ];
    assert_eq!(
        lines_of(&mut program("library")),
        runtimes.map(|runtime| format!("{runtime}: {verdicts}"))
    );
}
