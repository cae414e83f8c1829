//! Arista EOS, as of 4.28.
//!
//! Written from the EOS user manual (configuration sessions; virtual LANs; port channels; MLAG)
//! and from published captures. Simulated: the user and privileged modes, immediate configuration
//! and configuration sessions, ports, VLANs, port channels, MLAG, EVPN Ethernet segments, VNIs.
//!
//! Not simulated, or guessed where no source was found: the text for a VLAN that a routed port
//! holds; what `no interface Port-Channel` does to members (here they leave the group);
//! `configure lock`; checkpoints; the time that `lacp fallback` waits; what `show lacp interface`
//! says of a member without a link.

mod commands;
mod config;
mod json;
mod running;
mod sessions;
mod show;

use std::collections::BTreeMap;

use tokio::time::Instant;

use self::commands::Grammars;
use self::sessions::Candidate;
use super::chassis::Config;
use super::chassis::forward::{Alone, Plane, Rules};
use super::chassis::names::{IfName, Kind, Naming, Word};
use super::grammar::Miss;
use super::text::{filter, pipes};
use super::{Setup, is_secret};
use crate::ssh::device::{
    Device, Exit, Login, Manners, Overflow, Prompt, Reply, Screen, TypeAhead, Wants,
};
use crate::ssh::view::PortView;
use crate::ssh::world::World;

pub(crate) const NAMING: Naming = Naming(&[
    Word { kind: Kind::Port, long: "Ethernet", short: "Et", depth: 1 },
    Word { kind: Kind::Lag, long: "Port-Channel", short: "Po", depth: 1 },
    Word { kind: Kind::Management, long: "Management", short: "Ma", depth: 1 },
    Word { kind: Kind::Loopback, long: "Loopback", short: "Lo", depth: 1 },
    Word { kind: Kind::Svi, long: "Vlan", short: "Vl", depth: 1 },
    Word { kind: Kind::Tunnel, long: "Vxlan", short: "Vx", depth: 1 },
]);

const RULES: Rules = Rules {
    trunk_is_open: true,
    access_is_native: false,
    members_must_match: false,
    alone: |lag| match lag.line("fallback") {
        Some("port-channel lacp fallback individual") => Alone::Own,
        Some(_) => Alone::InLag,
        None => Alone::Suspended,
    },
    fallback: |lag| lag.line("fallback")?.rsplit(' ').next().map(str::to_owned),
    tags_native: |_| false,
    is_edge: |port| matches!(port.edge, Some("portfast" | "portfast auto")),
};

/// Where a session is.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    User,
    Exec,
    Global,
    Ports(Vec<IfName>),
    Vlans(Vec<u16>),
    Bgp,
    BgpVlan(u16),
    Segment(IfName),
    Mlag,
}

impl Mode {
    fn parent(&self) -> Self {
        match self {
            Self::User | Self::Exec => Self::User,
            Self::Global => Self::Exec,
            Self::Ports(_) | Self::Vlans(_) | Self::Bgp | Self::Mlag => Self::Global,
            Self::BgpVlan(_) => Self::Bgp,
            Self::Segment(port) => Self::Ports(vec![port.clone()]),
        }
    }
}

/// One login.
#[derive(Debug)]
pub(crate) struct Session {
    user: String,
    mode: Mode,
    candidate: Option<String>,
    screen: Screen,
    /// How often a wrong secret was given, while it is asked for.
    asks: Option<u8>,
}

/// The switch.
pub(crate) struct Eos {
    setup: Setup,
    grammars: Grammars,
    running: Config,
    startup: Config,
    candidates: BTreeMap<String, Candidate>,
    made: u64,
    world: World,
}

