//! What a commit refuses: configurations in which every statement is good by itself.
//!
//! The form (a place, a statement, a reason, `configuration check-out failed`) is from captures;
//! so are the texts for a VLAN that does not exist, for too few members and for a missing password
//! of root. The other texts are guessed.

use std::collections::BTreeMap;

use super::schema::ids;
use super::tree::Tree;

/// A refusal in the form that the system gives it.
fn block(place: &str, statement: &str, reason: &str) -> String {
    format!("[edit {place}]\n  '{statement}'\n    {reason}\n")
}

/// Why this configuration cannot be committed.
pub(super) fn check(tree: &Tree) -> Result<(), String> {
    let mut faults = Vec::new();
    if !tree.has(&["system", "root-authentication"]) {
        let text = "[edit]\n  'system'\n    Missing mandatory statement: 'root-authentication'\n";
        let end = "error: configuration check-out failed: (missing mandatory statements)\n";
        return Err(format!("{text}{end}"));
    }
    vlans(tree, &mut faults);
    for name in tree.names(&["interfaces"]) {
        switching(tree, name, &mut faults);
        bundle(tree, name, &mut faults);
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(format!("{}error: configuration check-out failed\n", faults.concat()))
}

fn vlans(tree: &Tree, faults: &mut Vec<String>) {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    let mut mapped: BTreeMap<&str, &str> = BTreeMap::new();
    for vlan in tree.names(&["vlans"]) {
        if let Some(id) = tree.leaf(&["vlans", vlan, "vlan-id"])
            && let Some(other) = taken.insert(id, vlan)
        {
            let reason = format!("vlan-id {id} is already used by vlan {other}");
            faults.push(block(&format!("vlans {vlan}"), &format!("vlan-id {id}"), &reason));
        }
        if let Some(vni) = tree.leaf(&["vlans", vlan, "vxlan", "vni"])
            && let Some(other) = mapped.insert(vni, vlan)
        {
            let reason = format!("vni {vni} is already used by vlan {other}");
            faults.push(block(&format!("vlans {vlan} vxlan"), &format!("vni {vni}"), &reason));
        }
    }
}

fn switching(tree: &Tree, name: &str, faults: &mut Vec<String>) {
    for unit in tree.names(&["interfaces", name, "unit"]) {
        let family = ["interfaces", name, "unit", unit, "family", "ethernet-switching"];
        if !tree.has(&family) {
            continue;
        }
        let place = family.join(" ");
        if tree.has(&["interfaces", name, "flexible-vlan-tagging"]) {
            let reason = "family ethernet-switching is not allowed with flexible-vlan-tagging";
            let place = format!("interfaces {name} unit {unit}");
            faults.push(block(&place, "family", reason));
        }
        let of = |more: &[&'static str]| [&family[..], more].concat();
        let members = tree.names(&of(&["vlan", "members"]));
        for member in &members {
            let is_name = *member != "all" && ids(member).is_none();
            if is_name && !tree.has(&["vlans", member]) {
                let reason = format!("VLAN {member} does not exist");
                faults.push(block(&format!("{place} vlan"), &format!("members {member}"), &reason));
            }
        }
        let is_trunk = tree.leaf(&of(&["interface-mode"])) == Some("trunk");
        let several = members.len() > 1
            || members.iter().any(|member| {
                *member == "all" || ids(member).is_some_and(|ids| ids.start() != ids.end())
            });
        if !is_trunk && several {
            let reason = "Access interface can be a member of one vlan only";
            faults.push(block(&place, "vlan", reason));
        }
    }
}

fn bundle(tree: &Tree, name: &str, faults: &mut Vec<String>) {
    let own = |more: &[&'static str]| -> Vec<&str> {
        ["interfaces", name].into_iter().chain(more.iter().copied()).collect()
    };
    if let Some(lag) = tree.leaf(&own(&["ether-options", "802.3ad"])) {
        for (statement, reason) in [
            ("unit", "logical interfaces are not allowed on a member of an aggregated interface"),
            ("mtu", "mtu is not allowed on a member of an aggregated interface"),
            (
                "native-vlan-id",
                "vlan options are not allowed on a member of an aggregated interface",
            ),
        ] {
            let at = own(&[]).into_iter().chain([statement]).collect::<Vec<_>>();
            if tree.has(&at) {
                let reason = format!("{reason} ({lag})");
                faults.push(block(&format!("interfaces {name}"), statement, &reason));
            }
        }
    }
    let links = tree.leaf(&own(&["aggregated-ether-options", "minimum-links"]));
    if let Some(least) = links.and_then(|links| links.parse::<usize>().ok()) {
        let have = members(tree, name).len();
        if have > 0 && have < least {
            let reason = format!(
                "Number of member links configured, i.e [{have}], for interface [{name}]is lesser \
                 than the required minimum [{least}]."
            );
            let place = format!("interfaces {name} aggregated-ether-options");
            faults.push(block(&place, "minimum-links", &reason));
        }
    }
    let esi = tree.leaf(&own(&["esi"]));
    if let Some(esi) = esi {
        let digits: String = esi.chars().filter(char::is_ascii_hexdigit).collect();
        let is_reserved = digits.bytes().all(|digit| digit == b'0')
            || digits.bytes().all(|digit| digit.eq_ignore_ascii_case(&b'f'));
        let reason = if is_reserved {
            Some("ESI value is reserved")
        } else if tree.has(&own(&["esi", "auto-derive"])) {
            Some("identifier and auto-derive can not be configured together")
        } else {
            None
        };
        faults.extend(reason.map(|reason| block(&format!("interfaces {name}"), "esi", reason)));
    }
}

/// The ports that are configured into a LAG.
pub(super) fn members<'a>(tree: &'a Tree, lag: &str) -> Vec<&'a str> {
    let mut ports = tree.names(&["interfaces"]);
    ports.retain(|port| tree.leaf(&["interfaces", port, "ether-options", "802.3ad"]) == Some(lag));
    ports
}
