//! What a switch system is like, as data: reading a profile, checking it, and the profiles that
//! there are.

mod catalogue;
mod coherence;
mod examples;
mod options;
mod pages;
pub mod pattern;
mod place;
pub mod problem;
mod rehearsal;
pub mod schema;
mod session;
mod shape;
mod table;

use schema::RawProfile;
use schemars::schema_for;
use toml::de::DeTable;

use super::{
    conversation::Conversation,
    read::Reader,
    render::{Renderer, Templates},
    session::Scripts,
};
use place::Places;

pub use catalogue::{CatalogueError, Entry, Profiles, Source};
pub use examples::Example;
pub use options::Fitted;
pub use problem::{Mistake, Problem, ProfileError};
pub use schema::PromptMode;
pub use table::{Evidence, Row, Runs, Shown, rows};

use regex::Regex;

/// A question and its answer, checked.
#[derive(Debug, Clone)]
pub struct Question {
    /// How the question ends, for the last line.
    pub pattern: Regex,
    /// What is typed; `{username}`, `{password}` and `{enable_secret}` stand for the switch's.
    pub answer: String,
    /// Whether no end of line is typed behind it.
    pub key: bool,
}

/// A profile that has passed every check.
#[derive(Debug, Clone)]
pub struct Profile {
    /// What the file says.
    pub raw: RawProfile,
    /// The words for each change.
    pub renderer: Renderer,
    /// How one talks to the system.
    pub conversation: Conversation,
    /// What is asked, and what answers mean.
    pub reader: Reader,
    /// What belongs to the lines of `[configure]` and `[save]`.
    pub scripts: Scripts,
    /// These lines, by their keys.
    pub lines: Templates,
}

impl Profile {
    /// The version of the language that is read.
    pub const LANGUAGE: u32 = 1;
    /// How long a file may be in bytes: many times the longest known.
    pub const MAX_BYTES: usize = 256 * 1024;

    /// The JSON schema of a profile's file.
    pub fn schema() -> serde_json::Value {
        schema_for!(RawProfile).to_value()
    }

    /// Reads and checks a profile. All that is wrong is told at once, as far as one mistake does
    /// not hide the next.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let of_file = |what: String| {
            let problem = Problem::new("", what);
            ProfileError::new(vec![Mistake { line: 1, column: 1, problem }])
        };
        if text.len() > Self::MAX_BYTES {
            let most = Self::MAX_BYTES;
            return Err(of_file(format!("the profile is longer than {most} bytes")));
        }
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            let locate = |error: &toml::de::Error| {
                let problem = Problem::new("", format!("this is not TOML: {}", error.message()));
                place::locate(text, error.span().unwrap_or_default().start, problem)
            };
            return Err(ProfileError::new(errors.iter().map(locate).collect()));
        }
        let mistakes = shape::check(text, document.get_ref());
        if !mistakes.is_empty() {
            return Err(ProfileError::new(mistakes));
        }
        let raw: RawProfile = toml::from_str(text).map_err(|error| {
            let problem = Problem::new("", error.message());
            let at = error.span().unwrap_or_default().start;
            ProfileError::new(vec![place::locate(text, at, problem)])
        })?;
        let mut problems = Vec::new();
        let profile = Self::compile(raw, &mut problems);
        match profile {
            Some(profile) if problems.is_empty() => Ok(profile),
            _ => {
                let places = Places::new(text, document.get_ref());
                let mistakes = problems.into_iter().map(|problem| places.mistake(problem));
                Err(ProfileError::new(mistakes.collect()))
            }
        }
    }

    /// The line of a profile's file on which a key such as `read[3].rules` stands, or the last part
    /// of it that is there; from 1.
    pub fn line_of(text: &str, key: &str) -> Option<usize> {
        let (document, _) = DeTable::parse_recoverable(text);
        let places = Places::new(text, document.get_ref());
        places.has(key).then(|| places.mistake(Problem::new(key, "")).line)
    }

    /// Compiles every part. None only with a problem.
    fn compile(raw: RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        coherence::check(&raw, problems);
        options::check(&raw, problems);
        let lines = session::check(&raw, problems);
        let renderer = Renderer::compile(&raw, problems);
        let reader = Reader::compile(&raw, problems);
        if let (Some(renderer), Some(reader)) = (&renderer, &reader) {
            let templates = [&lines, renderer.templates(), reader.templates()];
            options::unused(&raw, &templates, problems);
        }
        // What it refuses beyond the checks above, whose words fit the file better.
        let mut more = Vec::new();
        let conversation = Conversation::compile(&raw, &mut more);
        let scripts = Scripts::compile(&raw, &mut more);
        if problems.is_empty() {
            problems.append(&mut more);
        }
        let profile = Self {
            renderer: renderer?,
            reader: reader?,
            conversation: conversation?,
            scripts,
            lines,
            raw,
        };
        if problems.is_empty() {
            rehearsal::check(&profile, problems);
        }
        Some(profile)
    }
}

#[cfg(test)]
mod tests;
