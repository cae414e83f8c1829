//! `mercury profile docs`: the pages about profiles in the project's documentation.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use drivers::ssh_cli::profile::Profiles;

use super::{Exit, told};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the pages
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let pages = Profiles::embedded().pages().map_err(|error| told(&error))?;
    fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot make `{}`", args.folder.display()))?;
    for (name, text) in pages {
        let path = args.folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(Exit::Ok)
}
