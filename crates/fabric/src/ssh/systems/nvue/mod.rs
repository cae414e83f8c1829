//! Cumulus Linux with NVUE: bash, and `nv` that edits a pending revision and applies it.
//!
//! A pending revision belongs to a user, not to a login: two logins of one user edit the same one.
//! A revision that does not fit is refused at `apply`, on standard error and, as practitioners have
//! found, with exit status 0. The release is one of `on` and `off` (before 5.12) that saves by
//! itself. Linux's own commands show what is applied.
//!
//! Guessed: the texts of `nv config detach`, `--confirm-yes` and `--confirm-no`, and that a port
//! whose last VLAN is unset stays in the bridge, where it carries every VLAN.

mod linux;
mod show;
mod tree;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use self::tree::Tree;
use super::super::device::{Device, Exit, Login, Manners, Overflow, Prompt, Reply, Screen};
use super::super::device::{TypeAhead, Wants};
use super::super::view::PortView;
use super::super::vlans::VlanSet;
use super::super::world::World;
use super::Setup;
use super::shell::{self, Outcome};

const BRIDGE: &str = "br_default";
/// What the system keeps for itself.
const RESERVED: (u16, u16) = (3725, 3999);
const WELCOME: &str = "\nWelcome to NVIDIA Cumulus VX (TM)\n\nNVIDIA Cumulus VX (TM) is a community \
    supported virtual appliance designed\nfor experiencing, testing and prototyping NVIDIA \
    Cumulus' latest technology.\n";
const MINUTE: Duration = Duration::from_secs(60);

/// One switch.
pub(super) struct Nvue {
    name: String,
    motd: String,
    ports: u16,
    has_pair: bool,
    applied: Tree,
    saved: Tree,
    revision: u32,
    pending: BTreeMap<String, Pending>,
    unconfirmed: Option<Unconfirmed>,
    world: World,
}

/// What a user has edited.
struct Pending {
    revision: u32,
    /// The revision that was applied when it began.
    base: u32,
    tree: Tree,
}

/// A revision that takes itself back.
struct Unconfirmed {
    by: Instant,
    before: Tree,
}

/// One login.
pub(super) struct Session {
    user: String,
    /// `nv config apply` waits for a yes.
    asks: bool,
}

