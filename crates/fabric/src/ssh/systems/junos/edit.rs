//! Configuration mode.

use tokio::time::Instant;

use super::filter::{Shown, words};
use super::schema::{Step, Wrong, next_words, read};
use super::{Answer, Ask, Edit, Editor, Fault, Junos, Kind, MAX_LINES, Own, Session, render, text};
use crate::ssh::device::Reply;

const COMMANDS: &[&str] = &[
    "commit", "delete", "edit", "exit", "load", "quit", "rename", "rollback", "run", "set", "show",
    "status", "top", "up", "update",
];
const DIRTY: &str = "The configuration has been changed but not committed\n";

/// What `?` shows.
pub(super) fn help(is_editing: bool, line: &str) -> String {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let offered = match words.as_slice() {
        [] if is_editing => COMMANDS.to_vec(),
        [] => vec!["configure", "exit", "quit", "set", "show"],
        ["set" | "delete" | "edit" | "show", rest @ ..] if is_editing => next_words(rest),
        ["show", "configuration", rest @ ..] => next_words(rest),
        _ => Vec::new(),
    };
    let lines: String = offered.iter().map(|word| format!("  {word}\n")).collect();
    format!("Possible completions:\n{lines}")
}

impl Junos {
    /// `configure` in its forms.
    pub(super) fn configure_mode(
        &mut self,
        session: &mut Session,
        kind: Kind,
    ) -> Result<Answer, Fault> {
        let is_dirty = self.shared != *self.active();
        let users = self.users(session.number);
        let users = if users.is_empty() {
            users
        } else {
            format!("Users currently editing the configuration:\n{users}")
        };
        let mut said = String::new();
        match kind {
            Kind::Exclusive => {
                if let Some(refusal) = self.locked(session.number) {
                    return text(refusal);
                }
                if is_dirty {
                    return text(format!("{users}error: configuration database modified\n"));
                }
            }
            Kind::Private if is_dirty => {
                return text("error: shared configuration database modified");
            }
            Kind::Private | Kind::Shared => {}
        }
        if kind != Kind::Shared {
            said.push_str("warning: uncommitted changes will be discarded on exit\n");
        }
        said.push_str("Entering configuration mode\n");
        said.push_str(&users);
        if is_dirty {
            said.push_str(DIRTY);
        }
        let own = (kind == Kind::Private)
            .then(|| Own { base: self.active().clone(), tree: self.active().clone() });
        session.edit = Some(Edit { kind, at: Vec::new(), before: Vec::new(), own });
        self.editors.insert(session.number, Editor { user: session.user.clone(), kind });
        text(said)
    }

    /// A line in configuration mode.
    pub(super) fn configuring(
        &mut self,
        session: &mut Session,
        edit: &mut Edit,
        words: &[&str],
        pipes: &[&str],
        now: Instant,
    ) -> Result<Answer, Fault> {
        match words {
            ["set" | "delete" | "rename", ..] => {
                self.change(session.number, edit, words).map(reply).map_err(Fault::from)
            }
            ["show", rest @ ..] => self.candidate_shown(edit, rest, pipes),
            ["commit", rest @ ..] => self.commit(session, edit, rest, now),
            ["rollback", rest @ ..] => self.rollback(session, edit, rest),
            ["run", "show", ..] => self
                .operational(session, words.get(1..).unwrap_or_default())
                .map_err(|fault| match fault {
                    Fault::Command(index) => Fault::Command(index + 1),
                    Fault::Wrong(wrong) => Fault::Wrong(shift(wrong, 0)),
                }),
            ["edit", rest @ ..] => {
                let at: Vec<&str> =
                    edit.at.iter().map(String::as_str).chain(rest.iter().copied()).collect();
                read(&at, false).map_err(|wrong| shift(wrong, edit.at.len()))?;
                let at = at.iter().map(|word| (*word).to_owned()).collect();
                edit.before.push(std::mem::replace(&mut edit.at, at));
                Ok(reply(String::new()))
            }
            ["top"] => {
                edit.at.clear();
                edit.before.clear();
                Ok(reply(String::new()))
            }
            ["up"] => {
                edit.at.pop();
                Ok(reply(String::new()))
            }
            ["exit"] if !edit.at.is_empty() => {
                edit.at = edit.before.pop().unwrap_or_default();
                Ok(reply(String::new()))
            }
            ["exit" | "quit"] | ["exit", "configuration-mode"] => Ok(self.exit(session, edit)),
            ["status"] => {
                let users = self.users(0);
                text(format!("Users currently editing the configuration:\n{users}"))
            }
            ["update"] => match &edit.own {
                None => text("error: not in private mode"),
                Some(own) => match self.shared.merged(&own.base, &own.tree) {
                    Ok(tree) => {
                        edit.own = Some(Own { base: self.shared.clone(), tree });
                        Ok(reply(String::new()))
                    }
                    Err(_) => text("error: statements of others are in the way"),
                },
            },
            ["load", "set", "terminal"] => {
                session.text = Some(Vec::new());
                text("[Type ^D at a new line to end input]")
            }
            [word, ..] if COMMANDS.contains(word) => Err(Wrong::Word(1).into()),
            _ => Err(Wrong::Word(0).into()),
        }
    }

