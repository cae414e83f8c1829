//! What is shown of CONFIG_DB and of the state behind it.
//!
//! Layouts from `sonic-utilities` (`tests/vlan_test.py`, `tests/interfaces_test.py`, the command
//! reference) and the MCLAG design document's captures.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::super::super::{view::PortView, world::World};
use super::db::{Db, Row};

/// Rows under a header, as python's `tabulate` prints them in its simple form: a column is two
/// wider than its title at least, and numbers are at its right.
fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let columns: Vec<(usize, bool)> = header
        .iter()
        .enumerate()
        .map(|(column, title)| {
            let cells = || rows.iter().filter_map(|row| row.get(column));
            let width = cells().map(String::len).chain([title.len() + 2]).max().unwrap_or(0);
            let numbers = cells().all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()));
            (width, numbers && !rows.is_empty())
        })
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(&columns).map(|(cell, (width, right))| {
            if *right { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        format!("{}\n", padded.collect::<Vec<_>>().join("  ").trim_end())
    };
    let rules: Vec<String> = columns.iter().map(|(width, _)| "-".repeat(*width)).collect();
    let mut text = line(&mut header.iter().copied());
    text.push_str(&line(&mut rules.iter().map(String::as_str)));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

pub(super) fn vlan_config(db: &Db) -> String {
    let mut rows = Vec::new();
    for (vlan, row) in db.table("VLAN") {
        let id = row.get("vlanid").cloned().unwrap_or_default();
        let mut members = db.of("VLAN_MEMBER", vlan).peekable();
        if members.peek().is_none() {
            rows.push(vec![vlan.to_owned(), id.clone()]);
        }
        for (port, member) in members {
            let mode = member.get("tagging_mode").cloned().unwrap_or_default();
            rows.push(vec![vlan.to_owned(), id.clone(), port.to_owned(), mode]);
        }
    }
    table(&["Name", "VID", "Member", "Mode"], &rows)
}

pub(super) fn vni_map(db: &Db) -> String {
    let mut text = "+---------+-------+\n| VLAN    |   VNI |\n+=========+=======+\n".to_owned();
    let rows: Vec<_> = db.table("VXLAN_TUNNEL_MAP").collect();
    for (_, row) in &rows {
        let cell = |field: &str| row.get(field).map_or("", String::as_str);
        let _ = writeln!(text, "| {:<7} | {:>5} |", cell("vlan"), cell("vni"));
        text.push_str("+---------+-------+\n");
    }
    let _ = writeln!(text, "Total count : {}\n", rows.len());
    text
}

pub(super) fn mclag_state(db: &Db, has_peer: bool) -> String {
    let Some((domain, row)) = db.table("MCLAG_DOMAIN").next() else { return String::new() };
    let cell = |field: &str| row.get(field).map_or("", String::as_str);
    let lags: Vec<&str> = db.of("MCLAG_INTERFACE", domain).map(|(lag, _)| lag).collect();
    format!(
        "The MCLAG's keepalive is: {}\nMCLAG info sync is: {}\nDomain id: {domain}\n\
         Local Ip: {}\nPeer Ip: {}\nPeer Link Interface: {}\nKeepalive time: 1\n\
         sesssion Timeout : 15\nPeer Link Mac: 00:53:00:00:00:01\nRole: Active\n\
         MCLAG Interface: {}\n",
        if has_peer { "OK" } else { "ERROR" },
        if has_peer { "completed" } else { "incomplete" },
        cell("source_ip"),
        cell("peer_ip"),
        cell("peer_link"),
        lags.join(",")
    )
}

pub(super) fn lldp(db: &Db, world: &World) -> Value {
    let interfaces: Vec<Value> = world
        .neighbours()
        .map(|(port, neighbour)| {
            let mac = mac(&neighbour.chassis, ":");
            json!({ port: {
                "via": "LLDP",
                "chassis": { neighbour.system_name.as_str(): {
                    "id": { "type": "mac", "value": mac } } },
                "port": {
                    "id": { "type": "local", "value": neighbour.port_id },
                    "descr": neighbour.port_description,
                },
                "alias": db.field("PORT", port, "alias"),
            } })
        })
        .collect();
    json!({ "lldp": { "interface": interfaces } })
}

pub(super) fn macs(world: &World, ports: &[PortView]) -> String {
    let heard = world.macs(ports);
    let rows: Vec<Vec<String>> = heard
        .iter()
        .enumerate()
        .map(|(number, (vlan, address, port))| {
            let address = mac(address, ":").to_uppercase();
            vec![
                (number + 1).to_string(),
                vlan.to_string(),
                address,
                port.clone(),
                "Dynamic".into(),
            ]
        })
        .collect();
    let mut text = table(&["No.", "Vlan", "MacAddress", "Port", "Type"], &rows);
    let _ = writeln!(text, "Total number of entries {}", rows.len());
    text
}

fn mac(bytes: &[u8; 6], between: &str) -> String {
    bytes.map(|byte| format!("{byte:02x}")).join(between)
}

/// A row as `sonic-db-cli ... hgetall` prints it: a Python dictionary.
pub(super) fn dictionary(row: Option<&Row>) -> String {
    let fields: Vec<String> = row
        .into_iter()
        .flatten()
        .map(|(field, value)| format!("'{field}': '{}'", value.replace('\'', "\\'")))
        .collect();
    format!("{{{}}}\n", fields.join(", "))
}

/// The operational tables of which clients read something, made from the ports as they are.
pub(super) fn state(
    db: &Db,
    world: &World,
    ports: &[PortView],
) -> std::collections::BTreeMap<String, Row> {
    let word = |up: bool| (if up { "up" } else { "down" }).to_owned();
    let mut tables = std::collections::BTreeMap::new();
    for view in ports {
        let admin = ("admin_status".to_owned(), word(view.enabled));
        // A member that its LAG has taken in is up all the same.
        let is_lit = view.up || view.lag.is_some() && view.enabled && world.link(&view.name);
        let oper = ("oper_status".to_owned(), word(is_lit));
        let key = if view.name.starts_with("Ethernet") { "PORT_TABLE" } else { "LAG_TABLE" };
        tables.insert(format!("{key}:{}", view.name), Row::from([admin, oper]));
        for member in &view.members {
            let enabled = ports.iter().any(|port| port.name == *member && port.enabled);
            let alone = !view.members.iter().any(|member| world.lacp(member));
            let selected = view.up && enabled && world.link(member);
            let selected = selected && (alone || world.lacp(member));
            let status = if selected { "enabled" } else { "disabled" };
            let row = Row::from([("status".to_owned(), status.to_owned())]);
            tables.insert(format!("LAG_MEMBER_TABLE:{}:{member}", view.name), row);
        }
    }
    for (vlan, _) in db.table("VLAN") {
        tables.insert(format!("VLAN_TABLE:{vlan}"), Row::new());
    }
    tables
}

/// What neighbours tell by LLDP, as `lldp_syncd` keeps it in APPL_DB.
pub(super) fn neighbours(world: &World) -> std::collections::BTreeMap<String, Row> {
    let rows = world.neighbours().map(|(port, neighbour)| {
        let fields = [
            ("lldp_rem_chassis_id", mac(&neighbour.chassis, ":")),
            ("lldp_rem_chassis_id_subtype", "4".to_owned()),
            ("lldp_rem_index", "1".to_owned()),
            ("lldp_rem_port_desc", neighbour.port_description.clone()),
            ("lldp_rem_port_id", neighbour.port_id.clone()),
            ("lldp_rem_port_id_subtype", port_subtype(&neighbour.port_id).to_owned()),
            ("lldp_rem_sys_name", neighbour.system_name.clone()),
            ("lldp_rem_time_mark", "18543".to_owned()),
        ];
        let row = fields.into_iter().map(|(field, value)| (field.to_owned(), value)).collect();
        (format!("LLDP_ENTRY_TABLE:{port}"), row)
    });
    rows.collect()
}

/// The number of a port identifier's kind in IEEE 802.1AB: 3 is a MAC address, 5 a name.
fn port_subtype(id: &str) -> &'static str {
    let digits = id.chars().filter(char::is_ascii_hexdigit).count();
    let is_mac = digits == 12 && id.chars().all(|l| l.is_ascii_hexdigit() || ":-.".contains(l));
    if is_mac { "3" } else { "5" }
}

/// Learned addresses, as orchagent keeps them in STATE_DB.
pub(super) fn addresses(
    world: &World,
    ports: &[PortView],
) -> std::collections::BTreeMap<String, Row> {
    let rows = world.macs(ports).into_iter().map(|(vlan, address, port)| {
        let fields = [("port".to_owned(), port), ("type".to_owned(), "dynamic".to_owned())];
        (format!("FDB_TABLE|Vlan{vlan}:{}", mac(&address, ":")), Row::from(fields))
    });
    rows.collect()
}
