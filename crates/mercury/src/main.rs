//! The `mercury` program: the switch service, its client for people and scripts, and the checks
//! that need no service.
//!
//! Answers go to standard output, everything else to standard error. What is printed is made by
//! the pure functions of `render`, so that it is tested without a terminal or a service; a command
//! in `cli` reads its arguments, asks, and hands the answer on. No command decides anything that
//! the service or the policy decides.

mod cli;
mod demo;
mod render;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The only one in the program; it fails when there is one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli::main().into()
}