    /// `set`, `delete` and `rename`. The text is what is said when it is done, or why it is not.
    pub(super) fn change(
        &mut self,
        number: u64,
        edit: &mut Edit,
        line: &[&str],
    ) -> Result<String, Wrong> {
        let (verb, rest) = match line {
            [verb, rest @ ..] => (*verb, rest),
            [] => return Err(Wrong::Missing),
        };
        let depth = edit.at.len();
        let at: Vec<String> = edit.at.clone();
        let below = |words: &[&str]| -> Vec<String> {
            at.iter().cloned().chain(words.iter().map(|word| (*word).to_owned())).collect()
        };
        let statement = |words: &[&str], whole: bool| {
            let words = below(words);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            read(&words, whole).map_err(|wrong| shift(wrong, depth))
        };
        let refusal = self.refused(number, edit.kind);
        let tree = match &mut edit.own {
            Some(own) => &mut own.tree,
            None => &mut self.shared,
        };
        match (verb, rest) {
            ("set", rest) => {
                let found: Result<Vec<_>, Wrong> =
                    lists(rest).iter().map(|words| statement(words, true)).collect();
                let found = found?;
                if let Some(refusal) = refusal {
                    return Ok(refusal);
                }
                found.into_iter().for_each(|found| tree.set(found.path));
                Ok(String::new())
            }
            ("delete", []) if depth == 0 => {
                Err(Wrong::Value("error: deleting everything is not simulated".to_owned()))
            }
            ("delete", rest) => {
                let found: Result<Vec<_>, Wrong> =
                    lists(rest).iter().map(|words| statement(words, false)).collect();
                let found = found?;
                if let Some(refusal) = refusal {
                    return Ok(refusal);
                }
                let gone = found.iter().filter(|found| tree.delete(found)).count();
                let all = gone == found.len();
                Ok(if all { String::new() } else { "warning: statement not found\n".to_owned() })
            }
            ("rename", [old @ .., "to", name]) => {
                let old = statement(old, false)?.path;
                let mut new = old.clone();
                match new.last_mut() {
                    Some(step @ Step::Key(_)) => *step = Step::Key(super::schema::Name::new(name)),
                    _ => return Err(Wrong::Word(line.len() - 2)),
                }
                if let Some(refusal) = refusal {
                    return Ok(refusal);
                }
                if tree.below(&old).is_empty() {
                    return Ok("warning: statement not found\n".to_owned());
                }
                if !tree.below(&new).is_empty() {
                    return Ok(format!("error: target '{name}' already exists\n"));
                }
                tree.rename(&old, &new);
                Ok(String::new())
            }
            ("rename", _) => Err(Wrong::Missing),
            _ => Err(Wrong::Word(0)),
        }
    }

    fn candidate_shown(
        &self,
        edit: &Edit,
        words: &[&str],
        pipes: &[&str],
    ) -> Result<Answer, Fault> {
        let at: Vec<&str> =
            edit.at.iter().map(String::as_str).chain(words.iter().copied()).collect();
        let place = if at.is_empty() {
            Vec::new()
        } else {
            read(&at, false).map_err(|wrong| shift(wrong, edit.at.len()))?.path
        };
        let tree = self.candidate(edit).below(&place);
        if let [compare, ..] = pipes
            && let Some(rest) = compare.strip_prefix("compare")
        {
            let number = match rest.split_whitespace().collect::<Vec<_>>().as_slice() {
                [] => 0,
                ["rollback", number] => number.parse::<usize>().map_err(|_| Wrong::Word(1))?,
                _ => return Err(Wrong::Word(1).into()),
            };
            let Some(other) = self.commits.get(number) else {
                return text(format!("error: no rollback configuration {number}"));
            };
            return Ok(Answer::Compared(render::difference(&other.tree.below(&place), &tree)));
        }
        Ok(Answer::Shown(Shown::Tree { tree, place, heading: false }))
    }

