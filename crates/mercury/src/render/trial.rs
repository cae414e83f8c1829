//! What a trial of a device profile has seen on a switch.

use std::{collections::BTreeMap, fmt::Write as _};

use drivers::ssh_cli::read::{MacEntry, Neighbor, Object};
use model::{AdminState, PortConfig, Vlan};
use serde::Serialize;
use switch::{LacpStatus, Observation, PortStatus, VlanState};

use super::{Look, Shown, Tone, count, indented, maybe, ports::config_line, safe};

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mark {
    /// As it should be.
    Good,
    /// To be looked at.
    Odd,
    /// Not so.
    Bad,
}

/// A step, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    /// How it went.
    pub(crate) result: Mark,
    /// What was done, or found.
    pub(crate) step: String,
    /// More about it, one text a line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) said: Vec<String>,
}

/// A line that no rule knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Unknown {
    /// The line as rules see it.
    pub(crate) line: String,
    /// Whether it makes what its port carries unknown.
    pub(crate) concerns_vlans: bool,
}

/// A command that reads, and what the rules made of its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Answered {
    /// The command.
    pub(crate) command: String,
    /// What its readings tell.
    pub(crate) tells: String,
    /// Where they stand in the profile.
    pub(crate) places: Vec<String>,
    /// Whether the lines are values of JSON, of which nobody needs most.
    pub(crate) json: bool,
    /// How many lines there are.
    pub(crate) lines: usize,
    /// How many of them a rule knows.
    pub(crate) known: usize,
    /// Those that none knows although rules look there.
    pub(crate) unknown: Vec<Unknown>,
    /// Whether it says no, or that there is no such thing.
    pub(crate) denied: bool,
    /// What else is to be said: that it is a refusal, or cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<String>,
}

impl Answered {
    /// The unknown lines that say something about the profile: those of configurations, and all
    /// where no rule knows any. Tables have headings, and nobody needs most values of JSON.
    pub(crate) fn worth_showing(&self) -> Vec<&Unknown> {
        let configures = self.tells.split(", ").any(|tells| matches!(tells, "ports" | "lags"));
        let all = !self.json && (configures || self.known == 0);
        self.unknown.iter().filter(|line| all || line.concerns_vlans).collect()
    }

    /// How many unknown lines of a configuration there are: those that concern VLANs, and others.
    pub(crate) fn strange(&self) -> (usize, usize) {
        let relevant = self.unknown.iter().filter(|line| line.concerns_vlans).count();
        let shown = self.worth_showing().len();
        (relevant, if self.known == 0 { 0 } else { shown - relevant })
    }
}

/// Something that could be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Operation {
    /// What.
    pub(crate) title: String,
    /// The lines that would be sent; none when it is so already.
    pub(crate) lines: Vec<String>,
    /// Why it cannot be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refused: Option<String>,
}

/// How many rows of a table are shown; all are in the JSON document.
const ROWS: usize = 24;
/// How many unknown lines of an answer are shown.
const UNKNOWN: usize = 20;

/// A step, with its sign.
pub(crate) fn step(look: Look, step: &Step) -> String {
    let sign = match step.result {
        Mark::Good => look.paint(Tone::Good, "✓"),
        Mark::Odd => look.paint(Tone::Odd, "!"),
        Mark::Bad => look.paint(Tone::Bad, "✗"),
    };
    let mut out = format!("{sign} {}\n", indented(&step.step, 2));
    for line in &step.said {
        let _ = writeln!(out, "    {}", indented(line, 4));
    }
    out
}

/// A table below its step.
fn below(table: &str) -> String {
    table.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "   {line}");
        out
    })
}

fn more(out: &mut String, all: usize) {
    if all > ROWS {
        let _ = writeln!(out, "    … and {} more; `--json` has all", all - ROWS);
    }
}

fn link(status: Option<&PortStatus>) -> Shown {
    match status.and_then(|status| status.link) {
        Some(AdminState::Up) => Shown::toned(Tone::Good, "up"),
        Some(AdminState::Down) => Shown::toned(Tone::Odd, "down"),
        None => Shown::default(),
    }
}

/// Ports as they were understood.
pub(crate) fn ports(look: Look, seen: &Observation) -> String {
    let mut rows = look.table(["PORT", "LAG", "CARRIES", "LINK", "LACP", "DESCRIPTION", "REMARK"]);
    for (port, state) in seen.slice.ports.iter().take(ROWS) {
        let status = seen.status.get(port);
        let lacp = match status.and_then(|status| status.lacp) {
            Some(LacpStatus::Current) => Shown::toned(Tone::Good, "current"),
            Some(LacpStatus::NoPartner) => Shown::toned(Tone::Odd, "no partner"),
            None => Shown::default(),
        };
        let remark = status.and_then(|status| status.error.as_ref());
        rows.add([
            Shown::from(port),
            maybe(state.lag.as_ref()),
            Shown::from(config_line(&state.config)),
            link(status),
            lacp,
            maybe(state.config.description.as_ref()),
            remark.map_or_else(Shown::default, |text| Shown::toned(Tone::Odd, text)),
        ]);
    }
    below(&rows.to_string())
}

