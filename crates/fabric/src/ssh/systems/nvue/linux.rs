//! What Linux underneath shows: `ip`, `bridge`, `ifquery`, all of the applied revision.
//!
//! Layouts from iproute2 (`ip/ipaddress.c`, `ip/iplink_bond.c`, `bridge/vlan.c`) and from the
//! `interfaces` files in NVIDIA's guide.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::super::view::PortView;
use super::BRIDGE;
use super::tree::Tree;

/// `ip -j -d link show`.
pub(super) fn links(tree: &Tree, ports: &[PortView], wanted: impl Fn(&PortView) -> bool) -> String {
    let rows = ports.iter().enumerate().filter(|(_, view)| wanted(view));
    let rows: Vec<Value> = rows.map(|(index, view)| link(tree, ports, index, view)).collect();
    format!("{}\n", Value::Array(rows))
}

fn link(tree: &Tree, ports: &[PortView], index: usize, view: &PortView) -> Value {
    let bundle = view.lag.as_ref().and_then(|lag| ports.iter().find(|port| port.name == *lag));
    let runs = if bundle.is_some() { view.enabled } else { view.up };
    let mut flags = vec!["BROADCAST", "MULTICAST"];
    flags.extend(if view.lag.is_some() { Some("SLAVE") } else { None });
    flags.extend(if view.members.is_empty() { None } else { Some("MASTER") });
    flags.extend(if view.enabled { Some("UP") } else { None });
    flags.extend(if runs { Some("LOWER_UP") } else { None });
    let address = format!("00:53:00:00:01:{index:02x}");
    let mut row = json!({
        "ifindex": index + 3, "ifname": view.name, "flags": flags,
        "mtu": view.mtu.unwrap_or(9216), "qdisc": "pfifo_fast",
        "operstate": if runs { "UP" } else { "DOWN" }, "linkmode": "DEFAULT",
        "group": "default", "txqlen": 1000, "link_type": "ether", "address": address,
        "broadcast": "ff:ff:ff:ff:ff:ff", "promiscuity": 1,
    });
    let Value::Object(map) = &mut row else { return row };
    let mut info = serde_json::Map::new();
    if !view.members.is_empty() {
        let is_static = view.lag_mode.as_deref() == Some("static");
        info.insert("info_kind".into(), json!("bond"));
        let mode = if is_static { "balance-xor" } else { "802.3ad" };
        let rate = tree.leaf(&["interface", &view.name, "bond", "lacp-rate"]).unwrap_or("fast");
        let data = json!({
            "mode": mode, "miimon": 100, "updelay": 0, "downdelay": 0, "min_links": 1,
            "xmit_hash_policy": "layer3+4", "ad_lacp_rate": rate,
        });
        info.insert("info_data".into(), data);
    }
    let master = match bundle {
        Some(bundle) => {
            let state = if bundle.up && view.enabled { "ACTIVE" } else { "BACKUP" };
            let data = json!({
                "state": state, "mii_status": if view.enabled { "UP" } else { "DOWN" },
                "link_failure_count": 0, "perm_hwaddr": address, "queue_id": 0,
            });
            info.insert("info_slave_kind".into(), json!("bond"));
            info.insert("info_slave_data".into(), data);
            Some(bundle.name.as_str())
        }
        None if view.untagged.is_some() || !view.permits.is_empty() => {
            info.insert("info_slave_kind".into(), json!("bridge"));
            let state = if view.up { "forwarding" } else { "disabled" };
            info.insert("info_slave_data".into(), json!({ "state": state }));
            Some(BRIDGE)
        }
        None => None,
    };
    if let Some(master) = master {
        map.insert("master".into(), json!(master));
    }
    if !info.is_empty() {
        map.insert("linkinfo".into(), Value::Object(info));
    }
    if let Some(text) = &view.description {
        map.insert("ifalias".into(), json!(text));
    }
    row
}

/// `bridge vlan show`.
pub(super) fn vlans(ports: &[PortView]) -> String {
    let mut text = "port              vlan-id  \n".to_owned();
    for view in ports.iter().filter(|view| view.lag.is_none()) {
        let mut name = view.name.as_str();
        for vlan in view.vlans().iter() {
            let flags = if view.untagged == Some(vlan) { " PVID Egress Untagged" } else { "" };
            let _ = writeln!(text, "{name:<18}{vlan}{flags}");
            name = "";
        }
    }
    text
}

/// `ifquery`: the interface as it is in `/etc/network/interfaces`. None if it is not there.
pub(super) fn stanza(tree: &Tree, name: &str) -> Option<String> {
    let bonded = |bond: &&str| tree.keys(&["interface", bond, "bond", "member"]).contains(&name);
    let is_member = tree.keys(&["interface"]).iter().any(bonded);
    if !is_member && !tree.has(&["interface", name]) {
        return None;
    }
    let at = |more: &[&str]| {
        let path: Vec<&str> = ["interface", name].into_iter().chain(more.iter().copied()).collect();
        tree.leaf(&path)
    };
    let domain = |leaf: &'static str| at(&["bridge", "domain", BRIDGE, leaf]);
    let stp = |leaf: &'static str| at(&["bridge", "domain", BRIDGE, "stp", leaf]) == Some("on");
    let mut lines: Vec<String> = Vec::new();
    let mut line = |text: String, due: bool| lines.extend(due.then_some(text));
    let alias = at(&["description"]);
    line(format!("alias {}", alias.unwrap_or_default()), alias.is_some());
    let mtu = at(&["link", "mtu"]);
    line(format!("mtu {}", mtu.unwrap_or_default()), mtu.is_some());
    line("link-down yes".to_owned(), at(&["link", "state"]) == Some("down"));
    let members = tree.keys(&["interface", name, "bond", "member"]);
    if !members.is_empty() {
        let is_static = at(&["bond", "mode"]) == Some("static");
        line(format!("bond-slaves {}", members.join(" ")), true);
        line(format!("bond-mode {}", if is_static { "balance-xor" } else { "802.3ad" }), true);
        line("bond-lacp-rate slow".to_owned(), at(&["bond", "lacp-rate"]) == Some("slow"));
        let bypass = at(&["bond", "lacp-bypass"]) == Some("on");
        line("bond-lacp-bypass-allow yes".to_owned(), bypass);
        let pair = at(&["bond", "mlag", "id"]);
        line(format!("clag-id {}", pair.unwrap_or_default()), pair.is_some());
    }
    let access = domain("access");
    line(format!("bridge-access {}", access.unwrap_or_default()), access.is_some());
    let vlans = tree.keys(&["interface", name, "bridge", "domain", BRIDGE, "vlan"]);
    line(format!("bridge-vids {}", vlans.join(" ")), !vlans.is_empty());
    match domain("untagged") {
        Some("none") => line("bridge-allow-untagged no".to_owned(), true),
        Some(vlan) => line(format!("bridge-pvid {vlan}"), true),
        None => {}
    }
    line("mstpctl-portadminedge yes".to_owned(), stp("admin-edge"));
    line("mstpctl-bpduguard yes".to_owned(), stp("bpdu-guard"));
    let mut text = format!("auto {name}\niface {name}\n");
    for line in lines {
        let _ = writeln!(text, "\t{line}");
    }
    text.push('\n');
    Some(text)
}
