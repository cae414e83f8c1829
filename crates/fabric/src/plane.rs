//! What a switch forwards by: the part of its database that has been applied.
//!
//! It lags behind the database by the apply latency, as the forwarding plane of a real switch
//! does, so a client that does not wait for `cur_cfg` is found out.

use std::collections::{BTreeMap, BTreeSet};

use crate::ovsdb::database::{Database, Row};
use crate::vlan::VlanRules;
use crate::wiring::{Peer, PortRef, Wiring};

/// The `lacp` column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacp {
    Off,
    Passive,
    Active,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Balance {
    ActiveBackup,
    Slb,
    Tcp,
}

/// One port, a bond when it has several members.
#[derive(Debug, Clone)]
pub(crate) struct PlanePort {
    pub(crate) name: String,
    /// Interfaces that exist in the hardware, in order of their names; a bond when there are
    /// several, for one that could not be opened does not count.
    pub(crate) members: BTreeSet<String>,
    pub(crate) vlans: VlanRules,
    pub(crate) is_protected: bool,
    pub(crate) lacp: Lacp,
    system: Option<String>,
    balance: Balance,
    falls_back: bool,
    primary: Option<String>,
}

impl PlanePort {
    pub(crate) fn of(row: &Row, members: BTreeSet<String>) -> Self {
        Self {
            name: row.text("name").to_owned(),
            members,
            vlans: VlanRules::of(row),
            is_protected: row.get("protected").as_bool() == Some(true),
            lacp: match row.text("lacp") {
                "active" => Lacp::Active,
                "passive" => Lacp::Passive,
                _ => Lacp::Off,
            },
            system: row.entry("other_config", "lacp-system-id").map(str::to_owned),
            balance: match row.text("bond_mode") {
                "balance-tcp" => Balance::Tcp,
                "balance-slb" => Balance::Slb,
                _ => Balance::ActiveBackup,
            },
            falls_back: row.entry("other_config", "lacp-fallback-ab") == Some("true"),
            primary: row.entry("other_config", "bond-primary").map(str::to_owned),
        }
    }

    pub(crate) fn is_bond(&self) -> bool {
        self.members.len() > 1
    }
}

/// One bridge.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlaneBridge {
    pub(crate) ports: Vec<PlanePort>,
}

/// What is known of one interface.
#[derive(Debug, Clone)]
pub(crate) struct PlaneInterface {
    pub(crate) mtu: i64,
    pub(crate) ofport: i64,
    pub(crate) is_internal: bool,
    /// Why it could not be opened.
    pub(crate) error: Option<String>,
}

/// One switch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plane {
    /// The `next_cfg` of the database that was applied.
    pub(crate) cfg: i64,
    pub(crate) bridges: BTreeMap<String, PlaneBridge>,
    pub(crate) interfaces: BTreeMap<String, PlaneInterface>,
}

impl Plane {
    /// The bridge and the port that an interface belongs to.
    pub(crate) fn port_with(&self, interface: &str) -> Option<(&str, &PlaneBridge, &PlanePort)> {
        self.bridges.iter().find_map(|(name, bridge)| {
            let port = bridge.ports.iter().find(|port| port.members.contains(interface))?;
            Some((name.as_str(), bridge, port))
        })
    }

    /// Applies a database to a switch with these physical ports.
    pub(crate) fn apply(database: &Database, hardware: &[String]) -> Self {
        let mut plane = Self {
            cfg: database.root().and_then(|root| root.integer("next_cfg")).unwrap_or(0),
            ..Self::default()
        };
        let taken = database.rows("Interface").filter_map(|row| internal_ofport(row)).max();
        let mut free = taken.unwrap_or(FIRST_INTERNAL_OFPORT);
        for row in database.rows("Interface") {
            let interface = open(row, hardware, &mut free, database);
            plane.interfaces.insert(row.text("name").to_owned(), interface);
        }
        for bridge in database.rows("Bridge") {
            let mut ports: Vec<_> = bridge
                .get("ports")
                .uuids()
                .filter_map(|uuid| database.row("Port", &uuid))
                .map(|row| plane.port(row, database))
                .collect();
            ports.sort_by(|one, other| one.name.cmp(&other.name));
            plane.bridges.insert(bridge.text("name").to_owned(), PlaneBridge { ports });
        }
        plane
    }

    fn port(&self, row: &Row, database: &Database) -> PlanePort {
        let names: Vec<String> = row
            .get("interfaces")
            .uuids()
            .filter_map(|uuid| database.row("Interface", &uuid))
            .map(|interface| interface.text("name").to_owned())
            .collect();
        let exists = |name: &String| self.interfaces.get(name).is_some_and(|i| i.error.is_none());
        PlanePort::of(row, names.into_iter().filter(exists).collect())
    }
}

/// OpenFlow numbers below this are for physical ports.
const FIRST_INTERNAL_OFPORT: i64 = 1000;

/// OpenFlow number of a bridge's own interface (OFPP_LOCAL).
const LOCAL_OFPORT: i64 = 65534;

/// Greatest MTU that the simulated ports take; a greater request is ignored, as by a real one.
const MAX_MTU: i64 = 9216;

