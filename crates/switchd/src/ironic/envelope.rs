//! The envelope: JSON-RPC 2.0 as Ironic speaks it. Single calls with named parameters, no batches.
//!
//! [`decode`] is a pure function over the bytes of a body. How deep a body nests is counted before
//! anything parses it, whatever its content type says: a few thousand nested arrays once were
//! enough to kill a worker of Ironic's own service. An object that names a member twice is refused,
//! because two readers could disagree about it.

use model::Invalid;
use rpc::{
    envelope::{Id, parse},
    error::PARSE_ERROR,
};
use serde_json::{Map, Value};

use super::failure::Failure;

/// How deep a body may nest: Ironic's `[api] max_json_body_depth`. A call needs three levels, and
/// what a token's catalogue adds to its context six more.
pub const DEPTH: usize = 25;

/// A body.
#[derive(Debug, Clone, PartialEq)]
pub enum Decoded {
    /// It nests deeper than [`DEPTH`], and was not read.
    TooDeep,
    /// It is no call. The answer goes under this id.
    Refused {
        /// The id; null where none could be read.
        id: Id,
        /// Why.
        failure: Failure,
    },
    /// A call.
    Call(Call),
}

/// A well-formed call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What the answer goes under. It is not unique. Absent, or null, on a notification, which is
    /// carried out and not answered.
    pub id: Option<Id>,
    /// The method's name, whether or not there is such a method.
    pub method: String,
    /// The parameters, with `context` among them.
    pub params: Map<String, Value>,
}

/// Reads a body.
pub fn decode(body: &[u8]) -> Decoded {
    if model::json::depth_exceeds(body, DEPTH) {
        return Decoded::TooDeep;
    }
    let refused = |id: Id, failure: Failure| Decoded::Refused { id, failure };
    let mut members = match parse(body) {
        Ok(Value::Object(members)) => members,
        Ok(_) => return refused(Id::Null, Failure::invalid_request("")),
        Err(error) if error.code == PARSE_ERROR => {
            return refused(Id::Null, Failure::parse_error());
        }
        Err(error) => return refused(Id::Null, Failure::invalid_request(&error.message)),
    };
    let id = match members.get("id").map(Id::read) {
        None | Some(Some(Id::Null)) => None,
        Some(Some(id)) => Some(id),
        Some(None) => {
            let why = "`id` is neither a string nor a whole number nor null";
            return refused(Id::Null, Failure::invalid_request(why));
        }
    };
    match call(&mut members) {
        Ok((method, params)) => Decoded::Call(Call { id, method, params }),
        Err(failure) => refused(id.unwrap_or(Id::Null), failure),
    }
}

fn call(members: &mut Map<String, Value>) -> Result<(String, Map<String, Value>), Failure> {
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(Failure::invalid_request(""));
    }
    let method = match members.remove("method") {
        None | Some(Value::Null) => return Err(Failure::invalid_request("")),
        Some(Value::String(name)) if name.is_empty() => return Err(Failure::invalid_request("")),
        Some(Value::String(name)) => name,
        Some(other) => other.to_string(),
    };
    let mut params = match members.remove("params") {
        None => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err(Failure::invalid_request("")),
    };
    if let Some(version) = params.remove("rpc.version") {
        supported(&version)?;
    }
    Ok((method, params))
}

/// Refuses every version but 1.x; the client of Ironic 39 says 1.0, or nothing.
fn supported(version: &Value) -> Result<(), Failure> {
    let minor = version.as_str().and_then(|version| version.strip_prefix("1."));
    let digits = |minor: &str| {
        (1..=5).contains(&minor.len()) && minor.bytes().all(|byte| byte.is_ascii_digit())
    };
    if minor.is_some_and(digits) {
        return Ok(());
    }
    let shown = Invalid::new("version", version.to_string(), "").value;
    Err(Failure::invalid_request(&format!(
        "version {shown} of the interface is not spoken here, only 1.x"
    )))
}
