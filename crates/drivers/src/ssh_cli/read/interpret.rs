//! From facts to the core's words.
//!
//! What a switch says about one port must not spoil what it says about the others, which may be
//! other people's: a value that means nothing is unknown, and is told with the port's status. Only
//! memberships are worth an error, because a port in two LAGs cannot be told at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use model::{
    AdminState, LacpRate, LagMode, LagName, LagSettings, MacAddress, Mtu, PortConfig, PortName,
    Vlan, VlanMode, Vni,
};
use switch::{
    LacpStatus, LagState, MatchKind, Observation, PortMatch, PortState, PortStatus, Query,
    VlanDatabase, VlanState,
};

use super::{Fact, Facts, Object, ReadError, Reader, excerpt, facts::Told};

/// What is heard by LLDP on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbor {
    /// The port that hears it.
    pub port: PortName,
    /// The neighbour's chassis ID.
    pub chassis: Option<String>,
    /// Its port ID.
    pub neighbor_port: Option<String>,
    /// Its system name.
    pub neighbor_name: Option<String>,
}

/// Where a MAC address was learned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MacEntry {
    /// The address.
    pub mac: MacAddress,
    /// In which VLAN, if the table says it.
    pub vlan: Option<Vlan>,
    /// The port or LAG.
    pub place: Object,
}

/// What cannot be told in the core's words, for people.
type Remarks = Vec<String>;

/// Which ports are in which LAG.
struct Memberships {
    by_port: BTreeMap<PortName, LagName>,
    by_lag: BTreeMap<LagName, BTreeSet<PortName>>,
}

impl Reader {
    /// What a query asked for, as far as the switch has it.
    pub fn observation(&self, facts: &Facts, query: &Query) -> Result<Observation, ReadError> {
        let memberships = self.memberships(facts)?;
        let mut seen = Observation::default();
        let mut wanted: BTreeSet<LagName> = query.lags.clone();
        for port in &query.ports {
            let Some(told) = facts.of(&Object::Port(port.clone())) else { continue };
            let mut remarks = Remarks::new();
            let lag = memberships.by_port.get(port).cloned();
            let mut config = self.config(facts, &Object::Port(port.clone()), told, &mut remarks);
            if lag.is_some() {
                config.vlans = None;
                if self.lag_can(|lag| lag.mirrors) {
                    config = PortConfig { mtu: None, stp_edge: None, bpdu_guard: None, ..config };
                }
            }
            wanted.extend(lag.clone());
            seen.slice.ports.insert(port.clone(), PortState { config, lag, extra: None });
            seen.status.insert(port.clone(), self.status(told, remarks));
        }
        for lag in wanted {
            if let Some(state) = self.lag(facts, &lag, &memberships)? {
                seen.slice.lags.insert(lag, state);
            }
        }
        if self.capabilities.vlan_database == VlanDatabase::Explicit {
            for vlan in &query.vlans {
                if let Some(told) = facts.of(&Object::Vlan(*vlan)) {
                    seen.slice.vlans.insert(*vlan, self.vlan(*vlan, told)?);
                }
            }
        }
        if query.lag_names {
            seen.lag_names = self.lags(facts, &memberships);
        }
        if query.pair_ids {
            let numbers = facts.existing().filter_map(|(object, told)| match object {
                Object::Lag(lag) => {
                    let number = self.scalar(told, Fact::Pair, &mut Remarks::new())?;
                    Some((lag.clone(), number))
                }
                _ => None,
            });
            seen.pair_ids = numbers.collect();
        }
        if query.all_vlans {
            for (object, told) in facts.existing() {
                if let Object::Vlan(vlan) = object {
                    seen.all_vlans.insert(*vlan, self.vlan(*vlan, told)?);
                }
            }
        }
        Ok(seen)
    }

    /// The LAGs of these ports, and those of the query, about which the switch can be asked next.
    pub fn lags_of(&self, facts: &Facts, query: &Query) -> Result<BTreeSet<LagName>, ReadError> {
        let memberships = self.memberships(facts)?;
        let of_ports = query.ports.iter().filter_map(|port| memberships.by_port.get(port));
        Ok(of_ports.chain(&query.lags).cloned().collect())
    }

