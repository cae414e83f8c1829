//! Asking the plugin, as the driver does, with a failure that shows both sides.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use switch::{Applied, BatchOutcome, DeviceError, Observation, Query, Work};

use super::{
    report::Failure,
    runner::{Runner, blame, fail},
};
use crate::plugin::{
    Fault, Violation,
    driver::clean,
    error::excerpt,
    message::{self, Answer},
    validate,
    wire::{self, Apply, Observe, method},
};

impl Runner {
    /// Asks a method; a session that is lost is started again with the next question.
    pub(super) async fn ask(
        &mut self,
        method: &'static str,
        params: &impl Serialize,
    ) -> Result<Value, Failure> {
        let sent = shown(method, params);
        self.exchange(method, params).await.map_err(|fault| blame(sent, &fault))
    }

    async fn exchange(
        &mut self,
        method: &'static str,
        params: &impl Serialize,
    ) -> Result<Value, Fault> {
        let within = self.settings.answer_timeout;
        let live =
            self.restart().await.map_err(|failure| Fault::System { problem: failure.came })?;
        let answer = live.conversation.call(method, params, within).await;
        let answer = answer.map_err(|fault| clean(fault, &live.redactor));
        let found = match &answer {
            Ok(value) => live.redactor.finds(&value.to_string()),
            Err(_) => false,
        };
        if found {
            let came = format!("a secret in its answer to `{method}`");
            self.leak.get_or_insert(came);
        }
        self.settle(answer)
    }

    fn settle<T>(&mut self, answer: Result<T, Fault>) -> Result<T, Fault> {
        match &answer {
            Ok(_) | Err(Fault::Refused { .. }) => {}
            Err(_) => self.lose(),
        }
        answer
    }

    /// Ends the running process, because it is in doubt.
    pub(super) fn lose(&mut self) {
        self.look_for_leaks();
        self.losses += 1;
        self.live = None;
    }

    /// Reads, with the checks of the driver.
    pub(super) async fn observe(&mut self, query: &Query) -> Result<Observation, Failure> {
        let sent = shown(method::OBSERVE, &Observe::from(query));
        let value = self.ask(method::OBSERVE, &Observe::from(query)).await?;
        let capabilities = self.capabilities();
        let read = wire::result(method::OBSERVE, value)
            .and_then(|answer| validate::observation(query, &capabilities, answer));
        read.map_err(|violation| self.violated(sent, &violation))
    }

    /// Makes one change.
    pub(super) async fn apply(&mut self, work: &Work) -> Result<Applied, Failure> {
        let sent = shown_works(std::slice::from_ref(work));
        match self.apply_all(std::slice::from_ref(work)).await? {
            BatchOutcome::Each(mut each) => match each.pop() {
                Some(Ok(applied)) => Ok(applied),
                Some(Err(error)) => Err(fail(sent, error.to_string())),
                None => Err(fail(sent, "no outcome")),
            },
            BatchOutcome::RefusedWhole(error) => Err(fail(sent, error.to_string())),
        }
    }

    /// Makes several changes at once.
    pub(super) async fn apply_all(&mut self, works: &[Work]) -> Result<BatchOutcome, Failure> {
        let sent = shown_works(works);
        let ask = Apply::new(works).map_err(|misfit| fail(&sent, misfit.to_string()))?;
        let value = match self.exchange(method::APPLY, &ask).await {
            Ok(value) => value,
            Err(fault @ Fault::Refused { .. }) => {
                let program = self.settings.program.display().to_string();
                return Ok(BatchOutcome::RefusedWhole(fault.device_error(&program, true)));
            }
            Err(fault) => return Err(blame(sent, &fault)),
        };
        let redactor =
            self.live.as_ref().map(|live| Arc::clone(&live.redactor)).unwrap_or_default();
        let read = wire::result(method::APPLY, value).and_then(|wire::Outcomes { outcomes }| {
            validate::outcomes(works.len(), outcomes, &redactor)
        });
        let outcomes = read.map_err(|violation| self.violated(sent, &violation))?;
        let lost = |outcome: &Result<Applied, DeviceError>| {
            outcome.as_ref().is_err_and(DeviceError::session_lost)
        };
        if outcomes.iter().any(lost) {
            self.lose();
        }
        Ok(BatchOutcome::Each(outcomes))
    }

    pub(super) fn violated(&mut self, sent: String, violation: &Violation) -> Failure {
        self.lose();
        fail(sent, violation.to_string())
    }

    /// Sends a line as it is, and takes the answer, whatever its id.
    pub(super) async fn raw(&mut self, line: &str) -> Result<(Value, Answer), Failure> {
        let sent = excerpt(line);
        let within = self.settings.answer_timeout;
        let live = self.restart().await?;
        let by = tokio::time::Instant::now() + within;
        let conversation = &mut live.conversation;
        let text = format!("{line}\n");
        let ready = conversation.ready().await;
        let sending = match ready {
            Ok(()) => conversation.send("a line", text.as_bytes(), within, by).await,
            Err(fault) => Err(fault),
        };
        let heard = match sending {
            Ok(()) => conversation.hear("a line", within, by).await,
            Err(fault) => Err(fault),
        };
        let decoded = heard.and_then(|line| {
            message::decode(&line).map_err(|violation| Fault::violated(violation, true))
        });
        self.settle(decoded).map_err(|fault| blame(sent, &fault))
    }

    pub(super) fn capabilities(&self) -> switch::Capabilities {
        self.description.as_ref().map(|d| d.capabilities.clone()).unwrap_or_default()
    }
}

/// A request for people.
pub(super) fn shown(method: &str, params: &impl Serialize) -> String {
    let params = serde_json::to_string(params).unwrap_or_default();
    format!("`{method}` {}", excerpt(&params))
}

/// Works for people: their changes in words.
pub(super) fn shown_works(works: &[Work]) -> String {
    let words = |work: &Work| {
        let changes: Vec<String> = work.changes.iter().map(ToString::to_string).collect();
        if changes.is_empty() { "nothing".to_owned() } else { changes.join(", ") }
    };
    let works: Vec<String> = works.iter().map(words).collect();
    format!("`apply`: {}", works.join("; and beside it: "))
}
