//! Whether an answer fits the question. Pure.
//!
//! The types hold what a value may be; here is what only the question tells: nothing that was not
//! asked for, nothing missing that the core would take for something else.

use std::collections::BTreeMap;

use model::{PortConfig, Vlan, VlanMode};
use switch::{
    Applied, Capabilities, DeviceError, LagNaming, Observation, PortMatch, Query, Slice,
    VlanDatabase, VlanState,
};

use super::{
    error::{Violation, excerpt},
    redact::Redactor,
    wire::{Description, Observed, Outcome, PROTOCOL, method},
};

/// How many texts an outcome may have, and how long each is kept: they go into the audit log.
const TEXTS: usize = 64;
const TEXT_CHARS: usize = 2048;

/// Checks what a plugin says of itself.
pub(super) fn description(description: Description) -> Result<Description, Violation> {
    let wrong = |problem: String| Err(Violation::wrong(method::DESCRIBE, problem));
    let Description { protocol, name, version, capabilities, .. } = &description;
    if *protocol != PROTOCOL {
        return wrong(format!("`protocol` is {protocol}, and {PROTOCOL} is spoken here"));
    }
    let texts = [Some(("name", name)), version.as_ref().map(|version| ("version", version))];
    for (member, text) in texts.into_iter().flatten() {
        let plain = text.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if text.is_empty() || text.len() > 64 || !plain {
            let shown = excerpt(text);
            return wrong(format!("`{member}` is `{shown}`, not 1 to 64 printable characters"));
        }
    }
    let Capabilities { access, trunk, native_on_trunk, hybrid, lag, vlan_database, vxlan, .. } =
        capabilities;
    if !access && !trunk {
        return wrong(
            "`capabilities`: a switch without access ports and trunks is of no use".into(),
        );
    }
    if (*native_on_trunk || *hybrid != switch::HybridSupport::None) && !trunk {
        return wrong("`capabilities`: native VLANs and hybrid ports need `trunk`".into());
    }
    if *vxlan && *vlan_database == VlanDatabase::Implicit {
        return wrong("`capabilities.vxlan` needs `vlan_database` to be `explicit`".into());
    }
    if let Some(lag) = lag {
        if !(lag.active || lag.passive || lag.r#static) || lag.max_members == 0 {
            return wrong(
                "`capabilities.lag` needs one of `active`, `passive`, `static`, and `max_members`"
                    .into(),
            );
        }
        if matches!(&lag.naming, LagNaming::Numbered { prefix } if prefix.is_empty()) {
            return wrong("`capabilities.lag.naming.numbered.prefix` is empty".into());
        }
    }
    Ok(description)
}

/// In what two descriptions of one plugin differ, as far as anything depends on it.
pub(super) fn difference(before: &Description, now: &Description) -> Option<String> {
    let members = |description: &Description| {
        let mut flat = BTreeMap::new();
        // Plain data always serialises.
        let value = serde_json::to_value(description).unwrap_or_default();
        flatten("", &value, &mut flat);
        flat.remove("version");
        flat
    };
    let (before, now) = (members(before), members(now));
    let show = |value: Option<&String>| value.cloned().unwrap_or_else(|| "absent".to_owned());
    before.keys().chain(now.keys()).find(|name| before.get(*name) != now.get(*name)).map(|name| {
        format!("`{name}` was {} and is {}", show(before.get(name)), show(now.get(name)))
    })
}

fn flatten(path: &str, value: &serde_json::Value, flat: &mut BTreeMap<String, String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                let dot = if path.is_empty() { "" } else { "." };
                flatten(&format!("{path}{dot}{name}"), member, flat);
            }
        }
        other => drop(flat.insert(path.to_owned(), other.to_string())),
    }
}