    /// The ports that answer to a text by the names that were read.
    pub fn matches(&self, facts: &Facts, text: &str) -> Vec<PortMatch> {
        let mac = text.parse::<MacAddress>().ok();
        let kinds = |told: &Told| {
            if told.all(Fact::Alias).contains(&text) {
                Some(MatchKind::Alias)
            } else if told.all(Fact::Index).contains(&text) {
                Some(MatchKind::Index)
            } else {
                let macs = told.all(Fact::Mac).into_iter().filter_map(|mac| mac.parse().ok());
                mac.filter(|mac| macs.into_iter().any(|other: MacAddress| other == *mac))
                    .map(|_| MatchKind::Mac)
            }
        };
        let ports = facts.objects().filter_map(|(object, told)| match object {
            Object::Port(port) => Some(PortMatch { port: port.clone(), matched: kinds(told)? }),
            _ => None,
        });
        ports.collect()
    }

    /// Whether the object is there.
    pub fn has(&self, facts: &Facts, object: &Object) -> bool {
        facts.of(object).is_some()
    }

    /// What is heard by LLDP. A fact that is stated again begins the next neighbour of a port, for
    /// systems that write one on several lines.
    pub fn neighbors(&self, facts: &Facts) -> Vec<Neighbor> {
        let mut found: Vec<Neighbor> = Vec::new();
        for row in facts.rows() {
            let Object::Port(port) = &row.object else { continue };
            let get = |fact: Fact| row.facts.get(&fact).map(|text| excerpt(text));
            let next = Neighbor {
                port: port.clone(),
                chassis: get(Fact::Chassis),
                neighbor_port: get(Fact::NeighborPort),
                neighbor_name: get(Fact::NeighborName),
            };
            match found.iter_mut().rev().find(|last| last.port == *port && last.lacks(&next)) {
                Some(last) => last.take(next),
                None => found.push(next),
            }
        }
        found
    }

    /// Which MAC addresses are where.
    pub fn macs(&self, facts: &Facts) -> Vec<MacEntry> {
        let entries = facts.rows().iter().filter_map(|row| {
            let mac = row.facts.get(&Fact::Mac)?.parse().ok()?;
            let vlan = row.facts.get(&Fact::Access).and_then(|text| text.parse().ok());
            Some(MacEntry { mac, vlan, place: row.object.clone() })
        });
        entries.collect()
    }

    fn memberships(&self, facts: &Facts) -> Result<Memberships, ReadError> {
        let mut by_port: BTreeMap<PortName, LagName> = BTreeMap::new();
        let mut join = |port: &PortName, lag: LagName| match by_port.get(port) {
            Some(other) if *other != lag => Err(ReadError::Contradiction {
                what: format!("`lag` of port `{port}`"),
                one: other.to_string(),
                other: lag.to_string(),
            }),
            _ => {
                by_port.insert(port.clone(), lag);
                Ok(())
            }
        };
        for (object, told) in facts.objects() {
            match object {
                Object::Port(port) => {
                    for text in told.all(Fact::Lag).into_iter().filter(|text| !is_none(text)) {
                        let lag = self.names.lag(text).ok_or_else(|| ReadError::Value {
                            what: format!("`lag` of port `{port}`"),
                            value: excerpt(text),
                            problem: "is no LAG's name".to_owned(),
                        })?;
                        join(port, lag)?;
                    }
                }
                Object::Lag(lag) => {
                    let lists = told.all(Fact::Members).into_iter();
                    for name in lists.flat_map(member_names).filter(|name| !is_none(name)) {
                        if let Some(port) = self.names.port(name) {
                            join(&port, lag.clone())?;
                        }
                    }
                }
                Object::Vlan(_) => {}
            }
        }
        let mut by_lag: BTreeMap<LagName, BTreeSet<PortName>> = BTreeMap::new();
        for (port, lag) in &by_port {
            by_lag.entry(lag.clone()).or_default().insert(port.clone());
        }
        Ok(Memberships { by_port, by_lag })
    }

