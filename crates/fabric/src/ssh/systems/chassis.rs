//! A switch as the simulated systems of Cisco's school see it: ports, LAGs, VLANs, VNIs.
//!
//! The state is shared by these systems because the things are the same; what a command does to
//! it, what is shown of it and what it means for frames is each system's own.

pub(crate) mod forward;
pub(crate) mod names;
pub(crate) mod switchport;

use std::collections::{BTreeMap, BTreeSet};

use super::super::vlans::VlanSet;
use names::{IfName, Kind};

/// A configuration. Equal configurations are the same for the switch.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Config {
    pub(crate) hostname: String,
    pub(crate) vlans: BTreeMap<u16, Vlan>,
    pub(crate) ports: BTreeMap<IfName, Port>,
    /// Which VLAN is mapped to which VNI at the tunnel interface.
    pub(crate) vnis: BTreeMap<u16, u32>,
    /// VNIs that the tunnel interface carries, with their lines.
    pub(crate) members: BTreeMap<u32, Vec<String>>,
    /// EVPN instances by their number (a VLAN or a VNI), with their lines.
    pub(crate) instances: BTreeMap<u32, Vec<String>>,
    /// Which VLAN belongs to which EVPN instance or virtual network.
    pub(crate) bound: BTreeMap<u16, u32>,
    /// `feature ...` and other lines of the top that are only kept.
    pub(crate) features: BTreeSet<String>,
    /// The number of BGP's autonomous system.
    pub(crate) bgp: Option<u32>,
    /// The pair's domain, with its lines.
    pub(crate) pair: Option<(String, Vec<String>)>,
}

/// A VLAN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Vlan {
    pub(crate) name: Option<String>,
    pub(crate) is_down: bool,
    pub(crate) vni: Option<u32>,
}

/// How a port switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Access,
    Trunk,
}

/// How a port is in a LAG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LagMode {
    Active,
    Passive,
    On,
}

impl LagMode {
    pub(crate) fn new(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "passive" => Self::Passive,
            _ => Self::On,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::On => "on",
        }
    }

    pub(crate) const fn is_lacp(self) -> bool {
        !matches!(self, Self::On)
    }
}

/// A port, a LAG or another interface. What is not set is at the system's default.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Port {
    pub(crate) description: Option<String>,
    pub(crate) is_down: bool,
    pub(crate) is_routed: bool,
    pub(crate) mode: Option<Mode>,
    pub(crate) access: Option<u16>,
    pub(crate) native: Option<u16>,
    pub(crate) tags_native: bool,
    pub(crate) allowed: Option<VlanSet>,
    pub(crate) is_silent: bool,
    /// Spanning tree's port type, in the system's words.
    pub(crate) edge: Option<&'static str>,
    pub(crate) guard: Option<bool>,
    pub(crate) mtu: Option<u32>,
    pub(crate) group: Option<(u32, LagMode)>,
    pub(crate) pair: Option<u32>,
    pub(crate) is_peer_link: bool,
    /// Further lines, by what they are about, as they are shown.
    pub(crate) lines: BTreeMap<&'static str, String>,
    /// Lines of an EVPN Ethernet segment.
    pub(crate) segment: Option<Vec<String>>,
}

impl Port {
    pub(crate) fn is_trunk(&self) -> bool {
        self.mode == Some(Mode::Trunk)
    }

    /// The further line of this subject without its first words, if it is there.
    pub(crate) fn line(&self, subject: &str) -> Option<&str> {
        self.lines.get(subject).map(String::as_str)
    }

    /// Sets or removes a further line.
    pub(crate) fn set_line(&mut self, subject: &'static str, line: Option<String>) {
        match line {
            Some(line) => self.lines.insert(subject, line),
            None => self.lines.remove(subject),
        };
    }
}

impl Config {
    /// VLAN 1 and these ports.
    pub(crate) fn new(hostname: &str, ports: impl IntoIterator<Item = IfName>) -> Self {
        Self {
            hostname: hostname.to_owned(),
            vlans: BTreeMap::from([(1, Vlan::default())]),
            ports: ports.into_iter().map(|name| (name, Port::default())).collect(),
            ..Self::default()
        }
    }

    /// The members of a LAG, by name.
    pub(crate) fn members_of(&self, lag: u32) -> Vec<IfName> {
        let is_in = |port: &Port| port.group.is_some_and(|(number, _)| number == lag);
        let members = self.ports.iter().filter(|(_, port)| is_in(port));
        members.map(|(name, _)| name.clone()).collect()
    }

    /// How the members of a LAG are in it.
    pub(crate) fn lag_mode(&self, lag: u32) -> Option<LagMode> {
        let of = |port: &Port| port.group.filter(|(number, _)| *number == lag);
        self.ports.values().find_map(of).map(|(_, mode)| mode)
    }

    /// The LAGs, by number.
    pub(crate) fn lags(&self) -> impl Iterator<Item = (u32, &Port)> {
        self.ports
            .iter()
            .filter(|(name, _)| name.kind == Kind::Lag)
            .map(|(name, port)| (name.number(), port))
    }

    /// The VLANs that exist and work.
    pub(crate) fn working_vlans(&self) -> VlanSet {
        self.vlans.iter().filter(|(_, vlan)| !vlan.is_down).map(|(id, _)| *id).collect()
    }
}
