//! What the lines of an answer mean.
//!
//! An expression has to match a whole line, so that a note within an error is no excuse. Blanks at
//! the end of a line are gone before.

use regex::Regex;

use super::Problem;
use crate::ssh_cli::profile::{
    pattern::{self, Extent},
    schema::RawAnswers,
};

/// The kinds of lines.
#[derive(Debug, Clone, Default)]
pub struct Grammar {
    /// The system refuses.
    pub errors: Vec<Regex>,
    /// No error, although it is an answer.
    pub notes: Vec<Regex>,
    /// Somebody else is in the way.
    pub busy: Vec<Regex>,
    /// There is no such thing.
    pub absent: Vec<Regex>,
    /// Nothing to do with what was asked.
    pub noise: Vec<Regex>,
}

impl Grammar {
    pub(super) fn compile(raw: &RawAnswers, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let RawAnswers { errors, notes, busy, absent, noise } = raw;
        let mut lines =
            |at: &str, texts: &[String]| pattern::lines(at, texts, Extent::Whole, problems);
        let grammar = Self {
            errors: lines("answers.errors", errors),
            notes: lines("answers.notes", notes),
            busy: lines("answers.busy", busy),
            absent: lines("answers.absent", absent),
            noise: lines("answers.noise", noise),
        };
        (problems.len() == before).then_some(grammar)
    }

    /// Whether the system refuses with this line.
    pub fn is_error(&self, line: &str) -> bool {
        any(&self.errors, line)
    }

    /// Whether the line is no error, although it is an answer.
    pub fn is_note(&self, line: &str) -> bool {
        any(&self.notes, line)
    }

    /// Whether the line says that somebody else is in the way.
    pub fn is_busy(&self, line: &str) -> bool {
        any(&self.busy, line)
    }

    /// Whether the line says that there is no such thing.
    pub fn is_absent(&self, line: &str) -> bool {
        any(&self.absent, line)
    }

    /// Whether the line has nothing to do with what was asked.
    pub fn is_noise(&self, line: &str) -> bool {
        any(&self.noise, line)
    }
}

fn any(patterns: &[Regex], line: &str) -> bool {
    patterns.iter().any(|pattern| pattern.is_match(line))
}
