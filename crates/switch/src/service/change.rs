//! Carrying out a change, and planning one without carrying it out.

use std::{collections::BTreeSet, sync::Arc};

use model::{LegOutcome, SwitchName, SwitchPort};
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, error, info, info_span, warn};
use uuid::Uuid;

use super::{
    LinkReport, PlanReport, PlannedLeg, Report, SaveState, Service, expired, in_time, legs,
    members,
    prepare::{self, Part},
};
use crate::{
    audit::{self, Outcome},
    driver::Applied,
    error::SwitchError,
    leg::{Leg, effective},
    lockfile::{Guard, LockError},
    request::{ChangeRequest, Origin},
    token::Token,
    transaction::{self, DoneLeg, Failed},
    verify::differences,
};

impl Service {
    /// What a change would do. Nothing is held, sent or recorded; the policy is asked.
    pub async fn plan(
        &self,
        request: ChangeRequest,
        origin: &Origin,
    ) -> Result<PlanReport, SwitchError> {
        in_time(origin)?;
        let state = self.state();
        let parts = self.allowed_parts(&state, &request, origin).await?;
        let legs = legs::plan_legs(&state, &request, &parts, origin.deadline).await;
        let legs = self.refusal_recorded(legs, &parts, &request, origin).await?;
        let planned = legs.iter().map(planned).collect();
        let token = Token::new(request, &legs).encode()?;
        Ok(PlanReport { token, legs: planned })
    }

    /// One change from the beginning to the end.
    pub(super) async fn carry_out(
        &self,
        request: ChangeRequest,
        origin: Origin,
        token: Option<Token>,
    ) -> Result<Report, SwitchError> {
        let verb = request.operation.verb();
        let span = info_span!(
            "change",
            request_id = %origin.request_id,
            caller = %origin.caller,
            verb = %verb,
        );
        let start = Instant::now();
        let outcome = self.steps(request, &origin, token, start).instrument(span.clone()).await;
        let _entered = span.entered();
        let name = match &outcome {
            Ok(report) if report.change.is_some() => "done",
            Ok(_) => "unchanged",
            Err(error) => error.class().name(),
        };
        metrics::counter!(
            "mercury_switch_changes_total", "verb" => verb.as_str(), "outcome" => name
        )
        .increment(1);
        metrics::histogram!("mercury_switch_change_seconds", "verb" => verb.as_str())
            .record(start.elapsed());
        match &outcome {
            Ok(report) => {
                let change = report.change.as_deref();
                info!(change, outcome = name, duration = ?start.elapsed(), "change ended");
            }
            Err(error) => {
                let change = error.change();
                warn!(change, outcome = name, %error, duration = ?start.elapsed(), "change ended");
            }
        }
        outcome
    }

