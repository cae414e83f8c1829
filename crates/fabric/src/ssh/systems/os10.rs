//! Dell SmartFabric OS10, as of 10.5.
//!
//! Written from the OS10 user guide (CLI basics, LACP, VLT) and from published captures.
//! Simulated: immediate configuration and transactions, the lock, ports whose lists only grow,
//! VLANs that are interfaces, port channels that strip their members, LACP fallback, VLT.
//!
//! Guessed, because no source was found: every text for an unknown VLAN or port channel, for a
//! list on a port that is no trunk, for a member that is told to switch, for the lock and for
//! VLAN 4094; that `switchport mode access` keeps the list; that a trunk takes VLANs that do not
//! exist; that an access port of a deleted VLAN goes back to VLAN 1; that a transaction's
//! candidate is one for all sessions. Virtual networks, roles and `display-xml` are not simulated.

mod commands;
mod config;
mod running;
mod show;

use tokio::time::Instant;

use self::commands::{Act, Grammars};
use super::Setup;
use super::chassis::forward::{Alone, Plane, Rules};
use super::chassis::names::{IfName, Kind, Naming, Word};
use super::chassis::{Config, Port};
use super::grammar::{Miss, Values};
use super::text::{filter, pipes};
use crate::ssh::device::{Device, Login, Manners, Overflow, Prompt, Reply, Screen, TypeAhead};
use crate::ssh::view::PortView;
use crate::ssh::vlans::VlanSet;
use crate::ssh::world::World;

pub(crate) const NAMING: Naming = Naming(&[
    Word { kind: Kind::Port, long: "ethernet", short: "Eth", depth: 3 },
    Word { kind: Kind::Lag, long: "port-channel", short: "Po", depth: 1 },
    Word { kind: Kind::Svi, long: "vlan", short: "Vl", depth: 1 },
    Word { kind: Kind::Management, long: "mgmt", short: "Ma", depth: 3 },
    Word { kind: Kind::Loopback, long: "loopback", short: "Lo", depth: 1 },
]);

const RULES: Rules = Rules {
    trunk_is_open: false,
    access_is_native: true,
    members_must_match: false,
    alone: |lag| match lag.line("fallback") {
        Some(_) => Alone::InLag,
        None => Alone::Suspended,
    },
    fallback: |lag| lag.line("fallback").map(|_| "fallback".to_owned()),
    is_edge: |port| port.edge.is_some(),
    tags_native: |_| false,
};

/// Where a session is.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    Exec,
    Global,
    Ports(Vec<IfName>),
    Vlt(u32),
}

/// One login.
#[derive(Debug)]
pub(crate) struct Session {
    number: u64,
    mode: Mode,
    screen: Screen,
    /// The last command was refused: the bell rings before the prompt.
    has_failed: bool,
}

/// The switch.
pub(crate) struct Os10 {
    setup: Setup,
    grammars: Grammars,
    running: Config,
    startup: Config,
    candidate: Option<Config>,
    lock: Option<u64>,
    world: World,
}

impl Os10 {
    pub(crate) fn new(setup: Setup) -> Self {
        let port = |number| IfName { kind: Kind::Port, unit: vec![1, 1, number] };
        let management = IfName { kind: Kind::Management, unit: vec![1, 1, 1] };
        let ports = (1..=u32::from(setup.ports)).map(port);
        let mut running = Config::new(&setup.name, ports.clone().chain([management]));
        for name in ports {
            running.ports.insert(name, fresh());
        }
        if setup.has_pair {
            let lines =
                ["backup destination 10.0.0.2", "discovery-interface ethernet1/1/49,1/1/51"];
            running.pair = Some(("1".to_owned(), lines.map(str::to_owned).to_vec()));
        }
        Self {
            grammars: Grammars::new(),
            startup: running.clone(),
            running,
            candidate: None,
            lock: None,
            world: World::default(),
            setup,
        }
    }

