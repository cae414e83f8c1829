//! A port as it stands in a switch's database, for assertions and for the demonstration.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ovsdb::database::{Database, Row};
use crate::ovsdb::value::{Atom, Datum};

/// One row of the Port table with its interfaces, as Rust values. Empty means that the column
/// is empty; the names are those of the columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PortView {
    /// The bridge that it belongs to.
    pub bridge: String,
    /// `name`.
    pub name: String,
    /// Names of `interfaces`, sorted; more than one is a bond.
    pub interfaces: Vec<String>,
    /// `vlan_mode`.
    pub vlan_mode: Option<String>,
    /// `tag`.
    pub tag: Option<u16>,
    /// `trunks`, ascending.
    pub trunks: Vec<u16>,
    /// `lacp`.
    pub lacp: Option<String>,
    /// `bond_mode`.
    pub bond_mode: Option<String>,
    /// `bond_active_slave`, a MAC address.
    pub bond_active_slave: Option<String>,
    /// `other_config`.
    pub other_config: BTreeMap<String, String>,
    /// `external_ids`.
    pub external_ids: BTreeMap<String, String>,
    /// `mtu` of the interfaces that have one, in bytes, by interface.
    pub mtu: BTreeMap<String, i64>,
    /// `link_state` of the interfaces that have one, by interface.
    pub link_state: BTreeMap<String, String>,
    /// `lacp_current` of the interfaces that have one, by interface.
    pub lacp_current: BTreeMap<String, bool>,
    /// `error` of the interfaces that have one, by interface.
    pub error: BTreeMap<String, String>,
}

impl PortView {
    /// The port of this name, or the bond that has an interface of this name.
    pub(crate) fn find(database: &Database, name: &str) -> Option<Self> {
        let own = |view: &Self| view.name == name;
        let views = Self::all(database);
        let by_member = |view: &&Self| view.interfaces.iter().any(|member| member == name);
        views.iter().find(|view| own(view)).or_else(|| views.iter().find(by_member)).cloned()
    }

    /// Every port but the bridges' own, by name.
    pub(crate) fn all(database: &Database) -> Vec<Self> {
        let mut views: Vec<_> = database
            .rows("Bridge")
            .flat_map(|bridge| {
                let own = bridge.text("name");
                let ports = bridge.get("ports");
                let rows: Vec<_> =
                    ports.uuids().filter_map(|uuid| database.row("Port", &uuid)).collect();
                rows.into_iter()
                    .filter(move |port| port.text("name") != own)
                    .map(move |port| Self::of(own, port, database))
            })
            .collect();
        views.sort_by(|one, other| one.name.cmp(&other.name));
        views
    }

    fn of(bridge: &str, port: &Row, database: &Database) -> Self {
        let mut interfaces: Vec<_> = port
            .get("interfaces")
            .uuids()
            .filter_map(|uuid| database.row("Interface", &uuid))
            .collect();
        interfaces.sort_by(|one, other| one.text("name").cmp(other.text("name")));
        let text = |column: &str| port.get(column).as_str().map(str::to_owned);
        let vlans = |column: &str| -> Vec<u16> {
            port.get(column)
                .atoms()
                .filter_map(|atom| match atom {
                    Atom::Integer(number) => u16::try_from(*number).ok(),
                    _ => None,
                })
                .collect()
        };
        Self {
            bridge: bridge.to_owned(),
            name: port.text("name").to_owned(),
            vlan_mode: text("vlan_mode"),
            tag: vlans("tag").first().copied(),
            trunks: vlans("trunks"),
            lacp: text("lacp"),
            bond_mode: text("bond_mode"),
            bond_active_slave: text("bond_active_slave"),
            other_config: strings(&port.get("other_config")),
            external_ids: strings(&port.get("external_ids")),
            mtu: collect(&interfaces, |row| row.integer("mtu")),
            link_state: collect(&interfaces, |row| {
                row.get("link_state").as_str().map(str::to_owned)
            }),
            lacp_current: collect(&interfaces, |row| row.get("lacp_current").as_bool()),
            error: collect(&interfaces, |row| row.get("error").as_str().map(str::to_owned)),
            interfaces: interfaces.iter().map(|row| row.text("name").to_owned()).collect(),
        }
    }
}

fn collect<T>(
    interfaces: &[&std::sync::Arc<Row>],
    value: impl Fn(&Row) -> Option<T>,
) -> BTreeMap<String, T> {
    interfaces.iter().filter_map(|row| Some((row.text("name").to_owned(), value(row)?))).collect()
}

fn strings(datum: &Datum) -> BTreeMap<String, String> {
    let Datum::Map(map) = datum else {
        return BTreeMap::new();
    };
    map.iter()
        .filter_map(|pair| match pair {
            (Atom::String(key), Atom::String(value)) => Some((key.clone(), value.clone())),
            _ => None,
        })
        .collect()
}
