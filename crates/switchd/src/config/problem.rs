//! What can be wrong with a configuration, and where.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A configuration that was refused. Nothing of it is in force.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", lines(.problems))]
pub struct ConfigError {
    /// The file that was loaded.
    pub path: PathBuf,
    /// Everything that was found; at least one.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    pub(super) fn new(path: &Path, mut problems: Vec<Problem>) -> Self {
        for problem in &mut problems {
            problem.origin.get_or_insert_with(|| path.display().to_string());
        }
        Self { path: path.to_owned(), problems }
    }
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file, or `the environment`.
    pub origin: Option<String>,
    /// The key, such as `switch.leaf-01.bridge`; absent when it is about the file.
    pub key: Option<String>,
    /// What is wrong with it.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Problem {
    pub(super) fn at(key: impl Into<String>, what: impl Into<String>) -> Self {
        Self { origin: None, key: Some(key.into()), what: what.into(), hint: None }
    }

    pub(super) fn of_file(what: impl Into<String>) -> Self {
        Self { origin: None, key: None, what: what.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(super) fn from(mut self, origin: Option<&str>) -> Self {
        self.origin = origin.map(str::to_owned);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(origin) = &self.origin {
            write!(f, "{origin}: ")?;
        }
        if let Some(key) = &self.key {
            write!(f, "`{key}` ")?;
        }
        f.write_str(&self.what)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}
