//! What the commands do.

use tokio::time::Instant;

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::switchport::{self, Op};
use super::super::chassis::{Config, LagMode, Port, Vlan};
use super::super::grammar::Values;
use super::commands::{Act, Line};
use super::{Eos, Mode, NAMING, Session};
use crate::ssh::device::Reply;

const PORTFAST: &str = "! portfast should only be enabled on ports connected to a single host. \
Connecting hubs, concentrators, switches, bridges, etc. to this interface when portfast is \
enabled can cause temporary bridging loops. Use with CAUTION.";

impl Eos {
    pub(super) fn act(
        &mut self,
        session: &mut Session,
        act: Act,
        values: &Values,
        json: bool,
        now: Instant,
    ) -> Reply {
        match act {
            Act::Enable => {
                if self.setup.enable_secret.is_some() && session.mode == Mode::User {
                    session.asks = Some(0);
                } else {
                    session.mode = Mode::Exec;
                }
                Reply::silent()
            }
            Act::Disable => {
                session.mode = Mode::User;
                Reply::silent()
            }
            Act::Exit => match session.mode {
                Mode::User | Mode::Exec => Reply::end(),
                _ => {
                    session.mode = session.mode.parent();
                    if session.mode == Mode::Exec {
                        session.candidate = None;
                    }
                    Reply::silent()
                }
            },
            Act::End => {
                session.mode = Mode::Exec;
                session.candidate = None;
                Reply::silent()
            }
            Act::Logout => Reply::end(),
            Act::Configure => {
                session.mode = Mode::Global;
                Reply::silent()
            }
            Act::Length => {
                let length = u16::try_from(values.number()).ok().filter(|length| *length > 0);
                session.screen.length = length;
                match length {
                    None => Reply::text("Pagination disabled."),
                    Some(length) => Reply::text(format!("Pagination set to {length} lines.")),
                }
            }
            Act::Width => {
                session.screen.width = u16::try_from(values.number()).ok();
                Reply::text(format!("Width set to {} columns.", values.number()))
            }
            Act::Save => {
                self.startup = self.running.clone();
                Reply::text("Copy completed successfully.")
            }
            Act::Session
            | Act::SessionCommit
            | Act::SessionTimer
            | Act::SessionAbort
            | Act::SessionDelete
            | Act::Commit
            | Act::CommitTimer
            | Act::Abort => self.session_act(session, act, values, now),
            Act::Hostname => {
                values.text(0).clone_into(&mut self.config_mut(session).hostname);
                Reply::silent()
            }
            Act::Vlan => self.vlan(session, values),
            Act::NoVlan => {
                let config = self.config_mut(session);
                for vlan in values.vlans().iter().filter(|vlan| *vlan != 1) {
                    config.vlans.remove(&vlan);
                }
                Reply::silent()
            }
            Act::Interfaces => self.interfaces(session, values.text(0)),
            Act::NoInterfaces => no_interfaces(self.config_mut(session), values.text(0)),
            Act::DefaultInterfaces => default_interfaces(self.config_mut(session), values.text(0)),
            Act::VlanName | Act::NoVlanName | Act::VlanState => {
                self.vlan_line(session, act, values);
                Reply::silent()
            }
            Act::Port(op) => self.port_op(session, op, values),
            Act::Interface(line) => self.interface_line(session, line, values),
            Act::Bgp
            | Act::NoBgp
            | Act::BgpVlan
            | Act::NoBgpVlan
            | Act::BgpLine
            | Act::NoBgpLine
            | Act::Mlag
            | Act::NoMlag
            | Act::MlagLine
            | Act::NoMlagLine
            | Act::SegmentLine
            | Act::Keep
            | Act::Forget => {
                self.fabric_line(session, act, values);
                Reply::silent()
            }
            _ => self.show(session, act, values, json, now),
        }
    }

