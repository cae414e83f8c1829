//! JSON-RPC 1.0 messages as RFC 7047, section 4, uses them.
//!
//! A message is a response to one of our calls, a request of the server (only `echo`), or a
//! notification (only `update` and `stolen`). Anything else is a [`Violation`]: a client that guesses at the
//! meaning of a message that it never asked for has lost the thread of the conversation.

use serde_json::{Map, Value, json};

use super::error::{Violation, excerpt, excerpt_json};

/// A message of the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The answer to the call `id`.
    Response {
        /// The id that the call carried.
        id: u64,
        /// Its result, or the server's refusal of the request as a whole.
        result: Result<Value, Refusal>,
    },
    /// `echo`: the server asks whether we live (RFC 7047, section 4.1.11).
    Echo {
        /// To be sent back.
        id: Value,
        /// To be sent back.
        params: Value,
    },
    /// `update`: rows of a monitor have changed (RFC 7047, section 4.1.6).
    Update {
        /// The monitor's name, as given by us.
        monitor: Value,
        /// The changes, by table and row.
        tables: Value,
    },
    /// `stolen`: another session has taken a lock of ours (RFC 7047, section 4.1.10). There is no
    /// `locked`: it tells those who wait for a lock, and we never do.
    Stolen {
        /// The lock's name, as given by us.
        lock: Value,
    },
}

/// A JSON-RPC error of the server, or the error of one operation; both have the same members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The error word, such as `unknown database`.
    pub error: String,
    /// The explanation, possibly empty.
    pub details: String,
}

impl Refusal {
    /// Reads an `<error>` object (RFC 7047, section 3.1); JSON-RPC also allows a mere string.
    ///
    /// # Errors
    ///
    /// It is neither.
    pub fn parse(value: &Value) -> Result<Self, Violation> {
        if let Value::String(word) = value {
            return Ok(Self { error: excerpt(word), details: String::new() });
        }
        let Some(Value::String(error)) = value.get("error") else {
            return Err(Violation::shape("an error object", value));
        };
        let details = match value.get("details") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(details)) => excerpt(details),
            Some(other) => excerpt_json(other),
        };
        Ok(Self { error: excerpt(error), details })
    }
}

/// Gives the bytes of one message their meaning. Pure; the entry for fuzzing.
///
/// # Errors
///
/// The bytes are not JSON, or not a message that a server may send to a client.
pub fn decode(bytes: &[u8]) -> Result<Message, Violation> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|error| Violation::NotJson { near: excerpt(&error.to_string()) })?;
    let Value::Object(mut object) = value else {
        return Err(Violation::shape("a JSON-RPC message", &value));
    };
    let id = object.remove("id").unwrap_or(Value::Null);
    match object.remove("method") {
        Some(Value::String(method)) => request(&method, id, object),
        Some(other) => Err(Violation::shape("a method name", &other)),
        None => response(&id, object),
    }
}

fn request(method: &str, id: Value, mut object: Map<String, Value>) -> Result<Message, Violation> {
    let Some(params @ Value::Array(_)) = object.remove("params") else {
        return Err(Violation::shape("a request with `params`", &Value::Object(object)));
    };
    match (method, id, params) {
        ("echo", id, params) if !id.is_null() => Ok(Message::Echo { id, params }),
        ("update", Value::Null, Value::Array(params)) => {
            let [monitor, tables] = <[Value; 2]>::try_from(params).map_err(|params| {
                Violation::shape("a monitor and its updates", &Value::Array(params))
            })?;
            Ok(Message::Update { monitor, tables })
        }
        ("stolen", Value::Null, Value::Array(params)) => {
            let [lock] = <[Value; 1]>::try_from(params)
                .map_err(|params| Violation::shape("one lock", &Value::Array(params)))?;
            Ok(Message::Stolen { lock })
        }
        _ => Err(Violation::UnexpectedMethod { method: excerpt(method) }),
    }
}

