//! Cisco IOS and IOS-XE on a Catalyst switch, as of 15.2 and 16.
//!
//! Written from Cisco's command references (Catalyst 3750, 3650, 9300), the chapters on
//! EtherChannel, VTP and configuration rollback, and from published captures. Simulated: the
//! modes and privileges, immediate configuration, `configure terminal revert timer`, ports with
//! their dynamic mode, VLANs that are made when their mode is left, VTP's modes, EtherChannels
//! whose members have to match.
//!
//! Guessed, because no source was found: an LACP member without a partner stands alone unless
//! `port-channel standalone-disable` is given. `no interface Port-channel` shuts the members, as
//! some Catalysts are documented to do. With the quirk `isl`, ports know ISL and need
//! `switchport trunk encapsulation dot1q`. EVPN, DTP's negotiation, private VLANs, stacks and the
//! wait for a name server are not simulated.

mod commands;
mod config;
mod rollback;
mod running;
mod show;
mod vlans;

use std::collections::BTreeMap;

use tokio::time::Instant;

use self::commands::{Act, Grammars};
use self::rollback::Rollback;
use super::caret;
use super::chassis::Config;
use super::chassis::forward::{Alone, Plane, Rules};
use super::chassis::names::{IfName, Kind, Naming, Word};
use super::grammar::{Miss, Values};
use super::text::{filter, pipes};
use super::{Setup, is_secret};
use crate::ssh::device::{
    Device, Login, Manners, Overflow, Prompt, Reply, Screen, TypeAhead, Wants,
};
use crate::ssh::view::PortView;
use crate::ssh::world::World;

pub(crate) const NAMING: Naming = Naming(&[
    Word { kind: Kind::Port, long: "GigabitEthernet", short: "Gi", depth: 3 },
    Word { kind: Kind::Uplink, long: "TenGigabitEthernet", short: "Te", depth: 3 },
    Word { kind: Kind::Lag, long: "Port-channel", short: "Po", depth: 1 },
    Word { kind: Kind::Svi, long: "Vlan", short: "Vl", depth: 1 },
    Word { kind: Kind::Loopback, long: "Loopback", short: "Lo", depth: 1 },
]);

const RULES: Rules = Rules {
    trunk_is_open: true,
    access_is_native: false,
    members_must_match: true,
    alone: |lag| match lag.line("standalone") {
        Some("port-channel standalone-disable") => Alone::Suspended,
        _ => Alone::Own,
    },
    fallback: |lag| match lag.line("standalone") {
        Some("port-channel standalone-disable") => None,
        _ => Some("stand-alone".to_owned()),
    },
    is_edge: |port| match port.edge {
        Some("portfast trunk") => true,
        Some(_) => !port.is_trunk(),
        None => false,
    },
    tags_native: |config| config.features.contains("vlan dot1q tag native"),
};

/// Ten-gigabit ports beside those for servers.
const UPLINKS: u32 = 4;

/// Letters of the name that prompts of configuration modes show.
const SHORT_NAME: usize = 20;

/// Where a session is.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    User,
    Exec,
    Global,
    Ports(Vec<IfName>),
    Vlans(Vec<u16>),
    Archive,
}

impl Mode {
    const fn is_config(&self) -> bool {
        !matches!(self, Self::User | Self::Exec)
    }
}

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ask {
    Secret(u8),
    FileName,
}

/// One login.
#[derive(Debug)]
pub(crate) struct Session {
    user: String,
    mode: Mode,
    /// Names for the VLANs of the mode; they count when it is left.
    names: Vec<Option<String>>,
    screen: Screen,
    asks: Option<Ask>,
}

/// The switch.
pub(crate) struct Ios {
    setup: Setup,
    grammars: Grammars,
    running: Config,
    startup: Config,
    rollback: Option<Rollback>,
    /// Names of VLANs that VTP keeps outside of the configuration.
    world: World,
}

impl Ios {
    pub(crate) fn new(setup: Setup) -> Self {
        let port = |number| IfName { kind: Kind::Port, unit: vec![1, 0, number] };
        let uplink = |number| IfName { kind: Kind::Uplink, unit: vec![1, 1, number] };
        let ports = (1..=u32::from(setup.ports)).map(port).chain((1..=UPLINKS).map(uplink));
        let mut running = Config::new(&setup.name, ports);
        for id in 1002..=1005 {
            running.vlans.entry(id).or_default().is_down = true;
        }
        Self {
            grammars: Grammars::new(),
            startup: running.clone(),
            running,
            rollback: None,
            world: World::default(),
            setup,
        }
    }

