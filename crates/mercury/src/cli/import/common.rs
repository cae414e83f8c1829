//! What Ironic's switch file and networking-generic-switch have in common.

use std::collections::BTreeMap;

use drivers::ssh_cli::read::Object;
use model::MacAddress;
use switch::VlanDatabase;

use super::{
    device::{Device, System},
    draft::Draft,
    emit::{inline_table, list, quoted},
    login::{self, KNOWN_HOSTS},
    row::{Fate, Section},
};

/// Checks that a driver has what it needs, and names it.
///
/// An error is what is missing.
pub(super) fn finish(draft: &mut Draft, section: &Section<'_>) -> Result<(), &'static str> {
    if let Some(driver) = draft.device.driver() {
        draft.keys.insert("driver", quoted(driver));
    }
    let Device::Ssh(system) = draft.device.clone() else { return Ok(()) };
    draft.keys.insert("profile", quoted(&system.profile.name));
    login::finish(draft, &system, section)?;
    let can = &system.profile.capabilities;
    let safe = ["idle_vlan", "detach"].iter().any(|key| draft.keys.contains_key(key));
    if !safe && !can.closed && can.port_shut {
        draft.keys.insert("detach", quoted("shut"));
        draft.remarks.push(
            "there, a detached port stayed in the VLAN that the system falls back to; the system \
             knows no port without a VLAN, so it is shut: name an `idle_vlan` in its place"
                .to_owned(),
        );
    }
    if !draft.options.is_empty() {
        draft.ssh.insert("options", inline_table(&draft.options));
    }
    Ok(())
}

pub(super) fn device(draft: &mut Draft, value: &str) -> Fate {
    match &draft.device {
        Device::Ssh(system) if system.profile.name == "ovs-linux" => Fate::changed(
            "profile",
            "`ovs-linux`: `ovs-vsctl` over SSH, as before; LAGs are on `br0` unless the option \
             `bridge` names another. The driver `ovsdb` needs no shell",
        ),
        Device::Ssh(system) => Fate::carried("profile").note(format!("`{}`", system.profile.name)),
        Device::Memory => Fate::changed("driver", "`noop`: a switch in memory"),
        Device::Other(_) | Device::Unnamed => {
            let note = format!("no driver for `{value}` yet; the switch is not managed");
            draft.fact("device_type", value, &note)
        }
    }
}

pub(super) fn mac(draft: &mut Draft, option: &str, value: &str) -> Fate {
    match value.parse::<MacAddress>() {
        Ok(mac) => draft.set("switch_ids", list([mac.to_string()])),
        Err(_) => {
            draft.facts.push((option.to_owned(), value.to_owned()));
            Fate::unknown("it is not a MAC address; `switch_ids` was not written")
        }
    }
}

pub(super) fn save(asked: bool) -> Fate {
    let note = if asked {
        "saved a little after the last change and not after each; see `[save]`"
    } else {
        "configurations are always saved; see `[save]`"
    };
    Fate::changed("save", note)
}

/// Ports as the switch itself calls them, by which lists know them, and what is to be said about
/// those that a list of ports cannot mean; that is empty when there are none.
pub(super) fn ports(device: &Device, names: &[&str]) -> (Vec<String>, String) {
    let (mut strange, mut lags) = (Vec::new(), Vec::new());
    let mut own = |name: &str| match device.system()?.object(name) {
        Some(Object::Port(port)) => Some(port.to_string()),
        Some(Object::Lag(lag)) => {
            lags.push(format!("`{lag}`"));
            Some(lag.to_string())
        }
        Some(Object::Vlan(_)) | None => {
            strange.push(format!("`{name}`"));
            None
        }
    };
    let ports = names.iter().map(|name| own(name).unwrap_or_else(|| (*name).to_owned())).collect();
    let mut notes = Vec::new();
    if !lags.is_empty() {
        notes.push(format!("a LAG is its ports here: name those of {}", lags.join(", ")));
    }
    if !strange.is_empty() {
        notes.push(format!("called like no port of the system: {}", strange.join(", ")));
    }
    (ports, notes.join("; "))
}

/// What is to be said about switches rather than about their options.
pub(super) fn notes(switches: &[Draft]) -> Vec<String> {
    let mut notes = Vec::new();
    let mut said: Vec<(&str, Vec<String>)> = Vec::new();
    for draft in switches {
        for text in &draft.remarks {
            let name = format!("`{}`", draft.name);
            match said.iter_mut().find(|(known, _)| known == text) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name),
                None => said.push((text, vec![name])),
            }
        }
    }
    notes.extend(said.iter().map(|(text, names)| format!("{}: {text}", names.join(", "))));
    if switches.iter().filter_map(|draft| draft.device.system()).any(defines_vlans) {
        notes.push(
            "a port is put into no VLAN that is not defined on its switch, and that holds for the \
             idle VLAN: define VLANs with `add_network`, or say `create_vlans = true`"
                .to_owned(),
        );
    }
    notes.extend(host_keys(switches));
    if switches.iter().any(|draft| draft.device.system().is_some()) {
        notes.push(
            "old SSH algorithms are off, which the library's SSH spoke by itself: where a switch \
             has nothing newer, the error of the login names what its `legacy` has to allow"
                .to_owned(),
        );
    }
    notes
}

fn defines_vlans(system: &System) -> bool {
    system.profile.capabilities.vlan_database == VlanDatabase::Explicit
}

/// How the keys of the hosts become known, where nobody looked at them before.
fn host_keys(switches: &[Draft]) -> Option<String> {
    let mut hosts: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for (host, port) in switches.iter().filter_map(|draft| draft.host.as_ref()) {
        hosts.entry(*port).or_default().push(host);
    }
    let commands: Vec<String> = hosts
        .iter()
        .map(|(port, hosts)| {
            let port = if *port == 22 { String::new() } else { format!("-p {port} ") };
            format!("`ssh-keyscan {port}{} >> {KNOWN_HOSTS}`", hosts.join(" "))
        })
        .collect();
    (!commands.is_empty()).then(|| {
        format!(
            "the library looks at no host key; Mercury logs in to no host whose key it does not \
             know. Collect them beside the configuration: {}. Then compare every fingerprint \
             (`ssh-keygen -lf {KNOWN_HOSTS}`) with what the switch shows on its console, and let \
             nobody else write to the file",
            commands.join(", ")
        )
    })
}