/// The number that an internal interface has been given before.
fn internal_ofport(row: &Row) -> Option<i64> {
    row.integer("ofport").filter(|ofport| (FIRST_INTERNAL_OFPORT..LOCAL_OFPORT).contains(ofport))
}

fn open(row: &Row, hardware: &[String], free: &mut i64, database: &Database) -> PlaneInterface {
    let name = row.text("name");
    let position = hardware.iter().position(|port| port == name);
    let number = |index: usize| i64::try_from(index).unwrap_or(i64::MAX);
    let cannot = |why: &str| Some(format!("could not open network device {name} ({why})"));
    let is_internal = row.text("type") == "internal";
    let (ofport, error) = match (row.text("type"), position) {
        ("internal", _) if database.named("Bridge", name).is_some() => (LOCAL_OFPORT, None),
        ("internal", _) => {
            let ofport = internal_ofport(row).unwrap_or_else(|| {
                *free += 1;
                *free
            });
            (ofport, None)
        }
        ("" | "system", Some(position)) => (number(position) + 1, None),
        ("" | "system", None) => (-1, cannot("No such device")),
        _ => (-1, cannot("Address family not supported by protocol")),
    };
    let mtu = row.integer("mtu_request").filter(|mtu| *mtu <= MAX_MTU).unwrap_or(1500);
    PlaneInterface { mtu, ofport, is_internal, error }
}

/// What the members of a port are doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Members {
    /// Those that may carry frames.
    pub(crate) usable: Vec<String>,
    /// The one that a bond sends by when it does not balance.
    pub(crate) active: Option<String>,
    /// Per member, whether its LACP partner is known; empty when LACP is off.
    pub(crate) lacp_current: BTreeMap<String, bool>,
    negotiated: bool,
    balances: bool,
}

impl Members {
    /// Whether a flooded frame that comes in by this member is taken.
    pub(crate) fn accepts(&self, interface: &str) -> bool {
        if self.negotiated {
            self.usable.iter().any(|member| member == interface)
        } else {
            self.active.as_deref() == Some(interface)
        }
    }

    /// The one member by which a flooded frame of this VLAN leaves.
    pub(crate) fn way_out(&self, vlan: u16) -> Option<&str> {
        if !self.balances {
            return self.active.as_deref();
        }
        let slot = usize::from(vlan).checked_rem(self.usable.len())?;
        self.usable.get(slot).map(String::as_str)
    }
}

/// All switches' planes by name.
pub(crate) type Planes = BTreeMap<String, Plane>;

/// Works out the members of a port from its configuration, its links and its LACP partners.
pub(crate) fn members(switch: &str, port: &PlanePort, planes: &Planes, wiring: &Wiring) -> Members {
    let reference = |member: &String| PortRef::new(switch, member.clone());
    let is_up = |member: &&String| wiring.is_up(&reference(member));
    let up: Vec<String> = port.members.iter().filter(is_up).cloned().collect();
    let partners: BTreeMap<String, Option<String>> = port
        .members
        .iter()
        .map(|member| (member.clone(), partner(&reference(member), port.lacp, planes, wiring)))
        .collect();
    let lacp_current = if port.lacp == Lacp::Off {
        BTreeMap::new()
    } else {
        partners.iter().map(|(member, partner)| (member.clone(), partner.is_some())).collect()
    };
    if !port.is_bond() {
        let active = port.members.first().cloned();
        return Members { usable: up, active, lacp_current, negotiated: false, balances: false };
    }
    let lead = partners.values().flatten().next();
    let negotiated = port.lacp != Lacp::Off && lead.is_some();
    let usable = match (port.lacp, lead) {
        (Lacp::Off, _) if port.balance == Balance::Tcp => Vec::new(),
        (Lacp::Off, _) => up,
        (_, Some(lead)) => {
            let same = |(member, partner): (&String, &Option<String>)| {
                (partner.as_ref() == Some(lead)).then(|| member.clone())
            };
            partners.iter().filter_map(same).collect()
        }
        (_, None) if port.falls_back => up,
        (_, None) => Vec::new(),
    };
    let primary = port.primary.as_ref().filter(|primary| usable.contains(primary));
    let active = primary.or(usable.first()).cloned();
    let balances = negotiated && port.balance != Balance::ActiveBackup;
    Members { usable, active, lacp_current, negotiated, balances }
}

/// The system behind a member, when it and the port exchange LACP.
fn partner(port: &PortRef, ours: Lacp, planes: &Planes, wiring: &Wiring) -> Option<String> {
    if ours == Lacp::Off || !wiring.is_up(port) {
        return None;
    }
    let (system, theirs) = match wiring.peer(port)? {
        Peer::Nic(nic) if wiring.speaks_lacp(&nic.host) => {
            (format!("host {}", nic.host), Lacp::Active)
        }
        Peer::Nic(_) => return None,
        Peer::Port(other) => {
            let (bridge, _, remote) = planes.get(&other.switch)?.port_with(&other.port)?;
            let own = || format!("switch {} {bridge}", other.switch);
            let system = remote.system.clone().unwrap_or_else(own);
            (format!("{system} {}", remote.name), remote.lacp)
        }
    };
    let speak = theirs != Lacp::Off && (ours == Lacp::Active || theirs == Lacp::Active);
    speak.then_some(system)
}
