//! What the commands do.

use tokio::time::Instant;

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::switchport::{self, Op};
use super::super::chassis::{LagMode, Mode as Switching, Port, Vlan};
use super::super::grammar::Values;
use super::commands::{Act, Line};
use super::{Ask, Ios, Mode, NAMING, Session};
use crate::ssh::device::Reply;

const PORTFAST: &str = "\
%Warning: portfast should only be enabled on ports connected to a single
 host. Connecting hubs, concentrators, switches, bridges, etc... to this
 interface  when portfast is enabled, can cause temporary bridging loops.
 Use with CAUTION
";

const INVALID: &str = " ^\n% Invalid input detected at '^' marker.\n\n";

/// Whether an answer to a configuration line says that it was not done. A `%` alone says nothing:
/// notes begin with it as well.
pub(super) fn is_refusal(text: &str) -> bool {
    let starts = [
        " ",
        "% Invalid",
        "% Incomplete",
        "% Ambiguous",
        "Command rejected",
        "% Failed",
        "%Default",
    ];
    starts.iter().any(|start| text.starts_with(start))
        || text.contains("cannot use it to create")
        || text.contains("not allowed when device")
}

impl Ios {
    pub(super) fn act(
        &mut self,
        session: &mut Session,
        act: Act,
        values: &Values,
        now: Instant,
    ) -> Reply {
        match act {
            Act::Enable if session.mode == Mode::User && self.setup.enable_secret.is_some() => {
                session.asks = Some(Ask::Secret(0));
            }
            Act::Enable => session.mode = Mode::Exec,
            Act::Disable => session.mode = Mode::User,
            Act::Exit => {
                if !session.mode.is_config() {
                    return Reply::end();
                }
                let left = self.leave_vlans(session);
                let is_top = session.mode == Mode::Global;
                session.mode = if is_top { Mode::Exec } else { Mode::Global };
                return Reply::text(left);
            }
            Act::End => {
                let left = self.leave_vlans(session);
                session.mode = Mode::Exec;
                return Reply::text(left);
            }
            Act::Configure => {
                session.mode = Mode::Global;
                return Reply::text(
                    "Enter configuration commands, one per line.  End with CNTL/Z.",
                );
            }
            Act::ConfigureTimed | Act::Confirm | Act::RevertNow => {
                return self.timed(session, act, values.number(), now);
            }
            Act::Length | Act::Width => {
                let number = u16::try_from(values.number()).ok().filter(|number| *number > 0);
                let screen = &mut session.screen;
                *(if act == Act::Length { &mut screen.length } else { &mut screen.width }) = number;
            }
            Act::Save => return self.save(),
            Act::Copy => session.asks = Some(Ask::FileName),
            Act::Hostname => values.text(0).clone_into(&mut self.running.hostname),
            Act::Vtp => {
                self.running.features.retain(|line| !line.starts_with("vtp mode "));
                self.running.features.insert(format!("vtp mode {}", values.text(0)));
                return Reply::text(format!(
                    "Setting device to VTP {} mode for VLANS.",
                    title(values.text(0))
                ));
            }
            Act::Keep | Act::KeepNo => {
                self.running.features.insert(values.raw().to_owned());
            }
            Act::Forget => {
                self.running.features.remove(values.negated());
            }
            Act::Archive => session.mode = Mode::Archive,
            Act::ArchivePath => {
                self.running.features.insert(format!("archive path {}", values.text(0)));
            }
            Act::Vlan | Act::NoVlan => return self.vlan(session, act, values),
            Act::VlanName => return self.vlan_name(session, values.text(0)),
            Act::NoVlanName => session.names.push(None),
            Act::Interface | Act::InterfaceRange => {
                return self.interfaces(session, values.text(0));
            }
            Act::NoInterface => return self.no_interface(values.text(0)),
            Act::DefaultInterface => return self.default_interface(values.text(0)),
            Act::Port(op) => return self.each(session, |ios, name| ios.port_op(name, op, values)),
            Act::Own(line) => {
                return self.each(session, |ios, name| ios.own_line(name, line, values));
            }
            _ => return self.show(session, act, values, now),
        }
        Reply::silent()
    }

