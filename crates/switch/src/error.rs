//! What can go wrong with a request, in classes that say what the caller can do about it.

use std::fmt;

use model::{Invalid, LagName, PortConfig, PortName, SwitchName, SwitchPort};
use schemars::JsonSchema;
use serde::Serialize;
use thiserror::Error;

use crate::driver::DeviceError;

/// The class of an error: what a caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The request makes no sense; send another.
    InvalidRequest,
    /// The network team's policy says no.
    RefusedByPolicy,
    /// The switch cannot do it.
    NotSupported,
    /// There is no such switch or port.
    NotFound,
    /// What is there disagrees with what is asked.
    Conflict,
    /// The switch refused; everything is as it was.
    RejectedByDevice,
    /// The switch cannot be reached; everything is as it was.
    Unreachable,
    /// The time was up; everything is as it was.
    TimedOut,
    /// Something failed and could not be taken back; the error says what is where.
    UndoFailed,
    /// The switch accepted the change but does not hold what was asked; it was taken back.
    VerifyFailed,
    /// Others are at it; try again.
    Busy,
    /// The audit log cannot be written, so nothing is changed.
    AuditUnavailable,
    /// A defect of Mercury.
    Internal,
}

impl ErrorClass {
    /// Whether the same request may succeed later without anyone changing anything.
    pub const fn retryable(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::Busy | Self::AuditUnavailable)
    }

    /// The class's name on the wire and in metrics.
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
}

/// Where a port ended after a request that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FailedLeg {
    /// The switch.
    pub switch: SwitchName,
    /// The port; absent where the request was about a VLAN's definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortName>,
    /// What became of it.
    pub outcome: LegOutcome,
    /// What the switch said last, if it could be asked afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<PortConfig>,
    /// The LAG in which the port was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagName>,
    /// What was last known of it, when it could not be asked afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_known: Option<PortConfig>,
    /// What went wrong with this leg.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of one leg of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LegOutcome {
    /// Nothing was sent for it.
    Untouched,
    /// It was changed and put back, and the switch was asked.
    Undone,
    /// It is not as it was; `observed` says how it is.
    NotUndone,
    /// The switch could not be asked; `last_known` is all there is.
    Unknown,
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

