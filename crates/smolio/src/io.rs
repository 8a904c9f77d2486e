//! Standard input, line by line, which never holds up the end of the program.
//!
//! ```no_run
//! # smolio::run(async {
//! let mut lines = smolio::io::stdin();
//! while let Some(line) = lines.next().await {
//!     println!("you said {}", line?);
//! }
//! # Ok::<(), smolio::io::StdinError>(())
//! # });
//! ```

pub use smolio_executor::{LongLine, Stdin, StdinError, stdin};
