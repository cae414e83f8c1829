//! From the first byte to a switch that is ready.
//!
//! What comes first is noise, questions and at last a prompt. That a line is the prompt is shown by
//! evidence: an empty line is typed, and the same prompt of the same host comes again. A banner
//! does not answer. Empty lines that were typed at a banner are answered late; the answers to later
//! lines are told apart from those by their echo.

use secrecy::ExposeSecret as _;
use switch::DeviceError;

use super::{Shell, ear::Ear, reply};
use crate::ssh_cli::{
    console::{Answer, Console as _, Line, Terminal},
    conversation::{Conversation, Credentials},
    profile::{PromptMode, Question},
};

/// How many lines that look like a prompt are tried. A banner has perhaps one.
const MOST_TRIES: usize = 8;

/// How many questions are answered before the first prompt.
const MOST_QUESTIONS: usize = 8;

/// A login that came to nothing.
#[derive(Debug)]
pub(in crate::ssh_cli) struct Refusal {
    pub(in crate::ssh_cli) error: DeviceError,
    /// Whether a secret was refused, so that trying again soon may lock an account.
    pub(in crate::ssh_cli) secret: bool,
}

/// A prompt that was answered with an empty line.
struct Tried {
    mode: PromptMode,
    host: Option<String>,
    text: String,
    line: u64,
}

/// What the greeting has led to so far.
#[derive(Default)]
struct Greeting {
    tried: Option<Tried>,
    tries: usize,
    asked: Vec<usize>,
    /// The line on which a question was answered.
    answered: Option<u64>,
}

impl<T: Terminal> Shell<T> {
    /// Comes from the first byte to the place where commands that read are given. Every failure is
    /// [`DeviceError::Unreachable`], or says what did not come in time.
    pub async fn login(
        terminal: T,
        conversation: &Conversation,
        credentials: &Credentials,
    ) -> Result<Self, DeviceError> {
        Self::come(terminal, conversation, credentials).await.map_err(|refusal| refusal.error)
    }

    /// The same, and whether a secret was refused.
    pub(in crate::ssh_cli) async fn come(
        terminal: T,
        conversation: &Conversation,
        credentials: &Credentials,
    ) -> Result<Self, Refusal> {
        let secrets = credentials.password.iter().chain(&credentials.enable_secret);
        let mut shell = Self {
            ear: Ear::new(terminal, conversation.width, secrets),
            conversation: conversation.clone(),
            credentials: credentials.clone(),
            prompts: conversation.prompts.clone(),
            in_step: true,
            secret_refused: false,
        };
        match shell.come_in().await {
            Ok(()) => Ok(shell),
            Err(error) => {
                let address = shell.credentials.address.clone();
                let secret = shell.secret_refused;
                shell.ear.close().await;
                Err(Refusal { error: unreachable(address, error), secret })
            }
        }
    }

    async fn come_in(&mut self) -> Result<(), DeviceError> {
        let mut mode = self.greet().await?;
        if mode == PromptMode::User
            && let Some(enable) = self.conversation.enable.clone()
        {
            mode = self.enable(&enable).await?;
        }
        mode = self.prepare().await?.unwrap_or(mode);
        if mode != PromptMode::Ready {
            let shown = self.ear.quoted(&self.ear.screen.last());
            return Err(refused(format!("its prompt is {shown}, where commands cannot be given")));
        }
        self.ear.logged_in();
        Ok(())
    }

    /// Up to the first prompt, whose host is learned.
    async fn greet(&mut self) -> Result<PromptMode, DeviceError> {
        let mut greeting = Greeting::default();
        loop {
            for row in self.ear.screen.take() {
                self.demands_new_password(&row.shown)?;
                // Behind a log message many systems write no new prompt.
                if let Some((_, rest)) = self.prompts.begin(&row.shown)
                    && self.conversation.grammar.is_noise(rest.trim())
                {
                    self.knock(&mut greeting).await?;
                }
            }
            let last = self.ear.screen.last();
            self.demands_new_password(&last)?;
            let line = self.ear.screen.last_number();
            if greeting.answered.is_some_and(|answered| answered == line)
                || greeting.tried.as_ref().is_some_and(|tried| tried.line == line)
            {
                self.ear.hear(|| "its prompt".to_owned()).await?;
            } else if let Some(seen) = self.prompts.whole(&last) {
                if self.ear.glance()? {
                    continue;
                }
                let text = last.trim().to_owned();
                let tried = Tried { mode: seen.mode, host: seen.host, text, line };
                if let Some(before) = &greeting.tried
                    && same(before, &tried)
                {
                    return self.learn(&greeting, tried);
                }
                greeting.tried = Some(tried);
                self.knock(&mut greeting).await?;
            } else if let Some(index) = self.question(&last) {
                self.answer(index, &last, &mut greeting).await?;
                greeting.answered = Some(line);
            } else {
                self.ear.hear(|| "its prompt".to_owned()).await?;
            }
        }
    }

    fn demands_new_password(&self, line: &str) -> Result<(), DeviceError> {
        if self.conversation.new_password.iter().any(|pattern| pattern.is_match(line)) {
            let (shown, user) = (self.ear.quoted(line), &self.credentials.username);
            return Err(refused(format!(
                "it demands a new password for `{user}`: {shown}\nhint: log in by hand, give the \
                 account its password, and configure it here"
            )));
        }
        Ok(())
    }