/// LAGs as they were understood.
pub(crate) fn lags(look: Look, seen: &Observation) -> String {
    let mut rows = look.table(["LAG", "MODE", "MEMBERS", "CARRIES"]);
    for (name, lag) in seen.slice.lags.iter().take(ROWS) {
        rows.add([
            Shown::from(name),
            Shown::from(&lag.settings),
            Shown::from(model::LagConfig::members_text(&lag.members)),
            Shown::from(config_line(&PortConfig { description: None, ..lag.config.clone() })),
        ]);
    }
    let mut out = below(&rows.to_string());
    more(&mut out, seen.slice.lags.len());
    out
}

/// VLANs as they were understood.
pub(crate) fn vlans(look: Look, vlans: &BTreeMap<Vlan, VlanState>) -> String {
    let mut rows = look.table(["VLAN", "NAME", "VNI"]);
    for (vlan, VlanState { name, vni }) in vlans.iter().take(ROWS) {
        rows.add([Shown::from(vlan), maybe(name.as_ref()), maybe(vni.as_ref())]);
    }
    let mut out = below(&rows.to_string());
    more(&mut out, vlans.len());
    out
}

/// What is heard by LLDP.
pub(crate) fn neighbors(look: Look, neighbors: &[Neighbor]) -> String {
    let mut rows = look.table(["PORT", "NEIGHBOUR", "ITS PORT", "CHASSIS"]);
    for Neighbor { port, chassis, neighbor_port, neighbor_name } in neighbors.iter().take(ROWS) {
        rows.add([
            Shown::from(port),
            maybe(neighbor_name.as_ref()),
            maybe(neighbor_port.as_ref()),
            maybe(chassis.as_ref()),
        ]);
    }
    let mut out = below(&rows.to_string());
    more(&mut out, neighbors.len());
    out
}

/// The name of what an answer was about.
pub(crate) fn object(object: &Object) -> String {
    match object {
        Object::Port(port) => port.to_string(),
        Object::Lag(lag) => lag.to_string(),
        Object::Vlan(vlan) => format!("VLAN {vlan}"),
    }
}

/// Which addresses are where.
pub(crate) fn macs(look: Look, macs: &[MacEntry]) -> String {
    let mut rows = look.table(["PORT OR LAG", "VLAN", "ADDRESS"]);
    for MacEntry { mac, vlan, place } in macs.iter().take(ROWS) {
        rows.add([Shown::from(object(place)), maybe(vlan.as_ref()), Shown::from(mac)]);
    }
    let mut out = below(&rows.to_string());
    more(&mut out, macs.len());
    out
}

/// What the rules made of each answer.
pub(crate) fn answers(look: Look, answers: &[Answered]) -> String {
    let mut rows = look.table(["COMMAND", "TELLS", "LINES", "KNOWN", "REMARK"]);
    for Answered { command, tells, lines, known, note, .. } in answers {
        rows.add([
            Shown::from(command),
            Shown::from(tells),
            Shown::from(lines),
            Shown::from(known),
            note.as_ref().map_or_else(Shown::default, |text| Shown::toned(Tone::Odd, text)),
        ]);
    }
    let mut out = below(&rows.to_string());
    for answered in answers {
        let Answered { command, places, .. } = answered;
        let shown = answered.worth_showing();
        if shown.is_empty() {
            continue;
        }
        let number = count(shown.len(), "line", "lines");
        let _ = writeln!(
            out,
            "    {number} of `{}` that no rule of {} knows:",
            safe(command),
            safe(&places.join(", "))
        );
        for Unknown { line, concerns_vlans } in shown.iter().take(UNKNOWN) {
            let mark = match concerns_vlans {
                true => look.paint(Tone::Bad, "concerns VLANs: "),
                false => String::new(),
            };
            let _ = writeln!(out, "      {mark}{}", safe(line));
        }
        if shown.len() > UNKNOWN {
            let _ = writeln!(out, "      … and {} more", shown.len() - UNKNOWN);
        }
    }
    out
}

/// What would be sent.
pub(crate) fn operations(
    look: Look,
    operations: &[Operation],
    (before, after): (&[String], &[String]),
) -> String {
    let mut out = String::new();
    let mut block = |title: &str, lines: &[String]| {
        let _ = writeln!(out, "    {}", look.paint(Tone::Strong, safe(title)));
        for line in lines {
            let _ = writeln!(out, "        {}", safe(line));
        }
    };
    if !before.is_empty() {
        block("before every change", before);
    }
    for Operation { title, lines, refused } in operations {
        match refused {
            Some(why) => block(title, &[format!("refused: {why}")]),
            None if lines.is_empty() => block(title, &["nothing: it is so already".to_owned()]),
            None => block(title, lines),
        }
    }
    if !after.is_empty() {
        block("after every change", after);
    }
    out
}
