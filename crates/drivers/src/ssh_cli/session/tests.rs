//! Sessions on switches that are played: what was sent, and what is known of it afterwards.

use model::{PortName, VlanMode};
use rstest::rstest;
use switch::{Change, PortState, Slice, Target};

use super::*;
use crate::ssh_cli::cases::{Player, played};

const MINIMAL: &str = include_str!("../profile/tests/minimal.toml");

const SAVE: &str = r#"
[save]
commands = ["write"]
questions = [{ match = 'Sure\?', answer = "y" }]
saved = ['\[OK\]']
notes = ['Building .*']
"#;

/// Lines take effect one by one.
fn immediate() -> Arc<Profile> {
    immediate_and(false)
}

/// Lines take effect one by one, and may be sent ahead.
fn immediate_and(pipeline: bool) -> Arc<Profile> {
    Arc::new(Profile::parse(&immediate_text(pipeline)).unwrap())
}

fn immediate_text(pipeline: bool) -> String {
    let text = MINIMAL
        .replace("saving = \"implicit\"", "saving = \"explicit\"")
        .replace("kind = \"terminal\"", &format!("kind = \"terminal\"\npipeline = {pipeline}"));
    format!("{text}{SAVE}")
}

/// Lines take effect at the commit.
fn candidate(pipeline: bool) -> Arc<Profile> {
    let text = MINIMAL
        .replace("atomicity = \"per_command\"", "atomicity = \"candidate\"")
        .replace("kind = \"terminal\"", &format!("kind = \"terminal\"\npipeline = {pipeline}"))
        .replace(
            "enter = [\"configure\"]",
            "style = \"candidate\"\nenter = [\"configure {{ session }}\"]\ndiff = \"diff\"\n\
             commit = [\"commit\"]\ncommit_confirmed = [\"commit 5\"]\nconfirm = [\"confirm\"]\n\
             abort = [\"abort\"]\ncommitted = ['done']",
        )
        .replace("leave = [\"end\"]\n", "");
    Arc::new(Profile::parse(&text).unwrap())
}

async fn open(profile: &Arc<Profile>, transcript: &str) -> (CliSession, Player) {
    open_with(profile, transcript, |_| {}).await
}

async fn open_with(
    profile: &Arc<Profile>,
    transcript: &str,
    settings: impl Fn(&mut System),
) -> (CliSession, Player) {
    let fitted = profile.fit(&BTreeMap::new()).unwrap();
    let mut system = System::new(Arc::clone(profile), fitted).unwrap();
    system.candidates = CandidateNames::Fixed("case".to_owned());
    settings(&mut system);
    let (console, player) = played(profile, transcript).await;
    (CliSession::new(Arc::new(system), console), player)
}

/// A port into a VLAN.
fn work(port: &str, vlan: u16) -> Work {
    let port: PortName = port.parse().unwrap();
    let config = model::PortConfig::with_vlans(VlanMode::Closed);
    let state = PortState { config, ..PortState::default() };
    let to = VlanMode::access(model::Vlan::new(vlan).unwrap());
    let target = Target::Port(port.clone());
    Work {
        before: Slice { ports: [(port, state)].into(), ..Slice::default() },
        changes: vec![Change::SetVlans { target, from: VlanMode::Closed, to }],
    }
}

/// Outcomes in a few words.
fn shown(outcome: BatchOutcome) -> Vec<String> {
    let error = |error: &DeviceError| match error {
        DeviceError::Rejected { operation, answer } => {
            format!("rejected {}: {answer}", operation.as_deref().unwrap_or("all"))
        }
        DeviceError::Unrecognised { sent, .. } => format!("unrecognised, sent {sent}"),
        DeviceError::Disconnected { sent, .. } => format!("disconnected, sent {sent}"),
        DeviceError::TimedOut { sent, .. } => format!("timed out, sent {sent}"),
        other => other.to_string(),
    };
    match outcome {
        BatchOutcome::RefusedWhole(whole) => vec![format!("whole: {}", error(&whole))],
        BatchOutcome::Each(each) => each
            .iter()
            .map(|outcome| match outcome {
                Ok(applied) => {
                    [applied.operations.join(","), applied.answers.join(",")].join(" | ")
                }
                Err(each) => error(each),
            })
            .collect(),
    }
}