    fn plane(&self) -> Plane<'_> {
        Plane { config: &self.running, world: &self.world, naming: NAMING, rules: RULES }
    }

    /// What commands change: the candidate, while there is one.
    fn config_mut(&mut self) -> &mut Config {
        self.candidate.as_mut().unwrap_or(&mut self.running)
    }

    fn command(&mut self, session: &mut Session, line: &str) -> Reply {
        let (command, filters) = pipes(line);
        let trimmed = command.trim();
        if trimmed.is_empty() || trimmed.starts_with(['!', '#']) {
            return Reply::silent();
        }
        let is_config = session.mode != Mode::Exec;
        let found = match trimmed.strip_prefix("do ").filter(|_| is_config) {
            Some(rest) => self.find(&Mode::Exec, rest),
            None => match self.find(&session.mode, command) {
                Err(Miss::Invalid(offset)) if is_config => {
                    match self.find(&Mode::Global, command) {
                        Ok(found) => Ok(found),
                        Err(other) if other.offset() > offset => Err(other),
                        Err(_) => Err(Miss::Invalid(offset)),
                    }
                }
                found => found,
            },
        };
        let (act, values) = match found {
            Ok(found) => found,
            Err(miss) => return Reply::text(told(command, miss)),
        };
        let reply = self.act(session, act, &values);
        match filter(reply.text.clone(), &filters) {
            Some(text) => Reply { text, ..reply },
            None => Reply::text("% Error: Illegal parameter."),
        }
    }

    fn find(&self, mode: &Mode, line: &str) -> Result<(Act, Values), Miss> {
        self.grammars.of(mode).find(line, &|text: &str| NAMING.read(text).is_some())
    }

    /// The lines that the settings give, in configuration mode, saved.
    pub(crate) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        let screen = Screen { length: None, width: None };
        let mut session = Session { number: 0, mode: Mode::Global, screen, has_failed: false };
        for line in lines {
            let reply = self.command(&mut session, line);
            if reply.text.starts_with('%') {
                return Err((line.clone(), reply.text));
            }
        }
        self.startup = self.running.clone();
        Ok(())
    }

    fn place(&self, session: &Session) -> String {
        match &session.mode {
            Mode::Exec => String::new(),
            Mode::Global => "(config)".to_owned(),
            Mode::Vlt(domain) => format!("(conf-vlt-{domain})"),
            Mode::Ports(ports) => format!("({})", ports_label(ports)),
        }
    }
}

/// `conf-if-eth1/1/1`, `conf-range-vl-21-23,25`.
fn ports_label(ports: &[IfName]) -> String {
    let (Some(first), Some(last)) = (ports.first(), ports.last()) else {
        return String::new();
    };
    let word = match first.kind {
        Kind::Port => "eth",
        Kind::Lag => "po-",
        Kind::Svi => "vl-",
        Kind::Management => "ma-",
        _ => "lo-",
    };
    let unit = first.unit_text();
    if ports.len() == 1 {
        return format!("conf-if-{word}{unit}");
    }
    if first.kind == Kind::Port {
        return format!("conf-range-{word}{unit}-{}", last.unit_text());
    }
    let number = |port: &IfName| u16::try_from(port.number()).unwrap_or_default();
    let set: VlanSet = ports.iter().map(number).collect();
    format!("conf-range-{word}{set}")
}

/// A port that nobody has touched, or that has left a port channel.
fn fresh() -> Port {
    Port { access: Some(1), ..Port::default() }
}

/// The text for a line that fits nothing.
fn told(line: &str, miss: Miss) -> String {
    let token = line.get(miss.offset()..).unwrap_or_default();
    let is_value = token.starts_with(|letter: char| letter.is_ascii_digit());
    let text = match miss {
        Miss::Invalid(offset) if offset > 0 && is_value => "Illegal parameter.",
        Miss::Invalid(_) => "Unrecognized command.",
        Miss::Incomplete(_) => "Incomplete command.",
        Miss::Ambiguous(_) => "Ambiguous command.",
    };
    format!("% Error: {text}")
}

impl Device for Os10 {
    type Session = Session;

    fn manners(&self) -> Manners {
        Manners {
            pager: "--more--",
            pager_erase: "\r        \r",
            pager_stops_on_any_key: false,
            overflow: Overflow::None,
            type_ahead: TypeAhead::Queued,
            has_help: true,
            before_prompt: "",
            max_channels: 10,
        }
    }

    fn open(&mut self, login: &Login) -> (Session, String) {
        let rows = login.terminal.map_or(24, |(_, rows)| if rows == 0 { 24 } else { rows });
        let screen = Screen { length: Some(rows), width: None };
        let session = Session { number: login.number, mode: Mode::Exec, screen, has_failed: false };
        let motd = self.setup.motd.as_ref().map(|text| format!("{text}\n")).unwrap_or_default();
        let greeting = "\n-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-\n\
                        -*          Networking Operating System (OS10)          *-\n\
                        -*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-*-\n\n";
        (session, format!("{motd}{greeting}"))
    }

    fn prompt(&self, session: &Session) -> Prompt {
        let bell = if session.has_failed { "\u{7}" } else { "" };
        Prompt::new(format!("{bell}{}{}# ", self.running.hostname, self.place(session)))
    }

    fn line(&mut self, session: &mut Session, line: &str, _now: Instant) -> Reply {
        let reply = self.command(session, line);
        session.has_failed = reply.text.starts_with('%');
        reply
    }

    fn screen(&self, session: &Session) -> Screen {
        session.screen
    }

    fn help(&self, session: &Session, line: &str) -> Option<String> {
        let words = self.grammars.of(&session.mode).next_words(line);
        Some(words.iter().map(|word| format!("  {word}\n")).collect())
    }

    fn interrupt(&mut self, session: &mut Session, is_end: bool) {
        if is_end {
            session.mode = Mode::Exec;
        }
    }

    fn close(&mut self, session: Session) {
        if self.lock == Some(session.number) {
            self.lock = None;
        }
    }

    fn ports(&self) -> Vec<PortView> {
        self.plane().views()
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
