use rstest::rstest;

use super::*;
use crate::ssh_cli::profile::PromptMode;

/// A profile with this session and these answers, and nothing else of interest.
pub(in crate::ssh_cli) fn profile(session: &str) -> RawProfile {
    let text = format!(
        r#"
profile = 1
name = "test"
title = "Test"
read = []
render = {{}}
[ports]
naming = "exact"
pattern = "Ethernet.*"
[capabilities]
{session}
"#
    );
    toml::from_str(&text).unwrap()
}

const CISCO_LIKE: &str = r#"
[session]
kind = "terminal"
enable = "enable"
[session.prompts]
user = '{host}>'
ready = '{host}# ?'
configure = '{host}\(config\)# ?'
inside = '{host}\(config[^)]*\)# ?'
"#;

fn compile(session: &str) -> (Option<Conversation>, Vec<String>) {
    let mut problems = Vec::new();
    let compiled = Conversation::compile(&profile(session), &mut problems);
    (compiled, problems.iter().map(ToString::to_string).collect())
}

#[rstest]
#[case("leaf-01>", Some(PromptMode::User))]
#[case("leaf-01# ", Some(PromptMode::Ready))]
#[case("leaf-01(config)#", Some(PromptMode::Configure))]
#[case("leaf-01(config-if-Et1)#  ", Some(PromptMode::Inside))]
#[case("% leaf-01#", None)]
#[case("leaf-01#show", None)]
#[case("", None)]
fn a_whole_line_is_a_prompt_of_one_place(#[case] line: &str, #[case] expected: Option<PromptMode>) {
    let prompts = compile(CISCO_LIKE).0.unwrap().prompts;
    assert_eq!(prompts.whole(line).map(|seen| seen.mode), expected);
}

#[test]
fn a_learned_name_counts_alone_and_may_be_cut_at_sixteen_characters() {
    let prompts = compile(CISCO_LIKE).0.unwrap().prompts;
    let learned = prompts.learned("leaf-01.rack-12.example");
    for line in ["leaf-01.rack-12.example#", "leaf-01.rack-12.ex(config)#", "leaf-01.rack-12.#"] {
        assert!(learned.whole(line).is_some(), "{line}");
    }
    for line in
        ["leaf-02.rack-12.example#", "leaf-01.rack-12#", "leaf-01#", "leaf-01xrack-12.example#"]
    {
        assert!(learned.whole(line).is_none(), "{line}");
    }
    assert_eq!(learned.begin("leaf-01.rack-12.# %LOG"), Some((PromptMode::Ready, "%LOG")));
}

#[test]
fn every_problem_is_named_with_its_place() {
    let (compiled, problems) = compile(
        r#"
[session]
kind = "terminal"
enable = "enable"
width = 0
newline = "x"
prepare = ["terminal length 0\rreload"]
new_password = ['(']
pager = ''
prompts = { configure = '{host}(', inside = '.*' }
questions = [{ match = ')(', answer = "{secret}" }]
[answers]
errors = ['^%', '[', '.*']
"#,
    );
    assert!(compiled.is_none());
    let places: Vec<&str> = problems.iter().map(|text| text.split('`').nth(1).unwrap()).collect();
    assert_eq!(
        places,
        [
            "answers.errors[1]",
            "answers.errors[2]",
            "session.prompts.ready",
            "session.prompts.user",
            "session.prompts.configure",
            "session.prompts.inside",
            "session.questions[0].answer",
            "session.questions[0].match",
            "session.new_password[0]",
            "session.pager",
            "session.width",
            "session.newline",
            "session",
        ]
    );
}

#[test]
fn commands_have_no_prompts() {
    let (compiled, problems) = compile("[session]\nkind = \"commands\"\nprefix = \"sudo -n \"");
    assert_eq!(problems, [""; 0]);
    assert_eq!(compiled.unwrap().prefix, "sudo -n");
    let (compiled, problems) = compile("[session]\nkind = \"commands\"\nprompts.ready = 'x'");
    assert!(compiled.is_none());
    assert_eq!(problems, ["`session.prompts` commands that are run one by one have no prompts"]);
}
