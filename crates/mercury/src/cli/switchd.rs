//! `mercury switchd`: the service itself.

use std::path::PathBuf;

use switchd::RunOptions;

use super::{CONFIG, exit::Exit};

const EXAMPLES: &str = "\
Examples:
  mercury switchd                                  with /etc/mercury/switchd.toml
  mercury switchd --config ./switchd.toml          with another file
  mercury config check ./switchd.toml              is that file in order?

SIGHUP reads switches, policy and passwords again; SIGTERM finishes what runs, saves, and ends.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The configuration file
    #[arg(long, value_name = "FILE", env = "MERCURY_SWITCHD_CONFIG", default_value = CONFIG)]
    config: PathBuf,
}

pub(super) fn run(args: Args) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let options = RunOptions { log: true, ..RunOptions::default() };
    runtime.block_on(switchd::run(args.config, options))?;
    Ok(Exit::Ok)
}
