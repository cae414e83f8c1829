//! From lines to an answer: where it begins, where it ends, what in it is none of it.
//!
//! Pure: it is given rows, and says what to do. An answer begins after the echo of its line and
//! ends where a prompt is the whole last line, or where a prompt is followed by the echo of the line
//! that was typed meanwhile.

use super::{
    echo::{self, MOST_ROWS},
    screen::Row,
};
use crate::ssh_cli::{
    console::Answer,
    conversation::{Conversation, Prompts},
    profile::{PromptMode, Question},
};

/// What a last line means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing yet.
    More,
    /// The answer is complete, with this prompt.
    Prompt(PromptMode),
    /// A question: that of this number.
    Question(usize),
    /// A pager waits.
    Pager,
}

/// An answer that is being listened to.
#[derive(Debug)]
pub(super) struct Hearing<'a> {
    prompts: &'a Prompts,
    conversation: &'a Conversation,
    sent: &'a str,
    /// What was typed after it, if it was.
    next: Option<&'a str>,
    echoed: bool,
    /// The last rows before the echo; after it, the answer.
    rows: Vec<Row>,
    /// A prompt behind which nothing came but log messages.
    prompted: Option<PromptMode>,
    /// The same, when a log message did come: many systems write no new prompt after one.
    interrupted: Option<PromptMode>,
    /// Whether a question on the last line has been answered, so that the line is none of the
    /// answer.
    replied: bool,
}

impl<'a> Hearing<'a> {
    pub(super) fn new(
        conversation: &'a Conversation,
        prompts: &'a Prompts,
        sent: &'a str,
        next: Option<&'a str>,
    ) -> Self {
        let echoed = !conversation.echo;
        Self {
            prompts,
            conversation,
            sent,
            next,
            echoed,
            rows: Vec::new(),
            prompted: None,
            interrupted: None,
            replied: false,
        }
    }

    /// The answer to a line whose echo has already been heard.
    pub(super) const fn echoed(mut self) -> Self {
        self.echoed = true;
        self
    }

    pub(super) const fn has_echo(&self) -> bool {
        self.echoed
    }

    /// Takes a finished row. The answer is complete if it was the prompt and the echo of the next
    /// line.
    pub(super) fn row(&mut self, row: Row) -> Option<PromptMode> {
        let interrupted = self.interrupted;
        self.look_for_log_message(&row);
        if std::mem::take(&mut self.replied) {
            return None;
        }
        self.rows.push(row);
        if !self.echoed {
            let echo = echo::find(&self.rows, self.sent, self.prompts);
            if echo.is_some() {
                self.echoed = true;
                self.rows.clear();
            } else if self.rows.len() > MOST_ROWS {
                self.rows.remove(0);
            }
            return None;
        }
        let tail = self.rows.get(self.rows.len().saturating_sub(MOST_ROWS)..).unwrap_or_default();
        if let Some(next) = self.next {
            let echo = echo::find(tail, next, self.prompts);
            let mode = echo.and_then(|echo| echo.prompt.or(interrupted));
            if mode.is_some() {
                self.cut_from_prompt();
                return mode;
            }
        }
        // The line was echoed before the switch was ready for it, and is echoed now again.
        if self.conversation.echo
            && echo::find(tail, self.sent, self.prompts).is_some_and(|echo| echo.prompt.is_some())
        {
            self.rows.clear();
        }
        None
    }

    /// A question on the last line has been answered.
    pub(super) const fn replied(&mut self) {
        self.replied = true;
    }

    /// Takes away the rows of a prompt and the echo behind it.
    fn cut_from_prompt(&mut self) {
        while let Some(row) = self.rows.pop() {
            if self.prompts.begin(&row.shown).is_some() {
                return;
            }
        }
    }

    /// Log messages come behind a prompt, on its line or on lines of their own.
    fn look_for_log_message(&mut self, row: &Row) {
        let message = self.log_message(row);
        let prompt = message.or_else(|| self.prompts.whole(&row.shown).map(|seen| seen.mode));
        let line = row.shown.trim_end();
        if prompt.is_some() {
            (self.prompted, self.interrupted) = (prompt, message);
        } else if self.conversation.grammar.is_noise(line) {
            self.interrupted = self.prompted;
        } else if !line.is_empty() {
            (self.prompted, self.interrupted) = (None, None);
        }
    }

    /// Whether a row is a prompt behind which a log message was written.
    fn log_message(&self, row: &Row) -> Option<PromptMode> {
        if self.conversation.grammar.noise.is_empty() {
            return None;
        }
        let (mode, rest) = self.prompts.begin(&row.shown)?;
        let rest = rest.trim();
        (!rest.is_empty() && self.conversation.grammar.is_noise(rest)).then_some(mode)
    }

    /// What the last line means.
    pub(super) fn last(&self, last: &str, questions: &[Question]) -> Heard {
        if !self.echoed {
            return Heard::More;
        }
        if let Some(seen) = self.prompts.whole(last) {
            return Heard::Prompt(seen.mode);
        }
        if let Some(mode) = self.interrupted.filter(|_| last.trim().is_empty()) {
            return Heard::Prompt(mode);
        }
        if self.replied {
            return Heard::More;
        }
        if let Some(index) = questions.iter().position(|q| q.pattern.is_match(last)) {
            return Heard::Question(index);
        }
        if self.conversation.pager.is_match(last) {
            return Heard::Pager;
        }
        Heard::More
    }

    /// The answer.
    pub(super) fn answer(self, mode: PromptMode) -> Answer {
        let mut text = String::new();
        for row in &self.rows {
            let line = row.shown.trim_end();
            if !self.is_noise(row, line) {
                text.push_str(line);
                text.push('\n');
            }
        }
        // Systems differ in how many empty lines they leave around an answer.
        let text = text.trim_matches('\n');
        let text = if text.is_empty() { String::new() } else { format!("{text}\n") };
        Answer { text, prompt: Some(mode), status: None }
    }

    fn is_noise(&self, row: &Row, line: &str) -> bool {
        self.conversation.grammar.is_noise(line)
            || self.prompts.whole(&row.shown).is_some()
            || self.log_message(row).is_some()
    }
}