    fn vlan(&mut self, session: &mut Session, values: &Values) -> Reply {
        let config = self.config_mut(session);
        let vlans: Vec<u16> = values.vlans().iter().collect();
        for vlan in &vlans {
            config.vlans.entry(*vlan).or_default();
        }
        session.mode = Mode::Vlans(vlans);
        Reply::silent()
    }

    fn vlan_line(&mut self, session: &Session, act: Act, values: &Values) {
        let Mode::Vlans(ids) = session.mode.clone() else {
            return;
        };
        let config = self.config_mut(session);
        for id in ids {
            let vlan = config.vlans.entry(id).or_default();
            match act {
                Act::VlanName => vlan.name = Some(values.text(0).to_owned()),
                Act::VlanState => vlan.is_down = values.text(0) == "suspend",
                _ => vlan.name = None,
            }
        }
    }

    /// Enters interfaces. Ports have to be there; LAGs and logical interfaces are made.
    fn interfaces(&mut self, session: &mut Session, text: &str) -> Reply {
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text("% Invalid input");
        };
        let config = self.config_mut(session);
        let is_fixed = |name: &IfName| matches!(name.kind, Kind::Port | Kind::Management);
        let limit = |name: &IfName| match name.kind {
            Kind::Lag => (1..=2000).contains(&name.number()),
            Kind::Tunnel => name.number() == 1,
            Kind::Svi => (1..=4094).contains(&name.number()),
            _ => true,
        };
        let missing = |name: &&IfName| is_fixed(name) && !config.ports.contains_key(*name);
        if names.iter().find(missing).is_some() || !names.iter().all(limit) {
            return Reply::text("% Invalid input");
        }
        for name in &names {
            config.ports.entry(name.clone()).or_default();
        }
        session.mode = Mode::Ports(names);
        Reply::silent()
    }

    fn ports_of(&mut self, session: &Session) -> (Vec<IfName>, &mut Config) {
        let names = match &session.mode {
            Mode::Ports(names) => names.clone(),
            Mode::Segment(name) => vec![name.clone()],
            _ => Vec::new(),
        };
        (names, self.config_mut(session))
    }

    fn port_op(&mut self, session: &Session, op: Op, values: &Values) -> Reply {
        let (names, config) = self.ports_of(session);
        let mut note = String::new();
        if op == Op::Access && !config.vlans.contains_key(&values.vlan()) {
            let vlan = values.vlan();
            config.vlans.insert(vlan, Vlan::default());
            note = format!("! Access VLAN does not exist. Creating vlan {vlan}");
        }
        if op == Op::Native && !config.vlans.contains_key(&values.vlan()) {
            note = format!("! VLAN id {} not found in current VLAN configuration", values.vlan());
        }
        for name in names {
            let port = config.ports.entry(name).or_default();
            switchport::apply(port, op, values);
            match op {
                Op::Native | Op::NoNative => port.tags_native = false,
                Op::ModeAccess => port.mode = None,
                Op::Mtu if port.mtu == Some(1500) => port.mtu = None,
                _ => {}
            }
        }
        Reply::text(note)
    }

    fn interface_line(&mut self, session: &mut Session, line: Line, values: &Values) -> Reply {
        let (names, config) = self.ports_of(session);
        if line == Line::Join {
            return join(config, &names, values);
        }
        if line == Line::Vni
            && let Some(vni) =
                config.vnis.get(&values.vlan()).filter(|vni| **vni != values.last_number())
        {
            return Reply::text(format!("% VLAN {} is already mapped to VNI {vni}", values.vlan()));
        }
        let on_lag = matches!(
            line,
            Line::MinLinks
                | Line::Fallback
                | Line::FallbackMode
                | Line::FallbackTimeout
                | Line::Mlag
        );
        if on_lag && names.iter().any(|name| name.kind != Kind::Lag) {
            return Reply::text("% Invalid input");
        }
        let on_tunnel = matches!(line, Line::Vni | Line::Flood | Line::Source);
        if on_tunnel && names.iter().any(|name| name.kind != Kind::Tunnel) {
            return Reply::text("% Invalid input");
        }
        for name in &names {
            tunnel_line(config, line, values);
            let port = config.ports.entry(name.clone()).or_default();
            own_line(port, line, values);
        }
        match (line, names.first()) {
            (Line::Segment, Some(name)) => session.mode = Mode::Segment(name.clone()),
            (Line::Portfast | Line::PortfastType, _) if values.text(0) != "normal" => {
                return Reply::text(PORTFAST);
            }
            _ => {}
        }
        Reply::silent()
    }

    fn fabric_line(&mut self, session: &mut Session, act: Act, values: &Values) {
        let mode = session.mode.clone();
        let config = self.config_mut(session);
        match act {
            Act::Bgp => {
                config.bgp = Some(values.number());
                session.mode = Mode::Bgp;
            }
            Act::NoBgp => {
                config.bgp = None;
                config.instances.clear();
            }
            Act::BgpVlan => {
                config.instances.entry(values.number()).or_default();
                session.mode = Mode::BgpVlan(values.vlan());
            }
            Act::NoBgpVlan => {
                config.instances.remove(&values.number());
            }
            Act::Mlag => {
                config.pair.get_or_insert_with(|| ("mlag".to_owned(), Vec::new()));
                session.mode = Mode::Mlag;
            }
            Act::NoMlag => config.pair = None,
            Act::BgpLine | Act::NoBgpLine => {
                if let Mode::BgpVlan(vlan) = mode {
                    let lines = config.instances.entry(u32::from(vlan)).or_default();
                    let is_no = act == Act::NoBgpLine;
                    let line = if is_no { values.negated() } else { values.raw() }.to_owned();
                    let subject = line.split(' ').next().unwrap_or_default().to_owned();
                    if is_no || subject == "rd" {
                        lines.retain(|old| !old.starts_with(&subject));
                    }
                    if !is_no && !lines.contains(&line) {
                        lines.push(line);
                    }
                }
            }
            Act::MlagLine => {
                if let Some((_, lines)) = &mut config.pair {
                    let line = values.raw().to_owned();
                    let subject = line.split(' ').next().unwrap_or_default().to_owned();
                    lines.retain(|old| !old.starts_with(&subject));
                    lines.push(line);
                }
            }
            Act::SegmentLine => {
                if let Mode::Segment(name) = mode {
                    let port = config.ports.entry(name).or_default();
                    let lines = port.segment.get_or_insert_default();
                    let line = values.raw().to_owned();
                    let subject = line.split(' ').next().unwrap_or_default().to_owned();
                    lines.retain(|old| !old.starts_with(&subject));
                    lines.push(line);
                    lines.sort();
                }
            }
            Act::Keep => {
                config.features.insert(values.raw().to_owned());
            }
            Act::Forget => {
                config.features.remove(values.negated());
            }
            _ => {}
        }
    }
}

