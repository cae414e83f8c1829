//! The prompts of a system, and those of one switch once its name is known.
//!
//! The host's part is learned at login, so that from then on a line is a prompt only if it bears
//! that very name: a prompt of another system in a banner, or in an answer, is text. Some systems
//! cut a long name in the prompts of configuration; a name may therefore be cut at its end, down to
//! sixteen characters.

use std::{collections::BTreeMap, fmt::Write as _};

use regex::Regex;

use super::{Problem, build};
use crate::ssh_cli::profile::{PromptMode, schema::SessionKind};

/// What stands for the host in a prompt's expression.
const HOST: &str = "{host}";

/// To how many characters a name may be cut.
const CUT: usize = 16;

/// In what order they are tried: what is more particular comes first.
const ORDER: [PromptMode; 4] =
    [PromptMode::Configure, PromptMode::Inside, PromptMode::Ready, PromptMode::User];

/// The prompts of a system.
#[derive(Debug, Clone, Default)]
pub struct Prompts {
    /// As they are written.
    written: BTreeMap<PromptMode, String>,
    /// In the order in which they are tried.
    all: Vec<Prompt>,
}

#[derive(Debug, Clone)]
struct Prompt {
    mode: PromptMode,
    /// For a whole line.
    whole: Regex,
    /// For the beginning of a line.
    begin: Regex,
}

/// A line that is a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ssh_cli) struct Seen {
    pub(in crate::ssh_cli) mode: PromptMode,
    /// The host's part, where the expression names it.
    pub(in crate::ssh_cli) host: Option<String>,
}

impl Prompts {
    pub(super) fn compile(
        kind: SessionKind,
        hostname: &str,
        written: &BTreeMap<PromptMode, String>,
        enable: bool,
        problems: &mut Vec<Problem>,
    ) -> Option<Self> {
        let before = problems.len();
        if kind == SessionKind::Commands {
            if !written.is_empty() {
                let what = "commands that are run one by one have no prompts";
                problems.push(Problem::new("session.prompts", what));
            }
            return Some(Self::default());
        }
        if !written.contains_key(&PromptMode::Ready) {
            problems.push(Problem::new("session.prompts.ready", "is missing"));
        }
        if enable && !written.contains_key(&PromptMode::User) {
            let what = "is missing, and `enable` leads from there";
            problems.push(Problem::new("session.prompts.user", what));
        }
        if let Err(what) = build(hostname) {
            problems.push(Problem::new("session.hostname", what));
            return None;
        }
        let mut all = Vec::new();
        for mode in ORDER {
            let Some(text) = written.get(&mode) else { continue };
            let host = format!("(?:{hostname})");
            // By itself first, so that its parentheses cannot close those around it.
            match build(&text.replace(HOST, "host")).and_then(|_| Prompt::build(mode, text, &host))
            {
                Ok(prompt) if prompt.whole.is_match("") => {
                    problems.push(Problem::new(at(mode), "matches the empty line"));
                }
                Ok(prompt) => all.push(prompt),
                Err(what) => problems.push(Problem::new(at(mode), what)),
            }
        }
        (problems.len() == before).then(|| Self { written: written.clone(), all })
    }

    /// Whether there is a prompt for this place.
    pub fn has(&self, mode: PromptMode) -> bool {
        self.written.contains_key(&mode)
    }

    /// The prompt that a whole line is.
    pub(in crate::ssh_cli) fn whole(&self, line: &str) -> Option<Seen> {
        self.all.iter().find_map(|prompt| {
            let found = prompt.whole.captures(line)?;
            let host = found.name("host").map(|host| host.as_str().to_owned());
            Some(Seen { mode: prompt.mode, host })
        })
    }

    /// The prompt that a line begins with, and what follows it.
    pub(in crate::ssh_cli) fn begin<'l>(&self, line: &'l str) -> Option<(PromptMode, &'l str)> {
        self.all.iter().find_map(|prompt| {
            let found = prompt.begin.find(line)?;
            Some((prompt.mode, line.get(found.end()..)?))
        })
    }

    /// The prompts of the switch of this name. A name that no expression can be made of leaves them
    /// as they are.
    pub(in crate::ssh_cli) fn learned(&self, host: &str) -> Self {
        let literal = literal(host);
        let built: Result<Vec<Prompt>, String> = ORDER
            .iter()
            .filter_map(|mode| Some((mode, self.written.get(mode)?)))
            .map(|(mode, text)| Prompt::build(*mode, text, &literal))
            .collect();
        match built {
            Ok(all) => Self { written: self.written.clone(), all },
            Err(_) => self.clone(),
        }
    }
}

impl Prompt {
    fn build(mode: PromptMode, text: &str, host: &str) -> Result<Self, String> {
        // The name is a group once; where it is written again, it is only an expression.
        let filled = text.replacen(HOST, &format!("(?P<host>{host})"), 1).replace(HOST, host);
        Ok(Self {
            mode,
            whole: build(&format!(r"^(?:{filled})\s*$"))?,
            begin: build(&format!(r"^(?:{filled})"))?,
        })
    }
}

fn at(mode: PromptMode) -> &'static str {
    match mode {
        PromptMode::User => "session.prompts.user",
        PromptMode::Ready => "session.prompts.ready",
        PromptMode::Configure => "session.prompts.configure",
        PromptMode::Inside => "session.prompts.inside",
    }
}

/// The expression for a name, and for what is left when it is cut.
fn literal(host: &str) -> String {
    let mut text = String::new();
    let mut open = 0;
    for (index, character) in host.chars().enumerate() {
        if index >= CUT {
            text.push_str("(?:");
            open += 1;
        }
        text.push_str(&regex::escape(character.encode_utf8(&mut [0; 4])));
    }
    for _ in 0..open {
        // Writing to a text cannot fail.
        let _ = text.write_str(")?");
    }
    text
}
