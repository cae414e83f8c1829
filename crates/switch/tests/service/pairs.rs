//! The number by which the two switches of a pair know a LAG as one.

use std::collections::BTreeSet;

use model::{LagMode, LagSettings};
use rstest::rstest;
use switch::{ChangeRequest, ErrorClass, LagIds, LagState, LagWish, Members, Operation};

use crate::rig::{Make, Rig, attach_lag, background, detach, ops, request, vlan};

/// The number of a LAG on each switch: `-` where the LAG has none, nothing where there is no LAG.
fn numbers(rig: &Rig, lag: &str) -> [Option<String>; 2] {
    ["leaf-01", "leaf-02"].map(|switch| {
        let state = rig.handle(switch).state();
        let lag = state.lags.get(&lag.parse().unwrap())?;
        Some(lag.settings.pair.map_or_else(|| "-".to_owned(), |number| number.to_string()))
    })
}

fn both(number: &str) -> [Option<String>; 2] {
    [Some(number.to_owned()), Some(number.to_owned())]
}

/// A LAG that somebody made by hand.
fn by_hand(rig: &Rig, switch: &str, lag: &str, pair: Option<u16>, port: Option<&str>) {
    rig.handle(switch).edit(|state| {
        let members: BTreeSet<_> = port.iter().map(|port| port.parse().unwrap()).collect();
        for port in &members {
            let port = state.ports.get_mut(port).unwrap();
            port.lag = Some(lag.parse().unwrap());
            port.config.vlans = None;
        }
        let settings = LagSettings { pair, ..LagSettings::new(LagMode::Active) };
        let config = model::PortConfig {
            admin: Some(model::AdminState::Up),
            ..model::PortConfig::with_vlans(model::VlanMode::access(vlan(100)))
        };
        let lag_state = LagState { settings, members, config, extra: None };
        state.lags.insert(lag.parse().unwrap(), lag_state);
    });
}

const PORTS: [(&str, &str); 2] = [("leaf-01", "swp1"), ("leaf-02", "swp1")];

