//! The loops of this process, by number: how a wake from another thread finds the inbox.
//!
//! A task could hold its loop's inbox itself, but then each spawn and each end would touch the inbox's reference count. A wake
//! from another thread pays for the look-up here; it is on its way to a lock and a system call anyway.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, PoisonError, RwLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{inbox::Inbox, runtime::Runtime, wake::Message};

/// Tells a loop from all others that ever were in this process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct LoopId(u32);

type Runtimes = HashMap<LoopId, Weak<Runtime>>;

/// Those that have workers, by their main loops: how a wake from elsewhere finds them.
static RUNTIMES: LazyLock<RwLock<Runtimes>> = LazyLock::new(RwLock::default);

type Loops = HashMap<LoopId, Arc<Inbox<Message>>>;

static LOOPS: LazyLock<RwLock<Loops>> = LazyLock::new(RwLock::default);

impl LoopId {
    /// A number for a loop that reads `inbox`. To be [forgotten](Self::forget) when the loop closes.
    pub(crate) fn register(inbox: Arc<Inbox<Message>>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = u32::try_from(NEXT.fetch_add(1, Ordering::Relaxed));
        let id = Self(number.expect("2^32 loops cannot be told apart"));
        LOOPS
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, inbox);
        id
    }

    pub(crate) fn forget(self) {
        LOOPS
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self);
    }

    /// `None` once the loop has closed.
    pub(crate) fn inbox(self) -> Option<Arc<Inbox<Message>>> {
        LOOPS
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&self)
            .cloned()
    }

    /// This is the main loop of a runtime that has workers.
    pub(crate) fn register_runtime(self, runtime: &Arc<Runtime>) {
        RUNTIMES
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(self, Arc::downgrade(runtime));
    }

    pub(crate) fn forget_runtime(self) {
        RUNTIMES
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self);
    }

    /// `None` once it is gone.
    pub(crate) fn runtime(self) -> Option<Arc<Runtime>> {
        RUNTIMES
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&self)
            .and_then(Weak::upgrade)
    }
}
