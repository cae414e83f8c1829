//! A transaction: the legs of one request carried out together, verified, and taken back together
//! when one of them fails.
//!
//! Every leg was observed and planned before any is touched. The time of a request is divided:
//! changes and their verification must end early enough that an undo still fits before the
//! deadline. What a lost answer hid is found out by asking again: a leg that holds what was wanted
//! has succeeded, however its answer got lost.

use std::time::Duration;

use futures_util::future::join_all;
use model::{FailedLeg, LegOutcome, SwitchName};
use tokio::time::Instant;
use tracing::{info, warn};

use crate::{
    capability::Atomicity,
    driver::{Applied, DeviceError, Work},
    error::SwitchError,
    leg::Leg,
    plan::plan,
    slice::{Observation, Slice},
    verify::differences,
};

/// How often an undo is tried while there is time: a switch that lost its session once usually
/// takes the second.
const UNDO_ATTEMPTS: u32 = 4;

/// The share of the time that is kept for an undo, and its bound.
const UNDO_SHARE: u32 = 2;
const UNDO_MOST: Duration = Duration::from_secs(30);

/// What is left of the time for the record and the answer: a twentieth, and its bound.
const ANSWER_SHARE: u32 = 20;
const ANSWER_MOST: Duration = Duration::from_millis(200);

/// A leg that is as it was wanted.
#[derive(Debug)]
pub(crate) struct DoneLeg {
    /// The leg.
    pub leg: Leg,
    /// What was sent and answered; nothing when it was so already.
    pub applied: Applied,
    /// What was read afterwards.
    pub found: Observation,
}

/// A transaction that failed: every leg has been put back, or is named as one that has not.
#[derive(Debug)]
pub(crate) struct Failed {
    /// What to tell the caller.
    pub error: SwitchError,
    /// What was sent to and answered by each switch.
    pub applied: Vec<(SwitchName, Applied)>,
}

/// What became of one leg on the way forward.
struct Forward {
    leg: Leg,
    applied: Applied,
    result: Result<Observation, Cause>,
    touched: bool,
}

enum Cause {
    Device(DeviceError),
    Verify(String),
}

/// Carries out all legs, or none.
pub(crate) async fn run(legs: Vec<Leg>, deadline: Instant) -> Result<Vec<DoneLeg>, Failed> {
    let left = deadline.saturating_duration_since(Instant::now());
    let deadline = deadline - (left / ANSWER_SHARE).min(ANSWER_MOST);
    let forward = deadline - (left / UNDO_SHARE).min(UNDO_MOST);
    let done = join_all(legs.into_iter().map(|leg| carry_out(leg, forward))).await;
    if done.iter().all(|leg| leg.result.is_ok()) {
        return Ok(done
            .into_iter()
            .filter_map(|Forward { leg, applied, result, .. }| {
                result.ok().map(|found| DoneLeg { leg, applied, found })
            })
            .collect());
    }
    let applied =
        done.iter().map(|leg| (leg.leg.switch.name().clone(), leg.applied.clone())).collect();
    Err(Failed { error: take_back(done, deadline).await, applied })
}

async fn carry_out(leg: Leg, by: Instant) -> Forward {
    if leg.is_so_already() {
        let found = leg.observed.clone();
        return Forward { leg, applied: Applied::default(), result: Ok(found), touched: false };
    }
    let outcome = leg.switch.worker().apply(leg.work.clone(), by).await;
    let (applied, cause) = match outcome {
        Ok(applied) => (applied, None),
        Err(error) => (Applied::default(), Some(error)),
    };
    // A refused command may follow others that took effect where each takes effect by itself.
    let per_command = leg.switch.driver().capabilities().atomicity == Atomicity::PerCommand;
    let partly = |error: &DeviceError| {
        per_command
            && matches!(error, DeviceError::Rejected { .. } | DeviceError::Unrecognised { .. })
    };
    let touched = cause.as_ref().is_none_or(|error| error.may_have_applied() || partly(error));
    if let Some(error) = cause.clone()
        && (!touched || matches!(error, DeviceError::Rejected { .. }))
    {
        return Forward { leg, applied, result: Err(Cause::Device(error)), touched };
    }
    let result = match leg.switch.worker().observe(leg.query.clone(), by).await {
        Ok(found) => match (leg.differences(&found.slice), cause) {
            (differences, cause) if differences.is_empty() => match (&found.pending, cause) {
                (None, _) => Ok(found),
                (Some(_), Some(error)) => Err(Cause::Device(error)),
                (Some(why), None) => Err(Cause::Verify(why.clone())),
            },
            (_, Some(error)) => Err(Cause::Device(error)),
            (differences, None) => {
                let text: Vec<_> = differences.iter().map(ToString::to_string).collect();
                Err(Cause::Verify(text.join("; ")))
            }
        },
        Err(error) => Err(Cause::Device(cause.unwrap_or(error))),
    };
    Forward { leg, applied, result, touched }
}

