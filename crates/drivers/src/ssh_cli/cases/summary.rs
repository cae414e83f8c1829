//! Whether the cases of a profile show all that they have to.

use std::{collections::BTreeSet, path::PathBuf};

use model::{AdminState, VlanMode};
use serde::Serialize;
use switch::{Capabilities, Change, Saving, Slice, VlanDatabase};

use super::{
    file::{Case, Ending, Verb},
    runner::Outcome,
    transcript::Transcript,
};

/// Something that a case has to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A port that is given one VLAN.
    AttachAccess,
    /// A trunk with a native VLAN.
    AttachTrunkNative,
    /// A trunk without one.
    AttachTrunk,
    /// A port that had other VLANs before.
    Reattach,
    /// A port into the safe state.
    Detach,
    /// A LAG that is made, with its members.
    LagAttach,
    /// A LAG that is there and is changed.
    LagChange,
    /// A port that leaves its LAG.
    LagDetach,
    /// A LAG that is removed.
    LagDelete,
    /// A LAG over a pair.
    LagPair,
    /// A port that is shut.
    Shut,
    /// A description.
    Description,
    /// An MTU.
    Mtu,
    /// STP edge.
    StpEdge,
    /// BPDU guard.
    BpduGuard,
    /// A VLAN that is defined.
    VlanCreate,
    /// A VLAN whose definition is removed.
    VlanDelete,
    /// A VLAN that is mapped to a VNI.
    VniMap,
    /// A mapping that is removed.
    VniUnmap,
    /// A saved configuration.
    Save,
    /// Something that the system cannot do.
    Unsupported,
    /// A line that the switch refuses.
    Rejected,
    /// A port that is not there.
    NoSuchPort,
    /// An answer that is cut off: a file `truncated*.toml`.
    Truncated,
    /// A connection that breaks in the middle.
    Dropped,
}

impl Kind {
    /// What the cases of a system with these capabilities have to show.
    pub fn required(can: &Capabilities) -> BTreeSet<Self> {
        let lag = can.lag.is_some();
        let pair = can.lag.as_ref().is_some_and(|lag| lag.across_pair);
        let vlans = can.vlan_database == VlanDatabase::Explicit;
        let all = [
            (can.access, Self::AttachAccess),
            (can.trunk && can.native_on_trunk, Self::AttachTrunkNative),
            (can.trunk, Self::AttachTrunk),
            (can.access || can.trunk, Self::Reattach),
            (can.access || can.closed, Self::Detach),
            (lag, Self::LagAttach),
            (lag, Self::LagChange),
            (lag, Self::LagDetach),
            (lag, Self::LagDelete),
            (pair, Self::LagPair),
            (can.port_shut, Self::Shut),
            (can.description, Self::Description),
            (can.mtu, Self::Mtu),
            (can.stp_edge, Self::StpEdge),
            (can.bpdu_guard, Self::BpduGuard),
            (vlans, Self::VlanCreate),
            (vlans, Self::VlanDelete),
            (can.vxlan, Self::VniMap),
            (can.vxlan, Self::VniUnmap),
            (can.saving == Saving::Explicit, Self::Save),
            (true, Self::Unsupported),
            (true, Self::Rejected),
            (true, Self::NoSuchPort),
            (true, Self::Truncated),
            (true, Self::Dropped),
        ];
        all.into_iter().filter(|(needed, _)| *needed).map(|(_, kind)| kind).collect()
    }

    /// What a case that passed has shown.
    pub(super) fn shown_by(
        slug: &str,
        case: &Case,
        transcript: &Transcript,
        outcome: &Outcome,
    ) -> BTreeSet<Self> {
        let mut shown = BTreeSet::new();
        match case.expect.result {
            Ending::Unsupported => drop(shown.insert(Self::Unsupported)),
            Ending::Rejected => drop(shown.insert(Self::Rejected)),
            Ending::NoSuchPort => drop(shown.insert(Self::NoSuchPort)),
            _ => {}
        }
        if slug.starts_with("truncated") {
            shown.insert(Self::Truncated);
        }
        if transcript.drops() && case.expect.result == Ending::Disconnected {
            shown.insert(Self::Dropped);
        }
        if case.expect.result != Ending::Applied {
            return shown;
        }
        if case.request.verb == Verb::Save {
            shown.insert(Self::Save);
        }
        shown.extend(outcome.changes.iter().flat_map(|change| Self::of_change(change, outcome)));
        if case.request.lag.is_none() && case.request.verb == Verb::Attach {
            shown.extend(Self::of_mode(case.request.vlans.as_ref()));
        }
        if case.request.verb == Verb::Detach {
            shown.insert(Self::Detach);
        }
        let had = case.request.ports.iter().any(|port| had_vlans(&outcome.before, port));
        if had && case.request.vlans.is_some() {
            shown.insert(Self::Reattach);
        }
        shown
    }

