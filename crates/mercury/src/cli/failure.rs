//! How a command that failed ends: one message on standard error, one exit code.
//!
//! With `--json` the message is a JSON document on standard error, and standard output stays
//! empty: the service's own error object when the service answered (it has a `code`), otherwise
//! `message` and maybe `hint`.

use std::fmt;

use rpc::client::CallError;
use serde_json::{Value, json};

use super::{
    exit::Exit,
    output::{complain, look_of_stderr},
};
use crate::render::error as render;

/// A failure that knows its exit code.
#[derive(Debug)]
pub(crate) struct Told {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl Told {
    /// A failure with this message.
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), hint: None }
    }

    /// With the place where it was found in front.
    #[must_use]
    pub(crate) fn within(mut self, place: &str) -> Self {
        self.message = format!("{place} {}", self.message);
        self
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Told {}

/// Writes the error to standard error, and says how to end.
pub(crate) fn report(error: &anyhow::Error, json: bool) -> Exit {
    let look = look_of_stderr();
    let (exit, text, document) = if let Some(call) = error.downcast_ref::<CallError>() {
        (Exit::of_call(call), render::call(look, call), call_json(call))
    } else if let Some(Told { exit, message, hint }) = error.downcast_ref() {
        let hint = hint.as_deref();
        (*exit, render::plain(look, message, hint), plain_json(message, hint))
    } else {
        let message = chain(error);
        (Exit::Other, render::plain(look, &message, None), plain_json(&message, None))
    };
    complain(&if json { format!("{document}\n") } else { text });
    exit
}

/// The error of a call as a JSON document.
pub(crate) fn call_json(error: &CallError) -> Value {
    match error {
        CallError::Rpc(error) => serde_json::to_value(error).unwrap_or_default(),
        other => plain_json(&other.to_string(), render::hint(other).as_deref()),
    }
}

fn plain_json(message: &str, hint: Option<&str>) -> Value {
    match hint {
        Some(hint) => json!({ "message": message, "hint": hint }),
        None => json!({ "message": message }),
    }
}

/// The error and its causes, one a line.
fn chain(error: &anyhow::Error) -> String {
    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
    causes.join("\n")
}