impl Nvue {
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            motd: setup.motd.unwrap_or_else(|| WELCOME.to_owned()),
            name: setup.name,
            ports: setup.ports,
            has_pair: setup.has_pair,
            applied: Tree::default(),
            saved: Tree::default(),
            revision: 1,
            pending: BTreeMap::new(),
            unconfirmed: None,
            world: World::default(),
        }
    }

    /// The lines that the settings give, applied and saved: `nv set` commands without these words.
    pub(super) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let set = self.applied.set(&words).map_err(|wrong| wrong.to_string());
            set.and_then(|()| self.check(&self.applied))
                .map_err(|answer| (line.clone(), answer))?;
        }
        self.saved = self.applied.clone();
        Ok(())
    }

    fn run(&mut self, session: &mut Session, line: &str, now: Instant) -> Outcome {
        shell::run(line, |words| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.command(session, &words, now)
        })
    }

    fn command(&mut self, session: &mut Session, words: &[&str], now: Instant) -> Outcome {
        match words {
            ["sudo", "-n", rest @ ..] | ["sudo", rest @ ..] => self.command(session, rest, now),
            ["sh" | "bash", "-c", line] => self.run(session, line, now),
            ["nv", "set", rest @ ..] => self.edit(session, |tree| tree.set(rest)),
            ["nv", "unset", rest @ ..] => self.edit(session, |tree| tree.unset(rest)),
            ["nv", "config", rest @ ..] => self.config(session, rest, now),
            ["nv", "show", rest @ ..] => self.show(session, rest),
            ["ip", "-j", "-d", "link", "show", "dev", port]
            | ["ip", "-d", "-j", "link", "show", "dev", port]
            | ["ip", "-j", "link", "show", "dev", port] => match self.canonical(port) {
                Some(_) => Outcome::good(linux::links(&self.applied, &self.ports(), |view| {
                    view.name == *port
                })),
                None => Outcome::bad(1, format!("Device \"{port}\" does not exist.\n")),
            },
            ["ip", "-j", "link", "show", "type", "bond"] => {
                Outcome::good(linux::links(&self.applied, &self.ports(), |view| {
                    !view.members.is_empty()
                }))
            }
            ["bridge" | "/sbin/bridge", "vlan", "show", "dev", port] => {
                let mut ports = self.ports();
                ports.retain(|view| view.name == *port);
                Outcome::good(linux::vlans(&ports))
            }
            ["ifquery" | "/sbin/ifquery", port] => match linux::stanza(&self.applied, port) {
                Some(text) => Outcome::good(text),
                None => Outcome::bad(1, format!("error: cannot find interfaces: {port}\n")),
            },
            ["bridge", "-j", "vlan", "show"] => Outcome::good(show::bridge_vlans(&self.ports())),
            ["bridge", "-j", "vlan", "show", "dev", port] => {
                let mut ports = self.ports();
                ports.retain(|view| view.name == *port);
                Outcome::good(show::bridge_vlans(&ports))
            }
            ["true"] | [] => Outcome::default(),
            ["echo", rest @ ..] => Outcome::good(format!("{}\n", rest.join(" "))),
            ["hostname"] => Outcome::good(format!("{}\n", self.name)),
            ["nv", other, ..] => Outcome::bad(1, format!("Error: Invalid command 'nv {other}'\n")),
            [other, ..] => Outcome::bad(127, format!("-bash: {other}: command not found\n")),
        }
    }

    fn edit(
        &mut self,
        session: &Session,
        change: impl FnOnce(&mut Tree) -> Result<(), tree::Wrong>,
    ) -> Outcome {
        let fresh = !self.pending.contains_key(&session.user);
        let mut tree = match self.pending.get(&session.user) {
            Some(pending) => pending.tree.clone(),
            None => self.applied.clone(),
        };
        if let Err(wrong) = change(&mut tree) {
            return Outcome::bad(1, wrong.to_string());
        }
        if fresh {
            self.revision += 1;
        }
        let (revision, base) = (self.revision, self.revision - 1);
        let pending = self.pending.entry(session.user.clone());
        let pending = pending.or_insert_with(|| Pending { revision, base, tree: Tree::default() });
        pending.tree = tree;
        Outcome::good(if fresh { format!("created [rev_id: {revision}]\n") } else { String::new() })
    }

    fn config(&mut self, session: &mut Session, words: &[&str], now: Instant) -> Outcome {
        match words {
            ["apply", rest @ ..] => self.apply(session, rest, now),
            ["detach"] => match self.pending.remove(&session.user) {
                Some(pending) => {
                    Outcome::good(format!("detached [rev_id: {}]\n", pending.revision))
                }
                None => Outcome::bad(1, "Error: There is no pending revision.\n"),
            },
            ["save"] => {
                self.saved = self.applied.clone();
                Outcome::good("saved [rev_id: applied]\n")
            }
            ["diff", ..] => {
                let Some(pending) = self.pending.get(&session.user) else {
                    return Outcome::default();
                };
                Outcome::good(show::difference(&self.applied, &pending.tree))
            }
            ["show", rest @ ..] => {
                let tree = self.revision(session, rest);
                if rest.contains(&"commands") {
                    return Outcome::good(tree.commands());
                }
                Outcome::good(show::whole(tree, self.revision))
            }
            [] => Outcome::bad(1, "Error: Invalid command 'nv config'\n"),
            [other, ..] => Outcome::bad(1, format!("Error: Invalid command 'nv config {other}'\n")),
        }
    }

    fn revision(&self, session: &Session, words: &[&str]) -> &Tree {
        let pending = self.pending.get(&session.user).map(|pending| &pending.tree);
        match (words.contains(&"--pending"), words.contains(&"--startup"), pending) {
            (true, _, Some(tree)) => tree,
            (_, true, _) => &self.saved,
            _ => &self.applied,
        }
    }

    fn apply(&mut self, session: &mut Session, words: &[&str], now: Instant) -> Outcome {
        match words {
            ["--confirm-yes"] => {
                return match self.unconfirmed.take() {
                    Some(_) => {
                        self.saved = self.applied.clone();
                        Outcome::good("confirmed\n")
                    }
                    None => {
                        Outcome::bad(1, "Error: No configuration is waiting for confirmation.\n")
                    }
                };
            }
            ["--confirm-no"] => {
                return match self.unconfirmed.take() {
                    Some(unconfirmed) => {
                        self.applied = unconfirmed.before;
                        Outcome::good("reverted\n")
                    }
                    None => {
                        Outcome::bad(1, "Error: No configuration is waiting for confirmation.\n")
                    }
                };
            }
            _ => {}
        }
        let yes = words.iter().any(|word| ["-y", "--assume-yes"].contains(word));
        let Some(pending) = self.pending.get(&session.user) else {
            return Outcome::good("config apply executed with no config diff.\n");
        };
        if pending.tree == self.applied {
            self.pending.remove(&session.user);
            return Outcome::good("config apply executed with no config diff.\n");
        }
        let revision = pending.revision;
        if let Err(reason) = self.check(&pending.tree) {
            let text = format!("Invalid config [rev_id: {revision}]\n{reason}");
            return Outcome { errors: text, ..Outcome::default() };
        }
        if pending.base + 1 != self.revision && !yes {
            session.asks = true;
            return Outcome::default();
        }
        let after = pending.tree.clone();
        self.pending.remove(&session.user);
        let before = std::mem::replace(&mut self.applied, after);
        if let Some(at) = words.iter().position(|word| *word == "--confirm") {
            let minutes =
                words.get(at + 1).and_then(|word| word.trim_end_matches('m').parse().ok());
            let by = now + MINUTE * minutes.unwrap_or(10);
            self.unconfirmed = Some(Unconfirmed { by, before });
            return Outcome::good(format!("applied [rev_id: {revision}]\n"));
        }
        self.saved = self.applied.clone();
        Outcome::good(format!("applied_and_saved [rev_id: {revision}]\n"))
    }

    fn is_physical(&self, name: &str) -> bool {
        let number = name.strip_prefix("swp").and_then(|digits| digits.parse::<u16>().ok());
        number.is_some_and(|number| (1..=self.ports).contains(&number))
    }

    /// Why a revision cannot be applied.
    fn check(&self, tree: &Tree) -> Result<(), String> {
        let invalid = |at: String, why: &str| Err(format!("  Config invalid at {at}: {why}\n"));
        let mut bonded: BTreeMap<&str, &str> = BTreeMap::new();
        for name in tree.keys(&["interface"]) {
            for member in tree.keys(&["interface", name, "bond", "member"]) {
                if bonded.insert(member, name).is_some() {
                    let at = format!("interface.{name}.bond.member.{member}");
                    return invalid(at, "interface is a member of more than one bond");
                }
            }
        }
        for name in tree.keys(&["interface"]) {
            let domain = ["interface", name, "bridge", "domain", BRIDGE];
            let at = format!("interface.{name}.bridge.domain.{BRIDGE}");
            let of = |more: &'static str| [&domain[..], &[more]].concat();
            let access = tree.leaf(&of("access")).is_some();
            if access && (tree.has(&of("vlan")) || tree.has(&of("untagged"))) {
                return invalid(
                    at,
                    "'access' cannot be configured together with 'vlan' or 'untagged'",
                );
            }
            if bonded.contains_key(name) && tree.has(&domain) {
                return invalid(at, "interface is a bond member");
            }
            if name.starts_with("swp") && !self.is_physical(name) {
                return Err(format!("  {name} is not a physical interface on this switch\n"));
            }
            let is_bond =
                name.starts_with("bond") || tree.leaf(&["interface", name, "type"]) == Some("bond");
            if is_bond && tree.keys(&["interface", name, "bond", "member"]).is_empty() {
                let at = format!("interface.{name}.bond");
                return invalid(at, "'member' is a required property");
            }
        }
        for vlan in tree.keys(&["bridge", "domain", BRIDGE, "vlan"]) {
            let id: u16 = vlan.parse().unwrap_or(0);
            if (RESERVED.0..=RESERVED.1).contains(&id) {
                let at = format!("bridge.domain.{BRIDGE}.vlan.{vlan}");
                return invalid(at, "VLAN is in the reserved range 3725-3999");
            }
        }
        Ok(())
    }

    fn show(&self, session: &Session, words: &[&str]) -> Outcome {
        let tree = self.revision(session, words);
        let mut path = Vec::new();
        let mut options = words.iter().copied();
        while let Some(word) = options.next() {
            match word {
                "-o" | "--output" | "--rev" | "--view" => drop(options.next()),
                option if option.starts_with('-') => {}
                word => path.push(word),
            }
        }
        let operational = !words.contains(&"--applied");
        match path.as_slice() {
            ["interface", "lldp"] | ["interface", "--lldp"] => {
                Outcome::good(show::pretty(&show::lldp(&self.world)))
            }
            ["bridge", "domain", BRIDGE, "mac-table"] => {
                Outcome::good(show::pretty(&show::macs(&self.world, &self.ports())))
            }
            ["bridge", "domain", BRIDGE, "vlan-vni-map"] => {
                Outcome::good(show::pretty(&show::vnis(tree)))
            }
            ["mlag"] => Outcome::good(show::pretty(&show::mlag(tree, self.has_pair))),
            path => {
                let ports = if operational { self.ports() } else { Vec::new() };
                match show::below(tree, path, &ports) {
                    Some(value) => Outcome::good(show::pretty(&value)),
                    None => Outcome::bad(1, "Error: The requested item does not exist.\n"),
                }
            }
        }
    }

    /// Untagged, tagged, and what would be tagged were every VLAN there.
    fn carried(&self, name: &str) -> (Option<u16>, VlanSet, VlanSet) {
        let tree = &self.applied;
        let domain = ["interface", name, "bridge", "domain", BRIDGE];
        if !tree.has(&domain) {
            return (None, VlanSet::none(), VlanSet::none());
        }
        let of = |more: &'static str| [&domain[..], &[more]].concat();
        let ids =
            |keys: Vec<&str>| keys.iter().filter_map(|id| id.parse().ok()).collect::<VlanSet>();
        let listed = ids(tree.keys(&["bridge", "domain", BRIDGE, "vlan"]));
        let mut bridge = listed.clone();
        bridge.insert(1);
        if let Some(access) = tree.leaf(&of("access")).and_then(|id| id.parse::<u16>().ok()) {
            return (
                Some(access).filter(|id| bridge.contains(*id)),
                VlanSet::none(),
                VlanSet::none(),
            );
        }
        let own = ids(tree.keys(&of("vlan")));
        // Without a list of its own the port has the bridge's.
        let (mut permits, there) =
            if own.is_empty() { (VlanSet::all(), &listed) } else { (own, &bridge) };
        let untagged = match tree.leaf(&of("untagged")) {
            Some("none") => None,
            Some(id) => id.parse().ok(),
            None => Some(1),
        };
        if let Some(id) = untagged {
            permits.remove(id);
        }
        let tagged = permits.intersection(there);
        (untagged.filter(|id| bridge.contains(*id)), tagged, permits)
    }

    fn view(&self, name: &str) -> PortView {
        let tree = &self.applied;
        let at = |more: &[&'static str]| {
            let path: Vec<&str> =
                ["interface", name].into_iter().chain(more.iter().copied()).collect();
            tree.leaf(&path).map(str::to_owned)
        };
        let is_on = |value: Option<String>| value.as_deref() == Some("on");
        let lag = tree
            .keys(&["interface"])
            .into_iter()
            .find(|bond| tree.keys(&["interface", bond, "bond", "member"]).contains(&name));
        let members: Vec<String> = tree
            .keys(&["interface", name, "bond", "member"])
            .into_iter()
            .map(str::to_owned)
            .collect();
        let enabled = at(&["link", "state"]).as_deref() != Some("down");
        let lit = |port: &String| {
            let state = tree.leaf(&["interface", port, "link", "state"]);
            self.world.link(port) && state != Some("down")
        };
        let bypass = is_on(at(&["bond", "lacp-bypass"]));
        let is_static = at(&["bond", "mode"]).as_deref() == Some("static");
        let works = |port: &String| lit(port) && (bypass || is_static || self.world.lacp(port));
        let up = match (members.is_empty(), lag) {
            (true, None) => self.world.link(name),
            (true, Some(_)) => false,
            (false, _) => members.iter().any(works),
        };
        let (untagged, tagged, permits) = self.carried(name);
        let mode = if is_static { "static" } else { "lacp" };
        let is_lag = !members.is_empty();
        PortView {
            name: name.to_owned(),
            up: enabled && up,
            enabled,
            untagged,
            tagged,
            permits,
            lag: lag.map(str::to_owned),
            lag_mode: (is_lag || lag.is_some()).then(|| mode.to_owned()),
            members,
            fallback: (is_lag && bypass).then(|| "lacp-bypass".to_owned()),
            pair: at(&["bond", "mlag", "id"]).and_then(|id| id.parse().ok()),
            mtu: at(&["link", "mtu"]).and_then(|mtu| mtu.parse().ok()),
            description: at(&["description"]),
            edge: is_on(at(&["bridge", "domain", BRIDGE, "stp", "admin-edge"])),
            bpdu_guard: is_on(at(&["bridge", "domain", BRIDGE, "stp", "bpdu-guard"])),
        }
    }
}

