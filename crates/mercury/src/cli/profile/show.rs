//! `mercury profile show`.

use serde_json::json;

use super::{super::output::Output, Exit, Folder, list, told};
use crate::render::profile as render;

const EXAMPLES: &str = "\
Examples:
  mercury profile show NAME
  mercury profile show NAME --json
  mercury profile show NAME --toml";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The profile's name, or another name that it goes by
    name: String,
    #[command(flatten)]
    folder: Folder,
    /// Print the file as it is
    #[arg(long, conflicts_with = "json")]
    toml: bool,
}

pub(super) fn run(args: &Args, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let profiles = args.folder.profiles()?;
    let entry = profiles.get(&args.name).map_err(|error| told(&error))?;
    if args.toml {
        output.text(entry.text())?;
        return Ok(Exit::Ok);
    }
    let profile = entry.profile().map_err(|error| told(&error))?;
    if json {
        let mut document = list::document(entry, &profile);
        if let Some(members) = document.as_object_mut() {
            let examples: Vec<_> = profile
                .examples()
                .into_iter()
                .map(|example| match example.lines {
                    Ok(lines) => json!({ "title": example.title, "lines": lines }),
                    Err(why) => json!({ "title": example.title, "refused": why }),
                })
                .collect();
            let options: serde_json::Map<_, _> = profile
                .raw
                .options
                .iter()
                .map(|(name, option)| {
                    let option = json!({
                        "about": option.about,
                        "pattern": option.pattern,
                        "default": option.default,
                    });
                    (name.clone(), option)
                })
                .collect();
            members.insert("options".to_owned(), options.into());
            members.insert("examples".to_owned(), examples.into());
            members.insert("remarks".to_owned(), json!(profile.raw.remarks));
            members.insert("sources".to_owned(), json!(profile.raw.sources));
        }
        output.json(&document)?;
    } else {
        output.text(&render::whole(output.look(), entry, &profile))?;
    }
    Ok(Exit::Ok)
}
