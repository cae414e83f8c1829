//! Servers that misbehave: each gets its typed error in time, and costs a bounded amount.

use std::time::Duration;

use drivers::ovsdb::{Address, Connection, Error, Limits, Operation, Options, PeerName, TlsFiles};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::{soon, within};

/// Limits small enough to be met by a test; only the calls' own deadlines act.
fn options() -> Options {
    Options {
        limits: Limits { message_bytes: 1 << 20, ..Limits::default() },
        keepalive_interval: Duration::from_secs(60),
        ..Options::default()
    }
}

/// Plays `script` to the first caller; the task gives what the script does.
async fn listen<F>(
    script: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (Address, JoinSet<F::Output>)
where
    F: Future + Send,
    F::Output: Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap()).parse().unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        script(stream).await
    });
    (address, task)
}

/// Reads one request; the client sends them one at a time.
async fn hear(stream: &mut TcpStream) -> serde_json::Value {
    let mut bytes = Vec::new();
    loop {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "the client has gone");
        if let Ok(request) = serde_json::from_slice(&bytes) {
            return request;
        }
    }
}

/// Answers the subscription with which every connection starts.
async fn greet(stream: &mut TcpStream) {
    let request = hear(stream).await;
    assert_eq!(request["method"], "monitor");
    let answer = serde_json::json!({"id": request["id"], "result": {}, "error": null});
    stream.write_all(answer.to_string().as_bytes()).await.unwrap();
}

/// Reads until the client leaves.
async fn linger(mut stream: TcpStream) {
    let mut sink = [0; 4096];
    while matches!(stream.read(&mut sink).await, Ok(count) if count > 0) {}
}

/// A server that greets, hears one transaction, says `bytes` and then waits or leaves.
async fn says(bytes: &str, leaves: bool) -> (Address, JoinSet<()>) {
    let bytes = bytes.to_owned();
    listen(move |mut stream| async move {
        greet(&mut stream).await;
        hear(&mut stream).await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        if !leaves {
            linger(stream).await;
        }
    })
    .await
}

async fn connect(address: &Address, options: Options) -> Connection {
    Connection::connect(address, None, options, soon()).await.unwrap()
}

fn delete() -> Vec<Operation> {
    vec![Operation::Delete { table: "Port".into(), conditions: vec![] }]
}

async fn check(bytes: &str, leaves: bool, expected: &str) {
    let (address, _server) = says(bytes, leaves).await;
    let connection = connect(&address, options()).await;
    let deadline = soon();
    let error = connection.transact(&delete(), deadline).await.unwrap_err();
    assert!(Instant::now() < deadline, "late: {error}");
    let shown = format!("{error:?} {error}");
    assert!(shown.contains(expected), "{bytes:.100}\n  gave     {shown}\n  expected {expected}");
    assert!(error.may_be_applied(), "the request had been sent: {error}");
    let after = connection.echo(soon()).await.unwrap_err();
    assert!(matches!(after, Error::Disconnected { sent: false, .. }), "then: {after:?}");
}