    fn interfaces(&mut self, session: &mut Session, text: &str) -> Reply {
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text(INVALID);
        };
        let is_valid = |name: &IfName| match name.kind {
            Kind::Port | Kind::Uplink => self.running.ports.contains_key(name),
            Kind::Lag => (1..=128).contains(&name.number()),
            Kind::Svi => (1..=4094).contains(&name.number()),
            _ => true,
        };
        if !names.iter().all(is_valid) {
            return Reply::text(INVALID);
        }
        for name in &names {
            self.running.ports.entry(name.clone()).or_default();
        }
        session.mode = Mode::Ports(names);
        Reply::silent()
    }

    /// A deleted EtherChannel leaves its members without it, and shut.
    fn no_interface(&mut self, text: &str) -> Reply {
        let Some(name) =
            NAMING.read(text).filter(|name| !matches!(name.kind, Kind::Port | Kind::Uplink))
        else {
            return Reply::text(INVALID);
        };
        if self.running.ports.remove(&name).is_some() && name.kind == Kind::Lag {
            for member in self.running.members_of(name.number()) {
                let port = self.running.ports.entry(member).or_default();
                (port.group, port.is_down) = (None, true);
            }
        }
        Reply::silent()
    }

    fn default_interface(&mut self, text: &str) -> Reply {
        let Some(name) = NAMING.read(text).filter(|name| self.running.ports.contains_key(name))
        else {
            return Reply::text(INVALID);
        };
        let long = NAMING.long(&name);
        self.running.ports.insert(name, Port::default());
        Reply::text(format!("Interface {long} set to default configuration"))
    }

    /// Does something on each interface of the mode; a range ends where one refuses.
    fn each(
        &mut self,
        session: &Session,
        mut act: impl FnMut(&mut Self, &IfName) -> String,
    ) -> Reply {
        let Mode::Ports(names) = &session.mode else {
            return Reply::silent();
        };
        let mut notes = String::new();
        for name in names {
            let note = act(self, name);
            notes.push_str(&note);
            if is_refusal(&note) {
                if names.len() > 1 {
                    let long = NAMING.long(name);
                    notes.push_str(&format!(
                        "% Range command terminated because it failed on {long}\n"
                    ));
                }
                break;
            }
        }
        Reply::text(notes)
    }

    fn port_op(&mut self, name: &IfName, op: Op, values: &Values) -> String {
        let port = self.running.ports.entry(name.clone()).or_default();
        let is_auto =
            !matches!(port.line("encapsulation"), Some("switchport trunk encapsulation dot1q"));
        if op == Op::ModeTrunk && self.setup.has_quirk("isl") && is_auto {
            return "Command rejected: An interface whose trunk encapsulation is \"Auto\" can not be \
                    configured to \"trunk\" mode.\n"
                .to_owned();
        }
        if op == Op::NoMode && port.is_silent {
            return "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n"
                .to_owned();
        }
        switchport::apply(port, op, values);
        if matches!(op, Op::ModeAccess | Op::ModeTrunk | Op::NoMode) {
            port.set_line("dynamic", None);
        }
        if port.mtu == Some(1500) {
            port.mtu = None;
        }
        let is_own = matches!(op, Op::Description | Op::NoDescription);
        if name.kind == Kind::Lag && !is_own {
            for member in self.running.members_of(name.number()) {
                switchport::apply(self.running.ports.entry(member).or_default(), op, values);
            }
        }
        let vlan = values.vlan();
        if op == Op::Access && !self.running.vlans.contains_key(&vlan) {
            self.running.vlans.insert(vlan, Vlan::default());
            return format!("% Access VLAN does not exist. Creating vlan {vlan}\n");
        }
        String::new()
    }

    fn own_line(&mut self, name: &IfName, line: Line, values: &Values) -> String {
        if line == Line::Join {
            return self.join(name, values);
        }
        let has_isl = self.setup.has_quirk("isl");
        let port = self.running.ports.entry(name.clone()).or_default();
        let (text, number) = (values.text(0), values.number());
        let (is_silent, is_dynamic) = (port.is_silent, port.mode.is_none());
        let mut set = |subject, line: &str| port.set_line(subject, Some(line.to_owned()));
        match line {
            Line::Encapsulation if !has_isl => return INVALID.to_owned(),
            Line::Encapsulation => {
                set("encapsulation", &format!("switchport trunk encapsulation {text}"));
            }
            Line::Dynamic if is_silent => {
                return "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n"
                    .to_owned();
            }
            Line::Dynamic => {
                port.mode = None;
                let line = (text != "auto").then(|| format!("switchport mode dynamic {text}"));
                port.set_line("dynamic", line);
            }
            Line::NoNegotiate if is_dynamic => {
                return "Command rejected: Conflict between 'nonegotiate' and 'dynamic' status.\n"
                    .to_owned();
            }
            Line::NoNegotiate => port.is_silent = true,
            Line::Negotiate => port.is_silent = false,
            Line::Portfast => {
                port.edge = Some("portfast");
                return format!(
                    "{PORTFAST}\n%Portfast has been configured on {} but will only\n have effect when \
                     the interface is in a non-trunking mode.\n",
                    NAMING.long(name)
                );
            }
            Line::PortfastTrunk => {
                port.edge = Some("portfast trunk");
                return format!("{PORTFAST}\n");
            }
            Line::NoPortfast => port.edge = None,
            Line::Leave => port.group = None,
            Line::Rate if text == "fast" => set("rate", "lacp rate fast"),
            Line::Rate | Line::NoRate => port.set_line("rate", None),
            Line::MinLinks => set("min-links", &format!("port-channel min-links {number}")),
            Line::NoMinLinks => port.set_line("min-links", None),
            Line::StandaloneDisable => set("standalone", "port-channel standalone-disable"),
            Line::NoStandaloneDisable => set("standalone", "no port-channel standalone-disable"),
            Line::MaxBundle => set("max-bundle", &format!("lacp max-bundle {number}")),
            Line::NoMaxBundle => port.set_line("max-bundle", None),
            Line::Speed => set("speed", &format!("speed {text}")),
            Line::NoSpeed => port.set_line("speed", None),
            Line::Kept => set("address", values.raw()),
            Line::Join => {}
        }
        String::new()
    }

    /// A channel that is not there is made with the port's lines. A port that differs from its
    /// channel is taken, and suspended.
    fn join(&mut self, name: &IfName, values: &Values) -> String {
        let lag = values.number();
        let mode = LagMode::new(values.text(0));
        if !matches!(name.kind, Kind::Port | Kind::Uplink) {
            return INVALID.to_owned();
        }
        let own = self.running.ports.get(name).cloned().unwrap_or_default();
        let rejected = |why: &str| {
            format!("Command rejected (Port-channel{lag}, {}): {why}\n", NAMING.short(name))
        };
        let others = self.running.members_of(lag).into_iter().filter(|other| other != name);
        let modes = others.filter_map(|other| self.running.ports.get(&other)?.group);
        if modes.into_iter().any(|(_, other)| other.is_lacp() != mode.is_lacp()) {
            return rejected("Invalid etherchnl mode");
        }
        let mut note = String::new();
        let channel = self.running.ports.entry(IfName::lag(lag)).or_insert_with(|| {
            note = format!("Creating a port-channel interface Port-channel {lag}\n\n");
            Port { description: None, group: None, edge: None, guard: None, ..own.clone() }
        });
        if channel.is_routed != own.is_routed {
            return rejected("Either port is L2 and port-channel is L3, or vice-versa");
        }
        self.running.ports.entry(name.clone()).or_default().group = Some((lag, mode));
        note
    }
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// How a port negotiates, in the words of `show interfaces switchport`.
pub(super) fn administrative(port: &Port) -> &'static str {
    match (port.mode, port.line("dynamic")) {
        (Some(Switching::Access), _) => "static access",
        (Some(Switching::Trunk), _) => "trunk",
        (None, Some(_)) => "dynamic desirable",
        (None, None) => "dynamic auto",
    }
}
