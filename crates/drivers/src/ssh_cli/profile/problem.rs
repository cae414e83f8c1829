//! What is wrong with a profile, and where.

use std::fmt;

/// One thing that is wrong. A profile is read to its end, so that all of them are told at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, such as `render.set_vlans` or `read[2].rules[4].match`.
    pub at: String,
    /// What.
    pub what: String,
}

impl Problem {
    /// This, there.
    pub fn new(at: impl Into<String>, what: impl Into<String>) -> Self {
        Self { at: at.into(), what: what.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.at, self.what)
    }
}