    /// Types an empty line.
    async fn knock(&mut self, greeting: &mut Greeting) -> Result<(), DeviceError> {
        greeting.tries += 1;
        if greeting.tries > MOST_TRIES {
            let shown = self.ear.quoted(&self.ear.screen.last());
            return Err(refused(format!(
                "no prompt came twice after {MOST_TRIES} empty lines; the last one was {shown}"
            )));
        }
        self.type_line("").await
    }

    fn learn(&mut self, greeting: &Greeting, tried: Tried) -> Result<PromptMode, DeviceError> {
        if greeting.tries > 1 && !self.conversation.echo {
            return Err(refused(format!(
                "a line before the prompt {} looks like one, and without an echo late answers \
                 cannot be told from others",
                self.ear.quoted(&tried.text)
            )));
        }
        if let Some(host) = tried.host {
            self.prompts = self.conversation.prompts.learned(&host);
        }
        Ok(tried.mode)
    }

    /// The question that the last line is, of those that may be asked before `enable`.
    fn question(&self, last: &str) -> Option<usize> {
        self.conversation.questions.iter().position(|question| {
            !reply::is_for_enable(&question.answer) && question.pattern.is_match(last)
        })
    }

    async fn answer(
        &mut self,
        index: usize,
        last: &str,
        greeting: &mut Greeting,
    ) -> Result<(), DeviceError> {
        let shown = self.ear.quoted(last);
        let Some(&Question { ref answer, key, .. }) = self.conversation.questions.get(index) else {
            return Ok(());
        };
        if reply::is_secret(answer) && greeting.asked.contains(&index) {
            self.secret_refused = true;
            return Err(refused(format!(
                "it refused the login of `{}` in its own dialogue: it asks {shown} again",
                self.credentials.username
            )));
        }
        if greeting.asked.len() >= MOST_QUESTIONS {
            return Err(refused(format!(
                "it asks {shown} after {MOST_QUESTIONS} questions, and shows no prompt"
            )));
        }
        greeting.asked.push(index);
        let filled = reply::fill(answer, &self.credentials);
        let filled = filled.map_err(|missing| {
            refused(format!("it asks {shown}\nhint: configure the switch's {missing}"))
        })?;
        self.type_answer(filled.expose_secret(), key).await
    }

    async fn enable(&mut self, enable: &str) -> Result<PromptMode, DeviceError> {
        // What asks for the secret counts before what asks for the password of the login, which
        // often looks the same.
        let (mut questions, others): (Vec<Question>, Vec<Question>) =
            (self.conversation.questions.iter().cloned())
                .partition(|question| reply::is_for_enable(&question.answer));
        questions.extend(others);
        let line = Line { text: enable, changes: false, questions: &questions };
        let answer = self.ask(&line).await?;
        match answer.prompt {
            Some(PromptMode::User) | None => {
                self.secret_refused = self.credentials.enable_secret.is_some();
                let said = self.ear.quoted(&answer.text);
                Err(refused(format!(
                    "`{enable}` did not lead to more rights: {said}\nhint: check the switch's \
                     enable secret, or give `{}` its rights at login",
                    self.credentials.username
                )))
            }
            Some(mode) => Ok(mode),
        }
    }

    /// Sends the lines of preparation, and says which prompt came last.
    async fn prepare(&mut self) -> Result<Option<PromptMode>, DeviceError> {
        let prepare = self.conversation.prepare.clone();
        let lines: Vec<Line<'_>> =
            prepare.iter().map(|text| Line { text, changes: false, questions: &[] }).collect();
        let answers = self.ask_all(&lines).await?;
        for (line, Answer { text, .. }) in prepare.iter().zip(&answers) {
            if let Some(error) = text.lines().find(|l| self.conversation.grammar.is_error(l)) {
                let said = self.ear.quoted(error);
                return Err(refused(format!("it refused `{line}`: {said}")));
            }
        }
        Ok(answers.last().and_then(|answer| answer.prompt))
    }
}

fn same(one: &Tried, other: &Tried) -> bool {
    let text = || one.text == other.text;
    one.mode == other.mode && one.host == other.host && (one.host.is_some() || text())
}

/// The switch was reached and does not let in.
fn refused(reason: String) -> DeviceError {
    DeviceError::Rejected { operation: None, answer: reason }
}

/// What a failed login is to the core: no session.
fn unreachable(address: String, error: DeviceError) -> DeviceError {
    match error {
        DeviceError::Rejected { answer, .. } => {
            DeviceError::Unreachable { address, reason: answer }
        }
        DeviceError::Unrecognised { answer, .. } => {
            DeviceError::Unreachable { address, reason: format!("at login, {answer}") }
        }
        DeviceError::Disconnected { reason, .. } => {
            DeviceError::Unreachable { address, reason: format!("at login, {reason}") }
        }
        DeviceError::Unsupported { what } => {
            DeviceError::Unreachable { address, reason: format!("at login, {what}") }
        }
        DeviceError::TimedOut { sent, waiting_for } => {
            let hint = "hint: watch the login by hand; what asks for something has to be among \
                        `session.questions` of the profile";
            DeviceError::TimedOut { sent, waiting_for: format!("{waiting_for}\n{hint}") }
        }
        unreachable @ DeviceError::Unreachable { .. } => unreachable,
    }
}
