//! Something that must stay on its thread.

use std::{
    rc::Rc,
    thread::{self, ThreadId},
};

use smolio_testing::{Counter, DropGuard};

/// Something that must stay on its thread, and checks that it did; counts its drop.
pub(crate) struct NotSend {
    home: ThreadId,
    _guard: DropGuard,
    _rc: Rc<()>,
}

impl NotSend {
    pub(crate) fn new(drops: &Counter) -> Self {
        Self {
            home: thread::current().id(),
            _guard: drops.guard(),
            _rc: Rc::new(()),
        }
    }

    #[track_caller]
    pub(crate) fn touch(&self) {
        assert_eq!(self.home, thread::current().id(), "on a foreign thread");
    }
}

impl Drop for NotSend {
    fn drop(&mut self) {
        if self.home != thread::current().id() {
            // A panic in a drop could be caught by whoever drops; this cannot be overlooked.
            std::process::abort();
        }
    }
}
