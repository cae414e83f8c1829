//! Why a change could not be put into words. Whatever it is, nothing was sent.

use switch::{DeviceError, Misfit};
use thiserror::Error;

/// Why nothing was rendered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(missing_docs, reason = "the messages say what the members are")]
pub enum RenderError {
    /// The profile has no words for this kind of change.
    #[error("the profile has no `render.{kind}`")]
    Missing { kind: &'static str },
    /// The profile refuses it, by `refuse(...)`.
    #[error("{why}")]
    Refused { why: String },
    /// The template failed.
    #[error("`{at}` fails: {why}")]
    Template { at: String, why: String },
    /// A text with a character in it that a terminal takes for something else.
    #[error("{what} holds the control character `{}`", .held.escape_debug())]
    Control { what: &'static str, held: char },
    /// A line that is too long.
    #[error("a line of {bytes} bytes is too long")]
    TooLong { bytes: usize },
    /// Too many lines.
    #[error("one change would take more than {most} lines")]
    TooManyLines { most: usize },
    /// A line whose indentation fits no line above it.
    #[error("the indentation of `{line}` fits no line above it")]
    Indentation { line: String },
    /// A name that the system cannot have.
    #[error("`{name}` is no name of a {what} here")]
    Name { what: &'static str, name: String },
    /// A text that the system does not take.
    #[error("the {what} `{text}` is not like `{pattern}`, which is what the system takes")]
    Text { what: &'static str, text: String, pattern: String },
    /// A change that does not fit what it starts from.
    #[error(transparent)]
    Misfit(#[from] Misfit),
}

impl From<RenderError> for DeviceError {
    fn from(error: RenderError) -> Self {
        Self::Unsupported { what: error.to_string() }
    }
}
