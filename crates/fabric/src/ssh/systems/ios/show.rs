//! Tables and texts.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::super::chassis::forward::Member;
use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Port, Vlan};
use super::super::grammar::Values;
use super::super::text::{digits, dots, wrap};
use super::commands::Act;
use super::config::administrative;
use super::vlans::name_of;
use super::{Ios, Mode, NAMING, Session, running};
use crate::ssh::device::Reply;

impl Ios {
    pub(super) fn show(&self, session: &Session, act: Act, values: &Values, now: Instant) -> Reply {
        let named = NAMING.read(values.text(0));
        let port = named.filter(|name| self.running.ports.contains_key(name));
        let takes_port = matches!(
            act,
            Act::ShowSwitchport
                | Act::ShowStatus
                | Act::ShowLldp
                | Act::ShowLldpDetail
                | Act::ShowRunningPort
        );
        if takes_port && !values.text(0).is_empty() && port.is_none() {
            return Reply::text(" ^\n% Invalid input detected at '^' marker.\n\n");
        }
        let port = port.as_ref();
        let text = match act {
            Act::ShowPrivilege => {
                let level = if session.mode == Mode::User { 1 } else { 15 };
                format!("Current privilege level is {level}\n")
            }
            Act::ShowVersion => {
                "Cisco IOS XE Software, Version 16.12.04\nCisco IOS Software [Gibraltar], Catalyst L3 \
                 Switch Software (CAT9K_IOSXE), Version 16.12.4\n"
                    .to_owned()
            }
            Act::ShowRunning => {
                let text = self.running_text();
                format!("Building configuration...\n\nCurrent configuration : {} bytes\n!\n{text}", text.len())
            }
            Act::ShowStartup => {
                let text = self.startup_text();
                format!("Using {} out of 2097152 bytes\n!\n{text}", text.len())
            }
            Act::ShowRunningPort => self.running_port(port),
            Act::ShowVlan => self.vlan_table(None),
            Act::ShowVlanId => {
                let vlan = values.vlan();
                if !self.running.vlans.contains_key(&vlan) {
                    return Reply::text(format!("VLAN id {vlan} not found in current VLAN database"));
                }
                self.vlan_table(Some(vlan))
            }
            Act::ShowInternal => {
                let used = self.internal_vlans();
                let rows = used.iter().map(|(vlan, name)| format!("{vlan:<4} {}\n", NAMING.long(name)));
                format!("\nVLAN Usage\n---- --------------------\n{}\n", rows.collect::<String>())
            }
            Act::ShowVtp => format!(
                "VTP Version capable             : 1 to 3\nVTP version running             : 1\n\
                 VTP Operating Mode                : {}\n",
                self.vtp()
            ),
            Act::ShowSwitchport => {
                self.switched(port).iter().map(|name| self.switchport(name)).collect()
            }
            Act::ShowStatus => self.status(port),
            Act::ShowLags => self.lags(None),
            Act::ShowLag => self.lags(Some(values.number())),
            Act::ShowLldp | Act::ShowLldpDetail if !self.has("lldp run") => {
                "% LLDP is not enabled\n".to_owned()
            }
            Act::ShowLldp => self.lldp(port),
            Act::ShowLldpDetail => self.lldp_detail(port),
            Act::ShowMac => self.macs(values.text(0)),
            Act::ShowRollback => self.show_rollback(now),
            Act::ShowArchive => {
                let is_on = self.running.features.iter().any(|line| line.starts_with("archive path "));
                let on = "The maximum archive configurations allowed is 10.\n Archive #  Name\n";
                if is_on { on } else { " Archive feature not enabled\n" }.to_owned()
            }
            _ => String::new(),
        };
        Reply::text(text)
    }

    fn switched(&self, port: Option<&IfName>) -> Vec<IfName> {
        if let Some(port) = port {
            return vec![port.clone()];
        }
        let is_l2 = |name: &&IfName| matches!(name.kind, Kind::Port | Kind::Uplink | Kind::Lag);
        let mut names: Vec<IfName> = self.running.ports.keys().filter(is_l2).cloned().collect();
        names.sort_by_key(|name| (name.kind == Kind::Lag, name.clone()));
        names
    }

    fn running_port(&self, name: Option<&IfName>) -> String {
        let block = name.and_then(|name| {
            self.running.ports.get(name).map(|port| running::interface(name, port))
        });
        let block = block.unwrap_or_default();
        let bytes = block.len() + 8;
        format!(
            "Building configuration...\n\nCurrent configuration : {bytes} bytes\n!\n{block}end\n\n"
        )
    }

