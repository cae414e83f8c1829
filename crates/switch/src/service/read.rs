//! Looking without changing: reading, verifying, resolving, listing; and saving.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::future::{join_all, try_join_all};
use model::{
    LagName, LinkInformation, NetworkType, PortConfig, PortName, SwitchName, SwitchPort, VlanMode,
    VlanSet,
};
use tokio::time::Instant;

use super::{Service, State, in_time, legs, members, prepare};
use crate::{
    audit::{self, InDoubt},
    driver::{DeviceError, PortMatch},
    error::SwitchError,
    inventory::Switch,
    leg::{Leg, effective},
    policy::{Ask, Verb},
    request::{ChangeRequest, Origin},
    slice::{LagState, PortStatus, Query},
    verify::{Difference, differences},
    vxlan::Vxlan,
    worker::WorkerStatus,
};

/// How many switches are asked at once by a request that names none: enough to hide their delay,
/// few enough not to open a thousand sessions in one moment.
const ALL_AT_ONCE: usize = 64;

/// A port as it is.
#[derive(Debug)]
pub struct PortReading {
    /// The switch.
    pub switch: SwitchName,
    /// The port.
    pub port: PortName,
    /// Its configuration; in a LAG with the LAG's VLANs.
    pub config: PortConfig,
    /// The LAG in which it is.
    pub lag: Option<(LagName, LagState)>,
    /// The VXLANs that VLANs of its stand for.
    pub vxlans: Vec<Vxlan>,
    /// The state of its link.
    pub status: Option<PortStatus>,
}

/// How a port stands to what the caller believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is as the caller believes.
    InSync,
    /// It is not.
    Differs,
    /// The switch could not be asked.
    Unknown,
}

/// The verdict on one port.
#[derive(Debug)]
pub struct PortVerdict {
    /// The switch.
    pub switch: SwitchName,
    /// The port; absent for a VLAN's definition.
    pub port: Option<PortName>,
    /// In sync, differs, or unknown.
    pub verdict: Verdict,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Why nothing is known.
    pub reason: Option<String>,
}

/// Which port a link means.
#[derive(Debug)]
pub struct Resolution {
    /// The switch.
    pub switch: SwitchName,
    /// The port, where exactly one matches.
    pub port: Option<PortMatch>,
    /// Every port that matches.
    pub candidates: Vec<PortMatch>,
}

/// A switch in the list.
#[derive(Debug)]
pub struct SwitchReading {
    /// The switch.
    pub switch: Arc<Switch>,
    /// What is known of its worker.
    pub status: WorkerStatus,
    /// Its ports in doubt.
    pub in_doubt: Vec<InDoubt>,
    /// The VLANs from which one is taken for a VXLAN, as its pair has them.
    pub vxlan_vlans: Option<VlanSet>,
}

/// What became of saving one switch.
#[derive(Debug)]
pub struct FlushedSwitch {
    /// The switch.
    pub switch: SwitchName,
    /// Whether there was anything to save and it is saved now, or why it is not.
    pub saved: Result<bool, String>,
}

impl Service {
    /// Reads ports as they are, in the request's order; the switches side by side.
    pub async fn read(
        &self,
        links: &[LinkInformation],
        origin: &Origin,
    ) -> Result<Vec<PortReading>, SwitchError> {
        in_time(origin)?;
        let state = self.state();
        let parts = prepare::places(&state, links)?;
        for (switch, ports) in &parts {
            may_read(&state, switch, ports, origin)?;
        }
        let reads =
            parts.into_iter().map(|(switch, ports)| read_ports(switch, ports, origin.deadline));
        let mut found: BTreeMap<SwitchPort, PortReading> = try_join_all(reads)
            .await?
            .into_iter()
            .flatten()
            .map(|reading| {
                let place =
                    SwitchPort { switch: reading.switch.clone(), port: reading.port.clone() };
                (place, reading)
            })
            .collect();
        let mut readings = Vec::with_capacity(links.len());
        for (switch, port) in state.inventory.resolve_all(links)? {
            readings.extend(found.remove(&SwitchPort { switch: switch.name().clone(), port }));
        }
        Ok(readings)
    }

    /// Compares ports with what they would be after a request that the caller believes was carried
    /// out. A port that could be read is no longer in doubt: it is known, in sync or not.
    pub async fn verify(
        &self,
        request: &ChangeRequest,
        origin: &Origin,
    ) -> Result<Vec<PortVerdict>, SwitchError> {
        in_time(origin)?;
        let state = self.state();
        let parts = prepare::parts(&state, request)?;
        for part in &parts {
            may_read(&state, &part.switch, &part.ports, origin)?;
        }
        let parts = members::completed(&state, request, parts, origin.deadline).await?;
        for part in &parts {
            may_read(&state, &part.switch, &part.ports, origin)?;
        }
        let places: Vec<(SwitchName, BTreeSet<PortName>)> =
            parts.iter().map(|part| (part.switch.name().clone(), part.ports.clone())).collect();
        let ports = prepare::switch_ports(&parts);
        match legs::plan_legs(&state, request, &parts, origin.deadline).await {
            Ok(legs) => {
                self.settle(&ports, "verify").await;
                Ok(legs.iter().flat_map(verdicts).collect())
            }
            Err(error @ SwitchError::Device { .. }) => Ok(unknown(places, &error.to_string())),
            Err(error @ SwitchError::Conflict { .. }) => {
                self.settle(&ports, "verify").await;
                let mut verdicts = unknown(places, &error.to_string());
                verdicts.iter_mut().for_each(|verdict| verdict.verdict = Verdict::Differs);
                Ok(verdicts)
            }
            Err(error) => Err(error),
        }
    }

