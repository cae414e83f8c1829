//! Errors as callers see them: a stable numeric code, a message for people, data for machines.
//!
//! Two families of codes: those of the JSON-RPC 2.0 specification (section 5.1) say that the call
//! itself was malformed, those of [`Class`] say what became of a well-formed one. Every error has
//! an [`ErrorData`] whose `class` a caller can act on without reading the message.

use std::fmt;

pub use model::{ErrorClass as Class, FailedLeg as LegReport, LegOutcome};
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
                last_known: Some(model::PortConfig::default()),
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
