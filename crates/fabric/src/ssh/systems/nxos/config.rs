//! What the commands do.

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::switchport::{self, Op};
use super::super::chassis::{Config, Port, Vlan};
use super::super::grammar::Values;
use super::commands::{Act, Line};
use super::{Later, Mode, NAMING, NxOs, Session, join};
use crate::ssh::device::Reply;

/// VLANs that a Nexus 9000 keeps for itself.
const RESERVED: std::ops::RangeInclusive<u16> = 3968..=4094;

const COPY: &str = "[########################################] 100%\n\
Copy complete, now saving to disk (please wait)...\nCopy complete.\n";

const PORTFAST: &str = "\
Edge port type (portfast) should only be enabled on ports connected to a single
 host. Connecting hubs, concentrators, switches, bridges, etc...  to this
 interface when edge port type (portfast) is enabled, can cause temporary bridging loops.
 Use with CAUTION
";

impl NxOs {
    pub(super) fn act(
        &mut self,
        session: &mut Session,
        act: Act,
        values: &Values,
        json: bool,
    ) -> Reply {
        match act {
            Act::Enable => session.asks = session.mode == Mode::User,
            Act::Exit => {
                if matches!(session.mode, Mode::User | Mode::Exec) {
                    return Reply::end();
                }
                self.leave_vlan(session);
                session.mode = session.mode.parent();
            }
            Act::End => {
                self.leave_vlan(session);
                session.mode = Mode::Exec;
            }
            Act::Configure if session.mode == Mode::User => {
                return Reply::text("% Permission denied for the role");
            }
            Act::Configure => {
                self.leave_vlan(session);
                session.mode = Mode::Global;
                return Reply::text("Enter configuration commands, one per line. End with CNTL/Z.");
            }
            Act::Length => {
                let length = u16::try_from(values.number()).ok();
                session.screen.length = length.filter(|length| *length > 0);
            }
            Act::Width => session.screen.width = u16::try_from(values.number()).ok(),
            Act::Quiet => {}
            Act::Save => {
                self.startup = self.running.clone();
                return Reply::text(COPY);
            }
            Act::Hostname => values.text(0).clone_into(&mut self.running.hostname),
            Act::Feature | Act::Keep => {
                self.running.features.insert(values.raw().to_owned());
            }
            Act::NoFeature | Act::Forget => {
                self.running.features.remove(values.negated());
            }
            Act::DefaultSwitchport | Act::NoDefaultSwitchport => {
                self.default_layer(act == Act::NoDefaultSwitchport);
            }
            Act::Vlan | Act::NoVlan => return self.vlans(session, act, values),
            Act::VlanName => session.later.push(Later::Name(Some(values.text(0).to_owned()))),
            Act::NoVlanName => session.later.push(Later::Name(None)),
            Act::VlanState => session.later.push(Later::Down(values.text(0) == "suspend")),
            Act::VlanVni => return self.vlan_vni(session, values.number()),
            Act::NoVlanVni => session.later.push(Later::Vni(None)),
            Act::Interfaces => return self.interfaces(session, values.text(0)),
            Act::NoInterfaces => return self.no_interfaces(values.text(0)),
            Act::DefaultInterfaces => return self.default_interfaces(values.text(0)),
            Act::Port(op) => return self.port_op(session, op, values),
            Act::Interface(line) => return self.interface_line(session, line, values),
            Act::VpcDomain
            | Act::NoVpcDomain
            | Act::VpcLine
            | Act::Evpn
            | Act::EvpnVni
            | Act::NoEvpnVni
            | Act::EvpnLine
            | Act::NoEvpnLine
            | Act::NveLine
            | Act::NoNveLine => self.fabric_line(session, act, values),
            _ => return self.show(act, values, json),
        }
        Reply::silent()
    }

    /// What was said of VLANs counts now.
    pub(super) fn leave_vlan(&mut self, session: &mut Session) {
        let Mode::Vlans(ids) = &session.mode else {
            session.later.clear();
            return;
        };
        for later in std::mem::take(&mut session.later) {
            for (_, vlan) in self.running.vlans.iter_mut().filter(|(id, _)| ids.contains(id)) {
                match later.clone() {
                    Later::Name(name) => vlan.name = name,
                    Later::Vni(vni) => vlan.vni = vni,
                    Later::Down(is_down) => vlan.is_down = is_down,
                }
            }
        }
    }