/// Undoes every leg that was touched, and makes the error of what failed first.
async fn take_back(done: Vec<Forward>, deadline: Instant) -> SwitchError {
    let undone = join_all(done.iter().map(|forward| undo(forward, deadline))).await;
    let legs: Vec<FailedLeg> = undone.into_iter().flatten().collect();
    let first = done.into_iter().find_map(|forward| {
        let switch = forward.leg.switch.name().clone();
        forward.result.err().map(|cause| (switch, cause))
    });
    let Some((switch, cause)) = first else {
        return SwitchError::Internal("nothing failed, yet everything was taken back".to_owned());
    };
    let lost = |leg: &FailedLeg| matches!(leg.outcome, LegOutcome::NotUndone | LegOutcome::Unknown);
    let undo_failed = legs.iter().any(lost);
    let error = match cause {
        Cause::Device(cause) => SwitchError::Device { switch, cause, legs, change: None },
        Cause::Verify(differences) => {
            SwitchError::VerifyFailed { switch, differences, legs, change: None }
        }
    };
    match error {
        SwitchError::Device { ref legs, .. } | SwitchError::VerifyFailed { ref legs, .. }
            if undo_failed =>
        {
            SwitchError::UndoFailed { cause: error.to_string(), legs: legs.clone(), change: None }
        }
        error => error,
    }
}

async fn undo(forward: &Forward, deadline: Instant) -> Vec<FailedLeg> {
    let leg = &forward.leg;
    let cause = match &forward.result {
        Err(Cause::Device(error)) => Some(error),
        _ => None,
    };
    if !forward.touched {
        return leg.failed(LegOutcome::Untouched, None, cause);
    }
    let mut found: Option<Slice> = None;
    let mut trouble: Option<DeviceError> = None;
    for _ in 0..UNDO_ATTEMPTS {
        match undo_once(leg, deadline).await {
            Ok(Undo::Done(slice)) => {
                info!(switch = %leg.switch.name(), "change taken back");
                return leg.failed(LegOutcome::Undone, Some(&slice), cause);
            }
            Ok(Undo::Differs(slice)) => found = Some(slice),
            Ok(Undo::Pending(why)) => {
                found = None;
                trouble = Some(DeviceError::timed_out(true, why));
            }
            Err(error) => {
                found = None;
                trouble = Some(error);
            }
        }
        if deadline <= Instant::now() {
            break;
        }
    }
    let outcome = if found.is_some() { LegOutcome::NotUndone } else { LegOutcome::Unknown };
    warn!(switch = %leg.switch.name(), error = ?trouble, "change not taken back");
    leg.failed(outcome, found.as_ref(), trouble.as_ref().or(cause))
}

enum Undo {
    Done(Slice),
    Differs(Slice),
    /// The configuration is back, but the switch does not follow it.
    Pending(String),
}

/// One attempt: from what is there now back to what was there. Planned afresh, because nobody
/// knows how far the change went.
async fn undo_once(leg: &Leg, deadline: Instant) -> Result<Undo, DeviceError> {
    let worker = leg.switch.worker();
    let before = &leg.observed.slice;
    let now = worker.observe(leg.query.clone(), deadline).await?;
    if let Some(end) = back(before, &now) {
        return Ok(end);
    }
    let work = Work { changes: plan(&now.slice, before), before: now.slice };
    if let Err(error) = worker.apply(work, deadline).await {
        warn!(switch = %leg.switch.name(), %error, "undo refused");
    }
    let now = worker.observe(leg.query.clone(), deadline).await?;
    Ok(back(before, &now).unwrap_or(Undo::Differs(now.slice)))
}

/// Whether the configuration is back, and if so whether the switch follows it.
fn back(before: &Slice, now: &Observation) -> Option<Undo> {
    let same = differences(before, &now.slice).is_empty();
    same.then(|| match &now.pending {
        None => Undo::Done(now.slice.clone()),
        Some(why) => Undo::Pending(why.clone()),
    })
}