impl Device for Nvue {
    type Session = Session;

    fn manners(&self) -> Manners {
        Manners {
            pager: ":",
            pager_erase: "\r\u{1b}[K",
            pager_stops_on_any_key: false,
            overflow: Overflow::Wrap,
            type_ahead: TypeAhead::Queued,
            has_help: false,
            before_prompt: "",
            max_channels: 10,
        }
    }

    fn open(&mut self, login: &Login) -> (Session, String) {
        let motd = if login.is_exec { String::new() } else { self.motd.clone() };
        (Session { user: login.user.clone(), asks: false }, motd)
    }

    fn prompt(&self, session: &Session) -> Prompt {
        if session.asks {
            return Prompt::ask("Are you sure? [y/N] ", Wants::Answer);
        }
        Prompt::new(format!("{}@{}:mgmt:~$ ", session.user, self.name))
    }

    fn line(&mut self, session: &mut Session, line: &str, now: Instant) -> Reply {
        if std::mem::take(&mut session.asks) {
            if !line.trim().eq_ignore_ascii_case("y") {
                return Reply::text("Aborted!");
            }
            let Outcome { output, errors, .. } = self.apply(session, &["-y"], now);
            return Reply::text(format!("{output}{errors}"));
        }
        if ["exit", "logout"].contains(&line.trim()) {
            return Reply { text: "logout\n".to_owned(), ..Reply::end() };
        }
        let Outcome { output, errors, .. } = self.run(session, line, now);
        Reply::text(format!("{output}{errors}"))
    }

