//! Changes where each line takes effect by itself.
//!
//! A line that does something is answered before the next of its request is sent, so that what
//! failed is known to the line, and nothing that counts on it is done. Where the system takes lines
//! ahead, those that only lead on are sent along: out of the context, and into that of the next
//! request, which is gone to whatever becomes of this one.
//!
//! The first error ends its request, and the next begins anew.

use std::{collections::VecDeque, sync::Arc};

use switch::{Applied, Atomicity, BatchOutcome, DeviceError};

use super::{
    CliSession, Rendered, System,
    script::{Part, Scripts},
    steps::{Step, flatten},
    verdict::{self, Verdict},
};
use crate::ssh_cli::{
    console::{Answer, Line},
    profile::PromptMode,
    render::{Block, blocks_to_lines},
    shell::with_doubt,
};

/// A line that is longer travels alone: it may be one that no terminal takes.
const AHEAD_BYTES: usize = 256;

/// A request, and how far it has got.
#[derive(Debug, Clone)]
struct Turn {
    /// Its place in the batch.
    number: usize,
    blocks: Vec<Block>,
    steps: Vec<Step>,
    /// How many of its lines have been answered well.
    done: usize,
    answers: Vec<String>,
}

impl Turn {
    fn new(number: usize, blocks: Vec<Block>, exit: Option<&str>) -> Self {
        let steps = flatten(&blocks, exit);
        Self { number, blocks, steps, done: 0, answers: Vec::new() }
    }

    fn left(&self) -> &[Step] {
        self.steps.get(self.done..).unwrap_or_default()
    }

    fn applied(self) -> Applied {
        Applied { operations: blocks_to_lines(&self.blocks), answers: self.answers }
    }
}

/// Lines that are sent together.
#[derive(Debug, PartialEq, Eq)]
struct Flight {
    /// Of the request whose turn it is; the first of them alone may do something.
    own: Vec<Step>,
    /// The line that opens the next request's context.
    next: Option<Step>,
}

impl Flight {
    fn of(turns: &VecDeque<Turn>, ahead: bool) -> Self {
        let mut left = turns.front().map(Turn::left).unwrap_or_default().iter();
        let mut own: Vec<Step> = left.next().cloned().into_iter().collect();
        let short = |step: &&Step| step.line.len() < AHEAD_BYTES;
        if !ahead || !own.iter().all(|step| short(&step)) {
            return Self { own, next: None };
        }
        own.extend(left.by_ref().take_while(|step| step.leaves && short(step)).cloned());
        let ends = turns.front().is_some_and(|turn| turn.left().len() == own.len());
        let next = turns.get(1).filter(|_| ends).and_then(|turn| turn.left().first());
        Self { own, next: next.filter(|step| step.opens && short(step)).cloned() }
    }

