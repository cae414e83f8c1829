//! SONiC, the community's: bash, with `config` and `show` behind `sudo`.
//!
//! Every `config` command writes CONFIG_DB at once, or says no on standard error with status 2.
//! There is no VLAN 1 and no candidate. What orchagent does with the tables afterwards, and when,
//! is not imitated: the port view follows the tables at once. Nor are `apply-patch`, spanning tree
//! (which this branch, 202405, does not have) and FRR, which takes any `vtysh` line.

mod config;
mod db;
mod show;

use std::collections::{BTreeMap, BTreeSet};

use tokio::time::Instant;

use self::db::{Db, Row};
use super::super::device::{Device, Exit, Login, Manners, Overflow, Prompt, Reply, Screen};
use super::super::device::{TypeAhead, Wants};
use super::super::view::PortView;
use super::super::vlans::VlanSet;
use super::super::world::World;
use super::Setup;
use super::shell::{self, Outcome};

const ART: &str = "You are on\n  ____   ___  _   _ _  ____\n / ___| / _ \\| \\ | (_)/ ___|\n \
    \\___ \\| | | |  \\| | | |\n  ___) | |_| | |\\  | | |___\n |____/ \\___/|_| \\_|_|\\____|\n\n\
    -- Software for Open Networking in the Cloud --\n\n";
const SAVING: &str = "Running command: /usr/local/bin/sonic-cfggen -d --print-data > \
    /etc/sonic/config_db.json\n";

/// One switch.
pub(super) struct Sonic {
    name: String,
    motd: String,
    has_pair: bool,
    db: Db,
    saved: Db,
    checkpoints: BTreeMap<String, Db>,
    /// Lines that FRR was told.
    routing: BTreeSet<String>,
    world: World,
}

/// One login.
#[derive(Default)]
pub(super) struct Session {
    user: String,
    /// `config save` waits for a yes.
    asks: bool,
}

impl Sonic {
    pub(super) fn new(setup: Setup) -> Self {
        let db = Db::fresh(&setup.name, setup.ports);
        Self {
            motd: setup.motd.unwrap_or_else(|| ART.to_owned()),
            name: setup.name,
            has_pair: setup.has_pair,
            saved: db.clone(),
            db,
            checkpoints: BTreeMap::new(),
            routing: BTreeSet::new(),
            world: World::default(),
        }
    }

