//! What the methods answer.

use jiff::Timestamp;
use model::{
    LagName, LagSettings, LinkInformation, NetworkType, PhysicalNetwork, PortConfig, PortName,
    SwitchName, Vlan, VlanSet, Vni,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `get_allowed_network_types`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NetworkTypesAnswer {
    /// What every switch meant can carry.
    pub network_types: Vec<NetworkType>,
}

/// `is_link_valid`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ValidAnswer {
    /// Whether the request can be acted upon.
    pub valid: bool,
    /// What keeps it from that.
    pub problems: Vec<String>,
}

/// `is_port_supported`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SupportedAnswer {
    /// Whether the port can be worked on.
    pub supported: bool,
    /// What keeps it from that.
    pub problems: Vec<String>,
}

/// `attach_port`, `detach_port`, `update_port`, `add_network`, `delete_network`, `apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeAnswer {
    /// The request's id, as given or as generated.
    pub request_id: String,
    /// The id under which the audit log keeps the change; absent when nothing had to be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_id: Option<String>,
    /// Whether anything had to be changed.
    pub outcome: ChangeOutcome,
    /// One entry a port, or a switch for network definitions.
    pub links: Vec<LinkAnswer>,
    /// Whether the change survives a restart of the switches already; the worst of them.
    pub save: SaveState,
    /// How long the service worked, waiting in the queue included.
    pub duration_ms: u64,
}

/// Whether anything had to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    /// At least one link was changed.
    Applied,
    /// All was so already.
    Unchanged,
}

/// Whether a change survives a restart of the switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SaveState {
    /// The switch keeps what is applied.
    Implicit,
    /// It will be saved soon, or by `flush`.
    Pending,
    /// It was saved.
    Saved,
}

/// What became of one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinkAnswer {
    /// The switch.
    pub switch: SwitchName,
    /// The port; absent for network definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortName>,
    /// The LAG of which the port is now a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagName>,
    /// The VXLAN that the request named, and the VLAN that stands for it on the switch; absent for
    /// other networks, and where a VXLAN that was to be deleted was not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vxlan: Option<Vxlan>,
    /// Whether it had to be changed.
    pub outcome: LinkOutcome,
    /// The steps, for people.
    pub changes: Vec<String>,
    /// What was sent, in the switch's own words.
    pub operations: Vec<String>,
    /// Whether it was read back and found as asked for.
    pub verified: bool,
    /// What was read back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<PortConfig>,
    /// The state of the link and its protocols after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<PortStatus>,
}

/// A VXLAN on a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vxlan {
    /// Its network identifier.
    pub vni: Vni,
    /// The VLAN that stands for it there.
    pub vlan: Vlan,
}

/// Whether a link had to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LinkOutcome {
    /// It was changed.
    Applied,
    /// It was so already.
    AlreadySo,
}

/// The state of a port's link and protocols, which no plan depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortStatus {
    /// Whether the link is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<model::AdminState>,
    /// Where LACP stands; absent outside LACP LAGs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacp: Option<LacpState>,
    /// The MTU in effect, in bytes, which may differ from the configured one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// What the switch says is wrong with the port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Where LACP stands on a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LacpState {
    /// The partner's frames are current.
    Current,
    /// The partner is silent.
    NoPartner,
}

/// `plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanAnswer {
    /// The request's id, as given or as generated.
    pub request_id: String,
    /// What `apply` takes. It is bound to the state that was read: `apply` refuses it with
    /// `conflict` when a switch has changed since.
    pub plan_token: String,
    /// Whether nothing would be changed.
    pub empty: bool,
    /// One entry a switch and LAG, or a switch and port.
    pub links: Vec<PlannedLink>,
}

/// What would be done on one switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedLink {
    /// The switch.
    pub switch: SwitchName,
    /// The ports; empty for network definitions.
    pub ports: Vec<PortName>,
    /// The LAG, if there is one before or after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagName>,
    /// The VXLAN that the request names, and the VLAN that would stand for it on the switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vxlan: Option<Vxlan>,
    /// The steps, for people, in order.
    pub changes: Vec<String>,
    /// The steps that would take them back, in order.
    pub inverse: Vec<String>,
    /// What would be sent, in the switch's own words, in order.
    pub operations: Vec<String>,
    /// What is different before and after.
    pub diff: Vec<Difference>,
}

/// One member of a configuration before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The port, LAG or VLAN, such as `port swp1`.
    pub target: String,
    /// What of it, such as `vlans`.
    pub member: String,
    /// Before; `null` is "none".
    pub from: Option<String>,
    /// After; `null` is "none".
    pub to: Option<String>,
}

/// `verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerifyAnswer {
    /// The worst of the ports: differs before unknown before in sync.
    pub state: VerifyState,
    /// One entry a port.
    pub ports: Vec<PortVerdict>,
}

