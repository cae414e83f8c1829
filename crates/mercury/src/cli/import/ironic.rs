//! Ironic's networking service: its switch file, and the sections of its own configuration.
//!
//! The facts are those of Ironic 39.0.0. Where the service does something else than its guide
//! says, what it does counts.

use std::collections::BTreeSet;

use model::{Vlan, VlanSet};

use super::{
    Problem, common,
    device::Device,
    draft::{Draft, Import},
    emit::quoted,
    ini::Entry,
    listen, login,
    options::is_true,
    row::{Fate, Input, Row, Section},
    vlans,
};

const SWITCH: &str = "switch:";
const SERVICE: &str = "ironic_networking";
const RPC: &str = "ironic_networking_json_rpc";
/// Options that only a section about a switch has.
const OF_A_SWITCH: [&str; 3] = ["driver_type", "device_type", "mac_address"];

/// What the service's own configuration says about all switches.
#[derive(Debug, Default)]
struct Globals {
    vlans: Option<VlanSet>,
    idle: Option<Vlan>,
}

pub(super) fn import(inputs: &[Input]) -> Result<Import, Problem> {
    let globals = globals(inputs)?;
    let mut rows = Vec::new();
    let mut switches: Vec<Draft> = Vec::new();
    let mut notes = Vec::new();
    let listen = listen::of_ironic(inputs, RPC, &mut notes);
    for input in inputs {
        for section in &input.document.sections {
            let title = section.title.as_str();
            if let Some(name) = title.strip_prefix(SWITCH) {
                let (draft, more) = switch(input, title, name, section.line, &globals)?;
                if switches.iter().any(|known| known.name == draft.name) {
                    return Err(Problem::at(input, section.line, "the switch is there twice"));
                }
                switches.push(draft);
                rows.extend(more);
                continue;
            }
            let entries: Vec<&Entry> = input.document.section(title).collect();
            let lost = entries.iter().any(|entry| OF_A_SWITCH.contains(&entry.option.as_str()));
            if lost {
                notes.push(format!(
                    "{}:{}: Ironic skips the section `[{title}]` without a word: a switch's title \
                     is `[switch:{title}]`. It was not imported",
                    input.name, section.line
                ));
            }
            for entry in entries {
                let ours = matches!(title, SERVICE | RPC);
                let fate = match title {
                    _ if ours && listen::is_superseded(entry, inputs) => {
                        Fate::nothing("given again later; the last one counts, here as there")
                    }
                    SERVICE => service(entry, &globals),
                    RPC => listen::option(entry, inputs, RPC),
                    "DEFAULT" if entry.option == "auth_strategy" => {
                        listen::option(entry, inputs, RPC)
                    }
                    _ if lost => Fate::unknown("Ironic does not read this section either"),
                    _ => Fate::nothing("not about switches"),
                };
                let foreign = !lost && title != SERVICE && title != RPC;
                let foreign = foreign && !(title == "DEFAULT" && entry.option == "auth_strategy");
                rows.push(Row { foreign, ..input.row(entry, fate) });
            }
        }
    }
    if globals.idle.is_none()
        && switches.iter().any(|draft| draft.keys.contains_key("allowed_vlans"))
    {
        notes.push(
            "no `idle_network` was found. If the conductor has one, its VLAN has to be among each \
             switch's `allowed_vlans`: Ironic sends it with each reset and never checked it"
                .to_owned(),
        );
    }
    notes.extend(common::notes(&switches));
    if switches.is_empty() {
        notes.push("no section `[switch:NAME]` was found: no switch was imported".to_owned());
    }
    Ok(Import { rows, switches, listen, notes })
}

fn globals(inputs: &[Input]) -> Result<Globals, Problem> {
    let mut globals = Globals::default();
    for input in inputs {
        for entry in input.document.section(SERVICE) {
            match entry.option.as_str() {
                "allowed_vlans" => {
                    let list = vlans::list(&entry.value)
                        .ok_or_else(|| Problem::at(input, entry.line, Problem::VLANS))?;
                    globals.vlans = Some(list);
                }
                "idle_network" => globals.idle = vlans::of_network(&entry.value),
                _ => {}
            }
        }
    }
    Ok(globals)
}

