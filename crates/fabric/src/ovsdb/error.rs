//! The error object of RFC 7047 section 3.1.
//!
//! The texts follow `ovsdb-server` 3.1.0 as observed on the wire, so that a driver which looks
//! at them meets the same words here and on a real switch.

use std::fmt;

use serde_json::{Map, Value};

/// `{"error": …, "details": …, "syntax": …}` as it travels to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvsdbError {
    /// The class, one of the strings of RFC 7047 section 3.1 and 5.2.
    pub error: String,
    /// For people.
    pub details: String,
    /// The JSON that was not understood, as text.
    pub syntax: Option<String>,
}

impl OvsdbError {
    /// An error of any class.
    pub fn new(error: impl Into<String>, details: impl Into<String>) -> Self {
        Self { error: error.into(), details: details.into(), syntax: None }
    }

    /// A `syntax error` about a piece of JSON.
    pub fn syntax(details: impl Into<String>, json: &Value) -> Self {
        Self::new("syntax error", details).about(json)
    }

    /// A `constraint violation`.
    pub fn constraint(details: impl Into<String>) -> Self {
        Self::new("constraint violation", details)
    }

    /// A `referential integrity violation`.
    pub fn referential(details: impl Into<String>) -> Self {
        Self::new("referential integrity violation", details)
    }

    /// The same error, naming the JSON that caused it.
    #[must_use]
    pub fn about(mut self, json: &Value) -> Self {
        self.syntax = Some(json.to_string());
        self
    }

    /// Wire form.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("error".into(), self.error.clone().into());
        object.insert("details".into(), self.details.clone().into());
        if let Some(syntax) = &self.syntax {
            object.insert("syntax".into(), syntax.clone().into());
        }
        Value::Object(object)
    }
}

impl fmt::Display for OvsdbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.details)
    }
}

impl std::error::Error for OvsdbError {}
