//! What the unhandled hook was told, by one test at a time.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smolio_context::{Unhandled, UnhandledHook, UnhandledKind, set_unhandled_hook};

/// The hook belongs to the process, so under plain `cargo test` the tests that look at it take turns.
static TURN: Mutex<()> = Mutex::new(());

/// Records until it is dropped, and then puts back the hook that there was.
pub struct Hook {
    seen: Arc<Mutex<Vec<Unhandled>>>,
    former: Option<UnhandledHook>,
    _turn: MutexGuard<'static, ()>,
}

impl Hook {
    /// Waits until no other test records, and takes the place of the hook that there is.
    pub fn install() -> Self {
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
    pub fn take(&self) -> Vec<Unhandled> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The texts of what was told since the last call, by kind.
    pub fn take_messages(&self) -> Vec<(UnhandledKind, String)> {
        let unhandled = self.take();
        let pair = |one: &Unhandled| (one.kind(), one.message().to_string());
        unhandled.iter().map(pair).collect()
    }

    /// As [`take`](Self::take), where exactly one is expected.
    #[track_caller]
    pub fn take_one(&self) -> Unhandled {
        let mut seen = self.take();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// Fails if anything was told since the last call.
    #[track_caller]
    pub fn assert_silent(&self) {
        let seen = self.take();
        assert!(seen.is_empty(), "{seen:?}");
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").finish_non_exhaustive()
    }
}

impl Drop for Hook {
    fn drop(&mut self) {
        set_unhandled_hook(self.former.take());
    }
}
