//! `mercury profile docs`: the pages about profiles in the project's documentation.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, anyhow};
use drivers::ssh_cli::{
    cases,
    profile::{Evidence, Profiles, Shown},
};

use super::{Exit, told};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of the pages
    folder: PathBuf,
    /// The conformance cases, which say what is rendered and read back
    #[arg(long, value_name = "DIR", default_value = "profiles/cases")]
    cases: PathBuf,
    /// The list of where profiles have been run
    #[arg(long, value_name = "FILE", default_value = "docs/devices.toml")]
    runs: PathBuf,
}

pub(super) fn run(args: &Args) -> anyhow::Result<Exit> {
    let profiles = Profiles::embedded();
    let runs = fs::read_to_string(&args.runs)
        .with_context(|| format!("cannot read `{}`", args.runs.display()))?;
    let runs = Evidence::runs(&runs)
        .map_err(|problem| anyhow!("`{}` is refused: {problem}", args.runs.display()))?;
    let mut evidence = Evidence { runs, ..Evidence::default() };
    for entry in profiles.iter() {
        let profile = entry.profile().map_err(|error| told(&error))?;
        let summary = cases::run_blocking(&profile, &args.cases)?;
        let shown = Shown { rendered: summary.rendered, read_back: summary.shown };
        evidence.cases.insert(summary.profile, shown);
    }
    let pages = profiles.pages(&evidence).map_err(|error| told(&error))?;
    fs::create_dir_all(&args.folder)
        .with_context(|| format!("cannot make `{}`", args.folder.display()))?;
    for (name, text) in pages {
        let path = args.folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    Ok(Exit::Ok)
}
