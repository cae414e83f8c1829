//! `mercury profile check`.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use drivers::ssh_cli::{
    cases::{self, Summary},
    profile::{Mistake, Profile},
};
use serde_json::json;

use super::{
    super::{
        failure::Told,
        output::{Output, complain, look_of_stderr},
    },
    Exit,
};
use crate::render::{Tone, profile as render, safe};

const EXAMPLES: &str = "\
Examples:
  mercury profile check mine/NAME.toml
  mercury profile check mine/NAME.toml --cases mine/cases
  mercury profile check mine/NAME.toml --cases mine/cases --only lag

Ends with 0 when the profile is valid and every case passes, and 10 otherwise.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The profile's file
    file: PathBuf,
    /// Also play the conformance cases in this folder, or in the folder of the profile's name in it
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Only tell of cases in whose file name this stands
    #[arg(long, value_name = "TEXT", requires = "cases")]
    only: Option<String>,
}

pub(super) fn run(args: &Args, json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let path = args.file.display();
    let bytes = std::fs::read(&args.file).with_context(|| format!("cannot read `{path}`"))?;
    let text = String::from_utf8_lossy(&bytes);
    let profile = match Profile::parse(&text) {
        Ok(profile) => Arc::new(profile),
        Err(error) => {
            if json {
                let problems: Vec<_> = error.mistakes.iter().map(document).collect();
                output.json(&json!({ "valid": false, "problems": problems }))?;
            } else {
                let look = look_of_stderr();
                complain(&render::mistakes(look, &path.to_string(), &error.mistakes));
            }
            return Ok(Exit::Broken);
        }
    };
    let summary = args.cases.as_ref().map(|folder| cases::run_blocking(&profile, folder));
    let summary =
        summary.transpose().map_err(|error| Told::new(Exit::Broken, error.to_string()))?;
    let only = args.only.as_deref().unwrap_or_default();
    if json {
        let cases = summary.as_ref().map(|summary| cases_document(summary, only));
        output.json(&json!({ "valid": true, "name": profile.raw.name, "cases": cases }))?;
    } else {
        let look = output.look();
        let valid = look.paint(Tone::Good, "valid:");
        let title = safe(&profile.raw.title);
        output.text(&format!("{valid} {}, {title}\n", profile.raw.name))?;
        if let Some(summary) = &summary {
            output.text(&render::cases(look, summary, only))?;
        }
    }
    let failed = summary.is_some_and(|summary| {
        summary.cases.iter().any(|case| render::is_meant(case, only) && !case.problems.is_empty())
    });
    Ok(if failed { Exit::Broken } else { Exit::Ok })
}

fn document(mistake: &Mistake) -> serde_json::Value {
    let Mistake { line, column, problem } = mistake;
    json!({ "line": line, "column": column, "key": problem.at, "problem": problem.what })
}

fn cases_document(summary: &Summary, only: &str) -> serde_json::Value {
    let cases: Vec<_> = summary
        .cases
        .iter()
        .filter(|case| render::is_meant(case, only))
        .map(|case| json!({ "file": case.path, "title": case.title, "problems": case.problems }))
        .collect();
    json!({
        "cases": cases,
        "shown": summary.shown,
        "missing": summary.missing,
        "unseen_answers": summary.unseen_answers,
    })
}
