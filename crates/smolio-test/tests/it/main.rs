//! What smolio-test promises, through its public interface.

mod support;

mod all_blocked;
mod attributes;
mod deadlock;
mod exploration;
mod io;
mod real_time;
mod surroundings;
#[cfg(feature = "tokio-compat")]
mod tokio_compat;
mod virtual_time;
