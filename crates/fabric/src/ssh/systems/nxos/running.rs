//! The running configuration as NX-OS shows it: defaults are hidden, blocks are parted by blank
//! lines, long lists are broken into `add` lines.

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Config, Port};
use super::NAMING;
use crate::ssh::vlans::VlanSet;

/// Columns at which a list of VLANs is broken.
pub(super) const LINE: usize = 80;

/// What stands above the interfaces, for a command.
pub(super) fn head(command: &str) -> String {
    format!(
        "\n!Command: {command}\n!Running configuration last done at: Mon Sep 28 10:59:56 2020\n\
         !Time: Mon Sep 28 11:40:16 2020\n\nversion 9.3(5) Bios:version 05.40\n"
    )
}

/// Everything, without the head.
pub(super) fn whole(config: &Config) -> String {
    let mut text = format!("hostname {}\n\n", config.hostname);
    for line in &config.features {
        text.push_str(&format!("{line}\n"));
    }
    text.push_str(&vlans(config));
    text.push('\n');
    if let Some((domain, lines)) = &config.pair {
        text.push_str(&format!("vpc domain {domain}\n"));
        text.extend(lines.iter().map(|line| format!("  {line}\n")));
        text.push('\n');
    }
    for kind in [Kind::Svi, Kind::Lag, Kind::Tunnel, Kind::Port, Kind::Management, Kind::Loopback] {
        for (name, port) in config.ports.iter().filter(|(name, _)| name.kind == kind) {
            text.push_str(&format!("\n{}", interface(config, name, port)));
        }
    }
    if !config.instances.is_empty() {
        text.push_str("\nevpn\n");
        for (vni, lines) in &config.instances {
            text.push_str(&format!("  vni {vni} l2\n"));
            text.extend(lines.iter().map(|line| format!("    {line}\n")));
        }
    }
    text
}

/// The list of VLANs, and a block for each that has more to say.
pub(super) fn vlans(config: &Config) -> String {
    let all: VlanSet = config.vlans.keys().copied().collect();
    let mut text = format!("\nvlan {all}\n");
    for (id, vlan) in &config.vlans {
        let name = vlan.name.as_ref().map(|name| format!("  name {name}\n"));
        let vni = vlan.vni.map(|vni| format!("  vn-segment {vni}\n"));
        let state = vlan.is_down.then(|| "  state suspend\n".to_owned());
        let lines: String = [name, vni, state].into_iter().flatten().collect();
        if !lines.is_empty() {
            text.push_str(&format!("vlan {id}\n{lines}"));
        }
    }
    text
}

/// The block of an interface.
pub(super) fn interface(config: &Config, name: &IfName, port: &Port) -> String {
    let mut text = format!("interface {}\n", NAMING.long(name));
    let mut line = |line: &str| text.push_str(&format!("  {line}\n"));
    if name.kind == Kind::Tunnel {
        line("no shutdown");
        for subject in ["reachability", "source"] {
            port.line(subject).into_iter().for_each(&mut line);
        }
        for (first, last, lines) in members(config) {
            let range = if first == last { first.to_string() } else { format!("{first}-{last}") };
            line(&format!("member vni {range}"));
            lines.iter().for_each(|own| line(&format!("  {own}")));
        }
        return text;
    }
    if let Some(description) = &port.description {
        line(&format!("description {description}"));
    }
    let routed_by_default = config.features.contains("no system default switchport");
    if matches!(name.kind, Kind::Port | Kind::Lag) && port.is_routed != routed_by_default {
        line(if port.is_routed { "no switchport" } else { "switchport" });
    }
    if port.is_trunk() {
        line("switchport mode trunk");
    }
    if let Some(vlan) = port.access {
        line(&format!("switchport access vlan {vlan}"));
    }
    if let Some(vlan) = port.native {
        line(&format!("switchport trunk native vlan {vlan}"));
    }
    if let Some(allowed) = &port.allowed {
        lists(allowed).iter().for_each(|list| line(list));
    }
    if let Some(kind) = port.edge {
        line(&format!("spanning-tree port type {kind}"));
    }
    match port.guard {
        Some(true) => line("spanning-tree bpduguard enable"),
        Some(false) => line("spanning-tree bpduguard disable"),
        None => {}
    }
    port.line("speed").into_iter().for_each(&mut line);
    if let Some(mtu) = port.mtu {
        line(&format!("mtu {mtu}"));
    }
    for subject in ["rate", "min-links", "individual", "graceful", "convergence", "address"] {
        port.line(subject).into_iter().for_each(&mut line);
    }
    if port.is_peer_link {
        line("vpc peer-link");
    }
    if let Some(number) = port.pair {
        line(&format!("vpc {number}"));
    }
    if let Some((lag, mode)) = port.group {
        match mode.is_lacp() {
            true => line(&format!("channel-group {lag} mode {}", mode.word())),
            false => line(&format!("channel-group {lag}")),
        }
    }
    if port.is_down {
        line("shutdown");
    }
    text
}

/// The lines of a list of VLANs.
fn lists(allowed: &VlanSet) -> Vec<String> {
    if allowed.is_empty() {
        return vec!["switchport trunk allowed vlan none".to_owned()];
    }
    let mut lines = vec!["switchport trunk allowed vlan ".to_owned()];
    let mut is_first = true;
    for item in allowed.items(2) {
        let used = lines.last().map_or(0, String::len);
        if !is_first && used + item.len() + 1 > LINE - 2 {
            lines.push("switchport trunk allowed vlan add ".to_owned());
            is_first = true;
        }
        if let Some(line) = lines.last_mut() {
            if !is_first {
                line.push(',');
            }
            line.push_str(&item);
        }
        is_first = false;
    }
    lines
}

/// VNIs of the tunnel: neighbours with the same lines are a range.
fn members(config: &Config) -> Vec<(u32, u32, Vec<String>)> {
    let mut runs: Vec<(u32, u32, Vec<String>)> = Vec::new();
    for (vni, lines) in &config.members {
        match runs.last_mut() {
            Some((_, last, same)) if *last + 1 == *vni && same == lines => *last = *vni,
            _ => runs.push((*vni, *vni, lines.clone())),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_broken_into_add_lines() {
        let many: VlanSet = (100..200).map(|vlan| vlan * 2).collect();
        let lines = lists(&many);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= LINE - 2));
        let read = |(index, line): (usize, &String)| {
            let start = "switchport trunk allowed vlan ";
            let rest = line.strip_prefix(start).unwrap();
            assert_eq!(rest.starts_with("add "), index > 0);
            VlanSet::parse(rest.trim_start_matches("add ")).unwrap()
        };
        let all =
            lines.iter().enumerate().map(read).fold(VlanSet::none(), |all, set| all.union(&set));
        assert_eq!(all, many);
        assert_eq!(lists(&VlanSet::none()), ["switchport trunk allowed vlan none"]);
    }
}
