//! A switch that exists only in memory: it believes what it is told, remembers it for the life of
//! the process and reads it back.
//!
//! It lets the service be tried without a switch, and exercises what the switches at hand lack:
//! shut ports, spanning-tree edges, BPDU guard, pair LAGs, VLAN definitions and VNIs, saving. All sessions
//! of one driver see the same state; nothing outlives the process, and nothing is ever sent.
//!
//! It refuses what its capabilities do not name, and changes that do not fit its state, so that a
//! planner which oversteps is found out. It simulates no traffic and no protocol: a port that is
//! not shut has its link up, and every LACP partner is taken to answer. How a real switch words
//! its configuration is left to the drivers of real switches.

mod kept;
mod supports;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use model::{PortName, PortNaming, VlanMode, VlanSet};
use switch::{
    Applied, Atomicity, BatchOutcome, Capabilities, DeviceError, Driver, HybridSupport,
    LagCapabilities, LagNaming, MatchKind, Observation, PortMatch, Query, Saving, Session, Slice,
    VlanDatabase, Work,
};

use kept::Kept;

/// What the switch is to be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoopSettings {
    /// Which ports it has.
    pub ports: NoopPorts,
    /// What a port carries before anything is changed.
    pub initial: VlanMode,
    /// How it writes its port names.
    pub naming: PortNaming,
    /// What it can do. Without a VLAN database it has no place for VNIs, and `vxlan` is taken as
    /// `false`.
    pub capabilities: Capabilities,
    /// The VLANs that are defined before anything is changed, if VLANs have to be.
    pub vlans: VlanSet,
}

impl Default for NoopSettings {
    /// Any port, closed, every VLAN defined, with [`NoopSettings::full_capabilities`].
    fn default() -> Self {
        Self {
            ports: NoopPorts::Any,
            initial: VlanMode::Closed,
            naming: PortNaming::Exact,
            capabilities: Self::full_capabilities(),
            vlans: VlanSet::all(),
        }
    }
}

impl NoopSettings {
    /// Everything that a port or LAG can be told, VLANs that have to be defined and can be mapped to
    /// VNIs, freely named LAGs over a pair, one transaction a work, a configuration that has to be
    /// saved.
    pub const fn full_capabilities() -> Capabilities {
        Capabilities {
            access: true,
            trunk: true,
            native_on_trunk: true,
            hybrid: HybridSupport::Own,
            closed: true,
            port_shut: true,
            description: true,
            mtu: true,
            stp_edge: true,
            bpdu_guard: true,
            lag: Some(LagCapabilities {
                active: true,
                passive: true,
                r#static: true,
                rate: true,
                min_links: true,
                fallback: true,
                across_pair: true,
                mtu_on_lag: true,
                max_members: 16,
                naming: LagNaming::Free,
            }),
            vlan_database: VlanDatabase::Explicit,
            vxlan: true,
            atomicity: Atomicity::Transaction,
            saving: Saving::Explicit,
        }
    }
}

/// Which ports the switch has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NoopPorts {
    /// Every port that is asked for.
    #[default]
    Any,
    /// These and no others.
    These(BTreeSet<PortName>),
}

/// The driver of a switch that exists only in memory.
pub struct NoopDriver {
    naming: PortNaming,
    capabilities: Capabilities,
    handle: NoopHandle,
}

impl NoopDriver {
    /// A switch whose ports are all in their initial state: up and otherwise at their defaults, as
    /// far as the capabilities know of such a thing.
    pub fn new(settings: NoopSettings) -> Self {
        let NoopSettings { ports, initial, naming, mut capabilities, vlans } = settings;
        capabilities.vxlan &= capabilities.vlan_database == VlanDatabase::Explicit;
        let kept = Kept::new(ports, initial, vlans, &capabilities);
        Self { naming, capabilities, handle: NoopHandle(Arc::new(Mutex::new(kept))) }
    }

    /// A view of the switch from behind, which stays valid after the driver is gone.
    pub fn handle(&self) -> NoopHandle {
        self.handle.clone()
    }
}

/// A view of the switch from behind the driver, for tests and demonstrations.
#[derive(Clone)]
pub struct NoopHandle(Arc<Mutex<Kept>>);

impl NoopHandle {
    /// What the switch holds: all ports of an explicit set, or those that a change has named where
    /// any port exists; of the VLANs that were defined at first those that a change has named.
    pub fn state(&self) -> Slice {
        self.kept().state.clone()
    }

    /// What the last save wrote down; the initial state before any.
    pub fn saved(&self) -> Slice {
        self.kept().saved.clone()
    }

    /// Changes the state behind the service's back, as a colleague at the console would.
    pub fn edit(&self, edit: impl FnOnce(&mut Slice)) {
        edit(&mut self.kept().state);
    }

    /// How often the configuration was saved.
    pub fn saves(&self) -> u64 {
        self.kept().saves
    }

    /// How many works took effect in full.
    pub fn works(&self) -> u64 {
        self.kept().works
    }

    /// How many sessions were opened.
    pub fn sessions(&self) -> u64 {
        self.kept().sessions
    }

    /// How many sessions are open.
    pub fn open_sessions(&self) -> u64 {
        self.kept().open_sessions
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Changes are made to a copy and put in place whole, so a panic elsewhere leaves no half.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Driver for NoopDriver {
    fn name(&self) -> &'static str {
        "noop"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn naming(&self) -> PortNaming {
        self.naming
    }

    fn render(&self, work: &Work) -> Vec<String> {
        render(work)
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        let mut kept = self.handle.kept();
        kept.sessions += 1;
        kept.open_sessions += 1;
        Ok(Box::new(NoopSession {
            naming: self.naming,
            capabilities: self.capabilities.clone(),
            handle: self.handle(),
        }))
    }
}

fn render(work: &Work) -> Vec<String> {
    work.changes.iter().map(ToString::to_string).collect()
}

struct NoopSession {
    naming: PortNaming,
    capabilities: Capabilities,
    handle: NoopHandle,
}

impl Drop for NoopSession {
    fn drop(&mut self) {
        self.handle.kept().open_sessions -= 1;
    }
}

impl NoopSession {
    fn apply_work(&self, work: &Work) -> Result<Applied, DeviceError> {
        for change in &work.changes {
            supports::check(change, &self.capabilities)?;
        }
        let mut kept = self.handle.kept();
        match self.capabilities.atomicity {
            Atomicity::Transaction | Atomicity::Candidate => kept.apply(&work.changes)?,
            Atomicity::PerCommand => {
                for change in &work.changes {
                    kept.apply(std::slice::from_ref(change))?;
                }
            }
        }
        kept.works += 1;
        Ok(Applied { operations: render(work), answers: Vec::new() })
    }
}

#[async_trait]
impl Session for NoopSession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        Ok(self.handle.kept().observe(query))
    }

    /// Each work stands for itself: one that is refused does not touch the others. Where operations
    /// take effect one by one, those before a refused one stay.
    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        BatchOutcome::Each(batch.iter().map(|work| self.apply_work(work)).collect())
    }

    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        let mut kept = self.handle.kept();
        kept.saved = kept.state.clone();
        kept.saves += 1;
        Ok(vec!["saved".to_owned()])
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        let Ok(port) = self.naming.canonical(text) else {
            return Ok(Vec::new());
        };
        if !self.handle.kept().has(&port) {
            return Ok(Vec::new());
        }
        let matched = if port.as_str() == text { MatchKind::Name } else { MatchKind::Alias };
        Ok(vec![PortMatch { port, matched }])
    }

    async fn close(self: Box<Self>) {}
}

#[cfg(test)]
mod tests;
