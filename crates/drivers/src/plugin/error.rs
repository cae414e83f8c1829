//! What can go wrong with a plugin, and what the core is told of it.
//!
//! Text that came from a plugin is shown shortened and with control characters escaped, so that a
//! plugin cannot write to an operator's terminal or fill a log.

use std::{fmt::Write as _, path::PathBuf, time::Duration};

use switch::DeviceError;
use thiserror::Error;

/// Characters of a plugin's text that an error shows: enough to recognise it.
const EXCERPT_CHARS: usize = 160;

/// The codes of JSON-RPC errors that mean something here (JSON-RPC 2.0, section 5.1; the last three
/// are this protocol's own).
pub(super) mod code {
    pub(in super::super) const PARSE_ERROR: i64 = -32700;
    pub(in super::super) const METHOD_NOT_FOUND: i64 = -32601;
    pub(in super::super) const REFUSED: i64 = -32000;
    pub(in super::super) const UNREACHABLE: i64 = -32001;
    pub(in super::super) const UNSUPPORTED: i64 = -32002;
}

/// Why a plugin cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    /// The program is not one that may be started.
    #[error("the plugin `{}` is refused: {problem}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A secret that it needs cannot be had.
    #[error("the plugin `{}` cannot be given its secret `{name}`: {problem}", program.display())]
    Secret {
        /// The program.
        program: PathBuf,
        /// The secret's name.
        name: String,
        /// Why.
        problem: String,
    },
    /// It does not start, or does not describe itself.
    #[error("the plugin `{}` does not start: {fault}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What happened instead.
        fault: Fault,
    },
}

/// What went wrong in an exchange with a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The process ended.
    #[error("it ended ({how}) instead of answering `{method}`{}", last_words(.said))]
    Ended {
        /// The method that waited for an answer.
        method: &'static str,
        /// Its exit status.
        how: String,
        /// The last lines of its standard error.
        said: Vec<String>,
    },
    /// It was not there when it was about to be asked, or did not read the whole question.
    #[error("it had ended ({how}) before it was asked{}", last_words(.said))]
    Gone {
        /// Its exit status.
        how: String,
        /// The last lines of its standard error.
        said: Vec<String>,
    },
    /// It does not answer.
    #[error("it did not answer `{method}` within {} ms{}", after.as_millis(), last_words(.said))]
    Silent {
        /// The method.
        method: &'static str,
        /// How long it had.
        after: Duration,
        /// The last lines of its standard error.
        said: Vec<String>,
    },
    /// It does not read.
    #[error("it did not read the request `{method}` within {} ms", after.as_millis())]
    Deaf {
        /// The method.
        method: &'static str,
        /// How long it had.
        after: Duration,
    },
    /// It broke the protocol.
    #[error("it broke the protocol: {violation}")]
    Violated {
        /// How.
        violation: Violation,
        /// Whether the whole request had been handed over.
        sent: bool,
    },
    /// It answered with an error.
    #[error("it answered `{method}` with error {code}: {message}")]
    Refused {
        /// The method.
        method: &'static str,
        /// The error's code.
        code: i64,
        /// The error's message.
        message: String,
    },
    /// It describes itself otherwise than when the configuration was read.
    #[error(
        "it describes itself differently than before: {difference}\n\
         hint: reload the configuration, which takes its new description"
    )]
    Changed {
        /// In what.
        difference: String,
    },
    /// The system did not start it.
    #[error("{problem}")]
    System {
        /// What the system said.
        problem: String,
    },
}

/// How a plugin broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// A line is not UTF-8.
    #[error("a line is not UTF-8 at byte {at}: {near}")]
    NotUtf8 {
        /// Where.
        at: usize,
        /// The line.
        near: String,
    },
    /// A line is longer than is read.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// A line is not JSON, or names a member twice.
    #[error("a line is not JSON: {problem}: {near}")]
    NotJson {
        /// What is wrong.
        problem: String,
        /// The line.
        near: String,
    },
    /// A line nests too deep.
    #[error("a line nests deeper than {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// A line is JSON, but no answer of JSON-RPC 2.0.
    #[error("a line is no JSON-RPC 2.0 answer: {problem}: {near}")]
    NotAnAnswer {
        /// What is wrong.
        problem: String,
        /// The line.
        near: String,
    },
    /// The answer to another request, or to none.
    #[error("an answer has the id {got} where {wanted} was asked")]
    WrongId {
        /// The id of the request.
        wanted: u64,
        /// The id of the answer.
        got: String,
    },
    /// A line that nobody asked for.
    #[error("it wrote a line that is no answer to anything: {near}")]
    Unasked {
        /// The line.
        near: String,
    },
    /// A result is not what the protocol describes, or does not fit the question.
    #[error("its answer to `{method}` is wrong: {problem}")]
    Wrong {
        /// The method.
        method: &'static str,
        /// What is wrong.
        problem: String,
    },
}

impl Violation {
    pub(super) fn wrong(method: &'static str, problem: impl Into<String>) -> Self {
        Self::Wrong { method, problem: problem.into() }
    }
}

impl Fault {
    pub(super) const fn violated(violation: Violation, sent: bool) -> Self {
        Self::Violated { violation, sent }
    }

    /// What the core is told. `changes` says whether the request could have changed something.
    pub(super) fn device_error(self, program: &str, changes: bool) -> DeviceError {
        let text = |fault: &Self| format!("the plugin `{program}`: {fault}");
        match &self {
            Self::Ended { .. } => DeviceError::Disconnected { sent: changes, reason: text(&self) },
            Self::Gone { .. } => DeviceError::Disconnected { sent: false, reason: text(&self) },
            Self::Silent { method, .. } => {
                DeviceError::timed_out(changes, format!("the plugin's answer to `{method}`"))
            }
            // A request without its line feed is none.
            Self::Deaf { method, .. } => {
                DeviceError::timed_out(false, format!("the plugin to read `{method}`"))
            }
            Self::Violated { sent, .. } => {
                DeviceError::Unrecognised { sent: changes && *sent, answer: text(&self) }
            }
            Self::Changed { .. } | Self::System { .. } => {
                DeviceError::Unreachable { address: program.to_owned(), reason: self.to_string() }
            }
            Self::Refused { code, message, .. } => match *code {
                code::REFUSED => DeviceError::Rejected { operation: None, answer: message.clone() },
                code::UNREACHABLE => DeviceError::Unreachable {
                    address: program.to_owned(),
                    reason: message.clone(),
                },
                code::UNSUPPORTED | code::METHOD_NOT_FOUND => {
                    DeviceError::Unsupported { what: message.clone() }
                }
                _ => DeviceError::Unrecognised { sent: changes, answer: text(&self) },
            },
        }
    }
}

fn last_words(said: &[String]) -> String {
    if said.is_empty() { String::new() } else { format!("; its last words: {}", said.join(" | ")) }
}

/// A plugin's text, shortened and without control characters.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown = String::with_capacity(EXCERPT_CHARS);
    for (index, character) in text.chars().enumerate() {
        if index == EXCERPT_CHARS {
            let _ = write!(shown, "… ({} characters)", text.chars().count());
            break;
        }
        match character {
            c if c.is_control() => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    shown
}