    fn lags(&self, facts: &Facts, memberships: &Memberships) -> BTreeSet<LagName> {
        let told = facts.existing().filter_map(|(object, _)| match object {
            Object::Lag(lag) => Some(lag),
            _ => None,
        });
        told.chain(memberships.by_lag.keys()).cloned().collect()
    }

    fn lag(
        &self,
        facts: &Facts,
        lag: &LagName,
        memberships: &Memberships,
    ) -> Result<Option<LagState>, ReadError> {
        let object = Object::Lag(lag.clone());
        let told = facts.of(&object);
        let members = memberships.by_lag.get(lag).cloned().unwrap_or_default();
        if told.is_none() && members.is_empty() {
            return Ok(None);
        }
        let nothing = Told::default();
        let told = told.unwrap_or(&nothing);
        let mut remarks = Remarks::new();
        let mode = self.lag_mode(facts, lag, told, &members)?;
        let settings = LagSettings {
            mode,
            rate: self.rate(facts, told, &members, &mut remarks),
            min_links: self.scalar(told, Fact::MinLinks, &mut remarks),
            fallback: self.scalar(told, Fact::Fallback, &mut remarks),
            pair: self.scalar(told, Fact::Pair, &mut remarks),
        };
        let mut config = self.config(facts, &object, told, &mut remarks);
        config.mtu = config.mtu.filter(|_| self.lag_can(|lag| lag.mtu_on_lag));
        if !remarks.is_empty() {
            tracing::warn!(%lag, remarks = remarks.join("; "), "a LAG is not fully understood");
        }
        Ok(Some(LagState { settings, members, config, extra: None }))
    }

    fn lag_can(&self, what: impl Fn(&switch::LagCapabilities) -> bool) -> bool {
        self.capabilities.lag.as_ref().is_some_and(what)
    }

    /// The rate: the LAG's own, else its members' if they agree; a member that says nothing has
    /// the default.
    fn rate(
        &self,
        facts: &Facts,
        told: &Told,
        members: &BTreeSet<PortName>,
        remarks: &mut Remarks,
    ) -> Option<LacpRate> {
        if !told.all(Fact::Rate).is_empty() {
            return self.scalar(told, Fact::Rate, remarks);
        }
        let kinds = [Fact::LacpRate, Fact::Rate];
        let default = kinds.iter().find_map(|fact| self.defaults.get(fact)).map(String::as_str);
        let of_members = members.iter().filter_map(|port| facts.about(&Object::Port(port.clone())));
        let rates: BTreeSet<Option<&str>> = of_members
            .map(|told| kinds.iter().find_map(|fact| told.all(*fact).first().copied()).or(default))
            .collect();
        let mut rates = rates.into_iter();
        match (rates.next(), rates.next()) {
            (Some(Some(rate)), None) => rate.parse().ok().map(|Word(rate)| rate),
            (None | Some(None), None) => self.scalar(told, Fact::Rate, remarks),
            _ => None,
        }
    }

    /// The mode: the LAG's own, else its members'. A LAG one of whose members speaks first is
    /// active. One without members has no mode of its own on many systems; it is then the default,
    /// or the first that the system can, which nothing depends on before a member is there.
    fn lag_mode(
        &self,
        facts: &Facts,
        lag: &LagName,
        told: &Told,
        members: &BTreeSet<PortName>,
    ) -> Result<LagMode, ReadError> {
        let what = || format!("`lag_mode` of LAG `{lag}`");
        let of_members = members.iter().filter_map(|port| facts.about(&Object::Port(port.clone())));
        let own = told.all(Fact::LagMode);
        let texts: BTreeSet<&str> = match own.is_empty() {
            true => of_members.flat_map(|told| told.all(Fact::LacpMode)).collect(),
            false => own.into_iter().collect(),
        };
        let texts: Vec<&str> = match texts.is_empty() {
            true => self.defaults.get(&Fact::LagMode).map(String::as_str).into_iter().collect(),
            false => texts.into_iter().collect(),
        };
        let modes = texts.iter().map(|text| {
            text.parse::<Word<LagMode>>()
                .map(|Word(mode)| mode)
                .map_err(|problem| ReadError::Value { what: what(), value: excerpt(text), problem })
        });
        let modes: Vec<LagMode> = modes.collect::<Result<_, _>>()?;
        match modes.as_slice() {
            [only] => Ok(*only),
            [] if members.is_empty() => Ok(self.first_mode()),
            [] => Err(ReadError::Value {
                what: what(),
                value: String::new(),
                problem: "no rule tells".to_owned(),
            }),
            several if several.contains(&LagMode::Static) => Err(ReadError::Contradiction {
                what: what(),
                one: "static".to_owned(),
                other: "LACP".to_owned(),
            }),
            _ => Ok(LagMode::Active),
        }
    }