    async fn steps(
        &self,
        request: ChangeRequest,
        origin: &Origin,
        token: Option<Token>,
        start: Instant,
    ) -> Result<Report, SwitchError> {
        in_time(origin)?;
        let state = self.state();
        let mut looks = 1;
        let (ports, _held, _locked, (legs, _claimed)) = loop {
            let parts = self.allowed_parts(&state, &request, origin).await?;
            let ports = prepare::switch_ports(&parts);
            let held = self.ports.hold(&ports, origin.deadline).await.map_err(|port| {
                SwitchError::Busy(format!("port {port} is being changed by another request"))
            })?;
            let locked = self.lock_switches(&parts, origin.deadline).await?;
            match self.claimed_legs(&state, &request, &parts, origin.deadline).await {
                Err(SwitchError::MembersChanged { .. }) if looks < members::LOOKS => looks += 1,
                legs => {
                    let legs = self.refusal_recorded(legs, &parts, &request, origin).await?;
                    break (ports, held, locked, legs);
                }
            }
        };
        if let Some(token) = &token {
            token.check(&legs)?;
        }
        if legs.iter().all(Leg::is_so_already) {
            self.settle(&ports, "verify").await;
            let links = legs.iter().flat_map(|leg| links(leg, None)).collect();
            return Ok(Report { change: None, links, duration: start.elapsed() });
        }
        in_time(origin).map_err(|_| expired("while the switches were read"))?;

        let change = Uuid::new_v4().to_string();
        let begin = begin(&change, &request, origin, &legs, &ports);
        match timeout_at(origin.deadline, self.audit.append(begin.clone())).await {
            Ok(written) => written.map_err(|error| SwitchError::Audit(error.to_string()))?,
            Err(_) => return Err(expired("while the audit log was written")),
        };
        let outcome = transaction::run(legs, origin.deadline).await;
        let end = end(&change, &outcome, start);
        let unknown = end.outcome == Outcome::Unknown;
        match timeout_at(origin.deadline, self.audit.append(end)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                // The log holds the change open; a later change or verification settles it.
                error!(%error, change, "the end of a change could not be recorded");
                self.doubts.add(in_doubt(begin.clone(), |_| true));
            }
            Err(_) => warn!(change, "the end of a change is recorded late"),
        }
        match outcome {
            Ok(done) => {
                self.settle(&ports, &change).await;
                let links = done.iter().flat_map(|done| links(&done.leg, Some(done))).collect();
                Ok(Report { change: Some(change), links, duration: start.elapsed() })
            }
            Err(failed) => {
                if unknown {
                    self.doubts.add(in_doubt(begin, |port| is_unknown(&failed.error, port)));
                }
                Err(failed.error.of_change(&change))
            }
        }
    }

    /// The outcome of planning, after a refusal that it ended in was recorded.
    async fn refusal_recorded<T>(
        &self,
        planned: Result<T, SwitchError>,
        parts: &[Part],
        request: &ChangeRequest,
        origin: &Origin,
    ) -> Result<T, SwitchError> {
        if let Err(error @ SwitchError::Refused { .. }) = &planned {
            self.record_refusal(error, parts, request.operation.verb(), origin).await;
        }
        planned
    }

    async fn lock_switches(
        &self,
        parts: &[Part],
        deadline: Instant,
    ) -> Result<Vec<Guard>, SwitchError> {
        let names: BTreeSet<&SwitchName> = parts.iter().map(|part| part.switch.name()).collect();
        let mut held = Vec::with_capacity(names.len());
        // One after the other, in an order that every process shares: none waits for another that
        // waits for it.
        for name in names {
            let guard = self.locks.lock(name, deadline).await.map_err(|error| match error {
                busy @ LockError::Busy { .. } => SwitchError::Busy(busy.to_string()),
                other => SwitchError::Internal(other.to_string()),
            })?;
            held.push(guard);
        }
        Ok(held)
    }

    /// Takes ports out of doubt that a change or a reading has made certain.
    pub(super) async fn settle(&self, ports: &BTreeSet<SwitchPort>, by: &str) {
        for change in self.doubts.settle(ports) {
            info!(change, by, "a change in doubt is settled");
            let settled = audit::Settled { change, by: by.to_owned() };
            if let Err(error) = self.audit.append(settled).await {
                error!(%error, "a settled change could not be recorded");
            }
        }
    }
}

fn begin(
    change: &str,
    request: &ChangeRequest,
    origin: &Origin,
    legs: &[Leg],
    ports: &BTreeSet<SwitchPort>,
) -> audit::Begin {
    let operations = legs.iter().flat_map(|leg| {
        let switch = leg.switch.name();
        let rendered = match leg.is_so_already() {
            true => Vec::new(),
            false => leg.switch.driver().render(&leg.work),
        };
        rendered
            .into_iter()
            .map(|text| audit::SentOperation { switch: switch.clone(), text })
            .collect::<Vec<_>>()
    });
    let lag =
        legs.iter().find_map(|leg| leg.ports.iter().find_map(|port| leg.lag_of(port)).cloned());
    audit::Begin {
        change: change.to_owned(),
        who: origin.caller.clone(),
        request_id: origin.request_id.clone(),
        user: origin.user.clone(),
        reason: origin.reason.clone(),
        host: origin.host.clone(),
        verb: request.operation.verb(),
        ports: ports.iter().cloned().collect(),
        lag,
        // A request is made of strings and numbers, which always serialise.
        what: serde_json::to_value(request).unwrap_or_default(),
        operations: operations.collect(),
    }
}

fn end(change: &str, outcome: &Result<Vec<DoneLeg>, Failed>, start: Instant) -> audit::End {
    let (outcome, legs, error) = match outcome {
        Ok(done) => {
            let legs = done.iter().map(|done| {
                let so = done.leg.is_so_already();
                audit_leg(&done.leg, if so { Outcome::Unchanged } else { Outcome::Done }, done)
            });
            (Outcome::Done, legs.collect(), None)
        }
        Err(failed) => (ended(&failed.error), failed_legs(failed), Some(failed.error.to_string())),
    };
    let duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    audit::End { change: change.to_owned(), outcome, legs, error, duration_ms }
}

/// What went over the wire belongs to the record, answers as well as what was sent.
fn exchange(applied: &Applied) -> Vec<String> {
    let sent = applied.operations.iter().map(|operation| format!("sent: {operation}"));
    sent.chain(applied.answers.iter().cloned()).collect()
}

