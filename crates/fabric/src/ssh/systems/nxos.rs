//! Cisco NX-OS on a Nexus 9000, as of 9.3.
//!
//! Written from Cisco's configuration guides (interfaces, Layer 2 switching, port channels, vPC,
//! VXLAN) and from published captures. Simulated: immediate configuration, features, ports,
//! VLANs, port channels with their check of compatibility, vPC, VNIs.
//!
//! Guessed, because no source was found: what is said of L2 lines on a member of a port channel,
//! of a reserved VLAN, and of `lacp suspend-individual` on a port channel that is up; where long
//! lists are broken (here at [`running::LINE`] columns); that a released member stays enabled with
//! the lines that it has copied. The name and the VNI of a VLAN count when its mode is left, and
//! are lost with the connection, as older platforms have it. Ports are switched unless
//! `no system default switchport` is given. Session manager, dual stage, checkpoints and roles
//! are not simulated.

mod commands;
mod config;
mod join;
mod json;
mod running;
mod show;

use tokio::time::Instant;

use self::commands::Grammars;
use super::caret;
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
    Word { kind: Kind::Port, long: "Ethernet", short: "Eth", depth: 2 },
    Word { kind: Kind::Lag, long: "port-channel", short: "Po", depth: 1 },
    Word { kind: Kind::Svi, long: "Vlan", short: "Vlan", depth: 1 },
    Word { kind: Kind::Tunnel, long: "nve", short: "nve", depth: 1 },
    Word { kind: Kind::Management, long: "mgmt", short: "mgmt", depth: 1 },
    Word { kind: Kind::Loopback, long: "loopback", short: "Lo", depth: 1 },
]);

const RULES: Rules = Rules {
    trunk_is_open: true,
    access_is_native: false,
    members_must_match: false,
    alone: |lag| match lag.line("individual") {
        Some("no lacp suspend-individual") => Alone::Own,
        _ => Alone::Suspended,
    },
    fallback: |lag| lag.line("individual").map(|_| "individual".to_owned()),
    is_edge: |port| match port.edge {
        Some("edge trunk") => true,
        Some("edge") => !port.is_trunk(),
        _ => false,
    },
    tags_native: |config| config.features.contains("vlan dot1q tag native"),
};

/// Where a session is.
#[derive(Debug, Clone, PartialEq)]
enum Mode {
    User,
    Exec,
    Global,
    Ports(Vec<IfName>),
    Vlans(Vec<u16>),
    VpcDomain,
    Evpn,
    EvpnVni(u32),
    NveVni(u32),
}

impl Mode {
    fn parent(&self) -> Self {
        match self {
            Self::User | Self::Exec => Self::Exec,
            Self::Global => Self::Exec,
            Self::EvpnVni(_) => Self::Evpn,
            Self::NveVni(_) => Self::Ports(vec![IfName { kind: Kind::Tunnel, unit: vec![1] }]),
            Self::Ports(_) | Self::Vlans(_) | Self::VpcDomain | Self::Evpn => Self::Global,
        }
    }
}

/// A change of a VLAN that counts when its mode is left.
#[derive(Debug, Clone, PartialEq)]
enum Later {
    Name(Option<String>),
    Vni(Option<u32>),
    Down(bool),
}

/// One login.
#[derive(Debug)]
pub(crate) struct Session {
    mode: Mode,
    later: Vec<Later>,
    screen: Screen,
    asks: bool,
}

/// The switch.
pub(crate) struct NxOs {
    setup: Setup,
    grammars: Grammars,
    running: Config,
    startup: Config,
    world: World,
}

impl NxOs {
    pub(crate) fn new(setup: Setup) -> Self {
        let port = |number| IfName { kind: Kind::Port, unit: vec![1, number] };
        let ports = (1..=u32::from(setup.ports)).map(port);
        let management = IfName { kind: Kind::Management, unit: vec![0] };
        let running = Config::new(&setup.name, ports.chain([management]));
        Self {
            grammars: Grammars::new(),
            startup: running.clone(),
            running,
            world: World::default(),
            setup,
        }
    }

