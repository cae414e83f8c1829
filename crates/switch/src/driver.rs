//! What a driver is: it opens sessions on one switch, and states what the switch can do.
//!
//! Nothing above a session knows how a switch is spoken to; nothing in a session knows requests,
//! callers or policy. A session holds no state of its own about ports: it reads them.

use async_trait::async_trait;
use model::{PortName, PortNaming};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    capability::Capabilities,
    change::Change,
    slice::{Observation, Query, Slice},
};

/// Speaks to one switch.
#[async_trait]
pub trait Driver: Send + Sync {
    /// The driver's name, as in the configuration.
    fn name(&self) -> &'static str;

    /// What this switch can do.
    fn capabilities(&self) -> &Capabilities;

    /// How this switch writes its port names.
    fn naming(&self) -> PortNaming;

    /// What `apply` would send for these changes, for people: pure, so that a dry run shows exactly
    /// that. One operation a line, in the switch's own words, without secrets.
    fn render(&self, work: &Work) -> Vec<String>;

    /// Opens a session. The caller bounds the wait.
    async fn open(&self) -> Result<Box<dyn Session>, DeviceError>;
}

/// One warm connection to a switch, used by one task at a time.
///
/// The caller bounds each call by dropping its future, after which it drops the session too; a
/// session need not survive that.
#[async_trait]
pub trait Session: Send {
    /// Reads what the query names. Ports that the switch does not have are left out of the answer.
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError>;

    /// Makes the changes of a batch. The works of a batch never share a port or a LAG.
    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome;

    /// Saves the running configuration; the answers of the switch are returned.
    async fn save(&mut self) -> Result<Vec<String>, DeviceError>;

    /// Finds ports by anything that the switch knows them by: name, alias, interface index, MAC
    /// address. More than one match is the caller's to refuse.
    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError>;

    /// Says goodbye, as far as the protocol has a word for it.
    async fn close(self: Box<Self>);
}

/// The changes of one request on one switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// What was observed, and what the changes start from.
    pub before: Slice,
    /// The changes in the order in which they must take effect.
    pub changes: Vec<Change>,
}

impl Work {
    /// What the switch is to hold afterwards. A change that does not fit its predecessor is a
    /// defect of the planner and ends here, before anything is sent.
    pub fn after(&self) -> Result<Slice, crate::change::Misfit> {
        let mut slice = self.before.clone();
        for change in &self.changes {
            change.apply_to(&mut slice)?;
        }
        Ok(slice)
    }
}

/// What became of a batch.
#[derive(Debug)]
pub enum BatchOutcome {
    /// One result a work, in the batch's order.
    Each(Vec<Result<Applied, DeviceError>>),
    /// The switch refused the batch as a whole and applied nothing of it.
    RefusedWhole(DeviceError),
}

/// What was sent and answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The operations in the switch's own words, as sent.
    pub operations: Vec<String>,
    /// The answers that say something; "ok" is not repeated.
    pub answers: Vec<String>,
}

/// A port that answers to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortMatch {
    /// The port, by the switch's own name.
    pub port: PortName,
    /// How it matched.
    pub matched: MatchKind,
}

/// How a text matched a port.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// By its name, letter by letter.
    Name,
    /// By another spelling of its name.
    Alias,
    /// By its interface index.
    Index,
    /// By its own MAC address.
    Mac,
}

/// What went wrong with a switch. `sent` says whether a change may have taken effect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeviceError {
    /// No connection could be made.
    #[error("cannot reach the switch at {address}: {reason}")]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What the network, TLS or the login said.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection to the switch was lost: {reason}")]
    Disconnected {
        /// Whether a change may have taken effect.
        sent: bool,
        /// How it broke.
        reason: String,
    },
    /// The switch did not answer in time.
    #[error("time ran out waiting for {waiting_for}")]
    TimedOut {
        /// Whether a change may have taken effect.
        sent: bool,
        /// What did not come.
        waiting_for: String,
    },
    /// The switch said no, and nothing of the refused operation took effect.
    #[error("the switch refused: {answer}")]
    Rejected {
        /// What was refused, in the switch's own words.
        operation: Option<String>,
        /// What it answered.
        answer: String,
    },
    /// The switch answered something that the driver does not recognise.
    #[error("the switch answered something unknown: {answer}")]
    Unrecognised {
        /// Whether a change may have taken effect.
        sent: bool,
        /// What it answered, shortened.
        answer: String,
    },
    /// The driver or the switch cannot do it; nothing was sent.
    #[error("the switch cannot do it: {what}")]
    Unsupported {
        /// What it cannot do.
        what: String,
    },
}

impl DeviceError {
    /// An answer that did not come in time.
    pub fn timed_out(sent: bool, waiting_for: impl Into<String>) -> Self {
        Self::TimedOut { sent, waiting_for: waiting_for.into() }
    }

    /// Whether a change may have taken effect.
    pub const fn may_have_applied(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Rejected { .. } | Self::Unsupported { .. } => false,
            Self::Disconnected { sent, .. }
            | Self::TimedOut { sent, .. }
            | Self::Unrecognised { sent, .. } => *sent,
        }
    }

    /// Whether the session can still be used.
    pub const fn session_lost(&self) -> bool {
        !matches!(self, Self::Rejected { .. } | Self::Unsupported { .. })
    }
}