#[rstest]
#[case::both(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\nsw(config)#end\nsw#",
    &["interface eth1,   vlan 10 | ", "interface eth2,   vlan 20 | "]
)]
#[case::one_is_refused(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n% no VLAN\nsw(config-e)#end\n\
     sw#configure\nsw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\n\
     sw(config)#end\nsw#",
    &["rejected vlan 10: % no VLAN", "interface eth2,   vlan 20 | "]
)]
#[case::the_last_is_refused(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\n% no VLAN\nsw(config-e)#end\nsw#",
    &["interface eth1,   vlan 10 | ", "rejected vlan 20: % no VLAN"]
)]
#[case::refused_at_the_base(
    "sw#configure\nsw(config)#interface eth1\n% no port\nsw(config)#interface eth2\n\
     sw(config-e)#vlan 20\nsw(config-e)#exit\nsw(config)#end\nsw#",
    &["rejected interface eth1: % no port", "interface eth2,   vlan 20 | "]
)]
#[case::not_entered(
    "sw#configure\nsw(config)#interface eth1\nsw(config)#interface eth2\nsw(config-e)#vlan 20\n\
     sw(config-e)#exit\nsw(config)#end\nsw#",
    &["rejected interface eth1: the switch did not enter it", "interface eth2,   vlan 20 | "]
)]
#[case::thrown_out(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw#configure\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\nsw(config)#end\nsw#",
    &["rejected vlan 10: the switch left its configuration mode", "interface eth2,   vlan 20 | "]
)]
#[case::an_unknown_answer(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nhm\nsw(config-e)#end\n\
     sw#configure\nsw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\n\
     sw(config)#end\nsw#",
    &["unrecognised, sent true", "interface eth2,   vlan 20 | "]
)]
#[case::lost_in_the_first(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n<<drop>>",
    &["disconnected, sent true", "disconnected, sent false"]
)]
#[case::hanging_in_the_second(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\n<<hang>>",
    &["interface eth1,   vlan 10 | ", "timed out, sent true"]
)]
#[case::lost_on_the_way_in("sw#configure\n<<drop>>", &["whole: disconnected, sent false"])]
#[case::locked(
    "sw#configure\n% locked\nsw#",
    &["rejected configure: % locked", "rejected configure: % locked"]
)]
#[tokio::test]
async fn each_line_by_itself(#[case] transcript: &str, #[case] want: &[&str]) {
    let (mut session, player) = open(&immediate(), transcript).await;
    let outcome = session.apply(&[work("eth1", 10), work("eth2", 20)]).await;
    assert_eq!(shown(outcome), want);
    assert_eq!(player.difference(), None);
}

#[rstest]
#[case::both(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\nsw(config)#end\nsw#",
    &["interface eth1,   vlan 10 | ", "interface eth2,   vlan 20 | "]
)]
#[case::one_is_refused(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n% no VLAN\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\nsw(config)#end\nsw#",
    &["rejected vlan 10: % no VLAN", "interface eth2,   vlan 20 | "]
)]
#[case::the_next_is_not_entered(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n\
     sw(config)#interface eth2\n% no port\nsw(config)#end\nsw#",
    &["interface eth1,   vlan 10 | ", "rejected interface eth2: % no port"]
)]
#[case::neither(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n% no VLAN\nsw(config-e)#exit\n\
     sw(config)#interface eth2\n% no port\nsw(config)#end\nsw#",
    &["rejected vlan 10: % no VLAN", "rejected interface eth2: % no port"]
)]
#[case::an_unknown_answer(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nhm\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\nsw(config)#end\nsw#",
    &["unrecognised, sent true", "interface eth2,   vlan 20 | "]
)]
#[case::thrown_out_so_that_the_exit_ends_the_session(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw#exit\n<<drop>>",
    &["disconnected, sent true", "disconnected, sent true"]
)]
#[case::lost_between_the_two(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n<<drop>>",
    &["disconnected, sent true", "disconnected, sent true"]
)]
#[case::lost_in_the_second(
    "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\nsw(config-e)#exit\n\
     sw(config)#interface eth2\nsw(config-e)#vlan 20\n<<drop>>",
    &["interface eth1,   vlan 10 | ", "disconnected, sent true"]
)]
#[tokio::test]
async fn each_line_by_itself_and_what_leads_on_ahead(
    #[case] transcript: &str,
    #[case] want: &[&str],
) {
    let (mut session, player) = open(&immediate_and(true), transcript).await;
    let outcome = session.apply(&[work("eth1", 10), work("eth2", 20)]).await;
    assert_eq!(shown(outcome), want);
    assert_eq!(player.difference(), None);
}

