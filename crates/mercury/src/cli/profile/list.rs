//! `mercury profile list`.

use drivers::ssh_cli::profile::{Entry, Profile, Source};
use serde_json::{Value, json};

use super::{super::output::Output, Exit, Folder, told};
use crate::render::{Shown, Tone, profile as render};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    folder: Folder,
}

pub(super) fn run(args: &Args, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let profiles = args.folder.profiles()?;
    if json {
        let mut all = Vec::new();
        for entry in profiles.iter() {
            let profile = entry.profile().map_err(|error| told(&error))?;
            all.push(document(entry, &profile));
        }
        output.json(&all)?;
        return Ok(Exit::Ok);
    }
    let mut rows = output.look().table(["PROFILE", "SYSTEM", "PORTS", "LAGS", "VLANS", "FROM"]);
    for entry in profiles.iter() {
        let profile = entry.profile().map_err(|error| told(&error))?;
        let can = &profile.raw.capabilities;
        rows.add([
            Shown::from(entry.name()),
            Shown::from(&profile.raw.title),
            Shown::from(render::ports(can)),
            Shown::from(render::lags(can)),
            Shown::from(render::networks(can)),
            from(entry.source()),
        ]);
    }
    output.text(&rows.to_string())?;
    Ok(Exit::Ok)
}

fn from(source: &Source) -> Shown {
    match source {
        Source::BuiltIn => Shown::default(),
        Source::File { path, overrides: true } => {
            Shown::toned(Tone::Odd, format!("{}, in place of the built-in one", path.display()))
        }
        Source::File { path, overrides: false } => Shown::from(path.display()),
    }
}

/// A profile for machines.
pub(super) fn document(entry: &Entry, profile: &Profile) -> Value {
    let (path, overrides) = match entry.source() {
        Source::BuiltIn => (None, false),
        Source::File { path, overrides } => (Some(path), *overrides),
    };
    json!({
        "name": entry.name(),
        "title": profile.raw.title,
        "aliases": profile.raw.aliases,
        "capabilities": profile.raw.capabilities,
        "file": path,
        "overrides": overrides,
    })
}