    fn label(&self, vlan: u16) -> String {
        match self.running.vlans.get(&vlan) {
            Some(own) => format!("{vlan} ({})", name_of(vlan, own)),
            None => format!("{vlan} (Inactive)"),
        }
    }

    fn state_of(&self, name: &IfName) -> Option<Member> {
        let (lag, _) = self.running.ports.get(name)?.group?;
        let members = self.plane().members(lag);
        members.into_iter().find(|(member, _)| member == name).map(|(_, state)| state)
    }

    fn operational(&self, name: &IfName, port: &Port) -> String {
        if !self.plane().is_up(name) {
            return "down".to_owned();
        }
        let mode = if port.is_trunk() { "trunk" } else { "static access" };
        match (port.group, self.state_of(name)) {
            (Some((lag, _)), Some(Member::Bundled)) => format!("{mode} (member of bundle Po{lag})"),
            (Some((lag, _)), Some(Member::Suspended)) => {
                format!("down (suspended member of bundle Po{lag})")
            }
            _ => mode.to_owned(),
        }
    }

    fn switchport(&self, name: &IfName) -> String {
        let Some(port) = self.running.ports.get(name) else {
            return String::new();
        };
        let short = NAMING.short(name);
        if port.is_routed {
            return format!("Name: {short}\nSwitchport: Disabled\n\n");
        }
        let enabled = match &port.allowed {
            None => "ALL".to_owned(),
            Some(set) if set.is_empty() => "NONE".to_owned(),
            Some(set) => wrap(&set.items(3), ",", 52, "     "),
        };
        let negotiation = if port.is_silent { "Off" } else { "On" };
        format!(
            "Name: {short}\nSwitchport: Enabled\nAdministrative Mode: {}\nOperational Mode: {}\n\
             Administrative Trunking Encapsulation: dot1q\nNegotiation of Trunking: {negotiation}\n\
             Access Mode VLAN: {}\nTrunking Native Mode VLAN: {}\n\
             Administrative Native VLAN tagging: {}\nVoice VLAN: none\n\
             Trunking VLANs Enabled: {enabled}\nPruning VLANs Enabled: 2-1001\n\n",
            administrative(port),
            self.operational(name, port),
            self.label(port.access.unwrap_or(1)),
            self.label(port.native.unwrap_or(1)),
            if self.has("vlan dot1q tag native") { "enabled" } else { "disabled" },
        )
    }

    fn status(&self, port: Option<&IfName>) -> String {
        let mut text = String::from(
            "\nPort         Name               Status       Vlan       Duplex  Speed Type\n",
        );
        for name in self.switched(port) {
            let Some(own) = self.running.ports.get(&name) else {
                continue;
            };
            let label: String =
                own.description.clone().unwrap_or_default().chars().take(18).collect();
            let status = match own {
                own if own.is_down => "disabled",
                _ if self.state_of(&name) == Some(Member::Suspended) => "suspended",
                _ if self.plane().is_up(&name) => "connected",
                _ => "notconnect",
            };
            let vlan = match own {
                own if own.is_routed => "routed".to_owned(),
                own if own.is_trunk() && status == "connected" => "trunk".to_owned(),
                own => own.access.unwrap_or(1).to_string(),
            };
            let short = NAMING.short(&name);
            text.push_str(&format!(
                "{short:<12} {label:<18} {status:<12} {vlan:<10} a-full a-1000 10/100/1000BaseTX\n"
            ));
        }
        text
    }

    /// Access ports of each VLAN; trunks are not in the table.
    fn access_ports(&self) -> BTreeMap<u16, Vec<IfName>> {
        let mut ports: BTreeMap<u16, Vec<IfName>> = BTreeMap::new();
        for name in self.switched(None) {
            let Some(own) = self.running.ports.get(&name) else {
                continue;
            };
            let is_member = own.group.is_some() && self.state_of(&name) == Some(Member::Bundled);
            if !own.is_routed && !own.is_trunk() && !is_member {
                ports.entry(own.access.unwrap_or(1)).or_default().push(name);
            }
        }
        ports
    }

