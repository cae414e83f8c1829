//! The runner itself: what it sees, and how it says so. And consoles for the tests of sessions.

use rstest::rstest;

use super::{
    player::{Manners, Player},
    runner::Play,
    *,
};
use crate::ssh_cli::{console::Console, driver::Dial as _};

const MINIMAL: &str = include_str!("../profile/tests/minimal.toml");

/// A console on a switch that is played from a transcript which begins at its prompt.
pub(in crate::ssh_cli) async fn played(
    profile: &Arc<Profile>,
    transcript: &str,
) -> (Box<dyn Console>, Player) {
    let prompts = profile.conversation.prompts.learned("sw");
    let parse = |text: &str| Transcript::parse(text, profile, &prompts).unwrap();
    let whole = parse("sw#\nsw#\n").then(parse(transcript));
    let player = Player::new(&whole, Manners::of(profile));
    let dial = Play { player: player.clone(), profile: Arc::clone(profile) };
    (dial.dial().await.unwrap(), player)
}

const GOOD: &str = r#"
title = "attach"
transcript = '''
sw#show interface eth1
interface eth1
sw#configure
sw(config)#interface eth1
sw(config-eth1)#vlan 10
sw(config-eth1)#exit
sw(config)#end
sw#show interface eth1
interface eth1
  vlan 10
sw#
'''
[request]
verb = "attach"
ports = ["eth1"]
vlans = { mode = "access", vlan = 10 }
[expect]
result = "applied"
lines = ["interface eth1", "   vlan 10"]
after = { ports = { eth1 = { config = { vlans = { mode = "access", vlan = 10 } } } } }
"#;

async fn problems(case: &str) -> String {
    let closed = MINIMAL.replace("[render]", "[vlans]\ndefaults = { mode = \"closed\" }\n[render]");
    let profile = Arc::new(Profile::parse(&closed).unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("login.txt"), "Welcome\nsw#\nsw#\n").unwrap();
    std::fs::write(folder.path().join("case.toml"), case).unwrap();
    let summary = run(&profile, folder.path()).await.unwrap();
    let [report] = summary.cases.as_slice() else { panic!("{:?}", summary.cases) };
    report.problems.join("\n")
}

#[tokio::test]
async fn a_good_case_passes() {
    assert_eq!(problems(GOOD).await, "");
}

#[rstest]
#[case::another_line(
    ("vlan 10\nsw(config-eth1)#exit", "vlan 11\nsw(config-eth1)#exit"),
    "- sw(config-eth1)#vlan 11\n+ sw(config-eth1)#vlan 10\n"
)]
#[case::a_line_too_many(
    ("sw(config)#end\n", "sw(config)#save\nsw(config)#end\n"),
    "- sw(config)#save\n+ sw(config)#end\n"
)]
#[case::less_than_is_typed(
    ("sw#show interface eth1\ninterface eth1\n  vlan 10\nsw#\n", "sw#\n"),
    "- sw#\n+ sw#show interface eth1\n"
)]
#[case::more_than_is_typed(
    ("  vlan 10\nsw#\n", "  vlan 10\nsw#show version\n1\nsw#\n"),
    "nothing was typed any more at line 11 of the transcript"
)]
#[case::another_rendering(("\"   vlan 10\"", "\"   vlan 11\""), "-    vlan 11\n+    vlan 10\n")]
#[case::another_state(("vlan = 10 } } } }", "vlan = 11 } } } }"), "is 10 instead of 11")]
#[case::another_ending(("\"applied\"", "\"already\""), "it ends as `applied` instead of `already`")]
#[case::not_read_back(
    ("  vlan 10\nsw#\n", "  vlan 12\nsw#\n"),
    "`verify_failed` instead of `applied`: vlans of port eth1 is access 12 instead of access 10"
)]
#[case::a_refusal(
    ("vlan 10\nsw(config-eth1)#exit", "vlan 10\n% no\nsw(config-eth1)#exit"),
    "- sw(config-eth1)#exit\n+ sw(config-eth1)#end\n"
)]
#[case::before_a_prompt(("'''\nsw#show", "'''\nhello\nsw#show"), "does not begin at a prompt")]
#[case::an_unknown_marker(("interface eth1\nsw#con", "<<stop>>\nsw#con"), "`<<stop>>` is none of")]
#[case::a_misspelt_word(("ports = [", "prots = ["), "hint: is `ports` meant?")]
#[tokio::test]
async fn what_differs_is_told(#[case] (from, to): (&str, &str), #[case] want: &str) {
    assert!(GOOD.contains(from));
    let found = problems(&GOOD.replacen(from, to, 1)).await;
    assert!(found.contains(want), "{found}");
}

#[rstest]
#[case::dropped("<<drop>>", "disconnected")]
#[case::hanging("<<hang>>", "timed_out")]
#[case::cut_off("interface eth1\n<<drop>>", "disconnected")]
#[case::refused("% no\nsw#", "rejected")]
#[tokio::test]
async fn a_case_may_end_badly(#[case] shown: &str, #[case] result: &str) {
    let case = format!(
        "title = \"x\"\ntranscript = '''\nsw#show interface eth1\n{shown}\n'''\n[request]\n\
         verb = \"observe\"\nports = [\"eth1\"]\n[expect]\nresult = \"{result}\"\n"
    );
    assert_eq!(problems(&case).await, "");
}

#[tokio::test]
async fn lines_are_held_against_the_grammar() {
    let profile = Arc::new(Profile::parse(MINIMAL).unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("login.txt"), "sw#\nsw#\n").unwrap();
    let lines =
        "[[line]]\ntext = \"% bad\"\nis = \"error\"\n[[line]]\ntext = \"ok\"\nis = \"note\"\n";
    std::fs::write(folder.path().join("errors.toml"), lines).unwrap();
    let summary = run(&profile, folder.path()).await.unwrap();
    assert_eq!(summary.cases[0].problems, ["`ok` is not taken as a note and nothing else"]);
    assert!(summary.unseen_answers.is_empty());
    assert!(summary.missing.contains(&Kind::AttachAccess) && !summary.complete());
}

#[tokio::test]
async fn a_login_ends_where_commands_are_given() {
    let profile = Arc::new(Profile::parse(MINIMAL).unwrap());
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("login.txt"), "sw#\nsw(config)#\n").unwrap();
    let error = run(&profile, folder.path()).await.unwrap_err();
    assert!(error.to_string().ends_with("does not end at a bare prompt `ready`"), "{error}");
}
