//! The table of what systems can do: its rows, why a system lacks what it lacks, and how far each
//! cell has been shown.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use switch::{Atomicity, Capabilities, HybridSupport, Saving, VlanDatabase};

use super::schema::RawProfile;
use crate::ssh_cli::cases::Kind;

/// A capability and what a system makes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The word for it in `[lacks]` and in [`Evidence`].
    pub key: &'static str,
    /// The capability.
    pub name: &'static str,
    /// Whether the system has it.
    pub can: bool,
    /// What a conformance case has to show for it.
    pub kind: Kind,
    /// Why the system lacks it, where that follows from something else.
    follows: Option<&'static str>,
}

/// The capabilities that are told apart, in their order.
pub fn rows(can: &Capabilities) -> Vec<Row> {
    let lag = can.lag.clone().unwrap_or_default();
    let no_lag = can.lag.is_none().then_some("there are no LAGs");
    let no_trunk = (!can.trunk).then_some("there are no trunks");
    let no_native = no_trunk.or(Some("there is no native VLAN on trunks"));
    let row = |key, name, can, kind, follows| Row { key, name, can, kind, follows };
    let all_or_nothing = can.atomicity != Atomicity::PerCommand;
    vec![
        row("access", "access", can.access, Kind::AttachAccess, None),
        row("trunk", "trunk", can.trunk, Kind::AttachTrunk, None),
        row(
            "native_on_trunk",
            "native VLAN on a trunk",
            can.native_on_trunk,
            Kind::AttachTrunkNative,
            no_trunk,
        ),
        row(
            "hybrid",
            "hybrid",
            can.hybrid != HybridSupport::None,
            Kind::AttachTrunkNative,
            no_native,
        ),
        row("closed", "closed", can.closed, Kind::Close, None),
        row("port_shut", "shut", can.port_shut, Kind::Shut, None),
        row("description", "description", can.description, Kind::Description, None),
        row("mtu", "MTU", can.mtu, Kind::Mtu, None),
        row("stp_edge", "STP edge", can.stp_edge, Kind::StpEdge, None),
        row("bpdu_guard", "BPDU guard", can.bpdu_guard, Kind::BpduGuard, None),
        row("lag", "LAG", can.lag.is_some(), Kind::LagAttach, None),
        row("active", "LACP active", lag.active, Kind::LacpActive, no_lag),
        row("passive", "LACP passive", lag.passive, Kind::LacpPassive, no_lag),
        row("static", "static LAG", lag.r#static, Kind::StaticLag, no_lag),
        row("rate", "LACP rate", lag.rate, Kind::LacpRate, no_lag),
        row("min_links", "minimum of links", lag.min_links, Kind::MinLinks, no_lag),
        row("fallback", "LACP fallback", lag.fallback, Kind::Fallback, no_lag),
        row("across_pair", "LAG over a pair", lag.across_pair, Kind::LagPair, no_lag),
        row(
            "vlan_database",
            "VLAN create and delete",
            can.vlan_database == VlanDatabase::Explicit,
            Kind::VlanCreate,
            Some("VLANs need no definition"),
        ),
        row("vxlan", "VLAN-to-VNI mapping", can.vxlan, Kind::VniMap, None),
        row(
            "atomicity",
            "all or nothing",
            all_or_nothing,
            Kind::Rejected,
            Some("each line takes effect by itself; what fails half-way is undone"),
        ),
        row(
            "saving",
            "save",
            can.saving == Saving::Explicit,
            Kind::Save,
            Some("no command is needed, or there is none"),
        ),
    ]
}

impl Row {
    /// Why the system lacks it, as far as the profile says.
    pub fn reason<'p>(&self, profile: &'p RawProfile) -> Option<&'p str> {
        profile.lacks.get(self.key).map(String::as_str).or(self.follows)
    }
}

/// How far profiles have been shown to work: by their conformance cases, and beyond them.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What the cases show, by profile.
    pub cases: BTreeMap<String, Shown>,
    /// Where profiles have been run, by profile.
    pub runs: BTreeMap<String, Runs>,
}

/// What the cases of a profile show.
#[derive(Debug, Clone, Default)]
pub struct Shown {
    /// That there are words for it.
    pub rendered: BTreeSet<Kind>,
    /// That it is read back as it was asked for.
    pub read_back: BTreeSet<Kind>,
}

/// Where a profile has been run, and what was seen to work there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Runs {
    /// The simulator of `mercury fabric` on which it runs.
    pub simulator: Option<String>,
    /// What works there, by the keys of [`Row`].
    pub simulated: BTreeSet<String>,
    /// The real system on which it was run, with its version.
    pub real: Option<String>,
    /// What works there.
    pub proven: BTreeSet<String>,
}

impl Evidence {
    /// Reads `docs/devices.toml`: where profiles have been run. What names no capability, or says
    /// that something works nowhere, is refused.
    pub fn runs(text: &str) -> Result<BTreeMap<String, Runs>, String> {
        let runs: BTreeMap<String, Runs> =
            toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let known: Vec<&str> = rows(&Capabilities::NONE).iter().map(|row| row.key).collect();
        for (profile, Runs { simulator, simulated, real, proven }) in &runs {
            let mut keys = simulated.iter().chain(proven);
            if let Some(key) = keys.find(|key| !known.contains(&key.as_str())) {
                return Err(format!("`{profile}`: `{key}` is no capability"));
            }
            let nowhere = [(simulator, simulated), (real, proven)];
            if nowhere.iter().any(|(system, keys)| system.is_none() && !keys.is_empty()) {
                return Err(format!("`{profile}`: what works needs the system on which it does"));
            }
        }
        Ok(runs)
    }

    /// The cells of a row: rendered, read back, on a simulator, on a real system.
    pub(super) fn cells(&self, profile: &RawProfile, row: &Row) -> [bool; 4] {
        let cases = self.cases.get(&profile.name);
        let runs = self.runs.get(&profile.name);
        let cells = [
            cases.is_some_and(|shown| shown.rendered.contains(&row.kind)),
            cases.is_some_and(|shown| shown.read_back.contains(&row.kind)),
            runs.is_some_and(|runs| runs.simulated.contains(row.key)),
            runs.is_some_and(|runs| runs.proven.contains(row.key)),
        ];
        cells.map(|cell| cell && row.can)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn runs_are_read() {
        let runs = Evidence::runs("[a]\nsimulator = \"eos\"\nsimulated = [\"access\"]\n").unwrap();
        assert!(runs["a"].simulated.contains("access") && runs["a"].real.is_none());
    }

    #[rstest]
    #[case("[a]\nsimulator = \"eos\"\nsimulated = [\"acces\"]\n", "`acces` is no capability")]
    #[case("[a]\nsimulated = [\"access\"]\n", "what works needs the system on which it does")]
    #[case("[a]\nreal = \"x\"\nproved = []\n", "unknown field `proved`")]
    fn runs_that_say_nothing_are_refused(#[case] text: &str, #[case] problem: &str) {
        let error = Evidence::runs(text).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}
