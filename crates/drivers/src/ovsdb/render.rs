//! From changes to steps: what becomes of which row. Pure.
//!
//! The changes are made to the observed slice, and both slices are written as rows; a step is the
//! difference. Nothing between the two is ever sent, so a port cannot be wider in between than
//! before or after. Steps name rows by name; people see them so, as one line each, and
//! [`apply`](super::apply) puts UUIDs in their place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Display};

use model::{AdminState, LacpRate, LagName, Mtu, PortConfig, PortName, VlanMode};
use switch::{Change, DeviceError, LagState, PortState, Slice, Work};

use super::errors::unsupported;
use super::parse::{DESCRIPTION, FALLBACK, RATE, lag_defaults, parse_extra, plain_defaults};
use super::value::{Atom, Row, Value};
use super::vlans::{Ranges, VlanColumns};

/// What becomes of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Columns of a `Port` are overwritten, keys of its maps replaced.
    UpdatePort {
        name: String,
        columns: Row,
        keys: Vec<KeyEdit>,
        interfaces: Option<BTreeSet<PortName>>,
    },
    /// A `Port` is made of existing interfaces.
    InsertPort { name: String, columns: Row, interfaces: BTreeSet<PortName> },
    /// A `Port` is removed; its interfaces are other ports' by then.
    DeletePort { name: String },
    /// The description or MTU of an interface changes.
    UpdateInterface { name: PortName, mtu: Option<Option<Mtu>>, keys: Vec<KeyEdit> },
}

/// A key of a map column, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeyEdit {
    pub(super) column: &'static str,
    pub(super) key: Atom,
    pub(super) value: Option<Atom>,
}

/// A `Port` row as it is to be.
struct Target {
    interfaces: BTreeSet<PortName>,
    columns: Row,
}

/// The steps of a work, in the order in which people read them.
pub(super) fn steps(work: &Work) -> Result<Vec<Step>, DeviceError> {
    let after = work.after().map_err(|misfit| unsupported(misfit.to_string()))?;
    work.changes.iter().try_for_each(possible)?;
    let old = targets(&work.before)?;
    let new = targets(&after)?;
    let mut steps = Vec::new();
    for name in old.keys().filter(|name| !new.contains_key(*name)) {
        steps.push(Step::DeletePort { name: name.clone() });
    }
    for (name, target) in new {
        match old.get(&name) {
            Some(old) => steps.extend(update(name, old, target)),
            None => {
                let Target { interfaces, columns } = target;
                steps.push(Step::InsertPort { name, columns, interfaces });
            }
        }
    }
    for (name, state) in &after.ports {
        let old = work.before.ports.get(name).map(|state| &state.config);
        steps.extend(interface(name, old, &state.config));
    }
    Ok(steps)
}

