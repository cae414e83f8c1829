//! What is wrong with a request before its method counts.

use std::time::{Duration, Instant};

use rstest::rstest;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    raw::{post, request, send},
    site::{PATIENCE, Site},
};

const NOOP: &str = "[switch.leaf-01]\ndriver = \"noop\"\n";

#[rstest]
#[case("{\"jsonrpc\":", -32700, "the body is not JSON: EOF")]
#[case("", -32700, "the body is not JSON")]
#[case("[]", -32600, "the batch is empty")]
#[case("\"call\"", -32600, "a call is an object")]
#[case(r#"{"jsonrpc":"2.0","method":"flush","id":1,"id":2}"#, -32600, "names the member `id` twice")]
#[case(r#"{"jsonrpc":"2.0","method":"attach_prot","id":1}"#, -32601, "there is no method `attach_prot`; there are")]
#[case(r#"{"jsonrpc":"2.0","method":"flush","params":[],"id":1}"#, -32602, "parameters are given by name")]
#[case(r#"{"jsonrpc":"2.0","method":"flush","params":{"context":{"switch":[]}},"id":1}"#, -32602, "`context.switch` is unknown; `flush` takes")]
#[tokio::test]
async fn a_malformed_call_is_answered(#[case] body: &str, #[case] code: i64, #[case] text: &str) {
    let service = Site::new(NOOP).start().await;
    let answer = post(service.address(), body).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/json"), "{answer:?}");
    let error = &answer.json()["error"];
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["data"]["class"], "invalid_request");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(text), "{message}");
}

#[tokio::test]
async fn deep_nesting_is_refused_before_it_is_parsed() {
    let service = Site::new(NOOP).start().await;
    let deep = "[".repeat(500_000);
    let answer = post(service.address(), &deep).await.json();
    assert_eq!(answer["error"]["message"], "the body nests deeper than 32 levels");
}

