//! What the switch remembers, and the one way to change it.

use std::collections::BTreeSet;

use model::{AdminState, LagMode, LagName, PortConfig, PortName, Vlan, VlanMode, VlanSet};
use switch::{
    Capabilities, Change, DeviceError, LacpStatus, Observation, PortState, PortStatus, Query,
    Slice, Target, VlanDatabase, VlanState,
};

use super::NoopPorts;

/// How many ports are remembered where any port exists. A caller names ports, so without a limit
/// it could fill the memory; the largest chassis have a few thousand.
const MAX_PORTS: usize = 16_384;

/// How many LAGs are remembered, for the same reason; switches take a few hundred.
const MAX_LAGS: usize = 16_384;

pub(super) struct Kept {
    pub(super) state: Slice,
    pub(super) saved: Slice,
    pub(super) saves: u64,
    pub(super) works: u64,
    pub(super) sessions: u64,
    pub(super) open_sessions: u64,
    any: bool,
    fresh: PortState,
    /// The VLANs that were defined at first and that no change has named: as a set, because all
    /// VLANs of many switches would fill the memory one by one.
    plain: VlanSet,
}

impl Kept {
    pub(super) fn new(
        ports: NoopPorts,
        initial: VlanMode,
        vlans: VlanSet,
        capabilities: &Capabilities,
    ) -> Self {
        let explicit = capabilities.vlan_database == VlanDatabase::Explicit;
        let fresh = PortState {
            config: PortConfig {
                admin: capabilities.port_shut.then_some(AdminState::Up),
                stp_edge: capabilities.stp_edge.then_some(false),
                bpdu_guard: capabilities.bpdu_guard.then_some(false),
                ..PortConfig::with_vlans(initial)
            },
            ..PortState::default()
        };
        let (any, ports) = match ports {
            NoopPorts::Any => (true, BTreeSet::new()),
            NoopPorts::These(ports) => (false, ports),
        };
        let state = Slice {
            ports: ports.into_iter().map(|port| (port, fresh.clone())).collect(),
            ..Slice::default()
        };
        Self {
            saved: state.clone(),
            state,
            saves: 0,
            works: 0,
            sessions: 0,
            open_sessions: 0,
            any,
            fresh,
            plain: if explicit { vlans } else { VlanSet::empty() },
        }
    }

    pub(super) fn has(&self, port: &PortName) -> bool {
        self.any || self.state.ports.contains_key(port)
    }

    fn port(&self, port: &PortName) -> Option<&PortState> {
        self.state.ports.get(port).or_else(|| self.any.then_some(&self.fresh))
    }

    fn vlan(&self, vlan: Vlan) -> Option<VlanState> {
        let plain = || self.plain.contains(vlan).then(VlanState::default);
        self.state.vlans.get(&vlan).cloned().or_else(plain)
    }

    /// Makes all changes, or none and says which one does not fit.
    pub(super) fn apply(&mut self, changes: &[Change]) -> Result<(), DeviceError> {
        let touched = Touched::by(changes);
        let mut part = Slice::default();
        for port in &touched.ports {
            if let Some(state) = self.port(port) {
                part.ports.insert((*port).clone(), state.clone());
            }
        }
        for lag in &touched.lags {
            if let Some(state) = self.state.lags.get(lag) {
                part.lags.insert((*lag).clone(), state.clone());
            }
        }
        for vlan in &touched.vlans {
            if let Some(state) = self.vlan(*vlan) {
                part.vlans.insert(*vlan, state);
            }
        }
        for change in changes {
            change.apply_to(&mut part).map_err(|misfit| DeviceError::Rejected {
                operation: Some(misfit.change),
                answer: misfit.problem,
            })?;
        }
        let new_ports =
            part.ports.keys().filter(|port| !self.state.ports.contains_key(*port)).count();
        let new_lags = part.lags.keys().filter(|lag| !self.state.lags.contains_key(*lag)).count();
        if self.state.ports.len() + new_ports > MAX_PORTS
            || self.state.lags.len() + new_lags > MAX_LAGS
        {
            return Err(DeviceError::Rejected {
                operation: None,
                answer: format!("no more than {MAX_PORTS} ports and {MAX_LAGS} LAGs are kept"),
            });
        }
        for lag in touched.lags {
            self.state.lags.remove(&lag);
        }
        for vlan in touched.vlans {
            self.state.vlans.remove(&vlan);
            self.plain = self.plain.without(vlan);
        }
        self.state.ports.append(&mut part.ports);
        self.state.lags.append(&mut part.lags);
        self.state.vlans.append(&mut part.vlans);
        Ok(())
    }

    pub(super) fn observe(&self, query: &Query) -> Observation {
        let mut answer = Observation::default();
        for name in &query.ports {
            if let Some(port) = self.port(name) {
                if let Some(lag) = &port.lag {
                    self.observe_lag(lag, &mut answer.slice);
                }
                answer.status.insert(name.clone(), self.status(port));
                answer.slice.ports.insert(name.clone(), port.clone());
            }
        }
        for lag in &query.lags {
            self.observe_lag(lag, &mut answer.slice);
        }
        for vlan in &query.vlans {
            if let Some(state) = self.vlan(*vlan) {
                answer.slice.vlans.insert(*vlan, state);
            }
        }
        if query.all_vlans {
            let plain = self.plain.iter().map(|vlan| (vlan, VlanState::default()));
            answer.all_vlans = plain.chain(self.state.vlans.clone()).collect();
        }
        if query.lag_names {
            answer.lag_names = self.state.lags.keys().cloned().collect();
        }
        if query.pair_ids {
            let numbered = self.state.lags.iter();
            answer.pair_ids = numbered
                .filter_map(|(name, lag)| Some((name.clone(), lag.settings.pair?)))
                .collect();
        }
        answer
    }

    fn observe_lag(&self, lag: &LagName, slice: &mut Slice) {
        if let Some(state) = self.state.lags.get(lag) {
            slice.lags.insert(lag.clone(), state.clone());
        }
    }

    fn status(&self, port: &PortState) -> PortStatus {
        let lag = port.lag.as_ref().and_then(|lag| self.state.lags.get(lag));
        PortStatus {
            link: Some(port.config.admin.unwrap_or(AdminState::Up)),
            lacp: lag
                .filter(|lag| lag.settings.mode != LagMode::Static)
                .map(|_| LacpStatus::Current),
            mtu: port.config.mtu.map(|mtu| mtu.get().into()),
            error: None,
        }
    }
}

/// What a row of changes reads or writes, so that only this much is copied.
#[derive(Default)]
struct Touched {
    ports: BTreeSet<PortName>,
    lags: BTreeSet<LagName>,
    vlans: BTreeSet<Vlan>,
}

impl Touched {
    fn by(changes: &[Change]) -> Self {
        let mut touched = Self::default();
        for target in changes.iter().flat_map(Change::targets) {
            match target {
                Target::Port(port) => drop(touched.ports.insert(port)),
                Target::Lag(lag) => drop(touched.lags.insert(lag)),
            }
        }
        for change in changes {
            if let Change::CreateVlan { vlan, .. }
            | Change::DeleteVlan { vlan, .. }
            | Change::MapVni { vlan, .. }
            | Change::UnmapVni { vlan, .. } = change
            {
                touched.vlans.insert(*vlan);
            }
        }
        touched
    }
}
