//! A switch that is played from a transcript, byte by byte: echo, answers, prompts, questions.
//!
//! What is typed otherwise than the transcript has it ends the play; the difference is kept for
//! whoever started it. Where nothing more comes, it is said at once that time ran out: a play has
//! no clock.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use switch::DeviceError;

use super::transcript::{Answer, Exchange, Show, Transcript};
use crate::ssh_cli::{
    console::{Commands, Output, Terminal},
    profile::Profile,
};

/// How many exchanges before a difference are shown with it.
const CONTEXT: usize = 3;

/// How many lines that were not typed are shown.
const LEFT_SHOWN: usize = 8;

/// The secrets of a play.
pub(super) const USERNAME: &str = "admin";
pub(super) const PASSWORD: &str = "the-password";
pub(super) const ENABLE_SECRET: &str = "the-enable-secret";

/// How a system's terminal behaves.
#[derive(Debug, Clone)]
pub(super) struct Manners {
    /// What ends a line that is typed.
    pub(super) newline: String,
    /// Whether what is typed comes back.
    pub(super) echo: bool,
    /// What may stand before each command.
    pub(super) prefix: String,
}

impl Manners {
    /// Those of a profile's system.
    pub(super) fn of(profile: &Profile) -> Self {
        let conversation = &profile.conversation;
        Self {
            newline: conversation.newline.clone(),
            echo: conversation.echo,
            prefix: conversation.prefix.clone(),
        }
    }
}

/// A switch that is played.
#[derive(Debug, Clone)]
pub(in crate::ssh_cli) struct Player(Arc<Mutex<Play>>);

#[derive(Debug)]
struct Play {
    manners: Manners,
    left: VecDeque<Exchange>,
    played: Vec<Exchange>,
    /// What is shown next.
    output: VecDeque<Vec<u8>>,
    /// What was typed of a line.
    typed: String,
    /// What has to be typed at a question, and what is shown after it.
    asked: Option<Asked>,
    over: Option<Over>,
    difference: Option<String>,
}

/// A question that is shown.
#[derive(Debug, Clone)]
struct Asked {
    line: String,
    answers: Vec<Answer>,
    rest: VecDeque<Show>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Over {
    Dropped,
    Hanging,
}

impl Player {
    /// A play of a transcript.
    pub(super) fn new(transcript: &Transcript, manners: Manners) -> Self {
        let mut play = Play {
            manners,
            left: transcript.exchanges.iter().cloned().collect(),
            played: Vec::new(),
            output: VecDeque::new(),
            typed: String::new(),
            asked: None,
            over: None,
            difference: None,
        };
        play.show(transcript.banner.iter().cloned().collect());
        Self(Arc::new(Mutex::new(play)))
    }

    fn play(&self) -> MutexGuard<'_, Play> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In what the conversation was another than that of the transcript.
    pub(in crate::ssh_cli) fn difference(&self) -> Option<String> {
        let play = self.play();
        if play.difference.is_some() {
            return play.difference.clone();
        }
        let rest: Vec<&Exchange> = play
            .left
            .iter()
            .filter(|exchange| !(exchange.is_end() && play.left.len() == 1))
            .collect();
        let first = rest.first()?;
        let mut text = play.before();
        for exchange in rest.iter().take(LEFT_SHOWN) {
            let _ = writeln!(text, "- {}{}", exchange.prompt, exchange.typed);
        }
        if rest.len() > LEFT_SHOWN {
            let _ = writeln!(text, "  … and {} more", rest.len() - LEFT_SHOWN);
        }
        let number = first.number;
        Some(format!("nothing was typed any more at line {number} of the transcript:\n{text}"))
    }
}

impl Exchange {
    /// Whether it is only the prompt at which the transcript ends.
    fn is_end(&self) -> bool {
        self.typed.is_empty() && self.answer.is_empty()
    }
}

impl Play {
    /// The last exchanges, for a difference.
    fn before(&self) -> String {
        let skip = self.played.len().saturating_sub(CONTEXT);
        self.played.iter().skip(skip).fold(String::new(), |mut text, exchange| {
            let _ = writeln!(text, "  {}{}", exchange.prompt, exchange.typed);
            text
        })
    }

    fn differs(&mut self, wanted: Option<String>, typed: &str) {
        if self.difference.is_some() {
            return;
        }
        let number = self.left.front().map_or(0, |next| next.number);
        let mut text = self.before();
        if let Some(wanted) = wanted {
            let _ = writeln!(text, "- {wanted}");
        }
        let _ = writeln!(text, "+ {typed}");
        self.difference =
            Some(format!("something else was typed at line {number} of the transcript:\n{text}"));
    }

    /// Shows the rest of an answer up to a question, and then the next prompt.
    fn show(&mut self, mut rest: VecDeque<Show>) {
        while let Some(show) = rest.pop_front() {
            match show {
                Show::Line(line) => self.output.push_back(format!("{line}\r\n").into_bytes()),
                Show::Bytes(bytes) => self.output.push_back(bytes),
                Show::Question { shown, line, answers } => {
                    self.output.push_back(shown.into_bytes());
                    self.asked = Some(Asked { line, answers, rest });
                    return;
                }
                Show::Drop => self.over = Some(Over::Dropped),
                Show::Hang => self.over = Some(Over::Hanging),
                Show::Status(_) => {}
            }
            if self.over.is_some() {
                return;
            }
        }
        if let Some(next) = self.left.front() {
            self.output.push_back(next.prompt.clone().into_bytes());
        }
    }

