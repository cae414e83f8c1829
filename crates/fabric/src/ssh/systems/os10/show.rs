//! Tables and texts.

use std::collections::BTreeMap;

use super::super::chassis::forward::Member;
use super::super::chassis::names::{IfName, Kind};
use super::super::grammar::Values;
use super::super::text::{colons, digits};
use super::commands::Act;
use super::{NAMING, Os10, running};
use crate::ssh::device::Reply;
use crate::ssh::vlans::VlanSet;

impl Os10 {
    pub(super) fn show(&self, act: Act, values: &Values) -> Reply {
        let named = NAMING.read(values.text(0));
        let text = match act {
            Act::ShowVersion => {
                "Dell SmartFabric OS10 Enterprise\nOS Version: 10.5.2.3\nBuild Version: 10.5.2.3.299\n\
                 System Type: S5248F-VM\nArchitecture: x86_64\n"
                    .to_owned()
            }
            Act::ShowRunning => running::whole(&self.running),
            Act::ShowStartup => running::whole(&self.startup),
            Act::ShowCandidate => running::whole(self.candidate.as_ref().unwrap_or(&self.running)),
            Act::ShowDiff => self.difference(),
            Act::ShowRunningPorts => running::of_kind(&self.running, values.text(0)),
            Act::ShowRunningPort => return self.running_port(named.as_ref()),
            Act::ShowInterface => return self.interface(named.as_ref()),
            Act::ShowStatus => self.status(),
            Act::ShowLags => self.lags(),
            Act::ShowVlan => self.vlan_table(None),
            Act::ShowVlanId if !self.running.vlans.contains_key(&values.vlan()) => {
                return Reply::text(format!("% Error: vlan {} not found", values.vlan()));
            }
            Act::ShowVlanId => self.vlan_table(Some(values.vlan())),
            Act::ShowLldp => self.lldp(named.as_ref()),
            Act::ShowMac => self.macs(values.text(0)),
            Act::ShowVlt => self.vlt(values.number()),
            Act::ShowVltPorts => self.vlt_ports(),
            Act::ShowVltMismatch => "VLT-domain mismatch:\nNo mismatch\n".to_owned(),
            _ => String::new(),
        };
        Reply::text(text)
    }

    fn running_port(&self, name: Option<&IfName>) -> Reply {
        let block = match name {
            Some(name) if name.kind == Kind::Svi => {
                let id = u16::try_from(name.number()).unwrap_or_default();
                self.running.vlans.get(&id).map(|vlan| running::vlan_block(id, vlan))
            }
            Some(name) => self.running.ports.get(name).map(|port| running::interface(name, port)),
            None => None,
        };
        match block {
            Some(block) => Reply::text(format!("!\n{block}")),
            None => Reply::text("% Error: Illegal parameter."),
        }
    }

    /// Lines of the candidate that the running configuration does not have, without signs.
    fn difference(&self) -> String {
        let Some(candidate) = &self.candidate else {
            return String::new();
        };
        let old = running::whole(&self.running);
        let new = running::whole(candidate);
        let old: Vec<&str> = old.split("!\n").collect();
        let blocks = new.split("!\n").filter(|block| !old.contains(block) && !block.is_empty());
        blocks.map(|block| format!("!\n{block}")).collect()
    }

    fn switched(&self) -> Vec<IfName> {
        let is_l2 = |name: &&IfName| matches!(name.kind, Kind::Port | Kind::Lag);
        let mut names: Vec<IfName> = self.running.ports.keys().filter(is_l2).cloned().collect();
        names.sort_by_key(|name| (name.kind == Kind::Lag, name.clone()));
        names
    }

    fn interface(&self, name: Option<&IfName>) -> Reply {
        let known = name.and_then(|name| Some((name, self.running.ports.get(name)?)));
        let Some((name, port)) = known else {
            return Reply::text("% Error: Illegal parameter.");
        };
        let (kind, hardware) = match name.kind {
            Kind::Lag => ("Port-channel", "Port-channel"),
            _ => ("Ethernet", "Eth"),
        };
        let admin = if port.is_down { "down" } else { "up" };
        let link = if self.plane().is_up(name) { "up" } else { "down" };
        Reply::text(format!(
            "{kind} {} is {admin}, line protocol is {link}\nHardware is {hardware}, address is \
             14:18:77:09:ae:01\nInternet address is not set\nMTU {} bytes, IP MTU 1500 bytes\n\
             LineSpeed 10G, Auto-Negotiation off\nFlowcontrol rx off tx off\n",
            name.unit_text(),
            port.mtu.unwrap_or(1532),
        ))
    }