    fn plane(&self) -> Plane<'_> {
        Plane { config: &self.running, world: &self.world, naming: NAMING, rules: RULES }
    }

    fn has(&self, feature: &str) -> bool {
        self.running.features.contains(feature)
    }

    fn command(&mut self, session: &mut Session, line: &str) -> Reply {
        let (command, pipes) = pipes(line);
        if command.trim().is_empty() || command.trim_start().starts_with('!') {
            return Reply::silent();
        }
        let is_port = |text: &str| NAMING.read(text).is_some();
        let margin = self.prompt_text(session).len();
        let mut mode = session.mode.clone();
        let mut furthest: Option<Miss> = None;
        loop {
            match self.grammars.of(&mode).find(command, &is_port) {
                Ok((act, values)) => {
                    if let Some(feature) = act.feature(&values)
                        && !self.has(feature)
                    {
                        return Reply::text(caret(margin, 0, "% Invalid command at '^' marker."));
                    }
                    let before = session.mode.clone();
                    if mode != before && !matches!(mode, Mode::Exec) {
                        self.leave_vlan(session);
                        session.mode = mode;
                    }
                    let is_json = pipes.first().is_some_and(|pipe| pipe.starts_with("json"));
                    let reply = self.act(session, act, &values, is_json);
                    if is_refusal(&reply.text) {
                        session.mode = before;
                    }
                    let rest = if is_json { pipes.get(1..).unwrap_or_default() } else { &pipes };
                    return match filter(reply.text.clone(), rest) {
                        Some(text) => Reply { text, ..reply },
                        None => Reply::text(caret(
                            margin,
                            line.len(),
                            "% Invalid command at '^' marker.",
                        )),
                    };
                }
                Err(miss @ Miss::Invalid(offset)) => {
                    let further = furthest.is_none_or(|known| known.offset() < offset);
                    furthest = if further { Some(miss) } else { furthest };
                    if matches!(mode, Mode::User | Mode::Exec) {
                        return Reply::text(self.invalid(
                            margin,
                            command,
                            furthest.unwrap_or(miss),
                        ));
                    }
                    mode = mode.parent();
                }
                Err(Miss::Incomplete(offset)) => {
                    return Reply::text(caret(
                        margin,
                        offset,
                        "% Incomplete command at '^' marker.",
                    ));
                }
                Err(Miss::Ambiguous(offset)) => {
                    return Reply::text(caret(
                        margin,
                        offset,
                        "% Ambiguous command at '^' marker.",
                    ));
                }
            }
        }
    }

    /// A number or an interface out of bounds has a text of its own.
    fn invalid(&self, margin: usize, line: &str, miss: Miss) -> String {
        let token = line.get(miss.offset()..).unwrap_or_default();
        let is_number = token.starts_with(|letter: char| letter.is_ascii_digit());
        let text = if is_number && miss.offset() > 0 {
            "Invalid range at '^' marker."
        } else {
            "% Invalid command at '^' marker."
        };
        caret(margin, miss.offset(), text)
    }

    /// The lines that the settings give, in configuration mode, saved.
    pub(crate) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        let mut session = self.session(None);
        session.mode = Mode::Global;
        for line in lines {
            let reply = self.command(&mut session, line);
            if is_refusal(&reply.text) {
                return Err((line.clone(), reply.text));
            }
        }
        self.leave_vlan(&mut session);
        self.startup = self.running.clone();
        Ok(())
    }

    fn session(&self, terminal: Option<(u16, u16)>) -> Session {
        let mode = if self.setup.enable_secret.is_some() { Mode::User } else { Mode::Exec };
        let (columns, rows) = terminal.unwrap_or((80, 24));
        let some = |cells: u16, default: u16| Some(if cells == 0 { default } else { cells });
        let screen = Screen { length: some(rows, 24), width: some(columns, 80) };
        Session { mode, later: Vec::new(), screen, asks: false }
    }

    fn prompt_text(&self, session: &Session) -> String {
        let place = match &session.mode {
            Mode::User => return format!("{}> ", self.running.hostname),
            Mode::Exec => "",
            Mode::Global => "(config)",
            Mode::Ports(ports) if ports.first().is_some_and(|port| port.kind == Kind::Tunnel) => {
                "(config-if-nve)"
            }
            Mode::Ports(ports) if ports.len() > 1 => "(config-if-range)",
            Mode::Ports(_) => "(config-if)",
            Mode::Vlans(_) => "(config-vlan)",
            Mode::VpcDomain => "(config-vpc-domain)",
            Mode::Evpn => "(config-evpn)",
            Mode::EvpnVni(_) => "(config-evpn-evi)",
            Mode::NveVni(_) => "(config-if-nve-vni)",
        };
        format!("{}{place}# ", self.running.hostname)
    }
}

/// Whether an answer to a configuration line says that it was not done.
fn is_refusal(text: &str) -> bool {
    ["%", "ERROR", "command failed", "Invalid", "Port-channel mode", " "]
        .iter()
        .any(|start| text.starts_with(start))
}

impl Device for NxOs {
    type Session = Session;

    fn manners(&self) -> Manners {
        Manners {
            pager: "--More--",
            pager_erase: "\r        \r",
            pager_stops_on_any_key: false,
            overflow: Overflow::Wrap,
            type_ahead: TypeAhead::Early,
            has_help: true,
            before_prompt: "\r",
            max_channels: 10,
        }
    }

    fn open(&mut self, login: &Login) -> (Session, String) {
        let motd = self.setup.motd.as_ref().map(|text| format!("{text}\n")).unwrap_or_default();
        let greeting = format!("{motd}Cisco Nexus Operating System (NX-OS) Software\n");
        (self.session(login.terminal), greeting)
    }

    fn prompt(&self, session: &Session) -> Prompt {
        if session.asks {
            return Prompt::ask("Password: ", Wants::Secret);
        }
        Prompt::new(self.prompt_text(session))
    }

    fn line(&mut self, session: &mut Session, line: &str, _now: Instant) -> Reply {
        if std::mem::take(&mut session.asks) {
            if is_secret(self.setup.enable_secret.as_ref(), line) {
                session.mode = Mode::Exec;
                return Reply::silent();
            }
            return Reply::text("% Access denied");
        }
        self.command(session, line)
    }

    fn screen(&self, session: &Session) -> Screen {
        session.screen
    }

    fn help(&self, session: &Session, line: &str) -> Option<String> {
        let words = self.grammars.of(&session.mode).next_words(line);
        if words.is_empty() {
            return Some("  <CR>\n".to_owned());
        }
        Some(words.iter().map(|word| format!("  {word}\n")).collect())
    }

    fn interrupt(&mut self, session: &mut Session, is_end: bool) {
        session.asks = false;
        if is_end && session.mode != Mode::User {
            self.leave_vlan(session);
            session.mode = Mode::Exec;
        }
    }

    fn exec(&mut self, session: &mut Session, command: &str, _input: &[u8], _now: Instant) -> Exit {
        let mut output = String::new();
        for line in command.split([';', '\n']) {
            let text = self.command(session, line.trim()).text;
            if text.contains("at '^' marker") {
                output.push_str(&format!("Syntax error while parsing '{}'\n", line.trim()));
                return Exit { output, errors: String::new(), status: 16 };
            }
            output.push_str(&text);
        }
        self.leave_vlan(session);
        Exit { output, errors: String::new(), status: 0 }
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