    fn echo(&mut self, typed: &str) {
        let text = if self.manners.echo { format!("{typed}\r\n") } else { "\r\n".to_owned() };
        if self.manners.echo || !typed.is_empty() {
            self.output.push_back(text.into_bytes());
        }
    }

    /// A whole line was typed.
    fn line(&mut self, typed: &str) {
        if self.over.is_some() || self.difference.is_some() {
            return;
        }
        if let Some(Asked { line, answers, rest }) = self.asked.take() {
            let answer = answers.iter().find(|answer| !answer.key && filled(answer) == typed);
            match answer {
                None => self.differs(Some(line), typed),
                Some(answer) if answer.is_secret() => {
                    self.output.push_back(b"\r\n".to_vec());
                    self.show(rest);
                }
                Some(_) => {
                    self.echo(typed);
                    self.show(rest);
                }
            }
            return;
        }
        let Some(next) = self.left.front() else {
            return self.differs(None, typed);
        };
        let last = self.left.len() == 1 && next.is_end();
        if next.typed != typed || last {
            let wanted = format!("{}{}", next.prompt, next.typed);
            let typed = format!("{}{typed}", next.prompt);
            return self.differs(Some(wanted), &typed);
        }
        if let Some(exchange) = self.left.pop_front() {
            self.echo(typed);
            let answer = exchange.answer.iter().cloned().collect();
            self.played.push(exchange);
            self.show(answer);
        }
    }

    /// A key that answers a question takes effect without an end of line.
    fn key(&mut self) -> bool {
        let typed = &self.typed;
        let is_key = |answer: &Answer| answer.key && filled(answer) == *typed;
        if self.asked.as_ref().is_none_or(|asked| !asked.answers.iter().any(is_key)) {
            return false;
        }
        let typed = std::mem::take(&mut self.typed);
        if let Some(Asked { rest, .. }) = self.asked.take() {
            self.echo(&typed);
            self.show(rest);
        }
        true
    }

    fn command(&mut self, command: &str, changes: bool) -> Result<Output, DeviceError> {
        let dropped = |sent| DeviceError::Disconnected { sent, reason: "it hung up".to_owned() };
        match self.over {
            Some(Over::Dropped) => return Err(dropped(false)),
            Some(Over::Hanging) => return Err(DeviceError::timed_out(false, "the connection")),
            None => {}
        }
        let prefix = format!("{} ", self.manners.prefix);
        let fits = |next: &Exchange| {
            next.typed == command || command.strip_prefix(&prefix) == Some(&next.typed)
        };
        let wanted = self.left.front().map(|next| format!("$ {}", next.typed));
        if !self.left.front().is_some_and(fits) {
            self.differs(wanted, &format!("$ {command}"));
            return Err(dropped(changes));
        }
        let mut output = Output::default();
        if let Some(exchange) = self.left.pop_front() {
            for show in &exchange.answer {
                match show {
                    Show::Line(line) | Show::Question { line, .. } => {
                        output.bytes.extend(format!("{line}\n").into_bytes());
                    }
                    Show::Bytes(bytes) => output.bytes.extend(bytes),
                    Show::Status(status) => output.status = *status,
                    Show::Drop => self.over = Some(Over::Dropped),
                    Show::Hang => self.over = Some(Over::Hanging),
                }
            }
            self.played.push(exchange);
        }
        match self.over {
            Some(Over::Dropped) => Err(dropped(changes)),
            Some(Over::Hanging) => {
                Err(DeviceError::timed_out(changes, format!("the end of `{command}`")))
            }
            None => Ok(output),
        }
    }
}

fn filled(answer: &Answer) -> String {
    let text = answer.text.replace("{username}", USERNAME);
    text.replace("{password}", PASSWORD).replace("{enable_secret}", ENABLE_SECRET)
}

#[async_trait]
impl Terminal for Player {
    async fn send(&mut self, bytes: &[u8]) -> Result<(), DeviceError> {
        let mut play = self.play();
        if play.over == Some(Over::Dropped) && play.output.is_empty() {
            let reason = "it has hung up".to_owned();
            return Err(DeviceError::Disconnected { sent: false, reason });
        }
        play.typed.push_str(&String::from_utf8_lossy(bytes));
        if play.key() {
            return Ok(());
        }
        let newline = play.manners.newline.clone();
        while let Some((line, rest)) = play.typed.split_once(&newline) {
            let (line, rest) = (line.to_owned(), rest.to_owned());
            play.typed = rest;
            play.line(&line);
        }
        Ok(())
    }

    /// The end of what comes by itself is only told to who waits for it: whoever takes what is
    /// there already gets nothing.
    async fn receive(&mut self) -> Result<Option<Vec<u8>>, DeviceError> {
        for patience in [true, false] {
            {
                let mut play = self.play();
                if let Some(bytes) = play.output.pop_front() {
                    return Ok(Some(bytes));
                }
                if play.difference.is_some() || play.over == Some(Over::Dropped) {
                    return Ok(None);
                }
            }
            if patience {
                tokio::task::yield_now().await;
            }
        }
        Err(DeviceError::timed_out(false, "anything more"))
    }

    async fn close(self: Box<Self>) {}
}

#[async_trait]
impl Commands for Player {
    async fn run(&mut self, command: &str, changes: bool) -> Result<Output, DeviceError> {
        self.play().command(command, changes)
    }

    async fn close(self: Box<Self>) {}
}
