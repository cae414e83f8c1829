//! Shared secrets in `X-Auth-Token`, as an unmodified Ironic sends them.

use rstest::rstest;

use super::peers::{NOOP, curl, denied};
use crate::{
    raw::{request, send},
    site::Site,
};

const OLD: &str = "0123456789abcdef";
const NEW: &str = "fedcba9876543210fedc";
const TOKENS: &str = "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"token\"\n\
                      [[listen.token]]\nname = \"ironic\"\nsecret = { file = \"old\" }\n\
                      [[listen.token]]\nname = \"ironic\"\nsecret = { file = \"new\" }\n";

fn site() -> Site {
    let site = Site::with_listeners(TOKENS, NOOP);
    site.write("old", &format!("{OLD}\n"));
    site.write("new", NEW);
    site
}

#[rstest]
#[case(&[OLD], 200, "")]
#[case(&[NEW], 200, "")]
#[case(&[], 401, "no credential")]
#[case(&["0123456789abcdeF"], 401, "wrong or expired token")]
#[case(&["notused"], 401, "the token `notused`")]
#[case(&[""], 401, "wrong or expired token")]
#[case(&[OLD, OLD], 401, "more than one credential")]
#[case(&[OLD, "notused"], 200, "")]
#[tokio::test]
async fn who_has_a_secret_comes_in(
    #[case] sent: &[&str],
    #[case] status: u16,
    #[case] reason: &str,
) {
    let service = site().start().await;
    let headers: String = sent.iter().map(|token| format!("X-Auth-Token: {token}\r\n")).collect();
    let answer = send(service.address(), &request("GET", "/metrics", &headers, "")).await;
    assert_eq!(answer.status, status, "{answer:?}");
    if status == 401 {
        assert!(answer.head.contains("www-authenticate: token realm=\"mercury\""), "{answer:?}");
        assert_eq!(answer.body, "authentication required\n");
        let record = denied(&service, reason).await;
        assert!(!record.to_string().contains("0123456789"), "{record}");
    }
}

#[tokio::test]
async fn a_password_where_none_is_asked_for_is_refused_and_with_a_token_ambiguous() {
    let service = site().start().await;
    assert_eq!(curl(&service, &["--user", "ada:correct"]).await, 401);
    denied(&service, "a scheme that the listener does not offer").await;
    let token = format!("X-Auth-Token: {OLD}");
    assert_eq!(curl(&service, &["--header", &token]).await, 200);
    assert_eq!(curl(&service, &["--header", &token, "--user", "ada:correct"]).await, 401);
}

#[tokio::test]
async fn where_no_token_is_asked_for_that_of_ironic_means_nothing() {
    let service = Site::new(NOOP).start().await;
    assert_eq!(curl(&service, &["--header", "X-Auth-Token: notused"]).await, 200);
    let basic =
        "[[listen]]\naddress = \"127.0.0.1:0\"\nauth = \"basic\"\nhtpasswd = \"htpasswd\"\n";
    let site = Site::with_listeners(basic, NOOP);
    site.htpasswd("ada", "correct");
    let service = site.start().await;
    let both = ["--header", "X-Auth-Token: notused", "--user", "ada:correct"];
    assert_eq!(curl(&service, &both).await, 200);
    assert_eq!(curl(&service, &both[..2]).await, 401);
}

#[tokio::test]
async fn a_secret_that_can_be_guessed_or_read_is_refused() {
    let site = site();
    site.write("new", "hunter2\n");
    let error = site.refusal().await;
    assert!(error.contains("the token of `ironic` has 7 characters; 16 to 4096 are"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    site.write("new", NEW);
    site.mode("new", 0o644);
    assert!(site.refusal().await.contains("has mode 0644"));
}
