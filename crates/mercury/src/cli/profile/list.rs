//! `mercury profile list`.

use drivers::ssh_cli::profile::{Entry, Profile, Source};
use serde_json::{Value, json};

use super::{super::output::Output, Exit, Folder};
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
            all.push(match entry.profile() {
                Ok(profile) => document(entry, &profile),
                Err(error) => json!({ "name": entry.name(), "refused": error.to_string() }),
            });
        }
        output.json(&all)?;
        return Ok(Exit::Ok);
    }
    let mut rows = output.look().table(["PROFILE", "SYSTEM", "PORTS", "LAGS", "VLANS", "FROM"]);
    for entry in profiles.iter() {
        let Ok(profile) = entry.profile() else {
            let refused = Shown::toned(Tone::Bad, "refused, as `show` says");
            let [ports, lags, vlans] = Default::default();
            rows.add([entry.name().into(), refused, ports, lags, vlans, from(entry.source())]);
            continue;
        };
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
