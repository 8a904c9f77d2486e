//! Debug mode, as a runner asks for it: the reports of context, a watchdog, and who overloads the only thread.

mod overload;
mod watchdog;

use std::{io, sync::Arc, time::Duration};

use smolio_context::{DebugGuard, ObserverGuard, debug_mode, register_observer};

use overload::Overload;
use watchdog::Watchdog;

/// Debug mode until it is dropped.
pub(crate) struct Debugging {
    // Dropped in this order: the watchdog has nothing to say when debug mode is over.
    _watchdog: Watchdog,
    _overload: ObserverGuard,
    _mode: DebugGuard,
}

impl Debugging {
    /// # Errors
    /// If there can be no watchdog.
    pub(crate) fn begin(slow_poll: Duration) -> io::Result<Self> {
        Ok(Self {
            _watchdog: Watchdog::start()?,
            _overload: register_observer(Arc::new(Overload::new(slow_poll))),
            _mode: debug_mode(slow_poll),
        })
    }
}
