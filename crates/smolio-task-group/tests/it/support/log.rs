//! A log of what happened, in order.

use std::sync::{Arc, Mutex};

/// Lines that several parties write. Clones are the same log.
#[derive(Clone, Default, Debug)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn say(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    /// Says `line` when it is dropped.
    pub(crate) fn on_drop(&self, line: impl Into<String>) -> OnDrop {
        OnDrop(self.clone(), line.into())
    }

    /// What was said since the last call.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

pub(crate) struct OnDrop(Log, String);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.say(std::mem::take(&mut self.1));
    }
}
