//! networking-generic-switch: its `[genericswitch:NAME]` sections, wherever they stand.

use std::collections::BTreeSet;

use model::{PhysicalNetwork, Vlan, VlanSet};

use super::{
    Problem, common,
    device::Device,
    draft::{Draft, Import},
    emit::{list, quoted},
    ini::Entry,
    listen, login,
    options::{NGS, is_true, items},
    row::{Fate, Input, Row, Section},
    vlans, vni,
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
    notes.extend(common::notes(&switches));
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
    let section = Section { input, title };
    let device = Device::of(section.first("device_type"), None);
    let mut draft = Draft::new(name, device);
    let mut seen = BTreeSet::new();
    let mut rows = Vec::new();
    for entry in input.document.section(title) {
        let fate = if seen.insert(entry.option.clone()) {
            let fate = option(&mut draft, &section, entry)
                .map_err(|problem| Problem::at(input, entry.line, problem))?;
            draft.settled(fate)
        } else {
            Fate::nothing("given again; the first one counts, here as there")
        };
        rows.push(input.row(entry, fate));
    }
    common::finish(&mut draft, &section).map_err(|what| Problem::at(input, line, what))?;
    Ok((draft, rows))
}

fn option(draft: &mut Draft, section: &Section<'_>, entry: &Entry) -> Result<Fate, &'static str> {
    let value = entry.value.as_str();
    let name = entry.option.as_str();
    if let Some(fate) = login::option(draft, section, name, value) {
        return Ok(fate);
    }
    if let Some(fate) = vni::option(draft, section, name, value) {
        return Ok(fate);
    }
    Ok(match name {
        "device_type" => common::device(draft, value),
        "ngs_mac_address" => common::mac(draft, "ngs_mac_address", value),
        "ngs_port_default_vlan" => {
            let vlan = value.parse().ok().and_then(|id| Vlan::new(id).ok()).ok_or(Problem::VLAN)?;
            draft.set("idle_vlan", vlan.to_string())
        }
        "ngs_disable_inactive_ports" => inactive(draft, is_true(value)),
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
            let (names, odd) = common::ports(&draft.device, &names);
            let fate = draft.set("allowed_ports", list(names));
            if odd.is_empty() { fate } else { Fate::changed("allowed_ports", odd) }
        }
        "ngs_trunk_ports" => {
            let (names, odd) = common::ports(&draft.device, &items(value));
            draft.uplinks = names;
            let mut note = "no network is added to ports between switches; the policy protects \
                            them from being changed"
                .to_owned();
            if !odd.is_empty() {
                note.push_str("; ");
                note.push_str(&odd);
            }
            Fate::changed("protected", note)
        }
        "ngs_save_configuration" => common::save(is_true(value)),
        "ngs_ovs_bridge" => bridge(draft, value),
        other => match NGS.iter().find(|(name, _)| *name == other) {
            Some((_, why)) if draft.device.driver().is_some() => Fate::nothing(*why),
            Some((name, why)) => draft.fact(name, value, why),
            None if other.starts_with("ngs_") => Fate::unknown("the library ignores it too"),
            None => Fate::unknown("handed to the SSH library as it is"),
        },
    })
}

/// Whether a port that nobody has is shut.
fn inactive(draft: &mut Draft, asked: bool) -> Fate {
    if !asked {
        return Fate::carried("detach")
            .note("a detached port is not shut, unless that is said below");
    }
    match draft.device.system() {
        Some(system) if !system.profile.capabilities.port_shut => Fate::nothing(
            "the system shuts no port: a detached one is in `idle_vlan`, or in no VLAN",
        ),
        _ => draft.set("detach", quoted("shut")),
    }
}

fn bridge(draft: &mut Draft, value: &str) -> Fate {
    match draft.device.clone() {
        Device::Ssh(system) if system.profile.options.contains_key("bridge") => {
            if !draft.option("bridge", value) {
                return Fate::unknown("it is no bridge's name; the default was left");
            }
            Fate::changed(
                "ssh.options.bridge",
                "there, numbers of VXLANs were kept on it; here, LAGs are made on it",
            )
        }
        Device::Ssh(_) | Device::Memory => Fate::nothing("there is no bridge to be named"),
        Device::Other(_) | Device::Unnamed => draft.undriven("ngs_ovs_bridge", value),
    }
}
