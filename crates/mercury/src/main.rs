//! Entry point.

mod demo;

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};

use clap::Parser;

#[derive(Parser)]
enum Cli {
    Demo(demo::Args),
    Switchd {
        #[arg(long)]
        config: PathBuf,
    },
}

fn main() -> ExitCode {
    let done = match Cli::parse() {
        Cli::Demo(args) => {
            let mut out = std::io::stdout();
            let colour = out.is_terminal();
            demo::run(&args, &mut out, colour)
        }
        Cli::Switchd { config } => switchd_run(config),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr(), "error: {error:?}");
            ExitCode::FAILURE
        }
    }
}

fn switchd_run(config: PathBuf) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let options = switchd::RunOptions { log: true, ..Default::default() };
    runtime.block_on(switchd::run(config, options))?;
    Ok(())
}