fn response(id: &Value, mut object: Map<String, Value>) -> Result<Message, Violation> {
    let (Some(result), Some(error)) = (object.remove("result"), object.remove("error")) else {
        return Err(Violation::shape(
            "a message with `method`, or with `result` and `error`",
            &Value::Object(object),
        ));
    };
    let Some(id) = id.as_u64() else {
        return Err(Violation::UnknownId { id: excerpt_json(id) });
    };
    let result = match (result, error) {
        (result, Value::Null) => Ok(result),
        (Value::Null, error) => Err(Refusal::parse(&error)?),
        (_, error) => return Err(Violation::shape("either a result or an error", &error)),
    };
    Ok(Message::Response { id, result })
}

/// Renders a call.
pub(super) fn call(id: u64, method: &str, params: &Value) -> Vec<u8> {
    json!({"id": id, "method": method, "params": params}).to_string().into_bytes()
}

/// Renders the answer to an `echo` of the server.
pub(super) fn echo_reply(id: &Value, params: &Value) -> Vec<u8> {
    json!({"id": id, "result": params, "error": null}).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expected: &str) {
        let got = match decode(text.as_bytes()) {
            Ok(message) => format!("{message:?}"),
            Err(violation) => violation.to_string(),
        };
        assert!(got.contains(expected), "{text}\n  gave     {got}\n  expected {expected}");
    }

    #[test]
    fn messages_of_a_good_server() {
        check(r#"{"id":7,"result":[],"error":null}"#, "Response { id: 7, result: Ok(Array []) }");
        check(
            r#"{"id":7,"result":null,"error":{"error":"unknown database","details":"no x"}}"#,
            r#"Err(Refusal { error: "unknown database", details: "no x" })"#,
        );
        check(r#"{"id":7,"result":null,"error":"canceled"}"#, r#"error: "canceled""#);
        check(
            r#"{"id":"echo","method":"echo","params":[]}"#,
            r#"Echo { id: String("echo"), params: Array [] }"#,
        );
        check(
            r#"{"id":null,"method":"update","params":["m",{}]}"#,
            r#"Update { monitor: String("m"), tables: Object {} }"#,
        );
        check(r#"{"method":"update","params":["m",{}]}"#, "Update");
        check(r#"{"id":null,"method":"stolen","params":["l"]}"#, r#"Stolen { lock: String("l") }"#);
    }

    #[test]
    fn messages_of_a_bad_server() {
        check("{nonsense}", "not JSON");
        check("{\"a\":\"\u{fffd}", "not JSON");
        check("[]", "expected a JSON-RPC message, got `[]`");
        check("{}", "expected a message with `method`, or with `result` and `error`");
        check(r#"{"id":1,"result":[]}"#, "expected a message with");
        check(r#"{"id":1,"result":[],"error":"x"}"#, "expected either a result or an error");
        check(r#"{"id":1,"result":null,"error":17}"#, "expected an error object, got `17`");
        check(r#"{"id":"1","result":[],"error":null}"#, "unknown call `\"1\"`");
        check(r#"{"id":-1,"result":[],"error":null}"#, "unknown call `-1`");
        check(r#"{"id":null,"result":[],"error":null}"#, "unknown call `null`");
        check(r#"{"id":1,"method":5,"params":[]}"#, "expected a method name, got `5`");
        check(r#"{"id":1,"method":"echo"}"#, "expected a request with `params`");
        check(r#"{"id":null,"method":"echo","params":[]}"#, "unexpected request or notification");
        check(r#"{"id":1,"method":"steal","params":[]}"#, "notification `steal`");
        check(r#"{"id":null,"method":"update","params":[1]}"#, "a monitor and its updates");
        check(r#"{"id":null,"method":"stolen","params":[]}"#, "expected one lock, got `[]`");
        check(r#"{"id":1,"method":"stolen","params":["l"]}"#, "notification `stolen`");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
