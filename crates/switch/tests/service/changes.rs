//! Changes that go well, and those that are refused before anything is sent.

use model::{AdminState, Mtu, PortConfig, VlanSet};
use rstest::rstest;
use switch::{
    ChangeRequest, ErrorClass, NetworkWish, Operation, PortMode, SafeState, SaveState, audit,
};

use crate::rig::{Make, Rig, attach, attach_lag, detach, ops, origin, place, request, vlan};

#[tokio::test]
async fn a_port_is_attached_and_detached() {
    let rig = Rig::new();
    let report = rig.service.change(attach(&[("leaf-01", "swp1")], 100), ops()).await.unwrap();
    assert!(report.change.is_some());
    assert_eq!(report.links[0].changes, ["set port swp1 from access 4094 to access 100"]);
    assert_eq!(report.links[0].save, SaveState::Pending);
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100");

    let again = rig.service.change(attach(&[("leaf-01", "swp1")], 100), ops()).await.unwrap();
    assert!(again.change.is_none());
    assert_eq!(again.links[0].changes, Vec::<String>::new());

    rig.service.change(detach(&[("leaf-01", "swp1")]), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    assert_eq!(rig.port("leaf-01", "swp2"), "access 4094");
}

#[rstest]
#[case(SafeState::Idle(vlan(4094)), "access 4094")]
#[case(SafeState::Closed, "closed")]
#[case(SafeState::Shut(None), "closed, shut")]
#[case(SafeState::Shut(Some(vlan(9))), "access 9, shut")]
#[tokio::test]
async fn a_detached_port_is_in_the_declared_safe_state(
    #[case] safe: SafeState,
    #[case] want: &str,
) {
    let rig = Make { safe, ..Make::default() }.build();
    let trunk = ChangeRequest {
        network: NetworkWish {
            segmentation_id: Some(100),
            mode: PortMode::Trunk,
            allowed: "200-210".parse().unwrap(),
            ..NetworkWish::default()
        },
        ..request(Operation::AttachPort, &[("leaf-01", "swp1")])
    };
    rig.service.change(trunk, ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "trunk native 100 allowed 200-210");
    rig.service.change(detach(&[("leaf-01", "swp1")]), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), want);
    rig.service.change(attach(&[("leaf-01", "swp1")], 100), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100");
}

#[tokio::test]
async fn a_lag_over_a_pair_has_one_name_on_both() {
    let rig = Make { numbered: true, ..Make::default() }.build();
    let ports = [("leaf-01", "swp1"), ("leaf-02", "swp1")];
    rig.service.change(attach_lag(&ports, 100, None), ops()).await.unwrap();
    for switch in ["leaf-01", "leaf-02"] {
        assert_eq!(rig.port(switch, "swp1"), "access 100 in Port-Channel20");
    }
    let more = [("leaf-01", "swp2"), ("leaf-02", "swp2")];
    rig.service.change(attach_lag(&more, 101, None), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-02", "swp2"), "access 101 in Port-Channel21");
    let none_left = [("leaf-01", "swp3"), ("leaf-02", "swp3")];
    let error = rig.service.change(attach_lag(&none_left, 102, None), ops()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(error.to_string(), "every LAG number from 20 to 21 is taken");

    rig.service.change(detach(&ports), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    assert!(!rig.handle("leaf-01").state().lags.keys().any(|lag| lag.as_str() == "Port-Channel20"));
}

#[tokio::test]
async fn a_lag_that_is_there_is_adopted_extended_and_never_robbed() {
    let rig = Rig::new();
    let two = [("leaf-01", "swp1"), ("leaf-01", "swp2")];
    rig.service.change(attach_lag(&two, 100, Some("bond-h1")), ops()).await.unwrap();
    let again = rig.service.change(attach_lag(&two, 100, None), ops()).await.unwrap();
    assert!(again.change.is_none());

    let three = [("leaf-01", "swp1"), ("leaf-01", "swp2"), ("leaf-01", "swp3")];
    rig.service.change(attach_lag(&three, 100, None), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp3"), "access 100 in bond-h1");

    let error = rig.service.change(attach_lag(&two, 100, None), ops()).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::Conflict);
    assert_eq!(
        error.to_string(),
        "LAG `bond-h1` on `leaf-01` also has the member `swp3`, which the request does not name \
         (its members: `swp1`, `swp2`, `swp3`)"
    );
    let single = rig.service.change(attach(&two[..1], 100), ops()).await.unwrap_err();
    assert_eq!(single.to_string(), "port `swp1` on `leaf-01` is a member of LAG `bond-h1`");

    let other = [("leaf-01", "swp4"), ("leaf-01", "swp5")];
    rig.service.change(attach_lag(&other, 100, None), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp4"), "access 100 in lag-swp4");
    let mixed = [("leaf-01", "swp1"), ("leaf-01", "swp4")];
    let error = rig.service.change(attach_lag(&mixed, 100, None), ops()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the ports are in different LAGs: `swp1` on `leaf-01` in LAG `bond-h1`; `swp4` on \
         `leaf-01` in LAG `lag-swp4`"
    );

    rig.service.change(detach(&three[..1]), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    assert_eq!(rig.port("leaf-01", "swp2"), "access 100 in bond-h1");
}

#[tokio::test]
async fn an_update_changes_only_what_it_names() {
    let rig = Rig::new();
    let two = [("leaf-01", "swp1"), ("leaf-01", "swp2")];
    rig.service.change(attach_lag(&two, 100, Some("bond-h1")), ops()).await.unwrap();
    let update = ChangeRequest {
        settings: PortConfig { mtu: Some(Mtu::new(9000).unwrap()), ..PortConfig::default() },
        ..request(Operation::UpdatePort, &two)
    };
    let report = rig.service.change(update, ops()).await.unwrap();
    assert_eq!(report.links[0].changes, ["set MTU of LAG bond-h1 from default to 9000"]);
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100 in bond-h1");
    let shut = ChangeRequest {
        settings: PortConfig { admin: Some(AdminState::Down), ..PortConfig::default() },
        ..request(Operation::UpdatePort, &[("leaf-01", "swp3")])
    };
    rig.service.change(shut, ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp3"), "access 4094, shut");
    let describe = |text: &str| ChangeRequest {
        settings: PortConfig { description: Some(text.to_owned()), ..PortConfig::default() },
        ..request(Operation::UpdatePort, &[("leaf-01", "swp4")])
    };
    for (text, want) in [("server 7", Some("server 7")), ("", None)] {
        rig.service.change(describe(text), ops()).await.unwrap();
        let state = rig.handle("leaf-01").state();
        assert_eq!(state.ports[&"swp4".parse().unwrap()].config.description.as_deref(), want);
    }
}

#[rstest]
#[case("ops", attach(&[("leaf-01", "swp9")], 100), ErrorClass::NotFound, "there is no port `swp9` on `leaf-01`")]
#[case("ops", attach(&[("leaf-09", "swp1")], 100), ErrorClass::NotFound, "switch `leaf-09` is not in the configuration")]
#[case("ops", attach(&[("leaf-01", "swp1\nshut")], 100), ErrorClass::InvalidRequest, "binding_profile: `port_id`: port name `swp1\\nshut` holds `\\n`")]
#[case("ops", attach(&[("leaf-01", "swp1"), ("00:53:00:00:00:01", "swp1")], 100), ErrorClass::InvalidRequest, "binding_profile: port `swp1` on `leaf-01` is named twice")]
#[case("ops", attach(&[], 100), ErrorClass::InvalidRequest, "binding_profile: `local_link_information` names no port")]
#[case("ops", attach(&[("leaf-01", "swp1")], 4095), ErrorClass::InvalidRequest, "network: VLAN ID `4095`")]
#[case("ops", request(Operation::AttachPort, &[("leaf-01", "swp1")]), ErrorClass::InvalidRequest, "network: names no VLAN")]
#[case("ops", attach(&[("leaf-01", "uplink1")], 100), ErrorClass::RefusedByPolicy, "port `uplink1` on `leaf-01` refused: port `uplink1` is protected by `uplinks`")]
#[case("ironic", attach(&[("leaf-01", "swp1")], 300), ErrorClass::RefusedByPolicy, "port `swp1` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-199)")]
#[case("ironic", attach(&[("leaf-01", "swp5")], 100), ErrorClass::RefusedByPolicy, "port `swp5` on `leaf-01` refused: port `swp5` is not in rule `rack-12`")]
#[case("bob", attach(&[("leaf-01", "swp1")], 100), ErrorClass::RefusedByPolicy, "port `swp1` on `leaf-01` refused: no rule lets `bob` do anything")]
#[tokio::test]
async fn what_is_refused_leaves_everything_as_it_was(
    #[case] caller: &str,
    #[case] request: ChangeRequest,
    #[case] class: ErrorClass,
    #[case] text: &str,
) {
    let rig = Rig::new();
    let before = rig.handle("leaf-01").state();
    let error = rig.service.change(request.clone(), origin(caller)).await.unwrap_err();
    assert_eq!(error.class(), class);
    assert!(error.to_string().starts_with(text), "{error}");
    let planned = rig.service.plan(request, &origin(caller)).await.unwrap_err();
    assert_eq!(planned.to_string(), error.to_string());
    assert_eq!(rig.handle("leaf-01").state(), before);
    assert_eq!(rig.handle("leaf-01").works(), 0);
    let refusals = audit::verify([rig.audit_file()]).unwrap().records;
    assert_eq!(refusals, if class == ErrorClass::RefusedByPolicy { 2 } else { 0 });
}

#[tokio::test]
async fn an_expired_deadline_changes_nothing() {
    let rig = Rig::new();
    let mut late = ops();
    late.deadline = tokio::time::Instant::now();
    let error = rig.service.change(attach(&[("leaf-01", "swp1")], 100), late).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::TimedOut);
    assert_eq!(rig.handle("leaf-01").works(), 0);
}

#[tokio::test]
async fn a_plan_is_applied_once_and_only_if_nothing_has_changed() {
    let rig = Rig::new();
    let plan = rig.service.plan(attach(&[("leaf-01", "swp1")], 100), &ops()).await.unwrap();
    assert_eq!(plan.legs[0].changes, ["set port swp1 from access 4094 to access 100"]);
    assert_eq!(plan.legs[0].inverse, ["set port swp1 from access 100 to access 4094"]);
    assert_eq!(plan.legs[0].operations.len(), 1);
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    let refused = rig.service.apply(&plan.token, origin("bob")).await.unwrap_err();
    assert_eq!(refused.class(), ErrorClass::RefusedByPolicy);
    rig.service.apply(&plan.token, ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 100");

    let stale = rig.service.apply(&plan.token, ops()).await.unwrap_err();
    assert_eq!(stale.class(), ErrorClass::Conflict);
    assert_eq!(stale.to_string(), "the plan is stale: the switch has changed since it was made");
    for nonsense in ["", "AAAA", "💥", &"A".repeat(100_000)] {
        let error = rig.service.apply(nonsense, ops()).await.unwrap_err();
        assert_eq!(error.class(), ErrorClass::InvalidRequest);
    }
}

#[tokio::test]
async fn a_vlan_is_defined_and_removed() {
    let rig = Make { vlans: VlanSet::empty(), ..Make::default() }.build();
    let network = |operation| ChangeRequest {
        switches: vec!["leaf-01".parse().unwrap(), "leaf-02".parse().unwrap()],
        network: NetworkWish { segmentation_id: Some(100), ..NetworkWish::default() },
        ..request(operation, &[])
    };
    let report = rig.service.change(network(Operation::AddNetwork), ops()).await.unwrap();
    assert_eq!(report.links.len(), 2);
    assert_eq!(report.links[0].changes, ["create VLAN 100"]);
    assert!(rig.handle("leaf-02").state().vlans.contains_key(&vlan(100)));
    rig.service.change(network(Operation::DeleteNetwork), ops()).await.unwrap();
    assert!(rig.handle("leaf-02").state().vlans.is_empty());
    let again = rig.service.change(network(Operation::DeleteNetwork), ops()).await.unwrap();
    assert!(again.change.is_none());
}

#[tokio::test]
async fn the_record_says_who_what_why_and_how() {
    let rig = Rig::new();
    rig.service.change(attach(&[("leaf-01", "swp1")], 100), ops()).await.unwrap();
    let records: Vec<_> = audit::read([rig.audit_file()], audit::Filter::default())
        .map(Result::unwrap)
        .map(|record| record.entry)
        .collect();
    let [audit::Entry::Begin(begin), audit::Entry::End(end)] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(begin.who, "ops");
    assert_eq!(begin.user.as_deref(), Some("alice"));
    assert_eq!(begin.reason.as_deref(), Some("deploy"));
    assert_eq!(begin.ports, [place("leaf-01", "swp1")]);
    assert_eq!(begin.operations.len(), 1);
    assert_eq!(end.change, begin.change);
    assert_eq!(end.outcome, audit::Outcome::Done);
}
