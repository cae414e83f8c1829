//! What can go wrong between us and an OVSDB server, by what the caller can do about it.
//!
//! The errors are `Clone`, because one broken connection answers every call that waits on it.
//! Text that came from the peer is shown shortened and with control characters escaped, so that a
//! switch cannot write to an operator's terminal or fill a log.

use std::fmt::Write;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// Characters of peer text that an error shows: enough to recognise an answer, not to fill a log.
const EXCERPT_CHARS: usize = 160;

/// An error of the OVSDB client.
///
/// `sent` tells, in each variant that has it, whether the whole request had been handed to the
/// transport: an OVSDB server applies nothing before it has seen the last byte of a request, so
/// `sent: false` means that the request has certainly not been applied.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The configured address cannot be understood.
    #[error("OVSDB address `{text}` is not valid: {reason}")]
    Address {
        /// The address as given.
        text: String,
        /// What is wrong with it and what is expected.
        reason: String,
    },
    /// A certificate or key file cannot be used.
    #[error("TLS file `{}` refused: {reason}", path.display())]
    TlsFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// An `ssl:` address without TLS settings.
    #[error(
        "`{address}` needs TLS settings, and none are given\n\
         hint: name a CA file, a certificate file and a key file"
    )]
    TlsMissing {
        /// The address.
        address: String,
    },
    /// The host answers, but nothing listens at the address.
    #[error("`{address}` refused the connection")]
    Refused {
        /// The address.
        address: String,
    },
    /// No connection could be made: no route, no such host or socket, no permission.
    #[error("`{address}` is unreachable")]
    Unreachable {
        /// The address.
        address: String,
        /// What the operating system said.
        #[source]
        source: Arc<io::Error>,
    },
    /// The TLS handshake failed, or the peer ended TLS with an alert.
    #[error("TLS with `{address}` failed")]
    Tls {
        /// The address.
        address: String,
        /// Whether the request had been sent (a server may reject our certificate late).
        sent: bool,
        /// What TLS said.
        #[source]
        source: Arc<io::Error>,
    },
    /// A deadline passed.
    #[error("timed out waiting for {waiting_for}")]
    TimedOut {
        /// What was being waited for.
        waiting_for: String,
        /// Whether the request had been sent.
        sent: bool,
    },
    /// The connection is gone.
    #[error("the OVSDB connection is closed: {reason}")]
    Disconnected {
        /// Why it is gone.
        reason: String,
        /// Whether the request had been sent.
        sent: bool,
    },
    /// The peer does not speak OVSDB as RFC 7047 has it. The connection has been closed.
    #[error("the peer breaks the OVSDB protocol: {violation}")]
    Protocol {
        /// What it did.
        violation: Violation,
        /// Whether the request had been sent.
        sent: bool,
    },
    /// A message is larger than the limit.
    #[error("{what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// `the request` or `a message of the peer`.
        what: &'static str,
        /// The limit in bytes.
        limit: usize,
        /// Whether the request had been sent.
        sent: bool,
    },
    /// The server understood and refused. The connection is still good; nothing was applied.
    #[error("{}", rejection(*.operation, .error, .details))]
    Rejected {
        /// Index of the operation that failed; `None` if the request or the commit as a whole did.
        operation: Option<usize>,
        /// The server's error word (RFC 7047, section 3.1 and 5.2), such as `constraint violation`.
        error: String,
        /// The server's explanation, possibly empty.
        details: String,
    },
    /// The change is committed to the database, but the switch has not taken it in time.
    #[error(
        "the change is committed as configuration {wanted}, but `ovs-vswitchd` has not applied it \
         in time ({})\nhint: check that `ovs-vswitchd` runs on the switch",
        match .seen { Some(n) => format!("it is at {n}"), None => "it has reported none".to_owned() }
    )]
    NotApplied {
        /// The configuration number waited for.
        wanted: i64,
        /// The last number that the switch reported.
        seen: Option<i64>,
    },
}

