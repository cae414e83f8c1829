//! The client against servers that answer what they should not.

use rpc::{
    Class, Method,
    client::{CallError, Client, Settings},
    wire::{Context, SwitchesAnswer},
};
use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    task::JoinSet,
};

/// Calls `list_switches` on a server that answers the first request with these bytes and then
/// closes.
async fn check(answer: &'static [u8]) -> (Result<SwitchesAnswer, CallError>, String) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        let (mut stream, _) = socket.accept().await.unwrap();
        let mut request = String::new();
        while !request.ends_with("}}}") {
            let mut part = [0; 4096];
            let length = stream.read(&mut part).await.unwrap();
            assert_ne!(length, 0, "the client closed: {request}");
            request.push_str(std::str::from_utf8(part.get(..length).unwrap()).unwrap());
        }
        stream.write_all(answer).await.unwrap();
        request
    });
    let credentials = Some(("ada".to_owned(), "hunter2".into())).into();
    let client = Client::new(Settings { credentials, ..Settings::new(address) }).unwrap();
    let context = Context { user: Some("noc".to_owned()), ..Context::default() };
    let outcome = client.call(Method::ListSwitches, &context).await;
    (outcome, server.join_next().await.unwrap().unwrap())
}

#[tokio::test]
async fn a_call_is_written_as_the_specification_says_and_its_answer_read() {
    let (answer, request) = check(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n\
          {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"switches\":[],\"newer\":true}}",
    )
    .await;
    assert!(answer.unwrap().switches.is_empty());
    let lower = request.to_ascii_lowercase();
    assert!(lower.starts_with("post /v1/rpc http/1.1\r\n"), "{request}");
    assert!(lower.contains("\r\ncontent-type: application/json\r\n"), "{request}");
    assert!(request.contains("Basic YWRhOmh1bnRlcjI="), "{request}");
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": "list_switches",
            "params": { "context": { "user": "noc" } },
        })
    );
}

#[tokio::test]
async fn an_error_is_the_services_own() {
    let (answer, _) = check(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\
          {\"code\":1011,\"message\":\"no place\",\"data\":{\"class\":\"busy\",\"retryable\":true}}}",
    )
    .await;
    let Err(CallError::Rpc(error)) = answer else { panic!("{answer:?}") };
    assert_eq!((error.code, error.class()), (1011, Some(Class::Busy)));
    assert_eq!(error.to_string(), "no place");
}

#[rstest]
#[case(
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>hello",
    "answered something else than expected: expected value at line 1 column 1; it begins `<html>hello`"
)]
#[case(
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}",
    "the id is `2`, not `1`"
)]
#[case(
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"jsonrpc\":\"1.0\",\"id\":1,\"result\":{}}",
    "`jsonrpc` is not `2.0`"
)]
#[case(
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1}",
    "it has not one of `result` and `error`"
)]
#[case(
    b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
    "`list_switches`: missing field `switches`"
)]
#[case(
    b"HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\nno\x07body",
    "answered HTTP 502: no body"
)]
#[case(
    b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\n\r\n",
    "answered HTTP 302"
)]
#[case(b"SSH-2.0-OpenSSH_9.2\r\n", "cannot talk to the service at http://127.0.0.1:")]
#[case(b"", "cannot talk to the service at http://127.0.0.1:")]
#[tokio::test]
async fn other_answers_are_errors(#[case] answer: &'static [u8], #[case] message: &str) {
    let (answer, _) = check(answer).await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
    assert!(!error.contains("hunter2") && !error.contains("YWRhOmh1bnRlcjI="), "{error}");
}

#[tokio::test]
async fn nobody_there_is_said_so_and_nothing_was_sent() {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    for address in [address, "unix:/nowhere/socket".to_owned()] {
        let client = Client::new(Settings::new(address)).unwrap();
        let outcome =
            client.call::<SwitchesAnswer>(Method::ListSwitches, &Context::default()).await;
        assert!(matches!(outcome, Err(CallError::Transport { sent: false, .. })), "{outcome:?}");
    }
}
