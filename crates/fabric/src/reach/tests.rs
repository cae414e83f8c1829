use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::ovsdb::database::Database;
use crate::ovsdb::schema::Schema;
use crate::ovsdb::transact::{Outcome, execute};
use crate::plane::Plane;

/// Two switches with a trunk `isl0`; `h1` to `h3` on `sw1` p1 to p3, `h4` and `h5` on `sw2` p1
/// and p2; `duo` has eth0 on `sw1` p4 and eth1 on `sw1` p5.
fn wiring() -> Wiring {
    let mut wiring = Wiring::default();
    for (host, nic, switch, port) in [
        ("h1", "eth0", "sw1", "p1"),
        ("h2", "eth0", "sw1", "p2"),
        ("h3", "eth0", "sw1", "p3"),
        ("duo", "eth0", "sw1", "p4"),
        ("duo", "eth1", "sw1", "p5"),
        ("h4", "eth0", "sw2", "p1"),
        ("h5", "eth0", "sw2", "p2"),
    ] {
        assert!(wiring.cable(NicRef::new(host, nic), PortRef::new(switch, port)));
    }
    assert!(wiring.trunk(PortRef::new("sw1", "isl0"), PortRef::new("sw2", "isl0")));
    wiring
}

/// A switch whose ports are these, each with the columns and the interfaces given; a port
/// without interfaces has one of its own name.
fn plane(ports: &[(&str, Value, &[&str])]) -> Plane {
    let mut operations = Vec::new();
    let mut names = Vec::new();
    let mut hardware = Vec::new();
    for (name, columns, members) in ports {
        let own = [*name];
        let members: &[&str] = if members.is_empty() { &own } else { members };
        let mut interfaces = Vec::new();
        for member in members {
            hardware.push((*member).to_owned());
            interfaces.push(json!(["named-uuid", format!("i_{member}")]));
            operations.push(json!({"op": "insert", "table": "Interface",
                "uuid-name": format!("i_{member}"), "row": {"name": member}}));
        }
        let mut row = columns.clone();
        row["name"] = json!(name);
        row["interfaces"] = json!(["set", interfaces]);
        operations.push(
            json!({"op": "insert", "table": "Port", "uuid-name": format!("p_{name}"), "row": row}),
        );
        names.push(json!(["named-uuid", format!("p_{name}")]));
    }
    operations.push(json!({"op": "insert", "table": "Bridge", "uuid-name": "b",
        "row": {"name": "br0", "ports": ["set", names]}}));
    operations.push(
        json!({"op": "insert", "table": "Open_vSwitch", "row": {"bridges": ["named-uuid", "b"]}}),
    );
    let empty = Database::new(Arc::new(Schema::vswitch().unwrap()));
    match execute(&empty, &operations, &|_| false, Duration::ZERO) {
        Outcome::Commit { database, .. } => Plane::apply(&database, &hardware),
        other => panic!("{other:?}"),
    }
}

fn access(vlan: u16) -> Value {
    json!({"vlan_mode": "access", "tag": vlan})
}

/// `host.nic` or `host.nic/tag` of everyone who hears.
fn heard(from: &str, tag: Option<u16>, planes: &Planes, wiring: &Wiring) -> Vec<String> {
    let (host, nic) = from.split_once('.').unwrap();
    flood(&NicRef::new(host, nic), tag, planes, wiring)
        .into_iter()
        .map(|heard| match heard.tag {
            Some(tag) => format!("{}.{}/{tag}", heard.host, heard.nic),
            None => format!("{}.{}", heard.host, heard.nic),
        })
        .collect()
}

fn planes(sw1: &[(&str, Value, &[&str])], sw2: &[(&str, Value, &[&str])]) -> Planes {
    Planes::from([("sw1".to_owned(), plane(sw1)), ("sw2".to_owned(), plane(sw2))])
}

