//! `mercury profile check`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use drivers::ssh_cli::{
    cases::{self, Summary},
    profile::{Mistake, Profile},
};
use serde_json::json;

use super::{
    super::output::{Output, complain, look_of_stderr},
    Exit,
};
use crate::render::{Tone, profile as render, safe};

const EXAMPLES: &str = "\
Examples:
  mercury profile check mine/NAME.toml
  mercury profile check mine/NAME.toml --cases mine/cases
  mercury profile check mine/NAME.toml --cases mine/cases --only lag

Ends with 0 when the profile is valid and all its cases pass, and 10 when not.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The profile's file
    file: PathBuf,
    /// A folder of conformance cases to run, or one that has it under the profile's name
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Tell only of the cases whose file's name has this in it
    #[arg(long, value_name = "TEXT", requires = "cases")]
    only: Option<String>,
    /// Also fail where the cases do not show all that they have to
    #[arg(long, requires = "cases")]
    complete: bool,
}

pub(super) fn run(args: &Args, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let path = args.file.display();
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read `{path}`"))?;
    let text = String::from_utf8_lossy(&bytes);
    match Profile::parse(&text) {
        Ok(profile) => {
            let profile = Arc::new(profile);
            let summary = args.cases.as_deref().map(|folder| run_cases(args, &profile, folder));
            let summary = summary.transpose()?;
            if json {
                let name = &profile.raw.name;
                output.json(&json!({ "valid": true, "name": name, "cases": summary }))?;
            } else {
                let valid = output.look().paint(Tone::Good, "valid:");
                let title = safe(&profile.raw.title);
                output.text(&format!("{valid} {}, {title}\n", profile.raw.name))?;
                if let Some(summary) = &summary {
                    let text = render::cases(output.look(), summary);
                    output.text(&text)?;
                }
            }
            let good = |summary: &Summary| match args.complete {
                true => summary.complete(),
                false => summary.passed(),
            };
            Ok(if summary.as_ref().is_none_or(good) { Exit::Ok } else { Exit::Broken })
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

fn run_cases(args: &Args, profile: &Arc<Profile>, folder: &Path) -> anyhow::Result<Summary> {
    let mut summary = cases::run_blocking(profile, folder)?;
    if let Some(part) = &args.only {
        let named = |path: &Path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().contains(part.as_str()))
        };
        summary.cases.retain(|case| named(&case.path));
    }
    Ok(summary)
}

fn document(mistake: &Mistake) -> serde_json::Value {
    let Mistake { line, column, problem } = mistake;
    json!({ "line": line, "column": column, "key": problem.at, "problem": problem.what })
}
