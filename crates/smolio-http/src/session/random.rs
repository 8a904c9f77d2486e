//! Names and boundaries that nobody can foretell, without a crate for it.

use std::hash::{BuildHasher, Hasher, RandomState};

/// 64 bits of the standard library's hash, whose key the system has drawn.
pub(super) fn random_bits() -> u64 {
    RandomState::new().build_hasher().finish()
}