    /// Finds the ports that links mean, by name, alias, interface index or MAC address.
    pub async fn resolve(
        &self,
        links: &[LinkInformation],
        origin: &Origin,
    ) -> Result<Vec<Resolution>, SwitchError> {
        in_time(origin)?;
        let state = self.state();
        let mut resolutions = Vec::with_capacity(links.len());
        for link in links {
            let (switch, given) = state.inventory.switch_of(link)?;
            may_read(&state, switch, &BTreeSet::new(), origin)?;
            let canonical = switch.driver().naming().canonical(&given);
            let text = canonical.map_or(given, |port| port.to_string());
            let candidates = switch
                .worker()
                .resolve(text, origin.deadline)
                .await
                .map_err(|cause| prepare::untouched(switch, [], cause))?;
            let port = match candidates.as_slice() {
                [only] => Some(only.clone()),
                _ => None,
            };
            resolutions.push(Resolution { switch: switch.name().clone(), port, candidates });
        }
        Ok(resolutions)
    }

    /// The switches that the caller may look at; all of them, or those named.
    pub fn list(
        &self,
        names: &[SwitchName],
        origin: &Origin,
    ) -> Result<Vec<SwitchReading>, SwitchError> {
        let state = self.state();
        for name in names {
            state.inventory.switch(name)?;
        }
        let wanted = |switch: &&Arc<Switch>| {
            (names.is_empty() || names.contains(switch.name()))
                && state.policy.permits_any(&origin.caller, Verb::Read, switch.name())
        };
        let readings = state.inventory.switches().filter(wanted).map(|switch| SwitchReading {
            status: switch.status(),
            in_doubt: self.doubts.on(switch.name()),
            vxlan_vlans: state.inventory.vxlan_vlans(switch),
            switch: Arc::clone(switch),
        });
        Ok(readings.collect())
    }

    /// Saves what is not saved: of the switches named, or of all that the caller may save.
    pub async fn flush(
        &self,
        names: &[SwitchName],
        origin: &Origin,
    ) -> Result<Vec<FlushedSwitch>, SwitchError> {
        in_time(origin)?;
        let state = self.state();
        let mut switches = Vec::new();
        for name in names {
            let switch = state.inventory.switch(name)?;
            may(&state, switch, None, Verb::Flush, origin)?;
            switches.push(Arc::clone(switch));
        }
        if names.is_empty() {
            let all = state.inventory.switches();
            let due = all.filter(|switch| switch.status().pending_save.is_some());
            let allowed = due.filter(|s| may(&state, s, None, Verb::Flush, origin).is_ok());
            switches.extend(allowed.cloned());
        }
        let mut flushed = Vec::with_capacity(switches.len());
        for part in switches.chunks(ALL_AT_ONCE) {
            flushed.extend(join_all(part.iter().map(|s| self.save(s, origin.deadline))).await);
        }
        Ok(flushed)
    }

    async fn save(&self, switch: &Switch, deadline: Instant) -> FlushedSwitch {
        let pending = switch.status().pending_save.is_some();
        let saved: Result<bool, DeviceError> =
            if pending { switch.worker().save(deadline).await } else { Ok(false) };
        if pending {
            let outcome = if saved.is_ok() { audit::Outcome::Done } else { audit::Outcome::Failed };
            let entry = audit::Saved {
                switch: switch.name().clone(),
                outcome,
                error: saved.as_ref().err().map(ToString::to_string),
            };
            if let Err(error) = self.audit.append(entry).await {
                tracing::error!(%error, "saving could not be recorded");
            }
        }
        FlushedSwitch {
            switch: switch.name().clone(),
            saved: saved.map_err(|error| error.to_string()),
        }
    }

    /// Which of a request would be refused before any switch is asked, and why; nothing when none.
    pub fn problems(&self, request: &ChangeRequest, origin: &Origin) -> Vec<String> {
        let state = self.state();
        let parts = match prepare::parts(&state, request) {
            Ok(parts) => parts,
            Err(error) => return vec![error.to_string()],
        };
        let verb = request.operation.verb();
        parts
            .iter()
            .flat_map(|part| prepare::refusals(&state, part, verb, &origin.caller))
            .map(|error| error.to_string())
            .collect()
    }

