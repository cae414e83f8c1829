//! Tables and texts.

use std::collections::BTreeMap;

use super::super::chassis::forward::Member;
use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Port, Vlan};
use super::super::grammar::Values;
use super::super::text::{digits, dots, wrap};
use super::commands::Act;
use super::{NAMING, NxOs, json, running};
use crate::ssh::device::Reply;

const RULE: &str =
    "--------------------------------------------------------------------------------\n";

impl NxOs {
    pub(super) fn show(&self, act: Act, values: &Values, is_json: bool) -> Reply {
        let named = NAMING.read(values.text(0));
        let port = named.filter(|name| self.running.ports.contains_key(name));
        let takes_port = matches!(
            act,
            Act::ShowSwitchport
                | Act::ShowStatus
                | Act::ShowInterface
                | Act::ShowLags
                | Act::ShowLldp
                | Act::ShowLldpDetail
        );
        if takes_port && !values.text(0).is_empty() && port.is_none() {
            return Reply::text(" ^\nInvalid range at '^' marker.");
        }
        let port = port.as_ref();
        let text = match act {
            Act::ShowVersion if is_json => json::version(self),
            Act::ShowSwitchport if is_json => self.switchport_json(port),
            Act::ShowVlan | Act::ShowVlans => return self.show_vlan(act, values, is_json),
            Act::ShowLags if is_json => self.lags_json(port),
            Act::ShowMac if is_json => self.macs_json(values.text(0)),
            Act::ShowLldp | Act::ShowLldpDetail if is_json => self.lldp_json(port),
            Act::ShowVpc if is_json => self.vpc_json(),
            Act::ShowVersion => {
                "Cisco Nexus Operating System (NX-OS) Software\nSoftware\n  BIOS: version 05.40\n NXOS: \
                 version 9.3(5)\nHardware\n  cisco Nexus9000 C93180YC-EX chassis\n"
                    .to_owned()
            }
            Act::ShowHostname => format!("{}\n", self.running.hostname),
            Act::ShowRunning => {
                format!("{}{}", running::head("show running-config"), running::whole(&self.running))
            }
            Act::ShowStartup => {
                format!("{}{}", running::head("show startup-config"), running::whole(&self.startup))
            }
            Act::ShowRunningVlans => {
                let head = running::head("show running-config vlan");
                format!("{head}{}\n", running::vlans(&self.running))
            }
            Act::ShowRunningPorts => return self.running_ports(values.text(0)),
            Act::ShowFeature => self.features(),
            Act::ShowSwitchport => {
                self.switched(port).iter().map(|name| self.switchport(name)).collect()
            }
            Act::ShowStatus => self.status(port),
            Act::ShowInterface => port.map(|name| self.interface(name)).unwrap_or_default(),
            Act::ShowLags => self.lags(port),
            Act::ShowLldp => self.lldp(port),
            Act::ShowLldpDetail => self.lldp_detail(port),
            Act::ShowMac => self.macs(values.text(0)),
            Act::ShowVpc => self.vpcs(),
            Act::ShowNve => self.nve(),
            Act::ShowVnSegment => self.vn_segments(values),
            _ => String::new(),
        };
        Reply::text(text)
    }

    /// The interface that was asked for, or all that switch.
    pub(super) fn switched(&self, port: Option<&IfName>) -> Vec<IfName> {
        if let Some(port) = port {
            return vec![port.clone()];
        }
        let is_l2 = |name: &&IfName| matches!(name.kind, Kind::Port | Kind::Lag);
        let mut names: Vec<IfName> = self.running.ports.keys().filter(is_l2).cloned().collect();
        names.sort_by_key(|name| (name.kind == Kind::Lag, name.clone()));
        names
    }

    fn running_ports(&self, text: &str) -> Reply {
        let Some(names) = NAMING.read_many(text) else {
            return Reply::text(" ^\nInvalid interface format at '^' marker.");
        };
        let mut blocks = running::head(&format!("show running-config interface {text}"));
        for name in &names {
            let Some(port) = self.running.ports.get(name) else {
                return Reply::text(" ^\nInvalid range at '^' marker.");
            };
            blocks.push_str(&format!("\n{}", running::interface(&self.running, name, port)));
        }
        Reply::text(format!("{blocks}\n"))
    }