#[tokio::test]
async fn a_batch_is_answered_without_its_notifications() {
    let service = Site::new(&format!("{NOOP}[limits]\nbatch = 3\n")).start().await;
    let call = |id: &str| {
        format!(r#"{{"jsonrpc":"2.0","method":"list_switches","params":{{"context":{{}}}}{id}}}"#)
    };
    let (one, two, none) = (call(r#","id":1"#), call(r#","id":"b""#), call(""));

    let answer = post(service.address(), &format!("[{one},{none},{two}]")).await;
    let answers = answer.json();
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|answer| &answer["id"]).collect();
    assert_eq!(ids, [&serde_json::json!(1), &serde_json::json!("b")]);

    for silent in [none.clone(), format!("[{none},{none}]")] {
        let answer = post(service.address(), &silent).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }

    let answer = post(service.address(), &format!("[{one},{one},{one},{one}]")).await.json();
    assert_eq!(answer["error"]["message"], "the batch has 4 calls, 3 are allowed");
}

#[rstest]
#[case("GET", "/v1/rpc", 405)]
#[case("PUT", "/v1/rpc", 405)]
#[case("POST", "/metrics", 405)]
#[case("POST", "/v1/rpcs", 404)]
#[case("GET", "/", 404)]
#[tokio::test]
async fn other_methods_and_paths_are_refused(
    #[case] method: &str,
    #[case] path: &str,
    #[case] status: u16,
) {
    let service = Site::new(NOOP).start().await;
    let answer = send(service.address(), &request(method, path, "", "")).await;
    assert_eq!(answer.status, status);
    if status == 405 {
        assert!(answer.head.contains("\r\nallow: "), "{answer:?}");
    }
}

#[tokio::test]
async fn an_oversized_body_is_refused_by_its_length_and_by_its_bytes() {
    let service = Site::new(&format!("{NOOP}[limits]\nbody_bytes = 2048\n")).start().await;
    let fits = post(service.address(), &" ".repeat(2048)).await;
    assert_eq!(fits.status, 200);

    let said = post(service.address(), &" ".repeat(2049)).await;
    assert_eq!((said.status, said.body.as_str()), (413, "the body has more than 2048 bytes\n"));

    let chunk = format!("800\r\n{}\r\n", " ".repeat(2048));
    let chunked = format!(
        "POST /v1/rpc HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    let sent = send(service.address(), chunked.as_bytes()).await;
    assert_eq!(sent.status, 413);
    assert!(sent.head.contains("connection: close"), "{sent:?}");
}

#[tokio::test]
async fn a_slow_body_and_a_slow_head_are_cut_off() {
    let limits = "[limits]\nreceive_timeout_ms = 200\n";
    let service = Site::new(&format!("{NOOP}{limits}")).start().await;
    let begun = Instant::now();
    let half = "POST /v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{\"jsonrpc\"";
    let answer = send(service.address(), half.as_bytes()).await;
    assert_eq!(answer.status, 408);
    assert!(begun.elapsed() < PATIENCE / 2);

    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    stream.write_all(b"POST /v1/rpc HTT").await.unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the connection is closed");
}

#[tokio::test]
async fn who_was_let_in_may_be_silent_and_nobody_else() {
    let limits = "[limits]\nreceive_timeout_ms = 200\n";
    let service = Site::new(&format!("{NOOP}{limits}")).start().await;
    let call = r#"{"jsonrpc":"2.0","method":"list_switches","params":{"context":{}},"id":1}"#;
    let call =
        format!("POST /v1/rpc HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{call}", call.len());
    let health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n".to_owned();
    for (request, stays) in [(call, true), (health, false), (String::new(), false)] {
        let mut stream = TcpStream::connect(service.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(1), stream.read_to_end(&mut rest));
        assert_eq!(closed.await.is_err(), stays, "{request}");
        if stays {
            stream.write_all(request.as_bytes()).await.unwrap();
            let again = stream.read(&mut [0; 64]).await.unwrap();
            assert!(again > 0, "the connection still serves");
        }
    }
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let service = Site::new(NOOP).start().await;
    let many = "X-Filler: x\r\n".repeat(120);
    let answer = send(service.address(), &request("POST", "/v1/rpc", &many, "")).await;
    assert_eq!(answer.status, 431);
    let large = format!("X-Filler: {}\r\n", "x".repeat(20_000));
    let answer = send(service.address(), &request("POST", "/v1/rpc", &large, "")).await;
    assert_eq!(answer.status, 431);
}

#[tokio::test]
async fn a_web_page_cannot_call() {
    let service = Site::new(NOOP).start().await;
    let call = r#"{"jsonrpc":"2.0","method":"list_switches","params":{"context":{}},"id":1}"#;
    let headers = "Origin: http://evil.example\r\nContent-Type: text/plain\r\n";
    let answer = send(service.address(), &request("POST", "/v1/rpc", headers, call)).await;
    assert_eq!(answer.status, 403);
    let preflight = "Origin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n";
    let answer = send(service.address(), &request("OPTIONS", "/v1/rpc", preflight, "")).await;
    assert_eq!(answer.status, 405);
    assert!(!answer.head.contains("access-control-allow"), "{answer:?}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let service = Site::new(&format!("{NOOP}[limits]\nconnections = 1\n")).start().await;
    let idle = TcpStream::connect(service.address()).await.unwrap();
    let mut next = Box::pin(send(service.address(), &HEALTH));
    let waited = tokio::time::timeout(Duration::from_millis(100), &mut next).await;
    assert!(waited.is_err(), "there is no place");
    drop(idle);
    assert_eq!(next.await.status, 200);
}

static HEALTH: std::sync::LazyLock<Vec<u8>> =
    std::sync::LazyLock::new(|| request("GET", "/healthz", "", ""));

#[tokio::test]
async fn health_readiness_and_metrics_are_told() {
    let service = Site::new(NOOP).start().await;
    let address = service.address();
    let get = async |path: &str| send(address, &request("GET", path, "", "")).await;
    assert_eq!(get("/healthz").await.body, "ok\n");
    assert_eq!(get("/readyz").await.body, "ready\n");
}

#[tokio::test]
async fn metrics_count_what_was_asked() {
    let service = Site::new(NOOP).start().await;
    let body = r#"{"jsonrpc":"2.0","method":"list_switches","params":{"context":{}},"id":1}"#;
    assert_eq!(post(service.address(), body).await.status, 200);
    let metrics = send(service.address(), &request("GET", "/metrics", "", "")).await.body;
    for line in [
        "mercury_rpc_calls_total{method=\"list_switches\",outcome=\"ok\"}",
        "mercury_rpc_call_seconds_bucket{method=\"list_switches\"",
        "mercury_http_requests_total{status=\"200\"}",
        "mercury_switches_configured ",
        "mercury_audit_writable ",
        "mercury_build_info{version=",
    ] {
        assert!(metrics.contains(line), "{line} is not in\n{metrics}");
    }
}
