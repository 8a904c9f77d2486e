//! What an explored test may return: something that can be seen to be a failure.

/// What a test that is explored returns: `()` or a `Result`. It tells which run is the first to fail.
///
/// Not `std::process::Termination`: that one consumes the value, and the test's runner needs it to report the error.
/// `ExitCode` is not among them because the oldest compiler that we support may not compare two of them.
///
/// ```compile_fail,E0277
/// smolio_test::explore(10, || async { 5 });
/// ```
#[diagnostic::on_unimplemented(
    message = "an exploration cannot tell whether `{Self}` is a failure",
    label = "the runs return this",
    note = "return `()` or a `Result`, and check values inside of the run"
)]
pub trait TestOutcome: sealed::Sealed {
    #[doc(hidden)]
    fn is_failure(&self) -> bool;
}

impl TestOutcome for () {
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T, E> TestOutcome for Result<T, E> {
    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

mod sealed {
    //! Keeps the trait to the types above: a failure that goes unnoticed would end a search in vain.
    pub trait Sealed {}
    impl Sealed for () {}
    impl<T, E> Sealed for Result<T, E> {}
}
