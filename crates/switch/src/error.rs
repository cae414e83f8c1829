//! What can go wrong with a request, in classes that say what the caller can do about it.

use model::{ErrorClass, FailedLeg, Invalid, LagName, LegOutcome, SwitchName, SwitchPort};
use thiserror::Error;

use crate::driver::DeviceError;

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
    /// A LAG had other members each time that it was looked at.
    #[error("the members of LAG `{lag}` on `{switch}` changed while the request was prepared")]
    MembersChanged {
        /// The LAG.
        lag: LagName,
        /// The switch.
        switch: SwitchName,
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
            Self::Conflict { .. } | Self::MembersChanged { .. } => ErrorClass::Conflict,
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
            Self::MembersChanged { .. } => Some("repeat the request".to_owned()),
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
