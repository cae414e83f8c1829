//! Reading, and saying what was understood.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use drivers::ssh_cli::{
    profile::schema::Tells,
    read::{Asked, MacEntry, Neighbor, Object},
};
use model::{PortName, Vlan};
use serde_json::{Value, json};
use switch::{DeviceError, Observation, Query, Session as _, VlanDatabase};

use super::{
    Trial, Wishes,
    watch::{Exchange, readings},
    works::Stage,
};
use crate::{
    cli::exit::Exit,
    render::{
        Look, count,
        trial::{self as render, Answered, Mark, Unknown},
    },
};

/// How many ports are looked at when none is named, and how many LAGs.
const FEW: usize = 8;
/// How many lines of an answer are shown with an error.
const SHOWN: usize = 12;
/// How much of the end of a transcript is read for that, in bytes.
const TAIL: u64 = 64 << 10;
/// Words after which a line of a configuration may hold a secret.
const SECRETIVE: [&str; 6] =
    ["password", "secret", "community", "passphrase", "private-key", "authentication-key"];

/// What was read.
#[derive(Default)]
pub(super) struct Found {
    /// The ports that were looked at and are there, and all LAGs.
    pub(super) seen: Observation,
    /// The port that is named and not there.
    missing: Option<PortName>,
}

/// The end of a transcript.
pub(super) struct Tail {
    path: PathBuf,
    from: u64,
}

impl Tail {
    /// What is written from now on.
    pub(super) fn new(path: &Path) -> Self {
        let from = path.metadata().map_or(0, |file| file.len());
        Self { path: path.to_owned(), from }
    }

    /// The last lines of what was typed (`>`) and shown (`<`); none if they cannot be had.
    pub(super) fn last(&self) -> Vec<String> {
        let read = || {
            let mut file = File::open(&self.path).ok()?;
            let length = file.metadata().ok()?.len();
            let from = self.from.max(length.saturating_sub(TAIL));
            file.seek(SeekFrom::Start(from)).ok()?;
            let mut bytes = Vec::new();
            file.take(TAIL).read_to_end(&mut bytes).ok()?;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let text = read().unwrap_or_default();
        // The time, the switch, the rest.
        let lines = text.lines().filter_map(|line| line.splitn(3, ' ').nth(2));
        let lines: Vec<&str> = lines.filter(|line| line.starts_with(['<', '>'])).collect();
        let before = lines.len().saturating_sub(SHOWN);
        lines.into_iter().skip(before).map(str::to_owned).collect()
    }
}

/// A line without what may be a secret that is not ours to know.
pub(super) fn masked(line: &str) -> String {
    let lower = line.to_ascii_lowercase();
    let cut = |word: &&str| {
        let end = lower.find(*word)? + word.len();
        let rest = line.get(end..)?;
        (rest.starts_with(' ') && !rest.trim().is_empty()).then_some(end)
    };
    match SECRETIVE.iter().filter_map(cut).min().and_then(|end| line.get(..end)) {
        Some(kept) => format!("{kept} [hidden]"),
        None => line.to_owned(),
    }
}

/// How the program ends when a step came to nothing.
pub(super) const fn exit_of(error: &DeviceError) -> Exit {
    match error {
        DeviceError::Unreachable { .. }
        | DeviceError::Disconnected { .. }
        | DeviceError::TimedOut { .. } => Exit::Unavailable,
        DeviceError::Rejected { .. } | DeviceError::Unrecognised { .. } => Exit::Rejected,
        DeviceError::Unsupported { .. } => Exit::Invalid,
    }
}

/// As people order ports: by their numbers.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut parts = vec![(String::new(), 0_u64)];
    let mut in_number = false;
    for c in name.chars() {
        if !c.is_ascii_digit() && in_number {
            parts.push((String::new(), 0));
        }
        in_number = c.is_ascii_digit();
        if let Some((text, number)) = parts.last_mut() {
            match c.to_digit(10) {
                Some(digit) => *number = number.saturating_mul(10).saturating_add(digit.into()),
                None => text.push(c),
            }
        }
    }
    parts
}

const fn told_by(tells: Tells) -> &'static str {
    match tells {
        Tells::Ports => "ports",
        Tells::Lags => "lags",
        Tells::LagNames => "lag_names",
        Tells::Vlans => "vlans",
        Tells::Status => "status",
        Tells::Names => "names",
        Tells::Lldp => "lldp",
        Tells::Macs => "macs",
    }
}