    fn vlan_table(&self, wanted: Option<u16>) -> String {
        let mut text = String::from(
            "\nVLAN Name                             Status    Ports\n\
             ---- -------------------------------- --------- -------------------------------\n",
        );
        let ports = self.access_ports();
        for (id, vlan) in &self.running.vlans {
            if wanted.is_some_and(|wanted| wanted != *id) {
                continue;
            }
            let own = ports.get(id).map(Vec::as_slice).unwrap_or_default();
            let items: Vec<String> = own.iter().map(|port| NAMING.short(port)).collect();
            let list = wrap(&items, ", ", 31, &" ".repeat(48));
            let row = format!("{id:<4} {:<32} {:<9} {list}", name_of(*id, vlan), state(*id, vlan));
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    fn lags(&self, wanted: Option<u32>) -> String {
        let mut text = String::from(
            "Flags:  D - down        P - bundled in port-channel\n        \
             I - stand-alone s - suspended\n        H - Hot-standby (LACP only)\n        \
             R - Layer3      S - Layer2\n        U - in use      f - failed to allocate aggregator\n\n        \
             M - not in use, minimum links not met\n        u - unsuitable for bundling\n        \
             w - waiting to be aggregated\n        d - default port\n\n\n",
        );
        let count = self.running.lags().count();
        text.push_str(&format!(
            "Number of channel-groups in use: {count}\nNumber of aggregators:           {count}\n\n\
             Group  Port-channel  Protocol    Ports\n\
             ------+-------------+-----------+-----------------------------------------------\n"
        ));
        for (lag, own) in self.running.lags() {
            if wanted.is_some_and(|wanted| wanted != lag) {
                continue;
            }
            let layer = if own.is_routed { 'R' } else { 'S' };
            let sign = if self.plane().is_up(&IfName::lag(lag)) { 'U' } else { 'D' };
            let protocol = match self.running.lag_mode(lag) {
                Some(mode) if mode.is_lacp() => "LACP",
                _ => "  -",
            };
            let items: Vec<String> = self
                .plane()
                .members(lag)
                .iter()
                .map(|(name, state)| {
                    let flag = match state {
                        Member::Bundled | Member::Fallback => 'P',
                        Member::Individual => 'I',
                        Member::Suspended => 's',
                        Member::Down => 'D',
                    };
                    format!("{:<15}", format!("{}({flag})", NAMING.short(name)))
                })
                .collect();
            let rows: Vec<String> =
                items.chunks(2).map(|row| row.join(" ").trim_end().to_owned()).collect();
            let rows = rows.join(&format!("\n{}", " ".repeat(34)));
            let label = format!("Po{lag}({layer}{sign})");
            let row = format!("{lag:<6} {label:<15}{protocol:<12}{rows}");
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    fn lldp(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let mut text = String::from(
            "Capability codes:\n    (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n    \
             (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n\n\
             Device ID           Local Intf     Hold-time  Capability      Port ID\n",
        );
        let mut count = 0;
        for (name, own) in self.world.neighbours() {
            if wanted.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            count += 1;
            let local = NAMING.read(name).map(|name| NAMING.short(&name)).unwrap_or_default();
            let system = if own.system_name.is_empty() {
                dots(&own.chassis)
            } else {
                own.system_name.clone()
            };
            let system: String = system.chars().take(20).collect();
            text.push_str(&format!(
                "{system:<20}{local:<15}120        B,R             {}\n",
                own.port_id
            ));
        }
        text.push_str(&format!("\nTotal entries displayed: {count}\n\n"));
        text
    }

    fn lldp_detail(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let told = |subject: &str, text: &str| match text.is_empty() {
            true => format!("{subject} - not advertised\n"),
            false => format!("{subject}: {text}\n"),
        };
        let mut text = String::new();
        let mut count = 0;
        for (name, own) in self.world.neighbours() {
            if wanted.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            count += 1;
            let local = NAMING.read(name).map(|name| NAMING.short(&name)).unwrap_or_default();
            text.push_str(&format!(
                "------------------------------------------------\nLocal Intf: {local}\nChassis id: {}\n\
                 Port id: {}\n{}{}\nTime remaining: 98 seconds\n\n",
                dots(&own.chassis),
                own.port_id,
                told("Port Description", &own.port_description),
                told("System Name", &own.system_name),
            ));
        }
        text.push_str(&format!("\nTotal entries displayed: {count}\n"));
        text
    }

    fn macs(&self, wanted: &str) -> String {
        let mut macs = self.world.macs(&self.plane().views());
        macs.retain(|(_, mac, _)| wanted.is_empty() || digits(wanted) == digits(&dots(mac)));
        let rows: String = macs
            .iter()
            .map(|(vlan, mac, port)| {
                let short = NAMING.read(port).map(|name| NAMING.short(&name)).unwrap_or_default();
                format!("{vlan:>4}    {}    DYNAMIC     {short}\n", dots(mac))
            })
            .collect();
        format!(
            "          Mac Address Table\n-------------------------------------------\n\n\
             Vlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n{rows}\
             Total Mac Addresses for this criterion: {}\n",
            macs.len()
        )
    }
}

/// The state of a VLAN.
const fn state(id: u16, vlan: &Vlan) -> &'static str {
    match (id, vlan.is_down) {
        (1002..=1005, _) => "act/unsup",
        (_, true) => "suspended",
        (_, false) => "active",
    }
}
