//! A conversation on a terminal: lines typed, answers heard.
//!
//! It knows where an answer begins by the echo of its line, and where it ends by the prompt of this
//! very switch; it waits for these, never for a time. What it does not understand is never guessed:
//! a question that the caller did not expect, a pager, a switch that does not stop, bytes that are
//! no text end the conversation with an error that says so. A silence ends it after minutes; the
//! caller's deadline, which drops the future, usually comes first.
//!
//! [`escape`] and [`screen`] make lines of bytes, [`echo`] and [`hearing`] make answers of lines,
//! all pure; [`ear`] listens with limits, [`login`] comes to the first prompt, and [`exchange`] is
//! what happens between.

mod ear;
mod echo;
mod escape;
mod exchange;
mod hearing;
mod login;
mod reply;
mod screen;

use std::time::Duration;

use async_trait::async_trait;
use switch::DeviceError;

use self::ear::Ear;
pub(super) use self::{exchange::with_doubt, reply::fillable, screen::plain_text};
use super::{
    console::{Answer, Console, Line, Terminal},
    conversation::{Conversation, Credentials, Prompts},
};

/// How long a line may be in bytes. A terminal in line mode takes 4095 with the end of the line,
/// and drops the rest without a word.
const LINE_BYTES: usize = 4000;

/// How long a switch may take to hang up after the goodbye.
const GOODBYE: Duration = Duration::from_secs(1);

/// A conversation on a terminal.
pub struct Shell<T> {
    ear: Ear<T>,
    conversation: Conversation,
    credentials: Credentials,
    /// Those of this switch.
    prompts: Prompts,
    /// Whether the last answer was heard to its end.
    in_step: bool,
    /// Whether a secret that was typed has been refused.
    secret_refused: bool,
}

impl<T: Terminal> Shell<T> {
    /// Types what a question is answered with, a `key` or a line.
    async fn type_answer(&mut self, text: &str, key: bool) -> Result<(), DeviceError> {
        match key {
            true => self.ear.send(text.as_bytes()).await,
            false => self.type_line(text).await,
        }
    }

    async fn type_line(&mut self, text: &str) -> Result<(), DeviceError> {
        let line = format!("{text}{}", self.conversation.newline);
        self.ear.send(line.as_bytes()).await
    }
}

#[async_trait]
impl<T: Terminal> Console for Shell<T> {
    async fn ask(&mut self, line: &Line<'_>) -> Result<Answer, DeviceError> {
        let answers = self.exchange(std::slice::from_ref(line), false).await?;
        let none = || DeviceError::timed_out(line.changes, "an answer");
        answers.into_iter().next().ok_or_else(none)
    }

    /// Lines are sent ahead where the system takes that and none of them expects a question, which
    /// the line after it would answer.
    async fn ask_all(&mut self, lines: &[Line<'_>]) -> Result<Vec<Answer>, DeviceError> {
        let ahead = self.conversation.pipeline
            && self.conversation.echo
            && lines.iter().all(|line| line.questions.is_empty());
        self.exchange(lines, ahead).await
    }

    fn prompt(&self) -> Option<String> {
        Some(self.ear.screen.last().trim().to_owned()).filter(|prompt| !prompt.is_empty())
    }

    async fn close(mut self: Box<Self>) {
        if self.in_step
            && let Some(goodbye) = self.conversation.goodbye.clone()
            && self.type_line(&goodbye).await.is_ok()
        {
            let hung_up = async { while self.ear.hear(|| "the end".to_owned()).await.is_ok() {} };
            // Whether it hangs up by itself or not: it is hung up now.
            let _ = tokio::time::timeout(GOODBYE, hung_up).await;
        }
        self.ear.close().await;
    }
}

#[cfg(test)]
mod tests;
