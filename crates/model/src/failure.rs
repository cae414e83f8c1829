//! What can go wrong with a request, in classes that say what the caller can do about it, and where
//! a request that failed left each port. The core, the wire and the client share these words.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{LagName, PortConfig, PortName, SwitchName};

/// What a caller can do about an error.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The request makes no sense; no device was touched.
    InvalidRequest,
    /// A rule of the network team's policy forbids it; no device was touched.
    RefusedByPolicy,
    /// The switch, or its driver, cannot do it; no device was touched.
    NotSupported,
    /// There is no such switch, port or LAG.
    NotFound,
    /// The state of the switch forbids it: a stale plan, LAG members that disagree, a port that is
    /// in another LAG.
    Conflict,
    /// The switch said no.
    RejectedByDevice,
    /// The switch could not be reached.
    Unreachable,
    /// The deadline passed.
    TimedOut,
    /// A change failed and could not be taken back everywhere; the links say what is where.
    UndoFailed,
    /// The switch accepted the change and does something else; it was put back.
    VerifyFailed,
    /// Too much is waiting already.
    Busy,
    /// The audit record cannot be written, so nothing is changed.
    AuditUnavailable,
    /// A defect of the service.
    Internal,
}

impl ErrorClass {
    /// All classes, in the order of their codes.
    pub const ALL: [Self; 13] = [
        Self::InvalidRequest,
        Self::RefusedByPolicy,
        Self::NotSupported,
        Self::NotFound,
        Self::Conflict,
        Self::RejectedByDevice,
        Self::Unreachable,
        Self::TimedOut,
        Self::UndoFailed,
        Self::VerifyFailed,
        Self::Busy,
        Self::AuditUnavailable,
        Self::Internal,
    ];

    /// The code on the wire. Codes are never renumbered or used again.
    pub const fn code(self) -> i32 {
        match self {
            Self::InvalidRequest => 1001,
            Self::RefusedByPolicy => 1002,
            Self::NotSupported => 1003,
            Self::NotFound => 1004,
            Self::Conflict => 1005,
            Self::RejectedByDevice => 1006,
            Self::Unreachable => 1007,
            Self::TimedOut => 1008,
            Self::UndoFailed => 1009,
            Self::VerifyFailed => 1010,
            Self::Busy => 1011,
            Self::AuditUnavailable => 1012,
            Self::Internal => 1013,
        }
    }

    /// The name on the wire, as in the member `class` of an error's data.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::RefusedByPolicy => "refused_by_policy",
            Self::NotSupported => "not_supported",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RejectedByDevice => "rejected_by_device",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed_out",
            Self::UndoFailed => "undo_failed",
            Self::VerifyFailed => "verify_failed",
            Self::Busy => "busy",
            Self::AuditUnavailable => "audit_unavailable",
            Self::Internal => "internal",
        }
    }

    /// Whether the same request can succeed later without anyone changing it.
    pub const fn retryable(self) -> bool {
        match self {
            Self::Unreachable | Self::TimedOut | Self::Busy | Self::AuditUnavailable => true,
            Self::InvalidRequest
            | Self::RefusedByPolicy
            | Self::NotSupported
            | Self::NotFound
            | Self::Conflict
            | Self::RejectedByDevice
            | Self::UndoFailed
            | Self::VerifyFailed
            | Self::Internal => false,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where a failed request left one port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegOutcome {
    /// Nothing was sent for it.
    Untouched,
    /// It was changed and put back, and read back to be sure.
    Undone,
    /// It was changed, and putting it back failed.
    NotUndone,
    /// The switch did not say.
    Unknown,
}

/// One port of a failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedLeg {
    /// The switch.
    pub switch: SwitchName,
    /// The port, unless the request was about the switch as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortName>,
    /// Where it was left.
    pub outcome: LegOutcome,
    /// What was read after the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<PortConfig>,
    /// The LAG in which the port was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagName>,
    /// What was read last before the failure, where nothing could be read after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_known: Option<PortConfig>,
    /// What went wrong on this port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl fmt::Display for FailedLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.port {
            Some(port) => write!(f, "port `{port}` on `{}`", self.switch)?,
            None => write!(f, "`{}`", self.switch)?,
        }
        let config = |config: &Option<PortConfig>| match config {
            Some(PortConfig { vlans: Some(vlans), .. }) => vlans.to_string(),
            _ => self
                .lag
                .as_ref()
                .map_or_else(|| "not known".to_owned(), |lag| format!("in LAG {lag}")),
        };
        match self.outcome {
            LegOutcome::Untouched => f.write_str(" was not touched"),
            LegOutcome::Undone => f.write_str(" was put back"),
            LegOutcome::NotUndone => write!(f, " is not as it was: {}", config(&self.observed)),
            LegOutcome::Unknown => {
                write!(f, " is unknown (last known: {})", config(&self.last_known))
            }
        }
    }
}
