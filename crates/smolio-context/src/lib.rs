//! The ambient facts of whoever is running: which task, with which variables, on which clock, until when.
//!
//! The nouns are the [`TaskInfo`] (who is running), the [`ContextVar`] (a value that follows the task, asyncio's
//! `contextvars`) and the [`Instant`] (a point on the clock that tests own). Everything else here is for those who write
//! an executor, a task group or a future that waits: they *set* these facts, and all others read them.
//!
//! ```
//! use smolio_context::{ContextVar, Instant, TaskContext};
//!
//! static REQUEST: ContextVar<u64> = ContextVar::new(|| 0);
//!
//! let task = TaskContext::root();
//! task.enter(|| {
//!     REQUEST.set(7).unwrap();
//!     let child = TaskContext::child(None); // copies the variables
//!     child.enter(|| REQUEST.set(8).unwrap());
//!     assert_eq!(REQUEST.get(), 7);
//! });
//! assert_eq!(REQUEST.get(), 0); // outside of tasks: the default
//! assert!(Instant::now() <= Instant::now());
//! ```
//!
//! # Features
//! `spans`: each task and child of a group is a span of the crate `tracing`, with its name, its id and where it was spawned. It
//! is entered while the task is polled, closed when it has ended, and lies within the span in which it was spawned.
//!
//! # When not to use this
//! Programs use the facade `smolio`, which re-exports what they need. Take this crate alone to write a library of
//! futures that behaves well under smolio (budget, deadlines, virtual time) without depending on its executor.

#![forbid(unsafe_code)]

mod task;
mod variable;

mod clock;
mod instant;

mod budget;
mod deadline;
mod shield;

mod collector;
mod unhandled;

mod attention;
mod observation;
mod observer;

mod call_graph;

mod debug;
mod polls;
mod slow_poll;
mod stuck;

mod order;
mod report;
mod spans;

pub use attention::{is_debug, is_observed};
pub use budget::{Unconstrained, budget_left, poll_budget, spend_budget, unconstrained};
pub use call_graph::{CallGraph, capture_call_graph, format_call_graph, print_call_graph};
pub use clock::{ClockGuard, VirtualClock};
pub use collector::{
    CleanUp, CleanUpSink, SinkGuard, clean_up_later, collect, install_sink, is_collecting,
};
pub use deadline::{DeadlineGuard, current_deadline, enter_deadline, hide_deadlines};
pub use debug::{DebugGuard, debug_mode, warn_in_debug, warn_of_task};
pub use instant::Instant;
pub use observation::{
    ObservationGuard, Resource, ResourceId, TaskState, Wait, WaitTarget, Waiter, all_waits,
    observe, waiting_for, waiting_for_children, waiting_for_members, waiting_for_task, waiting_on,
    waiting_until, waits_of,
};
pub use observer::{Observer, ObserverGuard, register_observer};
pub use order::{ReadyOrder, ready_order, set_ready_order};
pub use polls::allow_slow_poll;
pub use shield::{ShieldMark, report_shield, watch_shields};
pub use stuck::report_stuck;
pub use task::{Scoped, TaskContext, TaskId, TaskInfo, current_task, enclosing_task};
pub use unhandled::{
    Unhandled, UnhandledHook, UnhandledKind, panic_message, report_unhandled, set_unhandled_hook,
};
pub use variable::{ContextVar, OutsideTask};