/// Makes an observation of what was answered to a query.
pub(super) fn observation(
    query: &Query,
    capabilities: &Capabilities,
    answer: Observed,
) -> Result<Observation, Violation> {
    let wrong = |problem: String| Violation::wrong(method::OBSERVE, problem);
    let Observed { mut ports, mut lags, vlans, status, lag_names, pair_ids, all_vlans, pending } =
        answer;
    for (name, port) in &mut ports {
        if !query.ports.contains(name) {
            return Err(wrong(format!("port `{name}` was not asked for")));
        }
        if let Some(lag) = &port.lag {
            if !lags.contains_key(lag) {
                let problem = format!("port `{name}` is in LAG `{lag}`, which is not in `lags`");
                return Err(wrong(problem));
            }
            if port.config.vlans.is_some() {
                let problem =
                    format!("port `{name}` is in LAG `{lag}`, so its VLANs are the LAG's");
                return Err(wrong(problem));
            }
        }
        let alone = port.lag.is_none();
        configuration(&format!("port `{name}`"), &mut port.config, capabilities, alone)
            .map_err(wrong)?;
    }
    for (name, lag) in &mut lags {
        let of_port = ports.values().any(|port| port.lag.as_ref() == Some(name));
        if !of_port && !query.lags.contains(name) {
            return Err(wrong(format!("LAG `{name}` was not asked for")));
        }
        let strange = ports.iter().find(|(port, state)| {
            (state.lag.as_ref() == Some(name)) != lag.members.contains(*port)
        });
        if let Some((port, _)) = strange {
            let problem = format!("port `{port}` and LAG `{name}` disagree about its membership");
            return Err(wrong(problem));
        }
        // Where the MTU and the link belong to the members, a LAG has neither.
        let lag_has = Capabilities { port_shut: false, ..capabilities.clone() };
        configuration(&format!("LAG `{name}`"), &mut lag.config, &lag_has, true).map_err(wrong)?;
    }
    let known = by_number("vlans", vlans, capabilities).map_err(wrong)?;
    let implicit = capabilities.vlan_database == VlanDatabase::Implicit;
    if let Some(vlan) = known.keys().find(|vlan| implicit || !query.vlans.contains(*vlan)) {
        return Err(wrong(format!("VLAN {vlan} was not asked for")));
    }
    let all_vlans = by_number("all_vlans", all_vlans, capabilities).map_err(wrong)?;
    if let Some(name) = status.keys().find(|name| !ports.contains_key(*name)) {
        return Err(wrong(format!("`status` names port `{name}`, which is not in `ports`")));
    }
    if !query.lag_names && !lag_names.is_empty() {
        return Err(wrong("`lag_names` was not asked for".into()));
    }
    if !query.pair_ids && !pair_ids.is_empty() {
        return Err(wrong("`pair_ids` was not asked for".into()));
    }
    if !query.all_vlans && !all_vlans.is_empty() {
        return Err(wrong("`all_vlans` was not asked for".into()));
    }
    let slice = Slice { ports, lags, vlans: known };
    let pending = pending.map(|why| excerpt(&why));
    Ok(Observation { slice, status, lag_names, pair_ids, all_vlans, pending })
}

/// VLANs whose numbers JSON makes texts.
fn by_number(
    member: &str,
    vlans: BTreeMap<String, VlanState>,
    capabilities: &Capabilities,
) -> Result<BTreeMap<Vlan, VlanState>, String> {
    let mut known = BTreeMap::new();
    for (text, state) in vlans {
        let vlan: Vlan = text.parse().map_err(|error| format!("`{member}`: {error}"))?;
        if let Some(vni) = state.vni.filter(|_| !capabilities.vxlan) {
            return Err(format!(
                "VLAN {vlan} is mapped to VNI {vni}, although `vxlan` is not claimed"
            ));
        }
        if known.insert(vlan, state).is_some() {
            return Err(format!("VLAN {vlan} is given twice"));
        }
    }
    Ok(known)
}

/// Checks what is known of a port or LAG, and writes it in the one way that compares.
fn configuration(
    what: &str,
    config: &mut PortConfig,
    capabilities: &Capabilities,
    has_vlans: bool,
) -> Result<(), String> {
    if has_vlans && config.vlans.is_none() {
        return Err(format!("{what} has no `config.vlans`"));
    }
    if capabilities.port_shut && config.admin.is_none() {
        return Err(format!("{what} has no `config.admin`, although ports can be shut"));
    }
    if config.description.as_deref() == Some("") {
        config.description = None;
    }
    config.vlans = config.vlans.take().map(|mode| match mode {
        VlanMode::Trunk { native, allowed } => VlanMode::trunk(native, &allowed),
        VlanMode::Hybrid { native, allowed } => VlanMode::hybrid(native, &allowed),
        other => other,
    });
    Ok(())
}

/// Makes results of the outcomes of a batch.
pub(super) fn outcomes(
    works: usize,
    outcomes: Vec<Outcome>,
    redactor: &Redactor,
) -> Result<Vec<Result<Applied, DeviceError>>, Violation> {
    if outcomes.len() != works {
        let problem = format!("{} outcomes for {works} works", outcomes.len());
        return Err(Violation::wrong(method::APPLY, problem));
    }
    let one = |text: String| redactor.clean(text).chars().take(TEXT_CHARS).collect::<String>();
    let all = |texts: Vec<String>| texts.into_iter().take(TEXTS).map(one).collect();
    let result = |outcome| match outcome {
        Outcome::Done { operations, answers } => {
            Ok(Applied { operations: all(operations), answers: all(answers) })
        }
        Outcome::Refused { operation, answer } => {
            Err(DeviceError::Rejected { operation: operation.map(one), answer: one(answer) })
        }
        Outcome::Unsupported { what } => Err(DeviceError::Unsupported { what: one(what) }),
        Outcome::Unknown { why } => Err(DeviceError::Unrecognised { sent: true, answer: one(why) }),
    };
    Ok(outcomes.into_iter().map(result).collect())
}

/// Checks the answers of a save.
pub(super) fn answers(texts: Vec<String>, redactor: &Redactor) -> Vec<String> {
    let one = |text: String| redactor.clean(text).chars().take(TEXT_CHARS).collect();
    texts.into_iter().take(TEXTS).map(one).collect()
}

/// Checks matches: no port twice.
pub(super) fn matches(matches: Vec<PortMatch>) -> Result<Vec<PortMatch>, Violation> {
    let mut seen = std::collections::BTreeSet::new();
    match matches.iter().find(|found| !seen.insert(&found.port)) {
        Some(twice) => {
            let problem = format!("port `{}` matches twice", twice.port);
            Err(Violation::wrong(method::RESOLVE, problem))
        }
        None => Ok(matches),
    }
}

#[cfg(test)]
mod tests;
