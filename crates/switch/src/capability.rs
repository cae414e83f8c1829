//! What a switch can do, as data: read by the planner, shown to callers, checked before a device
//! is touched.

use model::NetworkType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one switch, through its driver, can do. What is not here is refused before any command is
/// sent. Read from JSON, a member that is absent is one that the switch lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Capabilities {
    /// Untagged VLAN on a port.
    pub access: bool,
    /// Tagged VLANs on a port.
    pub trunk: bool,
    /// An untagged VLAN beside the tagged ones.
    pub native_on_trunk: bool,
    /// Whether hybrid is a mode of its own.
    pub hybrid: HybridSupport,
    /// A port that carries no VLAN while it is up.
    pub closed: bool,
    /// Ports can be shut.
    pub port_shut: bool,
    /// Ports keep a description.
    pub description: bool,
    /// The MTU of a port can be set.
    pub mtu: bool,
    /// Spanning-tree edge ports.
    pub stp_edge: bool,
    /// BPDU guard.
    pub bpdu_guard: bool,
    /// Link aggregation, if there is any.
    pub lag: Option<LagCapabilities>,
    /// Whether VLANs have to exist before a port can carry them.
    pub vlan_database: VlanDatabase,
    /// VLAN-to-VNI mapping.
    pub vxlan: bool,
    /// What happens to a change that fails half-way.
    pub atomicity: Atomicity,
    /// Whether the running configuration has to be saved to survive a restart.
    pub saving: Saving,
}

impl Capabilities {
    /// A switch that can do nothing: what a driver starts from.
    pub const NONE: Self = Self {
        access: false,
        trunk: false,
        native_on_trunk: false,
        hybrid: HybridSupport::None,
        closed: false,
        port_shut: false,
        description: false,
        mtu: false,
        stp_edge: false,
        bpdu_guard: false,
        lag: None,
        vlan_database: VlanDatabase::Implicit,
        vxlan: false,
        atomicity: Atomicity::PerCommand,
        saving: Saving::Implicit,
    };

    /// The network types that a port of this switch can be attached to.
    pub fn network_types(&self) -> Vec<NetworkType> {
        let mut types = Vec::new();
        if self.access {
            types.push(NetworkType::Flat);
        }
        if self.access || self.trunk {
            types.push(NetworkType::Vlan);
        }
        if self.vxlan {
            types.push(NetworkType::Vxlan);
        }
        types
    }
}

impl Default for Capabilities {
    fn default() -> Self {
        Self::NONE
    }
}

/// Whether a switch tells a hybrid port from a trunk with a native VLAN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HybridSupport {
    /// No such thing.
    None,
    /// A trunk with a native VLAN is what it has; a request for hybrid becomes that.
    AsTrunk,
    /// A mode of its own.
    Own,
}

/// What a switch's LAGs can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LagCapabilities {
    /// LACP where the switch speaks first.
    pub active: bool,
    /// LACP where the switch only answers.
    pub passive: bool,
    /// LAGs without LACP.
    pub r#static: bool,
    /// The rate of LACP frames can be chosen.
    pub rate: bool,
    /// A minimum of members that must be up.
    pub min_links: bool,
    /// One member carries traffic while the partner speaks no LACP.
    pub fallback: bool,
    /// Members on the two switches of a pair.
    pub across_pair: bool,
    /// The MTU belongs to the LAG rather than to each member.
    pub mtu_on_lag: bool,
    /// Members copy STP edge, BPDU guard and MTU from their LAG and keep none of their own.
    pub mirrors: bool,
    /// The most members that a LAG may have on one switch.
    pub max_members: u8,
    /// How LAGs are named.
    pub naming: LagNaming,
}

impl Default for LagCapabilities {
    /// Freely named LAGs that can do nothing.
    fn default() -> Self {
        Self {
            active: false,
            passive: false,
            r#static: false,
            rate: false,
            min_links: false,
            fallback: false,
            across_pair: false,
            mtu_on_lag: false,
            mirrors: false,
            max_members: 0,
            naming: LagNaming::Free,
        }
    }
}

/// How a switch names its LAGs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LagNaming {
    /// Any name.
    Free,
    /// A prefix and a number, such as `Port-Channel12`.
    Numbered {
        /// What stands before the number.
        prefix: String,
    },
}

/// Whether VLANs have to exist before a port can carry them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VlanDatabase {
    /// VLANs need no definition.
    Implicit,
    /// VLANs are created and deleted.
    Explicit,
}

/// What happens to a change that fails half-way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Atomicity {
    /// All operations take effect at one instant, or none does.
    Transaction,
    /// Operations are collected and committed together.
    Candidate,
    /// Each operation takes effect by itself.
    PerCommand,
}

/// Whether the running configuration has to be saved to survive a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Saving {
    /// What is applied is kept.
    Implicit,
    /// A command saves it.
    Explicit,
}
