//! What the system tests and the benchmarks share: the real program with a real configuration, and
//! a client of it.
//!
//! The service listens on a unix socket in a directory of its own and says over the notification
//! socket when it is ready, so nothing here waits by guessing.

mod daemon;
mod request;

pub use daemon::{Daemon, Setup, program};
pub use request::{Lag, attach, attach_lag, detach, trunk};