    fn features(&self) -> String {
        let mut text = String::from(
            "Feature Name          Instance  State   \n--------------------  --------  --------\n",
        );
        for (name, line) in [
            ("interface-vlan", "feature interface-vlan"),
            ("lacp", "feature lacp"),
            ("lldp", "feature lldp"),
            ("nve", "feature nv overlay"),
            ("vnseg_vlan", "feature vn-segment-vlan-based"),
            ("vpc", "feature vpc"),
        ] {
            let state = if self.has(line) { "enabled" } else { "disabled" };
            text.push_str(&format!("{name:<22}1         {state}\n"));
        }
        text
    }

    pub(super) fn label(&self, vlan: u16) -> String {
        match self.running.vlans.get(&vlan) {
            Some(own) => format!("{vlan} ({})", vlan_name(vlan, own)),
            None => format!("{vlan} (Vlan not created)"),
        }
    }

    /// What the port does: a port without a link shows its configuration.
    pub(super) fn mode_word(&self, port: &Port) -> &'static str {
        if port.is_trunk() { "trunk" } else { "access" }
    }

    fn switchport(&self, name: &IfName) -> String {
        let Some(port) = self.running.ports.get(name) else {
            return String::new();
        };
        let long = NAMING.long(name);
        if port.is_routed {
            return format!("Name: {long}\n  Switchport: Disabled\n");
        }
        format!(
            "Name: {long}\n  Switchport: Enabled\n  Switchport Monitor: Not enabled \n  \
             Operational Mode: {}\n  Access Mode VLAN: {}\n  Trunking Native Mode VLAN: {}\n  \
             Trunking VLANs Allowed: {}\n",
            self.mode_word(port),
            self.label(port.access.unwrap_or(1)),
            self.label(port.native.unwrap_or(1)),
            allowed_text(port),
        )
    }

    /// The state of an interface's link, in the words of `show interface status`.
    fn link(&self, name: &IfName) -> &'static str {
        match self.running.ports.get(name) {
            Some(port) if port.is_down => "disabled",
            _ if self.plane().is_up(name) => "connected",
            _ => "notconnec",
        }
    }

    fn interface(&self, name: &IfName) -> String {
        let Some(port) = self.running.ports.get(name) else {
            return String::new();
        };
        let (long, admin) = (NAMING.long(name), if port.is_down { "down" } else { "up" });
        let state = match self.link(name) {
            "connected" => "up".to_owned(),
            "disabled" => "down (Administratively down)".to_owned(),
            _ => "down (Link not connected)".to_owned(),
        };
        let lag = port.group.map(|(lag, _)| format!("  Belongs to Po{lag}\n"));
        let about = port.description.as_ref().map(|text| format!("  Description: {text}\n"));
        let mode = if port.is_routed { "routed" } else { self.mode_word(port) };
        format!(
            "{long} is {state}\nadmin state is {admin}, Dedicated Interface\n{}  Hardware: \
             100/1000/10000/25000 Ethernet, address: 00b0.64f8.7a01 (bia 00b0.64f8.7a01)\n{}  \
             MTU {} bytes, BW 10000000 Kbit , DLY 10 usec\n  Encapsulation ARPA, medium is \
             broadcast\n  Port mode is {mode}\n  full-duplex, 10 Gb/s, media type is 10G\n",
            lag.unwrap_or_default(),
            about.unwrap_or_default(),
            port.mtu.unwrap_or(1500),
        )
    }

    fn status(&self, port: Option<&IfName>) -> String {
        let mut text = format!(
            "\n{RULE}Port          Name               Status    Vlan      Duplex  Speed   Type\n{RULE}"
        );
        for name in self.switched(port) {
            let Some(own) = self.running.ports.get(&name) else {
                continue;
            };
            let label = own.description.clone().unwrap_or_else(|| "--".to_owned());
            let label: String = label.chars().take(18).collect();
            let vlan = match own {
                Port { is_routed: true, .. } => "routed".to_owned(),
                own if own.is_trunk() => "trunk".to_owned(),
                own => own.access.unwrap_or(1).to_string(),
            };
            let (short, link) = (NAMING.short(&name), self.link(&name));
            text.push_str(&format!(
                "{short:<13} {label:<18} {link:<9} {vlan:<9} full    10G     10Gbase-SR\n"
            ));
        }
        text
    }

    /// Ports of each VLAN as the table has them: those that are up and carry it.
    pub(super) fn vlan_ports(&self) -> BTreeMap<u16, Vec<IfName>> {
        let mut ports: BTreeMap<u16, Vec<IfName>> = BTreeMap::new();
        for name in self.switched(None) {
            let view = self.plane().view(&name).filter(|view| view.up).unwrap_or_default();
            for vlan in view.vlans().iter() {
                ports.entry(vlan).or_default().push(name.clone());
            }
        }
        ports
    }

    fn show_vlan(&self, act: Act, values: &Values, is_json: bool) -> Reply {
        let wanted = (act == Act::ShowVlans).then(|| values.vlans());
        let is_shown = |id: u16| wanted.as_ref().is_none_or(|wanted| wanted.contains(id));
        let shown: Vec<(u16, &Vlan)> = self
            .running
            .vlans
            .iter()
            .map(|(id, vlan)| (*id, vlan))
            .filter(|(id, _)| is_shown(*id))
            .collect();
        if shown.is_empty() {
            let vlans = wanted.unwrap_or_default();
            return Reply::text(format!("VLAN {vlans} not found in current VLAN database"));
        }
        let ports = self.vlan_ports();
        if is_json {
            return Reply::text(json::vlans(&shown, &ports, act == Act::ShowVlans));
        }
        let mut text = String::from(
            "\nVLAN Name                             Status    Ports\n\
             ---- -------------------------------- --------- -------------------------------\n",
        );
        for (id, vlan) in shown {
            let own = ports.get(&id).map(Vec::as_slice).unwrap_or_default();
            let items: Vec<String> = own.iter().map(|port| NAMING.short(port)).collect();
            let list = wrap(&items, ", ", 31, &" ".repeat(48));
            let (name, state) = (vlan_name(id, vlan), state(vlan));
            let row = format!("{id:<4} {name:<32} {state:<9} {list}");
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        Reply::text(text)
    }

    fn vn_segments(&self, values: &Values) -> String {
        let mut text = String::from("\nVLAN Segment-id\n---- -----------\n");
        for id in values.vlans().iter() {
            let vni = super::config::vlan_of(&self.running, id).and_then(|vlan| vlan.vni);
            vni.into_iter().for_each(|vni| text.push_str(&format!("{id:<4} {vni}\n")));
        }
        text
    }

    /// The sign of a member in the summary.
    pub(super) const fn sign(state: Member) -> char {
        match state {
            Member::Bundled | Member::Fallback => 'P',
            Member::Individual => 'I',
            Member::Suspended => 's',
            Member::Down => 'D',
        }
    }

    fn lags(&self, port: Option<&IfName>) -> String {
        let mut text = format!(
            "Flags:  D - Down        P - Up in port-channel (members)\n        \
             I - Individual  H - Hot-standby (LACP only)\n        \
             s - Suspended   r - Module-removed\n        b - BFD Session Wait\n        \
             S - Switched    R - Routed\n        U - Up (port-channel)\n        \
             p - Up in delay-lacp mode (member)\n        M - Not in use. Min-links not met\n\
             {RULE}Group Port-       Type     Protocol  Member Ports\n      Channel\n{RULE}"
        );
        for (lag, own) in self.running.lags() {
            let name = IfName::lag(lag);
            if port.is_some_and(|port| *port != name) {
                continue;
            }
            let layer = if own.is_routed { 'R' } else { 'S' };
            let state = if self.plane().is_up(&name) { 'U' } else { 'D' };
            let protocol = match self.running.lag_mode(lag) {
                Some(mode) if mode.is_lacp() => "LACP",
                _ => "NONE",
            };
            let members = self.plane().members(lag);
            let items: Vec<String> = members
                .iter()
                .map(|(member, state)| {
                    format!("{:<12}", format!("{}({})", NAMING.short(member), Self::sign(*state)))
                })
                .collect();
            let rows: Vec<String> =
                items.chunks(3).map(|row| row.join(" ").trim_end().to_owned()).collect();
            let rows = if rows.is_empty() {
                "--".to_owned()
            } else {
                rows.join(&format!("\n{}", " ".repeat(37)))
            };
            let label = format!("Po{lag}({layer}{state})");
            text.push_str(&format!("{lag:<5} {label:<11} Eth      {protocol:<9} {rows}\n"));
        }
        text
    }

    fn lldp(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let mut text = String::from(
            "Capability codes:\n  (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n  \
             (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n\
             Device ID            Local Intf      Hold-time  Capability  Port ID  \n",
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
            let start = if system.len() > 20 {
                format!("{system}\n{:<21}", "")
            } else {
                format!("{system:<21}")
            };
            text.push_str(&format!("{start}{local:<16}120        BR          {}\n", own.port_id));
        }
        text.push_str(&format!("Total entries displayed: {count}\n"));
        text
    }

    fn lldp_detail(&self, port: Option<&IfName>) -> String {
        let wanted = port.map(|port| NAMING.long(port));
        let told = |text: &str| {
            if text.is_empty() { "not advertised".to_owned() } else { text.to_owned() }
        };
        let mut text = String::from(
            "Capability codes:\n  (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device\n  \
             (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other\n",
        );
        let mut count = 0;
        for (name, own) in self.world.neighbours() {
            if wanted.as_ref().is_some_and(|wanted| wanted != name) {
                continue;
            }
            count += 1;
            let local = NAMING.read(name).map(|name| NAMING.short(&name)).unwrap_or_default();
            text.push_str(&format!(
                "\nChassis id: {}\nPort id: {}\nLocal Port id: {local}\nPort Description: {}\n\
                 System Name: {}\nSystem Description: not advertised\nTime remaining: 110 seconds\n\
                 System Capabilities: B, R\nEnabled Capabilities: B, R\n\
                 Management Address: not advertised\nVlan ID: not advertised\n\n",
                dots(&own.chassis),
                own.port_id,
                told(&own.port_description),
                told(&own.system_name),
            ));
        }
        text.push_str(&format!("Total entries displayed: {count}\n"));
        text
    }

    pub(super) fn heard(&self, wanted: &str) -> Vec<(u16, [u8; 6], String)> {
        let mut macs = self.world.macs(&self.plane().views());
        macs.retain(|(_, mac, _)| wanted.is_empty() || digits(wanted) == digits(&dots(mac)));
        macs.iter()
            .map(|(vlan, mac, port)| {
                (*vlan, *mac, NAMING.read(port).map(|name| NAMING.short(&name)).unwrap_or_default())
            })
            .collect()
    }

    fn macs(&self, wanted: &str) -> String {
        let rows: String = self
            .heard(wanted)
            .iter()
            .map(|(vlan, mac, port)| {
                format!("* {vlan:>4}     {}   dynamic  0         F      F    {port}\n", dots(mac))
            })
            .collect();
        format!(
            "Legend: \n        * - primary entry, G - Gateway MAC, (R) - Routed MAC, O - Overlay MAC\n        \
             age - seconds since last seen,+ - primary entry using vPC Peer-Link,\n        \
             (T) - True, (F) - False, C - ControlPlane MAC, ~ - vsan\n   \
             VLAN     MAC Address      Type      age     Secure NTFY Ports\n\
             ---------+-----------------+--------+---------+------+----+------------------\n{rows}\
             G    -     5e00.c0ff.0007   static   -         F      F    sup-eth1(R)\n"
        )
    }

    fn vpcs(&self) -> String {
        let domain = self.running.pair.as_ref().map(|(domain, _)| domain.as_str());
        let is_up = self.setup.has_pair && domain.is_some();
        let peer = if is_up { "peer adjacency formed ok" } else { "peer link not configured" };
        let alive = if is_up { "peer is alive" } else { "Disabled" };
        let state = if is_up { "success" } else { "failed" };
        let mut text = format!(
            "Legend:\n                (*) - local vPC is down, forwarding via vPC peer-link\n\n\
             vPC domain id                     : {}\nPeer status                       : {peer}\n\
             vPC keep-alive status             : {alive}\nConfiguration consistency status  : {state}\n\
             Per-vlan consistency status       : {state}\nType-2 consistency status         : {state}\n\
             vPC role                          : {}\nNumber of vPCs configured         : {}\n",
            domain.unwrap_or("Not configured"),
            if is_up { "primary" } else { "none established" },
            self.running.lags().filter(|(_, port)| port.pair.is_some()).count(),
        );
        let thin = "-".repeat(69);
        let links: Vec<_> = self.running.lags().filter(|(_, port)| port.is_peer_link).collect();
        if !links.is_empty() {
            text.push_str(&format!(
                "\nvPC Peer-link status\n{thin}\nid    Port   Status Active vlans\n\
                 --    ----   ------ -------------------------------------------------\n"
            ));
        }
        for (lag, _) in links {
            let up = if self.plane().is_up(&IfName::lag(lag)) { "up" } else { "down" };
            let vlans = self.running.working_vlans();
            text.push_str(&format!("1     Po{lag:<5}{up:<7}{vlans}\n"));
        }
        text.push_str(&format!(
            "\nvPC status\n{}\nId    Port          Status Consistency Reason                Active vlans\n\
             --    ------------  ------ ----------- ------                ---------------\n",
            "-".repeat(76)
        ));
        for (lag, port) in self.running.lags() {
            let Some(number) = port.pair else {
                continue;
            };
            let name = IfName::lag(lag);
            let up = if self.plane().is_up(&name) { "up" } else { "down*" };
            let vlans = self.plane().view(&name).map(|view| view.vlans()).unwrap_or_default();
            let list = if vlans.is_empty() {
                "-".to_owned()
            } else {
                wrap(&vlans.items(2), ",", 15, &" ".repeat(61))
            };
            let po = format!("Po{lag}");
            text.push_str(&format!(
                "{number:<5} {po:<13} {up:<6} {state:<11} {state:<21} {list}\n\n"
            ));
        }
        text
    }

    fn nve(&self) -> String {
        let mut text = String::from(
            "Codes: CP - Control Plane        DP - Data Plane\n       \
             UC - Unconfigured         SA - Suppress ARP\n\n\
             Interface VNI      Multicast-group   State Mode Type [BD/VRF]      Flags\n\
             --------- -------- ----------------- ----- ---- ------------------ -----\n",
        );
        for (vni, lines) in &self.running.members {
            let group = lines.iter().find_map(|line| line.strip_prefix("mcast-group "));
            let bgp = lines.iter().any(|line| line.starts_with("ingress-replication"));
            let group = group.unwrap_or(if bgp { "UnicastBGP" } else { "n/a" });
            let bound = self.running.vlans.iter().find(|(_, vlan)| vlan.vni == Some(*vni));
            let (state, kind) = match bound {
                Some((id, _)) => ("Up", format!("L2 [{id}]")),
                None => ("Down", "L2 [-]".to_owned()),
            };
            let row = format!("nve1      {vni:<8} {group:<17} {state:<5} CP   {kind}");
            text.push_str(&format!("{}\n", row.trim_end()));
        }
        text
    }
}

/// `1-4094`, `none` or a list.
pub(super) fn allowed_text(port: &Port) -> String {
    match &port.allowed {
        None => "1-4094".to_owned(),
        Some(set) if set.is_empty() => "none".to_owned(),
        Some(set) => set.to_string(),
    }
}

/// The VLAN's name, or the one that NX-OS gives.
pub(super) fn vlan_name(id: u16, vlan: &Vlan) -> String {
    vlan.name.clone().unwrap_or_else(|| match id {
        1 => "default".to_owned(),
        _ => format!("VLAN{id:04}"),
    })
}

/// The state of a VLAN.
pub(super) const fn state(vlan: &Vlan) -> &'static str {
    if vlan.is_down { "suspended" } else { "active" }
}