    fn status(&self) -> String {
        let rule = "-".repeat(98);
        let mut text = format!(
            "{rule}\nPort            Description     Status   Speed    Duplex   Mode Vlan Tagged-Vlans\n{rule}\n"
        );
        for name in self.switched() {
            let Some(port) = self.running.ports.get(&name) else {
                continue;
            };
            let label = match name.kind {
                Kind::Lag => format!("Po {}", name.unit_text()),
                _ => format!("Eth {}", name.unit_text()),
            };
            let about: String =
                port.description.clone().unwrap_or_default().chars().take(15).collect();
            let is_up = self.plane().view(&name).is_some_and(|view| view.up);
            let (state, speed) = if is_up { ("up", "10G") } else { ("down", "0") };
            let mode = match port {
                port if port.is_routed => "-",
                port if port.is_trunk() => "T",
                _ => "A",
            };
            let vlan = port.access.map_or_else(|| "-".to_owned(), |vlan| vlan.to_string());
            let tagged = port.allowed.as_ref().filter(|_| port.is_trunk());
            let tagged = tagged.map_or_else(|| "-".to_owned(), VlanSet::to_string);
            text.push_str(&format!(
                "{label:<15} {about:<15} {state:<8} {speed:<8} full     {mode:<4} {vlan:<4} {tagged}\n"
            ));
        }
        text
    }

