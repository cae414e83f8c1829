//! Verifying: what a switch holds, compared with what it should hold, member by member.

use std::fmt::{self, Debug, Display};

use model::{LagSettings, PortConfig};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    capability::Capabilities,
    change::Target,
    slice::{PortState, Slice},
};

/// One member that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// The port or LAG; absent for a VLAN's definition.
    pub target: Option<Target>,
    /// What of it: `vlans`, `admin`, `mtu`, `lag`, `members`, …
    pub member: String,
    /// What it should be.
    pub wanted: String,
    /// What it is.
    pub observed: String,
}

impl Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, member, wanted, observed } = self;
        match target {
            Some(target) => write!(f, "{member} of {target} is {observed} instead of {wanted}"),
            None => write!(f, "{member} is {observed} instead of {wanted}"),
        }
    }
}

/// Everything in which a switch is not as a change was to make it.
///
/// What nobody asked for and the switch chooses by itself is not held against it: the MTU and the
/// spanning-tree settings of a LAG that is new, and those of a port that is or was a member where
/// members mirror their LAG.
pub fn unmet(
    before: &Slice,
    after: &Slice,
    observed: &Slice,
    capabilities: &Capabilities,
) -> Vec<Difference> {
    let mut wanted = after.clone();
    for (name, lag) in &mut wanted.lags {
        if let Some(seen) = observed.lags.get(name).filter(|_| !before.lags.contains_key(name)) {
            let PortConfig { mtu, stp_edge, bpdu_guard, .. } = &mut lag.config;
            *mtu = mtu.or(seen.config.mtu);
            *stp_edge = stp_edge.or(seen.config.stp_edge);
            *bpdu_guard = bpdu_guard.or(seen.config.bpdu_guard);
        }
    }
    if capabilities.lag.as_ref().is_some_and(|lag| lag.mirrors) {
        for (name, port) in &mut wanted.ports {
            let was_member = before.ports.get(name).is_some_and(|port| port.lag.is_some());
            if (port.lag.is_some() || was_member)
                && let Some(PortState { config, .. }) = observed.ports.get(name)
            {
                let PortConfig { mtu, stp_edge, bpdu_guard, .. } = config;
                port.config = PortConfig {
                    mtu: *mtu,
                    stp_edge: *stp_edge,
                    bpdu_guard: *bpdu_guard,
                    ..port.config.clone()
                };
            }
        }
    }
    differences(&wanted, observed)
}

/// Everything in which the switch differs from what is wanted, over the targets that are wanted.
pub(crate) fn differences(wanted: &Slice, observed: &Slice) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, want) in &wanted.ports {
        let target = Target::Port(name.clone());
        let Some(got) = observed.ports.get(name) else {
            found.push(difference(&target, "port", "there", "not there"));
            continue;
        };
        if want.lag != got.lag {
            found.push(difference(&target, "lag", &shown(&want.lag), &shown(&got.lag)));
        }
        configuration(&target, &want.config, &got.config, &mut found);
    }
    for (name, want) in &wanted.lags {
        let target = Target::Lag(name.clone());
        let Some(got) = observed.lags.get(name) else {
            found.push(difference(&target, "lag", "there", "not there"));
            continue;
        };
        settings(&target, &want.settings, &got.settings, &mut found);
        if want.members != got.members {
            let list = model::LagConfig::members_text;
            found.push(difference(&target, "members", &list(&want.members), &list(&got.members)));
        }
        configuration(&target, &want.config, &got.config, &mut found);
    }
    let of_vlan = |member: String, wanted: &str, observed: &str| Difference {
        target: None,
        member,
        wanted: wanted.to_owned(),
        observed: observed.to_owned(),
    };
    for vlan in wanted.vlans.keys().filter(|vlan| !observed.vlans.contains_key(vlan)) {
        found.push(of_vlan(format!("VLAN {vlan}"), "defined", "not defined"));
    }
    for (vlan, want) in &wanted.vlans {
        let Some(got) = observed.vlans.get(vlan) else { continue };
        // A switch that was asked for no name may give one of its own, or not be able to say it.
        if let (Some(want), Some(got)) = (&want.name, &got.name)
            && want != got
        {
            found.push(of_vlan(format!("name of VLAN {vlan}"), want, got));
        }
        if want.vni != got.vni {
            let (want, got) = (shown(&want.vni), shown(&got.vni));
            found.push(of_vlan(format!("VNI of VLAN {vlan}"), &want, &got));
        }
    }
    for vlan in observed.vlans.keys().filter(|vlan| !wanted.vlans.contains_key(vlan)) {
        found.push(of_vlan(format!("VLAN {vlan}"), "not defined", "defined"));
    }
    for name in observed.lags.keys().filter(|name| !wanted.lags.contains_key(*name)) {
        found.push(difference(&Target::Lag(name.clone()), "lag", "not there", "there"));
    }
    found
}

fn configuration(
    target: &Target,
    wanted: &PortConfig,
    observed: &PortConfig,
    found: &mut Vec<Difference>,
) {
    let PortConfig { vlans, admin, description, mtu, stp_edge, bpdu_guard } = wanted;
    let mut compare = |member: &str, same: bool, wanted: String, observed: String| {
        if !same {
            found.push(difference(target, member, &wanted, &observed));
        }
    };
    compare("vlans", *vlans == observed.vlans, shown(vlans), shown(&observed.vlans));
    compare("admin", *admin == observed.admin, shown(admin), shown(&observed.admin));
    compare(
        "description",
        *description == observed.description,
        shown(description),
        shown(&observed.description),
    );
    compare("mtu", *mtu == observed.mtu, shown(mtu), shown(&observed.mtu));
    compare("stp_edge", *stp_edge == observed.stp_edge, shown(stp_edge), shown(&observed.stp_edge));
    compare(
        "bpdu_guard",
        *bpdu_guard == observed.bpdu_guard,
        shown(bpdu_guard),
        shown(&observed.bpdu_guard),
    );
}

