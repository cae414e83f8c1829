//! The program as its users run it: arguments, files and pipes in; text and exit codes out.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that fails says so by panicking"
)]

mod audit;
mod config;
mod connection;
mod fabric;
mod import;
mod manners;
mod packaging;
mod password;
mod plugin;
mod policy;
mod profile;
mod profile_try;
mod service;
mod switch;
mod switchd;

use assert_cmd::Command;

/// The program with these arguments, without the settings of whoever runs the tests.
fn mercury(words: &str) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("mercury");
    command.env_clear().args(words.split_whitespace());
    command
}

/// What a run gave: exit code, standard output, standard error.
fn run(command: &mut Command) -> (i32, String, String) {
    let output = command.output().unwrap();
    (
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}
