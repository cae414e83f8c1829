//! What the system tests and the benchmarks share: the real program with a real configuration, a
//! client of it, and the peers that others wrote.
//!
//! The service listens on a unix socket in a directory of its own and says over the notification
//! socket when it is ready, so nothing here waits by guessing.

mod daemon;
pub mod peer;
mod request;

pub use daemon::{Daemon, Setup, program};
pub use request::{Lag, attach, attach_lag, detach, trunk};
