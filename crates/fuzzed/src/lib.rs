//! What a fuzzer calls: for each format that comes from outside, a promise of what reads it.
//!
//! Each function must return for every input, and panics where a promise does not hold, which is
//! what a fuzzer looks for. The programs under `fuzz/` give them to libFuzzer; the tests of this
//! crate try the seeds and what is near them, each time that the tests run.

#![allow(clippy::expect_used, reason = "a promise that does not hold is found by its panic")]

mod config;
mod ironic;
mod policy;
mod profile;
mod rpc;

pub use drivers::{
    ovsdb::fuzz::stream as ovsdb, plugin::fuzz::line as plugin,
    ssh_cli::read::fuzz::answer as ssh_read,
};

pub use self::{ironic::input as ironic, rpc::input as rpc};

/// A configuration file. Each of these is linked by itself into the program that fuzzes it.
///
/// # Panics
///
/// A promise does not hold.
pub fn config(input: &[u8]) {
    as_text(input, config::input);
}

/// A policy file.
///
/// # Panics
///
/// A promise does not hold.
pub fn policy(input: &[u8]) {
    as_text(input, policy::input);
}

/// A device profile.
///
/// # Panics
///
/// A promise does not hold.
pub fn profile(input: &[u8]) {
    as_text(input, profile::input);
}

/// A format, by the name of its fuzz target, and what reads it.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("config", config),
    ("ironic", ironic),
    ("ovsdb", ovsdb),
    ("plugin", plugin),
    ("policy", policy),
    ("profile", profile),
    ("rpc", rpc),
    ("ssh_read", ssh_read),
];

/// What is no UTF-8 never gets as far as the reader of a file.
fn as_text(input: &[u8], read: fn(&str)) {
    if let Ok(text) = str::from_utf8(input) {
        read(text);
    }
}
