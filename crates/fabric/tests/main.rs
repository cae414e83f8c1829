//! The simulated switches against clients that know nothing of them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod clients;
mod differential;
mod faults;
mod lifecycle;
mod ssh;
mod tools;
mod vlans;
