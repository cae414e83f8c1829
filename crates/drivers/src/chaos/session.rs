//! A session that hands its calls to the real one, or does not.

use std::sync::Arc;

use async_trait::async_trait;
use rand::rngs::StdRng;
use switch::{
    Applied, BatchOutcome, DeviceError, Driver, Observation, PortMatch, Query, Session, Work,
};

use super::{
    INJECTED,
    fault::{Fault, Stage},
    handle::{ChaosHandle, Draw},
};

pub(super) struct ChaosSession {
    session: Box<dyn Session>,
    driver: Arc<dyn Driver>,
    handle: ChaosHandle,
    rng: StdRng,
    broken: bool,
}

impl ChaosSession {
    pub(super) const fn new(
        session: Box<dyn Session>,
        driver: Arc<dyn Driver>,
        handle: ChaosHandle,
        rng: StdRng,
    ) -> Self {
        Self { session, driver, handle, rng, broken: false }
    }

    fn draw(&mut self, stage: Stage) -> Draw {
        self.handle.draw(stage, &mut self.rng)
    }

    /// Fails when an earlier fault made the session useless.
    fn usable(&self) -> Result<(), DeviceError> {
        if self.broken { Err(disconnected(false)) } else { Ok(()) }
    }

    /// Records a fault, and that the session is useless when the error says so.
    fn strike(&mut self, fault: Fault, error: DeviceError) -> DeviceError {
        self.handle.injected_now(fault);
        self.broken |= error.session_lost();
        error
    }

    /// Never ends. The session is useless afterwards, should the caller come back to it.
    async fn hang<T>(&mut self, fault: Fault) -> T {
        self.broken = true;
        self.handle.hang(fault).await
    }

    /// What befalls a read, if anything.
    async fn before_read(&mut self) -> Result<(), DeviceError> {
        self.usable()?;
        match self.draw(Stage::Read).fault {
            None => Ok(()),
            Some(Fault::ReadHang) => self.hang(Fault::ReadHang).await,
            Some(fault) => Err(self.strike(fault, disconnected(false))),
        }
    }

    /// Applies a batch, except for the works that are refused one by one.
    async fn apply_some(&mut self, batch: &[Work]) -> BatchOutcome {
        let refused: Vec<bool> =
            batch.iter().map(|_| self.draw(Stage::Work).fault.is_some()).collect();
        if !refused.contains(&true) {
            return self.session.apply(batch).await;
        }
        let rest: Vec<Work> = batch
            .iter()
            .zip(&refused)
            .filter(|(_, refused)| !**refused)
            .map(|(work, _)| work.clone())
            .collect();
        let outcome = if rest.is_empty() {
            BatchOutcome::Each(Vec::new())
        } else {
            self.session.apply(&rest).await
        };
        let mut results = match outcome {
            BatchOutcome::Each(results) => results.into_iter(),
            whole @ BatchOutcome::RefusedWhole(_) => return whole,
        };
        let merged = refused.into_iter().filter_map(|refused| {
            if refused {
                Some(Err(self.strike(Fault::RefuseWork, rejected())))
            } else {
                results.next()
            }
        });
        BatchOutcome::Each(merged.collect())
    }

    /// Makes some of a batch's changes, fewer than all; whether the switch takes them is its own
    /// affair, because nobody will hear of it.
    async fn apply_part(&mut self, batch: &[Work], lot: u64) {
        let part = part_of(batch, lot);
        if !part.is_empty() {
            self.session.apply(&part).await;
        }
    }

    fn claim_success(&self, fault: Fault, batch: &[Work]) -> BatchOutcome {
        self.handle.injected_now(fault);
        let claim =
            |work| Ok(Applied { operations: self.driver.render(work), answers: Vec::new() });
        BatchOutcome::Each(batch.iter().map(claim).collect())
    }

    fn fail_all(&mut self, fault: Fault, batch: &[Work], error: DeviceError) -> BatchOutcome {
        let error = self.strike(fault, error);
        all_fail(batch, &error)
    }
}

#[async_trait]
impl Session for ChaosSession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        self.before_read().await?;
        self.session.observe(query).await
    }

    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        if let Err(error) = self.usable() {
            return all_fail(batch, &error);
        }
        let Draw { fault, lot } = self.draw(Stage::Apply);
        let Some(fault) = fault else {
            return self.apply_some(batch).await;
        };
        match fault {
            Fault::RefuseBatch => BatchOutcome::RefusedWhole(self.strike(fault, rejected())),
            Fault::DisconnectBefore => self.fail_all(fault, batch, disconnected(false)),
            Fault::DisconnectAfter => {
                self.session.apply(batch).await;
                self.fail_all(fault, batch, disconnected(true))
            }
            Fault::HangBefore => self.hang(fault).await,
            Fault::HangAfter => {
                self.session.apply(batch).await;
                self.hang(fault).await
            }
            Fault::NonsenseBefore => self.fail_all(fault, batch, nonsense()),
            Fault::NonsenseAfter => {
                self.session.apply(batch).await;
                self.fail_all(fault, batch, nonsense())
            }
            Fault::Partial => {
                self.apply_part(batch, lot).await;
                self.fail_all(fault, batch, disconnected(true))
            }
            Fault::LieNothing => self.claim_success(fault, batch),
            Fault::LiePart => {
                self.apply_part(batch, lot).await;
                self.claim_success(fault, batch)
            }
            Fault::Unreachable
            | Fault::OpenHang
            | Fault::ReadDisconnect
            | Fault::ReadHang
            | Fault::RefuseWork
            | Fault::SaveRefuse
            | Fault::SaveDisconnect
            | Fault::SaveHang => self.apply_some(batch).await,
        }
    }

    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        self.usable()?;
        match self.draw(Stage::Save).fault {
            None => self.session.save().await,
            Some(Fault::SaveHang) => self.hang(Fault::SaveHang).await,
            Some(Fault::SaveDisconnect) => {
                Err(self.strike(Fault::SaveDisconnect, disconnected(false)))
            }
            Some(fault) => Err(self.strike(fault, rejected())),
        }
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        self.before_read().await?;
        self.session.resolve(text).await
    }

    async fn close(self: Box<Self>) {
        if !self.broken {
            self.session.close().await;
        }
    }
}

/// The batch's first changes, fewer than all; works of which nothing is left are dropped.
fn part_of(batch: &[Work], lot: u64) -> Vec<Work> {
    let total: usize = batch.iter().map(|work| work.changes.len()).sum();
    let mut left = below(total, lot);
    let mut part = Vec::new();
    for work in batch {
        let take = left.min(work.changes.len());
        if take > 0 {
            part.push(Work {
                before: work.before.clone(),
                changes: work.changes.iter().take(take).cloned().collect(),
            });
        }
        left -= take;
    }
    part
}

/// A number below `total`, decided by lot; 0 when there is none.
fn below(total: usize, lot: u64) -> usize {
    u64::try_from(total)
        .ok()
        .and_then(|total| lot.checked_rem(total))
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or(0)
}

fn all_fail(batch: &[Work], error: &DeviceError) -> BatchOutcome {
    BatchOutcome::Each(batch.iter().map(|_| Err(error.clone())).collect())
}

fn disconnected(sent: bool) -> DeviceError {
    DeviceError::Disconnected { sent, reason: INJECTED.to_owned() }
}

fn rejected() -> DeviceError {
    DeviceError::Rejected { operation: None, answer: INJECTED.to_owned() }
}

fn nonsense() -> DeviceError {
    DeviceError::Unrecognised { sent: true, answer: format!("%$ ({INJECTED})") }
}
