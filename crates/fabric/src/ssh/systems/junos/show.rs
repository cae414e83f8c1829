//! Operational mode.
//!
//! Layouts from captures in the test data of the project ntc-templates and from Juniper's
//! documentation of each command.

use std::fmt::Write as _;

use super::check::members;
use super::filter::Shown;
use super::schema::{Wrong, read};
use super::{Answer, EPOCH, Fault, Junos, Kind, RELEASE, Session, text};
use crate::ssh::device::Reply;
use crate::ssh::systems::text::colons;
use crate::ssh::view::PortView;

/// The SNMP index of the first port.
const FIRST_INDEX: usize = 513;

impl Junos {
    /// A line in operational mode.
    pub(super) fn operational(
        &mut self,
        session: &mut Session,
        words: &[&str],
    ) -> Result<Answer, Fault> {
        match words {
            ["configure" | "edit"] => self.configure_mode(session, Kind::Shared),
            ["configure", "private"] => self.configure_mode(session, Kind::Private),
            ["configure", "exclusive"] => self.configure_mode(session, Kind::Exclusive),
            ["set", "cli", rest @ ..] => set_cli(session, rest),
            ["exit" | "quit"] => Ok(Answer::Reply(Reply { text: String::new(), ..Reply::end() })),
            ["show", "configuration", rest @ ..] => {
                let place = if rest.is_empty() {
                    Vec::new()
                } else {
                    let shift = |wrong| match wrong {
                        Wrong::Word(index) => Wrong::Word(index + 2),
                        other => other,
                    };
                    read(rest, false).map_err(shift)?.path
                };
                let tree = self.active().below(&place);
                let heading = place.is_empty();
                Ok(Answer::Shown(Shown::Tree { tree, place, heading }))
            }
            ["show", rest @ ..] => {
                self.show(rest).map(|text| Answer::Shown(Shown::Text(text))).map_err(Fault::Command)
            }
            ["configure" | "set", ..] => Err(Fault::Command(1)),
            _ => Err(Fault::Wrong(Wrong::Word(0))),
        }
    }

    /// The text, or the index of the word that is no command.
    fn show(&self, words: &[&str]) -> Result<String, usize> {
        Ok(match words {
            ["interfaces", "terse"] => self.terse(None),
            ["interfaces", "terse", name] => match self.canonical_present(name) {
                Some(name) => self.terse(Some(&name)),
                None => format!("error: device {name} not found\n"),
            },
            ["interfaces", "descriptions"] => self.descriptions(),
            ["interfaces", "mc-ae"] => self.pairs(),
            ["vlans"] => self.vlans(None),
            ["vlans", name] => self.vlans(Some(name)),
            ["lacp", "interfaces"] => self.lacp(None),
            ["lacp", "interfaces", lag] => self.lacp(Some(lag)),
            ["lldp", "neighbors"] => self.lldp(),
            ["ethernet-switching", "table"] => self.macs(),
            ["snmp", "mib", "walk", "ifName"] => self.indices(),
            ["system", "commit"] => self.commits(),
            ["version"] => format!(
                "Hostname: {}\nModel: qfx5100-48s-6q\nJunos: {RELEASE}\n\
                 JUNOS Base OS boot [{RELEASE}]\n",
                self.host()
            ),
            ["interfaces" | "lacp" | "lldp" | "ethernet-switching" | "snmp" | "system", ..] => {
                return Err(2);
            }
            _ => return Err(1),
        })
    }

    fn canonical_present(&self, name: &str) -> Option<String> {
        let plane = self.plane();
        let own = name.strip_suffix(".0").unwrap_or(name);
        let is_port = self.ports.iter().any(|port| port == own);
        let is_lag = own.starts_with("ae") && plane.is_there(own);
        (is_port || is_lag).then(|| own.to_owned())
    }

    /// Every port and LAG that is on the switch.
    fn present(&self) -> Vec<PortView> {
        let plane = self.plane();
        let mut views = plane.views();
        views.retain(|view| !view.name.starts_with("ae") || plane.is_there(&view.name));
        views
    }