impl Eos {
    pub(crate) fn new(setup: Setup) -> Self {
        let ports = (1..=u32::from(setup.ports))
            .map(|number| IfName { kind: Kind::Port, unit: vec![number] });
        let others = [Kind::Management].map(|kind| IfName { kind, unit: vec![1] });
        let mut running = Config::new(&setup.name, ports.chain(others));
        if setup.has_pair {
            let lines = [
                "domain-id mlag",
                "local-interface Vlan4094",
                "peer-address 10.255.255.2",
                "peer-link Port-Channel2000",
            ];
            running.pair = Some(("mlag".to_owned(), lines.map(str::to_owned).to_vec()));
        }
        Self {
            grammars: Grammars::new(),
            startup: running.clone(),
            running,
            candidates: BTreeMap::new(),
            made: 0,
            world: World::default(),
            setup,
        }
    }

    fn plane<'a>(&'a self, config: &'a Config) -> Plane<'a> {
        Plane { config, world: &self.world, naming: NAMING, rules: RULES }
    }

    /// The configuration that the session's commands change.
    fn config_mut(&mut self, session: &Session) -> &mut Config {
        let candidate = session.candidate.as_ref().and_then(|name| self.candidates.get_mut(name));
        match candidate {
            Some(candidate) => &mut candidate.config,
            None => &mut self.running,
        }
    }

    fn config(&self, session: &Session) -> &Config {
        let candidate = session.candidate.as_ref().and_then(|name| self.candidates.get(name));
        candidate.map_or(&self.running, |candidate| &candidate.config)
    }

    fn command(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        let (command, pipes) = pipes(line);
        if command.trim().is_empty() || command.trim_start().starts_with(['!', '#']) {
            return Reply::silent();
        }
        let is_port = |text: &str| NAMING.read(text).is_some();
        let mut mode = session.mode.clone();
        loop {
            match self.grammars.of(&mode).find(command, &is_port) {
                Ok((act, values)) => {
                    let before = session.mode.clone();
                    if !matches!(mode, Mode::User | Mode::Exec) {
                        session.mode = mode;
                    }
                    let json = pipes.first().is_some_and(|pipe| *pipe == "json");
                    let reply = self.act(session, act, &values, json, now);
                    if reply.text.starts_with('%') {
                        session.mode = before;
                    }
                    let rest = if json { pipes.get(1..).unwrap_or_default() } else { &pipes };
                    return match filter(reply.text.clone(), rest) {
                        Some(text) => Reply { text, ..reply },
                        None => Reply::text("% Invalid input"),
                    };
                }
                Err(Miss::Invalid(_)) if !matches!(mode, Mode::User | Mode::Exec) => {
                    mode = mode.parent();
                }
                Err(Miss::Invalid(_)) => return Reply::text("% Invalid input"),
                Err(Miss::Incomplete(_)) => return Reply::text("% Incomplete command"),
                Err(Miss::Ambiguous(_)) => return Reply::text("% Ambiguous command"),
            }
        }
    }

    /// The lines that the settings give, in configuration mode, saved.
    pub(crate) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        let mut session = self.session("startup", None);
        session.mode = Mode::Global;
        for line in lines {
            let reply = self.command(&mut session, line, Instant::now());
            if reply.text.starts_with('%') {
                return Err((line.clone(), reply.text));
            }
        }
        self.startup = self.running.clone();
        Ok(())
    }

    fn session(&self, user: &str, terminal: Option<(u16, u16)>) -> Session {
        let mode = if self.setup.enable_secret.is_some() { Mode::User } else { Mode::Exec };
        let (columns, rows) = terminal.unwrap_or((80, 24));
        let some = |cells: u16, default: u16| Some(if cells == 0 { default } else { cells });
        let screen = Screen { length: some(rows, 24), width: some(columns, 80) };
        Session { user: user.to_owned(), mode, candidate: None, screen, asks: None }
    }

    fn secret(&mut self, session: &mut Session, line: &str) -> Reply {
        let tries = session.asks.take().unwrap_or_default();
        if is_secret(self.setup.enable_secret.as_ref(), line) {
            session.mode = Mode::Exec;
            return Reply::silent();
        }
        if tries < 2 {
            session.asks = Some(tries + 1);
            return Reply::silent();
        }
        Reply::text("% Bad secret")
    }

    /// What stands between the name and the sign.
    fn place(&self, session: &Session) -> String {
        let sub = match &session.mode {
            Mode::User | Mode::Exec => return String::new(),
            Mode::Global => String::new(),
            Mode::Ports(ports) => format!("-if-{}", ports_label(ports)),
            Mode::Vlans(vlans) => {
                let set: crate::ssh::vlans::VlanSet = vlans.iter().copied().collect();
                format!("-vlan-{set}")
            }
            Mode::Bgp => "-router-bgp".to_owned(),
            Mode::BgpVlan(vlan) => format!("-macvrf-{vlan}"),
            Mode::Segment(_) => "-evpn-es".to_owned(),
            Mode::Mlag => "-mlag".to_owned(),
        };
        let session = session.candidate.as_ref().map(|name| {
            let short: String = name.chars().take(6).collect();
            format!("-s-{short}")
        });
        format!("(config{}{sub})", session.unwrap_or_default())
    }
}

