//! `mercury profile check`.

use std::path::PathBuf;

use anyhow::Context as _;
use drivers::ssh_cli::profile::{Mistake, Profile};
use serde_json::json;

use super::{
    super::output::{Output, complain, look_of_stderr},
    Exit,
};
use crate::render::{Tone, profile as render, safe};

const EXAMPLES: &str = "\
Examples:
  mercury profile check mine/NAME.toml

Ends with 0 when the profile is valid, and 10 when it is not.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The profile's file
    file: PathBuf,
}

pub(super) fn run(args: &Args, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let path = args.file.display();
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read `{path}`"))?;
    let text = String::from_utf8_lossy(&bytes);
    match Profile::parse(&text) {
        Ok(profile) if json => {
            output.json(&json!({ "valid": true, "name": profile.raw.name }))?;
            Ok(Exit::Ok)
        }
        Ok(profile) => {
            let valid = output.look().paint(Tone::Good, "valid:");
            let title = safe(&profile.raw.title);
            output.text(&format!("{valid} {}, {title}\n", profile.raw.name))?;
            Ok(Exit::Ok)
        }
        Err(error) => {
            if json {
                let mistakes = error.mistakes.iter().map(document);
                let problems: Vec<_> = mistakes.collect();
                output.json(&json!({ "valid": false, "problems": problems }))?;
            } else {
                let mistakes =
                    render::mistakes(look_of_stderr(), &path.to_string(), &error.mistakes);
                complain(&mistakes);
            }
            Ok(Exit::Broken)
        }
    }
}

fn document(mistake: &Mistake) -> serde_json::Value {
    let Mistake { line, column, problem } = mistake;
    json!({ "line": line, "column": column, "key": problem.at, "problem": problem.what })
}