    /// The state of the link, which a member of a LAG has as well.
    fn link(&self, view: &PortView) -> &'static str {
        let is_up = if view.lag.is_some() { self.plane().is_lit(&view.name) } else { view.up };
        if is_up { "up" } else { "down" }
    }

    fn terse(&self, only: Option<&str>) -> String {
        let mut text =
            "Interface               Admin Link Proto    Local                 Remote\n".to_owned();
        for view in self.present().iter().filter(|view| only.is_none_or(|only| only == view.name)) {
            let admin = if view.enabled { "up" } else { "down" };
            let link = self.link(view);
            let _ = writeln!(text, "{:<24}{admin:<6}{link}", view.name);
            let unit = format!("{}.0", view.name);
            let has = |family| {
                self.active().has(&["interfaces", &view.name, "unit", "0", "family", family])
            };
            if let Some(lag) = &view.lag {
                let _ = writeln!(text, "{unit:<24}up    {link:<5}aenet    --> {lag}.0");
            } else if has("ethernet-switching") {
                let _ = writeln!(text, "{unit:<24}up    {link:<5}eth-switch");
            } else if self.active().has(&["interfaces", &view.name, "unit", "0"]) {
                let _ = writeln!(text, "{unit:<24}up    {link}");
            }
        }
        text
    }

    fn descriptions(&self) -> String {
        let mut text = String::new();
        for view in self.present() {
            let Some(description) = &view.description else { continue };
            if text.is_empty() {
                text.push_str("Interface       Admin Link Description\n");
            }
            let admin = if view.enabled { "up" } else { "down" };
            let link = self.link(&view);
            let _ = writeln!(text, "{:<15} {admin:<5} {link:<4} {description}", view.name);
        }
        text
    }

    fn vlans(&self, only: Option<&str>) -> String {
        let plane = self.plane();
        let views = plane.views();
        let mut text =
            "\nRouting instance        VLAN name             Tag          Interfaces\n".to_owned();
        let mut found = false;
        for name in self.active().names(&["vlans"]) {
            let Some(id) = plane.id(name) else { continue };
            if only.is_some_and(|only| only != name && only.parse() != Ok(id)) {
                continue;
            }
            found = true;
            let _ = writeln!(text, "{:<24}{name:<22}{id:>4}", "default-switch");
            for view in views.iter().filter(|view| view.vlans().contains(id)) {
                let star = if view.up { "*" } else { "" };
                let _ = writeln!(text, "{:59}{}.0{star}", "", view.name);
            }
        }
        match only {
            Some(name) if !found => format!("error: vlan with tag or name {name} does not exist\n"),
            _ => text,
        }
    }

    fn lacp(&self, only: Option<&str>) -> String {
        let plane = self.plane();
        let mut text = String::new();
        for lag in plane.lags() {
            if !plane.is_lacp(lag)
                || !plane.is_there(lag)
                || only.is_some_and(|only| only.trim_end_matches(".0") != lag)
            {
                continue;
            }
            let own = ["interfaces", lag, "aggregated-ether-options", "lacp"];
            let leaf = |word| self.active().leaf(&[&own[..], &[word]].concat());
            let rate = if leaf("periodic") == Some("slow") { "Slow" } else { "Fast" };
            let is_active = self.active().has(&[&own[..], &["active"]].concat());
            let activity = if is_active { "Active" } else { "Passive" };
            let _ = writeln!(text, "Aggregated interface: {lag}");
            text.push_str(
                "    LACP state:       Role   Exp   Def  Dist  Col  Syn  Aggr  Timeout  Activity\n",
            );
            let mut protocol =
                "    LACP protocol:        Receive State  Transmit State          Mux State\n"
                    .to_owned();
            for port in members(self.active(), lag) {
                let speaks = plane.is_lit(port) && self.world.lacp(port);
                let works = plane.works(lag, port);
                let word = |yes: bool| if yes { "Yes" } else { "No" };
                for (role, activity) in
                    [("Actor", activity), ("Partner", if speaks { "Active" } else { "Passive" })]
                {
                    let known = works && (speaks || role == "Actor");
                    let _ = writeln!(
                        text,
                        "      {port:<10}{role:>10}{:>6}{:>6}{:>6}{:>5}{:>5}{:>6}{rate:>9}{activity:>10}",
                        "No",
                        word(!speaks),
                        word(known),
                        word(known),
                        word(known),
                        "Yes",
                    );
                }
                let receive = match (plane.is_lit(port), speaks) {
                    (false, _) => "Port disabled",
                    (true, false) => "Defaulted",
                    (true, true) => "Current",
                };
                let transmit = if plane.is_lit(port) {
                    format!("{rate} periodic")
                } else {
                    "No periodic".into()
                };
                let mux = if works { "Collecting distributing" } else { "Detached" };
                let _ = writeln!(protocol, "      {port:<10}{receive:>23}{transmit:>16} {mux}");
            }
            let _ = writeln!(text, "{protocol}");
        }
        if let (Some(lag), true) = (only, text.is_empty()) {
            return format!("error: {lag} is not an aggregated interface with LACP\n");
        }
        text.truncate(text.trim_end().len());
        text
    }

    fn lldp(&self) -> String {
        let mut text =
            "Local Interface    Parent Interface    Chassis Id          Port info          \
                        System Name\n"
                .to_owned();
        let plane = self.plane();
        for (port, neighbour) in self.world.neighbours().filter(|(port, _)| plane.enabled(port)) {
            let parent = plane.lag_of(port).unwrap_or("-");
            let _ = writeln!(
                text,
                "{port:<19}{parent:<20}{:<20}{:<19}{}",
                colons(&neighbour.chassis),
                neighbour.port_id,
                neighbour.system_name
            );
        }
        text
    }

    fn macs(&self) -> String {
        let plane = self.plane();
        let heard = self.world.macs(&plane.views());
        let count = heard.len();
        if count == 0 {
            return String::new();
        }
        let mut text = format!(
            "\nMAC flags (S - static MAC, D - dynamic MAC, L - locally learned, P - Persistent static, \
             C - Control MAC\n           SE - statistics enabled, NM - non configured MAC, R - remote \
             PE MAC, O - ovsdb MAC)\n\n\nEthernet switching table : {count} entries, {count} learned\n\
             Routing instance : default-switch\n\
             \x20   Vlan                MAC                 MAC         Age    Logical                \
             NH        RTR\n\
             \x20   name                address             flags              interface              \
             Index     ID\n"
        );
        for (vlan, address, port) in heard {
            let names = self.active().names(&["vlans"]);
            let name = names.into_iter().find(|name| plane.id(name) == Some(vlan));
            let name = name.unwrap_or("default");
            let _ = writeln!(
                text,
                "    {name:<20}{:<20}DL            -   {:<23}0         0",
                colons(&address),
                format!("{port}.0")
            );
        }
        text
    }

    /// `ifName` of the interface table: ports, LAGs, and the unit of each that has one.
    fn indices(&self) -> String {
        let mut text = String::new();
        let mut row = |index: usize, name: &str| {
            let _ = writeln!(text, "{:<13} = {name}", format!("ifName.{index}"));
        };
        row(1, "em0");
        for (number, view) in self.present().iter().enumerate() {
            let index = FIRST_INDEX + 2 * number;
            row(index, &view.name);
            let has_unit = self.active().has(&["interfaces", &view.name, "unit", "0"]);
            if has_unit || view.lag.is_some() {
                row(index + 1, &format!("{}.0", view.name));
            }
        }
        text
    }

    /// `show interfaces mc-ae`.
    fn pairs(&self) -> String {
        let mut text = String::new();
        for view in self.present() {
            let own = ["interfaces", &view.name, "aggregated-ether-options", "mc-ae"];
            if !self.active().has(&own) {
                continue;
            }
            let peer = if self.setup.has_pair { "up" } else { "down" };
            let status = self.active().leaf(&[&own[..], &["status-control"]].concat());
            let (status, other) = match status {
                Some("standby") => ("standby", "active"),
                _ => ("active", "standby"),
            };
            let local = if view.up { "up" } else { "down" };
            let _ = write!(
                text,
                " Member Link                  : {}\n\
                 \x20Current State Machine's State: mcae active state\n\
                 \x20Configuration Error Status   : No Error\n\
                 \x20Local Status                 : {status}\n\
                 \x20Local State                  : {local}\n\
                 \x20Peer Status                  : {other}\n\
                 \x20Peer State                   : {peer}\n\
                 \x20    Logical Interface        : {}.0\n\
                 \x20    Topology Type            : bridge\n\
                 \x20    Local State              : {local}\n\
                 \x20    Peer State               : {peer}\n\
                 \x20    Peer Ip/MCP/State        : 10.0.0.2 ae0.0 {peer}\n\n",
                view.name, view.name
            );
        }
        text
    }

    fn commits(&self) -> String {
        let mut text = String::new();
        for (number, commit) in self.commits.iter().enumerate() {
            let confirmed = commit
                .minutes
                .map(|minutes| format!(" commit confirmed, rollback in {minutes}mins"));
            let confirmed = confirmed.unwrap_or_default();
            let _ = writeln!(
                text,
                "{number:<3} {EPOCH} by {} via {}{confirmed}",
                commit.user, commit.via
            );
            if let Some(comment) = &commit.comment {
                let _ = writeln!(text, "    {comment}");
            }
            if number == 0 && self.unconfirmed.is_some() {
                text.push_str("    rollback pending\n");
            }
        }
        text
    }
}