fn join(config: &mut Config, names: &[IfName], values: &Values) -> Reply {
    let (lag, mode) = (values.number(), LagMode::new(values.text(0)));
    if names.iter().any(|name| name.kind != Kind::Port) {
        return Reply::text("% Invalid input");
    }
    let others = config.ports.iter().filter(|(name, _)| !names.contains(name));
    let mut modes = others.filter_map(|(_, port)| port.group.filter(|(group, _)| *group == lag));
    if modes.any(|(_, other)| other.is_lacp() != mode.is_lacp()) {
        return Reply::text("% Cannot change mode; remove all members and try again.");
    }
    config.ports.entry(IfName::lag(lag)).or_default();
    for name in names {
        config.ports.entry(name.clone()).or_default().group = Some((lag, mode));
    }
    Reply::silent()
}

fn tunnel_line(config: &mut Config, line: Line, values: &Values) {
    let vlan = values.vlan();
    match line {
        Line::Vni => {
            config.vnis.insert(vlan, values.last_number());
        }
        Line::NoVni => {
            config.vnis.remove(&vlan);
        }
        Line::Flood => {
            let flood = vec![values.text(0).to_owned()];
            config.members.insert(u32::from(vlan), flood);
        }
        Line::NoFlood => {
            config.members.remove(&u32::from(vlan));
        }
        _ => {}
    }
}