    fn first_mode(&self) -> LagMode {
        if self.lag_can(|lag| lag.active) {
            LagMode::Active
        } else if self.lag_can(|lag| lag.passive) {
            LagMode::Passive
        } else {
            LagMode::Static
        }
    }

    /// What the system can set of a port or LAG; the rest is nobody's business.
    fn config(
        &self,
        facts: &Facts,
        object: &Object,
        told: &Told,
        remarks: &mut Remarks,
    ) -> PortConfig {
        let can = &self.capabilities;
        let description = self.text(told, Fact::Description, remarks);
        PortConfig {
            vlans: self.vlan_mode(facts, object, told, remarks),
            admin: self.scalar(told, Fact::Admin, remarks).filter(|_| can.port_shut),
            description: description.filter(|text| !text.is_empty() && can.description),
            mtu: if can.mtu { self.mtu(told, remarks) } else { None },
            stp_edge: self.scalar(told, Fact::StpEdge, remarks).filter(|_| can.stp_edge),
            bpdu_guard: self.scalar(told, Fact::BpduGuard, remarks).filter(|_| can.bpdu_guard),
        }
    }

    fn vlan_mode(
        &self,
        facts: &Facts,
        object: &Object,
        told: &Told,
        remarks: &mut Remarks,
    ) -> Option<VlanMode> {
        let oddity = if facts.has_strange(object) {
            None
        } else {
            match self.vlans.mode(told, &self.defaults) {
                Ok(mode) => return mode,
                Err(oddity) => Some(oddity),
            }
        };
        remarks.extend(oddity.map(|oddity| format!("its VLANs are not understood: {oddity}")));
        Some(VlanMode::Other { text: told.vlan_text() })
    }

    /// The MTU as the core counts it, without what the system adds.
    fn mtu(&self, told: &Told, remarks: &mut Remarks) -> Option<Mtu> {
        let bytes: u16 = self.scalar(told, Fact::Mtu, remarks)?;
        let payload = bytes.saturating_sub(self.frame_overhead);
        let mtu = Mtu::new(payload);
        mtu.map_err(|_| {
            remarks.push(format!("`mtu` is `{bytes}`, which is no MTU from 68 to 9216"));
        })
        .ok()
    }

    fn status(&self, told: &Told, remarks: Remarks) -> PortStatus {
        // What a status says wrongly is no reason to doubt the configuration.
        let mut passed_over = Remarks::new();
        let link = one(told, Fact::Link, &mut passed_over);
        let lacp = one(told, Fact::Lacp, &mut passed_over);
        let errors: Vec<String> =
            told.all(Fact::Error).into_iter().map(excerpt).chain(remarks).collect();
        PortStatus {
            link: link.and_then(|text| text.parse().ok()).map(|Word(state)| state),
            lacp: match lacp {
                Some("current") => Some(LacpStatus::Current),
                Some("no_partner") => Some(LacpStatus::NoPartner),
                _ => None,
            },
            mtu: one(told, Fact::Mtu, &mut passed_over)
                .and_then(|text| text.parse::<u32>().ok())
                .map(|bytes| bytes.saturating_sub(u32::from(self.frame_overhead))),
            error: (!errors.is_empty()).then(|| errors.join("; ")),
        }
    }

