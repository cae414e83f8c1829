//! `mercury config check`: would the service start with this file?
//!
//! It reads what the service would read: the file, the environment, the policy, password files and
//! secrets. It opens no audit log, no socket and no switch, because it may run beside a running
//! service.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use switch::policy::{Policy, PolicyError};
use switchd::config::{Config, ConfigError};

use super::{
    exit::Exit,
    output::{Output, complain, look_of_stderr},
};
use crate::render::{config as render, policy};

const EXAMPLES: &str = "\
Examples:
  mercury config check
  mercury config check switchd.toml
  MERCURY_SWITCHD__LIMITS__BATCH=50 mercury config check switchd.toml

Ends with 0 when the service could run with it, and with 10 when it could not.";

/// Check configurations.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the service's configuration and its policy, and say what would run
    Check(Check),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Check {
    /// The configuration
    #[arg(env = "MERCURY_SWITCHD_CONFIG", default_value = super::CONFIG)]
    path: PathBuf,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        let Command::Check(check) = &self.command;
        check.json
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    let Command::Check(check) = &args.command;
    let config = match Config::load(&check.path) {
        Ok(config) => config,
        Err(error) => return refused(check, &error, output),
    };
    let file = config.policy.display().to_string();
    let text = match std::fs::read_to_string(&config.policy) {
        Ok(text) => text,
        Err(error) => {
            let problem = format!("`policy` cannot be read: `{file}`: {error}");
            return policy_refused(check, &problem, &format!("{file}: {error}\n"), output);
        }
    };
    let policy = match Policy::parse(&text) {
        Ok(policy) => policy,
        Err(error) => {
            let text = match &error {
                PolicyError::Invalid(problems) => {
                    policy::problems(look_of_stderr(), &file, problems)
                }
                PolicyError::TooLarge { .. } => format!("{file}: {error}\n"),
            };
            return policy_refused(check, &format!("{file}: {error}"), &text, output);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Err(error) = runtime.block_on(switchd::check(&check.path)) {
        return super::switchd::failed(error);
    }
    if check.json {
        output.json(&json!({
            "valid": true,
            "listen": config.listen.iter().map(|l| l.address.to_string()).collect::<Vec<_>>(),
            "switches": config.switches.keys().collect::<Vec<_>>(),
            "rules": policy.rule_names().collect::<Vec<_>>(),
        }))?;
    } else {
        output.text(&render::summary(output.look(), &config, &policy))?;
    }
    Ok(Exit::Ok)
}

fn refused(check: &Check, error: &ConfigError, output: &mut Output) -> anyhow::Result<Exit> {
    if check.json {
        let problems: Vec<_> = error
            .problems
            .iter()
            .map(|problem| {
                json!({
                    "file": problem.origin, "key": problem.key, "problem": problem.what,
                    "hint": problem.hint,
                })
            })
            .collect();
        output.json(&json!({ "valid": false, "problems": problems }))?;
    } else {
        complain(&render::problems(look_of_stderr(), error));
    }
    Ok(Exit::Broken)
}

fn policy_refused(
    check: &Check,
    problem: &str,
    text: &str,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    if check.json {
        output.json(&json!({ "valid": false, "problems": [{ "problem": problem }] }))?;
    } else {
        complain(text);
    }
    Ok(Exit::Broken)
}
