//! Errors as callers see them: a stable numeric code, a message for people, data for machines.
//!
//! Two families of codes: those of the JSON-RPC 2.0 specification (section 5.1) say that the call
//! itself was malformed, those of [`Class`] say what became of a well-formed one. Every error has
//! an [`ErrorData`] whose `class` a caller can act on without reading the message.

use std::fmt;

use model::{LagName, PortConfig, PortName, SwitchName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// "Invalid JSON was received by the server" (JSON-RPC 2.0, section 5.1).
pub const PARSE_ERROR: i32 = -32700;
/// "The JSON sent is not a valid Request object".
pub const INVALID_REQUEST: i32 = -32600;
/// "The method does not exist / is not available".
pub const METHOD_NOT_FOUND: i32 = -32601;
/// "Invalid method parameter(s)".
pub const INVALID_PARAMS: i32 = -32602;
/// "Internal JSON-RPC error".
pub const INTERNAL_ERROR: i32 = -32603;

/// What a caller can do about an error.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Class {
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

impl Class {
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

    /// The name on the wire, as in [`ErrorData::class`].
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

impl fmt::Display for Class {
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
pub struct LegReport {
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

/// The `data` member of an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorData {
    /// What a caller can do about it.
    pub class: Class,
    /// Whether the same request can succeed later without anyone changing it.
    pub retryable: bool,
    /// The request's id, as given or as generated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The id under which the audit log keeps the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<String>,
    /// The policy rule that refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where each port was left; empty when nothing was touched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LegReport>,
}

impl ErrorData {
    /// Data that only says the class.
    pub const fn new(class: Class) -> Self {
        Self {
            class,
            retryable: class.retryable(),
            request_id: None,
            change_id: None,
            rule: None,
            hint: None,
            links: Vec::new(),
        }
    }
}

/// The error of one call.
///
/// `Display` is the message alone: the code and the data are for machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RpcError {
    /// One of the codes of JSON-RPC 2.0, or of [`Class::code`].
    pub code: i32,
    /// One cause a line, for people.
    pub message: String,
    /// For machines. Absent only in answers of other servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Box<ErrorData>>,
}

impl RpcError {
    /// An error of a well-formed call.
    pub fn new(class: Class, message: impl Into<String>) -> Self {
        Self::with_code(class.code(), class, message)
    }

    /// `-32700`.
    pub fn parse_error(message: impl Into<String>) -> Self {
        Self::with_code(PARSE_ERROR, Class::InvalidRequest, message)
    }

    /// `-32600`.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::with_code(INVALID_REQUEST, Class::InvalidRequest, message)
    }

    /// `-32601`.
    pub fn method_not_found(message: impl Into<String>) -> Self {
        Self::with_code(METHOD_NOT_FOUND, Class::InvalidRequest, message)
    }

    /// `-32602`.
    pub fn invalid_params(message: impl Into<String>) -> Self {
        Self::with_code(INVALID_PARAMS, Class::InvalidRequest, message)
    }

    /// `-32603`: the service broke while it handled the call.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::with_code(INTERNAL_ERROR, Class::Internal, message)
    }

    fn with_code(code: i32, class: Class, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: Some(Box::new(ErrorData::new(class))) }
    }

    /// With what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Some(data) = &mut self.data {
            data.hint = Some(hint.into());
        }
        self
    }

    /// What a caller can do about it, if the server said.
    pub fn class(&self) -> Option<Class> {
        self.data.as_ref().map(|data| data.class)
    }
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RpcError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_one_code_and_the_name_that_serde_writes() {
        for (index, class) in Class::ALL.into_iter().enumerate() {
            assert_eq!(class.code(), 1001 + i32::try_from(index).unwrap());
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }

    #[test]
    fn an_error_survives_the_wire() {
        let mut error = RpcError::new(Class::UndoFailed, "undo failed").hint("shut `swp1`");
        if let Some(data) = &mut error.data {
            data.links.push(LegReport {
                switch: "leaf-02".parse().unwrap(),
                port: Some("swp1".parse().unwrap()),
                outcome: LegOutcome::NotUndone,
                observed: None,
                lag: None,
                last_known: Some(PortConfig::default()),
                error: Some("the switch did not answer in time".to_owned()),
            });
        }
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(
            text,
            r#"{"code":1009,"message":"undo failed","data":{"class":"undo_failed","retryable":false,"hint":"shut `swp1`","links":[{"switch":"leaf-02","port":"swp1","outcome":"not_undone","last_known":{},"error":"the switch did not answer in time"}]}}"#
        );
        assert_eq!(serde_json::from_str::<RpcError>(&text).unwrap(), error);
    }
}