/// Whether a port is as the caller believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VerifyState {
    /// It is.
    InSync,
    /// It is not.
    Differs,
    /// The switch could not be asked, or cannot say.
    Unknown,
}

/// One port, compared with what the caller believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortVerdict {
    /// The switch.
    pub switch: SwitchName,
    /// The port; absent for network definitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortName>,
    /// Whether it is as the caller believes.
    pub state: VerifyState,
    /// Where it is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<MemberDifference>,
    /// Why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One member that is not as the caller believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MemberDifference {
    /// What of the port, such as `vlans`, or of its LAG, such as `vlans of LAG bond-h1`.
    pub member: String,
    /// What the caller believes; `null` is "none".
    pub wanted: Option<String>,
    /// What was read; `null` is "none".
    pub observed: Option<String>,
}

/// `read_port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReadAnswer {
    /// One entry a port, in the request's order.
    pub ports: Vec<PortRead>,
}

/// One port as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortRead {
    /// The switch.
    pub switch: SwitchName,
    /// The port, by the switch's own name.
    pub port: PortName,
    /// Its configuration; a member of a LAG has its VLANs there.
    pub config: PortConfig,
    /// Its LAG.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag: Option<LagRead>,
    /// Of the VLANs that it carries, those that stand for VXLANs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vxlans: Vec<Vxlan>,
    /// The state of the link and its protocols.
    pub status: PortStatus,
}

/// A port's LAG as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LagRead {
    /// Its name on the switch.
    pub name: LagName,
    /// LACP, rate, minimum links, fallback.
    pub settings: LagSettings,
    /// Its members on this switch.
    pub members: Vec<PortName>,
    /// VLANs and the rest.
    pub config: PortConfig,
}

/// `resolve_port`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolveAnswer {
    /// One entry a link, in the request's order.
    pub links: Vec<ResolvedLink>,
}

/// Which port a link means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolvedLink {
    /// The link as it was given.
    pub given: LinkInformation,
    /// The switch.
    pub switch: SwitchName,
    /// The port, by the switch's own name; absent when none or several answer to the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<PortName>,
    /// How it matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matched: Option<MatchedBy>,
    /// All ports that answer to the text.
    pub candidates: Vec<PortCandidate>,
}

/// A port that answers to a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PortCandidate {
    /// The port, by the switch's own name.
    pub port: PortName,
    /// How it matched.
    pub matched: MatchedBy,
}

/// How a text matched a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// By its name, letter by letter.
    Name,
    /// By another spelling of its name.
    Alias,
    /// By its interface index.
    Index,
    /// By its own MAC address.
    Mac,
}

/// `list_switches`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchesAnswer {
    /// The switches that the caller may see, by name.
    pub switches: Vec<SwitchInfo>,
}

/// One switch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchInfo {
    /// Its name in the configuration.
    pub name: SwitchName,
    /// How it is spoken to.
    pub driver: String,
    /// The chassis MAC addresses by which links name it.
    pub switch_ids: Vec<String>,
    /// The physical networks that it is part of.
    pub physical_networks: Vec<PhysicalNetwork>,
    /// What a detached port is left with, such as `VLAN 4000`, `closed` or `shut`.
    pub idle: String,
    /// What it can do. The members follow the drivers, so they are data and not a type here.
    pub capabilities: Value,
    /// Whether a session is open at the moment.
    pub connected: bool,
    /// What went wrong last, until something goes right again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What is applied and not yet saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_save: Option<PendingSave>,
    /// Ports whose last change was begun and never ended in the audit record.
    pub in_doubt: Vec<InDoubt>,
    /// The VLANs that its ports may be given; all that policy allows when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_vlans: Option<VlanSet>,
    /// The VLAN of each flat network.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub flat_networks: std::collections::BTreeMap<PhysicalNetwork, Vlan>,
    /// Whether VLANs that are missing are defined when ports are put into them.
    #[serde(default)]
    pub create_vlans: bool,
    /// The VLANs from which one is taken for a VXLAN that has none here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vxlan_vlans: Option<VlanSet>,
}

/// Changes that a restart of the switch would lose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PendingSave {
    /// How many.
    pub changes: u64,
    /// How old the oldest is, in milliseconds.
    pub since_ms: u64,
    /// Why the last attempt to save failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// A port whose last change was begun and never ended in the audit record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InDoubt {
    /// The port.
    pub port: PortName,
    /// When the change was begun.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// The request's id.
    pub request_id: String,
    /// The id under which the audit log keeps the change.
    pub change_id: String,
}

/// `flush`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlushAnswer {
    /// One entry a switch.
    pub switches: Vec<FlushedSwitch>,
}

/// One switch that was told to save.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FlushedSwitch {
    /// The switch.
    pub switch: SwitchName,
    /// Whether everything applied is saved now.
    pub saved: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
