//! What NVUE and the kernel show, as JSON.

use serde_json::{Map, Value, json};

use super::super::super::{view::PortView, world::World};
use super::tree::Tree;

pub(super) fn pretty(value: &Value) -> String {
    // A value of text keys always serialises.
    format!("{}\n", serde_json::to_string_pretty(value).unwrap_or_default())
}

/// `nv config show -o json`: a header, and what is set.
pub(super) fn whole(tree: &Tree, revision: u32) -> String {
    let header = json!({
        "model": "VX", "nvue-api-version": "nvue_v1",
        "rev-id": revision, "version": "Cumulus Linux 5.9.0",
    });
    pretty(&json!([{ "header": header }, { "set": tree.json() }]))
}

/// `nv config diff`: the lines that lead from one revision to the other.
pub(super) fn difference(from: &Tree, to: &Tree) -> String {
    let (old, new) = (from.commands(), to.commands());
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let gone = old.iter().filter(|line| !new.contains(line));
    let mut text: String =
        gone.map(|line| format!("{}\n", line.replacen("nv set", "nv unset", 1))).collect();
    let come = new.iter().filter(|line| !old.contains(line));
    text.extend(come.map(|line| format!("{line}\n")));
    text
}

/// `nv show` of any path, with the defaults of links and, where ports are given, their state.
pub(super) fn below(tree: &Tree, path: &[&str], ports: &[PortView]) -> Option<Value> {
    let mut root = tree.json();
    for view in ports {
        let state = if view.up { "up" } else { "down" };
        let link = json!({
            "mtu": view.mtu.unwrap_or(9216), "oper-status": state, "state": { state: {} },
        });
        put(&mut root, &["interface", &view.name, "link"], link);
    }
    let mut at = &root;
    for word in path {
        at = at.get(word)?;
    }
    Some(at.clone())
}

fn put(root: &mut Value, path: &[&str], value: Value) {
    let mut at = root;
    for word in path {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(map) = at else { return };
        at = map.entry(*word).or_insert_with(|| json!({}));
    }
    *at = value;
}

/// `bridge -j vlan show`: the kernel's view.
pub(super) fn bridge_vlans(ports: &[PortView]) -> String {
    let ports = ports.iter().filter(|view| view.lag.is_none() && !view.vlans().is_empty());
    let rows: Vec<Value> = ports
        .map(|view| {
            let vlans: Vec<Value> = view
                .vlans()
                .iter()
                .map(|vlan| match view.untagged == Some(vlan) {
                    true => json!({ "vlan": vlan, "flags": ["PVID", "Egress Untagged"] }),
                    false => json!({ "vlan": vlan }),
                })
                .collect();
            json!({ "ifname": view.name, "vlans": vlans })
        })
        .collect();
    format!("{}\n", Value::Array(rows))
}

pub(super) fn vnis(tree: &Tree) -> Value {
    let vlans = tree.keys(&["bridge", "domain", super::BRIDGE, "vlan"]);
    let rows = vlans.into_iter().filter_map(|vlan| {
        let vni = tree
            .keys(&["bridge", "domain", super::BRIDGE, "vlan", vlan, "vni"])
            .first()?
            .parse::<u32>()
            .ok()?;
        Some((vlan.to_owned(), json!({ "vni": vni })))
    });
    Value::Object(rows.collect())
}

pub(super) fn mlag(tree: &Tree, has_peer: bool) -> Value {
    let mut value = tree.json().get("mlag").cloned().unwrap_or_else(|| json!({}));
    if let Value::Object(map) = &mut value {
        map.insert("enable".to_owned(), json!(if map.is_empty() { "off" } else { "on" }));
        map.insert("peer-alive".to_owned(), json!(has_peer));
        map.insert("backup-active".to_owned(), json!(has_peer));
        map.insert("local-role".to_owned(), json!("primary"));
    }
    value
}

pub(super) fn lldp(world: &World) -> Value {
    let rows = world.neighbours().map(|(port, neighbour)| {
        let told = json!({
            "chassis": { "chassis-id": mac(&neighbour.chassis), "system-name": neighbour.system_name },
            "port": { "name": neighbour.port_id, "description": neighbour.port_description },
        });
        let name =
            if neighbour.system_name.is_empty() { mac(&neighbour.chassis) } else { neighbour.system_name.clone() };
        (port.to_owned(), json!({ "lldp": { "neighbor": { name: told } } }))
    });
    Value::Object(rows.collect())
}

pub(super) fn macs(world: &World, ports: &[PortView]) -> Value {
    let rows = world.macs(ports).into_iter().enumerate().map(|(number, (vlan, address, port))| {
        let row = json!({
            "interface": port, "mac": mac(&address), "vlan": vlan, "bridge-domain": super::BRIDGE,
        });
        ((number + 1).to_string(), row)
    });
    Value::Object(rows.collect())
}

fn mac(bytes: &[u8; 6]) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(":")
}
