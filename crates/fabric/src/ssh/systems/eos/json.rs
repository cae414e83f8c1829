//! Answers to `| json`, as EOS structures them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::chassis::forward::Member;
use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{LagMode, Vlan};
use super::super::text::{colons, dots};
use super::show::{allowed_text, vlan_name};
use super::{Eos, NAMING};

/// Over many lines, with four blanks, as EOS prints it.
pub(super) fn pretty(value: &Value) -> String {
    let mut bytes = Vec::new();
    let format = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, format);
    let written = serde::Serialize::serialize(value, &mut writer);
    let text = written.ok().and_then(|()| String::from_utf8(bytes).ok());
    text.unwrap_or_default() + "\n"
}

pub(super) fn version(eos: &Eos) -> String {
    pretty(&json!({
        "modelName": "vEOS-lab", "version": "4.28.3M", "serialNumber": "SIMULATED",
        "systemMacAddress": "50:01:00:02:00:03", "architecture": "x86_64",
        "hostname": eos.running_config().hostname,
    }))
}

/// Nothing to complain about.
pub(super) fn sanity() -> String {
    pretty(&json!({
        "globalConfiguration": {}, "interfaceConfiguration": {},
        "mlagActive": true, "mlagConnected": true,
    }))
}

pub(super) fn vlans<'a>(
    vlans: impl Iterator<Item = (&'a u16, &'a Vlan)>,
    ports: &BTreeMap<u16, Vec<IfName>>,
) -> String {
    let all: Map<String, Value> = vlans
        .map(|(id, vlan)| {
            let own = ports.get(id).map(Vec::as_slice).unwrap_or_default();
            let interfaces: Map<String, Value> = own
                .iter()
                .map(|port| (NAMING.long(port), json!({ "privatePromoted": false })))
                .collect();
            let status = if vlan.is_down { "suspended" } else { "active" };
            let name = vlan_name(*id, vlan);
            (
                id.to_string(),
                json!({
                    "status": status, "name": name, "dynamic": false, "interfaces": interfaces,
                }),
            )
        })
        .collect();
    pretty(&json!({ "sourceDetail": "", "vlans": all }))
}

/// A LAG and its members.
pub(super) struct Lag {
    pub(super) number: u32,
    pub(super) mode: Option<LagMode>,
    pub(super) active: Vec<(IfName, Member)>,
    pub(super) inactive: Vec<(IfName, Member)>,
}

pub(super) fn lags(lags: impl Iterator<Item = Lag>) -> String {
    let all: Map<String, Value> = lags
        .map(|lag| {
            let list = |members: &[(IfName, Member)]| -> Map<String, Value> {
                members.iter().map(|member| lag_member(lag.mode, member)).collect()
            };
            let one = json!({
                "activePorts": list(&lag.active), "inactivePorts": list(&lag.inactive),
                "fallbackState": "unconfigured", "recircFeature": [],
            });
            (format!("Port-Channel{}", lag.number), one)
        })
        .collect();
    pretty(&json!({ "portChannels": all }))
}

fn lag_member(mode: Option<LagMode>, (name, state): &(IfName, Member)) -> (String, Value) {
    let reason = match state {
        Member::Down => "interface is down",
        _ => "waiting for LACP response",
    };
    let lacp = mode.filter(|mode| mode.is_lacp());
    let protocol = if lacp.is_some() { "lacp" } else { "static" };
    let mut port = json!({ "timeBecameActive": 1.0, "protocol": protocol });
    if let Some(port) = port.as_object_mut() {
        if let Some(mode) = lacp {
            port.insert("lacpMode".to_owned(), json!(mode.word()));
        }
        if !state.carries() {
            port.insert("reasonUnconfigured".to_owned(), json!(reason));
        }
    }
    (NAMING.long(name), port)
}

impl Eos {
    /// `show lacp interface`: a port in a LAG that speaks LACP, and nothing for any other.
    pub(super) fn lacp_json(&self, port: Option<&IfName>) -> String {
        let lags = self.running.lags().map(|(lag, _)| lag);
        let speaking =
            lags.filter(|lag| self.running.lag_mode(*lag).is_some_and(|mode| mode.is_lacp()));
        let all: Map<String, Value> = speaking
            .filter_map(|lag| {
                let members = self.plane(&self.running).members(lag);
                let (name, state) = members.into_iter().find(|(name, _)| Some(name) == port)?;
                let bundled = state.carries();
                let end = json!({
                    "activity": true, "timeout": false, "aggregation": true,
                    "synchronization": bundled, "collecting": bundled, "distributing": bundled,
                    "expired": false, "defaulted": !bundled,
                });
                let status = if bundled { "bundled" } else { "noAgg" };
                let member = json!({
                    "actorPortStatus": status, "actorPortState": &end, "partnerPortState": &end,
                });
                let own = json!({ "interfaces": { NAMING.long(&name): member } });
                Some((format!("Port-Channel{lag}"), own))
            })
            .collect();
        pretty(&json!({ "portChannels": all, "orphanPorts": {} }))
    }

