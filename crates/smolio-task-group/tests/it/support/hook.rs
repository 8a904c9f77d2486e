//! What the unhandled hook was told, by one test at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smolio_context::{Unhandled, UnhandledHook, UnhandledKind, set_unhandled_hook};

/// The hook belongs to the process, so under plain `cargo test` the tests that look at it take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Records until it is dropped.
pub(crate) struct Hook {
    seen: Arc<Mutex<Vec<Unhandled>>>,
    former: Option<UnhandledHook>,
    _turn: MutexGuard<'static, ()>,
}

impl Hook {
    pub(crate) fn install() -> Self {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let former = set_unhandled_hook(Some(Arc::new(move |unhandled: &Unhandled| {
            log.lock().unwrap().push(unhandled.clone());
        })));
        Self {
            seen,
            former,
            _turn: turn,
        }
    }

    /// What was told since the last call.
    pub(crate) fn take(&self) -> Vec<Unhandled> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The texts of what was told since the last call, by kind.
    pub(crate) fn take_messages(&self) -> Vec<(UnhandledKind, String)> {
        let unhandled = self.take();
        let pair = |one: &Unhandled| (one.kind(), one.message().to_string());
        unhandled.iter().map(pair).collect()
    }

    /// As [`take`](Self::take), where exactly one is expected.
    #[track_caller]
    pub(crate) fn take_one(&self) -> Unhandled {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    #[track_caller]
    pub(crate) fn assert_silent(&self) {
        let seen = self.take();
        assert!(seen.is_empty(), "{seen:?}");
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        set_unhandled_hook(self.former.take());
    }
}
