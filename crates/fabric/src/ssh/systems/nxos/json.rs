//! Answers to `| json`: tables with one row are objects, others lists.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::chassis::Vlan;
use super::super::chassis::names::IfName;
use super::super::text::dots;
use super::show::{allowed_text, state, vlan_name};
use super::{NAMING, NxOs};

fn text(value: &Value) -> String {
    format!("{value}\n")
}

/// `{TABLE_x: {ROW_x: ...}}`.
fn table(name: &str, mut rows: Vec<Value>) -> Value {
    let row = if rows.len() == 1 { rows.remove(0) } else { Value::Array(rows) };
    json!({ format!("TABLE_{name}"): { format!("ROW_{name}"): row } })
}

pub(super) fn version(nxos: &NxOs) -> String {
    text(&json!({
        "host_name": nxos.running.hostname, "nxos_ver_str": "9.3(5)",
        "chassis_id": "Nexus9000 C93180YC-EX chassis", "manufacturer": "Cisco Systems, Inc.",
    }))
}

pub(super) fn vlans(
    shown: &[(u16, &Vlan)],
    ports: &BTreeMap<u16, Vec<IfName>>,
    is_one: bool,
) -> String {
    let rows = shown
        .iter()
        .map(|(id, vlan)| {
            let own = ports.get(id).map(Vec::as_slice).unwrap_or_default();
            let list: Vec<String> = own.iter().map(|port| NAMING.long(port)).collect();
            let mut row = json!({
                "vlanshowbr-vlanid": id.to_string(), "vlanshowbr-vlanid-utf": id.to_string(),
                "vlanshowbr-vlanname": vlan_name(*id, vlan), "vlanshowbr-vlanstate": state(vlan),
                "vlanshowbr-shutstate": "noshutdown",
            });
            if let (false, Some(row)) = (list.is_empty(), row.as_object_mut()) {
                row.insert("vlanshowplist-ifidx".to_owned(), json!(list.join(",")));
            }
            row
        })
        .collect();
    text(&table(if is_one { "vlanbrief" } else { "vlanbriefxbrief" }, rows))
}

impl NxOs {
    pub(super) fn switchport_json(&self, port: Option<&IfName>) -> String {
        let rows = self
            .switched(port)
            .iter()
            .filter_map(|name| {
                let port = self.running.ports.get(name)?;
                let long = NAMING.long(name);
                if port.is_routed {
                    return Some(json!({ "interface": long, "switchport": "Disabled" }));
                }
                let label = |vlan: u16| {
                    let own = self.running.vlans.get(&vlan);
                    own.map_or_else(|| "Vlan not created".to_owned(), |own| vlan_name(vlan, own))
                };
                let (access, native) = (port.access.unwrap_or(1), port.native.unwrap_or(1));
                Some(json!({
                    "interface": long, "switchport": "Enabled", "switchport_monitor": "Not enabled",
                    "oper_mode": self.mode_word(port), "access_vlan": access,
                    "access_vlan_name": label(access), "native_vlan": native,
                    "native_vlan_name": label(native), "trunk_vlans": allowed_text(port),
                }))
            })
            .collect();
        text(&table("interface", rows))
    }

    pub(super) fn lags_json(&self, port: Option<&IfName>) -> String {
        let is_wanted = |lag: u32| port.is_none_or(|port| *port == IfName::lag(lag));
        let rows = self
            .running
            .lags()
            .filter(|(lag, _)| is_wanted(*lag))
            .map(|(lag, own)| {
                let members = self.plane().members(lag);
                let members: Vec<Value> = members
                    .iter()
                    .map(|(name, state)| json!({ "port": NAMING.long(name), "port-status": Self::sign(*state).to_string() }))
                    .collect();
                let lacp = self.running.lag_mode(lag).is_some_and(|mode| mode.is_lacp());
                let is_up = self.plane().is_up(&IfName::lag(lag));
                let mut row = json!({
                    "group": lag.to_string(), "port-channel": format!("port-channel{lag}"),
                    "layer": if own.is_routed { "R" } else { "S" },
                    "status": if is_up { "U" } else { "D" }, "type": "Eth",
                    "prtcl": if lacp { "LACP" } else { "NONE" },
                });
                if let (false, Some(row)) = (members.is_empty(), row.as_object_mut()) {
                    let members = table("member", members);
                    row.extend(members.as_object().cloned().unwrap_or_default());
                }
                row
            })
            .collect();
        text(&table("channel", rows))
    }

    pub(super) fn macs_json(&self, wanted: &str) -> String {
        let rows = self
            .heard(wanted)
            .iter()
            .map(|(vlan, mac, port)| {
                json!({
                    "disp_mac_addr": dots(mac), "disp_type": "* ", "disp_vlan": vlan.to_string(),
                    "disp_is_static": "disabled", "disp_age": "0", "disp_is_secure": "disabled",
                    "disp_is_ntfy": "disabled", "disp_port": port,
                })
            })
            .collect();
        text(&table("mac_address", rows))
    }

    pub(super) fn lldp_json(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let rows: Vec<Value> = self
            .world
            .neighbours()
            .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted == name))
            .map(|(name, own)| {
                let local = NAMING.read(name).map(|name| NAMING.short(&name)).unwrap_or_default();
                json!({
                    "chassis_type": "4", "chassis_id": dots(&own.chassis), "l_port_id": local,
                    "port_id": own.port_id, "sys_name": own.system_name,
                    "port_desc": own.port_description, "ttl": "110", "hold_time": "120",
                })
            })
            .collect();
        let count = rows.len();
        let mut all = table("nbor_detail", rows);
        if let Some(all) = all.as_object_mut() {
            all.insert("neigh_count".to_owned(), json!(count));
        }
        text(&all)
    }

    pub(super) fn vpc_json(&self) -> String {
        let is_up = self.setup.has_pair && self.running.pair.is_some();
        let rows: Vec<Value> = self
            .running
            .lags()
            .filter_map(|(lag, port)| {
                let number = port.pair?;
                let up = self.plane().is_up(&IfName::lag(lag));
                Some(json!({
                    "vpc-id": number, "vpc-ifindex": format!("Po{lag}"),
                    "vpc-port-state": if up { "Up" } else { "Down" },
                    "vpc-thru-peerlink": if up { "0" } else { "1" },
                    "vpc-consistency": "consistent", "vpc-consistency-status": "SUCCESS",
                }))
            })
            .collect();
        let domain = self.running.pair.as_ref().map(|(domain, _)| domain.clone());
        let mut all = json!({
            "vpc-domain-id": domain.unwrap_or_else(|| "not-configured".to_owned()),
            "vpc-peer-status": if is_up { "peer-ok" } else { "peer-link-not-configured" },
            "vpc-peer-consistency": if is_up { "consistent" } else { "inconsistent" },
            "vpc-role": if is_up { "primary" } else { "none-established" },
            "num-of-vpcs": rows.len(),
        });
        if let (false, Some(all)) = (rows.is_empty(), all.as_object_mut()) {
            all.extend(table("vpc", rows).as_object().cloned().unwrap_or_default());
        }
        text(&all)
    }
}