#[test]
fn who_hears_whom_is_decided_by_the_vlans_of_both_ends_and_of_the_trunk() {
    let isl = json!({});
    let narrow = json!({"trunks": ["set", [100]]});
    let native = json!({"vlan_mode": "native-untagged", "tag": 100, "trunks": ["set", [200]]});
    let native_tagged = json!({"vlan_mode": "native-tagged", "tag": 100, "trunks": 200});
    let trunk = json!({"vlan_mode": "trunk", "trunks": ["set", [100, 200]]});
    // h1, h2, the trunk, h4; then the sender's tag and who hears h1
    let cases = [
        (access(100), access(100), &isl, access(100), None, vec!["h2.eth0", "h4.eth0"]),
        (access(100), access(200), &isl, access(300), None, vec![]),
        (access(100), access(200), &isl, access(100), None, vec!["h4.eth0"]),
        (access(200), access(200), &narrow, access(200), None, vec!["h2.eth0"]),
        (access(100), access(100), &isl, access(100), Some(100), vec![]),
        (access(100), trunk.clone(), &isl, native.clone(), None, vec!["h2.eth0/100", "h4.eth0"]),
        (
            trunk.clone(),
            access(200),
            &isl,
            native.clone(),
            Some(200),
            vec!["h2.eth0", "h4.eth0/200"],
        ),
        (trunk.clone(), access(200), &isl, native.clone(), Some(300), vec![]),
        (trunk, access(200), &isl, native.clone(), None, vec![]),
        (native.clone(), access(100), &isl, native_tagged, None, vec!["h2.eth0", "h4.eth0/100"]),
        (native, json!({}), &isl, json!({"tag": 200}), Some(200), vec!["h2.eth0/200", "h4.eth0"]),
        (json!({}), json!({}), &isl, access(0), None, vec!["h2.eth0", "h4.eth0"]),
        (json!({"tag": 5}), json!({}), &isl, access(6), None, vec!["h2.eth0/5"]),
    ];
    for (index, (h1, h2, isl, h4, tag, expected)) in cases.into_iter().enumerate() {
        let planes = planes(
            &[("p1", h1, &[]), ("p2", h2, &[]), ("isl0", isl.clone(), &[])],
            &[("p1", h4, &[]), ("p2", access(4094), &[]), ("isl0", isl.clone(), &[])],
        );
        assert_eq!(heard("h1.eth0", tag, &planes, &wiring()), expected, "case {index}");
    }
}

#[test]
fn a_pulled_cable_carries_nothing_either_way() {
    let planes = planes(
        &[("p1", access(1), &[]), ("p2", access(1), &[]), ("isl0", json!({}), &[])],
        &[("p1", access(1), &[]), ("isl0", json!({}), &[])],
    );
    let mut wiring = wiring();
    wiring.unplug(&PortRef::new("sw2", "isl0"));
    assert_eq!(heard("h1.eth0", None, &planes, &wiring), ["h2.eth0"]);
    wiring.unplug(&PortRef::new("sw1", "p2"));
    assert_eq!(heard("h1.eth0", None, &planes, &wiring), [""; 0]);
    assert_eq!(heard("h2.eth0", None, &planes, &wiring), [""; 0]);
    wiring.plug(&PortRef::new("sw1", "isl0"));
    assert_eq!(heard("h1.eth0", None, &planes, &wiring), ["h4.eth0"]);
}

#[test]
fn protected_ports_do_not_hear_each_other() {
    let protected = json!({"tag": 1, "protected": true});
    let planes = planes(
        &[("p1", protected.clone(), &[]), ("p2", protected, &[]), ("p3", access(1), &[])],
        &[],
    );
    assert_eq!(heard("h1.eth0", None, &planes, &wiring()), ["h3.eth0"]);
}

#[test]
fn switches_in_a_ring_flood_a_frame_once() {
    let mut wiring = wiring();
    assert!(wiring.trunk(PortRef::new("sw1", "isl1"), PortRef::new("sw2", "isl1")));
    let isl = || ("isl0", json!({}), &[][..]);
    let second = || ("isl1", json!({}), &[][..]);
    let planes = planes(
        &[("p1", access(1), &[]), ("p2", access(1), &[]), isl(), second()],
        &[("p1", access(1), &[]), isl(), second()],
    );
    assert_eq!(heard("h1.eth0", None, &planes, &wiring), ["h2.eth0", "h4.eth0"]);
}

