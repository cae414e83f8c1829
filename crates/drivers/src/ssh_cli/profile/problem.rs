//! What can be wrong with a profile, and where.

use std::fmt;

use thiserror::Error;

/// How many mistakes are told: a file that is wrong throughout is wrong in its first hundred.
const MOST: usize = 100;

/// One thing that is wrong, by the key that it is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The key, such as `render.set_vlans` or `read[2].rules[4].match` (counted from 0); empty when
    /// it is about the file.
    pub at: String,
    /// What is wrong with it: a clause that the key is the subject of, or a sentence for a file.
    pub what: String,
}

impl Problem {
    /// A problem of `at`.
    pub fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, what } = self;
        if !at.is_empty() {
            write!(f, "`{at}` ")?;
        }
        f.write_str(what)
    }
}

/// A problem with its place in the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: Problem,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, problem } = self;
        write!(f, "line {line}, column {column}: {problem}")
    }
}

/// A profile that was refused. Nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", lines(.mistakes))]
pub struct ProfileError {
    /// Everything that was found, in the order of the file; at least one.
    pub mistakes: Vec<Mistake>,
}

impl ProfileError {
    /// The mistakes in order, each once, no more than a person reads.
    pub(super) fn new(mut mistakes: Vec<Mistake>) -> Self {
        mistakes.sort();
        mistakes.dedup();
        let more = mistakes.len().saturating_sub(MOST);
        mistakes.truncate(MOST);
        if more > 0
            && let Some(&Mistake { line, column, .. }) = mistakes.last()
        {
            let what = format!("and {more} more problems from here on");
            mistakes.push(Mistake { line, column, problem: Problem::new("", what) });
        }
        Self { mistakes }
    }
}

fn lines(mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
