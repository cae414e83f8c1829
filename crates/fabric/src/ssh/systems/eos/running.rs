//! The running configuration as EOS shows it: defaults are hidden, neighbouring VLANs without
//! names are one line, lists are never broken.

use super::super::chassis::names::{IfName, Kind};
use super::super::chassis::{Config, Port};
use super::NAMING;
use crate::ssh::vlans::VlanSet;

/// Everything, without the head.
pub(super) fn whole(config: &Config) -> String {
    let mut text = format!("hostname {}\n!\n", config.hostname);
    for line in &config.features {
        text.push_str(&format!("{line}\n!\n"));
    }
    for block in vlans(config) {
        text.push_str(&format!("{block}!\n"));
    }
    for (name, port) in &config.ports {
        if name.kind == Kind::Lag {
            text.push_str(&format!("{}!\n", interface(config, name, port)));
        }
    }
    for (name, port) in &config.ports {
        if name.kind != Kind::Lag {
            text.push_str(&format!("{}!\n", interface(config, name, port)));
        }
    }
    if let Some((_, lines)) = &config.pair {
        text.push_str("mlag configuration\n");
        text.extend(lines.iter().map(|line| format!("   {line}\n")));
        text.push_str("!\n");
    }
    if let Some(number) = config.bgp {
        text.push_str(&format!("router bgp {number}\n"));
        for (vlan, lines) in &config.instances {
            text.push_str(&format!("   !\n   vlan {vlan}\n"));
            text.extend(lines.iter().map(|line| format!("      {line}\n")));
        }
        text.push_str("!\n");
    }
    text.push_str("end\n");
    text
}

/// Blocks of VLANs. Those that say the same are one, as far as they are neighbours.
fn vlans(config: &Config) -> Vec<String> {
    let mut blocks: Vec<(VlanSet, Vec<String>)> = Vec::new();
    for (id, vlan) in config.vlans.iter().filter(|(id, _)| **id != 1) {
        let mut lines: Vec<String> =
            vlan.name.iter().map(|name| format!("   name {name}\n")).collect();
        if vlan.is_down {
            lines.push("   state suspend\n".to_owned());
        }
        match blocks.last_mut() {
            Some((ids, same)) if *same == lines => {
                ids.insert(*id);
            }
            _ => blocks.push((VlanSet::from([*id]), lines)),
        }
    }
    blocks.into_iter().map(|(ids, lines)| format!("vlan {ids}\n{}", lines.concat())).collect()
}

/// The block of an interface.
pub(super) fn interface(config: &Config, name: &IfName, port: &Port) -> String {
    let mut text = format!("interface {}\n", NAMING.long(name));
    let mut line = |line: String| text.push_str(&format!("   {line}\n"));
    if let Some(description) = &port.description {
        line(format!("description {description}"));
    }
    if port.is_down {
        line("shutdown".to_owned());
    }
    if let Some(mtu) = port.mtu {
        line(format!("mtu {mtu}"));
    }
    for subject in ["speed", "source"] {
        port.line(subject).into_iter().for_each(|own| line(own.to_owned()));
    }
    if let Some(vlan) = port.access {
        line(format!("switchport access vlan {vlan}"));
    }
    if port.tags_native {
        line("switchport trunk native vlan tag".to_owned());
    } else if let Some(vlan) = port.native {
        line(format!("switchport trunk native vlan {vlan}"));
    }
    if let Some(allowed) = &port.allowed {
        let list = if allowed.is_empty() { "none".to_owned() } else { allowed.to_string() };
        line(format!("switchport trunk allowed vlan {list}"));
    }
    if port.is_trunk() {
        line("switchport mode trunk".to_owned());
    }
    if port.is_routed {
        line("no switchport".to_owned());
    }
    if let Some((lag, mode)) = port.group {
        line(format!("channel-group {lag} mode {}", mode.word()));
    }
    for subject in ["timer", "priority", "min-links", "fallback", "fallback-timeout"] {
        port.line(subject).into_iter().for_each(|own| line(own.to_owned()));
    }
    if let Some(number) = port.pair {
        line(format!("mlag {number}"));
    }
    if let Some(lines) = &port.segment {
        line("!".to_owned());
        line("evpn ethernet-segment".to_owned());
        lines.iter().for_each(|own| line(format!("   {own}")));
    }
    port.line("system-id").into_iter().for_each(|own| line(own.to_owned()));
    if let Some(edge) = port.edge {
        line(format!("spanning-tree {edge}"));
    }
    match port.guard {
        Some(true) => line("spanning-tree bpduguard enable".to_owned()),
        Some(false) => line("spanning-tree bpduguard disable".to_owned()),
        None => {}
    }
    if name.kind == Kind::Tunnel {
        line("vxlan udp-port 4789".to_owned());
        for (vlan, vni) in &config.vnis {
            line(format!("vxlan vlan {vlan} vni {vni}"));
        }
        for (vlan, flood) in &config.members {
            line(format!("vxlan vlan {vlan} flood vtep {}", flood.join(" ")));
        }
    }
    text
}