    fn vlans(&mut self, session: &mut Session, act: Act, values: &Values) -> Reply {
        let vlans: Vec<u16> = values.vlans().iter().collect();
        if let Some(vlan) = vlans.iter().find(|vlan| RESERVED.contains(vlan)) {
            return Reply::text(format!("ERROR: VLAN {vlan} is reserved for internal use"));
        }
        self.leave_vlan(session);
        if act == Act::NoVlan {
            if vlans.contains(&1) {
                return Reply::text("ERROR: Cannot delete default VLAN 1");
            }
            for vlan in vlans {
                self.running.vlans.remove(&vlan);
            }
            return Reply::silent();
        }
        for vlan in &vlans {
            self.running.vlans.entry(*vlan).or_default();
        }
        session.mode = Mode::Vlans(vlans);
        Reply::silent()
    }

    fn vlan_vni(&self, session: &mut Session, vni: u32) -> Reply {
        let Mode::Vlans(ids) = &session.mode else {
            return Reply::silent();
        };
        let other = |(id, vlan): (&u16, &Vlan)| {
            let own = ids.contains(id);
            own && vlan.vni.is_some_and(|old| old != vni) || !own && vlan.vni == Some(vni)
        };
        if self.running.vlans.iter().any(other) {
            return Reply::text(format!(
                "ERROR: VN-Segment {vni} cannot be mapped: VLAN or VN-Segment already has a mapping"
            ));
        }
        session.later.push(Later::Vni(Some(vni)));
        Reply::silent()
    }

    fn default_layer(&mut self, is_routed: bool) {
        let line = "no system default switchport".to_owned();
        let fresh = self.fresh();
        if is_routed {
            self.running.features.insert(line);
        } else {
            self.running.features.remove(&line);
        }
        let is_fresh = |(name, port): (&IfName, &mut Port)| {
            (name.kind == Kind::Port && *port == fresh).then_some(name.clone())
        };
        let names: Vec<IfName> = self.running.ports.iter_mut().filter_map(is_fresh).collect();
        for name in names {
            self.running.ports.insert(name, Port { is_routed, ..Port::default() });
        }
    }

    /// A port that nobody has touched.
    pub(super) fn fresh(&self) -> Port {
        let is_routed = self.has("no system default switchport");
        Port { is_routed, ..Port::default() }
    }

