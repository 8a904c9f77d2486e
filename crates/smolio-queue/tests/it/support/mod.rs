//! What the tests share.

mod kind;

pub(crate) use kind::{Kind, for_all_kinds};
pub(crate) use smolio_testing::{Counter, Hook, PanicWaker, Wakes};

/// Runs a test under many orders of what is ready, in virtual time.
pub(crate) fn explore<F: Future<Output = ()>>(test: impl Fn() -> F) {
    smolio_test::explore(100, test);
}
