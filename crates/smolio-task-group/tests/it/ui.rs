//! Compiles each file of tests/ui, which must fail with the messages in the .stderr file beside it.
//!
//! The page `compile_errors` shows these messages, and a `compile_fail` doctest says only that there is one.

use std::{env, process::Command};

/// The compiler that wrote the files. Around our own messages stand its words, and those change with its version.
const COMPILER: &str = "rustc 1.95.";

/// After a change, or with another compiler: `TRYBUILD=overwrite`, then read the difference, see that the page still says the
/// same, and name the compiler above.
///
/// With any other the doctests of the page are what is left: there too each of the programs is refused.
#[test]
fn refused_programs() {
    let compiler = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(compiler).arg("--version").output();
    let version = String::from_utf8(version.expect("there is a compiler").stdout);
    let version = version.expect("a version is text");
    // Not compared, then.
    if env::var_os("TRYBUILD").is_none() && !version.starts_with(COMPILER) {
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