    /// The lines that the settings give, saved: `config` commands without that word.
    pub(super) fn configure(&mut self, lines: &[String]) -> Result<(), (String, String)> {
        for line in lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            let outcome = config::run(&mut self.db, &words);
            if outcome.status != 0 {
                return Err((line.clone(), outcome.errors));
            }
        }
        self.saved = self.db.clone();
        Ok(())
    }

    fn run(&mut self, session: &mut Session, line: &str) -> Outcome {
        let is_root = session.user == "root";
        shell::run(line, |words| {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.command(session, &words, is_root)
        })
    }

    fn command(&mut self, session: &mut Session, words: &[&str], is_root: bool) -> Outcome {
        match words {
            ["sudo", rest @ ..] => {
                let rest = rest.strip_prefix(&["-n"]).unwrap_or(rest);
                self.command(session, rest, true)
            }
            ["sh" | "bash", "-c", line] => shell::run(line, |words| {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.command(session, &words, is_root)
            }),
            ["config", ..] if !is_root => {
                Outcome::bad(1, "Root privileges are required for this operation\n")
            }
            ["config", rest @ ..] => self.config(session, rest),
            ["show", rest @ ..] => self.show(rest),
            ["mclagdctl", "-i", _, "dump", "state"] => {
                Outcome::good(show::mclag_state(&self.db, self.has_pair))
            }
            ["sonic-cfggen", "-d", "--print-data"] => Outcome::good(pretty(&self.db.json())),
            ["sonic-cfggen", "-d", "--var-json", table] => {
                Outcome::good(pretty(&self.db.table_json(table)))
            }
            ["sonic-db-dump", rest @ ..] => self.dump(rest),
            ["sonic-db-cli", "CONFIG_DB", rest @ ..] => self.database(rest, is_root),
            ["sonic-db-cli", "APPL_DB", rest @ ..] => self.state(rest),
            ["docker", "exec", "lldp", "lldpctl", "-f", "json"] if is_root => {
                Outcome::good(pretty(&show::lldp(&self.db, &self.world)))
            }
            ["vtysh", rest @ ..] => self.vtysh(rest),
            ["true" | ":"] | [] => Outcome::default(),
            ["false"] => Outcome::bad(1, ""),
            ["echo", rest @ ..] => Outcome::good(format!("{}\n", rest.join(" "))),
            ["hostname"] => Outcome::good(format!("{}\n", self.name)),
            [other, ..] => Outcome::bad(127, format!("-bash: {other}: command not found\n")),
        }
    }

    fn config(&mut self, session: &mut Session, words: &[&str]) -> Outcome {
        match words {
            ["save", "-y"] => {
                self.saved = self.db.clone();
                Outcome::good(SAVING)
            }
            ["save"] => {
                session.asks = true;
                Outcome::default()
            }
            ["checkpoint", name] => {
                self.checkpoints.insert((*name).to_owned(), self.db.clone());
                Outcome::good("Checkpoint created successfully.\n")
            }
            ["delete-checkpoint", name] => match self.checkpoints.remove(*name) {
                Some(_) => Outcome::good("Checkpoint deleted successfully.\n"),
                None => Outcome::bad(2, format!("Checkpoint '{name}' does not exist\n")),
            },
            ["rollback", name] => match self.checkpoints.get(*name) {
                Some(db) => {
                    self.db = db.clone();
                    Outcome::good("Config rolled back successfully.\n")
                }
                None => Outcome::bad(2, format!("Checkpoint '{name}' does not exist\n")),
            },
            words => config::run(&mut self.db, words),
        }
    }

    fn show(&self, words: &[&str]) -> Outcome {
        match words {
            ["vlan", "config"] => Outcome::good(show::vlan_config(&self.db)),
            ["vxlan", "vlanvnimap"] => Outcome::good(show::vni_map(&self.db)),
            ["mac"] => Outcome::good(show::macs(&self.world, &self.ports())),
            ["runningconfiguration", "all"] => Outcome::good(pretty(&self.db.json())),
            ["version"] => Outcome::good("\nSONiC Software Version: SONiC.202405\n"),
            [] => Outcome::good("Usage: show [OPTIONS] COMMAND [ARGS]...\n"),
            [other, ..] => Outcome::bad(
                2,
                format!(
                    "Usage: show [OPTIONS] COMMAND [ARGS]...\nTry \"show -h\" for help.\n\n\
                     Error: No such command \"{other}\".\n"
                ),
            ),
        }
    }

    /// `sonic-db-cli CONFIG_DB`: Redis commands on rows named `TABLE|key`.
    fn database(&mut self, words: &[&str], is_root: bool) -> Outcome {
        let place =
            |key: &str| key.split_once('|').map(|(table, row)| (table.to_owned(), row.to_owned()));
        let verb = words.first().map(|verb| verb.to_lowercase()).unwrap_or_default();
        let rest = words.get(1..).unwrap_or_default();
        let changes = ["hset", "hdel", "del"].contains(&verb.as_str());
        if changes && !is_root {
            return Outcome::bad(1, "Unable to connect to redis: Permission denied\n");
        }
        match (verb.as_str(), rest) {
            ("keys", [pattern]) => {
                let table = pattern.split('|').next().unwrap_or_default();
                let suffix = pattern.strip_prefix(table).unwrap_or_default();
                if suffix != "|*" {
                    return Outcome::bad(1, "only TABLE|* is understood here\n");
                }
                let keys = self.db.table(table).map(|(key, _)| format!("{table}|{key}\n"));
                Outcome::good(keys.collect::<String>())
            }
            ("hgetall", [key]) => {
                let row = place(key).and_then(|(table, row)| self.db.row(&table, &row).cloned());
                Outcome::good(show::dictionary(row.as_ref()))
            }
            ("hget", [key, field]) => {
                let value = place(key)
                    .and_then(|(table, row)| self.db.field(&table, &row, field).map(str::to_owned));
                Outcome::good(format!("{}\n", value.unwrap_or_default()))
            }
            ("hset", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
                let Some((table, row)) = place(key) else { return Outcome::bad(1, "bad key\n") };
                let fields = pairs.chunks(2).filter_map(|pair| match pair {
                    [field, value] => Some((*field, *value)),
                    _ => None,
                });
                let old = self.db.row(&table, &row).map_or(0, Row::len);
                self.db.set(&table, &row, fields);
                let new = self.db.row(&table, &row).map_or(0, Row::len);
                Outcome::good(format!("{}\n", new - old))
            }
            ("hdel", [key, fields @ ..]) if !fields.is_empty() => {
                let Some((table, row)) = place(key) else { return Outcome::bad(1, "bad key\n") };
                let gone = fields.iter().filter(|field| self.db.unset(&table, &row, field)).count();
                Outcome::good(format!("{gone}\n"))
            }
            ("del", [key]) => {
                let gone = place(key).is_some_and(|(table, row)| self.db.remove(&table, &row));
                Outcome::good(format!("{}\n", u8::from(gone)))
            }
            _ => Outcome::bad(1, format!("ERR wrong number of arguments for '{verb}' command\n")),
        }
    }

    /// `sonic-db-dump`: rows by a pattern on their whole keys.
    fn dump(&self, words: &[&str]) -> Outcome {
        let (mut database, mut pattern) = (None, "*");
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match word {
                "-n" | "--dbname" => database = words.next(),
                "-k" | "--keys" => pattern = words.next().unwrap_or("*"),
                "-y" | "--pretty" => {}
                other => {
                    let usage = "usage: sonic-db-dump [-h] -n DBNAME [-k KEYS] [-y]\n";
                    let told = format!("sonic-db-dump: error: unrecognized arguments: {other}\n");
                    return Outcome::bad(2, format!("{usage}{told}"));
                }
            }
        }
        let ports = self.ports();
        let rows = match database {
            Some("CONFIG_DB") => self.db.rows(),
            Some("APPL_DB") => {
                let mut rows = show::state(&self.db, &self.world, &ports);
                rows.extend(show::neighbours(&self.world));
                rows
            }
            Some("STATE_DB") => show::addresses(&self.world, &ports),
            other => {
                let name = other.unwrap_or_default();
                return Outcome::bad(1, format!("Invalid database name input: '{name}'\n"));
            }
        };
        Outcome::good(pretty(&db::dump(&rows, pattern)))
    }

    fn state(&self, words: &[&str]) -> Outcome {
        let tables = show::state(&self.db, &self.world, &self.ports());
        match words {
            [verb, key] if verb.eq_ignore_ascii_case("hgetall") => {
                Outcome::good(show::dictionary(tables.get(*key)))
            }
            [verb, key, field] if verb.eq_ignore_ascii_case("hget") => {
                let value = tables.get(*key).and_then(|row| row.get(*field));
                Outcome::good(format!("{}\n", value.map_or("", String::as_str)))
            }
            [verb, pattern] if verb.eq_ignore_ascii_case("keys") => {
                let start = pattern.strip_suffix('*').unwrap_or(pattern);
                let keys = tables.keys().filter(|key| key.starts_with(start));
                Outcome::good(keys.map(|key| format!("{key}\n")).collect::<String>())
            }
            _ => Outcome::bad(1, "ERR wrong number of arguments\n"),
        }
    }

    /// Lines for FRR, which remembers them and says nothing.
    fn vtysh(&mut self, words: &[&str]) -> Outcome {
        let mut lines: Vec<&str> = Vec::new();
        let mut words = words.iter().copied();
        while let Some(word) = words.next() {
            match (word, words.next()) {
                ("-c", Some(line)) => lines.push(line),
                _ => return Outcome::bad(1, "vtysh: invalid option\n"),
            }
        }
        if lines == ["write memory"] {
            return Outcome::good("Building Configuration...\n[OK]\n");
        }
        let path = lines.join(" / ");
        if let Some(undone) = lines.last().and_then(|line| line.strip_prefix("no ")) {
            self.routing.retain(|kept| !kept.contains(undone));
        } else if lines.first() == Some(&"configure terminal") {
            self.routing.insert(path);
        }
        Outcome::default()
    }

    fn member(&self, name: &str) -> (Option<u16>, VlanSet) {
        let (mut untagged, mut tagged) = (None, VlanSet::none());
        for (vlan, row) in self.db.with("VLAN_MEMBER", name) {
            let Some(id) = vlan.strip_prefix("Vlan").and_then(|id| id.parse().ok()) else {
                continue;
            };
            if row.get("tagging_mode").is_some_and(|mode| mode == "untagged") {
                untagged = Some(id);
            } else {
                tagged.insert(id);
            }
        }
        (untagged, tagged)
    }

    fn port(&self, name: &str, row: &Row) -> PortView {
        let enabled = row.get("admin_status").is_some_and(|status| status == "up");
        let lag = config::lag_of(&self.db, name).map(str::to_owned);
        let (untagged, tagged) = self.member(name);
        PortView {
            name: name.to_owned(),
            up: enabled && lag.is_none() && self.world.link(name),
            enabled,
            untagged,
            permits: tagged.clone(),
            tagged,
            lag_mode: lag.as_ref().map(|_| "active".to_owned()),
            lag,
            mtu: row.get("mtu").and_then(|mtu| mtu.parse().ok()),
            description: row.get("description").cloned(),
            ..PortView::default()
        }
    }

    fn lag(&self, name: &str, row: &Row) -> PortView {
        let members: Vec<String> =
            self.db.of("PORTCHANNEL_MEMBER", name).map(|(port, _)| port.to_owned()).collect();
        let fallback = row.get("fallback").filter(|value| *value == "true");
        let enabled = row.get("admin_status").is_some_and(|status| status == "up");
        let lit = |port: &&String| {
            self.world.link(port)
                && self.db.field("PORT", port, "admin_status").is_some_and(|status| status == "up")
        };
        let speaking = members.iter().filter(lit).filter(|port| self.world.lacp(port)).count();
        let least = row.get("min_links").and_then(|links| links.parse().ok()).unwrap_or(1);
        let alone = speaking == 0 && fallback.is_some() && members.iter().any(|port| lit(&port));
        let (untagged, tagged) = self.member(name);
        let pair = self
            .db
            .table("MCLAG_INTERFACE")
            .any(|(key, _)| key.split_once('|').is_some_and(|(_, lag)| lag == name));
        let number = name.strip_prefix("PortChannel").and_then(|digits| digits.parse().ok());
        PortView {
            name: name.to_owned(),
            up: enabled && (alone || speaking >= least && speaking > 0),
            enabled,
            untagged,
            permits: tagged.clone(),
            tagged,
            lag_mode: Some("active".to_owned()),
            members,
            fallback: fallback.cloned(),
            pair: number.filter(|_| pair),
            mtu: row.get("mtu").and_then(|mtu| mtu.parse().ok()),
            ..PortView::default()
        }
    }
}

