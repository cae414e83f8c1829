//! How one talks to a system, compiled from `[session]` and `[answers]` of its profile.

mod grammar;
mod prompts;

use regex::Regex;
use secrecy::SecretString;

pub use grammar::Grammar;
pub use prompts::Prompts;

use super::profile::{
    Problem, Question,
    pattern::{self, Extent},
    schema::{RawProfile, RawQuestion, RawSession, SessionKind},
};

/// The widest terminal: what an SSH server is known to take without complaint.
const WIDEST: u32 = 65_535;

/// How one talks to a system.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// A command line on a terminal, or commands.
    pub kind: SessionKind,
    /// The prompts.
    pub prompts: Prompts,
    /// What ends a line.
    pub newline: String,
    /// Whether what is typed comes back.
    pub echo: bool,
    /// The terminal that is asked for.
    pub terminal: String,
    /// Its width in columns.
    pub width: u32,
    /// What leads from `user` to `ready`.
    pub enable: Option<String>,
    /// What is sent after login.
    pub prepare: Vec<String>,
    /// What may be asked at login.
    pub questions: Vec<Question>,
    /// What means that a new password is demanded.
    pub new_password: Vec<Regex>,
    /// What a pager shows.
    pub pager: Regex,
    /// Whether lines may be sent before answers have come.
    pub pipeline: bool,
    /// What is sent at the end.
    pub goodbye: Option<String>,
    /// What is put before each command (`kind = "commands"`).
    pub prefix: String,
    /// What answers mean.
    pub grammar: Grammar,
}

/// Who logs in, and where.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Where the switch is, for messages.
    pub address: String,
    /// The user.
    pub username: String,
    /// The password, for systems that ask for it again inside SSH.
    pub password: Option<SecretString>,
    /// What `enable` asks for.
    pub enable_secret: Option<SecretString>,
}

impl Conversation {
    /// Compiles it; what is wrong is added to `problems`.
    pub fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Option<Self> {
        let before = problems.len();
        let RawSession {
            kind,
            hostname,
            prompts,
            newline,
            echo,
            terminal,
            width,
            enable,
            prepare,
            questions,
            new_password,
            pager,
            pipeline,
            goodbye,
            sessions: _,
            prefix,
        } = &raw.session;
        let grammar = Grammar::compile(&raw.answers, problems);
        let prompts = Prompts::compile(*kind, hostname, prompts, enable.is_some(), problems);
        let questions = compile_questions("session.questions", questions, problems);
        let new_password = new_password
            .iter()
            .enumerate()
            .filter_map(|(index, text)| {
                let at = format!("session.new_password[{index}]");
                recognises(&at, text, Extent::Part, problems)
            })
            .collect();
        let pager = recognises("session.pager", pager, Extent::Part, problems);
        if *width == 0 || *width > WIDEST {
            problems.push(Problem::new("session.width", format!("is not within 1-{WIDEST}")));
        }
        if newline.is_empty() || !newline.chars().all(|c| matches!(c, '\r' | '\n')) {
            let what = "is neither a carriage return nor a line feed nor both";
            problems.push(Problem::new("session.newline", what));
        }
        let lines = prepare.iter().chain(enable).chain(goodbye).chain([prefix, terminal]);
        for line in lines.filter(|line| line.chars().any(char::is_control)) {
            let what = format!("{line:?} has a control character");
            problems.push(Problem::new("session", what));
        }
        if problems.len() > before {
            return None;
        }
        Some(Self {
            kind: *kind,
            prompts: prompts?,
            newline: newline.clone(),
            echo: *echo,
            terminal: terminal.clone(),
            width: *width,
            enable: enable.clone(),
            prepare: prepare.clone(),
            questions,
            new_password,
            pager: pager?,
            pipeline: *pipeline,
            goodbye: goodbye.clone(),
            prefix: prefix.trim().to_owned(),
            grammar: grammar?,
        })
    }
}

/// Compiles questions of any part of a profile. The expression has to reach the end of the line,
/// whatever blanks follow.
pub fn compile_questions(
    at: &str,
    raw: &[RawQuestion],
    problems: &mut Vec<Problem>,
) -> Vec<Question> {
    let mut questions = Vec::with_capacity(raw.len());
    for (index, RawQuestion { r#match, answer, key }) in raw.iter().enumerate() {
        let at = format!("{at}[{index}]");
        if answer.chars().any(char::is_control) {
            problems.push(Problem::new(format!("{at}.answer"), "has a control character"));
        }
        if let Err(what) = super::shell::fillable(answer) {
            problems.push(Problem::new(format!("{at}.answer"), what));
        }
        let at = format!("{at}.match");
        // By itself first, so that its parentheses cannot close those around it.
        let whole = format!(r"(?:{match})\s*");
        let pattern = pattern::compile(&at, r#match, Extent::Part, problems)
            .and_then(|_| recognises(&at, &whole, Extent::End, problems));
        questions.extend(pattern.map(|pattern| Question {
            pattern,
            answer: answer.clone(),
            key: *key,
        }));
    }
    questions
}

/// An expression that recognises something a switch says. One that matches nothing at all would
/// find it everywhere.
fn recognises(at: &str, text: &str, extent: Extent, problems: &mut Vec<Problem>) -> Option<Regex> {
    let regex = pattern::line(at, text, extent, problems)?;
    if regex.is_match("") {
        problems.push(Problem::new(at, "matches the empty line"));
        return None;
    }
    Some(regex)
}

#[cfg(test)]
pub(super) mod tests;
