//! The running configuration as IOS shows it: defaults are hidden, VLANs are there only where VTP
//! does not keep them, long lists are broken into `add` lines.

use super::super::chassis::Port;
use super::super::chassis::names::{IfName, Kind};
use super::{Ios, NAMING};
use crate::ssh::vlans::VlanSet;

/// Columns at which a list of VLANs is broken.
const LINE: usize = 80;

impl Ios {
    /// Everything, without the head.
    pub(super) fn running_text(&self) -> String {
        text_of(self, &self.running)
    }

    pub(super) fn startup_text(&self) -> String {
        text_of(self, &self.startup)
    }
}

fn text_of(ios: &Ios, config: &super::Config) -> String {
    let mut text = format!("version 16.12\n!\nhostname {}\n!\n", config.hostname);
    let (archive, others): (Vec<&String>, Vec<&String>) =
        config.features.iter().partition(|line| line.starts_with("archive path "));
    for line in others {
        if *line != "vtp mode server" {
            text.push_str(&format!("{line}\n!\n"));
        }
    }
    if let Some(line) = archive.first() {
        let path = line.trim_start_matches("archive path ");
        text.push_str(&format!("archive\n path {path}\n!\n"));
    }
    if matches!(ios.vtp(), "transparent" | "off") {
        for (id, vlan) in &config.vlans {
            if matches!(id, 1 | 1002..=1005) {
                continue;
            }
            let name = vlan.name.as_ref().map(|name| format!(" name {name}\n"));
            text.push_str(&format!("vlan {id}\n{}!\n", name.unwrap_or_default()));
        }
    }
    for kind in [Kind::Loopback, Kind::Lag, Kind::Port, Kind::Uplink, Kind::Svi] {
        for (name, port) in config.ports.iter().filter(|(name, _)| name.kind == kind) {
            text.push_str(&format!("{}!\n", interface(name, port)));
        }
    }
    text.push_str("end\n");
    text
}

/// The block of an interface.
pub(super) fn interface(name: &IfName, port: &Port) -> String {
    let mut text = format!("interface {}\n", NAMING.long(name));
    let mut line = |line: &str| text.push_str(&format!(" {line}\n"));
    if let Some(description) = &port.description {
        line(&format!("description {description}"));
    }
    if port.is_routed {
        line("no switchport");
        line(port.line("address").unwrap_or("no ip address"));
    }
    if let Some(vlan) = port.access {
        line(&format!("switchport access vlan {vlan}"));
    }
    port.line("encapsulation").into_iter().for_each(&mut line);
    if let Some(vlan) = port.native {
        line(&format!("switchport trunk native vlan {vlan}"));
    }
    if let Some(allowed) = &port.allowed {
        lists(allowed).iter().for_each(|list| line(list));
    }
    match super::config::administrative(port) {
        "static access" => line("switchport mode access"),
        "trunk" => line("switchport mode trunk"),
        "dynamic desirable" => line("switchport mode dynamic desirable"),
        _ => {}
    }
    if port.is_silent {
        line("switchport nonegotiate");
    }
    if let Some(mtu) = port.mtu {
        line(&format!("mtu {mtu}"));
    }
    if port.is_down {
        line("shutdown");
    }
    for subject in ["speed", "min-links", "max-bundle", "standalone", "rate"] {
        port.line(subject).into_iter().for_each(&mut line);
    }
    if let Some(edge) = port.edge {
        line(&format!("spanning-tree {edge}"));
    }
    match port.guard {
        Some(true) => line("spanning-tree bpduguard enable"),
        Some(false) => line("spanning-tree bpduguard disable"),
        None => {}
    }
    if let Some((lag, mode)) = port.group {
        line(&format!("channel-group {lag} mode {}", mode.word()));
    }
    text
}

/// The lines of a list of VLANs. Two neighbours are no range.
fn lists(allowed: &VlanSet) -> Vec<String> {
    if allowed.is_empty() {
        return vec!["switchport trunk allowed vlan none".to_owned()];
    }
    let mut lines = vec!["switchport trunk allowed vlan ".to_owned()];
    let mut is_first = true;
    for item in allowed.items(3) {
        let used = lines.last().map_or(0, String::len);
        if !is_first && used + item.len() + 2 > LINE {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_published_list_is_broken_where_the_capture_breaks_it() {
        let text = "11,59,67,75,77,81,100,400-408,411-413,415,418,461,674,675,696,931,935,951,952,\
                    973,974,979,982,986,988,993";
        let lines = lists(&VlanSet::parse(text).unwrap());
        let all: Vec<&str> = lines
            .iter()
            .map(|line| {
                line.trim_start_matches("switchport trunk allowed vlan ").trim_start_matches("add ")
            })
            .collect();
        assert_eq!(all.join(","), text);
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() < LINE), "{lines:?}");
    }
}
