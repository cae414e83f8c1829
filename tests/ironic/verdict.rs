//! One question to two servers, and what is compared of their answers.

use std::fmt;

use serde_json::Value;
use system_tests::peer::{Answer, Connection};

/// The prefix of every exception that Ironic's client raises again.
const PREFIX: &str = "ironic.common.exception.";

/// A request as it goes over the wire.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A body as Ironic's client sends it.
    pub(crate) fn raw(body: &[u8]) -> Self {
        let headers = vec![("Content-Type", "application/json")];
        Self { method: "POST", path: "/", headers, body: body.to_vec() }
    }

    pub(crate) fn json(body: &Value) -> Self {
        Self::raw(body.to_string().as_bytes())
    }

    pub(crate) fn send(&self, connection: &mut Connection) -> Verdict {
        match connection.send(self.method, self.path, &self.headers, &self.body) {
            Ok(answer) => Verdict::of(&answer),
            Err(_) => Verdict::Nothing,
        }
    }
}

/// What came back, without the words: they are compared where Ironic's client reads them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// A result.
    Result(Value),
    /// An error with its code and the exception that it names, if any.
    Error(i64, String),
    /// Another HTTP status than 200.
    Status(u16),
    /// The connection ended.
    Nothing,
}

impl Verdict {
    /// An error whose exception Ironic's client raises again; an empty name is none.
    pub(crate) fn error(code: i64, class: &str) -> Self {
        Self::Error(code, class.to_owned())
    }

    pub(crate) fn of(answer: &Answer) -> Self {
        if answer.status != 200 {
            return Self::Status(answer.status);
        }
        let json = answer.json();
        match json.get("error") {
            None => Self::Result(without_device_types(json["result"].clone())),
            Some(error) => {
                let class = error["data"]["class"].as_str().unwrap_or_default();
                let class = class.strip_prefix(PREFIX).unwrap_or(class);
                Self::error(error["code"].as_i64().unwrap_or_default(), class)
            }
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result(value) => write!(f, "result {value}"),
            Self::Error(code, class) => write!(f, "error {code} {class}"),
            Self::Status(status) => write!(f, "HTTP status {status}"),
            Self::Nothing => f.write_str("no answer"),
        }
    }
}

/// The lists of switches differ in the kind of each, which is the name of a driver: here Mercury's,
/// there netmiko's.
fn without_device_types(mut result: Value) -> Value {
    for switch in result.as_object_mut().into_iter().flatten().map(|(_, switch)| switch) {
        if let Some(switch) = switch.as_object_mut() {
            switch.remove("device_type");
        }
    }
    result
}
