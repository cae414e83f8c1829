//! From the rows of `Bridge`, `Port` and `Interface` to the state of ports and LAGs. Pure.
//!
//! A switch port is an `Interface`; the `Port` that holds it says its VLANs. A `Port` is a LAG if it
//! holds several interfaces, has another name than its only one, or speaks LACP; else it is the
//! port itself. Only ports of the configured bridge exist here, and the bridge's own port (the
//! interface with the bridge's name) does not: it is the switch's door to its host.

use std::collections::{BTreeMap, BTreeSet};

use model::{AdminState, LacpRate, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName};
use serde_json::Value as Json;
use switch::{DeviceError, LacpStatus, LagState, Observation, PortState, PortStatus, Query, Slice};

use super::error::{Violation, excerpt};
use super::errors::{unrecognised, unsupported};
use super::value::{Atom, Row, Uuid, Value, parse_row, render_row};
use super::vlans::{self, VlanColumns};

/// The key of `external_ids` under which a description is kept: in the `Interface` for a port, so
/// that it survives joining a LAG, in the `Port` for a LAG.
pub(super) const DESCRIPTION: &str = "mercury-description";
/// The key of `other_config` for the rate of LACP frames.
pub(super) const RATE: &str = "lacp-time";
/// The key of `other_config` for LACP fallback.
pub(super) const FALLBACK: &str = "lacp-fallback-ab";

/// The columns of `Port` that are read, apart from the VLANs and [`EXTRA`].
pub(super) const PORT: [&str; 4] = ["_uuid", "name", "interfaces", "bond_active_slave"];
/// The columns of `Port` that are kept as they are found, with the driver's own text.
pub(super) const EXTRA: [&str; 10] = [
    "lacp",
    "bond_mode",
    "other_config",
    "external_ids",
    "qos",
    "mac",
    "bond_updelay",
    "bond_downdelay",
    "bond_fake_iface",
    "fake_bridge",
];
/// The columns of `Interface` that are read.
pub(super) const INTERFACE: [&str; 8] =
    ["_uuid", "name", "external_ids", "mtu_request", "mtu", "error", "link_state", "lacp_current"];

/// The rows that were read of one bridge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Picture {
    /// The bridge's row and name.
    pub(super) bridge: Option<(Uuid, String)>,
    /// `Port` rows of the bridge.
    pub(super) ports: BTreeMap<Uuid, Row>,
    /// `Interface` rows of those ports.
    pub(super) interfaces: BTreeMap<Uuid, Row>,
}

/// A `Port` row as what it is.
pub(super) enum Kind {
    /// A port of its own.
    Plain,
    /// A LAG.
    Lag(LagName),
}

impl Picture {
    /// The interface with this name, unless it is the bridge's own.
    pub(super) fn interface(&self, name: &str) -> Option<(Uuid, &Row)> {
        if self.bridge.as_ref().is_some_and(|(_, bridge)| bridge == name) {
            return None;
        }
        self.interfaces
            .iter()
            .find(|(_, row)| text(row, "name") == Some(name))
            .map(|(u, r)| (*u, r))
    }

    /// The `Port` row with this name.
    pub(super) fn port(&self, name: &str) -> Option<(Uuid, &Row)> {
        self.ports.iter().find(|(_, row)| text(row, "name") == Some(name)).map(|(u, r)| (*u, r))
    }

    /// The `Port` row that holds this interface.
    pub(super) fn holder(&self, interface: Uuid) -> Option<(Uuid, &Row)> {
        let atom = Atom::Uuid(interface);
        let holds = |row: &Row| {
            row.get("interfaces").and_then(Value::as_set).is_some_and(|set| set.contains(&atom))
        };
        self.ports.iter().find(|(_, row)| holds(row)).map(|(uuid, row)| (*uuid, row))
    }

    /// The names of the interfaces of a `Port` row.
    pub(super) fn members(&self, port: &Row) -> Result<BTreeSet<PortName>, DeviceError> {
        uuids(port, "interfaces")
            .map(|uuid| {
                let name = self.interfaces.get(&uuid).and_then(|row| text(row, "name"));
                let name = name.ok_or_else(|| shape("an interface of each port", port))?;
                name.parse().map_err(|_| unnameable(name))
            })
            .collect()
    }

    /// Whether a `Port` row is a LAG or a port of its own.
    pub(super) fn kind(&self, port: &Row) -> Result<Kind, DeviceError> {
        let name = text(port, "name").ok_or_else(|| shape("the name of a port", port))?;
        let members = self.members(port)?;
        let lacp = port.get("lacp").and_then(Value::as_str);
        match members.first() {
            Some(only)
                if members.len() == 1
                    && only.as_str() == name
                    && !matches!(lacp, Some("active" | "passive")) =>
            {
                Ok(Kind::Plain)
            }
            _ => name.parse().map(Kind::Lag).map_err(|_| unnameable(name)),
        }
    }

