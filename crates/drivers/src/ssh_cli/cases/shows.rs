//! What a case that passed has shown.

use std::collections::BTreeSet;

use model::{AdminState, LagMode, LagSettings, PortName, VlanMode};
use switch::{Change, Slice, Target};

use super::{
    file::{Case, Ending, Verb},
    kind::Kind,
    runner::Outcome,
    transcript::Transcript,
};

/// What a case has shown to work: the switch was told so, and reads back so. Or to fail as it
/// should.
pub(super) fn shown(
    slug: &str,
    case: &Case,
    transcript: &Transcript,
    outcome: &Outcome,
) -> BTreeSet<Kind> {
    let result = case.expect.result;
    let ends = [
        (result == Ending::Unsupported, Kind::Unsupported),
        (result == Ending::Rejected, Kind::Rejected),
        (result == Ending::NoSuchPort, Kind::NoSuchPort),
        (result == Ending::Already, Kind::Already),
        (slug.starts_with("truncated"), Kind::Truncated),
        (transcript.drops() && result == Ending::Disconnected, Kind::Dropped),
        (result == Ending::Applied && case.request.verb == Verb::Save, Kind::Save),
        (result == Ending::Applied && case.request.verb == Verb::Detach, Kind::Detach),
    ];
    let mut shown: BTreeSet<Kind> =
        ends.into_iter().filter(|(so, _)| *so).map(|(_, kind)| kind).collect();
    if result == Ending::Applied {
        shown.extend(asked(case, outcome));
    }
    shown
}

/// What a case has shown that there are words for, whatever the switch made of them.
pub(super) fn rendered(case: &Case, outcome: &Outcome) -> BTreeSet<Kind> {
    let saved = case.request.verb == Verb::Save && case.expect.result == Ending::Applied;
    let mut shown: BTreeSet<Kind> = saved.then_some(Kind::Save).into_iter().collect();
    if outcome.rendered {
        shown.extend(asked(case, outcome));
    }
    shown
}

/// What was asked of the switch.
fn asked(case: &Case, outcome: &Outcome) -> BTreeSet<Kind> {
    let changes = outcome.changes.iter().flat_map(|change| of_change(change, outcome));
    changes.chain(of_vlans(case, outcome)).collect()
}

/// What the VLANs of the request show.
fn of_vlans(case: &Case, outcome: &Outcome) -> BTreeSet<Kind> {
    let mut shown = BTreeSet::new();
    if case.request.ports.iter().any(|port| had_vlans(&outcome.before, port))
        && case.request.vlans.is_some()
    {
        shown.insert(Kind::Reattach);
    }
    if case.request.lag.is_none() && case.request.verb == Verb::Attach {
        shown.extend(case.request.vlans.as_ref().and_then(of_mode));
    }
    for port in &case.request.ports {
        if let (Some(from), Some(to)) =
            (outcome.before.vlans_of(port), outcome.after.vlans_of(port))
        {
            shown.extend(of_step(from, to));
        }
    }
    shown
}

fn of_mode(mode: &VlanMode) -> Option<Kind> {
    match mode {
        VlanMode::Access { .. } => Some(Kind::AttachAccess),
        VlanMode::Trunk { native: Some(_), .. } | VlanMode::Hybrid { .. } => {
            Some(Kind::AttachTrunkNative)
        }
        VlanMode::Trunk { native: None, .. } => Some(Kind::AttachTrunk),
        VlanMode::Closed | VlanMode::Other { .. } => None,
    }
}