#[tokio::test]
async fn the_lowest_number_that_is_free_on_both() {
    let rig = Rig::new();
    by_hand(&rig, "leaf-02", "manual", Some(20), None);
    let report = rig.service.change(attach_lag(&PORTS, 100, Some("bond1")), ops()).await.unwrap();
    assert_eq!(
        report.links[0].changes[0],
        "create LAG bond1 (LACP active, number 21 of the pair; access 100)"
    );
    assert_eq!(numbers(&rig, "bond1"), both("21"));
    let again = rig.service.change(attach_lag(&PORTS, 100, Some("bond1")), ops()).await.unwrap();
    assert!(again.change.is_none());
    let more = [("leaf-01", "swp2"), ("leaf-02", "swp2")];
    let error = rig.service.change(attach_lag(&more, 100, Some("bond2")), ops()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(error.to_string(), "every number of the pair from 20 to 21 is taken");
    // A LAG on one switch needs none.
    let one = [("leaf-01", "swp2"), ("leaf-01", "swp3")];
    rig.service.change(attach_lag(&one, 100, Some("bond2")), ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond2"), [Some("-".to_owned()), None]);
}

#[tokio::test]
async fn a_numbered_lag_brings_its_own_and_avoids_those_of_others() {
    let rig = Make { numbered: true, ..Make::default() }.build();
    by_hand(&rig, "leaf-02", "Port-Channel99", Some(20), None);
    rig.service.change(attach_lag(&PORTS, 100, None), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100 in Port-Channel21");
    assert_eq!(numbers(&rig, "Port-Channel21"), both("21"));
}

#[rstest]
#[case::on_both(Some(7), Some(7), Ok("7"))]
#[case::on_one(None, Some(7), Ok("7"))]
#[case::on_none(None, None, Ok("20"))]
#[case::differently(
    Some(7),
    Some(8),
    Err(
        "the switches of the pair know LAG `bond1` by different numbers: 7 on `leaf-01`, 8 on `leaf-02`"
    )
)]
#[tokio::test]
async fn a_lag_of_these_ports_is_adopted(
    #[case] one: Option<u16>,
    #[case] other: Option<u16>,
    #[case] want: Result<&str, &str>,
) {
    let rig = Rig::new();
    by_hand(&rig, "leaf-01", "bond1", one, Some("swp1"));
    by_hand(&rig, "leaf-02", "bond1", other, Some("swp1"));
    let outcome = rig.service.change(attach_lag(&PORTS, 101, None), ops()).await;
    match (outcome, want) {
        (Ok(_), Ok(number)) => assert_eq!(numbers(&rig, "bond1"), both(number)),
        (Err(error), Err(want)) => {
            assert_eq!((error.class(), error.to_string().as_str()), (ErrorClass::Conflict, want));
            assert_eq!(rig.port("leaf-01", "swp1"), "access 100 in bond1");
            assert_eq!(rig.handle("leaf-01").works() + rig.handle("leaf-02").works(), 0);
        }
        (outcome, _) => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_number_that_is_another_lags_is_refused() {
    let rig = Rig::new();
    by_hand(&rig, "leaf-01", "bond1", Some(7), Some("swp1"));
    by_hand(&rig, "leaf-02", "manual", Some(7), None);
    let error = rig.service.change(attach_lag(&PORTS, 101, None), ops()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "LAG `bond1` is to be number 7 of the pair, which on `leaf-02` is LAG `manual`"
    );
}

#[tokio::test]
async fn detaching_one_side_leaves_the_other_its_number() {
    let rig = Rig::new();
    rig.service.change(attach_lag(&PORTS, 100, Some("bond1")), ops()).await.unwrap();
    rig.service.change(detach(&PORTS[..1]), ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond1"), [None, Some("20".to_owned())]);
    assert_eq!(rig.port("leaf-02", "swp1"), "access 100 in bond1");
    // A request about that side alone leaves it as it is.
    rig.service.change(attach_lag(&PORTS[1..], 101, Some("bond1")), ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond1"), [None, Some("20".to_owned())]);
    // Both sides again: the number that is there.
    rig.service.change(attach_lag(&PORTS, 101, None), ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond1"), both("20"));
    rig.service.change(detach(&PORTS), ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond1"), [None, None]);
    // It is free again.
    rig.service.change(attach_lag(&PORTS, 100, Some("bond2")), ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond2"), both("20"));
}

#[tokio::test]
async fn ports_that_join_one_by_one_get_the_number_when_both_switches_are_named() {
    let rig = Rig::new();
    let join = |members, port: &[(&str, &str)]| {
        let settings = LagSettings::new(LagMode::Active);
        let lag = LagWish { name: Some("bond1".parse().unwrap()), settings, members };
        let network = attach_lag(&PORTS, 100, None).network;
        ChangeRequest { lag: Some(lag), network, ..request(Operation::AttachPort, port) }
    };
    for port in &PORTS {
        let one = join(Members::Joining, std::slice::from_ref(port));
        rig.service.change(one, ops()).await.unwrap();
    }
    assert_eq!(numbers(&rig, "bond1"), both("-"));
    let all = ChangeRequest {
        switches: ["leaf-01", "leaf-02"].map(|name| name.parse().unwrap()).to_vec(),
        ..join(Members::Present, &[])
    };
    let report = rig.service.change(all, ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond1"), both("20"));
    assert_eq!(
        report.links[0].changes,
        ["set LAG bond1 from LACP active to LACP active, number 20 of the pair"]
    );
    let more = join(Members::Joining, &[("leaf-01", "swp2"), ("leaf-02", "swp2")]);
    rig.service.change(more, ops()).await.unwrap();
    assert_eq!(numbers(&rig, "bond1"), both("20"));
}

#[tokio::test]
async fn changes_at_the_same_time_choose_different_numbers() {
    let ids = LagIds { first: 20, last: 21 };
    for numbered in [false, true] {
        let rig = Make { numbered, ..Make::default() }.build();
        let changes: Vec<_> = (1..=2)
            .map(|n| {
                let port = format!("swp{n}");
                let ports = [("leaf-01", port.as_str()), ("leaf-02", port.as_str())];
                let service = std::sync::Arc::clone(&rig.service);
                let wish = attach_lag(&ports, 100, None);
                background(async move { service.change(wish, ops()).await })
            })
            .collect();
        for change in changes {
            change.await.unwrap().unwrap();
        }
        for switch in ["leaf-01", "leaf-02"] {
            let state = rig.handle(switch).state();
            let numbers: BTreeSet<_> =
                state.lags.values().map(|lag| lag.settings.pair.unwrap()).collect();
            assert_eq!(numbers, (ids.first..=ids.last).collect(), "{switch}");
        }
    }
}
