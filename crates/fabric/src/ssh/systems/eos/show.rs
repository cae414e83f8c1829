//! Tables and texts.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::super::chassis::forward::Member;
use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Config, Vlan};
use super::super::grammar::Values;
use super::super::text::{digits, dots};
use super::commands::Act;
use super::{Eos, NAMING, RULES, Session, json, running};
use crate::ssh::device::Reply;
use crate::ssh::vlans::VlanSet;

/// Commands without a JSON form answer so.
const UNCONVERTED: &str = "% This is an unconverted command";

impl Eos {
    pub(super) fn show(
        &self,
        session: &Session,
        act: Act,
        values: &Values,
        json: bool,
        now: Instant,
    ) -> Reply {
        let named = NAMING.read(values.text(0));
        let has_name = !values.text(0).is_empty();
        let port = named.filter(|name| self.running.ports.contains_key(name));
        let needs_port = matches!(
            act,
            Act::ShowSwitchport
                | Act::ShowStatusOf
                | Act::ShowLacpOf
                | Act::ShowVxlan
                | Act::ShowLldpOf
                | Act::ShowLldpDetailOf
        );
        if needs_port && has_name && port.is_none() {
            return Reply::text("% Interface does not exist");
        }
        let text = match act {
            Act::ShowVersion if json => json::version(self),
            Act::ShowVersion => version(),
            Act::ShowHostname => {
                format!("Hostname: {0}\nFQDN:     {0}\n", self.running.hostname)
            }
            Act::ShowSwitchport | Act::ShowSwitchports if json => {
                self.switchports_json(port.as_ref())
            }
            Act::ShowSwitchport | Act::ShowSwitchports => {
                let all = self.ports_or_all(port.as_ref());
                all.iter().map(|name| self.switchport(name)).collect::<Vec<_>>().join("\n")
            }
            Act::ShowStatus | Act::ShowStatusOf if json => self.status_json(port.as_ref()),
            Act::ShowStatus | Act::ShowStatusOf => self.status(port.as_ref()),
            Act::ShowVlan | Act::ShowVlans | Act::ShowConfiguredPorts => {
                return self.show_vlan(act, values, json);
            }
            Act::ShowLag => return self.lag_detail(values.number(), json),
            Act::ShowLagPorts => self.lag_ports(self.running.lags().map(|(lag, _)| lag), json),
            Act::ShowLldpDetail | Act::ShowLldpDetailOf if json => self.lldp_json(port.as_ref()),
            Act::ShowLacpOf if json => self.lacp_json(port.as_ref()),
            Act::ShowMac | Act::ShowMacAddress if json => self.macs_json(values.text(0)),
            Act::ShowMlag if json => self.mlag_json(),
            Act::ShowMlagSanity if json => json::sanity(),
            Act::ShowSessions => self.show_sessions(session, json, now),
            _ if json => return Reply::text(UNCONVERTED),
            Act::ShowRunning => {
                let head = "! Command: show running-config\n! device: ";
                let name = &self.config(session).hostname;
                let whole = running::whole(self.config(session));
                format!("{head}{name} (vEOS-lab, EOS-4.28.3M)\n!\n{whole}")
            }
            Act::ShowStartup => {
                format!("! Command: show startup-config\n!\n{}", running::whole(&self.startup))
            }
            Act::ShowRunningPorts => return self.running_ports(session, values.text(0)),
            Act::ShowVxlan => match port {
                Some(name) if name.kind == Kind::Tunnel => self.vxlan(),
                _ => self.status(port.as_ref()),
            },
            Act::ShowLags => self.lags(),
            Act::ShowLldp | Act::ShowLldpOf => self.lldp(port.as_ref()),
            Act::ShowLldpDetail | Act::ShowLldpDetailOf => self.lldp_detail(port.as_ref()),
            Act::ShowMac | Act::ShowMacAddress => self.macs(values.text(0)),
            Act::ShowMlag => self.mlag(),
            Act::ShowMlagPorts => self.mlag_ports(),
            Act::ShowMlagSanity => SANE.to_owned(),
            Act::ShowDiffs => return self.show_diffs(session.candidate.as_deref()),
            Act::ShowDiffsOf => return self.show_diffs(Some(values.text(0))),
            _ => String::new(),
        };
        Reply::text(text)
    }