impl Error {
    /// Whether the request that got this error may have changed the database.
    ///
    /// `false` is certain; `true` means that the state must be read before anything is repeated.
    #[must_use]
    pub fn may_be_applied(&self) -> bool {
        match self {
            Self::Tls { sent, .. }
            | Self::TimedOut { sent, .. }
            | Self::Disconnected { sent, .. }
            | Self::Protocol { sent, .. }
            | Self::TooLarge { sent, .. } => *sent,
            Self::NotApplied { .. } => true,
            Self::Address { .. }
            | Self::TlsFile { .. }
            | Self::TlsMissing { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Rejected { .. } => false,
        }
    }

    pub(super) fn from_violation(violation: Violation, sent: bool) -> Self {
        match violation {
            Violation::TooLarge { limit } => {
                Self::TooLarge { what: "a message of the peer", limit, sent }
            }
            violation => Self::Protocol { violation, sent },
        }
    }
}

/// What a peer did that RFC 7047, or one of our limits, does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The bytes are not JSON.
    #[error("not JSON: {near}")]
    NotJson {
        /// Where or what.
        near: String,
    },
    /// A message is larger than [`Limits::message_bytes`](super::Limits::message_bytes).
    #[error("a message is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// A message is nested deeper than [`Limits::depth`](super::Limits::depth).
    #[error("a message is nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: u32,
    },
    /// A message holds more values than [`Limits::values`](super::Limits::values).
    #[error("a message holds more than {limit} values")]
    TooManyValues {
        /// The limit.
        limit: usize,
    },
    /// JSON, but not what must stand here.
    #[error("expected {expected}, got `{got}`")]
    WrongShape {
        /// What RFC 7047 has here.
        expected: &'static str,
        /// What came, shortened.
        got: String,
    },
    /// A response to a call that was not made, or was already answered.
    #[error("a response to the unknown call `{id}`")]
    UnknownId {
        /// The id, shortened.
        id: String,
    },
    /// A request or notification that a client never has to answer.
    #[error("an unexpected request or notification `{method}`")]
    UnexpectedMethod {
        /// The method, shortened.
        method: String,
    },
    /// The peer sends echo requests and does not read the answers.
    #[error("it does not read the answers to its echo requests")]
    EchoFlood,
}

impl Violation {
    pub(super) fn shape(expected: &'static str, got: &serde_json::Value) -> Self {
        Self::WrongShape { expected, got: excerpt_json(got) }
    }
}

/// Peer text fit for an error: at most [`EXCERPT_CHARS`] characters, control characters escaped.
pub(super) fn excerpt(text: &str) -> String {
    let mut out: String = text
        .chars()
        .take(EXCERPT_CHARS)
        .flat_map(char::escape_debug)
        .filter(|c| *c != '`')
        .collect();
    if text.chars().nth(EXCERPT_CHARS).is_some() {
        out.push('…');
    }
    out.replace("\\\"", "\"").replace("\\'", "'")
}

/// [`excerpt`] of a JSON value, which is never rendered further than is shown.
pub(super) fn excerpt_json(value: &serde_json::Value) -> String {
    struct Head(String);
    impl io::Write for Head {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.0.len() > 4 * EXCERPT_CHARS {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.0.push_str(&String::from_utf8_lossy(bytes));
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut head = Head(String::new());
    let whole = serde_json::to_writer(&mut head, value).is_ok();
    let mut out = excerpt(&head.0);
    if !whole && !out.ends_with('…') {
        out.push('…');
    }
    out
}

fn rejection(operation: Option<usize>, error: &str, details: &str) -> String {
    let mut text = match operation {
        Some(index) => format!("the OVSDB server rejected operation {index}: {error}"),
        None => format!("the OVSDB server rejected the request: {error}"),
    };
    if !details.is_empty() {
        let _ = write!(text, " ({details})");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn excerpts_are_short_and_harmless() {
        assert_eq!(excerpt("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(excerpt("say \"x\" `y`"), "say \"x\" y");
        assert_eq!(excerpt(&"x".repeat(1000)), format!("{}…", "x".repeat(160)));
        assert_eq!(excerpt_json(&json!({"a": [1]})), r#"{"a":[1]}"#);
        let long = excerpt_json(&json!(vec!["y".repeat(50); 100_000]));
        assert!(long.chars().count() <= 161, "{long}");
    }

    #[test]
    fn a_rejection_names_the_operation_and_the_details() {
        let error = Error::Rejected {
            operation: Some(2),
            error: "constraint violation".into(),
            details: "4096 is too large".into(),
        };
        assert_eq!(
            error.to_string(),
            "the OVSDB server rejected operation 2: constraint violation (4096 is too large)"
        );
        assert!(!error.may_be_applied());
    }
}