/// What a port shows that carried one thing before and carries another now.
fn of_step(from: &VlanMode, to: &VlanMode) -> Option<Kind> {
    let is_trunk =
        |mode: &VlanMode| matches!(mode, VlanMode::Trunk { .. } | VlanMode::Hybrid { .. });
    if *to == VlanMode::Closed && from != to {
        return Some(Kind::Close);
    }
    if !is_trunk(to) {
        return None;
    }
    if !is_trunk(from) {
        return Some(Kind::MakeTrunk);
    }
    let (had, has) = (from.carried(), to.carried());
    let stays = had.iter().any(|vlan| has.contains(vlan));
    let goes = had.iter().any(|vlan| !has.contains(vlan));
    let comes = has.iter().any(|vlan| !had.contains(vlan));
    match (stays, goes, comes) {
        (true, true, true) => Some(Kind::NarrowTrunk),
        (false, true, true) => Some(Kind::ReplaceTrunk),
        _ => None,
    }
}

fn of_change(change: &Change, outcome: &Outcome) -> Vec<Kind> {
    let mut kinds = match change {
        Change::CreateVlan { .. } => vec![Kind::VlanCreate],
        Change::DeleteVlan { .. } => vec![Kind::VlanDelete],
        Change::MapVni { .. } => vec![Kind::VniMap],
        Change::UnmapVni { .. } => vec![Kind::VniUnmap],
        Change::SetAdmin { to: AdminState::Down, .. } => vec![Kind::Shut],
        Change::SetDescription { .. } => vec![Kind::Description],
        Change::SetMtu { .. } => vec![Kind::Mtu],
        Change::SetStpEdge { .. } => vec![Kind::StpEdge],
        Change::SetBpduGuard { .. } => vec![Kind::BpduGuard],
        Change::CreateLag { settings, .. } => {
            let mut kinds = vec![Kind::LagAttach];
            kinds.extend(of_settings(None, settings));
            kinds
        }
        Change::DeleteLag { .. } => vec![Kind::LagDelete],
        Change::SetLag { from, to, .. } => {
            let mut kinds = vec![Kind::LagChange];
            kinds.extend(of_settings(Some(from), to));
            kinds
        }
        Change::RemoveMember { .. } => vec![Kind::LagDetach],
        Change::SetAdmin { .. }
        | Change::RemoveAllowed { .. }
        | Change::AddAllowed { .. }
        | Change::SetNative { .. }
        | Change::SetVlans { .. }
        | Change::AddMember { .. } => Vec::new(),
    };
    let of_lag = |target: &Target| match target {
        Target::Lag(lag) => outcome.before.lags.contains_key(lag),
        Target::Port(_) => false,
    };
    if change.targets().first().is_some_and(of_lag) && !matches!(change, Change::DeleteLag { .. }) {
        kinds.push(Kind::LagChange);
    }
    kinds
}

/// What of a LAG's settings is new.
fn of_settings(from: Option<&LagSettings>, to: &LagSettings) -> Vec<Kind> {
    let mode = match to.mode {
        LagMode::Active => Kind::LacpActive,
        LagMode::Passive => Kind::LacpPassive,
        LagMode::Static => Kind::StaticLag,
    };
    let all = [
        (from.is_none_or(|from| from.mode != to.mode), mode),
        (differs(from, to, |s| s.rate), Kind::LacpRate),
        (differs(from, to, |s| s.min_links), Kind::MinLinks),
        (differs(from, to, |s| s.fallback), Kind::Fallback),
        (differs(from, to, |s| s.pair), Kind::LagPair),
    ];
    all.into_iter().filter(|(so, _)| *so).map(|(_, kind)| kind).collect()
}

/// Whether something was asked for that was not so before.
fn differs<T: PartialEq>(
    from: Option<&LagSettings>,
    to: &LagSettings,
    part: impl Fn(&LagSettings) -> Option<T>,
) -> bool {
    let wanted = part(to);
    wanted.is_some() && from.and_then(part) != wanted
}

/// Whether a port carried somebody's VLANs: more than the default VLAN.
fn had_vlans(before: &Slice, port: &PortName) -> bool {
    before.vlans_of(port).is_some_and(|mode| match mode {
        VlanMode::Closed | VlanMode::Other { .. } => false,
        VlanMode::Access { vlan } => vlan.get() != 1,
        VlanMode::Trunk { .. } | VlanMode::Hybrid { .. } => true,
    })
}