/// The steps as lines, or the reason why there are none.
pub(super) fn lines(work: &Work) -> Vec<String> {
    match steps(work) {
        Ok(steps) => steps.iter().map(ToString::to_string).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// Refuses what Open vSwitch does not have.
fn possible(change: &Change) -> Result<(), DeviceError> {
    let what = match change {
        Change::CreateVlan { .. } | Change::DeleteVlan { .. } => "VLANs need no definition",
        Change::MapVni { .. } | Change::UnmapVni { .. } => "VLANs are mapped to no VNI",
        Change::SetAdmin { to: AdminState::Down, .. } => "its database cannot shut a port",
        Change::SetAdmin { .. } => "its database cannot switch on a port",
        Change::SetStpEdge { .. } => "it has no spanning-tree edge ports",
        Change::SetBpduGuard { .. } => "it has no BPDU guard",
        Change::SetMtu { target: switch::Target::Lag(_), .. } => {
            "the MTU belongs to each member of a LAG"
        }
        Change::CreateLag { settings, .. } | Change::SetLag { to: settings, .. }
            if settings.min_links.is_some() =>
        {
            "LAGs have no minimum of links"
        }
        Change::CreateLag { config, .. }
            if *config
                != (PortConfig {
                    vlans: config.vlans.clone(),
                    description: config.description.clone(),
                    ..PortConfig::default()
                }) =>
        {
            "a LAG has VLANs and a description only"
        }
        _ => return Ok(()),
    };
    Err(unsupported(format!("{change}: {what}")))
}

/// The `Port` rows of a slice, by name.
fn targets(slice: &Slice) -> Result<BTreeMap<String, Target>, DeviceError> {
    let mut targets = BTreeMap::new();
    for (name, state) in slice.ports.iter().filter(|(_, state)| state.lag.is_none()) {
        let interfaces = BTreeSet::from([name.clone()]);
        let columns = plain_columns(name, state)?;
        targets.insert(name.to_string(), Target { interfaces, columns });
    }
    for (name, state) in &slice.lags {
        if state.members.is_empty() {
            return Err(unsupported(format!("LAG `{name}` would have no member")));
        }
        let target =
            Target { interfaces: state.members.clone(), columns: lag_columns(name, state)? };
        if targets.insert(name.to_string(), target).is_some() {
            return Err(unsupported(format!("`{name}` is a port, a LAG cannot have its name")));
        }
    }
    Ok(targets)
}

fn plain_columns(name: &PortName, state: &PortState) -> Result<Row, DeviceError> {
    let (extra, protected) = parse_extra(state.extra.as_deref())?;
    let mut columns = plain_defaults();
    columns.extend(extra);
    columns.extend(vlan_values(name.as_str(), state.config.vlans.as_ref(), protected)?);
    Ok(columns)
}

/// The columns of a LAG's row.
pub(super) fn lag_columns(name: &LagName, state: &LagState) -> Result<Row, DeviceError> {
    let (extra, protected) = parse_extra(state.extra.as_deref())?;
    let mut columns = lag_defaults(state.settings.mode);
    columns.extend(extra);
    let mut set = |column: &str, key: &str, value: Option<&str>| {
        if let (Some(Value::Map(map)), Some(value)) = (columns.get_mut(column), value) {
            map.insert(key.into(), value.into());
        }
    };
    let rate = state.settings.rate.map(|rate| match rate {
        LacpRate::Fast => "fast",
        LacpRate::Slow => "slow",
    });
    set("other_config", RATE, rate);
    let fallback = state.settings.fallback.map(|on| if on { "true" } else { "false" });
    set("other_config", FALLBACK, fallback);
    set("external_ids", DESCRIPTION, description(&state.config));
    columns.extend(vlan_values(name.as_str(), state.config.vlans.as_ref(), protected)?);
    Ok(columns)
}

fn vlan_values(name: &str, mode: Option<&VlanMode>, protected: bool) -> Result<Row, DeviceError> {
    // A new row without VLANs would carry all of them.
    let mode = mode.ok_or_else(|| unsupported(format!("the VLANs of `{name}` are not given")))?;
    let columns = VlanColumns::write(mode, protected)
        .ok_or_else(|| unsupported(format!("`{name}` cannot be {mode}")))?;
    Ok(columns.values().into_iter().map(|(column, value)| (column.to_owned(), value)).collect())
}

fn update(name: String, old: &Target, new: Target) -> Option<Step> {
    let Target { interfaces, columns } = new;
    let mut changed = Row::new();
    let mut keys = Vec::new();
    for (column, value) in columns {
        match (column.as_str(), old.columns.get(&column), value) {
            ("other_config", Some(Value::Map(old)), Value::Map(new)) => {
                keys.extend(key_edits("other_config", old, &new));
            }
            ("external_ids", Some(Value::Map(old)), Value::Map(new)) => {
                keys.extend(key_edits("external_ids", old, &new));
            }
            (_, old, value) if old != Some(&value) => {
                changed.insert(column, value);
            }
            _ => {}
        }
    }
    let interfaces = (interfaces != old.interfaces).then_some(interfaces);
    let same = changed.is_empty() && keys.is_empty() && interfaces.is_none();
    (!same).then_some(Step::UpdatePort { name, columns: changed, keys, interfaces })
}

fn key_edits(
    column: &'static str,
    old: &BTreeMap<Atom, Atom>,
    new: &BTreeMap<Atom, Atom>,
) -> Vec<KeyEdit> {
    let keys: BTreeSet<&Atom> = old.keys().chain(new.keys()).collect();
    keys.into_iter()
        .filter(|key| old.get(key) != new.get(key))
        .map(|key| KeyEdit { column, key: key.clone(), value: new.get(key).cloned() })
        .collect()
}

fn interface(name: &PortName, old: Option<&PortConfig>, new: &PortConfig) -> Option<Step> {
    let old = old.cloned().unwrap_or_default();
    let mtu = (old.mtu != new.mtu).then_some(new.mtu);
    let wanted = description(new);
    let edit = (description(&old) != wanted).then(|| KeyEdit {
        column: "external_ids",
        key: DESCRIPTION.into(),
        value: wanted.map(Atom::from),
    });
    let keys: Vec<KeyEdit> = edit.into_iter().collect();
    (mtu.is_some() || !keys.is_empty()).then(|| Step::UpdateInterface {
        name: name.clone(),
        mtu,
        keys,
    })
}

/// An empty description is none.
fn description(config: &PortConfig) -> Option<&str> {
    config.description.as_deref().filter(|text| !text.is_empty())
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UpdatePort { name, columns, keys, interfaces } => {
                write!(f, "update Port {name}:")?;
                if let Some(interfaces) = interfaces {
                    write!(f, " {}", shown_interfaces(interfaces))?;
                }
                show_columns(f, columns, |_, _| true)?;
                keys.iter().try_for_each(|edit| write!(f, " {edit}"))
            }
            Self::InsertPort { name, columns, interfaces } => {
                write!(f, "insert Port {name}: {}", shown_interfaces(interfaces))?;
                let defaults = plain_defaults();
                show_columns(f, columns, |column, value| match defaults.get(column) {
                    Some(default) => value != default,
                    None => !value.is_empty() && *value != false.into(),
                })
            }
            Self::DeletePort { name } => write!(f, "delete Port {name}"),
            Self::UpdateInterface { name, mtu, keys } => {
                write!(f, "update Interface {name}:")?;
                match mtu {
                    Some(Some(mtu)) => write!(f, " mtu_request={mtu}")?,
                    Some(None) => f.write_str(" mtu_request=[]")?,
                    None => {}
                }
                keys.iter().try_for_each(|edit| write!(f, " {edit}"))
            }
        }
    }
}

