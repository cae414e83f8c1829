//! Scripted terminals: what is typed is held against a script, and the script's bytes come back.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use rstest::rstest;

use super::*;
use crate::ssh_cli::{
    conversation::{compile_questions, tests::profile},
    profile::{PromptMode, schema::RawQuestion},
};

const SESSION: &str = r#"
[session]
kind = "terminal"
enable = "enable"
pipeline = true
goodbye = "exit"
prepare = ["terminal length 0"]
new_password = ['(?i)new password']
questions = [
  { match = 'User Name:', answer = "{username}" },
  { match = 'Password:', answer = "{password}" },
  { match = 'Password:', answer = "{enable_secret}" },
  { match = 'to continue\.\.\.', answer = "" },
]
[session.prompts]
user = '{host}> ?'
ready = '{host}# ?'
configure = '{host}\(config\)# ?'
inside = '{host}\(config-[^)]*\)# ?'
[answers]
errors = ['% ?(Invalid|Error).*']
noise = ['.*%LINK-\d.*']
"#;

/// One step of a script: what has to be typed, and what is then shown, in these chunks.
#[derive(Clone)]
struct Step {
    typed: String,
    shown: VecDeque<Vec<u8>>,
}

/// Plays a script. After it there is silence, or the end.
#[derive(Clone)]
struct Script(Arc<Mutex<State>>);

struct State {
    steps: VecDeque<Step>,
    showing: VecDeque<Vec<u8>>,
    typed: String,
    ends: bool,
    /// Shown for ever once the script is through.
    endless: Option<Vec<u8>>,
    closed: bool,
}

impl Script {
    /// `first` is shown without anything being typed.
    fn new(first: &str) -> Self {
        let showing = VecDeque::from([first.as_bytes().to_vec()]);
        Self(Arc::new(Mutex::new(State {
            steps: VecDeque::new(),
            showing,
            typed: String::new(),
            ends: false,
            endless: None,
            closed: false,
        })))
    }

    fn step(self, typed: &str, shown: &[&[u8]]) -> Self {
        let shown = shown.iter().map(|bytes| bytes.to_vec()).collect();
        self.0.lock().unwrap().steps.push_back(Step { typed: typed.to_owned(), shown });
        self
    }

    /// A line that is echoed and answered, with the prompt that follows.
    fn line(self, typed: &str, answer: &str, prompt: &str) -> Self {
        let shown = format!("{typed}\r\n{answer}{prompt}");
        self.step(&format!("{typed}\r"), &[shown.as_bytes()])
    }

    /// A login without events.
    fn logged_in() -> Self {
        Self::new("Welcome\r\nleaf-01#").line("", "", "leaf-01#").line(
            "terminal length 0",
            "",
            "leaf-01#",
        )
    }

    fn ends(self) -> Self {
        self.0.lock().unwrap().ends = true;
        self
    }

    fn endless(self, bytes: &[u8]) -> Self {
        self.0.lock().unwrap().endless = Some(bytes.to_vec());
        self
    }

    /// What was not played.
    fn left(&self) -> Vec<String> {
        let state = self.0.lock().unwrap();
        state.steps.iter().map(|step| step.typed.clone()).collect()
    }

    fn closed(&self) -> bool {
        self.0.lock().unwrap().closed
    }
}

#[async_trait]
impl Terminal for Script {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        let mut state = self.0.lock().unwrap();
        let text = std::str::from_utf8(bytes).unwrap();
        state.typed.push_str(text);
        while let Some(step) = state.steps.front() {
            let typed = step.typed.clone();
            if !state.typed.starts_with(&typed) {
                assert!(
                    typed.starts_with(&state.typed),
                    "typed {:?} instead of {typed:?}",
                    state.typed
                );
                return Ok(());
            }
            let rest = state.typed.split_off(typed.len());
            state.typed = rest;
            let step = state.steps.pop_front().unwrap();
            state.showing.extend(step.shown);
        }
        Ok(())
    }

    async fn receive(&mut self) -> Result<Option<Vec<u8>>, DeviceError> {
        let ends = {
            let mut state = self.0.lock().unwrap();
            if let Some(bytes) = state.showing.pop_front() {
                return Ok(Some(bytes));
            }
            if state.steps.is_empty()
                && let Some(bytes) = &state.endless
            {
                return Ok(Some(bytes.clone()));
            }
            state.ends && state.steps.is_empty()
        };
        if ends { Ok(None) } else { std::future::pending().await }
    }

    async fn close(self: Box<Self>) {
        self.0.lock().unwrap().closed = true;
    }
}

