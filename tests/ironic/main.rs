//! Beside a real Ironic 39: its conductor and API drive `mercury switchd` through the life of a
//! server, its client library reads the answers, its own networking service is asked the same.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that goes wrong panics"
)]

mod agreement;
mod authority;
mod cases;
mod doors;
mod exceptions;
mod frames;
mod journey;
mod lags;
mod library;

mod node;
mod passwords;
mod service;
mod site;
mod trouble;
mod verdict;
