//! The attributes `#[smolio::main]` and `#[smolio::test]`: an async function becomes a program, or a test.
//!
//! Both only write down what a user could: `Runner::builder()` or `Test::new()` around the body. They keep the function's
//! other attributes, its visibility, its documentation and its return type, and they see nothing of the body but its
//! braces.
//!
//! ```standalone_crate
//! # extern crate self as smolio;
//! # #[path = "../tests/it/fake.rs"] mod fake;
//! # pub use fake::*;
//! # pub use smolio_macros::{main, test};
//! #[smolio::main]
//! async fn main() -> Result<(), std::num::ParseIntError> {
//!     let number: u32 = "7".parse()?;
//!     println!("{number}");
//!     Ok(())
//! }
//! ```
//!
//! # When not to use this
//! Programs use the facade `smolio`, which re-exports both. A program that needs more settings than the attribute has calls
//! `smolio::Runner::builder()` from an ordinary `main`.

#![forbid(unsafe_code)]

mod function;
mod options;

mod expansion;
mod main_attribute;
mod test_attribute;

mod error;
mod template;

use proc_macro::TokenStream;

/// Runs an async function as the program: on a loop of its own, on this thread.
///
/// `async fn main() -> R { body }` becomes
/// `fn main() -> R { smolio::Runner::builder().handle_signals(true).run(async { body }) }`. The first interrupt or
/// termination signal cancels the body, and clean-ups run; the second ends the process at once.
///
/// # Options
/// - `workers = 4`: how many threads run tasks, this one among them. Without it there is one: the loop.
/// - `tokio`: crates that call tokio inside work, see `Builder::tokio`. With the feature `tokio-compat` of smolio.
/// - `crate = "path::to::smolio"`: where smolio is found if not as `::smolio`.
///
/// # Panics
/// The function it makes panics when the loop cannot be built, such as for want of file descriptors.
///
/// # Examples
/// ```standalone_crate
/// # extern crate self as smolio;
/// # #[path = "../tests/it/fake.rs"] mod fake;
/// # pub use fake::*;
/// # pub use smolio_macros::{main, test};
/// #[smolio::main(workers = 4)]
/// async fn main() {
///     println!("hello");
/// }
/// ```
#[doc(alias = "run")]
#[proc_macro_attribute]
pub fn main(arguments: TokenStream, item: TokenStream) -> TokenStream {
    main_attribute::expand(arguments, item)
}

/// Runs an async function as a test, in virtual time: its clock jumps to the next deadline when nothing is left to do, so
/// that a sleep of a year takes no time. A test in which everything waits for everything fails at once and says who waits
/// for what.
///
/// `async fn name() -> R { body }` becomes
/// `#[test] fn name() -> R { smolio::test::Test::new().run(async { body }) }`.
///
/// # Options
/// - `io`: for tests with sockets, files or processes. The clock waits for 5 ms of real idleness before each jump, and 5 s
///   before it fails a test in which everything is blocked.
/// - `time = "real"`: the machine's clock.
/// - `seed = 7`: the order in which ready tasks run is shuffled, the same way each time.
/// - `explore = 1000`: the test runs that many times, each under a seed of its own; the first seed that fails is printed, and
///   `SMOLIO_TEST_SEED=17` repeats just that one.
/// - `tokio`: crates that call tokio inside work, see `Builder::tokio`; only beside `time = "real"`, for a virtual clock does not
///   see what tokio waits for. With the feature `tokio-compat` of smolio.
/// - `crate = "path::to::smolio"`: where smolio is found if not as `::smolio`.
///
/// # With parameters
/// The function keeps its parameters, for attributes such as rstest's that fill them in. The body owns them, as in any async
/// function; with `explore`, where it runs many times, it borrows them: clone what has to be given away.
///
/// # Examples
/// ```no_run,standalone_crate
/// # extern crate self as smolio;
/// # #[path = "../tests/it/fake.rs"] mod fake;
/// # pub use fake::*;
/// # pub use smolio_macros::{main, test};
/// # async fn sleep(_: std::time::Duration) {}
/// #[smolio::test]
/// async fn a_year_passes() {
///     smolio::sleep(std::time::Duration::from_secs(31_536_000)).await;
/// }
///
/// #[smolio::test(explore = 100)]
/// async fn no_order_breaks_it() -> Result<(), std::num::ParseIntError> {
///     let number: u32 = "7".parse()?;
///     assert_eq!(number, 7);
///     Ok(())
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    test_attribute::expand(arguments, item)
}
