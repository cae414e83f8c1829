//! The service through its doors: real HTTP over TCP and unix sockets, on switches in memory.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says why by panicking"
)]

mod auth;
mod bad_http;
mod bad_requests;
mod credentials;
mod discover;
mod faults;
mod full_disk;
mod happy;
mod ironic;
mod raw;
mod signals;
mod site;
mod stopping;
