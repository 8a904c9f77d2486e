//! Compiles each file of tests/ui, which must fail with the messages in the .stderr file beside it.

/// Only our own messages are compared word for word, and the compiler's where they have been the same for years. After a
/// change: `TRYBUILD=overwrite`, then read the difference.
#[test]
fn refused_programs() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
    if cfg!(feature = "tokio-compat") {
        cases.compile_fail("tests/ui/with_tokio/*.rs");
    } else {
        cases.compile_fail("tests/ui/without_tokio/*.rs");
    }
}