/// `Et1-3,7` for interfaces of one kind.
fn ports_label(ports: &[IfName]) -> String {
    let Some(first) = ports.first() else {
        return String::new();
    };
    let word = NAMING.short(&IfName { kind: first.kind, unit: Vec::new() });
    let numbers: Vec<u32> = ports.iter().map(IfName::number).collect();
    format!("{word}{}", ranges(&numbers))
}

/// `1-3,7`.
fn ranges(numbers: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let items = runs.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    items.collect::<Vec<_>>().join(",")
}

impl Device for Eos {
    type Session = Session;

    fn manners(&self) -> Manners {
        Manners {
            pager: " --More-- ",
            pager_erase: "\r          \r",
            pager_stops_on_any_key: false,
            overflow: Overflow::Wrap,
            type_ahead: TypeAhead::Twice,
            has_help: true,
            before_prompt: "",
            max_channels: 10,
        }
    }

    fn open(&mut self, login: &Login) -> (Session, String) {
        let session = self.session(&login.user, login.terminal);
        let motd = self.setup.motd.as_ref().map(|text| format!("{text}\n"));
        (session, motd.unwrap_or_default())
    }

    fn prompt(&self, session: &Session) -> Prompt {
        if session.asks.is_some() {
            return Prompt::ask("Password: ", Wants::Secret);
        }
        let sign = if session.mode == Mode::User { '>' } else { '#' };
        Prompt::new(format!("{}{}{sign}", self.running.hostname, self.place(session)))
    }

    fn line(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        if session.asks.is_some() {
            return self.secret(session, line);
        }
        self.command(session, line, now)
    }

    fn screen(&self, session: &Session) -> Screen {
        session.screen
    }

    fn help(&self, session: &Session, line: &str) -> Option<String> {
        let words = self.grammars.of(&session.mode).next_words(line);
        if words.is_empty() {
            return Some("% Unrecognized command\n".to_owned());
        }
        Some(words.iter().map(|word| format!("  {word}\n")).collect())
    }

    fn interrupt(&mut self, session: &mut Session, is_end: bool) {
        session.asks = None;
        if is_end && session.mode != Mode::User {
            session.mode = Mode::Exec;
            session.candidate = None;
        }
    }

    fn exec(&mut self, session: &mut Session, command: &str, _input: &[u8], now: Instant) -> Exit {
        let mut output = String::new();
        for line in command.lines() {
            output.push_str(&self.line(session, line, now).text);
        }
        let status = u32::from(output.starts_with('%'));
        Exit { output, errors: String::new(), status }
    }

    fn expire(&mut self, now: Instant) -> bool {
        self.expire_timers(now)
    }

    fn ports(&self) -> Vec<PortView> {
        self.plane(&self.running).views()
    }

    fn canonical(&self, name: &str) -> Option<String> {
        NAMING.read(name).map(|name| NAMING.long(&name))
    }

    fn running(&self) -> String {
        running::whole(&self.running)
    }

    fn is_saved(&self) -> bool {
        self.startup == self.running
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }
}
