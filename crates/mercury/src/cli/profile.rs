//! `mercury profile`: device profiles, which say how each switch system is driven.
//!
//! All of it works without a service and without a switch: a profile is data.

mod check;
mod document;
mod list;
mod show;
mod trial;

use std::path::PathBuf;

use clap::Subcommand;
use drivers::ssh_cli::profile::{CatalogueError, Profile, Profiles};

use super::{exit::Exit, failure::Told, output::Output};

const ABOUT: &str = "\
Profiles are built in; a folder of files NAME.toml adds to them, or takes the place of the one of
the same name. Write one with `mercury profile show NAME --toml` as a beginning, and the chapter
`Writing a device profile` of the manual.";

const EXAMPLES: &str = "\
Examples:
  mercury profile list
  mercury profile show NAME
  mercury profile show NAME --toml > mine/NAME.toml
  mercury profile check mine/NAME.toml
  mercury profile list --dir mine
  mercury profile try mine/NAME.toml --address leaf-01 --user admin --known-hosts known_hosts";

/// Look at device profiles, and write them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, after_long_help = format!("{ABOUT}\n\n{EXAMPLES}"))]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the profiles, and what each can do
    List(list::Args),
    /// Show what a profile can do, and which lines land on a switch
    Show(show::Args),
    /// Check a profile that is being written
    Check(check::Args),
    /// Try a profile on a switch; nothing is changed unless you say so
    Try(Box<trial::Args>),
    /// Print the JSON schema of profiles, for editors
    Schema,
    /// Write the pages about profiles that the project's documentation holds
    #[command(hide = true)]
    Docs(document::Args),
}

/// Where profiles are looked for beside those that are built in.
#[derive(Debug, clap::Args)]
struct Folder {
    /// A folder with more profiles, as files NAME.toml
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Folder {
    fn profiles(&self) -> anyhow::Result<Profiles> {
        match &self.dir {
            None => Ok(Profiles::embedded()),
            Some(folder) => Ok(Profiles::with_dir(folder).map_err(|error| told(&error))?),
        }
    }
}

/// What a user is told about a profile that cannot be had.
fn told(error: &CatalogueError) -> Told {
    match error {
        CatalogueError::Unknown { .. } => {
            Told::new(Exit::Usage, error.to_string()).hint("`mercury profile list` lists them")
        }
        _ => Told::new(Exit::Broken, error.to_string()),
    }
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        self.json
    }
}

pub(super) fn run(args: &Args, output: &mut Output) -> anyhow::Result<Exit> {
    match &args.command {
        Command::List(list) => list::run(list, args.json, output),
        Command::Show(show) => show::run(show, args.json, output),
        Command::Check(check) => check::run(check, args.json, output),
        Command::Try(trial) => trial::run(trial, args.json, output),
        Command::Schema => output.json(&Profile::schema()).map(|()| Exit::Ok),
        Command::Docs(docs) => document::run(docs),
    }
}
