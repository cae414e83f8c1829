use proptest::prelude::*;
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::error;

/// The calls of a body as `method` or as `code: message`, with their ids.
fn check(body: &str) -> Vec<String> {
    let shown = |call: Result<Call, Refused>| match call {
        Ok(call) => match call.id {
            Some(id) => format!("{} {}", serde_json::to_string(&id).unwrap(), call.method),
            None => format!("notify {}", call.method),
        },
        Err(refused) => {
            let id = refused.id.map(|id| serde_json::to_string(&id).unwrap());
            let error = refused.error;
            format!("{} {} {error}", id.unwrap_or("notify".to_owned()), error.code)
        }
    };
    match decode(body.as_bytes(), &Limits::default()) {
        Decoded::Single(call) => vec![shown(call)],
        Decoded::Batch(calls) => {
            [vec!["batch".to_owned()], calls.into_iter().map(shown).collect()].concat()
        }
    }
}

// The cases of the specification's section 7, "Examples", in this service's methods, and ours.
#[rstest]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":1}"#, &["1 m"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":"1"}"#, &["\"1\" m"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":null}"#, &["null m"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":-9223372036854775808}"#, &["-9223372036854775808 m"])]
#[case(r#"{"jsonrpc":"2.0","method":"m"}"#, &["notify m"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","params":{"context":{}},"id":1}"#, &["1 m"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","params":[1],"id":1}"#, &["1 -32602 parameters are given by name, in an object"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","params":[1]}"#, &["notify -32602 parameters are given by name, in an object"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","params":"bar","id":1}"#, &["1 -32600 `params` is not an object"])]
#[case(r#"{"jsonrpc":"2.0","method":1,"params":"bar"}"#, &["null -32600 `method` is not a string"])]
#[case(r#"{"jsonrpc":"1.0","method":"m","id":7}"#, &["7 -32600 `jsonrpc` is not `2.0`"])]
#[case(r#"{"method":"m","id":7}"#, &["7 -32600 `jsonrpc` is not `2.0`"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":1.5}"#, &["null -32600 `id` is neither a string nor a whole number nor null"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":{}}"#, &["null -32600 `id` is neither a string nor a whole number nor null"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","id":1,"parms":{}}"#, &["1 -32600 a call has no member `parms`: it has `jsonrpc`, `method`, `params`, `id`"])]
#[case(r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#, &["null -32600 an object names the member `id` twice at line 1 column 28"])]
#[case(r#"{"jsonrpc":"2.0","method":"m","params":{"context":{"a":1,"\u0061":2}},"id":1}"#, &["null -32600 an object names the member `a` twice at line 1 column 65"])]
#[case(r#"{"jsonrpc":"2.0","method":"m""#, &["null -32700 the body is not JSON: EOF while parsing an object at line 1 column 29"])]
#[case("", &["null -32700 the body is not JSON: EOF while parsing a value at line 1 column 0"])]
#[case("{} {}", &["null -32700 the body is not JSON: trailing characters at line 1 column 4"])]
#[case("[1e999]", &["null -32700 the body is not JSON: number out of range at line 1 column 6"])]
#[case("[]", &["null -32600 the batch is empty"])]
#[case("3", &["null -32600 a call is an object"])]
#[case("[1,2]", &["batch", "null -32600 a call is an object", "null -32600 a call is an object"])]
#[case(r#"[{"jsonrpc":"2.0","method":"a","id":1},{"jsonrpc":"2.0","method":"b"},{"foo":"boo"}]"#,
    &["batch", "1 a", "notify b", "null -32600 `jsonrpc` is not `2.0`"])]
#[case(r#"[[{"jsonrpc":"2.0","method":"a","id":1}]]"#, &["batch", "null -32600 a call is an object"])]
fn a_body_is_read(#[case] body: &str, #[case] calls: &[&str]) {
    assert_eq!(check(body), calls);
}

#[test]
fn limits_hold_at_their_edges() {
    let limits = Limits { body_bytes: 200, batch: 2, depth: 4 };
    let call =
        |params: &str| format!(r#"{{"jsonrpc":"2.0","method":"m","params":{params},"id":1}}"#);
    let code = |body: &str| match decode(body.as_bytes(), &limits) {
        Decoded::Single(Err(refused)) => Some((refused.error.code, refused.error.message)),
        _ => None,
    };
    let full = call(&format!(r#"{{"a":"{}"}}"#, "x".repeat(200 - call(r#"{"a":""}"#).len())));
    assert_eq!(full.len(), 200);
    assert_eq!(code(&full), None);
    assert_eq!(
        code(&format!("{full} ")),
        Some((error::INVALID_REQUEST, "the body has 201 bytes, 200 are allowed".to_owned()))
    );
    assert_eq!(code(&call(r#"{"a":[[]]}"#)), None);
    assert_eq!(
        code(&call(r#"{"a":[[[]]]}"#)),
        Some((error::INVALID_REQUEST, "the body nests deeper than 4 levels".to_owned()))
    );
    assert_eq!(code("[1,2]"), None);
    assert_eq!(
        code("[1,2,3]"),
        Some((error::INVALID_REQUEST, "the batch has 3 calls, 2 are allowed".to_owned()))
    );
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    let decoded = decode(b"{\"jsonrpc\":\"\xff\"}", &Limits::default());
    let Decoded::Single(Err(refused)) = decoded else { panic!("{decoded:?}") };
    assert_eq!(refused.error.code, error::PARSE_ERROR);
}

#[test]
fn answers_are_written_as_the_specification_says() {
    let ok = Answer { id: Id::Number(1.into()), outcome: Ok(json!({"a": 1})) };
    let failed = Answer { id: Id::Null, outcome: Err(RpcError::parse_error("no")) };
    assert_eq!(
        serde_json::to_string(&Body::Batch(vec![ok, failed])).unwrap(),
        r#"[{"jsonrpc":"2.0","result":{"a":1},"id":1},{"jsonrpc":"2.0","error":{"code":-32700,"message":"no","data":{"class":"invalid_request","retryable":false}},"id":null}]"#
    );
}

proptest! {
    #[test]
    fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = decode(&body, &Limits::default());
    }

    #[test]
    fn no_json_like_body_panics(body in r#"[\[\]{}",:a0\\ ]{0,200}"#) {
        let _ = decode(body.as_bytes(), &Limits { depth: 8, ..Limits::default() });
    }
}
