//! Why an answer cannot be read, and what the core is told of it.

use switch::DeviceError;
use thiserror::Error;

use crate::ssh_cli::render::RenderError;

/// An answer that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReadError {
    /// The profile promises JSON.
    #[error("not JSON: {problem}: `{near}`")]
    NotJson {
        /// What is wrong.
        problem: String,
        /// How it begins.
        near: String,
    },
    /// It nests deeper than is read.
    #[error("deeper than {limit} levels")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// A line is longer than is read.
    #[error("a line of more than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// There are more lines than are read.
    #[error("more than {limit} lines")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// It states more than is kept.
    #[error("more than {limit} facts")]
    TooMuch {
        /// The limit.
        limit: usize,
    },
    /// Two lines say different things.
    #[error("{what} is `{one}` and `{other}` at once")]
    Contradiction {
        /// What, such as `lag` of port `Ethernet1`.
        what: String,
        /// The one thing.
        one: String,
        /// The other.
        other: String,
    },
    /// A value that means nothing.
    #[error("{what} is `{value}`, which {problem}")]
    Value {
        /// What.
        what: String,
        /// As the switch wrote it, shortened.
        value: String,
        /// Why not.
        problem: String,
    },
    /// A command cannot be made of the profile's template.
    #[error("the profile's command cannot be made: {0}")]
    Command(#[from] RenderError),
    /// A command is empty.
    #[error("the profile's command `{at}` is empty")]
    Empty {
        /// Which.
        at: String,
    },
}

impl ReadError {
    /// What the core is told of answers that disagree.
    pub fn of_answers(&self) -> DeviceError {
        DeviceError::Unrecognised { sent: false, answer: self.to_string() }
    }

    /// What the core is told: reading changes nothing.
    pub fn device_error(&self, command: &str) -> DeviceError {
        match self {
            Self::Command(_) | Self::Empty { .. } => {
                DeviceError::Unsupported { what: self.to_string() }
            }
            _ => DeviceError::Unrecognised {
                sent: false,
                answer: format!("the answer to `{command}` holds {self}"),
            },
        }
    }
}
