//! Checks of how a system is talked to: patterns of prompts, questions and answers, and what
//! belongs to which kind of session and style of change.

use super::{
    pattern::{self, Extent},
    problem::Problem,
    schema::{ConfigureStyle, PromptMode, RawProfile, RawQuestion, SessionKind},
};

use crate::ssh_cli::render::Templates;

/// What `{...}` in an answer may be.
const SECRETS: [&str; 3] = ["username", "password", "enable_secret"];

pub(super) fn check(raw: &RawProfile, problems: &mut Vec<Problem>) -> Templates {
    prompts(raw, problems);
    patterns(raw, problems);
    match raw.session.kind {
        SessionKind::Terminal => terminal(raw, problems),
        SessionKind::Commands => commands(raw, problems),
    }
    configure(raw, problems);
    templates(raw, problems)
}

fn prompts(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let session = &raw.session;
    let at = "session.hostname";
    if let Some(host) = pattern::line(at, &session.hostname, Extent::Whole, problems) {
        pattern::only_groups(at, &host, &[], problems);
    }
    for (mode, prompt) in &session.prompts {
        let at = format!("session.prompts.{}", mode.name());
        let host = prompt.replace("{host}", &format!("(?:{})", session.hostname));
        if let Some(prompt) = pattern::line(&at, &host, Extent::Whole, problems) {
            pattern::only_groups(&at, &prompt, &[], problems);
        }
    }
}

fn patterns(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let (session, answers, configure) = (&raw.session, &raw.answers, &raw.configure);
    questions("session.questions", &session.questions, problems);
    questions("configure.questions", &configure.questions, problems);
    if let Some(save) = &raw.save {
        questions("save.questions", &save.questions, problems);
    }
    pattern::line("session.pager", &session.pager, Extent::Part, problems);
    let save = raw.save.as_ref();
    let lists = [
        ("session.new_password", Some(&session.new_password)),
        ("answers.errors", Some(&answers.errors)),
        ("answers.notes", Some(&answers.notes)),
        ("answers.busy", Some(&answers.busy)),
        ("answers.absent", Some(&answers.absent)),
        ("answers.noise", Some(&answers.noise)),
        ("configure.committed", Some(&configure.committed)),
        ("save.saved", save.map(|save| &save.saved)),
        ("save.notes", save.map(|save| &save.notes)),
    ];
    for (at, list) in lists {
        for (n, regex) in list.into_iter().flatten().enumerate() {
            let at = format!("{at}[{n}]");
            if let Some(regex) = pattern::line(&at, regex, Extent::Whole, problems) {
                pattern::only_groups(&at, &regex, &[], problems);
            }
        }
    }
}

fn questions(at: &str, questions: &[RawQuestion], problems: &mut Vec<Problem>) {
    for (n, RawQuestion { r#match, answer, key: _ }) in questions.iter().enumerate() {
        let place = format!("{at}[{n}].match");
        if let Some(question) = pattern::line(&place, r#match, Extent::End, problems) {
            pattern::only_groups(&place, &question, &[], problems);
        }
        let place = format!("{at}[{n}].answer");
        if answer.chars().any(char::is_control) {
            problems.push(Problem::new(&place, "holds a control character"));
        }
        let mut rest = answer.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let Some((name, after)) = after.split_once('}') else { break };
            if !SECRETS.contains(&name) {
                let what = format!(
                    "has `{{{name}}}`; there are `{{username}}`, `{{password}}` and \
                     `{{enable_secret}}`"
                );
                problems.push(Problem::new(&place, what));
            }
            rest = after;
        }
    }
}

fn terminal(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let session = &raw.session;
    let has = |mode: PromptMode| session.prompts.contains_key(&mode);
    if !has(PromptMode::Ready) {
        let what = "is missing: without it the end of an answer is not known";
        problems.push(Problem::new("session.prompts.ready", what));
    }
    if !raw.configure.enter.is_empty() && !has(PromptMode::Configure) {
        let what = "is missing: without it nobody sees whether `configure.enter` has led there";
        problems.push(Problem::new("session.prompts.configure", what));
    }
    if session.enable.is_some() && !has(PromptMode::User) {
        problems.push(Problem::new("session.prompts.user", "is missing: `enable` is sent there"));
    }
    if !session.prefix.is_empty() {
        problems.push(Problem::new("session.prefix", "belongs to `kind = \"commands\"`"));
    }
    if raw.configure.join.is_some() {
        problems.push(Problem::new("configure.join", "belongs to `kind = \"commands\"`"));
    }
    if !matches!(session.newline.as_str(), "\r" | "\n" | "\r\n") {
        let what = r#"is no end of a line: `"\r"`, `"\n"` or `"\r\n"`"#;
        problems.push(Problem::new("session.newline", what));
    }
}

