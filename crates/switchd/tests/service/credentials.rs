//! Who is let in, and credential files that are not as they must be.

use rpc::{Method, client::CallError, wire::Context};
use rstest::rstest;

use crate::{
    raw::{request, send},
    site::{Site, client},
};

const BASIC: &str =
    "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"basic\"\nhtpasswd = \"htpasswd\"\n";
const UNIX: &str = "[[listen]]\naddress = \"unix:socket\"\nauth = \"none\"\n";
const NOOP: &str = "[switch.leaf-01]\ndriver = \"noop\"\n";

async fn status(address: &str, user: Option<(&str, &str)>) -> u16 {
    let context = Context::default();
    let answer =
        client(address, user).call::<serde_json::Value>(Method::ListSwitches, &context).await;
    match answer {
        Ok(_) => 200,
        Err(CallError::Http { status, .. }) => status,
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn only_who_has_the_password_gets_in() {
    let site = Site::with_listeners(&format!("{BASIC}{UNIX}"), NOOP);
    site.htpasswd("ada", "correct");
    let service = site.start().await;
    let [tcp, unix] = [0, 1].map(|index| service.listening[index].to_string());

    assert_eq!(status(&tcp, Some(("ada", "correct"))).await, 200);
    for user in [None, Some(("ada", "wrong")), Some(("eve", "correct")), Some(("anonymous", ""))] {
        assert_eq!(status(&tcp, user).await, 401, "{user:?}");
    }
    assert_eq!(status(&unix, None).await, 200);
}

#[tokio::test]
async fn a_refusal_says_how_to_come_in_and_reads_no_body() {
    let site = Site::with_listeners(BASIC, NOOP);
    site.htpasswd("ada", "correct");
    let service = site.start().await;
    let address = service.address();
    // The body that is announced never comes.
    let half =
        "POST /v1/rpc HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n";
    let answer = send(address, half.as_bytes()).await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.head.contains("www-authenticate: basic realm=\"mercury\", charset=\"utf-8\""),
        "{answer:?}"
    );

    let good = "Authorization: Basic YWRhOmNvcnJlY3Q=\r\n";
    let get = |path: &str, headers: &str| request("GET", path, headers, "");
    assert_eq!(send(address, &get("/metrics", "")).await.status, 401);
    assert_eq!(send(address, &get("/metrics", good)).await.status, 200);
    assert_eq!(send(address, &get("/metrics", &good.repeat(2))).await.status, 401);
    assert_eq!(send(address, &get("/healthz", "")).await.status, 200);
    assert_eq!(send(address, &get("/readyz", "")).await.status, 200);
}

#[rstest]
#[case(0o644, "has mode 0644: others may read it or its group may write it")]
#[case(0o660, "has mode 0660")]
#[tokio::test]
async fn a_password_file_that_others_can_use_is_refused(#[case] mode: u32, #[case] text: &str) {
    let site = Site::with_listeners(BASIC, NOOP);
    site.htpasswd("ada", "correct");
    site.mode("htpasswd", mode);
    let error = site.refusal().await;
    assert!(error.contains(text), "{error}");
}

#[tokio::test]
async fn a_password_file_that_is_not_there_is_named() {
    let error = Site::with_listeners(BASIC, NOOP).refusal().await;
    assert!(error.starts_with("listener 127.0.0.1:0: cannot read the htpasswd file `"), "{error}");
}

#[rstest]
#[case(0o644, "switch `leaf-01`: the secret's file `")]
#[case(0o640, "has mode 0640: others than its owner may use it\nhint: chmod 0600 ")]
#[tokio::test]
async fn a_key_that_others_can_read_is_refused(#[case] mode: u32, #[case] text: &str) {
    let site = Site::new(
        "[switch.leaf-01]\ndriver = \"ovsdb\"\naddress = \"ssl:127.0.0.1:6640\"\n\
         tls = { ca = \"ca\", certificate = \"cert\", key = { file = \"key\" } }\n",
    );
    site.write("key", "hunter2");
    site.mode("key", mode);
    let error = site.refusal().await;
    assert!(error.contains(text), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named() {
    let site = Site::new(
        "[switch.leaf-01]\ndriver = \"ovsdb\"\naddress = \"ssl:127.0.0.1:6640\"\n\
         tls = { ca = \"ca\", certificate = \"cert\", key = { file = \"key\" } }\n",
    );
    let error = site.refusal().await;
    assert!(error.contains("switch `leaf-01`: cannot read the secret from the file `"), "{error}");
}
