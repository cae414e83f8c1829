//! Every operating system that is simulated, driven from a caller's request down to its command
//! line: `mercury switchd` as a process, a simulated switch behind SSH, and what its ports let
//! through after every single command.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that goes wrong panics"
)]

mod bad;
mod site;
mod story;
mod table;
mod vendor;
mod weather;