fn audit_leg(leg: &Leg, outcome: Outcome, done: &DoneLeg) -> audit::Leg {
    audit::Leg {
        switch: leg.switch.name().clone(),
        ports: leg.ports.iter().cloned().collect(),
        outcome,
        answers: exchange(&done.applied),
    }
}

/// How a failed change ended; never better than the worst of its legs.
fn ended(error: &SwitchError) -> Outcome {
    let any = |outcome: LegOutcome| error.legs().iter().any(|leg| leg.outcome == outcome);
    if any(LegOutcome::Unknown) {
        Outcome::Unknown
    } else if any(LegOutcome::NotUndone) {
        Outcome::UndoFailed
    } else if any(LegOutcome::Undone) {
        Outcome::Undone
    } else {
        Outcome::Failed
    }
}

fn failed_legs(failed: &Failed) -> Vec<audit::Leg> {
    failed
        .error
        .legs()
        .iter()
        .map(|leg| {
            let outcome = match leg.outcome {
                LegOutcome::Untouched => Outcome::Failed,
                LegOutcome::Undone => Outcome::Undone,
                LegOutcome::NotUndone => Outcome::UndoFailed,
                LegOutcome::Unknown => Outcome::Unknown,
            };
            let sent = failed.applied.iter().find(|(switch, _)| *switch == leg.switch);
            let mut answers = sent.map(|(_, applied)| exchange(applied)).unwrap_or_default();
            answers.push(leg.to_string());
            answers.extend(leg.error.clone());
            audit::Leg {
                switch: leg.switch.clone(),
                ports: leg.port.iter().cloned().collect(),
                outcome,
                answers,
            }
        })
        .collect()
}

fn is_unknown(error: &SwitchError, port: &SwitchPort) -> bool {
    error.legs().iter().any(|leg| {
        leg.outcome == LegOutcome::Unknown
            && leg.switch == port.switch
            && leg.port.as_ref() == Some(&port.port)
    })
}

fn in_doubt(begin: audit::Begin, doubtful: impl Fn(&SwitchPort) -> bool) -> audit::InDoubt {
    audit::InDoubt {
        change: begin.change,
        seq: 0,
        time: jiff::Timestamp::now(),
        who: begin.who,
        request_id: begin.request_id,
        verb: begin.verb,
        ports: begin.ports.into_iter().filter(doubtful).collect(),
        ended: true,
    }
}

/// One leg, port by port, for the caller.
fn links(leg: &Leg, done: Option<&DoneLeg>) -> Vec<LinkReport> {
    let found = done.map_or(&leg.observed, |done| &done.found);
    let status = leg.switch.status();
    let save = match (leg.switch.worker().saves(), status.pending_save) {
        (false, _) => SaveState::Implicit,
        (true, Some(_)) => SaveState::Pending,
        (true, None) => SaveState::Saved,
    };
    let operations = || done.map(|done| done.applied.operations.clone()).unwrap_or_default();
    if leg.ports.is_empty() {
        return vec![LinkReport {
            switch: leg.switch.name().clone(),
            port: None,
            lag: None,
            changes: leg.work.changes.iter().map(ToString::to_string).collect(),
            operations: operations(),
            observed: None,
            vxlan: leg.vxlan,
            status: None,
            save,
        }];
    }
    leg.ports
        .iter()
        .map(|port| LinkReport {
            switch: leg.switch.name().clone(),
            port: Some(port.clone()),
            lag: found.slice.ports.get(port).and_then(|state| state.lag.clone()),
            changes: leg.changes_of(port).iter().map(ToString::to_string).collect(),
            operations: operations(),
            observed: effective(&found.slice, port),
            vxlan: leg.vxlan,
            status: found.status.get(port).cloned(),
            save,
        })
        .collect()
}

fn planned(leg: &Leg) -> PlannedLeg {
    let changes = &leg.work.changes;
    PlannedLeg {
        switch: leg.switch.name().clone(),
        ports: leg.ports.iter().cloned().collect(),
        lag: leg.ports.iter().find_map(|port| leg.lag_of(port)).cloned(),
        vxlan: leg.vxlan,
        changes: changes.iter().map(ToString::to_string).collect(),
        inverse: changes.iter().rev().map(|change| change.inverse().to_string()).collect(),
        operations: match leg.is_so_already() {
            true => Vec::new(),
            false => Arc::clone(&leg.switch).driver().render(&leg.work),
        },
        diff: differences(&leg.after, &leg.observed.slice),
    }
}
