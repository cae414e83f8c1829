//! Switches that do something wrong.

use std::time::Duration;

use drivers::ssh_cli::{
    console::{Console, Line},
    transport::Ssh,
};
use rstest::rstest;
use serde_json::json;
use switch::DeviceError;

use super::{ask, dial, openssh::Sshd, peer::Peer, refusal, secret, settings, terminal, version};

fn peer(wrong: &str) -> Peer {
    let auth = if wrong == "own_login" { "none" } else { "password" };
    Peer::new(json!({"auth": auth, "wrong": wrong}))
}

const RELOAD: Line<'static> = Line { text: "reload", changes: true, questions: &[] };

#[tokio::test]
async fn a_prompt_in_a_banner_is_not_believed() {
    let peer = peer("banner");
    assert_eq!(version(&Ssh::new(peer.settings())).await.unwrap(), "Version 1\n");
}

#[tokio::test]
async fn a_login_of_the_switchs_own_is_answered_once() {
    let peer = peer("own_login");
    assert_eq!(version(&Ssh::new(peer.settings())).await.unwrap(), "Version 1\n");
    let mut settings = peer.settings();
    settings.target.password = Some(secret("wrong-one"));
    let ssh = Ssh::new(settings);
    let told = refusal(&ssh).await;
    assert!(told.contains("it refused the login of `mercury` in its own dialogue"), "{told}");
    assert!(refusal(&ssh).await.contains("was refused once in a row"));
}

#[rstest]
#[case::new_password("new_password", "it demands a new password for `mercury`: `New password:`")]
#[case::garbage("garbage", "more than 256 bytes that are no text")]
#[tokio::test]
async fn a_login_that_cannot_go_on_says_why(#[case] wrong: &str, #[case] expected: &str) {
    let told = refusal(&Ssh::new(peer(wrong).settings())).await;
    assert!(told.contains(expected), "{told}");
}

async fn reload(console: &mut Box<dyn Console>) -> DeviceError {
    let asked = tokio::time::timeout(Duration::from_secs(60), console.ask(&RELOAD)).await;
    let error = asked.expect("no end").unwrap_err();
    assert!(error.may_have_applied() && error.session_lost(), "{error:?}");
    error
}

#[rstest]
#[case::endless("endless", "more than 8 MiB without an end")]
#[case::drop("drop", "the connection to the switch was lost: ")]
#[case::pager("pager", "a pager waits with `--More--`, although paging is off")]
#[tokio::test]
async fn an_answer_without_an_end_is_given_up_and_the_next_login_works(
    #[case] wrong: &str,
    #[case] expected: &str,
) {
    let peer = peer(wrong);
    let ssh = Ssh::new(peer.settings());
    let mut console = dial(&ssh, &terminal()).await.unwrap();
    let error = reload(&mut console).await;
    assert!(error.to_string().contains(expected), "{error}");
    drop(console);
    assert_eq!(version(&ssh).await.unwrap(), "Version 1\n");
}

#[tokio::test]
async fn a_hang_is_the_callers_to_end() {
    let peer = peer("hang");
    let ssh = Ssh::new(peer.settings());
    let mut console = dial(&ssh, &terminal()).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(300), console.ask(&RELOAD)).await;
    assert!(waited.is_err());
    let error = console.ask(&RELOAD).await.unwrap_err();
    assert!(matches!(error, DeviceError::Disconnected { sent: false, .. }), "{error:?}");
    drop(console);
    assert_eq!(version(&ssh).await.unwrap(), "Version 1\n");
}

#[tokio::test]
async fn a_connection_that_is_cut_is_told_and_a_new_one_can_be_made() {
    let sshd = Sshd::new("");
    let ssh = Ssh::new(settings(sshd.endpoint()));
    let mut console = dial(&ssh, &terminal()).await.unwrap();
    ask(&mut console, "show version").await;
    sshd.cut();
    let error = console.ask(&RELOAD).await.unwrap_err();
    assert!(matches!(error, DeviceError::Disconnected { .. }), "{error:?}");
    assert_eq!(version(&ssh).await.unwrap(), "Version 1\n");
}

#[tokio::test]
async fn a_switch_that_does_not_answer_any_more_is_noticed() {
    let peer = peer("");
    let mut settings = peer.settings();
    settings.keep_alive = Duration::from_millis(200);
    settings.keep_alive_misses = 2;
    let mut console = dial(&Ssh::new(settings), &terminal()).await.unwrap();
    peer.freeze();
    let asked = tokio::time::timeout(Duration::from_secs(30), console.ask(&RELOAD)).await;
    let error = asked.expect("nobody noticed").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection to the switch was lost: it does not answer any more"
    );
}

#[tokio::test]
async fn a_dropped_console_leaves_no_connection() {
    let sshd = Sshd::new("");
    let console = dial(&Ssh::new(settings(sshd.endpoint())), &terminal()).await.unwrap();
    drop(console);
    let by = tokio::time::Instant::now() + Duration::from_secs(10);
    while !sshd.log().contains("Connection closed by") && !sshd.log().contains("Disconnected") {
        assert!(tokio::time::Instant::now() < by, "{}", sshd.log());
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nobody_there_and_something_else_there_are_told_apart() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut silent = settings(super::Endpoint::new("127.0.0.1", "mercury"));
    silent.target.port = port;
    silent.connect_timeout = Duration::from_millis(200);
    let told = refusal(&Ssh::new(silent.clone())).await;
    let expected = format!("the key exchange of `127.0.0.1:{port}` did not come within 200 ms");
    assert!(told.ends_with(&expected), "{told}");
    drop(listener);
    let told = refusal(&Ssh::new(silent)).await;
    assert!(told.to_lowercase().contains("connection refused"), "{told}");
}
