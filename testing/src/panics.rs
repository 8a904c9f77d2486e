//! What a panic says.

use std::panic::{AssertUnwindSafe, catch_unwind};

use smolio_context::panic_message;

/// The text of the panic that `f` ends in.
#[track_caller]
pub fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("there was no panic"),
        Err(payload) => panic_message(&*payload).to_string(),
    }
}
