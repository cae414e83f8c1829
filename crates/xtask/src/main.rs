//! `cargo xtask`: the one entry for all that a developer runs, and the same that CI runs.
//!
//! It calls tools and holds the rules that no tool holds. It knows nothing of the product: it
//! imports none of its crates, so it builds while they do not. Arguments are matched by hand; an
//! argument parser would cost more to build than all the rest.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program: printing is what it does"
)]

mod bench;
mod cargo;
mod check;
mod deny;
mod docs;
mod files;
mod fuzz;
mod ironic;
mod packages;
mod steps;
mod test;

use std::process::ExitCode;

use anyhow::{Result, bail};

const HELP: &str = "\
cargo xtask: everything a developer runs

  cargo xtask check                    formatting, lints, documentation, dependencies, floors,
                                       links, spelling; goes on after a failure and sums up
  cargo xtask test [--no-install] [-- ARGS]
                                       installs what the tests need (says what), then runs all;
                                       ARGS go to nextest:  cargo xtask test -- -p switch planner
  cargo xtask bench [ARGS]             measures a release build; ARGS go to the benchmarks
      --vs-upstream                    beside Ironic's own service, on the same switch
      --ssh [--quick]                  simulated switches over SSH, beside the library that
                                       drives such switches for Neutron and Ironic
  cargo xtask fuzz [TARGET...]         a minute of fuzzing for each target, two at a time
      --smoke                          the same, said aloud: all targets, 60 seconds each
      --seconds N                      another time for each target; 0 is until Ctrl-C
      --list                           names the targets
  cargo xtask docs                     builds the book, and checks every link in every *.md
  cargo xtask help                     this text

Before a commit:  cargo xtask check && cargo xtask test
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else {
        print!("{HELP}");
        return Ok(());
    };
    match command.as_str() {
        "check" => check::run(rest),
        "test" => test::run(rest),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::run(rest),
        "docs" => docs::run(rest),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => bail!("no command `{other}`\nhint: `cargo xtask help` lists them"),
    }
}
