//! Ports in doubt: those of a change that began and whose end nobody knows.
//!
//! They come from the audit log at the start and from undos that failed; a later change that ends
//! well, or a verification that could read the port, settles them.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use model::{SwitchName, SwitchPort};

use crate::audit::InDoubt;

/// The changes in doubt, each with the ports of it that are still in doubt.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    open: Mutex<Vec<InDoubt>>,
}

impl Doubts {
    /// Begins with what the audit log left open.
    pub(crate) fn new(open: Vec<InDoubt>) -> Self {
        let doubts = Self { open: Mutex::new(open) };
        doubts.show();
        doubts
    }

    /// Adds a change.
    pub(crate) fn add(&self, change: InDoubt) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        self.show();
    }

    /// Takes ports out of doubt. Returns the changes of which no port is left in doubt.
    pub(crate) fn settle(&self, ports: &BTreeSet<SwitchPort>) -> Vec<String> {
        let mut settled = Vec::new();
        self.open.lock().unwrap_or_else(PoisonError::into_inner).retain_mut(|change| {
            change.ports.retain(|port| !ports.contains(port));
            let open = !change.ports.is_empty();
            if !open {
                settled.push(change.change.clone());
            }
            open
        });
        self.show();
        settled
    }

    /// The changes in doubt on one switch, with the ports there.
    pub(crate) fn on(&self, switch: &SwitchName) -> Vec<InDoubt> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let there = |change: &InDoubt| {
            let mut change = change.clone();
            change.ports.retain(|port| port.switch == *switch);
            (!change.ports.is_empty()).then_some(change)
        };
        open.iter().filter_map(there).collect()
    }

    /// All changes in doubt.
    pub(crate) fn all(&self) -> Vec<InDoubt> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self) {
        let ports: usize = self.all().iter().map(|change| change.ports.len()).sum();
        metrics::gauge!("mercury_ports_in_doubt").set(u32::try_from(ports).unwrap_or(u32::MAX));
    }
}