    fn lags(&self) -> String {
        let rule = "-".repeat(80);
        let mut text = format!(
            "Flags:  D - Down    I - member up but inactive    P - member up and active\n        \
             U - Up (port-channel)    F - Fallback Activated    IND - LACP Individual\n{rule}\n\
             Group Port-Channel           Type     Protocol  Member Ports\n{rule}\n"
        );
        for (lag, _) in self.running.lags() {
            let name = IfName::lag(lag);
            let sign = if self.plane().is_up(&name) { "U" } else { "D" };
            let protocol = match self.running.lag_mode(lag) {
                Some(mode) if !mode.is_lacp() => "STATIC",
                _ => "DYNAMIC",
            };
            let members: Vec<String> = self
                .plane()
                .members(lag)
                .iter()
                .map(|(member, state)| {
                    let flag = match state {
                        Member::Bundled => "P",
                        Member::Fallback => "F",
                        Member::Individual => "IND",
                        Member::Suspended => "I",
                        Member::Down => "D",
                    };
                    format!("{}({flag})", member.unit_text())
                })
                .collect();
            let label = format!("{:<16} ({sign})", NAMING.long(&name));
            let row = format!("{lag:<4} {label:<24} Eth     {protocol:<9} {}", members.join(" "));
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }

    /// Ports of a VLAN in ranges: `Eth1/1/1-1/1/32,Po10`.
    fn ports_text(names: &[IfName]) -> String {
        let mut runs: Vec<(IfName, IfName)> = Vec::new();
        for name in names {
            match runs.last_mut() {
                Some((_, last)) if last.kind == name.kind && last.number() + 1 == name.number() => {
                    *last = name.clone();
                }
                _ => runs.push((name.clone(), name.clone())),
            }
        }
        let items = runs.iter().map(|(first, last)| match first == last {
            true => NAMING.short(first),
            false => format!("{}-{}", NAMING.short(first), last.unit_text()),
        });
        items.collect::<Vec<_>>().join(",")
    }

    fn vlan_table(&self, wanted: Option<u16>) -> String {
        let mut access: BTreeMap<u16, Vec<IfName>> = BTreeMap::new();
        let mut tagged: BTreeMap<u16, Vec<IfName>> = BTreeMap::new();
        let mut active = VlanSet::none();
        for name in self.switched() {
            let Some(port) = self.running.ports.get(&name).filter(|port| !port.is_routed) else {
                continue;
            };
            port.access
                .into_iter()
                .for_each(|vlan| access.entry(vlan).or_default().push(name.clone()));
            let list = port.allowed.as_ref().filter(|_| port.is_trunk());
            for vlan in list.map(|list| list.iter().collect::<Vec<_>>()).unwrap_or_default() {
                tagged.entry(vlan).or_default().push(name.clone());
            }
            let view = self.plane().view(&name).filter(|view| view.up);
            active = active.union(&view.map(|view| view.vlans()).unwrap_or_default());
        }
        let mut text = String::from(
            "Codes: * - Default VLAN, M - Management VLAN, R - Remote Port Mirroring VLANs,\n       \
             @ - Attached to Virtual Network, P - Primary, C - Community, I - Isolated,\n       \
             S - VLAN-Stack VLAN\nQ: A - Access (Untagged), T - Tagged\n    \
             NUM    Status    Description                     Q Ports\n",
        );
        for (id, vlan) in &self.running.vlans {
            if wanted.is_some_and(|wanted| wanted != *id) {
                continue;
            }
            let mark = if *id == 1 { '*' } else { ' ' };
            let state = if active.contains(*id) { "Active" } else { "Inactive" };
            let about: String = vlan.name.clone().unwrap_or_default().chars().take(31).collect();
            let mut rows = Vec::new();
            for (sign, ports) in [('T', &tagged), ('A', &access)] {
                if let Some(ports) = ports.get(id) {
                    rows.push(format!("{sign} {}", Self::ports_text(ports)));
                }
            }
            let first = rows.first().cloned().unwrap_or_default();
            let row = format!("{mark}   {id:<6} {state:<9} {about:<31} {first}");
            text.push_str(&format!("{}\n", row.trim_end()));
            for row in rows.iter().skip(1) {
                text.push_str(&format!("{:<53}{row}\n", ""));
            }
        }
        text
    }

    fn lldp(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let mut text = format!(
            "Loc PortID          Rem Host Name        Rem Port Id                    Rem Chassis Id\n{}\n",
            "-".repeat(89)
        );
        for (name, own) in self.world.neighbours() {
            if wanted.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            let mut host = own.system_name.clone();
            if host.is_empty() {
                host = "Not Advertised".to_owned();
            }
            if host.len() > 20 {
                host = host.chars().take(17).chain("...".chars()).collect();
            }
            text.push_str(&format!(
                "{name:<20}{host:<21}{:<31}{}\n",
                own.port_id,
                colons(&own.chassis)
            ));
        }
        text
    }

    fn macs(&self, wanted: &str) -> String {
        let mut macs = self.world.macs(&self.plane().views());
        macs.retain(|(_, mac, _)| wanted.is_empty() || digits(wanted) == digits(&colons(mac)));
        let rows = macs.iter().map(|(vlan, mac, port)| {
            format!("{vlan:<7} {:<23} dynamic         {port}\n", colons(mac))
        });
        format!(
            "VlanId  Mac Address             Type            Interface\n{}",
            rows.collect::<String>()
        )
    }

    fn vlt(&self, domain: u32) -> String {
        let is_own = self.running.pair.as_ref().is_some_and(|(own, _)| *own == domain.to_string());
        if !is_own {
            return "% Error: VLT domain not found\n".to_owned();
        }
        let state = if self.setup.has_pair { "up" } else { "down" };
        format!(
            "Domain ID                              : {domain}\nUnit ID                                : 1\n\
             Role                                   : primary\nVersion                                : 3.1\n\
             Local System MAC address               : 50:9a:4c:d6:04:40\n\
             VLT MAC address                        : 50:9a:4c:d6:04:40\nVLTi Link Status\n    \
             port-channel1000                   : {state}\n\n\
             VLT Peer Unit ID    System MAC Address    Status    IP Address             Version\n{}\n  \
             2                 50:9a:4c:d6:05:40     {state:<9} fda5:74c8:b79e:1::2    3.1\n",
            "-".repeat(82)
        )
    }

    fn vlt_ports(&self) -> String {
        let mut text = String::new();
        for (lag, port) in self.running.lags() {
            let Some(number) = port.pair else {
                continue;
            };
            let members = self.plane().members(lag);
            let active = members.iter().filter(|(_, state)| state.carries()).count();
            let state = if active > 0 { "up" } else { "down" };
            let name = NAMING.long(&IfName::lag(lag));
            text.push_str(&format!(
                "vlt-port-channel ID : {number}\n\
                 VLT Unit ID    Port-Channel      Status    Configured ports    Active ports\n{}\n\
                 * 1            {name:<17} {state:<9} {:<19} {active}\n",
                "-".repeat(79),
                members.len()
            ));
            if self.setup.has_pair {
                text.push_str(&format!(
                    "  2            {name:<17} {state:<9} {:<19} {active}\n",
                    members.len()
                ));
            }
        }
        text
    }
}