/// A request that was not carried out.
#[derive(Debug, Error)]
pub enum SwitchError {
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The policy, or the switch's own section of the configuration, says no.
    #[error("{what} refused: {reason}")]
    Refused {
        /// The port or switch.
        what: String,
        /// The rule that says no; `None` when no rule says yes.
        rule: Option<String>,
        /// Why.
        reason: String,
    },
    /// The switch cannot do it.
    #[error("`{switch}` cannot do this: {what}")]
    Unsupported {
        /// The switch.
        switch: SwitchName,
        /// What it cannot do.
        what: String,
    },
    /// There is no such switch or port.
    #[error("{what}")]
    NotFound {
        /// What was looked for, and where.
        what: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// What is there disagrees with what is asked.
    #[error("{what}")]
    Conflict {
        /// What disagrees with what.
        what: String,
        /// What to do next.
        hint: Option<String>,
    },
    /// A switch failed before or while it was changed, and every leg is as it was.
    #[error("`{switch}`: {cause}")]
    Device {
        /// The switch that failed.
        switch: SwitchName,
        /// How.
        cause: DeviceError,
        /// What became of each leg.
        legs: Vec<FailedLeg>,
        /// The change in the audit log, if it had begun.
        change: Option<String>,
    },
    /// The switch said yes but holds something else; every leg is as it was.
    #[error("`{switch}` accepted the change, but {differences}")]
    VerifyFailed {
        /// The switch.
        switch: SwitchName,
        /// What is not as asked.
        differences: String,
        /// What became of each leg.
        legs: Vec<FailedLeg>,
        /// The change in the audit log.
        change: Option<String>,
    },
    /// Something failed, and not every leg could be put back.
    #[error("{cause}; undo failed: {}", not_undone(.legs))]
    UndoFailed {
        /// What failed first.
        cause: String,
        /// What became of each leg.
        legs: Vec<FailedLeg>,
        /// The change in the audit log.
        change: Option<String>,
    },
    /// The time was up before anything was sent.
    #[error("the deadline passed {while_doing}, before anything was changed")]
    Expired {
        /// What it was waiting for.
        while_doing: String,
    },
    /// Others are at it.
    #[error("{0}")]
    Busy(String),
    /// The audit log cannot be written.
    #[error("the audit log cannot be written, so nothing is changed: {0}")]
    Audit(String),
    /// A defect of Mercury.
    #[error("internal error: {0}")]
    Internal(String),
}

fn not_undone(legs: &[FailedLeg]) -> String {
    let bad = legs
        .iter()
        .filter(|leg| matches!(leg.outcome, LegOutcome::NotUndone | LegOutcome::Unknown));
    bad.map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl SwitchError {
    /// A request that makes no sense, for this reason.
    pub fn invalid(place: &str, error: &Invalid) -> Self {
        Self::Invalid(format!("{place}: {error}"))
    }

    /// There is no such port.
    pub fn no_such_port(port: &SwitchPort) -> Self {
        Self::NotFound {
            what: format!("there is no port {port}"),
            hint: Some("`resolve_port` finds a port by alias, index or MAC address".to_owned()),
        }
    }

    /// What the caller can do about it.
    pub const fn class(&self) -> ErrorClass {
        match self {
            Self::Invalid(_) => ErrorClass::InvalidRequest,
            Self::Refused { .. } => ErrorClass::RefusedByPolicy,
            Self::Unsupported { .. } => ErrorClass::NotSupported,
            Self::NotFound { .. } => ErrorClass::NotFound,
            Self::Conflict { .. } => ErrorClass::Conflict,
            Self::Device { cause, .. } => match cause {
                DeviceError::Unreachable { .. } | DeviceError::Disconnected { .. } => {
                    ErrorClass::Unreachable
                }
                DeviceError::TimedOut { .. } => ErrorClass::TimedOut,
                DeviceError::Rejected { .. } | DeviceError::Unrecognised { .. } => {
                    ErrorClass::RejectedByDevice
                }
                DeviceError::Unsupported { .. } => ErrorClass::NotSupported,
            },
            Self::VerifyFailed { .. } => ErrorClass::VerifyFailed,
            Self::UndoFailed { .. } => ErrorClass::UndoFailed,
            Self::Expired { .. } => ErrorClass::TimedOut,
            Self::Busy(_) => ErrorClass::Busy,
            Self::Audit(_) => ErrorClass::AuditUnavailable,
            Self::Internal(_) => ErrorClass::Internal,
        }
    }

    /// The rule that says no.
    pub fn rule(&self) -> Option<&str> {
        match self {
            Self::Refused { rule, .. } => rule.as_deref(),
            _ => None,
        }
    }

    /// What to do next, where there is something.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound { hint, .. } | Self::Conflict { hint, .. } => hint.clone(),
            Self::UndoFailed { .. } => Some(
                "look at the ports named above, then repeat the request or detach them".to_owned(),
            ),
            Self::Refused { rule: None, .. } => Some(
                "a rule of the policy file must allow this; `policy check` tries it".to_owned(),
            ),
            _ => None,
        }
    }

    /// The change in the audit log, if one had begun.
    pub fn change(&self) -> Option<&str> {
        match self {
            Self::Device { change, .. }
            | Self::VerifyFailed { change, .. }
            | Self::UndoFailed { change, .. } => change.as_deref(),
            _ => None,
        }
    }

    /// The error of a change that had begun.
    #[must_use]
    pub(crate) fn of_change(mut self, id: &str) -> Self {
        if let Self::Device { change, .. }
        | Self::VerifyFailed { change, .. }
        | Self::UndoFailed { change, .. } = &mut self
        {
            *change = Some(id.to_owned());
        }
        self
    }

    /// What became of each leg; empty when nothing had begun.
    pub fn legs(&self) -> &[FailedLeg] {
        match self {
            Self::Device { legs, .. }
            | Self::VerifyFailed { legs, .. }
            | Self::UndoFailed { legs, .. } => legs,
            _ => &[],
        }
    }
}