    fn vlan(&self, vlan: Vlan, told: &Told) -> Result<VlanState, ReadError> {
        let mut remarks = Remarks::new();
        let name = self.text(told, Fact::VlanName, &mut remarks).filter(|name| !name.is_empty());
        let vni = told.all(Fact::Vni).into_iter().filter(|text| !is_none(text));
        let vnis = vni.map(|text| {
            text.parse::<Vni>().map_err(|error| ReadError::Value {
                what: format!("`vni` of VLAN {vlan}"),
                value: excerpt(text),
                problem: error.problem,
            })
        });
        match vnis.collect::<Result<Vec<_>, _>>()?.as_slice() {
            [] => Ok(VlanState { name, vni: None }),
            [vni] => Ok(VlanState { name, vni: Some(*vni) }),
            [one, other, ..] => Err(ReadError::Contradiction {
                what: format!("`vni` of VLAN {vlan}"),
                one: one.to_string(),
                other: other.to_string(),
            }),
        }
    }

    fn text(&self, told: &Told, fact: Fact, remarks: &mut Remarks) -> Option<String> {
        let text = one(told, fact, remarks);
        text.or_else(|| self.defaults.get(&fact).map(String::as_str)).map(str::to_owned)
    }

    fn scalar<T>(&self, told: &Told, fact: Fact, remarks: &mut Remarks) -> Option<T>
    where
        Word<T>: FromStr<Err = String>,
    {
        let text = self.text(told, fact, remarks).filter(|text| !is_none(text))?;
        match text.parse::<Word<T>>() {
            Ok(Word(value)) => Some(value),
            Err(problem) => {
                remarks.push(format!("`{}` is `{}`, which {problem}", fact.name(), excerpt(&text)));
                None
            }
        }
    }
}

impl Neighbor {
    fn lacks(&self, more: &Self) -> bool {
        let free = |one: &Option<String>, other: &Option<String>| one.is_none() || other.is_none();
        free(&self.chassis, &more.chassis)
            && free(&self.neighbor_port, &more.neighbor_port)
            && free(&self.neighbor_name, &more.neighbor_name)
    }

    fn take(&mut self, more: Self) {
        let Self { port: _, chassis, neighbor_port, neighbor_name } = more;
        self.chassis = self.chassis.take().or(chassis);
        self.neighbor_port = self.neighbor_port.take().or(neighbor_port);
        self.neighbor_name = self.neighbor_name.take().or(neighbor_name);
    }
}

/// The only value of a fact; several are none.
fn one<'a>(told: &'a Told, fact: Fact, remarks: &mut Remarks) -> Option<&'a str> {
    match told.all(fact).as_slice() {
        [] => None,
        [only] => Some(*only),
        [one, other, ..] => {
            let (one, other) = (excerpt(one), excerpt(other));
            remarks.push(format!("`{}` is `{one}` and `{other}` at once", fact.name()));
            None
        }
    }
}

fn is_none(text: &str) -> bool {
    matches!(text.trim(), "" | "none" | "NONE" | "null" | "-" | "--")
}

/// Names apart by blanks or commas, without what a system hangs on to them, as in `Et1(P)`.
fn member_names(list: &str) -> impl Iterator<Item = &str> {
    let names = list.split(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']'));
    names.map(|name| name.split('(').next().unwrap_or(name)).filter(|name| !name.is_empty())
}

/// A word of the facts' own vocabulary.
struct Word<T>(T);

macro_rules! words {
    ($type:ty, $problem:literal, $($text:literal => $value:expr),+) => {
        impl FromStr for Word<$type> {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text.trim() {
                    $($text => Ok(Self($value)),)+
                    _ => Err($problem.to_owned()),
                }
            }
        }
    };
}

words!(AdminState, "is neither `up` nor `down`", "up" => AdminState::Up, "down" => AdminState::Down);
words!(bool, "is neither `true` nor `false`", "true" => true, "false" => false);
words!(LacpRate, "is neither `fast` nor `slow`", "fast" => LacpRate::Fast, "slow" => LacpRate::Slow);
words!(
    LagMode, "is neither `active` nor `passive` nor `static`",
    "active" => LagMode::Active, "passive" => LagMode::Passive, "static" => LagMode::Static
);

macro_rules! numbers {
    ($($type:ty: $problem:literal),+) => {$(
        impl FromStr for Word<$type> {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                text.trim().parse().map(Self).map_err(|_| $problem.to_owned())
            }
        }
    )+};
}

numbers!(u8: "is no number from 0 to 255", u16: "is no number from 0 to 65535");