#[tokio::test]
async fn nonsense_is_a_violation() {
    check("HTTP/1.1 400 Bad Request\r\n\r\n", false, "a message starts with `H`").await;
    check("\u{0}\u{1}\u{2}", false, "not JSON").await;
    check(r#"{"id":2,"result":[{]"#, false, "`]` closes `{`").await;
    check(r#"{"id":2,"result":[{"count":}],"error":null}"#, false, "not JSON").await;
    check(&format!(r#"{{"a":{}"#, "[".repeat(100_000)), false, "nested deeper than 64").await;
    check(&format!(r#"{{"a":[{}"#, "0,".repeat(300_000)), false, "more than 262144 values").await;
    check(r#"{"id":99,"result":[],"error":null}"#, false, "unknown call `99`").await;
    check(r#"{"id":"2","result":[],"error":null}"#, false, "UnknownId").await;
    check(r#"{"id":1,"result":{},"error":null}"#, false, "unknown call `1`").await;
    check(r#"{"id":0,"result":{},"error":null}"#, false, "unknown call `0`").await;
    check(r#"{"id":2,"result":[{"count":1}]}"#, false, "`result` and `error`").await;
    check(r#"{"id":2,"result":null,"error":[]}"#, false, "an error object").await;
    check(r#"{"id":null,"method":"locked","params":["x"]}"#, false, "notification `locked`").await;
    check(r#"{"id":null,"method":"stolen","params":["x"]}"#, false, "`stolen \"x\"`").await;
    check(r#"{"id":9,"method":"steal","params":[]}"#, false, "notification `steal`").await;
    check(r#"{"id":null,"method":"update","params":["x",{}]}"#, false, "UnexpectedMethod").await;
    let update = r#"{"id":null,"method":"update","params":["config-numbers",[]]}"#;
    check(update, false, "an update of `Open_vSwitch`").await;
}

#[tokio::test]
async fn a_wrong_result_is_a_violation_too() {
    for result in ["{}", "null", "[]", "[null]", "[{\"count\":-1}]", "[{\"count\":1},{}]", "[5]"] {
        let answer = format!(r#"{{"id":2,"result":{result},"error":null}}"#);
        check(&answer, false, "Protocol").await;
    }
}

#[tokio::test]
async fn an_end_is_a_disconnection() {
    check("", true, "Disconnected").await;
    check(r#"{"id":2,"resu"#, true, "in the middle of a message").await;
}

#[tokio::test]
async fn a_second_answer_ends_the_connection() {
    let answer = r#"{"id":2,"result":[{"count":1}],"error":null}"#;
    let (address, _server) = says(&format!("{answer}{answer}"), false).await;
    let connection = connect(&address, options()).await;
    connection.transact(&delete(), soon()).await.unwrap();
    let mut numbers = connection.config_numbers();
    let closed = timeout_at(soon(), numbers.wait_for(|_| false)).await.unwrap();
    assert!(closed.is_err());
    assert_eq!(
        connection.closed(),
        Some("the peer broke the protocol: a response to the unknown call `2`")
    );
}

#[tokio::test]
async fn silence_times_out() {
    let (address, _server) = says("", false).await;
    let connection = connect(&address, options()).await;
    let operations = delete();
    let (first, second) = tokio::join!(
        connection.transact(&operations, within(Duration::from_millis(100))),
        connection.echo(soon()),
    );
    assert!(matches!(first.unwrap_err(), Error::TimedOut { sent: true, .. }));
    assert!(matches!(second.unwrap_err(), Error::Disconnected { sent: true, .. }));

    let (address, _server) = listen(linger).await;
    let deadline = within(Duration::from_millis(100));
    let error = Connection::connect(&address, None, options(), deadline).await.unwrap_err();
    assert_eq!(error.to_string(), "timed out waiting for the answer to `monitor`");
}

#[tokio::test]
async fn a_peer_that_never_stops_talking_cannot_stop_the_clock() {
    for chatter in [" \n", r#"{"id":null,"method":"update","params":["config-numbers",{}]}"#] {
        let (address, _server) = listen(move |mut stream| async move {
            greet(&mut stream).await;
            let bytes = chatter.repeat(1000);
            while stream.write_all(bytes.as_bytes()).await.is_ok() {}
        })
        .await;
        let connection = connect(&address, options()).await;
        let deadline = within(Duration::from_millis(100));
        let error = connection.transact(&delete(), deadline).await.unwrap_err();
        assert!(matches!(error, Error::TimedOut { .. }), "{error:?}");
        assert!(Instant::now() < deadline + Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_huge_message_is_cut_off() {
    let (address, mut server) = listen(|mut stream| async move {
        greet(&mut stream).await;
        let mut written = stream.write(br#"{"id":2,"result":""#).await.unwrap();
        let chunk = vec![b'x'; 64 << 10];
        while written < 100 << 20 {
            match stream.write(&chunk).await {
                Ok(count) => written += count,
                Err(_) => break,
            }
        }
        written
    })
    .await;
    let connection = connect(&address, options()).await;
    let error = connection.transact(&delete(), soon()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1_048_576, .. }), "{error:?}");
    drop(connection);
    let written = timeout_at(soon(), server.join_next()).await.unwrap().unwrap().unwrap();
    assert!(written < 32 << 20, "{written} bytes went out, most of them into socket buffers");
}

#[tokio::test]
async fn echo_requests_are_answered_and_floods_are_not() {
    let (address, mut server) = listen(|mut stream| async move {
        greet(&mut stream).await;
        let request = br#"{"id":"echo","method":"echo","params":["a",1]}"#;
        stream.write_all(request).await.unwrap();
        hear(&mut stream).await
    })
    .await;
    let connection = connect(&address, options()).await;
    let answer = timeout_at(soon(), server.join_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(answer, serde_json::json!({"id": "echo", "result": ["a", 1], "error": null}));
    drop(connection);

    let (address, _server) = listen(|mut stream| async move {
        greet(&mut stream).await;
        let params = "x".repeat(10_000);
        let request = format!(r#"{{"id":"echo","method":"echo","params":["{params}"]}}"#);
        while stream.write_all(request.as_bytes()).await.is_ok() {}
    })
    .await;
    let connection = connect(&address, options()).await;
    let error = connection.wait_applied(1, soon()).await.unwrap_err();
    assert!(error.to_string().contains("does not read the answers"), "{error}");
}

#[tokio::test]
async fn a_request_that_never_left_whole_is_not_applied() {
    let (address, _server) = listen(|mut stream| async move {
        greet(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let options = Options { request_bytes: 128 << 20, ..options() };
    let connection = connect(&address, options).await;
    let large = Operation::Comment("x".repeat(64 << 20));
    let deadline = within(Duration::from_millis(1500));
    let error = connection.transact(&[large], deadline).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { sent: false, .. }), "{error:?}");
    assert!(!error.may_be_applied());
}

#[tokio::test]
async fn an_idle_peer_that_is_dead_is_noticed() {
    let (address, _server) = says("", false).await;
    let options = Options {
        keepalive_interval: Duration::from_millis(50),
        keepalive_timeout: Duration::from_millis(100),
        ..options()
    };
    let connection = connect(&address, options).await;
    let error = connection.wait_applied(1, soon()).await.unwrap_err();
    let reason = "the OVSDB connection is closed: given up after waiting for the answer to `echo`";
    assert_eq!(error.to_string(), reason);
}

#[tokio::test]
async fn a_refused_subscription_says_why() {
    let (address, _server) = listen(|mut stream| async move {
        let request = hear(&mut stream).await;
        let error = r#"{"error":"unknown database","details":"no \u001b[31mOpen_vSwitch"}"#;
        let answer = format!(r#"{{"id":{},"result":null,"error":{error}}}"#, request["id"]);
        stream.write_all(answer.as_bytes()).await.unwrap();
        linger(stream).await;
    })
    .await;
    let error = Connection::connect(&address, None, options(), soon()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the OVSDB server rejected the request: unknown database (no \\u{1b}[31mOpen_vSwitch)"
    );
}

#[tokio::test]
async fn a_handshake_has_a_deadline() {
    let folder = tempfile::TempDir::new().unwrap();
    let ca = folder.path().join("ca.pem");
    let issued = rcgen::generate_simple_self_signed(["ca".to_owned()]).unwrap();
    std::fs::write(&ca, issued.cert.pem()).unwrap();
    let tls = TlsFiles { ca, identity: None, peer_name: PeerName::AnyOfCa };
    let over_tls = |address: Address| -> Address {
        address.to_string().replace("tcp:", "ssl:").parse().unwrap()
    };

    let (address, _server) = listen(linger).await;
    let deadline = within(Duration::from_millis(100));
    let address = over_tls(address);
    let error = Connection::connect(&address, Some(&tls), options(), deadline).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { sent: false, .. }), "{error:?}");

    let (address, _server) = listen(|mut stream| async move {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
        linger(stream).await;
    })
    .await;
    let address = over_tls(address);
    let error = Connection::connect(&address, Some(&tls), options(), soon()).await.unwrap_err();
    assert!(matches!(error, Error::Tls { sent: false, .. }), "{error:?}");
}
