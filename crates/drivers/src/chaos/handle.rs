//! What the driver, its sessions and whoever rehearses share: the probabilities and the counts.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rand::{RngExt as _, rngs::StdRng};
use switch::Atomicity;
use tokio::sync::watch;
use tracing::warn;

use super::fault::{Error, Fault, Probability, Stage};

/// Changes the probabilities while the driver is in use, and counts what was injected.
#[derive(Clone)]
pub struct ChaosHandle(Arc<Shared>);

struct Shared {
    atomicity: Atomicity,
    faults: Mutex<BTreeMap<Fault, Probability>>,
    injected: watch::Sender<BTreeMap<Fault, u64>>,
}

/// What befalls a call.
pub(super) struct Draw {
    /// The fault, if any.
    pub(super) fault: Option<Fault>,
    /// Decides how many of the changes a fault in their midst lets through.
    pub(super) lot: u64,
}

impl ChaosHandle {
    pub(super) fn new(
        atomicity: Atomicity,
        faults: BTreeMap<Fault, Probability>,
    ) -> Result<Self, Error> {
        for (fault, probability) in &faults {
            check(atomicity, *fault, *probability)?;
        }
        Ok(Self(Arc::new(Shared {
            atomicity,
            faults: Mutex::new(faults),
            injected: watch::Sender::new(BTreeMap::new()),
        })))
    }

    /// Makes a fault as likely as this, from the next call on. Refused when the fault cannot
    /// befall the inner switch.
    pub fn set(&self, fault: Fault, probability: Probability) -> Result<(), Error> {
        check(self.0.atomicity, fault, probability)?;
        self.faults().insert(fault, probability);
        Ok(())
    }

    /// Injects nothing more, from the next call on. A call that hangs goes on hanging.
    pub fn calm(&self) {
        self.faults().clear();
    }

    /// How often each fault was injected; one that never was is absent.
    pub fn injected(&self) -> BTreeMap<Fault, u64> {
        self.0.injected.borrow().clone()
    }

    /// How often this fault was injected.
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.injected.borrow().get(&fault).copied().unwrap_or(0)
    }

    /// Waits until this fault was injected so many times. A hanging call counts once it hangs, so
    /// what it applies is applied by then. The caller bounds the wait.
    pub async fn wait_for(&self, fault: Fault, times: u64) {
        let reached =
            |counts: &BTreeMap<Fault, u64>| counts.get(&fault).copied().unwrap_or(0) >= times;
        // The sender lives as long as `self`, so this ends only when the count is reached.
        let _ = self.0.injected.subscribe().wait_for(reached).await;
    }

    /// Draws for each fault of a stage, in their order; the first that strikes wins.
    pub(super) fn draw(&self, stage: Stage, rng: &mut StdRng) -> Draw {
        let faults = self.faults();
        let mut draw = Draw { fault: None, lot: rng.random() };
        for fault in Fault::ALL.into_iter().filter(|f| f.stage() == stage) {
            let likely = faults.get(&fault).copied().unwrap_or_default();
            let strikes = rng.random::<f64>() < likely.get();
            if strikes && draw.fault.is_none() {
                draw.fault = Some(fault);
            }
        }
        draw
    }

    /// Records that a fault is injected.
    pub(super) fn injected_now(&self, fault: Fault) {
        warn!(fault = fault.name(), "fault injected");
        self.0.injected.send_modify(|counts| {
            *counts.entry(fault).or_default() += 1;
        });
    }

    /// Records the fault and never ends.
    pub(super) async fn hang<T>(&self, fault: Fault) -> T {
        self.injected_now(fault);
        match std::future::pending::<Infallible>().await {}
    }

    fn faults(&self) -> MutexGuard<'_, BTreeMap<Fault, Probability>> {
        // Each change of the map is one call, so a panic elsewhere leaves no half.
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(atomicity: Atomicity, fault: Fault, probability: Probability) -> Result<(), Error> {
    let whole = match atomicity {
        Atomicity::Transaction | Atomicity::Candidate => true,
        Atomicity::PerCommand => false,
    };
    if whole && fault == Fault::Partial && probability > Probability::NEVER {
        return Err(Error::NeverPartial);
    }
    Ok(())
}
