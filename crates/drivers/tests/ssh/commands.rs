//! Commands that are run one by one.

use std::time::Duration;

use drivers::ssh_cli::{
    console::{Console, Line},
    conversation::Conversation,
    transport::{Settings, Ssh},
};
use rstest::rstest;
use switch::DeviceError;

use super::{ask, conversation, dial, openssh::Sshd, reads, settings};

fn commands() -> Conversation {
    conversation("[session]\nkind = 'commands'\nprefix = 'env GREETING=hello'")
}

async fn console(settings: Settings) -> Box<dyn Console> {
    dial(&Ssh::new(settings), &commands()).await.unwrap()
}

#[rstest]
#[case::output("echo one two", "one two\n", 0)]
#[case::both("sh -c 'echo out; echo err >&2; exit 3'", "out\nerr\n", 3)]
#[case::prefix("sh -c 'echo $GREETING'", "hello\n", 0)]
#[case::nothing("true", "", 0)]
#[case::input_ends("cat", "", 0)]
#[case::signal("sh -c 'kill -TERM $$'", "", 255)]
#[case::missing("no-such-command", "env: ‘no-such-command’: No such file or directory\n", 127)]
#[case::coloured("printf '\\033[31mred\\033[0m\\n'", "red\n", 0)]
#[tokio::test]
async fn a_command_has_an_output_and_a_status(
    #[case] command: &str,
    #[case] text: &str,
    #[case] status: u32,
) {
    let sshd = Sshd::with_shell("SetEnv LC_ALL=C.UTF-8");
    let mut console = console(settings(sshd.endpoint())).await;
    let answer = ask(&mut console, command).await;
    assert_eq!((answer.text.as_str(), answer.status), (text, Some(status)));
    console.close().await;
}

#[tokio::test]
async fn all_commands_share_one_connection_and_the_switchs_prefix_counts() {
    let sshd = Sshd::with_shell("");
    let mut settings = settings(sshd.endpoint());
    settings.prefix = Some("env GREETING=ahoy".into());
    let mut console = console(settings).await;
    let lines: Vec<String> = (0..20).map(|n| format!("sh -c 'echo $GREETING {n}'")).collect();
    let asked: Vec<Line<'_>> = lines.iter().map(|line| reads(line)).collect();
    let answers = console.ask_all(&asked).await.unwrap();
    let texts: Vec<String> = answers.into_iter().map(|answer| answer.text).collect();
    let expected: Vec<String> = (0..20).map(|n| format!("ahoy {n}\n")).collect();
    assert_eq!(texts, expected);
    assert_eq!(sshd.connections(), 1);
}

#[tokio::test]
async fn a_command_that_does_not_stop_is_given_up() {
    let sshd = Sshd::with_shell("");
    let mut console = console(settings(sshd.endpoint())).await;
    let line = Line { text: "yes", changes: true, questions: &[] };
    let error = console.ask(&line).await.unwrap_err();
    assert!(error.to_string().contains("more than 8 MiB in answer to `env"), "{error}");
    assert!(error.may_have_applied());
}

#[tokio::test]
async fn a_connection_that_is_cut_leaves_a_doubt_only_about_changes() {
    for changes in [false, true] {
        let sshd = Sshd::with_shell("");
        let mut console = console(settings(sshd.endpoint())).await;
        let marker = sshd.site.path("running");
        let command = format!("sh -c 'touch {}; exec sleep 60'", marker.display());
        let line = Line { text: &command, changes, questions: &[] };
        let cut = async {
            let by = tokio::time::Instant::now() + Duration::from_secs(10);
            while !marker.exists() {
                assert!(tokio::time::Instant::now() < by, "it does not run");
                tokio::task::yield_now().await;
            }
            sshd.cut();
        };
        let (answer, ()) = tokio::join!(console.ask(&line), cut);
        let error = answer.unwrap_err();
        assert!(matches!(error, DeviceError::Disconnected { sent, .. } if sent == changes));
        let again = console.ask(&reads("true")).await.unwrap_err();
        assert!(matches!(again, DeviceError::Disconnected { sent: false, .. }), "{again:?}");
    }
}

#[tokio::test]
async fn a_command_with_a_control_character_is_not_sent() {
    let sshd = Sshd::with_shell("");
    let mut console = console(settings(sshd.endpoint())).await;
    let marker = sshd.site.path("ran");
    let command = format!("true\ntouch {}", marker.display());
    let error = console.ask(&reads(&command)).await.unwrap_err();
    assert!(matches!(error, DeviceError::Unsupported { .. }), "{error}");
    assert_eq!(ask(&mut console, "true").await.status, Some(0));
    assert!(!marker.exists());
}
