//! What holds while a loop is driven, and while a turn of it goes on, also when main panics.

use std::{cell::Cell, sync::Arc};

use futures_task::ArcWake;
use smolio_context::TaskInfo;

use super::Local;
use crate::{
    cell::Thread,
    wake::{Home, Key, Kind, WakeState, WakeTarget},
};

/// The waker of the main future.
pub(super) struct MainWake(WakeState<Home, ()>);

impl MainWake {
    pub(super) fn new(local: &Local) -> Self {
        let home = Home {
            local: local.id,
            thread: local.home,
        };
        Self(WakeState::placed(home, Kind::Internal, Key::MAIN, ()))
    }

    /// The loop has taken it off its queue, and will poll main.
    pub(super) fn dequeued(&self) {
        self.0.dequeued();
    }

    pub(super) fn target(&self) -> WakeTarget<'_, ()> {
        WakeTarget::new(&self.0, Key::MAIN.stamp)
    }
}

impl ArcWake for MainWake {
    fn wake_by_ref(main: &Arc<Self>) {
        main.target().wake();
    }
}

/// The loop is being driven until this is dropped.
pub(super) struct Entered<'a> {
    local: &'a Local,
    /// `None` where the loop is not the one that runs main.
    outer_main: Option<Option<TaskInfo>>,
}

impl<'a> Entered<'a> {
    pub(super) fn new(local: &'a Local, main: Option<TaskInfo>) -> Self {
        assert!(
            local.home == Thread::current(),
            "a loop is driven on a thread that is not its own"
        );
        local.come();
        Self {
            local,
            outer_main: (local.id == local.runtime.main())
                .then(|| local.runtime.replace_main_task(main)),
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        if let Some(outer) = self.outer_main.take() {
            self.local.runtime.replace_main_task(outer);
        }
        self.local.go_away();
        // Between two drives nobody is there to be woken.
        self.local.driver.replace(None);
        self.local.inbox.set_driver(None);
    }
}

/// Says that a turn is going on until it is dropped, also by a panic of the main future.
pub(super) struct Turning<'a>(&'a Cell<bool>);

impl<'a> Turning<'a> {
    pub(super) fn new(flag: &'a Cell<bool>) -> Self {
        flag.set(true);
        Self(flag)
    }
}

impl Drop for Turning<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}
