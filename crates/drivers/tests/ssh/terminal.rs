//! A command line on a terminal of OpenSSH's server.

use drivers::ssh_cli::{profile::PromptMode, transcript, transport::Ssh};

use super::{ask, dial, openssh::Sshd, peer::Peer, settings, terminal, version};

#[tokio::test]
async fn the_terminal_is_the_one_that_was_asked_for() {
    let sshd = Sshd::new("");
    let mut conversation = terminal();
    conversation.terminal = "vt102".into();
    conversation.width = 501;
    let mut console = dial(&Ssh::new(settings(sshd.endpoint())), &conversation).await.unwrap();
    assert_eq!(ask(&mut console, "show width").await.text, "501\n");
    let answer = ask(&mut console, "show term").await;
    assert_eq!((answer.text.as_str(), answer.prompt), ("vt102\n", Some(PromptMode::Ready)));
    assert_eq!(ask(&mut console, "").await.text, "");
    console.close().await;
}

#[tokio::test]
async fn lines_that_are_broken_at_the_edge_of_the_screen_are_whole() {
    let sshd = Sshd::new("");
    let mut conversation = terminal();
    conversation.width = 20;
    let mut console = dial(&Ssh::new(settings(sshd.endpoint())), &conversation).await.unwrap();
    let long = format!("description {}", "abc def ".repeat(20).trim_end());
    let answer = ask(&mut console, &long).await;
    assert_eq!(answer.text, format!("% Invalid input: {long}\n"));
}

#[tokio::test]
async fn one_connection_serves_many_lines_and_ends_with_the_goodbye() {
    let sshd = Sshd::new("");
    let mut console = dial(&Ssh::new(settings(sshd.endpoint())), &terminal()).await.unwrap();
    for _ in 0..50 {
        assert_eq!(ask(&mut console, "show version").await.text, "Version 1\n");
    }
    assert_eq!(sshd.connections(), 1);
    console.close().await;
}

#[tokio::test]
async fn the_transcript_has_both_sides_and_no_secret() {
    let peer = Peer::new(serde_json::json!({"auth": "none", "wrong": "own_login"}));
    let mut settings = peer.settings();
    let file = peer.site.path("leaf-01.log");
    settings.transcript = Some(transcript::Settings::new(&file));
    assert!(version(&Ssh::new(settings)).await.is_ok());
    let text = std::fs::read_to_string(file).unwrap();
    for part in ["> mercury\n", "> [redacted]\n", "< Password:", "> show version\n", "< Version 1"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains(super::PASSWORD), "{text}");
}
