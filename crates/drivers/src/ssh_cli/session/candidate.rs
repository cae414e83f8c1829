//! Changes that are collected and take effect together, at the commit.
//!
//! All requests of a batch go into one candidate. Before the commit nothing has happened, so any
//! error gives the candidate up and the batch is refused as a whole; the worker halves it to find
//! whose fault it was. From the commit on, what is not understood may have happened.

use std::sync::Arc;

use switch::{Applied, BatchOutcome, DeviceError};

use super::{
    CliSession, Rendered, System,
    script::{Part, Scripts},
    steps::{Step, flatten},
    verdict::{self, Told, Verdict, any},
};
use crate::ssh_cli::{
    console::{Answer, Line},
    profile::PromptMode,
    read::excerpt,
    render::{Block, blocks_to_lines, merge},
    shell::with_doubt,
};

/// How a candidate did not become the configuration.
enum Failure {
    /// Nothing has happened.
    Nothing(DeviceError),
    /// Nobody knows.
    Doubt(DeviceError),
}

impl CliSession {
    pub(super) async fn apply_together(&mut self, rendered: Rendered) -> BatchOutcome {
        let system = Arc::clone(&self.system);
        if let Err(error) = self.discard(&system).await {
            return BatchOutcome::RefusedWhole(error);
        }
        let name = system.candidates.next();
        system.abandoned.names().insert(name.clone());
        let outcome = self.apply_in(&system, &name, rendered).await;
        if self.broken.is_none() {
            system.abandoned.names().remove(&name);
        }
        outcome
    }

    /// Removes what lost connections have left behind.
    async fn discard(&mut self, system: &System) -> Result<(), DeviceError> {
        let left: Vec<String> = system.abandoned.names().iter().cloned().collect();
        for name in left {
            for line in system.script(Part::Discard, &name)? {
                // It may be gone by itself, and a switch that keeps it says so at the next.
                self.ask(&line, false, &[]).await?;
            }
            system.abandoned.names().remove(&name);
        }
        Ok(())
    }

    async fn apply_in(
        &mut self,
        system: &System,
        name: &str,
        mut rendered: Rendered,
    ) -> BatchOutcome {
        if let Err(error) = self.go(Part::Enter, name, system.base()).await {
            if self.broken.is_some() {
                return BatchOutcome::RefusedWhole(error);
            }
            self.leave(system, name).await;
            // It is no request's fault, so there is nothing to find by halving the batch.
            return rendered.outcome(&error);
        }
        let works = std::mem::take(&mut rendered.works);
        let blocks: Vec<Block> = works.iter().flat_map(|(_, blocks)| blocks.clone()).collect();
        match self.candidate(system, name, &merge(blocks)).await {
            Ok(answers) => {
                for (number, blocks) in works {
                    let operations = blocks_to_lines(&blocks);
                    let applied = Applied { operations, answers: answers.clone() };
                    rendered.settle(number, Ok(applied));
                }
                // Every work has its outcome by now.
                rendered.outcome(&DeviceError::timed_out(true, "its turn"))
            }
            Err(Failure::Nothing(error)) => {
                self.leave(system, name).await;
                BatchOutcome::RefusedWhole(error)
            }
            Err(Failure::Doubt(error)) => {
                self.leave(system, name).await;
                rendered.outcome(&with_doubt(error, true))
            }
        }
    }

    /// Gives the candidate up, unless the prompt shows that it has been left already.
    async fn leave(&mut self, system: &System, name: &str) {
        if system.base() == PromptMode::Ready || self.place != Some(PromptMode::Ready) {
            self.back(Part::Abort, name).await;
        }
    }

    async fn candidate(
        &mut self,
        system: &System,
        name: &str,
        blocks: &[Block],
    ) -> Result<Vec<String>, Failure> {
        let exit = system.script(Part::Exit, name).map_err(Failure::Nothing)?;
        let exit = exit.first().map(String::as_str);
        let steps = flatten(blocks, exit);
        let mut answers = self.collect(system, &steps).await.map_err(Failure::Nothing)?;
        answers.extend(self.difference(system, name).await.map_err(Failure::Nothing)?);
        answers.extend(self.commit(system, name).await?);
        Ok(answers)
    }