fn commands(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let session = &raw.session;
    let of_terminals = [
        ("prompts", !session.prompts.is_empty()),
        ("enable", session.enable.is_some()),
        ("questions", !session.questions.is_empty()),
        ("new_password", !session.new_password.is_empty()),
        ("goodbye", session.goodbye.is_some()),
    ];
    for (key, _) in of_terminals.iter().filter(|(_, given)| *given) {
        let what = "belongs to `kind = \"terminal\"`";
        problems.push(Problem::new(format!("session.{key}"), what));
    }
    if raw.configure.exit.is_some() {
        problems.push(Problem::new("configure.exit", "belongs to `kind = \"terminal\"`"));
    }
}

fn configure(raw: &RawProfile, problems: &mut Vec<Problem>) {
    let configure = &raw.configure;
    let candidate = configure.style == ConfigureStyle::Candidate;
    let of_candidates = [
        ("diff", configure.diff.is_some()),
        ("commit", !configure.commit.is_empty()),
        ("commit_confirmed", !configure.commit_confirmed.is_empty()),
        ("confirm", !configure.confirm.is_empty()),
        ("abort", !configure.abort.is_empty()),
        ("discard", !configure.discard.is_empty()),
        ("committed", !configure.committed.is_empty()),
    ];
    for (key, given) in of_candidates {
        let at = format!("configure.{key}");
        match key {
            _ if !candidate && given => {
                problems.push(Problem::new(at, "belongs to `style = \"candidate\"`"));
            }
            "commit" | "abort" if candidate && !given => {
                problems.push(Problem::new(at, "is missing: a candidate ends in one of the two"));
            }
            _ => {}
        }
    }
    if configure.commit_confirmed.is_empty() != configure.confirm.is_empty() {
        let what = "and `commit_confirmed` belong together, and one of them is missing";
        problems.push(Problem::new("configure.confirm", what));
    }
    if candidate && !configure.leave.is_empty() {
        let what = "belongs to `style = \"immediate\"`: `commit` and `abort` leave a candidate";
        problems.push(Problem::new("configure.leave", what));
    }
    if candidate && configure.join.is_some() {
        problems.push(Problem::new("configure.join", "belongs to `style = \"immediate\"`"));
    }
    let terminal = raw.session.kind == SessionKind::Terminal;
    if !candidate && terminal && configure.enter.is_empty() != configure.leave.is_empty() {
        let what = "and `enter` belong together, and one of them is missing";
        problems.push(Problem::new("configure.leave", what));
    }
    if raw.save.as_ref().is_some_and(|save| save.commands.is_empty()) {
        problems.push(Problem::new("save.commands", "is empty"));
    }
}

fn templates(raw: &RawProfile, problems: &mut Vec<Problem>) -> Templates {
    let mut templates = Templates::new(&raw.vlans);
    let options: Vec<&str> = raw.options.keys().map(String::as_str).collect();
    let configure = &raw.configure;
    let diff: Vec<String> = configure.diff.iter().cloned().collect();
    let exit: Vec<String> = configure.exit.iter().cloned().collect();
    let none = Vec::new();
    let save = raw.save.as_ref().map_or(&none, |save| &save.commands);
    let lists = [
        ("session.prepare", &raw.session.prepare),
        ("configure.enter", &configure.enter),
        ("configure.exit", &exit),
        ("configure.leave", &configure.leave),
        ("configure.diff", &diff),
        ("configure.commit", &configure.commit),
        ("configure.commit_confirmed", &configure.commit_confirmed),
        ("configure.confirm", &configure.confirm),
        ("configure.abort", &configure.abort),
        ("configure.discard", &configure.discard),
        ("save.commands", save),
    ];
    for (at, list) in lists {
        for (n, line) in list.iter().enumerate() {
            let at = format!("{at}[{n}]");
            if line.chars().any(char::is_control) {
                problems.push(Problem::new(&at, "holds a control character; each line is one"));
            }
            templates.add(&at, line, &["options", "session"], &options, problems);
        }
    }
    templates
}
