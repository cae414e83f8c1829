//! Planning: from what was observed to what is wanted, in an order in which no port is ever in a
//! VLAN that is in neither.
//!
//! Planning is a pure function over two slices. It takes the wanted slice as the whole truth: a
//! member that is `None` there is to be cleared, which is what lets the same function plan an undo.

use model::{PortConfig, VlanMode};

use crate::{
    change::{Change, Target},
    slice::{LagState, PortState, Slice},
};

/// The changes that lead from one slice to the other, in order; none when they are equal.
///
/// Both slices name the same ports. What a port's `extra` holds is only restored when the port
/// leaves a LAG: no request changes it.
pub fn plan(observed: &Slice, wanted: &Slice) -> Vec<Change> {
    let mut changes = Vec::new();
    for (vlan, state) in &wanted.vlans {
        let before = observed.vlans.get(vlan);
        if before.is_none() {
            changes.push(Change::CreateVlan { vlan: *vlan, name: state.name.clone() });
        }
        if let Some(vni) = state.vni
            && before.is_none_or(|before| before.vni != Some(vni))
        {
            changes.push(Change::MapVni { vlan: *vlan, vni });
        }
    }
    for (vlan, state) in &observed.vlans {
        let after = wanted.vlans.get(vlan);
        if let Some(vni) = state.vni
            && after.is_none_or(|after| after.vni != Some(vni))
        {
            changes.push(Change::UnmapVni { vlan: *vlan, vni });
        }
        if after.is_none() {
            changes.push(Change::DeleteVlan { vlan: *vlan, name: state.name.clone() });
        }
    }
    for (name, to) in &wanted.lags {
        let LagState { settings, config, extra, members: _ } = to;
        match observed.lags.get(name) {
            Some(from) => {
                if from.settings != *settings {
                    changes.push(Change::SetLag {
                        lag: name.clone(),
                        from: from.settings.clone(),
                        to: settings.clone(),
                    });
                }
                changes.extend(configure(&Target::Lag(name.clone()), &from.config, config));
            }
            None => changes.push(Change::CreateLag {
                lag: name.clone(),
                settings: settings.clone(),
                config: config.clone(),
                extra: extra.clone(),
            }),
        }
    }
    for (name, from) in &observed.lags {
        let LagState { settings, config, extra, members: _ } = from;
        if !wanted.lags.contains_key(name) {
            changes.push(Change::DeleteLag {
                lag: name.clone(),
                settings: settings.clone(),
                config: config.clone(),
                extra: extra.clone(),
            });
        }
    }
    for (name, to) in &wanted.ports {
        if let Some(from) = observed.ports.get(name) {
            changes.extend(move_port(name, from, to));
        }
    }
    changes.sort_by_key(Change::weight);
    changes
}

/// The changes of one port: in and out of LAGs, and its own configuration.
fn move_port(port: &model::PortName, from: &PortState, to: &PortState) -> Vec<Change> {
    let target = Target::Port(port.clone());
    if from.lag == to.lag {
        return configure(&target, &from.config, &to.config);
    }
    // Membership replaces the port's own VLANs, so the VLANs change with it and not by themselves.
    let rest = PortConfig { vlans: from.config.vlans.clone(), ..to.config.clone() };
    let mut changes = configure(&target, &from.config, &rest);
    let (between, extra) = match &to.lag {
        Some(_) if from.lag.is_some() => (Some(VlanMode::Closed), None),
        Some(_) => (from.config.vlans.clone(), from.extra.clone()),
        None => (to.config.vlans.clone(), to.extra.clone()),
    };
    if let Some(lag) = &from.lag {
        changes.push(Change::RemoveMember {
            lag: lag.clone(),
            port: port.clone(),
            becomes: between.clone(),
            extra: extra.clone(),
        });
    }
    if let Some(lag) = &to.lag {
        changes.push(Change::AddMember {
            lag: lag.clone(),
            port: port.clone(),
            was: between,
            extra,
        });
    }
    changes
}

/// The changes of one port's or LAG's configuration.
fn configure(target: &Target, from: &PortConfig, to: &PortConfig) -> Vec<Change> {
    let PortConfig { vlans, admin, description, mtu, stp_edge, bpdu_guard } = to;
    let target = || target.clone();
    let mut changes = Vec::new();
    if let (Some(from), Some(to)) = (&from.vlans, vlans) {
        changes.extend(switch_vlans(&target(), from, to));
    }
    if let (Some(from), Some(to)) = (from.admin, *admin)
        && from != to
    {
        changes.push(Change::SetAdmin { target: target(), from, to });
    }
    if from.description != *description {
        changes.push(Change::SetDescription {
            target: target(),
            from: from.description.clone(),
            to: description.clone(),
        });
    }
    if from.mtu != *mtu {
        changes.push(Change::SetMtu { target: target(), from: from.mtu, to: *mtu });
    }
    if from.stp_edge != *stp_edge {
        changes.push(Change::SetStpEdge { target: target(), from: from.stp_edge, to: *stp_edge });
    }
    if from.bpdu_guard != *bpdu_guard {
        changes.push(Change::SetBpduGuard {
            target: target(),
            from: from.bpdu_guard,
            to: *bpdu_guard,
        });
    }
    changes
}

/// The changes of the VLANs of one port or LAG: within a mode step by step, between modes at once.
fn switch_vlans(target: &Target, from: &VlanMode, to: &VlanMode) -> Vec<Change> {
    if from == to {
        return Vec::new();
    }
    let whole = Change::SetVlans { target: target.clone(), from: from.clone(), to: to.clone() };
    let same_mode = matches!(
        (from, to),
        (VlanMode::Trunk { .. }, VlanMode::Trunk { .. })
            | (VlanMode::Hybrid { .. }, VlanMode::Hybrid { .. })
    );
    let (old, new) = (from.tagged(), to.tagged());
    let kept = old.intersection(&new);
    // An allowed list that is empty for a moment is a list of all VLANs to some systems, so such a
    // step is not taken.
    if !same_mode || (kept.is_empty() && from.tagged() != to.tagged()) {
        return vec![whole];
    }
    let mut changes = Vec::new();
    let removed = old.difference(&new);
    if !removed.is_empty() {
        changes.push(Change::RemoveAllowed { target: target.clone(), vlans: removed });
    }
    if from.untagged() != to.untagged() {
        changes.push(Change::SetNative {
            target: target.clone(),
            from: from.untagged(),
            to: to.untagged(),
        });
    }
    let added = new.difference(&old);
    if !added.is_empty() {
        changes.push(Change::AddAllowed { target: target.clone(), vlans: added });
    }
    changes
}

#[cfg(test)]
mod tests;