    fn lines(&self) -> Vec<Line<'_>> {
        let steps = self.own.iter().chain(&self.next);
        steps.map(|step| Line { text: &step.line, changes: true, questions: &[] }).collect()
    }
}

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
        let works = std::mem::take(&mut rendered.works).into_iter();
        let mut turns: VecDeque<Turn> =
            works.map(|(number, blocks)| Turn::new(number, blocks, exit.as_deref())).collect();
        while !turns.is_empty() && self.broken.is_none() {
            self.take_off(&system, &mut turns, &mut rendered).await;
        }
        self.leave_base(&system).await;
        rendered.outcome(&self.lost_before())
    }

    /// Sends the next lines, and settles what they end.
    async fn take_off(
        &mut self,
        system: &System,
        turns: &mut VecDeque<Turn>,
        rendered: &mut Rendered,
    ) {
        let Scripts { questions, .. } = &system.profile.scripts;
        let ahead = system.profile.conversation.pipeline && questions.is_empty();
        let flight = Flight::of(turns, ahead);
        let answered = match flight.own.as_slice() {
            [only] if flight.next.is_none() => {
                self.ask(&only.line, true, questions).await.map(|answer| vec![answer])
            }
            _ => self.ask_all(&flight.lines()).await,
        };
        let Some(mut turn) = turns.pop_front() else { return };
        let mut answers = match answered {
            Ok(answers) => answers.into_iter(),
            Err(error) => {
                if let Some(step) = &flight.next
                    && let Some(next) = turns.pop_front()
                {
                    let error = after_others(system, error.clone(), &step.line, false);
                    rendered.settle(next.number, Err(error));
                }
                let line = flight.own.first().map_or("", |step| step.line.as_str());
                let partly = turn.done > 0;
                rendered.settle(turn.number, Err(after_others(system, error, line, partly)));
                if !turns.is_empty() {
                    self.return_to_base(system).await;
                }
                return;
            }
        };
        let mut failed = None;
        for (step, answer) in flight.own.iter().zip(answers.by_ref()) {
            if failed.is_some() {
                continue;
            }
            match self.effect(system, step, &answer, turn.done > 0) {
                Ok(said) => {
                    turn.answers.extend(said);
                    turn.done += 1;
                }
                Err(error) => failed = Some(error),
            }
        }
        let mut astray = failed.is_some();
        match failed {
            Some(error) => rendered.settle(turn.number, Err(error)),
            None if turn.left().is_empty() => {
                rendered.settle(turn.number, Ok(turn.applied()));
            }
            None => turns.push_front(turn),
        }
        if let Some((step, answer)) = flight.next.zip(answers.next()) {
            let taken = self.effect(system, &step, &answer, false);
            astray = taken.is_err();
            match taken {
                Ok(said) => {
                    if let Some(next) = turns.front_mut() {
                        next.answers.extend(said);
                        next.done += 1;
                    }
                }
                Err(error) => {
                    if let Some(next) = turns.pop_front() {
                        rendered.settle(next.number, Err(error));
                    }
                }
            }
        }
        if astray && !turns.is_empty() {
            self.return_to_base(system).await;
        }
    }

    /// What an answer says, if it is one to a line that has taken effect where it should.
    fn effect(
        &self,
        system: &System,
        Step { line, opens, .. }: &Step,
        answer: &Answer,
        partly: bool,
    ) -> Result<Vec<String>, DeviceError> {
        let verdict = verdict::of_change(&system.profile.conversation.grammar, answer, &[]);
        let verdict = match (verdict, self.misplaced(*opens, answer)) {
            (Verdict::Done(said), Some(why)) => match said.is_empty() {
                true => Verdict::Refused(why.to_owned()),
                false => Verdict::Refused(format!("{why}: {}", said.join(" / "))),
            },
            (verdict, _) => verdict,
        };
        let said = verdict.settle(line, true);
        said.map_err(|error| after_others(system, error, line, partly))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_turn() -> impl Strategy<Value = Turn> {
        let block = (any::<bool>(), 1..4_usize).prop_map(|(nested, inside)| {
            let leaf = |line: String| Block { line, inside: Vec::new() };
            let lines = (0..inside).map(|n| leaf(format!("does {n}"))).collect();
            match nested {
                true => Block { line: "opens".to_owned(), inside: lines },
                false => leaf("does".to_owned()),
            }
        });
        let exit = prop::option::of(Just("exit"));
        (prop::collection::vec(block, 1..4), exit, any::<prop::sample::Index>()).prop_map(
            |(blocks, exit, done)| {
                let turn = Turn::new(0, blocks, exit);
                Turn { done: done.index(turn.steps.len()), ..turn }
            },
        )
    }

    proptest! {
        #[test]
        fn one_line_of_a_flight_does_something_and_the_rest_only_leads_on(
            turns in prop::collection::vec(any_turn(), 1..4),
            ahead: bool,
        ) {
            // Only the first has begun.
            let begun = |(at, turn): (usize, Turn)| Turn { done: if at == 0 { turn.done } else { 0 }, ..turn };
            let turns: VecDeque<Turn> = turns.into_iter().enumerate().map(begun).collect();
            let Flight { own, next } = Flight::of(&turns, ahead);
            let left = turns[0].left();
            prop_assert_eq!(own.as_slice(), &left[..own.len()]);
            prop_assert!(!own.is_empty() && own[1..].iter().all(|step| step.leaves));
            if let Some(next) = &next {
                prop_assert_eq!(own.len(), left.len());
                prop_assert!(next.opens);
                prop_assert_eq!(Some(next), turns[1].steps.first());
            }
            prop_assert!(ahead || own.len() == 1 && next.is_none());
        }
    }
}
