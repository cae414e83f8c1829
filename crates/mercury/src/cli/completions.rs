//! `mercury completions`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Cli, exit::Exit, output::Output};

const EXAMPLES: &str = "\
Examples:
  mercury completions bash > /etc/bash_completion.d/mercury
  mercury completions zsh > \"${fpath[1]}/_mercury\"
  mercury completions fish > ~/.config/fish/completions/mercury.fish";

/// Which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mercury", &mut script);
    output.text(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Ok)
}
