//! What became of the cases of a profile.

use std::{collections::BTreeSet, path::PathBuf};

use serde::Serialize;

use super::kind::Kind;

/// What became of one case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    /// Its file.
    pub path: PathBuf,
    /// What it shows; empty where the file cannot be read.
    pub title: String,
    /// What is not as the case has it.
    pub problems: Vec<String>,
}

/// What became of all cases of a profile.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The profile.
    pub profile: String,
    /// The cases, by their files.
    pub cases: Vec<CaseReport>,
    /// What they show that the profile has the right words for.
    pub rendered: BTreeSet<Kind>,
    /// What they show to work: it is read back.
    pub shown: BTreeSet<Kind>,
    /// What they have to show and do not.
    pub missing: BTreeSet<Kind>,
    /// The expressions of `answers` that no line of any case matches.
    pub unseen_answers: Vec<UnseenAnswer>,
}

/// An expression that no case shows to be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnseenAnswer {
    /// The list of `answers` in which it stands.
    pub list: &'static str,
    /// The expression.
    pub pattern: String,
}

impl Summary {
    /// Whether every case passed.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.problems.is_empty())
    }

    /// Whether every case passed, and they show all that they have to.
    pub fn complete(&self) -> bool {
        self.passed() && self.missing.is_empty() && self.unseen_answers.is_empty()
    }
}