    /// The network types that all switches of these links can do; of all switches without links.
    pub fn network_types(
        &self,
        links: &[LinkInformation],
    ) -> Result<BTreeSet<NetworkType>, SwitchError> {
        let state = self.state();
        let of = |switch: &Switch| -> BTreeSet<NetworkType> {
            let flat = !switch.settings().flat_networks.is_empty();
            let types = switch.driver().capabilities().network_types();
            types.into_iter().filter(|kind| flat || *kind != NetworkType::Flat).collect()
        };
        if links.is_empty() {
            return Ok(state.inventory.switches().flat_map(|switch| of(switch)).collect());
        }
        let mut common: Option<BTreeSet<NetworkType>> = None;
        for link in links {
            let (switch, _) = state.inventory.switch_of(link)?;
            let types = of(switch);
            common = Some(match common {
                Some(common) => common.intersection(&types).copied().collect(),
                None => types,
            });
        }
        Ok(common.unwrap_or_default())
    }
}

async fn read_ports(
    switch: Arc<Switch>,
    ports: BTreeSet<PortName>,
    deadline: Instant,
) -> Result<Vec<PortReading>, SwitchError> {
    let all_vlans = switch.driver().capabilities().vxlan;
    let query = Query { all_vlans, ..Query::ports(&ports) };
    let observed = prepare::read(&switch, query, deadline).await?;
    let vxlans = |port: &PortName| {
        let carried = observed.slice.vlans_of(port).map(VlanMode::carried).unwrap_or_default();
        let mapped = observed.all_vlans.iter().filter(|(vlan, _)| carried.contains(**vlan));
        mapped.filter_map(|(vlan, state)| Some(Vxlan { vni: state.vni?, vlan: *vlan })).collect()
    };
    let reading = |port: PortName| {
        let key = SwitchPort { switch: switch.name().clone(), port };
        let config =
            effective(&observed.slice, &key.port).ok_or_else(|| SwitchError::no_such_port(&key))?;
        let lag = observed.slice.ports.get(&key.port).and_then(|state| state.lag.clone());
        let lag = lag.and_then(|lag| observed.slice.lags.get_key_value(&lag));
        Ok(PortReading {
            status: observed.status.get(&key.port).cloned(),
            vxlans: vxlans(&key.port),
            lag: lag.map(|(name, state)| (name.clone(), state.clone())),
            switch: key.switch,
            port: key.port,
            config,
        })
    };
    ports.into_iter().map(reading).collect()
}

fn may(
    state: &State,
    switch: &Switch,
    port: Option<&PortName>,
    verb: Verb,
    origin: &Origin,
) -> Result<(), SwitchError> {
    let ask = Ask {
        caller: &origin.caller,
        verb,
        switch: switch.name(),
        port,
        vlans: &VlanSet::empty(),
        vnis: &[],
    };
    prepare::allowed(state, switch, &ask)
}

/// Reading is allowed port by port; without ports, to whoever may read anything there.
fn may_read(
    state: &State,
    switch: &Switch,
    ports: &BTreeSet<PortName>,
    origin: &Origin,
) -> Result<(), SwitchError> {
    if ports.is_empty() && state.policy.permits_any(&origin.caller, Verb::Read, switch.name()) {
        return Ok(());
    }
    if ports.is_empty() {
        return may(state, switch, None, Verb::Read, origin);
    }
    ports.iter().try_for_each(|port| may(state, switch, Some(port), Verb::Read, origin))
}

fn verdicts(leg: &Leg) -> Vec<PortVerdict> {
    let found = differences(&leg.after, &leg.observed.slice);
    let verdict = |port: Option<&PortName>| {
        let lag = port.and_then(|port| leg.lag_of(port));
        let concerns = |difference: &&Difference| match (&difference.target, port) {
            (Some(crate::Target::Port(name)), Some(port)) => name == port,
            (Some(crate::Target::Lag(name)), Some(_)) => Some(name) == lag,
            (target, port) => target.is_none() && port.is_none(),
        };
        let differences: Vec<_> = found.iter().filter(concerns).cloned().collect();
        PortVerdict {
            switch: leg.switch.name().clone(),
            port: port.cloned(),
            verdict: if differences.is_empty() { Verdict::InSync } else { Verdict::Differs },
            differences,
            reason: None,
        }
    };
    if leg.ports.is_empty() {
        return vec![verdict(None)];
    }
    leg.ports.iter().map(|port| verdict(Some(port))).collect()
}

fn unknown(places: Vec<(SwitchName, BTreeSet<PortName>)>, reason: &str) -> Vec<PortVerdict> {
    let verdict = |switch: SwitchName, port: Option<PortName>| PortVerdict {
        switch,
        port,
        verdict: Verdict::Unknown,
        differences: Vec::new(),
        reason: Some(reason.to_owned()),
    };
    places
        .into_iter()
        .flat_map(|(switch, ports)| match ports.is_empty() {
            true => vec![verdict(switch, None)],
            false => ports.into_iter().map(|port| verdict(switch.clone(), Some(port))).collect(),
        })
        .collect()
}
