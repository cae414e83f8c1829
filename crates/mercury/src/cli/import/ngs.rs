//! networking-generic-switch: its `[genericswitch:NAME]` sections, wherever they stand.

use std::collections::BTreeSet;

use model::{PhysicalNetwork, Vlan, VlanSet};

use super::{
    Problem,
    draft::{Device, Draft, Import},
    emit::{list, quoted},
    ini::Entry,
    listen,
    options::{LOGIN, NGS, NO_LOGIN, SECRETS, is_true, items},
    row::{Fate, Input, Row},
    vlans,
};

const SWITCH: &str = "genericswitch:";

pub(super) fn import(inputs: &[Input]) -> Result<Import, Problem> {
    let mut rows = Vec::new();
    let mut switches: Vec<Draft> = Vec::new();
    let mut notes = Vec::new();
    for input in inputs {
        for section in &input.document.sections {
            let title = section.title.as_str();
            if let Some(name) = title.strip_prefix(SWITCH) {
                let (draft, more) = switch(input, title, name, section.line)?;
                if switches.iter().any(|known| known.name == draft.name) {
                    return Err(Problem::at(input, section.line, "the switch is there twice"));
                }
                switches.push(draft);
                rows.extend(more);
                continue;
            }
            let ours = matches!(title, "ngs" | "ngs_coordination");
            for entry in input.document.section(title) {
                let fate = match (title, entry.option.as_str()) {
                    ("ngs", "session_log_file") => {
                        Fate::nothing("what was sent is in the answer and in the audit log")
                    }
                    ("ngs_coordination", "backend_url" | "acquire_timeout") => Fate::nothing(
                        "processes on one machine keep off each other by locks in `state_dir`",
                    ),
                    _ if ours => Fate::unknown(""),
                    _ => Fate::nothing("not about switches"),
                };
                rows.push(Row { foreign: !ours, ..input.row(entry, fate) });
            }
        }
    }
    if switches.is_empty() {
        notes
            .push("no section `[genericswitch:NAME]` was found: no switch was imported".to_owned());
    }
    notes.push(
        "Neutron does not call Mercury: the listener speaks Mercury's own methods".to_owned(),
    );
    Ok(Import { rows, switches, listen: listen::own(), notes })
}

fn switch(
    input: &Input,
    title: &str,
    name: &str,
    line: usize,
) -> Result<(Draft, Vec<Row>), Problem> {
    let name = name.parse().map_err(|error| Problem::at(input, line, format!("{error}")))?;
    let kind = input.document.section(title).find(|entry| entry.option == "device_type");
    let device = Device::of(kind.map(|entry| entry.value.as_str()), None);
    let mut draft = Draft::new(name, device);
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for entry in input.document.section(title) {
        let fate = if seen.insert(entry.option.clone()) {
            let fate = option(&mut draft, entry)
                .map_err(|problem| Problem::at(input, entry.line, problem))?;
            draft.settled(fate)
        } else {
            Fate::nothing("given again; the first one counts, here as there")
        };
        rows.push(input.row(entry, fate));
    }
    super::common::finish(&mut draft).map_err(|what| Problem::at(input, line, what))?;
    Ok((draft, rows))
}

fn option(draft: &mut Draft, entry: &Entry) -> Result<Fate, &'static str> {
    let value = entry.value.as_str();
    Ok(match entry.option.as_str() {
        "device_type" => super::common::device(draft, value),
        name @ ("ip" | "host" | "address") => super::common::address(draft, name, value),
        "ngs_mac_address" => super::common::mac(draft, "ngs_mac_address", value),
        "ngs_port_default_vlan" => {
            let vlan = value.parse().ok().and_then(|id| Vlan::new(id).ok()).ok_or(Problem::VLAN)?;
            draft.set("idle_vlan", vlan.to_string())
        }
        "ngs_disable_inactive_ports" if is_true(value) && draft.device == Device::OpenVswitch => {
            Fate::nothing(
                "Open vSwitch shuts no port: a detached one is in `idle_vlan`, or in none",
            )
        }
        "ngs_disable_inactive_ports" if is_true(value) => draft.set("detach", quoted("shut")),
        "ngs_disable_inactive_ports" => {
            Fate::carried("detach").note("a detached port stays up, as is the default")
        }
        "ngs_physical_networks" => {
            let names = items(value);
            if names.iter().any(|name| name.parse::<PhysicalNetwork>().is_err()) {
                return Err("a physical network's name cannot be used");
            }
            draft.set("physical_networks", list(names))
        }
        "ngs_allowed_vlans" => {
            let allowed = vlans::list(value).ok_or(Problem::VLANS)?;
            let fate = draft.set("allowed_vlans", quoted(&allowed.to_string()));
            if allowed == VlanSet::default() {
                fate.note("empty: nothing is allowed")
            } else {
                fate
            }
        }
        "ngs_allowed_ports" => {
            let names = items(value);
            if names.iter().any(|name| name.contains(['*', '?', '[', ']', '\\'])) {
                return Err("a port's name holds a sign that means a pattern in Mercury");
            }
            draft.set("allowed_ports", list(names))
        }
        "ngs_trunk_ports" => {
            draft.uplinks = items(value).into_iter().map(str::to_owned).collect();
            Fate::changed(
                "protected",
                "no network is added to ports between switches; the policy protects them from \
                 being changed",
            )
        }
        "ngs_save_configuration" => super::common::save(is_true(value)),
        "ngs_ovs_bridge" if draft.device == Device::OpenVswitch => {
            draft.set("bridge", quoted(value));
            Fate::changed(
                "bridge",
                "there, numbers of VXLANs were kept on it; here it is the switch",
            )
        }
        secret if SECRETS.contains(&secret) => draft.secret(secret, value),
        login if LOGIN.contains(&login) => draft.fact(login, value, NO_LOGIN),
        other => match NGS.iter().find(|(name, _)| *name == other) {
            Some((_, why)) if draft.device.driver().is_some() => Fate::nothing(*why),
            Some((name, why)) => draft.fact(name, value, why),
            None if other.starts_with("ngs_") => Fate::unknown("the library ignores it too"),
            None => Fate::unknown("handed to the SSH library as it is"),
        },
    })
}
