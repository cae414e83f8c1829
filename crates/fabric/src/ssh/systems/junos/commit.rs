//! Commit and rollback.

use tokio::time::Instant;

use super::schema::{Step, Wrong};
use super::tree::{Conflict, Tree};
use super::{
    Answer, Commit, Edit, Fault, Junos, Kind, MAX_COMMITS, Own, Session, Unconfirmed, check, text,
};

/// What a commit's words ask for.
#[derive(Default)]
struct Wish {
    check: bool,
    quit: bool,
    minutes: Option<u64>,
    comment: Option<String>,
}

fn wish(words: &[&str]) -> Result<Wish, Wrong> {
    let mut wish = Wish::default();
    let mut words = words.iter().enumerate().peekable();
    while let Some((index, word)) = words.next() {
        match *word {
            "check" => wish.check = true,
            "and-quit" => wish.quit = true,
            "synchronize" | "no-synchronize" => {}
            "comment" => {
                let (_, comment) = words.next().ok_or(Wrong::Missing)?;
                wish.comment = Some((*comment).to_owned());
            }
            "confirmed" => {
                let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
                let given = words.next_if(|(_, word)| is_number(word));
                let minutes = given.map_or(Ok(10), |(_, word)| word.parse::<u64>());
                let minutes = minutes.ok().filter(|minutes| (1..=65_535).contains(minutes));
                wish.minutes = Some(minutes.ok_or_else(|| {
                    let word = given.map_or("", |(_, word)| *word);
                    Wrong::Value(format!("error: Value {word} is not within range (1..65535)"))
                })?);
            }
            _ => return Err(Wrong::Word(index + 1)),
        }
    }
    Ok(wish)
}

/// What a private candidate cannot bring in because somebody else was faster.
fn conflict(conflict: &Conflict) -> String {
    let mut place: Vec<&str> = conflict.path.iter().map(Step::text).collect();
    let mut statement: Vec<&str> = place.pop().into_iter().collect();
    let has_value = matches!(conflict.path.last(), Some(Step::Leaf(_) | Step::Item(_)));
    if has_value && let Some(word) = place.pop() {
        statement.insert(0, word);
    }
    let what = if conflict.is_there { "already exists" } else { "does not exist" };
    let (place, statement) = (place.join(" "), statement.join(" "));
    format!("[edit {place}]\n  '{statement}'\n        warning: statement {what}\n")
}

impl Junos {
    pub(super) fn commit(
        &mut self,
        session: &mut Session,
        edit: &mut Edit,
        words: &[&str],
        now: Instant,
    ) -> Result<Answer, Fault> {
        let wish = wish(words)?;
        if let Some(refusal) = self.locked(session.number) {
            return text(refusal);
        }
        let target = match &edit.own {
            None => self.shared.clone(),
            Some(_) if wish.minutes.is_some() => {
                return text("error: commit confirmed not supported for private configuration");
            }
            Some(_) if self.shared != *self.active() => {
                return text("error: shared configuration database modified");
            }
            Some(own) => match self.shared.merged(&own.base, &own.tree) {
                Ok(merged) => merged,
                Err(other) => return text(conflict(&other)),
            },
        };
        if let Err(refusal) = check::check(&target) {
            return text(refusal);
        }
        if wish.check {
            // It confirms what waits, without committing what is in the candidate.
            self.unconfirmed = None;
            return text("configuration check succeeds");
        }
        let mut said = String::new();
        if !self.setup.has_quirk("no-master") {
            said.push_str("configuration check succeeds\n");
        }
        let before = match self.unconfirmed.take() {
            Some(waiting) => waiting.before,
            None => self.active().clone(),
        };
        if let Some(minutes) = wish.minutes {
            let by = now + self.minute() * u32::try_from(minutes).unwrap_or(u32::MAX);
            self.unconfirmed = Some(Unconfirmed { by, before });
            let plural = if minutes == 1 { "" } else { "s" };
            said.push_str(&format!(
                "commit confirmed will be automatically rolled back in {minutes} minute{plural} \
                 unless confirmed\n"
            ));
        }
        self.shared = target.clone();
        if let Some(own) = &mut edit.own {
            *own = Own { base: target.clone(), tree: target.clone() };
        }
        self.push(target, &session.user, "cli", wish.comment);
        if let Some(first) = self.commits.front_mut() {
            first.minutes = wish.minutes;
        }
        said.push_str("commit complete\n");
        if wish.quit {
            self.leave(session.number, edit.kind);
            said.push_str("Exiting configuration mode\n");
        }
        text(said)
    }

    /// Makes a configuration the active one.
    pub(super) fn push(
        &mut self,
        tree: Tree,
        user: &str,
        via: &'static str,
        comment: Option<String>,
    ) {
        self.active = tree.clone();
        let commit = Commit { tree, user: user.to_owned(), via, comment, minutes: None };
        self.commits.push_front(commit);
        self.commits.truncate(MAX_COMMITS);
    }

    /// Loads a committed configuration into the candidate.
    pub(super) fn rollback(
        &mut self,
        session: &Session,
        edit: &mut Edit,
        words: &[&str],
    ) -> Result<Answer, Fault> {
        let number = match words {
            [] => 0,
            [number] => number.parse::<usize>().map_err(|_| Wrong::Word(1))?,
            _ => return Err(Wrong::Word(2).into()),
        };
        if let Some(refusal) = self.refused(session.number, edit.kind) {
            return text(refusal);
        }
        let Some(tree) = self.commits.get(number).map(|commit| commit.tree.clone()) else {
            return text(format!("error: no rollback configuration {number}"));
        };
        if edit.own.is_some() {
            edit.own = Some(Own { base: self.active().clone(), tree });
        } else {
            self.shared = tree;
        }
        text("load complete")
    }

    /// Why a candidate cannot be edited now.
    pub(super) fn refused(&self, number: u64, kind: Kind) -> Option<String> {
        if kind == Kind::Private {
            return None;
        }
        let others = || self.editors.iter().filter(|(other, _)| **other != number);
        if kind == Kind::Shared && others().any(|(_, editor)| editor.kind == Kind::Private) {
            let text =
                "error: private edits in use. Try 'configure private' or 'configure exclusive'.\n";
            return Some(text.to_owned());
        }
        self.locked(number)
    }
}
