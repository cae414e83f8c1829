//! What can be wrong with a policy file, and where.

use std::fmt;

use thiserror::Error;

use super::Policy;

/// Why a policy file was refused. Nothing of it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PolicyError {
    /// The file is larger than [`Policy::MAX_BYTES`].
    #[error("the policy is {bytes} bytes long; at most {} are read", Policy::MAX_BYTES)]
    TooLarge {
        /// The file's length.
        bytes: usize,
    },
    /// The file has mistakes; at least one, in the order of the file.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
}

/// One mistake in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, what } = self;
        write!(f, "line {line}, column {column}: {what}")
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
