//! Changes where each line takes effect by itself.
//!
//! Each line is answered before the next is sent, so that what failed is known to the line. The
//! first error ends its request, and the next begins anew from the outermost place.

use std::sync::Arc;

use switch::{Applied, Atomicity, BatchOutcome, DeviceError};

use super::{
    CliSession, Rendered, System,
    script::{Part, Scripts},
    steps::{Step, flatten},
    verdict::{self, Verdict},
};
use crate::ssh_cli::{profile::PromptMode, render::blocks_to_lines, shell::with_doubt};

impl CliSession {
    pub(super) async fn apply_each(&mut self, mut rendered: Rendered) -> BatchOutcome {
        let system = Arc::clone(&self.system);
        let exit = match system.script(Part::Exit, "") {
            Ok(lines) => lines.into_iter().next(),
            Err(error) => return rendered.outcome(&error),
        };
        if let Err(error) = self.go(Part::Enter, "", system.base()).await {
            if self.broken.is_some() {
                return BatchOutcome::RefusedWhole(error);
            }
            self.leave_base(&system).await;
            return rendered.outcome(&error);
        }
        let mut works = std::mem::take(&mut rendered.works).into_iter().peekable();
        while let Some((number, blocks)) = works.next() {
            let steps = flatten(&blocks, exit.as_deref());
            let outcome = self
                .carry_out(&system, &steps)
                .await
                .map(|answers| Applied { operations: blocks_to_lines(&blocks), answers });
            let failed = outcome.is_err();
            rendered.settle(number, outcome);
            if failed && works.peek().is_some() {
                self.return_to_base(&system).await;
            }
            if self.broken.is_some() {
                break;
            }
        }
        self.leave_base(&system).await;
        rendered.outcome(&self.lost_before())
    }

    /// The lines of one request.
    async fn carry_out(
        &mut self,
        system: &System,
        steps: &[Step],
    ) -> Result<Vec<String>, DeviceError> {
        let Scripts { questions, .. } = &system.profile.scripts;
        let mut answers = Vec::new();
        for (number, Step { line, opens }) in steps.iter().enumerate() {
            let partly = number > 0;
            let answer = match self.ask(line, true, questions).await {
                Ok(answer) => answer,
                Err(error) => return Err(after_others(system, error, line, partly)),
            };
            let verdict = verdict::of_change(&system.profile.conversation.grammar, &answer, &[]);
            let verdict = match (verdict, self.misplaced(*opens, &answer)) {
                (Verdict::Done(said), Some(why)) => match said.is_empty() {
                    true => Verdict::Refused(why.to_owned()),
                    false => Verdict::Refused(format!("{why}: {}", said.join(" / "))),
                },
                (verdict, _) => verdict,
            };
            let said = verdict.settle(line, true);
            answers.extend(said.map_err(|error| after_others(system, error, line, partly))?);
        }
        Ok(answers)
    }

    /// After an error: the next request begins where the first did.
    async fn return_to_base(&mut self, system: &System) {
        if self.broken.is_some() || self.place.is_none_or(|place| place == system.base()) {
            return;
        }
        self.leave_base(system).await;
        if self.broken.is_none()
            && let Err(error) = self.go(Part::Enter, "", system.base()).await
        {
            self.give_up(error.to_string());
        }
    }

    /// To where commands that read are given, unless the prompt shows that it stands there: what
    /// leads there is an unknown word in that place.
    async fn leave_base(&mut self, system: &System) {
        let stands = self.place == Some(PromptMode::Ready) && system.base() != PromptMode::Ready;
        if !stands {
            self.back(Part::Leave, "").await;
        }
    }

    fn lost_before(&self) -> DeviceError {
        let reason = self.broken.clone().unwrap_or_else(|| "it was not its turn".to_owned());
        DeviceError::Disconnected { sent: false, reason }
    }
}

/// The error of a line when others of the same request have taken effect before it.
fn after_others(system: &System, error: DeviceError, line: &str, partly: bool) -> DeviceError {
    let per_command = system.capabilities.atomicity == Atomicity::PerCommand;
    match error {
        // A line that could not be sent at all; what came before it could.
        DeviceError::Unsupported { what } if partly => {
            DeviceError::Rejected { operation: Some(line.to_owned()), answer: what }
        }
        // Whoever reads this must not think that nothing has happened.
        DeviceError::Rejected { answer, .. } if partly && !per_command => {
            DeviceError::Unrecognised { sent: true, answer: format!("to `{line}`: {answer}") }
        }
        error => with_doubt(error, partly),
    }
}
