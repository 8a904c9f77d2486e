//! What none of the examples is about: what runs the sections of the guide, and the code in the pages of `docs/`.

pub mod guide;

pub use guide::Guide;

// The code in the pages is compiled and run. Here, because the pages use what the examples use: all features, and the crates around.
#[cfg(doctest)]
#[doc = include_str!("../../docs/from-asyncio.md")]
struct FromAsyncio;

#[cfg(doctest)]
#[doc = include_str!("../../docs/from-tokio.md")]
struct FromTokio;

#[cfg(doctest)]
#[doc = include_str!("../../docs/cookbook.md")]
struct Cookbook;