    fn plane(&self) -> Plane<'_> {
        Plane { config: &self.running, world: &self.world, naming: NAMING, rules: RULES }
    }

    fn has(&self, line: &str) -> bool {
        self.running.features.contains(line)
    }

    /// `server`, `client`, `transparent` or `off`.
    fn vtp(&self) -> &str {
        let mode = |line: &String| line.starts_with("vtp mode ");
        let line = self.running.features.iter().find(|line| mode(line));
        line.and_then(|line| line.rsplit(' ').next()).unwrap_or("server")
    }

    fn command(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        let margin = self.prompt_text(session).len();
        let (command, filters) = pipes(line);
        let trimmed = command.trim();
        if trimmed.is_empty() || trimmed.starts_with('!') {
            return Reply::silent();
        }
        if session.mode.is_config()
            && let Some(rest) = trimmed.strip_prefix("do ")
        {
            let found = self.find(&Mode::Exec, rest);
            return match found {
                Ok((act, values)) => self.finish(session, act, &values, &filters, now),
                Err(miss) => Reply::text(told(margin + 3, rest, miss)),
            };
        }
        let found = self.find(&session.mode, command);
        let outside = session.mode.is_config() && session.mode != Mode::Global;
        match found {
            Ok((act, values)) => self.finish(session, act, &values, &filters, now),
            Err(miss @ Miss::Invalid(_)) if outside => match self.find(&Mode::Global, command) {
                Ok((act, values)) => {
                    let before = session.mode.clone();
                    let left = self.leave_vlans(session);
                    session.mode = Mode::Global;
                    let reply = self.finish(session, act, &values, &filters, now);
                    if config::is_refusal(&reply.text) {
                        session.mode = before;
                    }
                    Reply { text: left + &reply.text, ..reply }
                }
                Err(other) => {
                    let far = if other.offset() > miss.offset() { other } else { miss };
                    Reply::text(told(margin, command, far))
                }
            },
            Err(Miss::Invalid(0)) if !session.mode.is_config() && !trimmed.contains(' ') => {
                Reply::text(self.unknown_host(trimmed))
            }
            Err(miss) => Reply::text(told(margin, command, miss)),
        }
    }

    fn find(&self, mode: &Mode, line: &str) -> Result<(Act, Values), Miss> {
        self.grammars.of(mode).find(line, &|text: &str| NAMING.read(text).is_some())
    }

    /// Carries out, and filters.
    fn finish(
        &mut self,
        session: &mut Session,
        act: Act,
        values: &Values,
        filters: &[&str],
        now: Instant,
    ) -> Reply {
        let reply = self.act(session, act, values, now);
        match filter(reply.text.clone(), filters) {
            Some(text) => Reply { text, ..reply },
            None => Reply::text("% Invalid input detected at '^' marker.\n"),
        }
    }

    /// A single word that is no command may be a host.
    fn unknown_host(&self, word: &str) -> String {
        let text = "% Unknown command or computer name, or unable to find computer address\n";
        if self.has("no ip domain lookup") || self.has("no ip domain-lookup") {
            return text.to_owned();
        }
        format!("Translating \"{word}\"...domain server (255.255.255.255)\n{text}")
    }

    /// The lines that the settings give, in configuration mode, saved.
    pub(crate) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        let mut session = self.session("startup", None);
        session.mode = Mode::Global;
        for line in lines {
            let reply = self.command(&mut session, line, Instant::now());
            if config::is_refusal(&reply.text) {
                return Err((line.clone(), reply.text));
            }
        }
        let left = self.leave_vlans(&mut session);
        if config::is_refusal(&left) {
            return Err((lines.last().cloned().unwrap_or_default(), left));
        }
        self.startup = self.running.clone();
        Ok(())
    }

    fn session(&self, user: &str, terminal: Option<(u16, u16)>) -> Session {
        let mode = if self.setup.enable_secret.is_some() { Mode::User } else { Mode::Exec };
        let columns = terminal.map_or(80, |(columns, _)| if columns == 0 { 80 } else { columns });
        let screen = Screen { length: Some(24), width: Some(columns) };
        Session { user: user.to_owned(), mode, names: Vec::new(), screen, asks: None }
    }

    fn prompt_text(&self, session: &Session) -> String {
        let name = &self.running.hostname;
        let place = match &session.mode {
            Mode::User => return format!("{name}>"),
            Mode::Exec => return format!("{name}#"),
            Mode::Global => "(config)",
            Mode::Ports(ports) if ports.len() > 1 => "(config-if-range)",
            Mode::Ports(_) => "(config-if)",
            Mode::Vlans(_) => "(config-vlan)",
            Mode::Archive => "(config-archive)",
        };
        let short: String = name.chars().take(SHORT_NAME).collect();
        format!("{short}{place}#")
    }

    fn secret(&mut self, session: &mut Session, tries: u8, line: &str) -> Reply {
        session.asks = None;
        if is_secret(self.setup.enable_secret.as_ref(), line) {
            session.mode = Mode::Exec;
            return Reply::silent();
        }
        if tries < 2 {
            session.asks = Some(Ask::Secret(tries + 1));
            return Reply::silent();
        }
        Reply::text("% Bad secrets\n\n")
    }

    fn save(&mut self) -> Reply {
        self.startup = self.running.clone();
        Reply::text("Building configuration...\n[OK]\n")
    }

    /// VLANs that routed ports have taken, with their ports.
    fn internal_vlans(&self) -> BTreeMap<u16, IfName> {
        let routed = self.running.ports.iter().filter(|(_, port)| port.is_routed);
        let free = (1006..=4094).filter(|vlan| !self.running.vlans.contains_key(vlan));
        free.zip(routed.map(|(name, _)| name.clone())).collect()
    }
}

