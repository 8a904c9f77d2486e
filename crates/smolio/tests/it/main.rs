//! The facade: every noun is there under one path, and the crates behind it fit together.

mod names;
#[cfg(all(unix, feature = "process"))]
mod process;
mod together;
#[cfg(all(feature = "macros", feature = "tokio-compat"))]
mod tokio_compat;
