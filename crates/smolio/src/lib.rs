//! asyncio's way of working, for Rust, on the smol ecosystem.
#![forbid(unsafe_code)]

pub use smolio_context::{ContextVar, Instant, OutsideTask, TaskId, TaskInfo, current_task};
pub use smolio_executor::{
    BuildError, Builder, Closed, Handle, Interrupted, JoinError, Runner, Task, TaskBuilder,
    ThreadLimit, all_tasks, ctrl_c, finally, run, shield, shield_value, shutdown_signal, spawn,
    spawn_local, to_thread, to_thread_with, with_cleanup, yield_now,
};
pub use smolio_timer::{
    Elapsed, interval, move_on_after, sleep, sleep_until, timeout, timeout_at, try_timeout,
};

#[cfg(feature = "macros")]
pub use smolio_macros::{main, test};