    fn of_mode(mode: Option<&VlanMode>) -> Option<Self> {
        match mode? {
            VlanMode::Access { .. } => Some(Self::AttachAccess),
            VlanMode::Trunk { native: Some(_), .. } | VlanMode::Hybrid { .. } => {
                Some(Self::AttachTrunkNative)
            }
            VlanMode::Trunk { native: None, .. } => Some(Self::AttachTrunk),
            VlanMode::Closed | VlanMode::Other { .. } => None,
        }
    }

    fn of_change(change: &Change, outcome: &Outcome) -> Vec<Self> {
        let on_lag = |target: &switch::Target| match target {
            switch::Target::Lag(lag) => outcome.before.lags.contains_key(lag),
            switch::Target::Port(_) => false,
        };
        let mut kinds = match change {
            Change::CreateVlan { .. } => vec![Self::VlanCreate],
            Change::DeleteVlan { .. } => vec![Self::VlanDelete],
            Change::MapVni { .. } => vec![Self::VniMap],
            Change::UnmapVni { .. } => vec![Self::VniUnmap],
            Change::SetAdmin { to: AdminState::Down, .. } => vec![Self::Shut],
            Change::SetDescription { .. } => vec![Self::Description],
            Change::SetMtu { .. } => vec![Self::Mtu],
            Change::SetStpEdge { .. } => vec![Self::StpEdge],
            Change::SetBpduGuard { .. } => vec![Self::BpduGuard],
            Change::CreateLag { settings, .. } => match settings.pair {
                Some(_) => vec![Self::LagAttach, Self::LagPair],
                None => vec![Self::LagAttach],
            },
            Change::DeleteLag { .. } => vec![Self::LagDelete],
            Change::SetLag { .. } => vec![Self::LagChange],
            Change::RemoveMember { .. } => vec![Self::LagDetach],
            Change::SetAdmin { .. }
            | Change::RemoveAllowed { .. }
            | Change::AddAllowed { .. }
            | Change::SetNative { .. }
            | Change::SetVlans { .. }
            | Change::AddMember { .. } => Vec::new(),
        };
        if change.targets().first().is_some_and(on_lag)
            && !matches!(change, Change::DeleteLag { .. })
        {
            kinds.push(Self::LagChange);
        }
        kinds
    }
}

/// Whether a port carried somebody's VLANs: more than the default VLAN.
fn had_vlans(before: &Slice, port: &model::PortName) -> bool {
    before.vlans_of(port).is_some_and(|mode| match mode {
        VlanMode::Closed | VlanMode::Other { .. } => false,
        VlanMode::Access { vlan } => vlan.get() != 1,
        VlanMode::Trunk { .. } | VlanMode::Hybrid { .. } => true,
    })
}

/// What became of one case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    /// Its file.
    pub path: PathBuf,
    /// What it shows; empty where the file cannot be read.
    pub title: String,
    /// What is not as the case has it.
    pub problems: Vec<String>,
}

/// What became of all cases of a profile.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The profile.
    pub profile: String,
    /// The cases, by their files.
    pub cases: Vec<CaseReport>,
    /// What they show.
    pub shown: BTreeSet<Kind>,
    /// What they have to show and do not.
    pub missing: BTreeSet<Kind>,
    /// The expressions of `answers.errors` that no line of any case matches.
    pub unseen_errors: Vec<String>,
}

impl Summary {
    /// Whether every case passed.
    pub fn passed(&self) -> bool {
        self.cases.iter().all(|case| case.problems.is_empty())
    }

    /// Whether every case passed, and they show all that they have to.
    pub fn complete(&self) -> bool {
        self.passed() && self.missing.is_empty() && self.unseen_errors.is_empty()
    }
}
