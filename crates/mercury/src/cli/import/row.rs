//! What became of each option of the input: exactly one row for each.

use serde::Serialize;

/// What became of an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It means the same as before.
    Carried,
    /// It is there, and means something else.
    Changed,
    /// There is nothing like it, or nothing yet.
    NoCounterpart,
    /// Nobody knows it, the importer included.
    Unknown,
}

/// One option of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Row {
    /// The input, as it was named.
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    pub(crate) section: String,
    pub(crate) option: String,
    pub(crate) outcome: Outcome,
    /// The key of the new configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) becomes: Option<String>,
    /// Why, or what to look at; may be empty.
    pub(crate) note: String,
    /// Whether its section has nothing to do with switches: such rows are counted and not listed
    /// in the table for people.
    #[serde(skip)]
    pub(crate) foreign: bool,
}

/// What is said about an option.
#[derive(Debug, Clone)]
pub(super) struct Fate {
    pub(super) outcome: Outcome,
    pub(super) becomes: Option<String>,
    pub(super) note: String,
}

impl Fate {
    pub(super) fn carried(becomes: &str) -> Self {
        Self { outcome: Outcome::Carried, becomes: Some(becomes.to_owned()), note: String::new() }
    }

    pub(super) fn changed(becomes: &str, note: impl Into<String>) -> Self {
        let becomes = (!becomes.is_empty()).then(|| becomes.to_owned());
        Self { outcome: Outcome::Changed, becomes, note: note.into() }
    }

    pub(super) fn nothing(note: impl Into<String>) -> Self {
        Self { outcome: Outcome::NoCounterpart, becomes: None, note: note.into() }
    }

    pub(super) fn unknown(note: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unknown, becomes: None, note: note.into() }
    }

    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A file under its name.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) document: super::ini::Document,
}

impl Input {
    pub(super) fn row(&self, entry: &super::ini::Entry, fate: Fate) -> Row {
        let Fate { outcome, becomes, note } = fate;
        Row {
            file: self.name.clone(),
            line: entry.line,
            section: entry.section.clone(),
            option: entry.option.clone(),
            outcome,
            becomes,
            note,
            foreign: false,
        }
    }
}

/// A section of a file.
pub(super) struct Section<'a> {
    pub(super) input: &'a Input,
    pub(super) title: &'a str,
}

impl<'a> Section<'a> {
    /// The value of an option; of several the first, as the library has it.
    pub(super) fn first(&self, option: &str) -> Option<&'a str> {
        let mut entries = self.input.document.section(self.title);
        entries.find(|entry| entry.option == option).map(|entry| entry.value.as_str())
    }
}