    /// Leaves configuration mode, or asks first.
    fn exit(&mut self, session: &mut Session, edit: &Edit) -> Answer {
        let is_dirty = match &edit.own {
            Some(own) => own.tree != own.base,
            None => self.shared != *self.active(),
        };
        if is_dirty {
            session.asks = Some(if edit.kind == Kind::Shared { Ask::Leave } else { Ask::Discard });
            return reply(DIRTY.to_owned());
        }
        self.leave(session.number, edit.kind);
        reply("Exiting configuration mode\n".to_owned())
    }

    /// The answer to a question.
    pub(super) fn answered(&mut self, session: &mut Session, ask: Ask, answer: &str) -> Reply {
        match answer {
            "" | "y" | "yes" => {}
            "n" | "no" => return Reply::silent(),
            _ => {
                session.asks = Some(ask);
                return Reply::text("Please type 'yes' or 'no'");
            }
        }
        if let Some(edit) = session.edit.take() {
            self.leave(session.number, edit.kind);
        }
        let discarded = match ask {
            Ask::Leave => "",
            Ask::Discard => "warning: discarding uncommitted changes\nload complete\n",
        };
        Reply::text(format!("{discarded}Exiting configuration mode\n"))
    }

    /// A login is in configuration mode no longer.
    pub(super) fn leave(&mut self, number: u64, kind: Kind) {
        if self.editors.remove(&number).is_some() && kind == Kind::Exclusive {
            self.shared = self.active().clone();
        }
    }

    /// The end of `load set terminal`.
    pub(super) fn load(&mut self, session: &mut Session, lines: &[String]) -> Reply {
        let Some(mut edit) = session.edit.take() else { return Reply::silent() };
        let (mut said, mut errors) = (String::new(), 0);
        if lines.len() >= MAX_LINES {
            said.push_str("error: too many lines\n");
            errors += 1;
        }
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let split = words(line);
            let texts: Vec<&str> = split.iter().map(|(_, word)| word.as_str()).collect();
            let number = index + 1;
            let fault = match self.change(session.number, &mut edit, &texts) {
                Ok(text) if text.starts_with("error:") => text,
                Ok(text) => {
                    said.push_str(&text);
                    continue;
                }
                Err(Wrong::Value(text)) => format!("terminal:{number}: {text}\n"),
                Err(Wrong::Missing) => format!("terminal:{number}: missing argument\n"),
                Err(Wrong::Word(word)) => {
                    let (column, word) =
                        split.get(word).map_or((0, ""), |(column, word)| (*column, word.as_str()));
                    format!("terminal:{number}:({column}) syntax error: {word}\n")
                }
            };
            said.push_str(&fault);
            errors += 1;
        }
        session.edit = Some(edit);
        let end = if errors == 0 { String::new() } else { format!(" ({errors} errors)") };
        Reply::text(format!("{said}load complete{end}\n"))
    }
}

fn reply(text: String) -> Answer {
    Answer::Reply(Reply::text(text))
}

/// A fault in words that follow a verb, where the place in the hierarchy comes first.
fn shift(wrong: Wrong, depth: usize) -> Wrong {
    match wrong {
        Wrong::Word(index) => Wrong::Word((index + 1).saturating_sub(depth).max(1)),
        other => other,
    }
}

/// A statement for each value of `[ a b ]`.
fn lists<'a>(words: &[&'a str]) -> Vec<Vec<&'a str>> {
    match words {
        [before @ .., last] if *last == "]" => {
            let Some(open) = before.iter().position(|word| *word == "[") else {
                return vec![words.to_vec()];
            };
            let (start, values) = before.split_at(open);
            values.iter().skip(1).map(|value| [start, &[*value]].concat()).collect()
        }
        words => vec![words.to_vec()],
    }
}
