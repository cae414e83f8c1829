//! The planner's promises, for arbitrary slices: it arrives, every step fits, the way back is the
//! way there reversed, and no port is ever wider than before and after together.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    AdminState, LacpRate, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName, Vlan, VlanMode,
    VlanSet, Vni,
};
use proptest::{
    collection::{btree_map, btree_set},
    option,
    prelude::*,
};
use rstest::rstest;

use super::plan;
use crate::{
    Change, Work,
    slice::{LagState, PortState, Slice, VlanState},
};

fn vlan() -> BoxedStrategy<Vlan> {
    (1_u16..8).prop_map(|id| Vlan::new(id).unwrap()).boxed()
}

fn vlans() -> BoxedStrategy<VlanSet> {
    btree_set(vlan(), 1..5).prop_map(|set| set.into_iter().collect()).boxed()
}

fn mode() -> BoxedStrategy<VlanMode> {
    prop_oneof![
        Just(VlanMode::Closed),
        vlan().prop_map(VlanMode::access),
        (option::of(vlan()), vlans())
            .prop_map(|(native, allowed)| VlanMode::trunk(native, &allowed)),
        (vlan(), vlans()).prop_map(|(native, allowed)| VlanMode::hybrid(native, &allowed)),
        Just(VlanMode::Other { text: "as it was".into() }),
    ]
    .boxed()
}

fn config() -> BoxedStrategy<PortConfig> {
    let admin = prop_oneof![Just(AdminState::Up), Just(AdminState::Down)];
    let mtu = option::of(prop_oneof![Just(1500), Just(9000)].prop_map(|m| Mtu::new(m).unwrap()));
    let text = option::of(prop_oneof![Just("a".to_owned()), Just("b".to_owned())]);
    (mode(), admin, text, mtu, option::of(any::<bool>()), option::of(any::<bool>()))
        .prop_map(|(vlans, admin, description, mtu, stp_edge, bpdu_guard)| PortConfig {
            vlans: Some(vlans),
            admin: Some(admin),
            description,
            mtu,
            stp_edge,
            bpdu_guard,
        })
        .boxed()
}

fn settings() -> BoxedStrategy<LagSettings> {
    let mode = prop_oneof![Just(LagMode::Active), Just(LagMode::Passive), Just(LagMode::Static)];
    let rate = option::of(Just(LacpRate::Fast));
    (mode, rate, option::of(1_u8..3), option::of(any::<bool>()), option::of(20_u16..22))
        .prop_map(|(mode, rate, min_links, fallback, pair)| LagSettings {
            mode,
            rate,
            min_links,
            fallback,
            pair,
        })
        .boxed()
}

const PORTS: [&str; 4] = ["p1", "p2", "p3", "p4"];
const LAGS: [&str; 2] = ["lag1", "lag2"];

/// A consistent slice over four ports and up to two LAGs.
fn slice() -> BoxedStrategy<Slice> {
    let ports = prop::array::uniform4((config(), 0_usize..4, option::of(Just("x".to_owned()))));
    let lags = prop::array::uniform2((settings(), config()));
    let vni = option::of((5000_u32..5002).prop_map(|id| Vni::new(id).unwrap()));
    let defined = btree_map(vlan(), vni, 0..4);
    (ports, lags, defined)
        .prop_map(|(ports, lags, defined)| {
            let mut slice = Slice {
                // No change renames a VLAN.
                vlans: defined
                    .into_iter()
                    .map(|(v, vni)| (v, VlanState { name: Some(format!("v{v}")), vni }))
                    .collect(),
                ..Slice::default()
            };
            for (name, (config, place, extra)) in PORTS.iter().zip(ports) {
                let name: PortName = name.parse().unwrap();
                let lag = LAGS.get(place).map(|lag| lag.parse::<LagName>().unwrap());
                let state = match lag.clone() {
                    None => PortState { config, lag: None, extra },
                    Some(_) => PortState {
                        config: PortConfig { vlans: None, ..config },
                        lag: lag.clone(),
                        extra: None,
                    },
                };
                slice.ports.insert(name.clone(), state);
                if let Some(lag) = lag {
                    let (settings, config) = lags[place].clone();
                    let config = PortConfig { admin: Some(AdminState::Up), ..config };
                    slice
                        .lags
                        .entry(lag)
                        .or_insert(LagState {
                            settings,
                            members: BTreeSet::new(),
                            config,
                            extra: None,
                        })
                        .members
                        .insert(name);
                }
            }
            slice
        })
        .boxed()
}