fn own_line(port: &mut Port, line: Line, values: &Values) {
    let text = values.text(0);
    let number = values.number();
    let mut set = |subject, line: String| port.set_line(subject, Some(line));
    match line {
        Line::TagNative => port.tags_native = true,
        Line::Portfast => port.edge = Some("portfast"),
        Line::PortfastType => {
            port.edge = match text {
                "edge" => Some("portfast"),
                "network" => Some("portfast network"),
                "auto" => Some("portfast auto"),
                _ => None,
            };
        }
        Line::NoPortfast => port.edge = None,
        Line::Leave => port.group = None,
        Line::Timer if text == "fast" => set("timer", "lacp timer fast".to_owned()),
        Line::Timer | Line::NoTimer => port.set_line("timer", None),
        Line::Priority => set("priority", format!("lacp port-priority {number}")),
        Line::NoPriority => port.set_line("priority", None),
        Line::MinLinks => set("min-links", format!("port-channel min-links {number}")),
        Line::NoMinLinks => port.set_line("min-links", None),
        Line::Fallback => set("fallback", "port-channel lacp fallback static".to_owned()),
        Line::FallbackMode => set("fallback", format!("port-channel lacp fallback {text}")),
        Line::NoFallback => port.set_line("fallback", None),
        Line::FallbackTimeout if number != 90 => {
            set("fallback-timeout", format!("port-channel lacp fallback timeout {number}"));
        }
        Line::FallbackTimeout | Line::NoFallbackTimeout => port.set_line("fallback-timeout", None),
        Line::Mlag => port.pair = Some(number),
        Line::NoMlag => port.pair = None,
        Line::SystemId => set("system-id", format!("lacp system-id {text}")),
        Line::NoSystemId => port.set_line("system-id", None),
        Line::Segment => {
            port.segment.get_or_insert_default();
        }
        Line::NoSegment => port.segment = None,
        Line::Speed => set("speed", format!("speed {text}")),
        Line::NoSpeed => port.set_line("speed", None),
        Line::Source => set("source", format!("vxlan source-interface {text}")),
        Line::Join | Line::Vni | Line::NoVni | Line::Flood | Line::NoFlood | Line::Kept => {}
    }
}

/// Deletes LAGs and logical interfaces. Members of a deleted LAG leave it.
fn no_interfaces(config: &mut Config, text: &str) -> Reply {
    let Some(names) = NAMING.read_many(text) else {
        return Reply::text("% Invalid input");
    };
    if names.iter().any(|name| matches!(name.kind, Kind::Port | Kind::Management)) {
        return Reply::text("% Removal of physical interfaces is not permitted");
    }
    for name in names {
        if config.ports.remove(&name).is_some() && name.kind == Kind::Lag {
            let lag = name.number();
            let is_member = |port: &&mut Port| port.group.is_some_and(|(group, _)| group == lag);
            for port in config.ports.values_mut().filter(is_member) {
                port.group = None;
            }
        }
        if name.kind == Kind::Tunnel {
            config.vnis.clear();
            config.members.clear();
        }
    }
    Reply::silent()
}

fn default_interfaces(config: &mut Config, text: &str) -> Reply {
    let Some(names) = NAMING.read_many(text) else {
        return Reply::text("% Invalid input");
    };
    if names.iter().any(|name| !config.ports.contains_key(name)) {
        return Reply::text("% Invalid input");
    }
    for name in names {
        config.ports.insert(name, Port::default());
    }
    Reply::silent()
}