    /// What a query asks for.
    pub(super) fn observation(&self, query: &Query) -> Result<Observation, DeviceError> {
        let mut slice = Slice::default();
        let mut status = BTreeMap::new();
        for name in &query.ports {
            let Some((uuid, interface)) = self.interface(name.as_str()) else {
                continue;
            };
            let Some((_, port)) = self.holder(uuid) else {
                continue;
            };
            let mut state =
                PortState { config: interface_config(interface), ..PortState::default() };
            match self.kind(port)? {
                Kind::Plain => {
                    let (vlans, extra) = settings_of_plain(port)?;
                    state.config.vlans = vlans;
                    state.extra = extra;
                }
                Kind::Lag(lag) => {
                    slice.lags.insert(lag.clone(), self.lag_state(port)?);
                    state.lag = Some(lag);
                }
            }
            slice.ports.insert(name.clone(), state);
            status.insert(name.clone(), port_status(interface, port));
        }
        for name in &query.lags {
            let Some((_, port)) = self.port(name.as_str()) else {
                continue;
            };
            if matches!(self.kind(port)?, Kind::Lag(_)) {
                slice.lags.insert(name.clone(), self.lag_state(port)?);
            }
        }
        Ok(Observation { slice, status, ..Observation::default() })
    }

    fn lag_state(&self, port: &Row) -> Result<LagState, DeviceError> {
        let columns = VlanColumns::from_row(port).map_err(|v| unrecognised(&v))?;
        let (vlans, protected) = columns.read();
        let mode = match port.get("lacp").and_then(Value::as_str) {
            Some("active") => LagMode::Active,
            Some("passive") => LagMode::Passive,
            _ => LagMode::Static,
        };
        let mut row = port.clone();
        let other_config = map_mut(&mut row, "other_config");
        let rate = match other_config.and_then(|map| known(map, RATE, &["fast", "slow"])) {
            Some("fast") => Some(LacpRate::Fast),
            Some(_) => Some(LacpRate::Slow),
            None => None,
        };
        let fallback = map_mut(&mut row, "other_config")
            .and_then(|map| known(map, FALLBACK, &["true", "false"]))
            .map(|word| word == "true");
        let description = map_mut(&mut row, "external_ids").and_then(|map| {
            match map.remove(&Atom::from(DESCRIPTION))? {
                Atom::String(text) => Some(text),
                _ => None,
            }
        });
        Ok(LagState {
            settings: LagSettings { mode, rate, min_links: None, fallback, pair: None },
            members: self.members(port)?,
            config: PortConfig { description, ..PortConfig::with_vlans(vlans) },
            extra: extra(&row, &lag_defaults(mode), protected),
        })
    }
}

fn settings_of_plain(port: &Row) -> Result<(Option<model::VlanMode>, Option<String>), DeviceError> {
    let columns = VlanColumns::from_row(port).map_err(|v| unrecognised(&v))?;
    let (vlans, protected) = columns.read();
    Ok((Some(vlans), extra(port, &plain_defaults(), protected)))
}

fn interface_config(interface: &Row) -> PortConfig {
    PortConfig {
        description: interface
            .get("external_ids")
            .and_then(|ids| ids.get(DESCRIPTION))
            .map(str::to_owned),
        mtu: number(interface, "mtu_request")
            .and_then(|mtu| u16::try_from(mtu).ok())
            .and_then(|mtu| Mtu::new(mtu).ok()),
        ..PortConfig::default()
    }
}

/// `lacp_current` is true also for the first three seconds, before the partner's silence is
/// noticed. A LAG of several members that has none active has negotiated nothing.
fn port_status(interface: &Row, port: &Row) -> PortStatus {
    let none_active = uuids(port, "interfaces").count() > 1
        && port.get("bond_active_slave").is_some_and(Value::is_empty);
    PortStatus {
        link: match text(interface, "link_state") {
            Some("up") => Some(AdminState::Up),
            Some("down") => Some(AdminState::Down),
            _ => None,
        },
        lacp: interface.get("lacp_current").and_then(Value::as_boolean).map(|current| {
            if current && !none_active { LacpStatus::Current } else { LacpStatus::NoPartner }
        }),
        mtu: number(interface, "mtu").and_then(|mtu| u32::try_from(mtu).ok()),
        error: text(interface, "error").filter(|text| !text.is_empty()).map(excerpt),
    }
}

/// What the columns of [`EXTRA`] hold in a port of its own that nobody has touched.
pub(super) fn plain_defaults() -> Row {
    EXTRA
        .iter()
        .map(|column| {
            let value = match *column {
                "other_config" | "external_ids" => Value::Map(BTreeMap::new()),
                "bond_updelay" | "bond_downdelay" => 0i64.into(),
                "bond_fake_iface" | "fake_bridge" => false.into(),
                _ => Value::empty(),
            };
            ((*column).to_owned(), value)
        })
        .collect()
}

