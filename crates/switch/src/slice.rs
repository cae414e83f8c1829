//! A slice: the state of exactly the ports, LAGs and VLANs that a request is about, on one switch.
//!
//! Observed and wanted are both slices, so their difference is data. A slice never holds a port
//! that the request does not name, and a driver cannot touch what is not in it.

use std::collections::{BTreeMap, BTreeSet};

use model::{AdminState, LagName, LagSettings, PortConfig, PortName, Vlan, VlanMode, VlanSet, Vni};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The state of the ports, LAGs and VLANs that a request is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// The ports; one that the switch does not have is absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub ports: BTreeMap<PortName, PortState>,
    /// The LAGs of those ports, and those asked for by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lags: BTreeMap<LagName, LagState>,
    /// The VLANs asked for that are defined; always empty where VLANs need no definition.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vlans: BTreeMap<Vlan, VlanState>,
}

/// One port.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortState {
    /// How it is configured. A member of a LAG has no VLANs of its own: they are the LAG's.
    pub config: PortConfig,
    /// The LAG of which it is a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagName>,
    /// What else the switch keeps with the port and would lose when it joins a LAG, in the
    /// driver's own text, so that it can be put back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
}

/// One LAG on one switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LagState {
    /// LACP, rate, minimum links, fallback.
    pub settings: LagSettings,
    /// Its members on this switch, also those that the request does not name.
    pub members: BTreeSet<PortName>,
    /// VLANs and the rest, as of a port.
    pub config: PortConfig,
    /// What else the switch keeps with the LAG, in the driver's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<String>,
}

/// A VLAN that is defined on the switch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VlanState {
    /// Its name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The VXLAN that its frames belong to beyond the switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vni: Option<Vni>,
}

impl Slice {
    /// The VLAN mode that holds for a port: its LAG's when it is a member.
    pub fn vlans_of(&self, port: &PortName) -> Option<&VlanMode> {
        let state = self.ports.get(port)?;
        match &state.lag {
            Some(lag) => self.lags.get(lag)?.config.vlans.as_ref(),
            None => state.config.vlans.as_ref(),
        }
    }

    /// Every VLAN that a port takes part in; none while it is shut.
    pub fn carried(&self, port: &PortName) -> VlanSet {
        let shut = self.ports.get(port).is_some_and(|p| p.config.admin == Some(AdminState::Down));
        if shut {
            return VlanSet::empty();
        }
        self.vlans_of(port).map_or_else(VlanSet::empty, VlanMode::carried)
    }

    /// A digest of the state, for plan tokens: equal if and only if the slices are.
    pub fn digest(&self) -> String {
        // A map with string keys of strings, numbers and booleans always serialises.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        hex::encode(Sha256::digest(bytes))
    }
}

/// What to read from a switch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query {
    /// Ports, with the LAGs of which they are members.
    pub ports: BTreeSet<PortName>,
    /// LAGs by name, whether or not a port of the query is a member.
    pub lags: BTreeSet<LagName>,
    /// VLAN definitions.
    pub vlans: BTreeSet<Vlan>,
    /// Also the names of all LAGs of the switch, so that a free one can be chosen.
    pub lag_names: bool,
    /// Also the numbers by which the LAGs of the switch are known to its pair, so that a free one
    /// can be chosen. Asked only of a switch with `lag.across_pair`.
    pub pair_ids: bool,
    /// Also every VLAN that is defined on the switch, with its name and VNI, so that the VLAN of a
    /// VXLAN can be found, or a free one chosen. Asked only of a switch with `vxlan`.
    pub all_vlans: bool,
}

impl Query {
    /// A query for ports alone.
    pub fn ports<'a>(ports: impl IntoIterator<Item = &'a PortName>) -> Self {
        Self { ports: ports.into_iter().cloned().collect(), ..Self::default() }
    }

    /// Adds what `other` asks for.
    pub fn merge(&mut self, other: &Self) {
        self.ports.extend(other.ports.iter().cloned());
        self.lags.extend(other.lags.iter().cloned());
        self.vlans.extend(other.vlans.iter().copied());
        self.lag_names |= other.lag_names;
        self.pair_ids |= other.pair_ids;
        self.all_vlans |= other.all_vlans;
    }
}

/// What a switch answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The configuration, as asked for.
    pub slice: Slice,
    /// The state of links and protocols, which no plan depends on.
    pub status: BTreeMap<PortName, PortStatus>,
    /// The names of all LAGs, when asked for.
    pub lag_names: BTreeSet<LagName>,
    /// The pair's numbers of all LAGs that have one, when asked for.
    pub pair_ids: BTreeMap<LagName, u16>,
    /// Every VLAN that is defined, when asked for.
    pub all_vlans: BTreeMap<Vlan, VlanState>,
    /// Why the switch does not yet do what its configuration says, where it tells the two apart.
    /// Such a configuration verifies nothing.
    pub pending: Option<String>,
}

impl Observation {
    /// The part of a merged observation that one query asked for.
    pub fn narrowed(&self, query: &Query) -> Self {
        let ports: BTreeMap<_, _> = self
            .slice
            .ports
            .iter()
            .filter(|(name, _)| query.ports.contains(*name))
            .map(|(name, state)| (name.clone(), state.clone()))
            .collect();
        let of_ports: BTreeSet<&LagName> = ports.values().filter_map(|p| p.lag.as_ref()).collect();
        let lags = self
            .slice
            .lags
            .iter()
            .filter(|(name, _)| query.lags.contains(*name) || of_ports.contains(name))
            .map(|(name, state)| (name.clone(), state.clone()))
            .collect();
        let vlans = self
            .slice
            .vlans
            .iter()
            .filter(|(vlan, _)| query.vlans.contains(vlan))
            .map(|(vlan, state)| (*vlan, state.clone()))
            .collect();
        let status = self
            .status
            .iter()
            .filter(|(name, _)| query.ports.contains(*name))
            .map(|(name, status)| (name.clone(), status.clone()))
            .collect();
        let lag_names = if query.lag_names { self.lag_names.clone() } else { BTreeSet::new() };
        let pair_ids = if query.pair_ids { self.pair_ids.clone() } else { BTreeMap::new() };
        let all_vlans = if query.all_vlans { self.all_vlans.clone() } else { BTreeMap::new() };
        let pending = self.pending.clone();
        let slice = Slice { ports, lags, vlans };
        Self { slice, status, lag_names, pair_ids, all_vlans, pending }
    }
}

/// The state of a port's link and protocols.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortStatus {
    /// Whether the link is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<AdminState>,
    /// Whether LACP is negotiated with the partner; absent outside LACP LAGs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacp: Option<LacpStatus>,
    /// The MTU in effect, which may differ from the configured one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// What the switch says is wrong with the port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where LACP stands on a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LacpStatus {
    /// The partner's frames are current.
    Current,
    /// The partner is silent.
    NoPartner,
}
