//! The fixed parts of a conversation, from `[configure]` and `[save]` of a profile.

use std::collections::BTreeMap;

use regex::Regex;

use crate::ssh_cli::{
    conversation::compile_questions,
    profile::{
        Problem, Profile, Question,
        pattern::{self, Extent},
        schema::RawProfile,
    },
    render::{RenderError, Scene},
};

/// What belongs to the lines of `[configure]` and `[save]`.
#[derive(Debug, Clone)]
pub struct Scripts {
    /// What a command that changes something may ask.
    pub questions: Vec<Question>,
    /// How a commit says that it has succeeded.
    pub committed: Vec<Regex>,
    /// What saving may ask.
    pub save_questions: Vec<Question>,
    /// How saving says that it has been done.
    pub saved: Vec<Regex>,
    /// What else saving says.
    pub save_notes: Vec<Regex>,
}

impl Scripts {
    /// Compiles them; what is wrong is added to `problems`.
    pub fn compile(raw: &RawProfile, problems: &mut Vec<Problem>) -> Self {
        let nothing = Vec::new();
        let configure = &raw.configure;
        let save = raw.save.as_ref();
        let saved = save.map_or(&nothing, |save| &save.saved);
        let notes = save.map_or(&nothing, |save| &save.notes);
        let questions = save.map_or(&[][..], |save| &save.questions);
        let mut lines =
            |at: &str, texts: &[String]| pattern::lines(at, texts, Extent::Whole, problems);
        Self {
            committed: lines("configure.committed", &configure.committed),
            saved: lines("save.saved", saved),
            save_notes: lines("save.notes", notes),
            questions: compile_questions("configure.questions", &configure.questions, problems),
            save_questions: compile_questions("save.questions", questions, problems),
        }
    }
}

/// A part of the conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Enter,
    Exit,
    Leave,
    Diff,
    Commit,
    CommitConfirmed,
    Confirm,
    Abort,
    Discard,
    Save,
}

impl Part {
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Enter => "configure.enter",
            Self::Exit => "configure.exit",
            Self::Leave => "configure.leave",
            Self::Diff => "configure.diff",
            Self::Commit => "configure.commit",
            Self::CommitConfirmed => "configure.commit_confirmed",
            Self::Confirm => "configure.confirm",
            Self::Abort => "configure.abort",
            Self::Discard => "configure.discard",
            Self::Save => "save.commands",
        }
    }

    fn count(self, raw: &RawProfile) -> usize {
        let configure = &raw.configure;
        match self {
            Self::Enter => configure.enter.len(),
            Self::Exit => usize::from(configure.exit.is_some()),
            Self::Leave => configure.leave.len(),
            Self::Diff => usize::from(configure.diff.is_some()),
            Self::Commit => configure.commit.len(),
            Self::CommitConfirmed => configure.commit_confirmed.len(),
            Self::Confirm => configure.confirm.len(),
            Self::Abort => configure.abort.len(),
            Self::Discard => configure.discard.len(),
            Self::Save => raw.save.as_ref().map_or(0, |save| save.commands.len()),
        }
    }
}

/// The lines of a part; `session` is the candidate's name.
pub(super) fn lines(
    profile: &Profile,
    part: Part,
    options: &BTreeMap<String, String>,
    session: &str,
) -> Result<Vec<String>, RenderError> {
    let scene = Scene::from([
        ("options", minijinja::Value::from(options.clone())),
        ("session", minijinja::Value::from(session)),
    ]);
    let numbers = 0..part.count(&profile.raw);
    let each = numbers.map(|n| profile.lines.line(&format!("{}[{n}]", part.key()), &scene));
    Ok(each.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}
