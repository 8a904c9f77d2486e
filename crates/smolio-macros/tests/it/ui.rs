//! Compiles each file of tests/ui, which must fail with the messages in the .stderr file beside it.

/// Only our own messages are compared word for word, and the compiler's where they have been the same for years. After a
/// change: `TRYBUILD=overwrite`, then read the difference.
#[test]
fn refused_programs() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
