//! A conversation with a place that runs commands one by one: each has an end and a status of its
//! own, so there is no prompt to find and no echo to take away.

use async_trait::async_trait;
use switch::DeviceError;

use super::{
    console::{Answer, Commands, Console, Line, Output},
    conversation::Conversation,
    shell::plain_text,
};

/// How long a command may be in bytes: Linux takes 131072 for one argument, with its end, and a
/// command line is one argument of the user's shell.
const COMMAND_BYTES: usize = 131_071;

/// The conversation.
pub struct Exec<C> {
    commands: C,
    prefix: String,
}

impl<C: Commands> Exec<C> {
    /// What is put before each command is the switch's own `prefix`, or else the profile's.
    pub fn new(commands: C, conversation: &Conversation, prefix: Option<&str>) -> Self {
        let prefix = prefix.unwrap_or(&conversation.prefix).trim().to_owned();
        Self { commands, prefix }
    }

    fn command(&self, line: &Line<'_>) -> Result<String, DeviceError> {
        let command = match self.prefix.as_str() {
            "" => line.text.to_owned(),
            prefix => format!("{prefix} {}", line.text),
        };
        let what = if command.len() > COMMAND_BYTES {
            format!("a command of {} bytes is longer than a shell takes", command.len())
        } else if command.chars().any(char::is_control) {
            format!("a command with a control character: {command:?}")
        } else {
            return Ok(command);
        };
        Err(DeviceError::Unsupported { what })
    }
}

#[async_trait]
impl<C: Commands> Console for Exec<C> {
    async fn ask(&mut self, line: &Line<'_>) -> Result<Answer, DeviceError> {
        let command = self.command(line)?;
        let Output { bytes, status } = self.commands.run(&command, line.changes).await?;
        Ok(Answer { text: plain_text(&bytes), prompt: None, status: Some(status) })
    }

    /// One after the other: the next command begins when the last has ended.
    async fn ask_all(&mut self, lines: &[Line<'_>]) -> Result<Vec<Answer>, DeviceError> {
        for line in lines {
            self.command(line)?;
        }
        let mut answers = Vec::with_capacity(lines.len());
        let mut sent = false;
        for line in lines {
            let answer = self.ask(line).await;
            answers.push(answer.map_err(|error| super::shell::with_doubt(error, sent))?);
            sent |= line.changes;
        }
        Ok(answers)
    }

    async fn close(self: Box<Self>) {
        Box::new(self.commands).close().await;
    }
}
