//! The drivers against real servers, and against servers that misbehave.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod ovsdb;
mod plugin;
mod profiles;
mod ssh;