fn pretty(value: &serde_json::Value) -> String {
    // A value of text keys always serialises.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    format!("{text}\n")
}

impl Device for Sonic {
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
            let question = "Existing files will be overwritten, continue? [y/N]: ";
            return Prompt::ask(question, Wants::Answer);
        }
        let sign = if session.user == "root" { '#' } else { '$' };
        Prompt::new(format!("{}@{}:~{sign} ", session.user, self.name))
    }

    fn line(&mut self, session: &mut Session, line: &str, _now: Instant) -> Reply {
        if std::mem::take(&mut session.asks) {
            return if line.trim().eq_ignore_ascii_case("y") {
                self.saved = self.db.clone();
                Reply::text(SAVING)
            } else {
                Reply::text("Aborted!")
            };
        }
        if ["exit", "logout"].contains(&line.trim()) {
            return Reply { text: "logout\n".to_owned(), ..Reply::end() };
        }
        let Outcome { output, errors, .. } = self.run(session, line);
        Reply::text(format!("{output}{errors}"))
    }

    fn exec(&mut self, session: &mut Session, command: &str, _input: &[u8], _now: Instant) -> Exit {
        let Outcome { output, errors, status } = self.run(session, command);
        // A question that nobody can answer ends the command.
        if std::mem::take(&mut session.asks) {
            let question = "Existing files will be overwritten, continue? [y/N]: ";
            return Exit {
                output: question.to_owned(),
                errors: "Aborted!\n".to_owned(),
                status: 1,
            };
        }
        Exit { output, errors, status }
    }

    fn screen(&self, _session: &Session) -> Screen {
        Screen { length: None, width: Some(80) }
    }

    fn ports(&self) -> Vec<PortView> {
        let ports = self.db.table("PORT").map(|(name, row)| self.port(name, row));
        ports.chain(self.db.table("PORTCHANNEL").map(|(name, row)| self.lag(name, row))).collect()
    }

    fn canonical(&self, name: &str) -> Option<String> {
        let exact = self.db.has("PORT", name) || self.db.has("PORTCHANNEL", name);
        exact.then(|| name.to_owned())
    }

    fn running(&self) -> String {
        pretty(&self.db.json())
    }

    fn is_saved(&self) -> bool {
        self.saved == self.db
    }

    fn world(&mut self) -> &mut World {
        &mut self.world
    }
}
