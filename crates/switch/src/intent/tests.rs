//! What a switch cannot express is refused before anything is sent.

use model::{LacpRate, Mtu};
use rstest::rstest;

use super::*;
use crate::{
    ErrorClass,
    capability::{Atomicity, LagCapabilities, Saving},
};

fn vlan(id: u16) -> Vlan {
    Vlan::new(id).unwrap()
}

/// A switch that knows access ports and plain LACP, and nothing else.
fn modest() -> Capabilities {
    Capabilities {
        access: true,
        lag: Some(LagCapabilities { active: true, max_members: 2, ..LagCapabilities::default() }),
        saving: Saving::Implicit,
        atomicity: Atomicity::PerCommand,
        ..Capabilities::NONE
    }
}

fn observed(ports: &[&str]) -> Slice {
    let state = PortState {
        config: PortConfig::with_vlans(VlanMode::access(vlan(4094))),
        ..PortState::default()
    };
    let ports = ports.iter().map(|port| (port.parse().unwrap(), state.clone()));
    Slice { ports: ports.collect(), ..Slice::default() }
}

fn want(
    ports: &[&str],
    intent: &Intent,
    capabilities: &Capabilities,
    safe: SafeState,
) -> Result<Slice, SwitchError> {
    let switch = "leaf-01".parse().unwrap();
    let facts = Facts { switch: &switch, capabilities, safe };
    let lag = "bond-h1".parse().unwrap();
    let names = ports.iter().map(|port| port.parse().unwrap()).collect();
    wanted(&observed(ports), &names, intent, Some(&lag), &facts)
}

fn attach(config: PortConfig) -> Intent {
    Intent::Attach(Wish { config, lag: None })
}

fn carries(vlans: VlanMode) -> Intent {
    attach(PortConfig::with_vlans(vlans))
}

fn with(change: impl FnOnce(&mut PortConfig)) -> Intent {
    let mut config = PortConfig::with_vlans(VlanMode::access(vlan(100)));
    change(&mut config);
    attach(config)
}

fn lag(settings: LagSettings) -> Intent {
    let config = PortConfig::with_vlans(VlanMode::access(vlan(100)));
    Intent::Attach(Wish {
        config,
        lag: Some(LagWish { name: None, settings, members: Members::Named }),
    })
}

const LACP: LagSettings = LagSettings::new(LagMode::Active);

#[rstest]
#[case(carries(VlanMode::trunk(None, &"5".parse().unwrap())), "trunk ports")]
#[case(carries(VlanMode::hybrid(vlan(4), &"5".parse().unwrap())), "hybrid ports")]
#[case(carries(VlanMode::Closed), "a port that carries no VLAN")]
#[case(with(|c| c.mtu = Some(Mtu::new(9000).unwrap())), "set an MTU")]
#[case(with(|c| c.description = Some("x".into())), "keep a description")]
#[case(with(|c| c.admin = Some(AdminState::Down)), "shut a port")]
#[case(with(|c| c.stp_edge = Some(false)), "set STP edge")]
#[case(with(|c| c.bpdu_guard = Some(true)), "set BPDU guard")]
#[case(lag(LagSettings::new(LagMode::Static)), "a LAG of this mode")]
#[case(lag(LagSettings::new(LagMode::Passive)), "a LAG of this mode")]
#[case(lag(LagSettings { rate: Some(LacpRate::Fast), ..LACP }), "choose the LACP rate")]
#[case(lag(LagSettings { min_links: Some(1), ..LACP }), "ask for a minimum of links")]
#[case(lag(LagSettings { fallback: Some(true), ..LACP }), "LACP fallback")]
fn what_the_switch_cannot_do_is_refused(#[case] intent: Intent, #[case] what: &str) {
    let error = want(&["p1"], &intent, &modest(), SafeState::Idle(vlan(4094))).unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotSupported);
    assert_eq!(error.to_string(), format!("`leaf-01` cannot do this: {what}"));
}

