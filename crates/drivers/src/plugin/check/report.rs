//! What a conformance run found.

use serde::Serialize;

use crate::plugin::Description;

/// All of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The program.
    pub program: String,
    /// What it said of itself, if it did.
    pub description: Option<Description>,
    /// The rules in the order in which they were checked.
    pub checks: Vec<Check>,
}

/// One rule.
#[derive(Debug, Clone, Serialize)]
pub struct Check {
    /// The rule's name, which stays.
    pub name: &'static str,
    /// What it asks for.
    pub rule: &'static str,
    /// How it stands.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// How a rule stands.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The plugin keeps it.
    Passed {
        /// What is worth knowing all the same.
        #[serde(skip_serializing_if = "Option::is_none")]
        note: Option<String>,
    },
    /// The plugin breaks it.
    Failed(Failure),
    /// It could not be checked, or does not apply.
    Skipped {
        /// Why.
        why: String,
    },
}

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// What was sent, or done.
    pub sent: String,
    /// What came.
    pub came: String,
    /// What to do.
    pub todo: &'static str,
}

impl Report {
    /// How many rules were broken.
    pub fn failed(&self) -> usize {
        self.checks.iter().filter(|check| matches!(check.verdict, Verdict::Failed(_))).count()
    }

    /// How many rules were kept.
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| matches!(check.verdict, Verdict::Passed { .. })).count()
    }
}