#[rstest]
#[tokio::test]
async fn a_line_that_no_terminal_takes_ends_its_request_alone(#[values(false, true)] ahead: bool) {
    let line = "vlan {{ to.untagged }}";
    let long = format!("{{% if to.untagged == 10 %}}{}{{% endif %}}{line}", "x".repeat(5000));
    let profile = immediate_text(ahead).replace(line, &long);
    let profile = Arc::new(Profile::parse(&profile).unwrap());
    let transcript = "sw#configure\nsw(config)#interface eth1\nsw(config-e)#end\nsw#configure\n\
                      sw(config)#interface eth2\nsw(config-e)#vlan 20\nsw(config-e)#exit\n\
                      sw(config)#end\nsw#";
    let (mut session, player) = open(&profile, transcript).await;
    let outcome = shown(session.apply(&[work("eth1", 10), work("eth2", 20)]).await);
    assert!(outcome[0].contains("too long for a terminal"), "{outcome:?}");
    assert_eq!(outcome[1], "interface eth2,   vlan 20 | ");
    assert_eq!(player.difference(), None);
}

#[tokio::test]
async fn what_cannot_be_said_is_not_sent() {
    let transcript = "sw#configure\nsw(config)#interface eth2\nsw(config-e)#vlan 20\n\
                      sw(config-e)#exit\nsw(config)#end\nsw#";
    let (mut session, player) = open(&immediate(), transcript).await;
    let outcome = session.apply(&[work("mgmt0", 10), work("eth2", 20)]).await;
    assert_eq!(
        shown(outcome),
        [
            "the switch cannot do it: `mgmt0` is no name of a port here",
            "interface eth2,   vlan 20 | "
        ]
    );
    assert_eq!(player.difference(), None);
    let (mut session, player) = open(&immediate(), "sw#").await;
    assert_eq!(shown(session.apply(&[work("mgmt0", 10)]).await).len(), 1);
    assert_eq!(player.difference(), None);
}

#[tokio::test]
async fn a_session_that_did_not_get_back_is_not_used_again() {
    let transcript = "sw#configure\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n\
                      sw(config-e)#exit\nsw(config)#end\n% no\nsw(config)#";
    let (mut session, player) = open(&immediate(), transcript).await;
    let outcome = session.apply(&[work("eth1", 10)]).await;
    assert_eq!(shown(outcome), ["interface eth1,   vlan 10 | "]);
    let again = session.apply(&[work("eth1", 20)]).await;
    assert_eq!(shown(again), ["whole: disconnected, sent false"]);
    assert!(session.observe(&Query::default()).await.is_err());
    assert_eq!(player.difference(), None);
}

const IN: &str = "sw#configure case\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n";
const TWO: &str = "sw#configure case\nsw(config)#interface eth1\nsw(config-e)#vlan 10\n\
                   sw(config-e)#exit\nsw(config)#interface eth2\nsw(config-e)#vlan 20\n\
                   sw(config-e)#exit\n";

#[rstest]
#[case::good(
    format!("{TWO}sw(config)#commit\ndone\nsw#"),
    &["interface eth1,   vlan 10 | done", "interface eth2,   vlan 20 | done"]
)]
#[case::a_refused_commit(
    format!("{TWO}sw(config)#commit\n% no\nsw(config)#abort\nsw#"),
    &["whole: rejected commit: % no"]
)]
#[case::a_commit_that_says_nothing(
    format!("{TWO}sw(config)#commit\nsw#"),
    &["unrecognised, sent true", "unrecognised, sent true"]
)]
#[case::a_commit_that_is_not_understood(
    format!("{TWO}sw(config)#commit\nhm\nsw(config)#abort\nsw#"),
    &["unrecognised, sent true", "unrecognised, sent true"]
)]
#[case::lost_at_the_commit(
    format!("{TWO}sw(config)#commit\n<<drop>>"),
    &["disconnected, sent true", "disconnected, sent true"]
)]
#[case::hanging_at_the_commit(
    format!("{TWO}sw(config)#commit\n<<hang>>"),
    &["timed out, sent true", "timed out, sent true"]
)]
#[case::lost_before(format!("{IN}<<drop>>"), &["whole: disconnected, sent false"])]
#[case::not_let_in(
    "sw#configure case\n% locked\nsw#".to_owned(),
    &["rejected configure case: % locked", "rejected configure case: % locked"]
)]
#[tokio::test]
async fn all_lines_together(
    #[case] transcript: String,
    #[case] want: &[&str],
    #[values(false, true)] pipeline: bool,
) {
    let (mut session, player) = open(&candidate(pipeline), &transcript).await;
    let outcome = session.apply(&[work("eth1", 10), work("eth2", 20)]).await;
    assert_eq!(shown(outcome), want);
    assert_eq!(player.difference(), None);
}