    fn interfaces(&mut self, session: &mut Session, text: &str) -> Reply {
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text(" ^\nInvalid interface format at '^' marker.");
        };
        let is_valid = |name: &IfName| match name.kind {
            Kind::Port | Kind::Management => self.running.ports.contains_key(name),
            Kind::Lag => (1..=4096).contains(&name.number()),
            Kind::Tunnel => name.number() == 1 && self.has("feature nv overlay"),
            Kind::Svi => self.has("feature interface-vlan") && (1..=3967).contains(&name.number()),
            _ => true,
        };
        if !names.iter().all(is_valid) {
            return Reply::text(" ^\nInvalid range at '^' marker.");
        }
        for name in &names {
            self.running.ports.entry(name.clone()).or_default();
        }
        self.leave_vlan(session);
        session.mode = Mode::Ports(names);
        Reply::silent()
    }

    fn no_interfaces(&mut self, text: &str) -> Reply {
        let names = NAMING.read_many(text).unwrap_or_default();
        let is_fixed = |name: &IfName| matches!(name.kind, Kind::Port | Kind::Management);
        if names.is_empty() || names.iter().any(is_fixed) {
            return Reply::text(" ^\n% Invalid command at '^' marker.");
        }
        for name in names {
            if self.running.ports.remove(&name).is_some() && name.kind == Kind::Lag {
                let lag = name.number();
                for member in self.running.members_of(lag) {
                    self.running.ports.entry(member).or_default().group = None;
                }
            }
            if name.kind == Kind::Tunnel {
                self.running.members.clear();
            }
        }
        Reply::silent()
    }

    fn default_interfaces(&mut self, text: &str) -> Reply {
        let names = NAMING.read_many(text).unwrap_or_default();
        if names.is_empty() || names.iter().any(|name| !self.running.ports.contains_key(name)) {
            return Reply::text(" ^\nInvalid range at '^' marker.");
        }
        let fresh = self.fresh();
        for name in names {
            self.running.ports.insert(name, fresh.clone());
        }
        Reply::silent()
    }

    /// L2 lines belong to the port channel: they are refused on a member, and copied to all.
    fn port_op(&mut self, session: &Session, op: Op, values: &Values) -> Reply {
        let Mode::Ports(names) = &session.mode else {
            return Reply::silent();
        };
        let is_own =
            matches!(op, Op::Description | Op::NoDescription | Op::Shutdown | Op::NoShutdown);
        for name in names {
            let port = self.running.ports.entry(name.clone()).or_default();
            if let (false, Some((lag, _))) = (is_own, port.group) {
                return Reply::text(format!(
                    "ERROR: {}: Cannot configure port that is a member of port-channel{lag}",
                    NAMING.long(name)
                ));
            }
            change(port, op, values);
            if name.kind == Kind::Lag && !is_own {
                for member in self.running.members_of(name.number()) {
                    change(self.running.ports.entry(member).or_default(), op, values);
                }
            }
        }
        Reply::silent()
    }

    fn interface_line(&mut self, session: &mut Session, line: Line, values: &Values) -> Reply {
        let Mode::Ports(names) = session.mode.clone() else {
            return Reply::silent();
        };
        let mut notes = String::new();
        for name in &names {
            let reply = match line {
                Line::Join | Line::JoinForced => {
                    join::join(&mut self.running, name, values, line == Line::JoinForced)
                }
                Line::Vpc | Line::PeerLink => self.vpc(name, line, values.number()),
                Line::SuspendIndividual
                | Line::NoSuspendIndividual
                | Line::Graceful
                | Line::NoGraceful => self.on_a_channel_that_is_down(name, line, values),
                Line::Member | Line::NoMember => self.member(session, line, values.number()),
                _ => {
                    let port = self.running.ports.entry(name.clone()).or_default();
                    own_line(port, line, values);
                    Reply::text(note(line, name))
                }
            };
            notes.push_str(&reply.text);
            if super::is_refusal(&reply.text) {
                return Reply::text(notes);
            }
        }
        Reply::text(notes)
    }

    fn vpc(&mut self, name: &IfName, line: Line, number: u32) -> Reply {
        if name.kind != Kind::Lag || self.running.pair.is_none() {
            return Reply::text("ERROR: Operation failed: [vPC domain is not configured]");
        }
        let taken = self.running.ports.iter().find(|(_, port)| match line {
            Line::PeerLink => port.is_peer_link,
            _ => port.pair == Some(number),
        });
        match (taken, line) {
            (Some((other, _)), Line::PeerLink) => {
                return Reply::text(format!(
                    "ERROR: Operation failed: [vPC Peer-link has already been configured on {}]",
                    NAMING.short(other).to_lowercase()
                ));
            }
            (Some(_), _) => return Reply::text("ERROR: Operation failed: [vPC already exists]"),
            (None, _) => {}
        }
        let port = self.running.ports.entry(name.clone()).or_default();
        if line == Line::PeerLink {
            port.is_peer_link = true;
            port.edge = Some("network");
        } else {
            port.pair = Some(number);
        }
        Reply::silent()
    }

    fn on_a_channel_that_is_down(&mut self, name: &IfName, line: Line, values: &Values) -> Reply {
        let port = self.running.ports.entry(name.clone()).or_default();
        if name.kind != Kind::Lag {
            return Reply::text(" ^\n% Invalid command at '^' marker.");
        }
        if !port.is_down {
            let words = values.raw().trim_start_matches("no ");
            return Reply::text(format!(
                "ERROR: Cannot set/reset {words} for {} that is admin up",
                NAMING.long(name)
            ));
        }
        own_line(port, line, values);
        Reply::silent()
    }

    fn member(&mut self, session: &mut Session, line: Line, vni: u32) -> Reply {
        if line == Line::NoMember {
            self.running.members.remove(&vni);
            return Reply::silent();
        }
        self.running.members.entry(vni).or_default();
        session.mode = Mode::NveVni(vni);
        Reply::silent()
    }

    fn fabric_line(&mut self, session: &mut Session, act: Act, values: &Values) {
        let config = &mut self.running;
        let is_no = matches!(act, Act::NoEvpnLine | Act::NoNveLine);
        let line = if is_no { values.negated() } else { values.raw() }.to_owned();
        match act {
            Act::VpcDomain => {
                let number = values.number().to_string();
                config.pair.get_or_insert_with(|| (number, Vec::new()));
                session.mode = Mode::VpcDomain;
            }
            Act::NoVpcDomain => config.pair = None,
            Act::VpcLine => {
                if let Some((_, lines)) = &mut config.pair {
                    set(lines, line, is_no);
                }
            }
            Act::Evpn => session.mode = Mode::Evpn,
            Act::EvpnVni => {
                config.instances.entry(values.number()).or_default();
                session.mode = Mode::EvpnVni(values.number());
            }
            Act::NoEvpnVni => {
                config.instances.remove(&values.number());
            }
            Act::EvpnLine | Act::NoEvpnLine => {
                if let Mode::EvpnVni(vni) = session.mode {
                    let lines = config.instances.entry(vni).or_default();
                    if line == "route-target both auto" {
                        set(lines, "route-target import auto".to_owned(), is_no);
                        set(lines, "route-target export auto".to_owned(), is_no);
                    } else {
                        set(lines, line, is_no);
                    }
                }
            }
            _ => {
                if let Mode::NveVni(vni) = session.mode {
                    set(config.members.entry(vni).or_default(), line, is_no);
                }
            }
        }
    }
}