impl Trial<'_> {
    pub(super) async fn look(&mut self, wishes: &Wishes) -> anyhow::Result<Found> {
        let mut found = Found::default();
        self.name_objects(wishes.lags.iter().cloned().map(Object::Lag));
        self.read_lag_names(&mut found).await?;
        let ports = match wishes.ports.is_empty() {
            false => wishes.ports.clone(),
            true => self.first_ports().await?,
        };
        self.read_ports(ports, !wishes.ports.is_empty(), &mut found).await?;
        self.read_lags(wishes, &mut found).await?;
        self.read_vlans(wishes.vlan, &mut found).await?;
        self.read_neighbors().await?;
        self.read_macs().await?;
        self.document.insert("ports".to_owned(), json!(found.seen.slice.ports));
        self.document.insert("lags".to_owned(), json!(found.seen.slice.lags));
        self.document.insert("vlans".to_owned(), json!(found.seen.all_vlans));
        self.document.insert("status".to_owned(), json!(found.seen.status));
        self.show_answers()?;
        Ok(found)
    }

    /// Questions about these may be asked from now on.
    pub(super) fn name_objects(&mut self, objects: impl IntoIterator<Item = Object>) {
        for object in objects {
            if !self.objects.contains(&object) {
                self.objects.push(object);
            }
        }
        self.log.allow(readings(&self.system, &self.objects).map(|asked| asked.command));
    }

    /// Reads; what is wrong is told as a step.
    pub(super) async fn observe(
        &mut self,
        what: &str,
        query: &Query,
    ) -> anyhow::Result<Option<Observation>> {
        let seen = self.ask(what, async |session| session.observe(query).await).await;
        self.settle(what, seen)
    }

    /// The answer; an error is told, with what the switch said and where the profile says
    /// something about it.
    fn settle<T>(
        &mut self,
        what: &str,
        outcome: Result<T, DeviceError>,
    ) -> anyhow::Result<Option<T>> {
        let exchanges = self.digest();
        match outcome {
            Ok(answer) => Ok(Some(answer)),
            Err(error) => {
                let said = self.explained(&error, &exchanges);
                self.tell(Mark::Bad, format!("{what}: {error}"), said)?;
                Ok(None)
            }
        }
    }

    /// What the rules made of what was said since the last time.
    fn digest(&mut self) -> Vec<Exchange> {
        let exchanges = self.log.take();
        let known: Vec<Asked> = readings(&self.system, &self.objects).collect();
        for Exchange { command, answer } in &exchanges {
            let is_new = self.answers.iter().all(|answered| answered.command != *command);
            if let Some(asked) = known.iter().find(|asked| asked.command == *command)
                && is_new
            {
                let answered = self.answered(asked, answer);
                self.answers.push(answered);
            }
        }
        exchanges
    }

    fn answered(&self, asked: &Asked, answer: &str) -> Answered {
        let grammar = &self.system.profile.conversation.grammar;
        let clean = |text: &str| masked(&self.redactor.clean(text.to_owned()));
        let kept: Vec<&str> =
            answer.lines().filter(|line| !grammar.is_noise(line.trim_end())).collect();
        let first = kept.iter().map(|line| line.trim_end()).find(|line| !line.is_empty());
        let mut note = match first {
            None => Some("nothing".to_owned()),
            Some(line) if grammar.is_absent(line) => Some(format!("not there: {}", clean(line))),
            Some(line) if grammar.is_error(line) || grammar.is_busy(line) => {
                Some(format!("refused: {}", clean(line)))
            }
            Some(_) => None,
        };
        let mut answered = Answered {
            command: asked.command.clone(),
            tells: String::new(),
            places: Vec::new(),
            json: false,
            lines: 0,
            known: 0,
            unknown: Vec::new(),
            denied: false,
            note: None,
        };
        answered.denied = note.is_some() && first.is_some();
        let text = if note.is_none() { kept.join("\n") } else { String::new() };
        match self.system.reader.unread(asked, &text) {
            Err(error) => note = note.or(Some(format!("cannot be read: {error}"))),
            Ok(unread) => {
                let tells: Vec<&str> = unread.tells.iter().map(|tells| told_by(*tells)).collect();
                answered.tells = tells.join(", ");
                answered.places = unread.places.iter().map(|at| self.written.place(at)).collect();
                answered.json = unread.is_json;
                answered.lines = unread.known + unread.outside + unread.unknown.len();
                answered.known = unread.known;
                if note.is_none() {
                    let unknown = unread.unknown.into_iter();
                    answered.unknown = unknown
                        .map(|line| Unknown {
                            line: clean(&line.text),
                            concerns_vlans: line.is_relevant,
                        })
                        .collect();
                    if unread.known == 0 && answered.lines > 0 {
                        note = Some("no rule knows any of it".to_owned());
                    }
                }
            }
        }
        Answered { note, ..answered }
    }

    /// What the switch said, and where the profile would say something about it.
    pub(super) fn explained(&self, error: &DeviceError, exchanges: &[Exchange]) -> Vec<String> {
        let mut said = Vec::new();
        let text = error.to_string();
        let named = |exchange: &&Exchange| text.contains(&format!("`{}`", exchange.command));
        let of_operation = |exchange: &&Exchange| match error {
            DeviceError::Rejected { operation: Some(line), .. } => exchange.command == *line,
            _ => false,
        };
        let exchange = exchanges
            .iter()
            .rev()
            .find(of_operation)
            .or_else(|| exchanges.iter().rev().find(named))
            .filter(|_| !matches!(error, DeviceError::TimedOut { .. }));
        let Some(Exchange { command, answer }) = exchange else {
            said.extend(self.transcript.last());
            let keys: &[&str] = match error {
                DeviceError::Unsupported { .. } => &[],
                DeviceError::Rejected { .. } | DeviceError::Unrecognised { .. } => &["answers"],
                _ => &["session.prompts", "session.pager", "configure.questions"],
            };
            let places: Vec<String> = keys.iter().map(|key| self.written.place(key)).collect();
            if !places.is_empty() {
                said.push(format!("what it shows is held against {}", places.join(", ")));
            }
            return said;
        };
        said.push(format!("the answer to `{command}`:"));
        said.extend(answer.lines().take(SHOWN).map(|line| format!("  {line}")));
        let left = answer.lines().count().saturating_sub(SHOWN);
        if left > 0 {
            said.push(format!("  … and {}", count(left, "line more", "lines more")));
        }
        let mut known = readings(&self.system, &self.objects);
        let places = known.find(|asked| asked.command == *command);
        let places = places.and_then(|asked| self.system.reader.unread(&asked, "").ok());
        let places: Vec<String> = places
            .map(|unread| unread.places.iter().map(|at| self.written.place(at)).collect())
            .unwrap_or_default();
        said.push(match (places.is_empty(), error) {
            (false, DeviceError::Rejected { .. }) => format!(
                "if this means that there is no such thing: {}; if the command is wrong: {}",
                self.written.place("answers.absent"),
                places.join(", ")
            ),
            (false, _) => format!("it is read by {}", places.join(", ")),
            (true, DeviceError::Rejected { .. }) => {
                format!("it counts as a refusal by {}", self.written.place("answers.errors"))
            }
            (true, _) => format!(
                "if it is harmless: {}; if it is a refusal: {}",
                self.written.place("answers.notes"),
                self.written.place("answers.errors")
            ),
        });
        said
    }

    async fn read_lag_names(&mut self, found: &mut Found) -> anyhow::Result<()> {
        if self.system.capabilities.lag.is_none() {
            return Ok(());
        }
        self.name_objects([]);
        let query = Query { lag_names: true, ..Query::default() };
        if let Some(seen) = self.observe("the names of LAGs", &query).await? {
            self.name_objects(seen.lag_names.iter().take(FEW).cloned().map(Object::Lag));
            found.seen.lag_names = seen.lag_names;
        }
        Ok(())
    }

    /// The first ports that the switch names by itself.
    async fn first_ports(&mut self) -> anyhow::Result<Vec<PortName>> {
        self.name_objects([]);
        let named = self.ask("the names of ports", async |s| s.named_ports().await).await;
        let Some(mut ports) = self.settle("the names of ports", named)? else {
            return Ok(Vec::new());
        };
        ports.sort_by_key(|port| natural(port.as_str()));
        let all = ports.len();
        ports.truncate(FEW);
        if all == 0 {
            ports.extend(self.written.profile.example_port());
            let step = match ports.first() {
                Some(port) => format!("no answer lists the ports; the profile's `{port}` is read"),
                None => "no answer lists the ports, so none is read".to_owned(),
            };
            self.tell(Mark::Odd, step, vec!["name others with `--port`".to_owned()])?;
        } else {
            let number = count(all, "port", "ports");
            let step = format!("{number} named by the switch; the first {} are read", ports.len());
            self.tell(Mark::Good, step, Vec::new())?;
        }
        Ok(ports)
    }

    async fn read_ports(
        &mut self,
        ports: Vec<PortName>,
        were_named: bool,
        found: &mut Found,
    ) -> anyhow::Result<()> {
        self.name_objects(ports.iter().cloned().map(Object::Port));
        for port in ports {
            let Some(seen) =
                self.observe(&format!("port `{port}`"), &Query::ports([&port])).await?
            else {
                continue;
            };
            if !seen.slice.ports.contains_key(&port) {
                let said = self.answers.iter().rev().filter(|answered| answered.note.is_some());
                let said = said.take(1).map(|answered| {
                    let note = answered.note.as_deref().unwrap_or_default();
                    format!("to `{}`: {note}", answered.command)
                });
                let (mark, said) = (if were_named { Mark::Bad } else { Mark::Odd }, said.collect());
                self.tell(mark, format!("there is no port `{port}`"), said)?;
                found.missing = found.missing.take().or(were_named.then_some(port));
                continue;
            }
            self.name_objects(seen.slice.lags.keys().cloned().map(Object::Lag));
            let Observation { slice, status, .. } = &mut found.seen;
            slice.ports.extend(seen.slice.ports);
            slice.lags.extend(seen.slice.lags);
            status.extend(seen.status);
        }
        let number = found.seen.slice.ports.len();
        if number > 0 {
            self.tell(Mark::Good, format!("{} read", count(number, "port", "ports")), Vec::new())?;
            self.show(&render::ports(self.output.look(), &found.seen))?;
        }
        Ok(())
    }

    async fn read_lags(&mut self, wishes: &Wishes, found: &mut Found) -> anyhow::Result<()> {
        let named = found.seen.lag_names.iter().take(FEW).chain(&wishes.lags);
        let lags: BTreeSet<_> =
            named.filter(|lag| !found.seen.slice.lags.contains_key(*lag)).cloned().collect();
        for lag in lags {
            let query = Query { lags: [lag.clone()].into(), ..Query::default() };
            let Some(seen) = self.observe(&format!("LAG `{lag}`"), &query).await? else { continue };
            if seen.slice.lags.is_empty() {
                self.tell(Mark::Odd, format!("there is no LAG `{lag}`"), Vec::new())?;
            }
            found.seen.slice.lags.extend(seen.slice.lags);
        }
        let number = found.seen.slice.lags.len();
        if number > 0 {
            self.tell(Mark::Good, format!("{} read", count(number, "LAG", "LAGs")), Vec::new())?;
            self.show(&render::lags(self.output.look(), &found.seen))?;
        }
        Ok(())
    }

    async fn read_vlans(&mut self, vlan: Vlan, found: &mut Found) -> anyhow::Result<()> {
        let can = &self.system.capabilities;
        if can.vlan_database == VlanDatabase::Implicit || !self.system.reader.tells(Tells::Vlans) {
            return Ok(());
        }
        self.name_objects([Object::Vlan(vlan)]);
        let query = Query { vlans: [vlan].into(), all_vlans: true, ..Query::default() };
        let Some(seen) = self.observe("VLANs", &query).await? else { return Ok(()) };
        found.seen.all_vlans = seen.all_vlans;
        found.seen.slice.vlans = seen.slice.vlans;
        let number = count(found.seen.all_vlans.len(), "VLAN", "VLANs");
        let mark = if found.seen.all_vlans.is_empty() { Mark::Odd } else { Mark::Good };
        self.tell(mark, format!("{number} read"), Vec::new())?;
        if !found.seen.all_vlans.is_empty() {
            self.show(&render::vlans(self.output.look(), &found.seen.all_vlans))?;
        }
        Ok(())
    }

    async fn read_neighbors(&mut self) -> anyhow::Result<()> {
        if !self.system.reader.tells(Tells::Lldp) {
            return Ok(());
        }
        let read = self.ask("neighbours", async |session| session.neighbors().await).await;
        let Some(all) = self.settle("neighbours", read)? else { return Ok(()) };
        let text = |look: Look| render::neighbors(look, &all);
        self.tell(Mark::Good, count(all.len(), "neighbour", "neighbours"), Vec::new())?;
        if !all.is_empty() {
            self.show(&text(self.output.look()))?;
        }
        let all =
            all.into_iter().map(|Neighbor { port, chassis, neighbor_port, neighbor_name }| {
                json!({ "port": port, "chassis": chassis, "neighbor_port": neighbor_port,
                    "neighbor_name": neighbor_name })
            });
        self.document.insert("neighbors".to_owned(), Value::from_iter(all));
        Ok(())
    }

    async fn read_macs(&mut self) -> anyhow::Result<()> {
        if !self.system.reader.tells(Tells::Macs) {
            return Ok(());
        }
        let read = self.ask("addresses", async |session| session.macs().await).await;
        let Some(all) = self.settle("addresses", read)? else { return Ok(()) };
        let number = count(all.len(), "MAC address", "MAC addresses");
        self.tell(Mark::Good, number, Vec::new())?;
        if !all.is_empty() {
            self.show(&render::macs(self.output.look(), &all))?;
        }
        let all = all.into_iter().map(|MacEntry { mac, vlan, place }| {
            json!({ "mac": mac, "vlan": vlan, "at": render::object(&place) })
        });
        self.document.insert("macs".to_owned(), Value::from_iter(all));
        Ok(())
    }

    /// Which lines no rule knows. One that concerns VLANs is worse: its port counts as carrying
    /// all of them.
    fn show_answers(&mut self) -> anyhow::Result<()> {
        if self.answers.is_empty() {
            return Ok(());
        }
        let strange = self.answers.iter().map(Answered::strange);
        let (relevant, others) =
            strange.fold((0, 0), |(all, rest), (one, other)| (all + one, rest + other));
        let (mark, step) = match (relevant, others) {
            (0, 0) => (Mark::Good, "every line of a configuration is known".to_owned()),
            (0, others) => {
                let number = count(others, "line", "lines");
                (Mark::Odd, format!("{number} that no rule knows, and that concern no VLAN"))
            }
            (relevant, _) => {
                let number = count(relevant, "line", "lines");
                let what = "that concern VLANs and that no rule knows: their ports count as \
                            carrying all of them";
                (Mark::Bad, format!("{number} {what}"))
            }
        };
        let denied = self.answers.iter().filter(|answered| answered.denied).count();
        let said = (denied > 0).then(|| {
            let number = count(denied, "command was", "commands were");
            format!("{number} answered with no or nothing there: see whether that is so")
        });
        self.tell(mark, format!("answers: {step}"), said.into_iter().collect())?;
        self.show(&render::answers(self.output.look(), &self.answers))
    }

    /// Shows what would be sent to the first of the ports, and says how it all stands.
    pub(super) fn show_operations(
        &mut self,
        found: &Found,
        wishes: &Wishes,
    ) -> anyhow::Result<Exit> {
        if let Some(port) = found.seen.slice.ports.keys().min_by_key(|port| {
            let wanted = wishes.ports.iter().position(|wanted| wanted == *port);
            (wanted, natural(port.as_str()))
        }) {
            let operations = Stage {
                name: &self.name,
                system: &self.system,
                port,
                vlan: wishes.vlan,
                seen: &found.seen.slice,
                lag_names: &found.seen.lag_names,
            }
            .operations();
            let (before, after) = self.system.profile.frame();
            let step = format!("what would be sent for `{port}`; none of it was");
            self.tell(Mark::Good, step, Vec::new())?;
            let look = self.output.look();
            self.show(&render::operations(look, &operations, (&before, &after)))?;
            self.document.insert("operations".to_owned(), json!(operations));
        }
        let is_bad = self.steps.iter().any(|step| step.result == Mark::Bad);
        Ok(match (&found.missing, is_bad) {
            (Some(_), _) => Exit::Invalid,
            (None, true) => Exit::Broken,
            (None, false) => Exit::Ok,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("username admin secret sha512 $6$abc", "username admin secret [hidden]")]
    #[case("snmp-server community public ro", "snmp-server community [hidden]")]
    #[case("Password:", "Password:")]
    #[case("description secretary", "description secretary")]
    #[case("switchport access vlan 10", "switchport access vlan 10")]
    fn what_may_be_a_secret_is_hidden(#[case] line: &str, #[case] want: &str) {
        assert_eq!(masked(line), want);
    }

    #[test]
    fn ports_are_in_the_order_of_their_numbers() {
        let mut names = ["Ethernet10", "Ethernet2/1", "Ethernet2", "Ethernet1/10", "Ethernet1/9"];
        names.sort_by_key(|name| natural(name));
        assert_eq!(
            names,
            ["Ethernet1/9", "Ethernet1/10", "Ethernet2", "Ethernet2/1", "Ethernet10"]
        );
    }
}
