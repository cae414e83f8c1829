//! The running configuration as OS10 shows it: the administrative state and the access VLAN are
//! always there, blocks are parted by `!`.

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Config, Port, Vlan};
use super::NAMING;

/// Everything.
pub(super) fn whole(config: &Config) -> String {
    let mut text = format!("! Version 10.5.2.3\n!\nhostname {}\n", config.hostname);
    text.extend(config.features.iter().map(|line| format!("{line}\n")));
    for (id, vlan) in &config.vlans {
        text.push_str(&format!("!\n{}", vlan_block(*id, vlan)));
    }
    for kind in [Kind::Lag, Kind::Management, Kind::Port, Kind::Loopback] {
        for (name, port) in config.ports.iter().filter(|(name, _)| name.kind == kind) {
            text.push_str(&format!("!\n{}", interface(name, port)));
        }
    }
    if let Some((domain, lines)) = &config.pair {
        text.push_str(&format!("!\nvlt-domain {domain}\n"));
        text.extend(lines.iter().map(|line| format!(" {line}\n")));
    }
    text.push_str("!\n");
    text
}

/// The blocks of the interfaces of a kind, as `show running-configuration interface KIND` has them.
pub(super) fn of_kind(config: &Config, kind: &str) -> String {
    let kind = match kind {
        "vlan" => {
            let blocks = config.vlans.iter();
            return blocks.map(|(id, vlan)| format!("!\n{}", vlan_block(*id, vlan))).collect();
        }
        "port-channel" => Kind::Lag,
        _ => Kind::Port,
    };
    let blocks = config.ports.iter().filter(|(name, _)| name.kind == kind);
    blocks.map(|(name, port)| format!("!\n{}", interface(name, port))).collect()
}

/// The block of a VLAN.
pub(super) fn vlan_block(id: u16, vlan: &Vlan) -> String {
    let name = vlan.name.as_ref().map(|name| format!(" description {}\n", quoted(name)));
    let state = if vlan.is_down { " shutdown\n" } else { " no shutdown\n" };
    format!("interface vlan{id}\n{}{state}", name.unwrap_or_default())
}

fn quoted(text: &str) -> String {
    if text.contains(' ') { format!("\"{text}\"") } else { text.to_owned() }
}

/// The block of an interface.
pub(super) fn interface(name: &IfName, port: &Port) -> String {
    let mut text = format!("interface {}\n", NAMING.long(name));
    let mut line = |line: &str| text.push_str(&format!(" {line}\n"));
    if let Some(description) = &port.description {
        line(&format!("description {}", quoted(description)));
    }
    line(if port.is_down { "shutdown" } else { "no shutdown" });
    if let Some((lag, mode)) = port.group {
        match mode.is_lacp() {
            true => line(&format!("channel-group {lag} mode {}", mode.word())),
            false => line(&format!("channel-group {lag}")),
        }
    }
    if name.kind == Kind::Management {
        return text;
    }
    if port.is_routed {
        line("no switchport");
    } else {
        if port.is_trunk() {
            line("switchport mode trunk");
        }
        if let Some(vlan) = port.access {
            line(&format!("switchport access vlan {vlan}"));
        }
        if let Some(allowed) = &port.allowed {
            line(&format!("switchport trunk allowed vlan {allowed}"));
        }
    }
    if let Some(mtu) = port.mtu {
        line(&format!("mtu {mtu}"));
    }
    for subject in [
        "speed",
        "min-links",
        "max-bundle",
        "fallback",
        "timeout",
        "preemption",
        "rate",
        "priority",
    ] {
        port.line(subject).into_iter().for_each(&mut line);
    }
    if let Some(number) = port.pair {
        line(&format!("vlt-port-channel {number}"));
    }
    if let Some(edge) = port.edge {
        line(&format!("spanning-tree port type {edge}"));
    }
    if port.guard == Some(true) {
        line("spanning-tree bpduguard enable");
    }
    text
}
