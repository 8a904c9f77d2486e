//! Compiles each file of tests/ui, which must fail with the messages in the .stderr file beside it.
//!
//! The page `compile_errors` shows these messages, and a `compile_fail` doctest says only that there is one.

/// Our own messages are what this is about; the compiler's stand beside them. After a change, or with another compiler:
/// `TRYBUILD=overwrite`, then read the difference, and see that the page still says the same.
#[test]
fn refused_programs() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