    pub(super) fn switchports_json(&self, port: Option<&IfName>) -> String {
        let all: Map<String, Value> = self
            .ports_or_all(port)
            .iter()
            .filter_map(|name| {
                let port = self.running_config().ports.get(name)?;
                let mode = if port.is_trunk() { "trunk" } else { "access" };
                let vlan_of = |vlan: u16| {
                    let own = self.running_config().vlans.get(&vlan);
                    own.map_or_else(|| "Inactive".to_owned(), |own| vlan_name(vlan, own))
                };
                let (access, native) = (port.access.unwrap_or(1), port.native.unwrap_or(1));
                let info = json!({
                    "mode": mode, "macLearning": true, "tpid": "0x8100", "tpidStatus": true,
                    "dot1qVlanTagRequired": false, "accessVlanId": access,
                    "accessVlanName": vlan_of(access), "trunkingNativeVlanId": native,
                    "trunkingNativeVlanName": vlan_of(native),
                    "trunkAllowedVlans": allowed_text(port.allowed.as_ref()),
                    "staticTrunkGroups": [], "dynamicTrunkGroups": [],
                    "sourceportFilterMode": "enabled",
                    "trunkingNativeVlanTagged": port.tags_native,
                });
                Some((
                    NAMING.long(name),
                    json!({
                        "enabled": !port.is_routed, "switchportInfo": info,
                    }),
                ))
            })
            .collect();
        pretty(&json!({ "switchports": all }))
    }

    pub(super) fn status_json(&self, port: Option<&IfName>) -> String {
        let all: Map<String, Value> = self
            .ports_or_all(port)
            .iter()
            .filter_map(|name| {
                let port = self.running_config().ports.get(name)?;
                let vlan = match self.status_vlan(name).as_str() {
                    "trunk" => json!({
                        "interfaceMode": "trunk", "interfaceForwardingModel": "bridged",
                        "vlanExplanation": "trunk",
                    }),
                    "routed" => json!({
                        "interfaceMode": "routed", "interfaceForwardingModel": "routed",
                    }),
                    text if text.starts_with("in ") => json!({
                        "interfaceMode": "inactive", "interfaceForwardingModel": "dataLink",
                        "vlanExplanation": text,
                    }),
                    _ => json!({
                        "interfaceMode": "bridged", "interfaceForwardingModel": "bridged",
                        "vlanId": port.access.unwrap_or(1),
                    }),
                };
                let status = self.link_status(name);
                let protocol = if status == "connected" { "up" } else { "down" };
                Some((
                    NAMING.long(name),
                    json!({
                        "description": port.description.clone().unwrap_or_default(),
                        "linkStatus": status, "lineProtocolStatus": protocol,
                        "vlanInformation": vlan, "bandwidth": 10_000_000_000_u64,
                        "duplex": "duplexFull", "autoNegotiateActive": false,
                        "interfaceType": "EbraTestPhyPort",
                    }),
                ))
            })
            .collect();
        pretty(&json!({ "interfaceStatuses": all }))
    }

    pub(super) fn lldp_json(&self, port: Option<&IfName>) -> String {
        let heard: BTreeMap<&str, _> = self.world.neighbours().collect();
        let ports = self.ports_or_all(port);
        let ports = ports.iter().filter(|name| name.kind == Kind::Port);
        let all: Map<String, Value> = ports
            .map(|name| {
                let long = NAMING.long(name);
                let info: Vec<Value> = heard
                    .get(long.as_str())
                    .map(|own| {
                        let is_mac = own.port_id.len() >= 12
                            && own
                                .port_id
                                .chars()
                                .all(|letter| letter.is_ascii_hexdigit() || ".:-".contains(letter));
                        let kind = if is_mac { "macAddress" } else { "interfaceName" };
                        let id = if is_mac {
                            own.port_id.clone()
                        } else {
                            format!("\"{}\"", own.port_id)
                        };
                        json!({
                            "chassisIdType": "macAddress", "chassisId": dots(&own.chassis),
                            "systemName": own.system_name,
                            "neighborInterfaceInfo": {
                                "interfaceIdType": kind, "interfaceId": id,
                                "interfaceDescription": own.port_description,
                            },
                            "ttl": 120,
                        })
                    })
                    .into_iter()
                    .collect();
                (long, json!({ "lldpNeighborInfo": info }))
            })
            .collect();
        pretty(&json!({ "lldpNeighbors": all }))
    }

    pub(super) fn macs_json(&self, wanted: &str) -> String {
        let entries: Vec<Value> = self
            .heard_macs(wanted)
            .iter()
            .map(|(vlan, mac, port)| {
                json!({
                    "macAddress": colons(mac), "interface": port, "vlanId": vlan,
                    "entryType": "dynamic", "moves": 1, "lastMove": 1.0,
                })
            })
            .collect();
        pretty(&json!({
            "unicastTable": { "tableEntries": entries },
            "multicastTable": { "tableEntries": [] },
        }))
    }

    pub(super) fn mlag_json(&self) -> String {
        if self.running_config().pair.is_none() {
            return pretty(&json!({ "state": "disabled" }));
        }
        let is_up = self.setup.has_pair;
        let state = |up: &'static str, down: &'static str| if is_up { up } else { down };
        let (full, rest) = self.mlag_counts();
        pretty(&json!({
            "state": state("active", "inactive"),
            "negStatus": state("connected", "connecting"),
            "peerLinkStatus": state("up", "lowerlayerdown"),
            "localIntfStatus": state("up", "lowerlayerdown"),
            "configSanity": "consistent",
            "domainId": self.pair_value("domain-id"),
            "peerLink": self.pair_value("peer-link"),
            "peerAddress": self.pair_value("peer-address"),
            "localInterface": self.pair_value("local-interface"),
            "mlagPorts": {
                "Disabled": 0, "Configured": 0, "Inactive": rest,
                "Active-partial": 0, "Active-full": full,
            },
        }))
    }
}
