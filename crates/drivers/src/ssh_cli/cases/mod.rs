//! Conformance cases: files that say what a profile does with a switch, held against the real
//! reader, renderer and conversation.
//!
//! A case is a request, what the terminal shows, and what comes of it. The runner plays the switch
//! from the transcript byte by byte and sees to it that nothing else is typed. A transcript is what
//! its author saw or read in a manual; no case can show that a switch behaves so.

mod compare;
mod file;
mod kind;
mod player;
mod runner;
mod shows;
mod summary;
mod transcript;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(in crate::ssh_cli) use self::{player::Player, tests::played};

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

pub use self::{
    file::{
        Case, Ending, Expect, KnownLine, KnownLines, LagRequest, LineKind, Network, Request, Safe,
        Verb,
    },
    kind::Kind,
    summary::{CaseReport, Summary, UnseenAnswer},
};
use self::{runner::Outcome, transcript::Transcript};
use super::{
    conversation::{Grammar, Prompts},
    profile::{Profile, schema::SessionKind},
};

/// The file that says what texts are.
const LINES: &str = "errors.toml";

/// The file with the login.
const LOGIN: &str = "login.txt";

/// How many cases a profile may have: several times the most that any has.
const MOST_CASES: usize = 1000;

/// Why no case could be run.
#[derive(Debug, Error)]
pub enum CasesError {
    /// A folder or file cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The login is no login.
    #[error("`{}`: {problem}", path.display())]
    Login {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// There are more cases than are run.
    #[error("`{}` holds more than {MOST_CASES} cases", path.display())]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

/// Runs all cases of a profile. `folder` holds them, or a folder of the profile's name that does.
pub async fn run(profile: &Arc<Profile>, folder: &Path) -> Result<Summary, CasesError> {
    let named = folder.join(&profile.raw.name);
    let folder = if named.is_dir() { named } else { folder.to_owned() };
    let files = files(&folder)?;
    let login = login(profile, &folder)?;
    let prompts = login.learned(profile);
    let mut summary = Summary {
        profile: profile.raw.name.clone(),
        cases: Vec::new(),
        rendered: BTreeSet::new(),
        shown: BTreeSet::new(),
        missing: BTreeSet::new(),
        unseen_answers: Vec::new(),
    };
    let mut seen_lines: Vec<String> = Vec::new();
    for path in files {
        let text = read(&path)?;
        let slug = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let report = |title: &str, problems| CaseReport {
            path: path.clone(),
            title: title.to_owned(),
            problems,
        };
        if path.file_name().is_some_and(|name| name == LINES) {
            let problems = match file::parse::<KnownLines>(&text) {
                Ok(known) => {
                    let grammar = &profile.conversation.grammar;
                    seen_lines.extend(known.line.iter().map(|line| line.text.clone()));
                    known.line.iter().filter_map(|line| check_line(grammar, line)).collect()
                }
                Err(problem) => vec![problem],
            };
            summary.cases.push(report("what the system says", problems));
            continue;
        }
        let case = match file::parse::<Case>(&text) {
            Ok(case) => case,
            Err(problem) => {
                summary.cases.push(report("", vec![problem]));
                continue;
            }
        };
        let transcript = match transcript_of(&case, profile, &prompts) {
            Ok(transcript) => transcript,
            Err(problem) => {
                summary.cases.push(report(&case.title, vec![problem]));
                continue;
            }
        };
        let whole = match profile.conversation.kind {
            SessionKind::Terminal => login.clone().then(transcript.clone()),
            SessionKind::Commands => transcript.clone(),
        };
        let outcome: Outcome = runner::run(profile, &case, &whole).await;
        if outcome.problems.is_empty() {
            summary.rendered.extend(shows::rendered(&case, &outcome));
            summary.shown.extend(shows::shown(&slug, &case, &transcript, &outcome));
            seen_lines.extend(transcript.shown().map(str::to_owned));
        }
        summary.cases.push(report(&case.title, outcome.problems));
    }
    let required = Kind::ALL.iter().filter(|kind| kind.is_required(&profile.raw.capabilities));
    summary.missing = required.filter(|kind| !summary.shown.contains(kind)).copied().collect();
    summary.unseen_answers = unseen(profile, &seen_lines);
    Ok(summary)
}

/// The expressions of `answers` that none of these lines matches.
fn unseen(profile: &Profile, lines: &[String]) -> Vec<UnseenAnswer> {
    let (raw, grammar) = (&profile.raw.answers, &profile.conversation.grammar);
    let lists = [
        ("errors", &raw.errors, &grammar.errors),
        ("notes", &raw.notes, &grammar.notes),
        ("busy", &raw.busy, &grammar.busy),
        ("absent", &raw.absent, &grammar.absent),
        ("noise", &raw.noise, &grammar.noise),
    ];
    let mut unseen = Vec::new();
    for (list, texts, patterns) in lists {
        for (text, pattern) in texts.iter().zip(patterns) {
            if !lines.iter().any(|line| pattern.is_match(line.trim_end())) {
                unseen.push(UnseenAnswer { list, pattern: text.clone() });
            }
        }
    }
    unseen
}

/// The same for whoever has no runtime.
///
/// # Errors
/// As [`run`]; and a system that gives no runtime.
pub fn run_blocking(profile: &Arc<Profile>, folder: &Path) -> Result<Summary, CasesError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| CasesError::Read { path: folder.to_owned(), error })?;
    runtime.block_on(run(profile, folder))
}