impl Display for KeyEdit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}=", self.column, Shown(&self.key))?;
        match &self.value {
            Some(value) => Shown(value).fmt(f),
            None => f.write_str("[]"),
        }
    }
}

fn shown_interfaces(interfaces: &BTreeSet<PortName>) -> String {
    let names: Vec<&str> = interfaces.iter().map(PortName::as_str).collect();
    format!("interfaces=[{}]", names.join(","))
}

fn show_columns(
    f: &mut fmt::Formatter<'_>,
    columns: &Row,
    wanted: impl Fn(&str, &Value) -> bool,
) -> fmt::Result {
    for (column, value) in columns.iter().filter(|(column, value)| wanted(column, value)) {
        write!(f, " {column}=")?;
        match value {
            Value::Set(set) if matches!(column.as_str(), "trunks" | "cvlans") => {
                let ids = set.iter().filter_map(|atom| match atom {
                    Atom::Integer(id) => Some(*id),
                    _ => None,
                });
                Ranges(&ids.collect()).fmt(f)?;
            }
            Value::Set(set) => match value.sole() {
                Some(atom) => Shown(atom).fmt(f)?,
                None => {
                    let atoms: Vec<String> = set.iter().map(|a| Shown(a).to_string()).collect();
                    write!(f, "[{}]", atoms.join(","))?;
                }
            },
            Value::Map(map) => {
                let pairs: Vec<String> =
                    map.iter().map(|(k, v)| format!("{}={}", Shown(k), Shown(v))).collect();
                write!(f, "{{{}}}", pairs.join(","))?;
            }
        }
    }
    Ok(())
}

/// An atom for people; a string that is more than one plain word stands in quotes.
struct Shown<'a>(&'a Atom);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Atom::Integer(number) => number.fmt(f),
            Atom::Real(number) => number.get().fmt(f),
            Atom::Boolean(flag) => flag.fmt(f),
            Atom::String(text)
                if !text.is_empty()
                    && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c)) =>
            {
                f.write_str(text)
            }
            Atom::String(text) => write!(f, "{text:?}"),
            Atom::Uuid(uuid) => uuid.fmt(f),
            Atom::NamedUuid(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests;