/// A setting that the switch cannot say is not held against it unless it was asked for.
fn settings(
    target: &Target,
    wanted: &LagSettings,
    observed: &LagSettings,
    found: &mut Vec<Difference>,
) {
    let asked = LagSettings {
        mode: observed.mode,
        rate: wanted.rate.and(observed.rate),
        min_links: wanted.min_links.and(observed.min_links),
        fallback: wanted.fallback.and(observed.fallback),
        pair: wanted.pair.and(observed.pair),
    };
    if *wanted != asked {
        found.push(difference(target, "settings", &wanted.to_string(), &observed.to_string()));
    }
}

fn difference(target: &Target, member: &str, wanted: &str, observed: &str) -> Difference {
    Difference {
        target: Some(target.clone()),
        member: member.to_owned(),
        wanted: wanted.to_owned(),
        observed: observed.to_owned(),
    }
}

fn shown<T: Display>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "not set".to_owned(), ToString::to_string)
}

#[cfg(test)]
mod tests {
    use model::{AdminState, VlanMode};

    use super::*;
    use crate::slice::PortState;

    #[test]
    fn what_a_switch_chooses_by_itself_is_not_held_against_it() {
        let edge = |on| PortConfig { stp_edge: on, ..PortConfig::default() };
        let slice = |lag: Option<Option<bool>>, port: Option<bool>| {
            let name: model::LagName = "bond1".parse().unwrap();
            let member = lag.map(|_| name.clone());
            let state = PortState { config: edge(port), lag: member, extra: None };
            let ports = [("swp1".parse().unwrap(), state)].into();
            let lags = lag.map(|on| crate::slice::LagState {
                settings: LagSettings::new(model::LagMode::Active),
                members: ["swp1".parse().unwrap()].into(),
                config: edge(on),
                extra: None,
            });
            Slice {
                ports,
                lags: lags.map(|lag| (name, lag)).into_iter().collect(),
                ..Slice::default()
            }
        };
        let can = |mirrors| {
            let lag = crate::capability::LagCapabilities { mirrors, ..Default::default() };
            Capabilities { lag: Some(lag), ..Capabilities::NONE }
        };
        let (single, wanted) = (slice(None, Some(false)), slice(Some(None), Some(false)));
        let seen = slice(Some(Some(false)), Some(false));
        assert_eq!(unmet(&single, &wanted, &seen, &can(false)), []);
        // The same LAG was there without it: then somebody has set it.
        assert_eq!(unmet(&wanted, &wanted, &seen, &can(false)).len(), 1);
        // A member that mirrors its LAG has nothing of its own.
        let mirrored = slice(Some(Some(false)), None);
        assert_eq!(unmet(&single, &wanted, &mirrored, &can(false)).len(), 1);
        assert_eq!(unmet(&single, &wanted, &mirrored, &can(true)), []);
        assert_eq!(unmet(&mirrored, &slice(None, None), &single, &can(true)), []);
    }

    #[test]
    fn a_new_lag_may_have_the_mtu_of_the_system_unless_another_was_asked_for() {
        let slice = |mtu: Option<u16>| {
            let mtu = mtu.map(|bytes| model::Mtu::new(bytes).unwrap());
            let lag = crate::slice::LagState {
                settings: LagSettings::new(model::LagMode::Active),
                members: [].into(),
                config: PortConfig { mtu, ..PortConfig::default() },
                extra: None,
            };
            Slice { lags: [("bond1".parse().unwrap(), lag)].into(), ..Slice::default() }
        };
        let can = &Capabilities::NONE;
        let unmet = |before: &Slice, wanted, seen| unmet(before, &slice(wanted), &slice(seen), can);
        let none = Slice::default();
        assert_eq!(unmet(&none, None, Some(9100)), []);
        let found = unmet(&none, Some(9000), Some(9100));
        assert_eq!(found[0].to_string(), "mtu of LAG bond1 is 9100 instead of 9000");
        let found = unmet(&slice(None), None, Some(9100));
        assert_eq!(found[0].to_string(), "mtu of LAG bond1 is 9100 instead of not set");
    }

    #[test]
    fn names_every_member_that_differs() {
        let slice = |vlans, admin| {
            let config =
                PortConfig { vlans: Some(vlans), admin: Some(admin), ..PortConfig::default() };
            let port = PortState { config, ..PortState::default() };
            Slice { ports: [("swp1".parse().unwrap(), port)].into(), ..Slice::default() }
        };
        let ten = VlanMode::access(model::Vlan::new(10).unwrap());
        let wanted = slice(ten, AdminState::Up);
        assert_eq!(differences(&wanted, &wanted), Vec::new());
        let found = differences(&wanted, &slice(VlanMode::Closed, AdminState::Down));
        assert_eq!(
            found.iter().map(ToString::to_string).collect::<Vec<_>>(),
            [
                "vlans of port swp1 is closed instead of access 10",
                "admin of port swp1 is down instead of up",
            ]
        );
        let gone = differences(&wanted, &Slice::default());
        assert_eq!(gone.len(), 1);
        assert_eq!(gone[0].observed, "not there");
    }
}