fn conversation(session: &str) -> Conversation {
    let mut problems = Vec::new();
    let compiled = Conversation::compile(&profile(session), &mut problems);
    compiled.unwrap_or_else(|| panic!("{problems:?}"))
}

fn credentials() -> Credentials {
    Credentials {
        address: "192.0.2.1:22".into(),
        username: "mercury".into(),
        password: Some("hunter22".to_owned().into()),
        enable_secret: Some("sesame99".to_owned().into()),
    }
}

async fn login(script: &Script) -> Result<Shell<Script>, DeviceError> {
    Shell::login(script.clone(), &conversation(SESSION), &credentials()).await
}

async fn refused(script: Script) -> String {
    let error = login(&script).await.err().expect("no login");
    assert!(script.closed(), "{error}");
    error.to_string()
}

fn reads(text: &str) -> Line<'_> {
    Line { text, changes: false, questions: &[] }
}

async fn answer(script: &Script, line: &str) -> Result<Answer, DeviceError> {
    login(script).await?.ask(&reads(line)).await
}

fn text(text: &str, prompt: PromptMode) -> Answer {
    Answer { text: text.to_owned(), prompt: Some(prompt), status: None }
}

#[rstest]
#[case::plain(Script::logged_in())]
#[case::prompt_in_the_banner(
    Script::new("Do not log in to\r\ncore#")
        .step("\r", &[b" \r\nor else\r\nleaf-01#"])
        .step("\r", &[b"\r\nleaf-01#", b"\r\nleaf-01#"])
        .line("terminal length 0", "", "leaf-01#")
)]
#[case::questions(
    Script::new("\r\nUser Name:")
        .step("mercury\r", &[b"mercury\r\nPassword:"])
        .step("hunter22\r", &[b"\r\n\r\nPress any key to continue..."])
        .step("\r", &[b"\r\nleaf-01#"])
        .line("", "", "leaf-01#")
        .line("terminal length 0", "", "leaf-01#")
)]
#[case::enable(
    Script::new("leaf-01>")
        .line("", "", "leaf-01>")
        .step("enable\r", &[b"enable\r\nPassword:"])
        .step("sesame99\r", &[b"\r\nleaf-01#"])
        .line("terminal length 0", "", "leaf-01#")
)]
#[case::log_message_behind_the_prompt(
    Script::new("leaf-01# *Mar 1: %LINK-3-UPDOWN: Ethernet1 up\r\n")
        .step("\r", &[b"\r\nleaf-01#"])
        .line("", "", "leaf-01#")
        .line("terminal length 0", "", "leaf-01#")
)]
#[case::log_message_before_the_echo(
    Script::new("leaf-01#")
        .line("", "", "leaf-01#")
        .step("terminal length 0\r", &[b"\r\n%LINK-3-UPDOWN: up\r\nleaf-01#", b"terminal length 0\r\nleaf-01#"])
)]
#[tokio::test(start_paused = true)]
async fn a_login_ends_at_a_ready_prompt(#[case] script: Script) {
    let script = script.line("show clock", "12:00\r\n", "leaf-01#").step("exit\r", &[]);
    let mut shell = Box::new(login(&script).await.unwrap());
    let answer = shell.ask(&reads("show clock")).await.unwrap();
    assert_eq!(answer, text("12:00\n", PromptMode::Ready));
    shell.close().await;
    assert_eq!(script.left(), [""; 0]);
    assert!(script.closed());
}

