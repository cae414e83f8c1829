//! Lines and their answers.

use secrecy::ExposeSecret as _;
use switch::DeviceError;

use super::{
    LINE_BYTES, Shell,
    hearing::{Heard, Hearing},
    reply,
};
use crate::ssh_cli::{
    console::{Answer, Line, Terminal},
    profile::PromptMode,
};

/// How many lines, and how many bytes of them, are typed before the first is answered. The input
/// of a terminal holds 4096 bytes; half of it is left to the switch.
const AHEAD_LINES: usize = 32;
const AHEAD_BYTES: usize = 2048;

/// How many questions one line may lead to. Real ones ask two or three; a switch that asks for ever
/// is not answered for ever.
const MOST_QUESTIONS: usize = 8;

impl<T: Terminal> Shell<T> {
    /// Sends the lines, `ahead` of the answers or each after the answer to the last.
    pub(super) async fn exchange(
        &mut self,
        lines: &[Line<'_>],
        ahead: bool,
    ) -> Result<Vec<Answer>, DeviceError> {
        for line in lines {
            sendable(line)?;
        }
        if !std::mem::take(&mut self.in_step) {
            let reason = "the last answer was not heard to its end".to_owned();
            return Err(DeviceError::Disconnected { sent: false, reason });
        }
        let mut typed = 0;
        let answers = self.talk(lines, ahead, &mut typed).await;
        let sent = lines.iter().take(typed).any(|line| line.changes);
        let answers = answers.map_err(|error| with_doubt(error, sent))?;
        self.in_step = true;
        Ok(answers)
    }

    async fn talk(
        &mut self,
        lines: &[Line<'_>],
        ahead: bool,
        typed: &mut usize,
    ) -> Result<Vec<Answer>, DeviceError> {
        let (conversation, prompts) = (self.conversation.clone(), self.prompts.clone());
        let mut answers = Vec::with_capacity(lines.len());
        self.ear.screen.take();
        let mut echoed = false;
        while let Some(line) = lines.get(answers.len()) {
            self.type_ahead(lines, answers.len(), ahead, typed).await?;
            let next = lines.get(answers.len() + 1).filter(|_| *typed > answers.len() + 1);
            let mut hearing =
                Hearing::new(&conversation, &prompts, line.text, next.map(|line| line.text));
            if echoed {
                hearing = hearing.echoed();
            }
            let mode;
            (mode, echoed) = self.listen(line, &mut hearing).await?;
            answers.push(hearing.answer(mode));
        }
        Ok(answers)
    }

    /// Types what may be typed while the answer of this number is waited for.
    async fn type_ahead(
        &mut self,
        lines: &[Line<'_>],
        answering: usize,
        ahead: bool,
        typed: &mut usize,
    ) -> Result<(), DeviceError> {
        let mut text = String::new();
        let mut waiting: usize =
            lines.iter().take(*typed).skip(answering).map(|line| line.text.len() + 1).sum();
        while let Some(line) = lines.get(*typed) {
            let first = *typed == answering;
            let room = *typed - answering < AHEAD_LINES && waiting + line.text.len() < AHEAD_BYTES;
            if !(first || ahead && room) {
                break;
            }
            waiting += line.text.len() + 1;
            text.push_str(line.text);
            text.push_str(&self.conversation.newline);
            *typed += 1;
        }
        if text.is_empty() {
            return Ok(());
        }
        if !self.conversation.echo {
            self.ear.screen.forget_last();
        }
        self.ear.send(text.as_bytes()).await
    }

    /// Listens until the answer is complete, and says whether the echo of the next line was heard.
    async fn listen(
        &mut self,
        line: &Line<'_>,
        hearing: &mut Hearing<'_>,
    ) -> Result<(PromptMode, bool), DeviceError> {
        self.ear.listen_anew();
        let mut asked = Vec::new();
        loop {
            let mut rows = self.ear.screen.take().into_iter();
            for row in rows.by_ref() {
                if let Some(mode) = hearing.row(row) {
                    self.ear.screen.put_back(rows.collect());
                    return Ok((mode, true));
                }
            }
            match hearing.last(&self.ear.screen.last(), line.questions) {
                // What has come behind what looks like a prompt shows that it is none.
                Heard::Prompt(_) | Heard::Question(_) | Heard::Pager if self.ear.glance()? => {}
                Heard::Prompt(mode) => return Ok((mode, false)),
                Heard::Question(index) => {
                    self.reply(line, index, &mut asked).await?;
                    hearing.replied();
                }
                Heard::Pager => {
                    let shown = self.ear.quoted(&self.ear.screen.last());
                    // It is given up anyway; this spares the switch a session that hangs.
                    let _ = self.ear.send(b"q").await;
                    let answer = format!("a pager waits with {shown}, although paging is off");
                    return Err(DeviceError::Unrecognised { sent: false, answer });
                }
                Heard::More => {
                    let waiting_for = || match hearing.has_echo() {
                        true => format!("the prompt after `{}`", line.text),
                        false => format!("the echo of `{}`", line.text),
                    };
                    self.ear.hear(waiting_for).await?;
                }
            }
        }
    }

    async fn reply(
        &mut self,
        line: &Line<'_>,
        index: usize,
        asked: &mut Vec<usize>,
    ) -> Result<(), DeviceError> {
        let unknown = |answer: String| DeviceError::Unrecognised { sent: false, answer };
        let Some(question) = line.questions.get(index) else { return Ok(()) };
        let shown = self.ear.quoted(&self.ear.screen.last());
        if reply::is_secret(&question.answer) && asked.contains(&index) {
            self.secret_refused = true;
            return Err(unknown(format!("it asks {shown} again: it has refused the answer")));
        }
        if asked.len() >= MOST_QUESTIONS {
            return Err(unknown(format!(
                "it asks {shown} after {MOST_QUESTIONS} questions to `{}`",
                line.text
            )));
        }
        asked.push(index);
        let answer = reply::fill(&question.answer, &self.credentials).map_err(|missing| {
            unknown(format!("it asks {shown}\nhint: configure the switch's {missing}"))
        })?;
        self.type_answer(answer.expose_secret(), question.key).await
    }
}

/// Refuses what a terminal would take otherwise than it is meant.
fn sendable(line: &Line<'_>) -> Result<(), DeviceError> {
    let what = if line.text.len() > LINE_BYTES {
        let begin: String = line.text.chars().take(40).collect();
        format!("a line of {} bytes is too long for a terminal: `{begin}…`", line.text.len())
    } else if line.text.chars().any(char::is_control) {
        format!("a line with a control character: {:?}", line.text)
    } else {
        return Ok(());
    };
    Err(DeviceError::Unsupported { what })
}

/// The same error, with whether a change may have taken effect.
pub(in crate::ssh_cli) fn with_doubt(mut error: DeviceError, doubt: bool) -> DeviceError {
    match &mut error {
        DeviceError::Disconnected { sent, .. }
        | DeviceError::TimedOut { sent, .. }
        | DeviceError::Unrecognised { sent, .. } => *sent |= doubt,
        DeviceError::Unreachable { .. }
        | DeviceError::Rejected { .. }
        | DeviceError::Unsupported { .. } => {}
    }
    error
}