    fn exec(&mut self, session: &mut Session, command: &str, _input: &[u8], now: Instant) -> Exit {
        let Outcome { output, errors, status } = self.run(session, command, now);
        // A question that nobody can answer ends the command.
        if std::mem::take(&mut session.asks) {
            let output = "Are you sure? [y/N] ".to_owned();
            return Exit { output, errors: "Aborted!\n".to_owned(), status: 1 };
        }
        Exit { output, errors, status }
    }

    fn screen(&self, _session: &Session) -> Screen {
        Screen { length: None, width: Some(80) }
    }

    fn expire(&mut self, now: Instant) -> bool {
        match self.unconfirmed.take() {
            Some(unconfirmed) if unconfirmed.by <= now => {
                self.applied = unconfirmed.before;
                true
            }
            waiting => {
                self.unconfirmed = waiting;
                false
            }
        }
    }

    fn ports(&self) -> Vec<PortView> {
        let ports = (1..=self.ports).map(|number| self.view(&format!("swp{number}")));
        let bonds =
            self.applied.keys(&["interface"]).into_iter().filter(|name| {
                !self.applied.keys(&["interface", name, "bond", "member"]).is_empty()
            });
        ports.chain(bonds.map(|name| self.view(name))).collect()
    }

    fn canonical(&self, name: &str) -> Option<String> {
        let known = self.is_physical(name) || self.applied.has(&["interface", name]);
        known.then(|| name.to_owned())
    }

    fn running(&self) -> String {
        self.applied.commands()
    }

    fn is_saved(&self) -> bool {
        self.saved == self.applied
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }
}