/// Ports that stay what they are keep their `extra`, which no request changes.
fn with_extra_of(wanted: Slice, observed: &Slice) -> Slice {
    let ports = wanted.ports.into_iter().map(|(name, mut state)| {
        let old = &observed.ports[&name];
        if old.lag.is_none() && state.lag.is_none() {
            state.extra.clone_from(&old.extra);
        }
        (name, state)
    });
    Slice { ports: ports.collect::<BTreeMap<_, _>>(), ..wanted }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn arrives_by_steps_that_fit_and_never_wider(observed in slice(), wanted in slice()) {
        let wanted = with_extra_of(wanted, &observed);
        let work = Work { before: observed.clone(), changes: plan(&observed, &wanted) };
        prop_assert_eq!(&work.after().unwrap(), &wanted);

        let mut now = observed.clone();
        for change in &work.changes {
            change.apply_to(&mut now).unwrap();
            for port in observed.ports.keys() {
                let bounds = observed.carried(port).union(&wanted.carried(port));
                prop_assert!(
                    now.carried(port).is_subset(&bounds),
                    "{} is in {} after `{}`", port, now.carried(port), change
                );
            }
        }

        for change in work.changes.iter().rev() {
            change.inverse().apply_to(&mut now).unwrap();
        }
        prop_assert_eq!(&now, &observed);
    }

    #[test]
    fn has_nothing_to_do_where_all_is_so(observed in slice()) {
        prop_assert_eq!(plan(&observed, &observed), Vec::new());
    }

    #[test]
    fn a_change_survives_json(observed in slice(), wanted in slice()) {
        for change in plan(&observed, &with_extra_of(wanted, &observed)) {
            let json = serde_json::to_string(&change).unwrap();
            prop_assert_eq!(serde_json::from_str::<Change>(&json).unwrap(), change);
        }
    }
}

fn one_port(vlans: VlanMode) -> Slice {
    let state = PortState { config: PortConfig::with_vlans(vlans), ..PortState::default() };
    Slice { ports: BTreeMap::from([("swp1".parse().unwrap(), state)]), ..Slice::default() }
}

fn id(id: u16) -> Vlan {
    Vlan::new(id).unwrap()
}

fn set(text: &str) -> VlanSet {
    text.parse().unwrap()
}

#[rstest]
#[case(VlanMode::access(id(10)), VlanMode::access(id(20)), &["set port swp1 from access 10 to access 20"])]
#[case(
    VlanMode::trunk(Some(id(1)), &set("10-12")),
    VlanMode::trunk(Some(id(2)), &set("12-13")),
    &[
        "remove allowed VLANs 10-11 from port swp1",
        "set native VLAN of port swp1 from 1 to 2",
        "add allowed VLANs 13 to port swp1",
    ]
)]
#[case(
    VlanMode::trunk(None, &set("10")),
    VlanMode::trunk(None, &set("20")),
    &["set port swp1 from trunk allowed 10 to trunk allowed 20"]
)]
#[case(VlanMode::Closed, VlanMode::access(id(10)), &["set port swp1 from closed to access 10"])]
#[case(VlanMode::access(id(10)), VlanMode::access(id(10)), &[])]
fn the_steps_of_a_port(#[case] from: VlanMode, #[case] to: VlanMode, #[case] want: &[&str]) {
    let changes = plan(&one_port(from), &one_port(to));
    assert_eq!(changes.iter().map(ToString::to_string).collect::<Vec<_>>(), want);
}

#[test]
fn a_vlan_is_mapped_before_a_port_carries_it_and_unmapped_before_it_goes() {
    let defined = |slice: Slice, vlan: Option<u16>| {
        let vni = Some(Vni::new(5000).unwrap());
        let state = |vlan| (id(vlan), VlanState { name: None, vni });
        Slice { vlans: vlan.map(state).into_iter().collect(), ..slice }
    };
    let idle = defined(one_port(VlanMode::access(id(4094))), None);
    let mapped = defined(one_port(VlanMode::access(id(10))), Some(10));
    let steps = |from: &Slice, to: &Slice| {
        plan(from, to).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        steps(&idle, &mapped),
        [
            "create VLAN 10",
            "map VLAN 10 to VNI 5000",
            "set port swp1 from access 4094 to access 10",
        ]
    );
    assert_eq!(
        steps(&mapped, &idle),
        [
            "take VLAN 10 off VNI 5000",
            "set port swp1 from access 10 to access 4094",
            "delete VLAN 10",
        ]
    );
}

#[test]
fn a_lag_is_ready_before_its_members_and_empty_before_it_goes() {
    let single = Slice {
        ports: ["swp1", "swp2"]
            .map(|name| {
                let config = PortConfig::with_vlans(VlanMode::access(id(4094)));
                (name.parse().unwrap(), PortState { config, ..PortState::default() })
            })
            .into(),
        ..Slice::default()
    };
    let lag: LagName = "bond-h1".parse().unwrap();
    let mut joined = single.clone();
    for state in joined.ports.values_mut() {
        *state = PortState { lag: Some(lag.clone()), ..PortState::default() };
    }
    joined.lags.insert(
        lag,
        LagState {
            settings: LagSettings::new(LagMode::Active),
            members: single.ports.keys().cloned().collect(),
            config: PortConfig::with_vlans(VlanMode::access(id(100))),
            extra: None,
        },
    );
    let text = |changes: Vec<Change>| changes.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        text(plan(&single, &joined)),
        [
            "create LAG bond-h1 (LACP active; access 100)",
            "add port swp1 to LAG bond-h1",
            "add port swp2 to LAG bond-h1",
        ]
    );
    assert_eq!(
        text(plan(&joined, &single)),
        [
            "remove port swp1 from LAG bond-h1, which makes it access 4094",
            "remove port swp2 from LAG bond-h1, which makes it access 4094",
            "delete LAG bond-h1",
        ]
    );
}