#[test]
fn a_bond_sends_by_one_member_and_hears_where_its_mode_says() {
    let bond = |more: Value| {
        let mut columns = access(1);
        columns.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        columns
    };
    let fallback = json!(["map", [["lacp-fallback-ab", "true"]]]);
    let tcp = json!({"lacp": "active", "bond_mode": "balance-tcp"});
    let tcp_falls_back = json!({"lacp": "active", "bond_mode": "balance-tcp",
        "other_config": fallback});
    // columns of the bond, whether the server speaks LACP; who hears h1; whom eth0 and eth1 reach
    let cases = [
        (json!({}), false, vec!["duo.eth0"], [true, false]),
        (json!({"bond_mode": "balance-slb"}), false, vec!["duo.eth0"], [true, false]),
        (json!({"bond_mode": "balance-tcp"}), false, vec![], [false, false]),
        (tcp.clone(), false, vec![], [false, false]),
        (tcp, true, vec!["duo.eth1"], [true, true]),
        (
            json!({"lacp": "passive", "bond_mode": "balance-slb"}),
            true,
            vec!["duo.eth1"],
            [true, true],
        ),
        (tcp_falls_back.clone(), false, vec!["duo.eth0"], [true, false]),
        (tcp_falls_back, true, vec!["duo.eth1"], [true, true]),
        (json!({"lacp": "active"}), true, vec!["duo.eth0"], [true, true]),
    ];
    for (columns, speaks, hears_h1, reaches_h1) in cases {
        let label = format!("{columns} speaks={speaks}");
        let mut wiring = wiring();
        if speaks {
            wiring.speak_lacp("duo");
        }
        let ports = [("p1", access(1), &[][..]), ("bond0", bond(columns), &["p4", "p5"][..])];
        let planes = planes(&ports, &[]);
        assert_eq!(heard("h1.eth0", None, &planes, &wiring), hears_h1, "{label}");
        for (nic, reaches) in ["duo.eth0", "duo.eth1"].into_iter().zip(reaches_h1) {
            let expected = if reaches { vec!["h1.eth0"] } else { vec![] };
            assert_eq!(heard(nic, None, &planes, &wiring), expected, "{label} from {nic}");
        }
    }
}

#[test]
fn a_bond_goes_on_by_the_member_that_is_left() {
    let planes = planes(&[("p1", access(1), &[]), ("bond0", access(1), &["p4", "p5"])], &[]);
    let mut wiring = wiring();
    wiring.unplug(&PortRef::new("sw1", "p4"));
    assert_eq!(heard("h1.eth0", None, &planes, &wiring), ["duo.eth1"]);
    assert_eq!(heard("duo.eth1", None, &planes, &wiring), ["h1.eth0"]);
}

#[test]
fn a_member_that_is_cabled_to_another_system_is_left_out() {
    let columns = json!({"tag": 1, "lacp": "active", "bond_mode": "balance-tcp"});
    let planes = planes(&[("p3", access(1), &[]), ("bond0", columns, &["p1", "p4"])], &[]);
    let mut wiring = wiring();
    wiring.speak_lacp("h1");
    wiring.speak_lacp("duo");
    let (_, _, port) = planes["sw1"].port_with("p1").unwrap();
    let state = members("sw1", port, &planes, &wiring);
    assert_eq!(state.usable, ["p1"]);
    assert!(state.lacp_current.values().all(|is_current| *is_current));
}

#[test]
fn two_switches_negotiate_lacp_unless_both_are_passive() {
    let check = |one: &str, other: &str| {
        let bond = |lacp: &str| json!({"lacp": lacp, "bond_mode": "balance-tcp"});
        let mut wiring = wiring();
        assert!(wiring.trunk(PortRef::new("sw1", "isl1"), PortRef::new("sw2", "isl1")));
        let planes = planes(
            &[("p1", access(1), &[]), ("isl", bond(one), &["isl0", "isl1"])],
            &[("p1", access(1), &[]), ("peer", bond(other), &["isl0", "isl1"])],
        );
        heard("h1.eth0", None, &planes, &wiring)
    };
    assert_eq!(check("active", "passive"), ["h4.eth0"]);
    assert_eq!(check("passive", "passive"), [""; 0]);
    assert_eq!(check("active", "off"), [""; 0]);
}