#[test]
fn too_many_members_and_no_lags_at_all() {
    let safe = SafeState::Idle(vlan(4094));
    let error = want(&["p1", "p2", "p3"], &lag(LACP), &modest(), safe).unwrap_err();
    assert_eq!(error.to_string(), "`leaf-01` cannot do this: a LAG of so many members");
    let without = Capabilities { lag: None, ..modest() };
    let error = want(&["p1"], &lag(LACP), &without, safe).unwrap_err();
    assert_eq!(error.to_string(), "`leaf-01` cannot do this: LAGs");
}

#[test]
fn hybrid_becomes_what_the_switch_has() {
    let mut can = Capabilities { trunk: true, native_on_trunk: true, ..modest() };
    can.hybrid = HybridSupport::AsTrunk;
    let hybrid = VlanMode::hybrid(vlan(4), &"5".parse().unwrap());
    let safe = SafeState::Idle(vlan(4094));
    let slice = want(&["p1"], &carries(hybrid.clone()), &can, safe).unwrap();
    let trunk = VlanMode::trunk(Some(vlan(4)), &"5".parse().unwrap());
    assert_eq!(slice.vlans_of(&"p1".parse().unwrap()), Some(&trunk));
    can.hybrid = HybridSupport::Own;
    let slice = want(&["p1"], &carries(hybrid.clone()), &can, safe).unwrap();
    assert_eq!(slice.vlans_of(&"p1".parse().unwrap()), Some(&hybrid));
}

#[test]
fn what_a_switch_keeps_with_the_members_goes_to_the_members() {
    let mtu = Mtu::new(9000).unwrap();
    let mut intent = lag(LACP);
    if let Intent::Attach(wish) = &mut intent {
        wish.config.mtu = Some(mtu);
    }
    let mut can = Capabilities { mtu: true, ..modest() };
    let slice = want(&["p1", "p2"], &intent, &can, SafeState::Idle(vlan(4094))).unwrap();
    assert!(slice.ports.values().all(|port| port.config.mtu == Some(mtu)));
    assert!(slice.lags.values().all(|lag| lag.config.mtu.is_none()));
    if let Some(lag) = &mut can.lag {
        lag.mtu_on_lag = true;
    }
    let slice = want(&["p1", "p2"], &intent, &can, SafeState::Idle(vlan(4094))).unwrap();
    assert!(slice.ports.values().all(|port| port.config.mtu.is_none()));
    assert!(slice.lags.values().all(|lag| lag.config.mtu == Some(mtu)));
}

#[test]
fn a_port_leaves_a_lag_only_for_a_place_that_is_declared() {
    let can = Capabilities { port_shut: true, ..modest() };
    let safe = SafeState::Shut(None);
    let joined = want(&["p1"], &lag(LACP), &can, safe).unwrap();
    let switch = "leaf-01".parse().unwrap();
    let facts = Facts { switch: &switch, capabilities: &can, safe };
    let ports = ["p1".parse().unwrap()].into();
    let error = wanted(&joined, &ports, &Intent::Detach { idle: None }, None, &facts).unwrap_err();
    assert_eq!(error.class(), ErrorClass::NotSupported);
    let facts = Facts { safe: SafeState::Shut(Some(vlan(9))), ..facts };
    let left = wanted(&joined, &ports, &Intent::Detach { idle: None }, None, &facts).unwrap();
    assert!(left.lags.is_empty());
    let config = &left.ports.values().next().unwrap().config;
    assert_eq!(config.vlans, Some(VlanMode::access(vlan(9))));
    assert_eq!(config.admin, Some(AdminState::Down));
}

#[test]
fn a_port_that_is_not_there_is_named() {
    let switch = "leaf-01".parse().unwrap();
    let can = modest();
    let facts = Facts { switch: &switch, capabilities: &can, safe: SafeState::Closed };
    let ports = ["p1".parse().unwrap(), "p9".parse().unwrap()].into();
    let error =
        wanted(&observed(&["p1"]), &ports, &carries(VlanMode::Closed), None, &facts).unwrap_err();
    assert_eq!(error.to_string(), "there is no port `p9` on `leaf-01`");
}