    pub(super) fn ports_or_all(&self, port: Option<&IfName>) -> Vec<IfName> {
        match port {
            Some(port) => vec![port.clone()],
            None => {
                let is_l2 = |name: &&IfName| matches!(name.kind, Kind::Port | Kind::Lag);
                let mut names: Vec<IfName> =
                    self.running.ports.keys().filter(is_l2).cloned().collect();
                names.sort_by_key(|name| (name.kind == Kind::Lag, name.clone()));
                names
            }
        }
    }

    fn running_ports(&self, session: &Session, text: &str) -> Reply {
        let config = self.config(session);
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text("% Invalid input");
        };
        let blocks = names.iter().filter_map(|name| {
            config.ports.get(name).map(|port| running::interface(config, name, port))
        });
        Reply::text(blocks.collect::<String>())
    }

    /// The operational mode: what the port does, not what it is told.
    pub(super) fn is_trunking(&self, name: &IfName) -> bool {
        self.running.ports.get(name).is_some_and(|port| port.is_trunk() && !port.is_routed)
    }

    fn vlan_label(&self, vlan: u16) -> String {
        match self.running.vlans.get(&vlan) {
            _ if vlan == 1 => "1 (default)".to_owned(),
            Some(own) => format!("{vlan} ({})", vlan_name(vlan, own)),
            None => format!("{vlan} (Inactive)"),
        }
    }

    fn switchport(&self, name: &IfName) -> String {
        let Some(port) = self.running.ports.get(name) else {
            return String::new();
        };
        let short = NAMING.short(name);
        if port.is_routed {
            return format!("Name: {short}\nSwitchport: Disabled\n");
        }
        let mode = |is_trunk: bool| if is_trunk { "trunk" } else { "static access" };
        let enabled = allowed_text(port.allowed.as_ref());
        let native = self.vlan_label(port.native.unwrap_or(1));
        let tagging = if port.tags_native { "enabled" } else { "disabled" };
        format!(
            "Name: {short}\nSwitchport: Enabled\nAdministrative Mode: {}\nOperational Mode: {}\n\
             MAC Address Learning: enabled\nDot1q ethertype/TPID: 0x8100 (active)\n\
             Dot1q Vlan Tag Required (Administrative/Operational): No/No\n\
             Access Mode VLAN: {}\nTrunking Native Mode VLAN: {native}\n\
             Administrative Native VLAN tagging: {tagging}\nTrunking VLANs Enabled: {enabled}\n\
             Static Trunk Groups:\nDynamic Trunk Groups:\nSource interface filtering: enabled\n",
            mode(port.is_trunk()),
            mode(self.is_trunking(name)),
            self.vlan_label(port.access.unwrap_or(1)),
        )
    }

    /// `connected`, `notconnect`, `disabled`.
    pub(super) fn link_status(&self, name: &IfName) -> &'static str {
        let port = self.running.ports.get(name);
        if port.is_some_and(|port| port.is_down) {
            return "disabled";
        }
        let is_up = self.plane(&self.running).is_up(name);
        if is_up { "connected" } else { "notconnect" }
    }

    pub(super) fn status_vlan(&self, name: &IfName) -> String {
        match self.running.ports.get(name) {
            Some(port) if port.is_routed => "routed".to_owned(),
            Some(port) if port.group.is_some() => {
                let lag = port.group.map(|(lag, _)| lag).unwrap_or_default();
                format!("in Po{lag}")
            }
            Some(port) if port.is_trunk() => "trunk".to_owned(),
            Some(port) => port.access.unwrap_or(1).to_string(),
            None => String::new(),
        }
    }

    fn status(&self, port: Option<&IfName>) -> String {
        let mut text = String::from(
            "Port       Name   Status       Vlan     Duplex Speed  Type            Flags Encapsulation\n",
        );
        for name in self.ports_or_all(port) {
            let own = self.running.ports.get(&name);
            let label = own.and_then(|own| own.description.clone()).unwrap_or_default();
            let label: String = label.chars().take(20).collect();
            let row = format!(
                "{:<10} {label:<6} {:<12} {:<8} full   10G    EbraTestPhyPort",
                NAMING.short(&name),
                self.link_status(&name),
                self.status_vlan(&name),
            );
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    /// The ports of each VLAN: those that forward in it now, or those that are configured.
    pub(super) fn vlan_ports(&self, configured: bool) -> BTreeMap<u16, Vec<IfName>> {
        let plane = self.plane(&self.running);
        let mut ports: BTreeMap<u16, Vec<IfName>> = BTreeMap::new();
        for name in self.ports_or_all(None) {
            let Some(port) = self.running.ports.get(&name) else {
                continue;
            };
            let vlans = if configured && port.group.is_none() {
                let (untagged, mut vlans) = plane.l2(port);
                untagged.into_iter().for_each(|vlan| {
                    vlans.insert(vlan);
                });
                vlans
            } else {
                plane.view(&name).map(|view| view.vlans()).unwrap_or_default()
            };
            for vlan in vlans.intersection(&self.running.vlans.keys().copied().collect()).iter() {
                ports.entry(vlan).or_default().push(name.clone());
            }
        }
        ports
    }

    fn show_vlan(&self, act: Act, values: &Values, json: bool) -> Reply {
        let wanted = (act != Act::ShowVlan).then(|| values.vlans());
        if let Some(wanted) = &wanted
            && let Some(missing) = wanted.iter().find(|vlan| !self.running.vlans.contains_key(vlan))
            && wanted.len() == 1
        {
            return Reply::text(format!("% VLAN {missing} not found in current VLAN database"));
        }
        let ports = self.vlan_ports(act == Act::ShowConfiguredPorts);
        let shown = self
            .running
            .vlans
            .iter()
            .filter(|(id, _)| wanted.as_ref().is_none_or(|wanted| wanted.contains(**id)));
        if json {
            return Reply::text(json::vlans(shown, &ports));
        }
        let mut text = String::from(
            "VLAN  Name                             Status    Ports\n\
             ----- -------------------------------- --------- -------------------------------\n",
        );
        for (id, vlan) in shown {
            let name: String = vlan_name(*id, vlan).chars().take(32).collect();
            let status = if vlan.is_down { "suspended" } else { "active" };
            let own = ports.get(id).map(Vec::as_slice).unwrap_or_default();
            let mut items: Vec<String> = own.iter().map(|port| NAMING.short(port)).collect();
            if self.running.vnis.contains_key(id) {
                items.push("Vx1".to_owned());
            }
            let list = super::super::text::wrap(&items, ", ", 31, &" ".repeat(49));
            let row = format!("{id:<5} {name:<32} {status:<9} {list}");
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        Reply::text(text)
    }

    fn vxlan(&self) -> String {
        let pairs: Vec<String> =
            self.running.vnis.iter().map(|(vlan, vni)| format!("[{vlan}, {vni}]")).collect();
        let rows: Vec<String> =
            pairs.chunks(4).map(|row| format!("    {}\n", row.join(" "))).collect();
        format!(
            "Vxlan1 is up, line protocol is up (connected)\n  Hardware is Vxlan\n  \
             Source interface is Loopback0 and is active with 10.0.0.1\n  \
             Replication/Flood Mode is headend with Flood List Source: EVPN\n  \
             Remote MAC learning via EVPN\n  VNI mapping to VLANs\n  \
             Static VLAN to VNI mapping is \n{}  Dynamic VLAN to VNI mapping for 'evpn' is\n",
            rows.concat()
        )
    }

    /// Flags of a LAG's protocol: `LACP(aF*)`.
    fn protocol(&self, lag: u32) -> String {
        let own = self.running.ports.get(&IfName::lag(lag));
        let fallback = own.and_then(|own| (RULES.fallback)(own));
        let fallback = match fallback.as_deref() {
            Some("individual") => "F^",
            Some(_) => "F*",
            None => "",
        };
        match self.running.lag_mode(lag) {
            Some(mode) if mode.is_lacp() => {
                format!("LACP({}{fallback})", mode.word().get(..1).unwrap_or_default())
            }
            Some(_) => "Static".to_owned(),
            None => "-".to_owned(),
        }
    }

    fn lags(&self) -> String {
        let mut text = String::from(
            "\n                 Flags\n\
             ------------------------ ---------------------------- -------------------------\n\
             \x20 a - LACP Active          p - LACP Passive           * - static fallback\n\
             \x20 F - Fallback enabled     f - Fallback configured    ^ - individual fallback\n\
             \x20 U - In Use               D - Down\n\
             \x20 + - In-Sync              - - Out-of-Sync            i - incompatible with agg\n\
             \x20 P - bundled in Po        s - suspended              G - Aggregable\n\
             \x20 I - Individual           S - ShortTimeout           w - wait for agg\n\n",
        );
        text.push_str(&format!("Number of channels in use: {}\n", self.running.lags().count()));
        text.push_str(
            "Number of aggregators: 1\n\n   Port-Channel       Protocol     Ports\n\
             ------------------ --------------- --------------------------------\n",
        );
        for (lag, _) in self.running.lags() {
            let name = IfName::lag(lag);
            let plane = self.plane(&self.running);
            let sign = if plane.is_up(&name) { 'U' } else { 'D' };
            let is_lacp = self.running.lag_mode(lag).is_some_and(|mode| mode.is_lacp());
            let members: Vec<String> = plane
                .members(lag)
                .iter()
                .map(|(member, state)| {
                    let flags = match state {
                        Member::Bundled if is_lacp => "PG+",
                        Member::Bundled | Member::Fallback => "P",
                        Member::Individual => "I",
                        Member::Suspended => "s",
                        Member::Down => "D",
                    };
                    format!("{}({flags})", NAMING.short(member))
                })
                .collect();
            let list = super::super::text::wrap(&members, " ", 32, &" ".repeat(35));
            let row =
                format!("   {:<18} {:<12} {list}", format!("Po{lag}({sign})"), self.protocol(lag));
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    fn lag_detail(&self, lag: u32, json: bool) -> Reply {
        if !self.running.ports.contains_key(&IfName::lag(lag)) {
            return Reply::text("% Invalid port-channel");
        }
        Reply::text(self.lag_ports([lag].into_iter(), json))
    }

    /// What `show port-channel` says of LAGs.
    fn lag_ports(&self, lags: impl Iterator<Item = u32>, json: bool) -> String {
        let parted = lags.map(|lag| {
            let members = self.plane(&self.running).members(lag);
            let (active, inactive) = members.into_iter().partition(|(_, state)| state.carries());
            json::Lag { number: lag, mode: self.running.lag_mode(lag), active, inactive }
        });
        if json {
            return json::lags(parted);
        }
        let list = |members: &[(IfName, Member)]| -> String {
            members.iter().map(|(name, _)| format!("    {}\n", NAMING.long(name))).collect()
        };
        let text = parted.map(|json::Lag { number, active, inactive, .. }| {
            format!(
                "Port Channel Port-Channel{number}:\n  Active Ports:\n{}  Configured, but inactive \
                 ports:\n{}",
                list(&active),
                list(&inactive)
            )
        });
        text.collect()
    }

    fn lldp(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let rows: Vec<String> = self
            .world
            .neighbours()
            .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| wanted == name))
            .map(|(name, neighbour)| {
                let short = NAMING.read(name).map(|name| NAMING.short(&name)).unwrap_or_default();
                let system = if neighbour.system_name.is_empty() {
                    dots(&neighbour.chassis)
                } else {
                    neighbour.system_name.clone()
                };
                format!("{short:<13} {system:<30} {:<25} 120\n", neighbour.port_id)
            })
            .collect();
        format!(
            "Last table change time   : 0:00:12 ago\nNumber of table inserts  : {0}\n\n\
             Port          Neighbor Device ID             Neighbor Port ID          TTL\n\
             ------------- ------------------------------ ------------------------- ---\n{1}",
            rows.len(),
            rows.concat()
        )
    }

    fn lldp_detail(&self, port: Option<&IfName>) -> String {
        let mut text = String::new();
        let heard: BTreeMap<&str, _> = self.world.neighbours().collect();
        for name in self.ports_or_all(port).iter().filter(|name| name.kind == Kind::Port) {
            let long = NAMING.long(name);
            let Some(neighbour) = heard.get(long.as_str()) else {
                text.push_str(&format!("Interface {long} detected 0 LLDP neighbors:\n\n"));
                continue;
            };
            let chassis = dots(&neighbour.chassis);
            let port_id = &neighbour.port_id;
            text.push_str(&format!(
                "Interface {long} detected 1 LLDP neighbors:\n\n  \
                 Neighbor {chassis}/\"{port_id}\", age 12 seconds\n  \
                 Discovered 0:05:00 ago; Last changed 0:05:00 ago\n  - Chassis ID type: MAC address (4)\n    \
                 Chassis ID     : {chassis}\n  - Port ID type: Interface name(5)\n    Port ID     : \"{port_id}\"\n  \
                 - Time To Live: 120 seconds\n"
            ));
            if !neighbour.port_description.is_empty() {
                text.push_str(&format!(
                    "  - Port Description: \"{}\"\n",
                    neighbour.port_description
                ));
            }
            if !neighbour.system_name.is_empty() {
                text.push_str(&format!("  - System Name: \"{}\"\n", neighbour.system_name));
            }
            text.push('\n');
        }
        text
    }

    pub(super) fn heard_macs(&self, wanted: &str) -> Vec<(u16, [u8; 6], String)> {
        let mut macs = self.world.macs(&self.plane(&self.running).views());
        macs.retain(|(_, mac, _)| wanted.is_empty() || digits(wanted) == digits(&dots(mac)));
        macs
    }

    fn macs(&self, wanted: &str) -> String {
        let macs = self.heard_macs(wanted);
        let rows: String = macs
            .iter()
            .map(|(vlan, mac, port)| {
                let short = NAMING.read(port).map(|name| NAMING.short(&name)).unwrap_or_default();
                let mac = dots(mac);
                format!("{vlan:>4}    {mac}    DYNAMIC     {short:<10} 1       0:01:00 ago\n")
            })
            .collect();
        format!(
            "          Mac Address Table\n\
             ------------------------------------------------------------------\n\n\
             Vlan    Mac Address       Type        Ports      Moves   Last Move\n\
             ----    -----------       ----        -----      -----   ---------\n{rows}\
             Total Mac Addresses for this criterion: {}\n\n          Multicast Mac Address Table\n\
             ------------------------------------------------------------------\n\n\
             Vlan    Mac Address       Type        Ports\n\
             ----    -----------       ----        -----\nTotal Mac Addresses for this criterion: 0\n",
            macs.len()
        )
    }

    pub(super) fn pair_value(&self, subject: &str) -> String {
        let lines =
            self.running.pair.as_ref().map(|(_, lines)| lines.as_slice()).unwrap_or_default();
        let line = lines.iter().find_map(|line| line.strip_prefix(subject)?.strip_prefix(' '));
        line.unwrap_or_default().to_owned()
    }

    fn mlag(&self) -> String {
        let is_up = self.setup.has_pair && self.running.pair.is_some();
        let state = |up: &'static str, down: &'static str| if is_up { up } else { down };
        let (full, rest) = self.mlag_counts();
        let mut text = String::from("MLAG Configuration:\n");
        for subject in ["domain-id", "local-interface", "peer-address", "peer-link"] {
            text.push_str(&format!("{subject:<20}:{:>20}\n", self.pair_value(subject)));
        }
        text.push_str("\nMLAG Status:\n");
        let disabled = self.running.pair.is_none();
        let own = if disabled { "Disabled" } else { state("Active", "Inactive") };
        for (subject, value) in [
            ("state", own),
            ("negotiation status", state("Connected", "Connecting")),
            ("peer-link status", state("Up", "Lowerlayerdown")),
            ("local-int status", state("Up", "Lowerlayerdown")),
        ] {
            text.push_str(&format!("{subject:<20}:{value:>20}\n"));
        }
        text.push_str("\nMLAG Ports:\n");
        for (subject, count) in [
            ("Disabled", 0),
            ("Configured", 0),
            ("Inactive", rest),
            ("Active-partial", 0),
            ("Active-full", full),
        ] {
            text.push_str(&format!("{subject:<20}:{count:>20}\n"));
        }
        text
    }

    /// MLAGs that work on both sides, and others.
    pub(super) fn mlag_counts(&self) -> (usize, usize) {
        let plane = self.plane(&self.running);
        let paired: Vec<u32> = self
            .running
            .lags()
            .filter(|(_, port)| port.pair.is_some())
            .map(|(lag, _)| lag)
            .collect();
        let full =
            paired.iter().filter(|lag| self.setup.has_pair && plane.is_up(&IfName::lag(**lag)));
        let full = full.count();
        (full, paired.len() - full)
    }

    fn mlag_ports(&self) -> String {
        let plane = self.plane(&self.running);
        let mut text = String::from(
            "                                                           local/remote\n\
             mlag       desc           state       local       remote          status\n\
             ---------- ----------- -------------- ----------- ------------ ------------\n",
        );
        for (lag, port) in self.running.lags() {
            let Some(number) = port.pair else {
                continue;
            };
            let is_up = plane.is_up(&IfName::lag(lag));
            let state = if is_up && self.setup.has_pair { "active-full" } else { "inactive" };
            let desc: String =
                port.description.clone().unwrap_or_default().chars().take(11).collect();
            let local = if is_up { "up" } else { "down" };
            let remote = if self.setup.has_pair { "up" } else { "down" };
            let (po, links) = (format!("Po{lag}"), format!("{local}/{remote}"));
            let row =
                format!("{number:<9} {desc:>11} {state:>14}       {po:<11} {po:>5} {links:>15}");
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    /// The configuration itself, for JSON of ports.
    pub(super) const fn running_config(&self) -> &Config {
        &self.running
    }
}

const SANE: &str = "No global configuration inconsistencies found.\n\n\
No per interface configuration inconsistencies found.\n";

/// `ALL`, `NONE` or a list.
pub(super) fn allowed_text(allowed: Option<&VlanSet>) -> String {
    match allowed {
        None => "ALL".to_owned(),
        Some(set) if set.is_empty() => "NONE".to_owned(),
        Some(set) => set.to_string(),
    }
}

/// The VLAN's name, or the one that EOS gives.
pub(super) fn vlan_name(id: u16, vlan: &Vlan) -> String {
    vlan.name.clone().unwrap_or_else(|| match id {
        1 => "default".to_owned(),
        _ => format!("VLAN{id:04}"),
    })
}

fn version() -> String {
    "Arista vEOS-lab\nHardware version: \nSerial number: SIMULATED\n\
     Hardware MAC address: 5001.0002.0003\nSystem MAC address: 5001.0002.0003\n\n\
     Software image version: 4.28.3M\nArchitecture: x86_64\n\
     Internal build version: 4.28.3M-28837868.4283M\n\nUptime: 1 hour\n\
     Total memory: 3983604 kB\nFree memory: 2904520 kB\n"
        .to_owned()
}