fn set_cli(session: &mut Session, words: &[&str]) -> Result<Answer, Fault> {
    let number = |word: &str, least: u16| {
        let number = word.parse::<u16>().ok().filter(|number| *number == 0 || *number >= least);
        let wrong =
            || Wrong::Value(format!("error: Value {word} is not within range ({least}..1024)"));
        number.filter(|number| *number <= 1024 || least == 0).ok_or_else(wrong)
    };
    match words {
        ["screen-length", lines] => {
            let lines = number(lines, 0)?;
            session.screen.length = Some(lines).filter(|lines| *lines > 0);
            text(format!("Screen length set to {lines}"))
        }
        ["screen-width", columns] => {
            let columns = number(columns, 40)?;
            session.screen.width = Some(columns).filter(|columns| *columns > 0);
            text(format!("Screen width set to {columns}"))
        }
        ["complete-on-space", "off"] => text("Disabling complete-on-space"),
        ["complete-on-space", "on"] => text("Enabling complete-on-space"),
        ["timestamp", "disable"] => text("CLI timestamp disabled"),
        ["idle-timeout", minutes] => {
            let minutes = number(minutes, 0)?;
            text(if minutes == 0 {
                "Idle timeout disabled".to_owned()
            } else {
                format!("Idle timeout set to {minutes} minutes")
            })
        }
        _ => Err(Fault::Command(2)),
    }
}