#[rstest]
#[case::one_by_one(false, format!("{IN}% no\nsw(config-e)#abort\nsw#"))]
#[case::ahead(
    true,
    format!(
        "{IN}% no\nsw(config-e)#exit\nsw(config)#interface eth2\nsw(config-e)#vlan 20\n\
         sw(config-e)#exit\nsw(config)#abort\nsw#"
    )
)]
#[tokio::test]
async fn a_refused_line_gives_the_candidate_up(#[case] pipeline: bool, #[case] transcript: String) {
    let (mut session, player) = open(&candidate(pipeline), &transcript).await;
    let outcome = session.apply(&[work("eth1", 10), work("eth2", 20)]).await;
    assert_eq!(shown(outcome), ["whole: rejected vlan 10: % no"]);
    assert_eq!(player.difference(), None);
}

#[rstest]
#[case::confirmed("sw#confirm\nsw#", "interface eth1,   vlan 10 | done")]
#[case::not_confirmed("sw#confirm\n% no\nsw#", "unrecognised, sent true")]
#[case::lost("sw#confirm\n<<drop>>", "disconnected, sent true")]
#[tokio::test]
async fn a_commit_may_have_to_be_confirmed(#[case] end: &str, #[case] want: &str) {
    let transcript = format!("{IN}sw(config-e)#exit\nsw(config)#commit 5\ndone\n{end}");
    let confirm = |system: &mut System| system.confirm = true;
    let (mut session, player) = open_with(&candidate(false), &transcript, confirm).await;
    assert_eq!(shown(session.apply(&[work("eth1", 10)]).await), [want]);
    assert_eq!(player.difference(), None);
}

#[tokio::test]
async fn the_difference_is_told_when_it_is_wanted() {
    let transcript =
        format!("{IN}sw(config-e)#exit\nsw(config)#diff\n+ vlan 10\nsw(config)#commit\ndone\nsw#");
    let show = |system: &mut System| system.show_difference = true;
    let (mut session, player) = open_with(&candidate(true), &transcript, show).await;
    let outcome = shown(session.apply(&[work("eth1", 10)]).await);
    assert_eq!(outcome, ["interface eth1,   vlan 10 | + vlan 10,done"]);
    assert_eq!(player.difference(), None);
}

#[rstest]
#[case::saved("Building x\n[OK]\nsw#", "Building x,[OK]")]
#[case::asked("Sure?y\n[OK]\nsw#", "[OK]")]
#[case::silent(
    "sw#",
    "the switch answered something unknown: to `write`: nothing says that it has been saved"
)]
#[case::refused("% full\nsw#", "the switch refused: % full")]
#[case::unknown("[OK]\nhm\nsw#", "the switch answered something unknown: to `write`: [OK] / hm")]
#[tokio::test]
async fn saving(#[case] answer: &str, #[case] want: &str) {
    let (mut session, player) = open(&immediate(), &format!("sw#write\n{answer}")).await;
    let said = session.save().await.map_or_else(|error| error.to_string(), |said| said.join(","));
    assert_eq!(said, want);
    assert_eq!(player.difference(), None);
}

#[rstest]
#[case("eth1", "interface eth1", &["eth1 Name"])]
#[case("eth1", "% no such port", &[])]
#[tokio::test]
async fn a_port_is_found_by_its_name(
    #[case] text: &str,
    #[case] answer: &str,
    #[case] want: &[&str],
) {
    let text_of =
        MINIMAL.replace("errors = ['% .+']", "errors = ['% .+']\nabsent = ['% no such .+']");
    let profile = Arc::new(Profile::parse(&text_of).unwrap());
    let transcript = format!("sw#show interface {text}\n{answer}\nsw#");
    let (mut session, player) = open(&profile, &transcript).await;
    let found = session.resolve(text).await.unwrap();
    let found: Vec<String> = found.iter().map(|m| format!("{} {:?}", m.port, m.matched)).collect();
    assert_eq!(found, want);
    assert_eq!(player.difference(), None);
    // What is no port's name is not even asked for.
    assert_eq!(session.resolve("mgmt0").await.unwrap(), []);
    assert_eq!(session.resolve("eth1\nreload").await.unwrap(), []);
}

#[tokio::test]
async fn a_reading_that_is_refused_is_an_error_and_one_that_led_away_ends_the_session() {
    let query = Query::ports(&["eth1".parse().unwrap()]);
    let (mut session, _) = open(&immediate(), "sw#show interface eth1\n% denied\nsw#").await;
    let error = session.observe(&query).await.unwrap_err();
    assert_eq!(error.to_string(), "the switch refused: % denied");
    let (mut session, _) =
        open(&immediate(), "sw#show interface eth1\ninterface eth1\nsw(config)#").await;
    assert!(session.observe(&query).await.is_ok());
    let error = session.observe(&query).await.unwrap_err();
    assert!(matches!(error, DeviceError::Disconnected { sent: false, .. }), "{error}");
}