#[rstest]
#[case::new_password(
    Script::new("You must change it now.\r\nNew password: "),
    "cannot reach the switch at 192.0.2.1:22: it demands a new password for `mercury`: \
     `New password:`\nhint: log in by hand, give the account its password, and configure it here"
)]
#[case::own_login_refused(
    Script::new("Password:").step("hunter22\r", &[b"\r\nLogin incorrect\r\nPassword:"]),
    "cannot reach the switch at 192.0.2.1:22: it refused the login of `mercury` in its own \
     dialogue: it asks `Password:` again"
)]
#[case::enable_refused(
    Script::new("leaf-01>")
        .line("", "", "leaf-01>")
        .step("enable\r", &[b"enable\r\nPassword:"])
        .step("sesame99\r", &[b"\r\n% Bad secret sesame99\r\nleaf-01>"]),
    "cannot reach the switch at 192.0.2.1:22: `enable` did not lead to more rights: \
     `% Bad secret [redacted]`\nhint: check the switch's enable secret, or give `mercury` its \
     rights at login"
)]
#[case::paging_stays_on(
    Script::new("leaf-01#").line("", "", "leaf-01#").line("terminal length 0", "% Invalid input\r\n", "leaf-01#"),
    "cannot reach the switch at 192.0.2.1:22: it refused `terminal length 0`: `% Invalid input`"
)]
#[case::hangs_up(
    Script::new("Too many users\r\nbye").ends(),
    "cannot reach the switch at 192.0.2.1:22: at login, it hung up before its prompt had come; \
     its last words were `bye`"
)]
#[case::unknown_question(
    Script::new("Accept the terms? [y/n] "),
    "time ran out waiting for its prompt: nothing came for 45 s; its last words were `Accept the \
     terms? [y/n]`\nhint: watch the login by hand; what asks for something has to be among \
     `session.questions` of the profile"
)]
#[case::in_configuration(
    Script::new("leaf-01(config)#").line("", "", "leaf-01(config)#").line("terminal length 0", "", "leaf-01(config)#"),
    "cannot reach the switch at 192.0.2.1:22: its prompt is `leaf-01(config)#`, where commands \
     cannot be given"
)]
#[case::garbage(
    Script::new("").endless(&[0x80, 0x01, 0xff, 0x13, 0xc3]),
    "cannot reach the switch at 192.0.2.1:22: at login, more than 256 bytes that are no text\n\
     hint: is this the address of a switch's command line?"
)]
#[case::endless(
    Script::new("").endless(b"All work and no play\r\n"),
    "cannot reach the switch at 192.0.2.1:22: at login, more than 1 MiB without an end"
)]
#[tokio::test(start_paused = true)]
async fn a_login_that_fails_says_why(#[case] script: Script, #[case] expected: &str) {
    assert_eq!(refused(script).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_missing_secret_is_named() {
    let script = Script::new("leaf-01>")
        .line("", "", "leaf-01>")
        .step("enable\r", &[b"enable\r\nPassword:"]);
    let credentials = Credentials { enable_secret: None, ..credentials() };
    let error = Shell::login(script, &conversation(SESSION), &credentials).await.err().unwrap();
    assert_eq!(
        error.to_string(),
        "cannot reach the switch at 192.0.2.1:22: at login, it asks `Password:`\nhint: configure \
         the switch's enable secret"
    );
}

#[rstest]
#[case::empty("\r\n", "")]
#[case::lines("\r\n one \r\ntwo\r\n\r\n", " one\ntwo\n")]
#[case::coloured("\x1b[31mred\x1b[0m\r\n", "red\n")]
#[case::noise("one\r\nMar 1: %LINK-3-UPDOWN: x\r\ntwo\r\n", "one\ntwo\n")]
#[case::another_prompt("core#\r\n", "core#\n")]
#[case::prompt_in_a_text("see leaf-01#\r\n leaf-01#\r\n", "see leaf-01#\n leaf-01#\n")]
#[case::mode("", "")]
#[tokio::test(start_paused = true)]
async fn an_answer_is_what_is_between_echo_and_prompt(#[case] said: &str, #[case] expected: &str) {
    let script = Script::logged_in().line("show x", said, "leaf-01(config-if)# ");
    assert_eq!(answer(&script, "show x").await.unwrap(), text(expected, PromptMode::Inside));
}

#[tokio::test(start_paused = true)]
async fn chunks_make_no_difference() {
    let shown = "show x\r\n\x1b[1mB\u{fc}ro\x1b[0m leaf-01#\r\nleaf-01#\u{7} ".as_bytes();
    for cut in 0..shown.len() {
        let (one, two) = shown.split_at(cut);
        let script = Script::logged_in().step("show x\r", &[one, two]);
        let answer = answer(&script, "show x").await.unwrap();
        assert_eq!(answer, text("Büro leaf-01#\n", PromptMode::Ready), "cut at {cut}");
    }
}

#[rstest]
#[case::late_answer_to_an_empty_line(&["\r\nleaf-01#", "show x\r\nyes\r\nleaf-01#"])]
#[case::log_message_and_new_prompt(&["\r\n%LINK-3: up\r\nleaf-01#", "show x\r\nyes\r\nleaf-01#"])]
#[case::echoed_twice(&["show x\r\n", "leaf-01#show x\r\nyes\r\nleaf-01#"])]
#[case::echo_in_pieces(&["sho", "w ", "x", "\r\nyes\r\nleaf-01#"])]
#[case::echo_redrawn(&["sh\r\x1b[Kleaf-01#show x\r\nyes\r\nleaf-01#"])]
#[case::log_message_behind_the_prompt(&["show x\r\nyes\r\nleaf-01# %LINK-3: up\r\n"])]
#[case::log_messages_below_the_prompt(&["show x\r\nyes\r\nleaf-01# \r\n%LINK-3: up\r\n\r\n%LINK-4: up\r\n"])]
#[case::log_message_below_a_prompt_before_the_answer(&["show x\r\nleaf-01#\r\n%LINK-3: up", "\r\nyes\r\nleaf-01#"])]
#[case::looks_like_a_prompt_for_a_moment(&["show x\r\nyes\r\nleaf-01#", "\x08\x08\x08\x08\x08\x08\x08\x08", "\x1b[Kleaf-01#"])]
#[tokio::test(start_paused = true)]
async fn answers_stay_in_step_with_lines(#[case] shown: &[&str]) {
    let shown: Vec<&[u8]> = shown.iter().map(|text| text.as_bytes()).collect();
    let script = Script::logged_in().step("show x\r", &shown).line("show y", "no\r\n", "leaf-01#");
    let mut shell = login(&script).await.unwrap();
    assert_eq!(shell.ask(&reads("show x")).await.unwrap(), text("yes\n", PromptMode::Ready));
    assert_eq!(shell.ask(&reads("show y")).await.unwrap(), text("no\n", PromptMode::Ready));
}

#[tokio::test(start_paused = true)]
async fn log_messages_come_between_lines_that_are_sent_ahead() {
    let all = "show a\rshow b\r";
    let shown = b"show a\r\nA\r\nleaf-01#\r\n%LINK-3: up\r\nshow b\r\nB\r\nleaf-01#";
    for cut in 0..shown.len() {
        let (one, two) = shown.split_at(cut);
        let script = Script::logged_in().step(all, &[one, two]);
        let mut shell = login(&script).await.unwrap();
        let answers = shell.ask_all(&[reads("show a"), reads("show b")]).await.unwrap();
        let expected = [text("A\n", PromptMode::Ready), text("B\n", PromptMode::Ready)];
        assert_eq!(answers, expected, "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn lines_are_sent_ahead_and_each_gets_its_answer() {
    let all = "show a\rshow b\rshow c\r";
    let shown = b"show a\r\nA\r\nleaf-01#show b\r\nleaf-01(config)#show c\r\nC\r\nleaf-01#";
    for cut in 0..shown.len() {
        let (one, two) = shown.split_at(cut);
        let script = Script::logged_in().step(all, &[one, two]);
        let mut shell = login(&script).await.unwrap();
        let lines = [reads("show a"), reads("show b"), reads("show c")];
        let answers = shell.ask_all(&lines).await.unwrap();
        let expected = [
            text("A\n", PromptMode::Ready),
            text("", PromptMode::Configure),
            text("C\n", PromptMode::Ready),
        ];
        assert_eq!(answers, expected, "cut at {cut}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_is_sent_ahead_than_a_terminal_holds() {
    let lines: Vec<String> = (0..100).map(|n| format!("show interface {n:0>200}")).collect();
    let mut script = Script::logged_in();
    for line in &lines {
        script = script.line(line, "", "leaf-01#");
    }
    let mut shell = login(&script).await.unwrap();
    let asked: Vec<Line<'_>> = lines.iter().map(|line| reads(line)).collect();
    assert_eq!(shell.ask_all(&asked).await.unwrap().len(), 100);
}

fn question(pattern: &str, answer: &str) -> Vec<crate::ssh_cli::profile::Question> {
    let raw = RawQuestion { r#match: pattern.to_owned(), answer: answer.to_owned(), key: false };
    let mut problems = Vec::new();
    let questions = compile_questions("x", &[raw], &mut problems);
    assert_eq!(problems, []);
    questions
}

#[tokio::test(start_paused = true)]
async fn an_expected_question_is_answered_and_is_no_part_of_the_answer() {
    let questions = question(r"filename \[startup-config\]\?", "");
    let script = Script::logged_in()
        .step("copy r s\r", &[b"copy r s\r\nDestination filename [startup-config]? "])
        .step("\r", &[b"\r\n[OK]\r\nleaf-01#"]);
    let mut shell = login(&script).await.unwrap();
    let line = Line { text: "copy r s", changes: true, questions: &questions };
    assert_eq!(shell.ask(&line).await.unwrap(), text("[OK]\n", PromptMode::Ready));
}

#[rstest]
#[case::unknown_question(
    Script::logged_in().step("reload\r", &[b"reload\r\nProceed? [confirm]"]),
    "time ran out waiting for the prompt after `reload`: nothing came for 180 s; its last words \
     were `Proceed? [confirm]`"
)]
#[case::pager(
    Script::logged_in().step("reload\r", &[b"reload\r\nline\r\n --More-- "]).step("q", &[]),
    "the switch answered something unknown: a pager waits with `--More--`, although paging is off"
)]
#[case::no_echo(
    Script::logged_in().step("reload\r", &[b"\r\nleaf-01#"]),
    "time ran out waiting for the echo of `reload`: nothing came for 180 s; its last words were \
     `leaf-01#`"
)]
#[case::drop(
    Script::logged_in().step("reload\r", &[b"reload\r\nhalf a li"]).ends(),
    "the connection to the switch was lost: it hung up before the prompt after `reload` had come; \
     its last words were `half a li`"
)]
#[case::endless(
    Script::logged_in().step("reload\r", &[b"reload\r\n"]).endless(&[b'x'; 32768]),
    "the switch answered something unknown: more than 8 MiB without an end; its last words were \
     `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
     xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`"
)]
#[case::blanks_without_an_end(
    Script::logged_in().step("reload\r", &[b"reload\r\n"]).endless(b"\x1b[500Cx\n"),
    "the switch answered something unknown: more than 8 MiB without an end"
)]
#[case::garbage(
    Script::logged_in().step("reload\r", &[b"reload\r\n"]).endless(&[0xfe, 0x01, 0x90]),
    "the switch answered something unknown: more than 256 bytes that are no text\nhint: is this \
     the address of a switch's command line?"
)]
#[tokio::test(start_paused = true)]
async fn what_is_not_understood_ends_the_conversation(
    #[case] script: Script,
    #[case] expected: &str,
) {
    let mut shell = login(&script).await.unwrap();
    let line = Line { text: "reload", changes: true, questions: &[] };
    let error = shell.ask(&line).await.unwrap_err();
    assert_eq!(error.to_string(), expected);
    assert!(error.may_have_applied() && error.session_lost());
    let again = shell.ask(&reads("show x")).await.unwrap_err();
    assert_eq!(
        again.to_string(),
        "the connection to the switch was lost: the last answer was not heard to its end"
    );
    assert!(!again.may_have_applied());
}

#[rstest]
#[case("two\rlines")]
#[case("a\ttab")]
#[case("bell\u{7}")]
#[case("c1 \u{9b}")]
#[tokio::test(start_paused = true)]
async fn a_line_with_a_control_character_is_never_sent(#[case] line: &str) {
    let script = Script::logged_in();
    let mut shell = login(&script).await.unwrap();
    let good = reads("show x");
    let error = shell.ask_all(&[good, reads(line)]).await.unwrap_err();
    assert!(matches!(error, DeviceError::Unsupported { .. }), "{error}");
    assert_eq!(script.0.lock().unwrap().typed, "");
    let long = "x".repeat(LINE_BYTES + 1);
    let error = shell.ask(&reads(&long)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the switch cannot do it: a line of 4001 bytes is too long for a terminal: `{}…`",
            "x".repeat(40)
        )
    );
}
