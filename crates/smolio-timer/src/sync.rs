//! Where [`foreign`](crate::foreign) takes its locks and atomics from: std here, loom in `tests/loom.rs`.

pub(crate) use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};