fn set(lines: &mut Vec<String>, line: String, is_no: bool) {
    lines.retain(|old| *old != line);
    if !is_no {
        lines.push(line);
    }
}

fn change(port: &mut Port, op: Op, values: &Values) {
    switchport::apply(port, op, values);
    if op == Op::ModeAccess {
        port.mode = None;
    }
    if op == Op::Mtu && port.mtu == Some(1500) {
        port.mtu = None;
    }
}

fn note(line: Line, name: &IfName) -> String {
    match line {
        Line::EdgeTrunk => PORTFAST.to_owned(),
        Line::Edge => format!(
            "{PORTFAST}\nEdge Port Type (Portfast) has been configured on {} but will only\n \
             have effect when the interface is in a non-trunking mode.\n",
            NAMING.long(name)
        ),
        _ => String::new(),
    }
}

fn own_line(port: &mut Port, line: Line, values: &Values) {
    let mut set = |subject, line: &str| port.set_line(subject, Some(line.to_owned()));
    match line {
        Line::Edge => port.edge = Some("edge"),
        Line::EdgeTrunk => port.edge = Some("edge trunk"),
        Line::Network => port.edge = Some("network"),
        Line::Normal | Line::NoType => port.edge = None,
        Line::Leave => port.group = None,
        Line::Rate if values.text(0) == "fast" => set("rate", "lacp rate fast"),
        Line::Rate | Line::NoRate => port.set_line("rate", None),
        Line::MinLinks => set("min-links", &format!("lacp min-links {}", values.number())),
        Line::NoMinLinks => port.set_line("min-links", None),
        Line::NoSuspendIndividual => set("individual", "no lacp suspend-individual"),
        Line::SuspendIndividual => port.set_line("individual", None),
        Line::NoGraceful => set("graceful", "no lacp graceful-convergence"),
        Line::Graceful => port.set_line("graceful", None),
        Line::Convergence => set("convergence", "lacp vpc-convergence"),
        Line::NoConvergence => port.set_line("convergence", None),
        Line::NoVpc => port.pair = None,
        Line::NoPeerLink => port.is_peer_link = false,
        Line::Speed => set("speed", &format!("speed {}", values.text(0))),
        Line::NoSpeed => port.set_line("speed", None),
        Line::Kept => {
            let subject = match values.raw().split(' ').next() {
                Some("source-interface") => "source",
                Some("host-reachability") => "reachability",
                _ => "address",
            };
            port.set_line(subject, Some(values.raw().to_owned()));
        }
        _ => {}
    }
}

/// The VLAN, if it exists.
pub(super) fn vlan_of(config: &Config, id: u16) -> Option<&Vlan> {
    config.vlans.get(&id)
}
