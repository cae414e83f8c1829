//! What is made again, how often, and on which connection.

use rpc::{
    Method,
    client::{CallError, Client, Settings},
    wire::Context,
};
use rstest::rstest;
use serde_json::Value;

use crate::script::{Say, Script};

/// Calls the method with so many repetitions, and says how it ended and how many requests came.
async fn check(
    method: Method,
    retries: u32,
    script: &[Say],
) -> (Result<Value, CallError>, Vec<Value>) {
    let server = Script::http(script.iter().cloned()).await;
    let client = Client::new(Settings { retries, ..server.settings() }).unwrap();
    let context = Context { timeout_ms: Some(20_000), ..Context::default() };
    let outcome = client.call(method, &context).await;
    (outcome, server.seen().into_iter().map(|seen| seen.body).collect())
}

fn unavailable() -> Say {
    Say::Status("503 Service Unavailable", String::new())
}

#[rstest]
#[case(Method::ListSwitches, 2, vec![Say::HangUp, Say::Result], true, 2)]
#[case(Method::ListSwitches, 0, vec![Say::HangUp, Say::Result], false, 1)]
#[case(Method::ListSwitches, 2, vec![Say::HangUp, Say::HangUp, Say::HangUp, Say::Result], false, 3)]
#[case(Method::Plan, 1, vec![Say::HangUp, Say::Result], true, 2)]
// The answer to a change was lost: it may have been carried out.
#[case(Method::Flush, 2, vec![Say::HangUp, Say::Result], false, 1)]
#[case(Method::AttachPort, 2, vec![Say::HangUp, Say::Result], false, 1)]
// Nothing was touched.
#[case(Method::Flush, 2, vec![unavailable(), Say::Error("busy"), Say::Result], true, 3)]
#[case(Method::AttachPort, 1, vec![unavailable(), unavailable(), Say::Result], false, 2)]
#[case(Method::AttachPort, 0, vec![Say::Error("busy"), Say::Result], false, 1)]
// Retryable, says the service, but not without somebody looking first.
#[case(Method::AttachPort, 2, vec![Say::Error("unreachable"), Say::Result], false, 1)]
#[case(Method::ListSwitches, 2, vec![Say::Error("timed_out"), Say::Result], false, 1)]
#[case(Method::ListSwitches, 2, vec![Say::Status("502 Bad Gateway", String::new()), Say::Result], false, 1)]
#[tokio::test]
async fn only_what_is_safe_is_made_again(
    #[case] method: Method,
    #[case] retries: u32,
    #[case] script: Vec<Say>,
    #[case] answered: bool,
    #[case] requests: usize,
) {
    let (outcome, seen) = check(method, retries, &script).await;
    assert_eq!((outcome.is_ok(), seen.len()), (answered, requests), "{outcome:?}");
}

#[tokio::test]
async fn a_repetition_is_a_call_of_its_own_with_what_is_left_of_the_time() {
    let script = [unavailable(), unavailable(), Say::Result];
    let (outcome, seen) = check(Method::ListSwitches, 2, &script).await;
    outcome.unwrap();
    let part = |at: usize| {
        let timeout = seen[at]["params"]["context"]["timeout_ms"].as_u64().unwrap();
        (seen[at]["id"].as_u64().unwrap(), timeout)
    };
    let [(1, 20_000), (2, second), (3, third)] = [part(0), part(1), part(2)] else {
        panic!("{seen:?}")
    };
    assert!(third < second && second < 20_000, "{seen:?}");
}

#[tokio::test]
async fn no_repetition_begins_that_has_no_time() {
    let server = Script::http([unavailable(), Say::Result]).await;
    let client = Client::new(Settings { retries: 5, ..server.settings() }).unwrap();
    let context = Context { timeout_ms: Some(50), ..Context::default() };
    let outcome: Result<Value, _> = client.call(Method::ListSwitches, &context).await;
    assert!(matches!(outcome, Err(CallError::Http { status: 503, .. })), "{outcome:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_connection_is_used_again_and_a_broken_one_replaced() {
    let script = [Say::Result, Say::Result, Say::HangUp, Say::Result];
    let server = Script::http(script).await;
    let client = Client::new(Settings { retries: 1, ..server.settings() }).unwrap();
    for _ in 0..3 {
        let context = Context::default();
        let _: Value = client.clone().call(Method::ListSwitches, &context).await.unwrap();
    }
    let connections: Vec<usize> = server.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0, 1]);
}
