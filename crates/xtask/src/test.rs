//! `cargo xtask test`: every test of the workspace, on real parts.
//!
//! There is no switch to leave out the slow or the privileged ones. A test that cannot run fails.

use anyhow::{Result, bail};

use crate::cargo::{cargo, has_subcommand, run as run_command};
use crate::ironic;
use crate::packages::{self, Missing};
use crate::steps::{About, Steps};

const BUILD: About = About {
    name: "build",
    runs: "cargo build --workspace --bins --tests (some tests run the program itself)",
    fix: "correct what the compiler says",
};
const IRONIC: About = About {
    name: "ironic",
    runs: "a real Ironic under target/tools, made beside the build if it is not there",
    fix: "see the hint above; what is there already is kept",
};
const EXAMPLES: About = About {
    name: "examples",
    runs: "cargo test --workspace --doc",
    fix: "correct the example in the documentation, or what it shows",
};
const NEXTEST: About = About {
    name: "tests",
    runs: "cargo nextest run --workspace",
    fix: "run one alone: `cargo xtask test -- -E 'test(NAME)'`",
};
const PLAIN: About = About {
    name: "tests",
    runs: "cargo test --workspace --all-targets (cargo-nextest is not installed)",
    fix: "run one alone: `cargo test -p CRATE NAME`",
};

/// The arguments before and after `--`.
#[derive(Debug, PartialEq)]
struct Arguments<'a> {
    missing: Missing,
    for_runner: &'a [String],
}

/// Installs what is missing, then runs the examples in the documentation and all tests. The tests
/// come last, so that the runner's count stands at the end.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let Arguments { missing, for_runner } = parse(arguments)?;
    packages::ensure(missing)?;

    let mut steps = Steps::default();
    std::thread::scope(|scope| {
        let ironic = scope.spawn(ironic::ensure);
        steps.step(&BUILD, || {
            let mut command = cargo();
            command.args(["build", "--workspace", "--bins"]);
            // Who names tests waits for those alone.
            if for_runner.is_empty() {
                command.arg("--tests");
            }
            run_command(&mut command)?;
            Ok(String::new())
        });
        steps.step(&IRONIC, || {
            ironic.join().unwrap_or_else(|_| bail!("making it ended in a panic"))?;
            Ok(String::new())
        });
    });
    // Who names tests wants those, not all examples.
    if for_runner.is_empty() {
        steps.step(&EXAMPLES, || {
            run_command(cargo().args(["test", "--quiet", "--workspace", "--doc"]))?;
            Ok(String::new())
        });
    }
    let has_nextest = has_subcommand("nextest");
    steps.step(if has_nextest { &NEXTEST } else { &PLAIN }, || {
        let mut command = cargo();
        if has_nextest {
            command.args(["nextest", "run", "--workspace"]);
            if std::env::var_os("CI").is_some() {
                command.args(["--profile", "ci"]);
            }
        } else {
            command.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
        }
        run_command(command.args(for_runner))?;
        Ok(String::new())
    });
    steps.finish()
}

fn parse(arguments: &[String]) -> Result<Arguments<'_>> {
    let mut missing = Missing::Install;
    for (index, argument) in arguments.iter().enumerate() {
        match argument.as_str() {
            "--no-install" => missing = Missing::Refuse,
            "--" => {
                let for_runner = arguments.get(index + 1..).unwrap_or_default();
                return Ok(Arguments { missing, for_runner });
            }
            other => bail!(
                "`test` does not know `{other}`\nhint: what is for the test runner follows `--`: cargo xtask test -- {other}"
            ),
        }
    }
    Ok(Arguments { missing, for_runner: &[] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_after_two_dashes_are_the_runners() {
        let arguments = words("--no-install -- -p switch --no-install");
        let parsed = parse(&arguments).unwrap();
        assert_eq!(parsed.missing, Missing::Refuse);
        assert_eq!(parsed.for_runner, words("-p switch --no-install"));
        let parsed = parse(&[]).unwrap();
        assert_eq!(parsed, Arguments { missing: Missing::Install, for_runner: &[] });
    }

    #[test]
    fn an_unknown_argument_says_where_it_belongs() {
        let error = parse(&words("-p switch")).unwrap_err().to_string();
        assert!(error.contains("cargo xtask test -- -p"), "{error}");
    }
}
