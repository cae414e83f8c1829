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

/// A format, by the name of its fuzz target, and what reads it.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: &[Target] = &[
    ("config", |input| as_text(input, config::input)),
    ("ironic", ironic::input),
    ("ovsdb", drivers::ovsdb::fuzz::stream),
    ("plugin", drivers::plugin::fuzz::line),
    ("policy", |input| as_text(input, policy::input)),
    ("profile", |input| as_text(input, profile::input)),
    ("rpc", rpc::input),
    ("ssh_read", drivers::ssh_cli::read::fuzz::answer),
];

/// Gives an input to the target of this name.
///
/// # Panics
///
/// A promise does not hold, or there is no such target.
pub fn run(name: &str, input: &[u8]) {
    let (_, target) =
        TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    target(input);
}

/// What is no UTF-8 never gets as far as the reader of a file.
fn as_text(input: &[u8], read: fn(&str)) {
    if let Ok(text) = str::from_utf8(input) {
        read(text);
    }
}
