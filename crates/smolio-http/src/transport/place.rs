//! `Place`: the right to have one connection.

use std::sync::Arc;

use super::{
    origin::Origin,
    pool::{Kept, Pool},
};

/// The right to have one connection. Dropped, it goes to the next.
#[derive(Debug)]
pub(crate) struct Place {
    pool: Arc<Pool>,
    origin: Origin,
    is_held: bool,
}

impl Place {
    pub(super) fn new(pool: Arc<Pool>, origin: Origin) -> Self {
        Self {
            pool,
            origin,
            is_held: true,
        }
    }

    #[cfg(feature = "http2")]
    pub(super) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    #[cfg(feature = "http2")]
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
    }

    /// It is somebody else's from now on.
    #[cfg(feature = "http2")]
    pub(super) fn give_away(mut self) {
        self.is_held = false;
    }

    /// Counts a connection that was made.
    pub(crate) fn count_connected(&self) {
        self.pool.count_connected();
    }

    /// Gives it back with its connection, which another request may use.
    pub(crate) fn keep(mut self, kept: Kept) {
        self.is_held = false;
        self.pool.give_back(&self.origin, Some(kept));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.is_held {
            self.pool.give_back(&self.origin, None);
        }
    }
}
