//! Changes of single ports on a real switch: written, read back, taken back.

use std::collections::BTreeSet;

use drivers::ovsdb::{OvsdbDriver, OvsdbSettings};
use model::{Mtu, VlanMode};
use switch::{BatchOutcome, Change, DeviceError, Driver, MatchKind, Query, Target, Work};

use super::switches::{Switch, access, apply, port, query, set_vlans, trunk, undo, work};

#[tokio::test]
async fn every_mode_is_written_read_back_and_taken_back() {
    let switch = Switch::start(2).await;
    let mut session = switch.session().await;
    let untouched = switch.rows().await;
    let about = query(&["swp1"], &[]);
    let cases = [
        (access(100), "update Port swp1: tag=100"),
        (
            trunk(None, "100,200-210"),
            "update Port swp1: tag=[] trunks=[100,200-210] vlan_mode=trunk",
        ),
        (
            trunk(Some(7), "100-101"),
            "update Port swp1: tag=7 trunks=[7,100-101] vlan_mode=native-untagged",
        ),
        (trunk(Some(7), ""), "update Port swp1: tag=7 trunks=[7] vlan_mode=native-untagged"),
        (trunk(None, ""), "update Port swp1: tag=[] trunks=[4095] vlan_mode=[]"),
        (VlanMode::Closed, "update Port swp1: protected=true tag=[] trunks=[4095] vlan_mode=trunk"),
    ];
    for (mode, line) in cases {
        let change = set_vlans("swp1", &access(4000), &mode);
        let work = work(&mut *session, &about, &[change]).await;
        assert_eq!(switch.driver().render(&work), [line]);
        let applied = apply(&mut *session, &work).await.unwrap();
        assert!(applied.operations.last().unwrap().contains(r#""op":"update""#), "{applied:?}");
        let seen = session.observe(&about).await.unwrap();
        assert_eq!(seen.slice, work.after().unwrap());
        apply(&mut *session, &undo(&work)).await.unwrap();
        assert_eq!(switch.rows().await, untouched, "after undoing {mode}");
    }
}

#[tokio::test]
async fn what_has_no_word_is_kept_and_restored() {
    let switch = Switch::start(1).await;
    let mut session = switch.session().await;
    let about = query(&["swp1"], &[]);
    for columns in [
        "vlan_mode=native-tagged tag=5 trunks=5,6,7",
        "vlan_mode=dot1q-tunnel tag=5 trunks=[] cvlans=1,2,3",
        "vlan_mode=trunk tag=[] trunks=[] cvlans=[]",
        "vlan_mode=[] tag=[] trunks=[] cvlans=[]",
    ] {
        switch.vsctl(&format!("set port swp1 protected=true {columns}")).await;
        let untouched = switch.rows().await;
        let seen = session.observe(&about).await.unwrap().slice;
        let state = &seen.ports[&port("swp1")];
        let from = state.config.vlans.clone().unwrap();
        assert!(matches!(from, VlanMode::Other { .. }), "{columns}: {from}");
        assert_eq!(state.extra.as_deref(), Some(r#"{"protected":true}"#));
        for to in [access(9), VlanMode::Closed] {
            let change = set_vlans("swp1", &from, &to);
            let work = Work { before: seen.clone(), changes: vec![change] };
            apply(&mut *session, &work).await.unwrap();
            assert_eq!(session.observe(&about).await.unwrap().slice, work.after().unwrap());
            apply(&mut *session, &undo(&work)).await.unwrap();
            assert_eq!(switch.rows().await, untouched, "{columns} after {to}");
        }
    }
}

#[tokio::test]
async fn description_and_mtu_come_and_go() {
    let switch = Switch::start(1).await;
    switch.vsctl("set interface swp1 external_ids:iface-id=theirs").await;
    let mut session = switch.session().await;
    let about = query(&["swp1"], &[]);
    let target = Target::Port(port("swp1"));
    let changes = [
        Change::SetMtu { target: target.clone(), from: None, to: Some(Mtu::new(9000).unwrap()) },
        Change::SetDescription { target, from: None, to: Some("node 7, port 1".to_owned()) },
    ];
    let work = work(&mut *session, &about, &changes).await;
    assert_eq!(
        switch.driver().render(&work),
        ["update Interface swp1: mtu_request=9000 \
          external_ids:mercury-description=\"node 7, port 1\""]
    );
    apply(&mut *session, &work).await.unwrap();
    let seen = session.observe(&about).await.unwrap();
    assert_eq!(seen.slice, work.after().unwrap());
    switch.vsctl("wait-until interface swp1 mtu=9000").await;
    let status = session.observe(&about).await.unwrap().status;
    assert_eq!(status[&port("swp1")].mtu, Some(9000));
    assert_eq!(switch.column("interface", "swp1", "external_ids:iface-id").await, "theirs");
    apply(&mut *session, &undo(&work)).await.unwrap();
    assert_eq!(switch.column("interface", "swp1", "mtu_request").await, "[]");
    assert_eq!(switch.column("interface", "swp1", "external_ids").await, "{iface-id=theirs}");
}

/// Whether a frame goes out at one of these data-path ports.
fn reached(fate: &str, ports: &[&str]) -> bool {
    fate.split(',').any(|action| ports.contains(&action))
}

#[tokio::test]
async fn a_closed_port_carries_nothing() {
    let switch = Switch::start(3).await;
    switch.vsctl("set port swp3 tag=100").await;
    let mut session = switch.session().await;
    let both = query(&["swp1", "swp2"], &[]);
    let open = set_vlans("swp1", &access(4000), &access(100));
    let opened = work(&mut *session, &both, &[open]).await;
    apply(&mut *session, &opened).await.unwrap();
    assert!(reached(&switch.fate("swp3", None).await, &["1"]), "an open port gets the frame");

    let changes = [
        set_vlans("swp1", &access(100), &VlanMode::Closed),
        set_vlans("swp2", &access(4000), &VlanMode::Closed),
    ];
    let closed = work(&mut *session, &both, &changes).await;
    apply(&mut *session, &closed).await.unwrap();
    for (port, tag) in [
        ("swp1", None),
        ("swp1", Some(100)),
        ("swp1", Some(4094)),
        ("swp1", Some(4095)),
        ("swp2", Some(4095)),
        ("swp3", None),
    ] {
        let fate = switch.fate(port, tag).await;
        assert!(
            !reached(&fate, &["1", "2"]),
            "a frame at {port} with tag {tag:?} reaches a closed port: {fate}"
        );
    }
    for tag in [None, Some(100), Some(4094)] {
        assert_eq!(switch.fate("swp1", tag).await, "drop", "tag {tag:?}");
    }
}

#[tokio::test]
async fn sixty_four_ports_are_one_transaction() {
    let switch = Switch::start(64).await;
    let mut session = switch.session().await;
    let names: Vec<String> = (1..=64).map(|n| format!("swp{n}")).collect();
    let mut batch = Vec::new();
    for (name, vlan) in names.iter().zip(101..) {
        let change = set_vlans(name, &access(4000), &access(vlan));
        batch.push(work(&mut *session, &query(&[name], &[]), &[change]).await);
    }
    let BatchOutcome::Each(results) = session.apply(&batch).await else { panic!("refused") };
    let answers: BTreeSet<String> =
        results.into_iter().flat_map(|result| result.unwrap().answers).collect();
    assert_eq!(answers.len(), 1, "one configuration number for all: {answers:?}");
    let ports: Vec<_> = names.iter().map(|name| port(name)).collect();
    let seen = session.observe(&Query::ports(&ports)).await.unwrap().slice;
    for (name, vlan) in names.iter().zip(101..) {
        assert_eq!(seen.ports[&port(name)].config.vlans, Some(access(vlan)));
    }
}

#[tokio::test]
async fn only_the_ports_of_the_bridge_exist() {
    let switch = Switch::start(1).await;
    switch
        .vsctl(
            "add-br br1 -- set bridge br1 datapath_type=dummy \
             -- add-port br1 other1 -- set interface other1 type=dummy",
        )
        .await;
    let mut session = switch.session().await;
    let about = query(&["swp1", "other1", "none", "br0"], &["swp1", "br0"]);
    let seen = session.observe(&about).await.unwrap().slice;
    assert_eq!(seen.ports.keys().collect::<Vec<_>>(), [&port("swp1")]);
    assert!(seen.lags.is_empty());

    let index = switch.column("interface", "swp1", "ofport").await;
    let mac = switch.column("interface", "swp1", "mac_in_use").await.replace('"', "");
    for (text, matched) in [
        ("swp1", Some(MatchKind::Name)),
        (index.as_str(), Some(MatchKind::Index)),
        (mac.as_str(), Some(MatchKind::Mac)),
        ("other1", None),
        ("br0", None),
        ("65534", None),
        ("none", None),
    ] {
        let found = session.resolve(text).await.unwrap();
        let found: Vec<_> = found.iter().map(|m| (m.port.as_str(), m.matched)).collect();
        let expected: Vec<_> = matched.iter().map(|kind| ("swp1", *kind)).collect();
        assert_eq!(found, expected, "{text}");
    }

    let settings =
        OvsdbSettings { bridge: "br9".to_owned(), ..OvsdbSettings::new(switch.server.unix()) };
    let Err(error) = OvsdbDriver::new(settings).open().await else { panic!("there is no br9") };
    let expected =
        format!("cannot reach the switch at {}: there is no bridge `br9`", switch.server.unix());
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn what_the_switch_cannot_do_is_refused_before_anything_is_sent() {
    let switch = Switch::start(1).await;
    let mut session = switch.session().await;
    let untouched = switch.rows().await;
    let about = query(&["swp1"], &[]);
    let target = || Target::Port(port("swp1"));
    let hybrid = VlanMode::hybrid("7".parse().unwrap(), &"8".parse().unwrap());
    let strange = VlanMode::Other { text: "switchport mode dynamic".to_owned() };
    for (change, reason) in [
        (set_vlans("swp1", &access(4000), &hybrid), "`swp1` cannot be hybrid native 7 allowed 8"),
        (
            set_vlans("swp1", &access(4000), &strange),
            "`swp1` cannot be other (switchport mode dynamic)",
        ),
        (
            Change::SetStpEdge { target: target(), from: None, to: Some(true) },
            "set STP edge of port swp1 to true: it has no spanning-tree edge ports",
        ),
        (
            set_vlans("swp1", &access(1), &access(2)),
            "cannot set port swp1 from access 1 to access 2: it carries something else",
        ),
    ] {
        let work = work(&mut *session, &about, &[change]).await;
        let error = apply(&mut *session, &work).await.unwrap_err();
        assert_eq!(error, DeviceError::Unsupported { what: reason.to_owned() });
        assert_eq!(switch.driver().render(&work), [error.to_string()]);
    }
    assert_eq!(switch.rows().await, untouched);
}
