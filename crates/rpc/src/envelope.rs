//! The JSON-RPC 2.0 envelope: single and batch calls, notifications, answers.
//!
//! [`decode`] is a pure function over the bytes of a body. It refuses what is too large, too deep
//! or ambiguous (a member named twice) before anything is interpreted, and never panics. Parameters
//! are named only: an array of them is refused, because positions cannot be extended.

mod answer;

use model::json;
use serde::Serialize;
use serde_json::{Map, Number, Value};

pub(crate) use answer::Received;
pub use answer::{Answer, Body};

use crate::error::RpcError;

/// What a body may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Its size in bytes. A request over sixteen links is a few kilobytes.
    pub body_bytes: usize,
    /// How many calls a batch has at most: they are answered together, so the first waits for the
    /// last.
    pub batch: usize,
    /// How deep arrays and objects nest at most; a request of this service needs seven. The parser
    /// recurses, so this bounds its stack.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1024 * 1024, batch: 100, depth: 32 }
    }
}

/// What the caller calls its call. A fraction is refused, because it could not be echoed exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Id {
    /// `null`: allowed and discouraged by the specification; also the id of answers to calls whose
    /// id could not be read.
    Null,
    /// A whole number.
    Number(Number),
    /// Text.
    Text(String),
}

impl Id {
    /// Reads an id; nothing when it is a fraction, a truth value, an array or an object.
    pub fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Null),
            Value::Number(number) if !number.is_f64() => Some(Self::Number(number.clone())),
            Value::String(text) => Some(Self::Text(text.clone())),
            _ => None,
        }
    }
}

/// A well-formed call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Absent on a notification, which is carried out and not answered.
    pub id: Option<Id>,
    /// The method's name, whether or not there is such a method.
    pub method: String,
    /// The named parameters; empty when there were none.
    pub params: Map<String, Value>,
}

/// A call that is not well-formed, with the id to answer under.
#[derive(Debug, Clone, PartialEq)]
pub struct Refused {
    /// The call's id; `None` for a notification whose parameters are malformed, which gets no
    /// answer.
    pub id: Option<Id>,
    /// Why.
    pub error: RpcError,
}

/// A body.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// One call: one answer, not in an array.
    Single(Result<Call, Refused>),
    /// Several calls: an array of answers, without those to notifications; nothing at all when
    /// they were all notifications.
    Batch(Vec<Result<Call, Refused>>),
}

/// Reads a body.
pub fn decode(body: &[u8], limits: &Limits) -> Decoded {
    match read(body, limits) {
        Ok(decoded) => decoded,
        Err(error) => Decoded::Single(Err(Refused { id: Some(Id::Null), error })),
    }
}

fn read(body: &[u8], limits: &Limits) -> Result<Decoded, RpcError> {
    if body.len() > limits.body_bytes {
        return Err(RpcError::invalid_request(format!(
            "the body has {} bytes, {} are allowed",
            body.len(),
            limits.body_bytes
        )));
    }
    if json::depth_exceeds(body, limits.depth) {
        return Err(RpcError::invalid_request(format!(
            "the body nests deeper than {} levels",
            limits.depth
        )));
    }
    match parse(body)? {
        Value::Array(calls) if calls.is_empty() => {
            Err(RpcError::invalid_request("the batch is empty"))
        }
        Value::Array(calls) if calls.len() > limits.batch => Err(RpcError::invalid_request(
            format!("the batch has {} calls, {} are allowed", calls.len(), limits.batch),
        )),
        Value::Array(calls) => Ok(Decoded::Batch(calls.into_iter().map(call).collect())),
        single => Ok(Decoded::Single(call(single))),
    }
}

/// Reads the one JSON value of a body whose depth has been bounded.
///
/// # Errors
/// "Parse error" when it is not JSON, "invalid request" when an object names a member twice.
pub fn parse(body: &[u8]) -> Result<Value, RpcError> {
    json::unique(body).map_err(|error| match error.is_data() {
        true => RpcError::invalid_request(error.to_string()),
        false => RpcError::parse_error(format!("the body is not JSON: {error}")),
    })
}

fn call(value: Value) -> Result<Call, Refused> {
    let refused = |id: Option<Id>, error: RpcError| Err(Refused { id, error });
    let invalid = |id: Option<Id>, problem: String| {
        refused(Some(id.unwrap_or(Id::Null)), RpcError::invalid_request(problem))
    };
    let Value::Object(mut members) = value else {
        return invalid(None, "a call is an object".to_owned());
    };
    let id = match members.remove("id") {
        None => None,
        Some(given) => match Id::read(&given) {
            Some(id) => Some(id),
            None => {
                return invalid(
                    None,
                    "`id` is neither a string nor a whole number nor null".to_owned(),
                );
            }
        },
    };
    if members.remove("jsonrpc") != Some(Value::from("2.0")) {
        return invalid(id, "`jsonrpc` is not `2.0`".to_owned());
    }
    let Some(Value::String(method)) = members.remove("method") else {
        return invalid(id, "`method` is not a string".to_owned());
    };
    let params = members.remove("params");
    if let Some(other) = members.keys().next() {
        let other = model::Invalid::new("", other, "").value;
        return invalid(
            id,
            format!("a call has no member `{other}`: it has `jsonrpc`, `method`, `params`, `id`"),
        );
    }
    match params {
        None => Ok(Call { id, method, params: Map::new() }),
        Some(Value::Object(params)) => Ok(Call { id, method, params }),
        Some(Value::Array(_)) => {
            refused(id, RpcError::invalid_params("parameters are given by name, in an object"))
        }
        Some(_) => invalid(id, "`params` is not an object".to_owned()),
    }
}

#[cfg(test)]
mod tests;
