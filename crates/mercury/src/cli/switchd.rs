//! `mercury switchd`: runs the switch service in the foreground, as service managers want it.

use std::path::PathBuf;

use switch::audit::AuditError;
use switchd::{Error, RunOptions};

use super::{
    exit::Exit,
    failure::Told,
    output::{complain, look_of_stderr},
};
use crate::render::config as render;

const HELP: &str = "\
Examples:
  mercury switchd
  mercury switchd --config ./switchd.toml
  MERCURY_SWITCHD__LOG__FILTER=debug mercury switchd --config ./switchd.toml

It stays in the foreground and logs to standard error; `[log]` in the configuration says how. It
tells systemd when it is ready (Type=notify).

Signals:
  SIGHUP            reads switches, policy, passwords and certificates again; a mistake changes
                    nothing
  SIGTERM, SIGINT   takes no more requests, ends running changes, saves, and stops";

/// Run the service.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct Args {
    /// The configuration
    #[arg(long, env = "MERCURY_SWITCHD_CONFIG", value_name = "FILE", default_value = super::CONFIG)]
    config: PathBuf,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let options = RunOptions { log: true, ..RunOptions::default() };
    match runtime.block_on(switchd::run(args.config, options)) {
        Ok(()) => Ok(Exit::Ok),
        Err(error) => failed(error),
    }
}

/// Tells why the service does not start.
pub(super) fn failed(error: Error) -> anyhow::Result<Exit> {
    match error {
        Error::Config(error) => {
            complain(&render::problems(look_of_stderr(), &error));
            Ok(Exit::Broken)
        }
        Error::Policy { .. }
        | Error::Profiles(_)
        | Error::Access { .. }
        | Error::Switch { .. }
        | Error::Secret { .. }
        | Error::Core(_)
        | Error::Audit(AuditError::Broken(_)) => {
            Err(Told::new(Exit::Broken, causes(&error)).into())
        }
        Error::Audit(_) | Error::Listen { .. } | Error::Process { .. } => {
            Err(Told::new(Exit::Other, causes(&error)).into())
        }
    }
}

/// The error and what it comes from, one a line, without what is said already.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let line = cause.to_string();
        if !text.contains(&line) {
            text.push('\n');
            text.push_str(&line);
        }
        source = cause.source();
    }
    text
}