/// What they hold in a LAG as this driver makes it.
///
/// With LACP, `balance-tcp` spreads flows by their addresses and ports; it needs a partner that
/// speaks LACP, and with fallback is `active-backup` until then. Without LACP only `balance-slb`
/// spreads at all. It expects links that the partner has *not* bundled, and drops broadcasts that
/// arrive on any but its active member, which a bundling partner sends; `all-members-active` takes
/// them. That key says nothing while LACP is on, so LAGs of every mode carry it and a change of
/// the mode leaves it alone.
pub(super) fn lag_defaults(mode: LagMode) -> Row {
    let (lacp, bond_mode) = match mode {
        LagMode::Active => ("active", "balance-tcp"),
        LagMode::Passive => ("passive", "balance-tcp"),
        LagMode::Static => ("off", "balance-slb"),
    };
    let mut row = plain_defaults();
    row.insert("lacp".to_owned(), lacp.into());
    row.insert("bond_mode".to_owned(), bond_mode.into());
    row.insert("other_config".to_owned(), Value::map([("all-members-active", "true")]));
    row
}

/// The columns that differ from the defaults, as JSON text.
fn extra(row: &Row, defaults: &Row, protected: bool) -> Option<String> {
    let mut differs: Row = EXTRA
        .iter()
        .filter_map(|column| {
            let value = row.get(*column)?;
            let default = defaults.get(*column)?;
            // Without `lacp`, it is off.
            let off = *column == "lacp" && value.is_empty() && default.as_str() == Some("off");
            (value != default && !off).then(|| ((*column).to_owned(), value.clone()))
        })
        .collect();
    if protected {
        differs.insert("protected".to_owned(), true.into());
    }
    (!differs.is_empty()).then(|| render_row(&differs).to_string())
}

/// Reads that text: the columns, and whether the port is protected.
pub(super) fn parse_extra(text: Option<&str>) -> Result<(Row, bool), DeviceError> {
    let Some(text) = text else {
        return Ok((Row::new(), false));
    };
    let wrong = || unsupported(format!("the settings to restore are not ours: {}", excerpt(text)));
    let json: Json = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut row = parse_row(&json).map_err(|_| wrong())?;
    let protected = row.remove("protected").is_some_and(|value| value == true.into());
    if row.keys().all(|column| EXTRA.contains(&column.as_str())) {
        Ok((row, protected))
    } else {
        Err(wrong())
    }
}

/// The names of all LAGs among narrow rows of all ports and interfaces.
pub(super) fn lag_names(ports: &[Row], interfaces: &[Row]) -> BTreeSet<LagName> {
    let rows = |rows: &[Row]| {
        rows.iter()
            .filter_map(|row| Some((row.get("_uuid")?.as_uuid()?, row.clone())))
            .collect::<BTreeMap<_, _>>()
    };
    let picture = Picture { bridge: None, ports: rows(ports), interfaces: rows(interfaces) };
    // A name that is no LAG name is none that could be chosen.
    let kinds = picture.ports.values().filter_map(|port| picture.kind(port).ok());
    kinds
        .filter_map(|kind| match kind {
            Kind::Lag(name) => Some(name),
            Kind::Plain => None,
        })
        .collect()
}

pub(super) fn text<'a>(row: &'a Row, column: &str) -> Option<&'a str> {
    row.get(column)?.as_str()
}

fn number(row: &Row, column: &str) -> Option<i64> {
    row.get(column)?.as_integer()
}

/// The row references in a column.
pub(super) fn uuids<'a>(row: &'a Row, column: &str) -> impl Iterator<Item = Uuid> + use<'a> {
    row.get(column).and_then(Value::as_set).into_iter().flatten().filter_map(|atom| match atom {
        Atom::Uuid(uuid) => Some(*uuid),
        _ => None,
    })
}

fn map_mut<'a>(row: &'a mut Row, column: &str) -> Option<&'a mut BTreeMap<Atom, Atom>> {
    match row.get_mut(column) {
        Some(Value::Map(map)) => Some(map),
        _ => None,
    }
}

/// Takes a key out of a map if its value is one of the known words.
fn known(
    map: &mut BTreeMap<Atom, Atom>,
    key: &str,
    words: &[&'static str],
) -> Option<&'static str> {
    let key = Atom::from(key);
    let word = match map.get(&key) {
        Some(Atom::String(text)) => words.iter().find(|word| **word == text.as_str())?,
        _ => return None,
    };
    map.remove(&key);
    Some(word)
}

fn shape(expected: &'static str, row: &Row) -> DeviceError {
    unrecognised(&Violation::shape(expected, &render_row(row)))
}

fn unnameable(name: &str) -> DeviceError {
    DeviceError::Unrecognised {
        sent: false,
        answer: format!("a port or interface is named `{}`", excerpt(name)),
    }
}

/// The columns of `Port` that are read.
pub(super) fn port_columns() -> Vec<String> {
    PORT.iter().chain(&EXTRA).chain(&vlans::COLUMNS).map(|c| (*c).to_owned()).collect()
}