/// The text for a line that fits nothing.
fn told(margin: usize, line: &str, miss: Miss) -> String {
    match miss {
        Miss::Invalid(offset) => caret(margin, offset, "% Invalid input detected at '^' marker.\n"),
        Miss::Incomplete(_) => "% Incomplete command.\n\n".to_owned(),
        Miss::Ambiguous(_) => format!("% Ambiguous command:  \"{}\"\n", line.trim()),
    }
}

impl Device for Ios {
    type Session = Session;

    fn manners(&self) -> Manners {
        Manners {
            pager: " --More-- ",
            pager_erase: "\x08\x08\x08\x08\x08\x08\x08\x08\x08\x08          \x08\x08\x08\x08\x08\x08\x08\x08\x08\x08",
            pager_stops_on_any_key: true,
            overflow: Overflow::Scroll,
            type_ahead: TypeAhead::Queued,
            has_help: true,
            before_prompt: "",
            max_channels: 1,
        }
    }

    fn open(&mut self, login: &Login) -> (Session, String) {
        let session = self.session(&login.user, login.terminal);
        let motd = self.setup.motd.as_ref().map(|text| format!("{text}\n")).unwrap_or_default();
        (session, format!("{motd}\n"))
    }

    fn prompt(&self, session: &Session) -> Prompt {
        match session.asks {
            Some(Ask::Secret(_)) => Prompt::ask("Password: ", Wants::Secret),
            Some(Ask::FileName) => {
                Prompt::ask("Destination filename [startup-config]? ", Wants::Answer)
            }
            None => Prompt::new(self.prompt_text(session)),
        }
    }

    fn line(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        match session.asks {
            Some(Ask::Secret(tries)) => self.secret(session, tries, line),
            Some(Ask::FileName) => {
                session.asks = None;
                self.save()
            }
            None => self.command(session, line, now),
        }
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

    fn interrupt(&mut self, session: &mut Session, _is_end: bool) {
        session.asks = None;
        if session.mode.is_config() {
            self.leave_vlans(session);
            session.mode = Mode::Exec;
        }
    }

    fn expire(&mut self, now: Instant) -> bool {
        self.expire_rollback(now)
    }

    fn ports(&self) -> Vec<PortView> {
        self.plane().views()
    }

    fn canonical(&self, name: &str) -> Option<String> {
        NAMING.read(name).map(|name| NAMING.long(&name))
    }

    fn running(&self) -> String {
        self.running_text()
    }

    fn is_saved(&self) -> bool {
        self.startup == self.running
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }
}