fn read(path: &Path) -> Result<String, CasesError> {
    std::fs::read_to_string(path).map_err(|error| CasesError::Read { path: path.to_owned(), error })
}

/// The cases, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CasesError> {
    let failed = |error| CasesError::Read { path: folder.to_owned(), error };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
        if files.len() > MOST_CASES {
            return Err(CasesError::TooMany { path: folder.to_owned() });
        }
    }
    files.sort();
    Ok(files)
}

/// The login, which ends where commands that read are given; commands need none.
fn login(profile: &Profile, folder: &Path) -> Result<Transcript, CasesError> {
    if profile.conversation.kind == SessionKind::Commands {
        return Ok(Transcript::default());
    }
    let path = folder.join(LOGIN);
    let text = read(&path)?;
    let prompts = &profile.conversation.prompts;
    let parsed = Transcript::parse(&text, profile, prompts).and_then(|first| {
        // The name of the switch is known now, and counts alone.
        let prompts = first.learned(profile);
        let login = Transcript::parse(&text, profile, &prompts)?;
        match login.ends_ready(&prompts) {
            true => Ok(login),
            false => Err("it does not end at a bare prompt `ready`".to_owned()),
        }
    });
    parsed.map_err(|problem| CasesError::Login { path, problem })
}

fn transcript_of(case: &Case, profile: &Profile, prompts: &Prompts) -> Result<Transcript, String> {
    let transcript = Transcript::parse(&case.transcript, profile, prompts)
        .map_err(|problem| format!("the transcript: {problem}"))?;
    match transcript.banner.is_empty() {
        true => Ok(transcript),
        false => Err("the transcript does not begin at a prompt".to_owned()),
    }
}

/// What is wrong with what a profile makes of a line. One text may be a refusal in answer to a line
/// that changes something, and say that there is no such thing in answer to one that reads.
fn check_line(grammar: &Grammar, line: &KnownLine) -> Option<String> {
    let text = line.text.trim_end();
    let refusal = grammar.is_error(text) || grammar.is_busy(text);
    let (right, name) = match line.is {
        LineKind::Error => (grammar.is_error(text), "an error"),
        LineKind::Busy => (grammar.is_busy(text), "busy"),
        LineKind::Absent => (grammar.is_absent(text), "absent"),
        LineKind::Note => (grammar.is_note(text) && !refusal, "a note and nothing else"),
        LineKind::Noise => (grammar.is_noise(text), "noise"),
    };
    (!right).then(|| format!("`{text}` is not taken as {name}"))
}