    /// The lines of the candidate, one after the other or, where the system takes that, at once:
    /// their order is kept, and none takes effect yet.
    async fn collect(
        &mut self,
        system: &System,
        steps: &[Step],
    ) -> Result<Vec<String>, DeviceError> {
        let Scripts { questions, .. } = &system.profile.scripts;
        let ahead = system.profile.conversation.pipeline;
        let mut said = Vec::new();
        if !ahead {
            for step in steps {
                let answer = self.ask(&step.line, false, questions).await?;
                said.extend(self.taken(system, step, &answer)?);
            }
            return Ok(said);
        }
        let lines: Vec<Line<'_>> = steps
            .iter()
            .map(|step| Line { text: &step.line, changes: false, questions: &[] })
            .collect();
        let answers = self.ask_all(&lines).await?;
        for (step, answer) in steps.iter().zip(&answers) {
            said.extend(self.taken(system, step, answer)?);
        }
        Ok(said)
    }

    fn taken(
        &mut self,
        system: &System,
        step: &Step,
        answer: &Answer,
    ) -> Result<Vec<String>, DeviceError> {
        let verdict = verdict::of_change(&system.profile.conversation.grammar, answer, &[]);
        let said = verdict.settle(&step.line, false)?;
        match self.misplaced(step.opens, answer) {
            None => Ok(said),
            Some(why) => {
                let answer = [&[why.to_owned()], said.as_slice()].concat().join(": ");
                Err(DeviceError::Rejected { operation: Some(step.line.clone()), answer })
            }
        }
    }

    /// What the candidate changes, in the switch's own words. A switch that does not tell is no
    /// reason not to commit.
    async fn difference(
        &mut self,
        system: &System,
        name: &str,
    ) -> Result<Option<String>, DeviceError> {
        let line = system.script(Part::Diff, name)?.into_iter().next();
        let Some(line) = line.filter(|_| system.show_difference) else { return Ok(None) };
        let answer = self.ask(&line, false, &[]).await?;
        let told = verdict::of_reading(&system.profile.conversation.grammar, &answer);
        Ok(match told {
            Told::Text(text) if !text.trim().is_empty() => Some(text.trim_end().to_owned()),
            Told::Refused(answer) => Some(format!("no difference shown: {}", excerpt(&answer))),
            _ => None,
        })
    }

    async fn commit(&mut self, system: &System, name: &str) -> Result<Vec<String>, Failure> {
        let confirm = system.confirm && !system.profile.raw.configure.commit_confirmed.is_empty();
        let part = if confirm { Part::CommitConfirmed } else { Part::Commit };
        let mut said = self.finish(system, name, part).await?;
        if confirm {
            let confirmed = self.finish(system, name, Part::Confirm).await;
            said.extend(confirmed.map_err(|failure| match failure {
                // It is the configuration, but not for long.
                Failure::Nothing(error) | Failure::Doubt(error) => Failure::Doubt(doubtful(error)),
            })?);
        }
        if self.place.is_some_and(|place| place != PromptMode::Ready) {
            self.give_up(format!("`{}` did not lead back to the prompt `ready`", part.key()));
        }
        Ok(said)
    }

    /// Lines that make the candidate the configuration. The first of them may be refused; after
    /// it, nothing is certain but success.
    async fn finish(
        &mut self,
        system: &System,
        name: &str,
        part: Part,
    ) -> Result<Vec<String>, Failure> {
        let Scripts { questions, committed, .. } = &system.profile.scripts;
        let mut said = Vec::new();
        let mut last = String::new();
        let lines = system.script(part, name).map_err(Failure::Nothing)?;
        for (number, line) in lines.into_iter().enumerate() {
            let answer = self.ask(&line, true, questions).await.map_err(Failure::Doubt)?;
            let good = [committed.as_slice()];
            let grammar = &system.profile.conversation.grammar;
            said.extend(match verdict::of_change(grammar, &answer, &good) {
                Verdict::Refused(answer) if number == 0 => {
                    let operation = Some(line);
                    return Err(Failure::Nothing(DeviceError::Rejected { operation, answer }));
                }
                verdict => verdict.settle(&line, true).map_err(doubtful).map_err(Failure::Doubt)?,
            });
            last = line;
        }
        if committed.is_empty()
            || part == Part::Confirm
            || said.iter().any(|line| any(committed, line))
        {
            return Ok(said);
        }
        Err(Failure::Doubt(DeviceError::Unrecognised {
            sent: true,
            answer: format!("to `{last}`: nothing says that it has been done"),
        }))
    }
}

/// A refusal after which something may have taken effect all the same.
fn doubtful(error: DeviceError) -> DeviceError {
    match error {
        DeviceError::Rejected { operation, answer } => {
            let line = operation.unwrap_or_default();
            DeviceError::Unrecognised { sent: true, answer: format!("to `{line}`: {answer}") }
        }
        error => with_doubt(error, true),
    }
}