fn service(entry: &Entry, globals: &Globals) -> Fate {
    let conductors = "the conductor's own; leave it there";
    match entry.option.as_str() {
        "allowed_vlans" if globals.vlans.as_ref().is_some_and(VlanSet::is_empty) => Fate::changed(
            "",
            "an empty list restricts nothing in Ironic, whatever its guide says; in Mercury it \
             would allow nothing, so it was left out",
        ),
        "allowed_vlans" => match lacks_idle(globals.vlans.as_ref(), globals) {
            None => Fate::carried("switch.*.allowed_vlans")
                .note("on every switch without a list of its own"),
            Some(note) => Fate::changed(
                "switch.*.allowed_vlans",
                format!("on every switch without a list of its own; {note}"),
            ),
        },
        "idle_network" => match globals.idle {
            Some(_) => Fate::changed(
                "switch.*.idle_vlan",
                "a detached port is left in it also when a call does not name it; the conductor \
                 still needs the option",
            ),
            None => Fate::nothing("names no VLAN"),
        },
        "rpc_transport" if entry.value == "json-rpc" => {
            Fate::carried("listen.methods").note("the one transport that is spoken")
        }
        "rpc_transport" => Fate::nothing(
            "only `json-rpc` is spoken; the conductor's `[ironic_networking] rpc_transport` has \
             to say so",
        ),
        "switch_config_file" => Fate::nothing("the switches are in this configuration itself"),
        "driver_config_dir" => Fate::nothing(
            "nothing is written there; delete it, it holds the switches' passwords in clear",
        ),
        "enabled_switch_drivers" => Fate::nothing("each switch names its driver"),
        "cleaning_network"
        | "rescuing_network"
        | "provisioning_network"
        | "servicing_network"
        | "inspection_network" => Fate::nothing(conductors),
        _ => Fate::unknown(""),
    }
}

/// What is said of a list without the idle VLAN, which has to be in it.
fn lacks_idle(list: Option<&VlanSet>, globals: &Globals) -> Option<String> {
    let idle = globals.idle.filter(|&idle| list.is_some_and(|list| !list.contains(idle)))?;
    Some(format!("with the idle VLAN {idle}, which Ironic sends with each reset and never checked"))
}

fn switch(
    input: &Input,
    title: &str,
    name: &str,
    line: usize,
    globals: &Globals,
) -> Result<(Draft, Vec<Row>), Problem> {
    let name = name.parse().map_err(|error| Problem::at(input, line, format!("{error}")))?;
    let section = Section { input, title };
    let device = Device::of(section.first("device_type"), section.first("driver_type"));
    let mut draft = Draft::new(name, device);
    let mut seen = BTreeSet::new();
    let mut own = None;
    let mut rows = Vec::new();
    for entry in input.document.section(title) {
        let fate = if seen.insert(entry.option.clone()) {
            if entry.option == "allowed_vlans" {
                let list = vlans::list(&entry.value)
                    .ok_or_else(|| Problem::at(input, entry.line, Problem::VLANS))?;
                own = Some(list);
            }
            let fate = option(&mut draft, &section, entry, own.as_ref(), globals);
            draft.settled(fate)
        } else {
            Fate::nothing("given again; the first one counts, here as there")
        };
        rows.push(input.row(entry, fate));
    }
    if let Some(allowed) = vlans::ironic(own.as_ref(), globals.vlans.as_ref()) {
        let allowed = globals.idle.map_or(allowed.clone(), |idle| allowed.with(idle));
        draft.keys.insert("allowed_vlans", quoted(&allowed.to_string()));
    }
    if let Some(idle) = globals.idle {
        draft.keys.insert("idle_vlan", idle.to_string());
    }
    common::finish(&mut draft, &section).map_err(|what| Problem::at(input, line, what))?;
    Ok((draft, rows))
}

/// What Ironic reads of a login; it drops everything else.
const LOGIN: [&str; 6] = ["address", "username", "password", "key_file", "port", "enable_secret"];

fn option(
    draft: &mut Draft,
    section: &Section<'_>,
    entry: &Entry,
    own: Option<&VlanSet>,
    globals: &Globals,
) -> Fate {
    let value = entry.value.as_str();
    match entry.option.as_str() {
        "driver_type" if value == "noop" => draft.set("driver", quoted("noop")),
        "driver_type" => Fate::nothing("each switch's `driver` speaks to the switch itself"),
        "device_type" => common::device(draft, value),
        "mac_address" => common::mac(draft, "mac_address", value),
        "persist" => common::save(is_true(value)),
        "allowed_vlans" if own.is_some_and(VlanSet::is_empty) => Fate::changed(
            "",
            "an empty list restricts nothing in Ironic, whatever its guide says, and the global \
             one counts; in Mercury it would allow nothing, so it was left out",
        ),
        "allowed_vlans" => match lacks_idle(own, globals) {
            None => Fate::carried("allowed_vlans"),
            Some(note) => Fate::changed("allowed_vlans", note),
        },
        "native_vlan" => Fate::nothing("Ironic passes it to a library that ignores it"),
        name if LOGIN.contains(&name) => {
            login::option(draft, section, name, value).unwrap_or_else(|| Fate::unknown(""))
        }
        _ => Fate::unknown("Ironic drops it without a word"),
    }
}
