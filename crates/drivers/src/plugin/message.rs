//! JSON-RPC 2.0 as far as it is used here: one request, one answer, one line each.
//!
//! There are no batches and no notifications, in neither direction: a plugin is a loop that reads a
//! line and writes a line, in whatever language.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    error::{Violation, excerpt},
    json,
};

/// What a plugin answered.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// The method's result.
    Result(Value),
    /// A refusal.
    Error { code: i64, message: String },
}

#[derive(Serialize)]
struct Request<'a, P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'a str,
    params: P,
}

/// A request as a line.
pub(super) fn request(id: u64, method: &str, params: &impl Serialize) -> Result<Vec<u8>, String> {
    let request = Request { jsonrpc: "2.0", id, method, params };
    let mut line = serde_json::to_vec(&request).map_err(|error| error.to_string())?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a line as the answer to the request with this id.
pub(super) fn answer(line: &[u8], id: u64) -> Result<Answer, Violation> {
    let (got, answer) = decode(line)?;
    if got == id {
        Ok(answer)
    } else {
        Err(Violation::WrongId { wanted: id, got: excerpt(&got.to_string()) })
    }
}

/// Reads a line as an answer, with its id.
pub(super) fn decode(line: &[u8]) -> Result<(Value, Answer), Violation> {
    let near = || excerpt(&String::from_utf8_lossy(line));
    let wrong =
        |problem: &str| Violation::NotAnAnswer { problem: problem.to_owned(), near: near() };
    let Value::Object(mut members) = json::parse(line)? else {
        return Err(wrong("it is no object"));
    };
    if members.remove("jsonrpc") != Some(Value::from("2.0")) {
        return Err(wrong("`jsonrpc` is not \"2.0\""));
    }
    if members.contains_key("method") {
        return Err(wrong("it is a request or a notification, and a plugin only answers"));
    }
    let id = members.remove("id").ok_or_else(|| wrong("there is no `id`"))?;
    let (result, error) = (members.remove("result"), members.remove("error"));
    if let Some(name) = members.keys().next() {
        return Err(wrong(&format!("the member `{}` is unknown", excerpt(name))));
    }
    match (result, error) {
        (Some(result), None) => Ok((id, Answer::Result(result))),
        (None, Some(Value::Object(error))) => Ok((id, refusal(error).map_err(wrong)?)),
        (None, Some(_)) => Err(wrong("`error` is no object")),
        (Some(_), Some(_)) => Err(wrong("it has both `result` and `error`")),
        (None, None) => Err(wrong("it has neither `result` nor `error`")),
    }
}

fn refusal(mut error: Map<String, Value>) -> Result<Answer, &'static str> {
    let code = error.remove("code").and_then(|code| code.as_i64());
    let code = code.ok_or("`error.code` is no integer")?;
    let Some(Value::String(message)) = error.remove("message") else {
        return Err("`error.message` is no string");
    };
    error.remove("data");
    if error.is_empty() {
        Ok(Answer::Error { code, message })
    } else {
        Err("`error` has an unknown member")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_request_is_one_line() {
        let line = request(7, "resolve", &serde_json::json!({ "text": "a\nb" })).unwrap();
        let expected = concat!(
            r#"{"jsonrpc":"2.0","id":7,"method":"resolve","params":{"text":"a\nb"}}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn answers_are_results_or_errors() {
        let good = br#"{"jsonrpc":"2.0","id":7,"result":{}}"#;
        assert_eq!(answer(good, 7), Ok(Answer::Result(serde_json::json!({}))));
        let bad = br#"{"id":7,"error":{"code":-32000,"message":"no","data":[1]},"jsonrpc":"2.0"}"#;
        assert_eq!(answer(bad, 7), Ok(Answer::Error { code: -32000, message: "no".to_owned() }));
    }

    #[rstest]
    #[case(r#"{"jsonrpc":"2.0","id":8,"result":{}}"#, "an answer has the id 8 where 7 was asked")]
    #[case(r#"{"jsonrpc":"2.0","id":"7","result":{}}"#, "an answer has the id \"7\" where 7")]
    #[case(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#, "an answer has the id null where 7")]
    #[case(r#"{"jsonrpc":"2.0","result":{}}"#, "there is no `id`")]
    #[case(r#"{"id":7,"result":{}}"#, "`jsonrpc` is not \"2.0\"")]
    #[case(r#"{"jsonrpc":"1.0","id":7,"result":{}}"#, "`jsonrpc` is not \"2.0\"")]
    #[case(r#"{"jsonrpc":"2.0","id":7}"#, "neither `result` nor `error`")]
    #[case(r#"{"jsonrpc":"2.0","id":7,"result":1,"error":{}}"#, "both `result` and `error`")]
    #[case(r#"{"jsonrpc":"2.0","id":7,"result":1,"extra":2}"#, "the member `extra` is unknown")]
    #[case(r#"{"jsonrpc":"2.0","id":7,"error":{"code":"x","message":""}}"#, "`error.code` is no")]
    #[case(r#"{"jsonrpc":"2.0","id":7,"error":{"code":1}}"#, "`error.message` is no string")]
    #[case(r#"{"jsonrpc":"2.0","method":"log","params":[]}"#, "a plugin only answers")]
    #[case(r#"[{"jsonrpc":"2.0","id":7,"result":{}}]"#, "it is no object")]
    #[case("hello world", "a line is not JSON: expected value at line 1 column 1: hello world")]
    fn everything_else_is_told(#[case] line: &str, #[case] part: &str) {
        let got = answer(line.as_bytes(), 7).unwrap_err().to_string();
        assert!(got.contains(part), "{got}");
    }
}
