//! What others have configured stays; what is only asked changes nothing; and what is read over SSH
//! is what the database's own protocol says.

use rpc::method::Method;
use serde_json::{Value, json};
use system_tests::{Daemon, Lag, Setup, attach, attach_lag, detach, trunk};

use super::{PORT, daemon, lab};
use crate::two::{Over, section};

/// The columns of a port that an operator may have set and that no request names.
const FOREIGN: [&str; 4] = [
    "external_ids:rack=seven",
    "other_config:priority-tags=always",
    "other_config:transient=yes",
    "protected=true",
];

/// LACP settles in a few changes.
const TRIES: usize = 20;

#[test]
fn what_others_have_set_stays() {
    let lab = lab();
    let daemon = daemon(&lab);
    let mut words = vec!["set", "port", "swp1"];
    words.extend(FOREIGN);
    words.extend(["--", "set", "interface", "swp1", "external_ids:iface-id=abc"]);
    lab.vsctl("leaf-01", &words).unwrap();
    let others = || {
        let columns = ["external_ids", "other_config", "protected"];
        let port = lab.vsctl("leaf-01", &[&["get", "port", "swp1"], &columns[..]].concat());
        let interface = lab.vsctl("leaf-01", &["get", "interface", "swp1", "external_ids"]);
        (port.unwrap(), interface.unwrap())
    };
    let before = others();
    assert!(before.0.contains("rack=seven") && before.0.contains("true"), "{before:?}");
    daemon.call(Method::AttachPort, attach(&PORT, 100)).unwrap();
    assert_eq!(others(), before);
    daemon.call(Method::AttachPort, trunk(&PORT, Some(100), "200,300-310")).unwrap();
    assert_eq!(others(), before);
    daemon.call(Method::DetachPort, detach(&PORT)).unwrap();
    assert_eq!(others(), before);
    assert_eq!(super::tag(&lab, "swp1"), 4094);
}

#[test]
fn what_is_only_planned_or_read_changes_nothing() {
    let lab = lab();
    let daemon = daemon(&lab);
    let lag = Lag { name: "bond-1", mode: "802.3ad", fallback: true };
    let legs = [("leaf-01", "swp2"), ("leaf-01", "swp3")];
    daemon.call(Method::AttachPort, attach(&PORT, 100)).unwrap();
    let tables = || {
        ["open_vswitch", "bridge", "port", "interface"].map(|table| {
            // What counts frames changes by itself.
            let columns = match table {
                "interface" => "--columns=name,mtu_request,external_ids,other_config,options",
                "bridge" => "--columns=name,ports,other_config,external_ids",
                _ => "--if-exists",
            };
            lab.vsctl("leaf-01", &["--format=json", columns, "list", table]).unwrap()
        })
    };
    let before = tables();
    let plan = |of: Method, mut context: Value| {
        context["operation"] = json!(of.to_string());
        daemon.call(Method::Plan, context).unwrap()
    };
    let planned = plan(Method::AttachPort, trunk(&PORT, Some(100), "200"));
    assert_eq!(
        planned["links"][0]["operations"],
        json!(["ovs-vsctl --timeout=8 set port swp1 vlan_mode=native-untagged tag=100 \
             'trunks=100,200' 'cvlans=[]'"]),
        "{planned}"
    );
    plan(Method::AttachPort, attach_lag(&legs, 100, lag));
    plan(Method::DetachPort, detach(&PORT));
    daemon.call(Method::ReadPort, detach(&PORT)).unwrap();
    let mut wanted = attach(&PORT, 100);
    wanted["operation"] = json!("attach_port");
    daemon.call(Method::Verify, wanted).unwrap();
    assert_eq!(tables(), before);
}

/// The same switch twice in one service: by SSH, and by its database.
#[test]
fn both_drivers_read_the_same() {
    let lab = lab();
    let setup = Setup::new()
        .switch("by-ssh", &section(&lab, Over::Ssh, "by-ssh", "leaf-01", ""))
        .switch("by-ovsdb", &section(&lab, Over::Ovsdb, "by-ovsdb", "leaf-01", ""));
    let daemon = Daemon::start(&setup).unwrap();
    let lag = Lag { name: "bond-1", mode: "802.3ad", fallback: true };
    let states: [&dyn Fn() -> Value; 5] = [
        &|| attach(&[("by-ssh", "swp1")], 100),
        &|| trunk(&[("by-ssh", "swp1")], Some(100), "200,300-310"),
        &|| trunk(&[("by-ssh", "swp1")], None, "7"),
        &|| attach_lag(&[("by-ssh", "swp2"), ("by-ssh", "swp3")], 100, lag),
        &|| {
            attach_lag(
                &[("by-ssh", "swp2"), ("by-ssh", "swp3")],
                200,
                Lag { mode: "802.3ad", fallback: false, ..lag },
            )
        },
    ];
    for state in states {
        daemon.call(Method::AttachPort, state()).unwrap();
        same(&daemon);
    }
    // What neither of them would set.
    for words in [
        &["set", "port", "swp1", "vlan_mode=native-tagged", "tag=5", "trunks=5,6"][..],
        &["set", "port", "swp1", "vlan_mode=dot1q-tunnel", "tag=5", "trunks=[]", "cvlans=7,8"],
        &["clear", "port", "swp1", "vlan_mode", "tag", "trunks", "cvlans"],
        &["set", "port", "swp1", "vlan_mode=access", "tag=[]"],
        &["set", "port", "swp1", "vlan_mode=trunk", "trunks=[]"],
        &["set", "interface", "swp1", "mtu_request=9000"],
        &["set", "interface", "swp1", "external_ids:mercury-description=\"rack 7, u 3\""],
        &["set", "interface", "swp1", "external_ids:mercury-description=\"12\""],
    ] {
        lab.vsctl("leaf-01", words).unwrap();
        same(&daemon);
    }
}

/// Asks both drivers for all ports, and compares. LACP goes on meanwhile, so one is asked before and
/// after the other until nothing has changed between.
fn same(daemon: &Daemon) {
    let read = |switch: &str| {
        let ports = ["swp1", "swp2", "swp3"].map(|port| (switch, port));
        let answer = daemon.call(Method::ReadPort, detach(&ports)).unwrap();
        let mut ports = answer["ports"].clone();
        for port in ports.as_array_mut().unwrap() {
            let port = port.as_object_mut().unwrap();
            assert_eq!(port.remove("switch").unwrap(), switch);
            // Only the database's own protocol tells the MTU that is in effect.
            if let Some(status) = port.get_mut("status").and_then(Value::as_object_mut) {
                status.remove("mtu");
            }
            // What a driver keeps for itself to put back what it does not understand is its own.
            if let Some(vlans) = port.get_mut("config").and_then(|config| config.get_mut("vlans"))
                && vlans["mode"] == "other"
            {
                *vlans = json!("other");
            }
        }
        ports
    };
    let mut before = read("by-ssh");
    let settled = (0..TRIES).any(|_| {
        let other = read("by-ovsdb");
        let after = read("by-ssh");
        let is_settled = before == after;
        if is_settled {
            assert_eq!(before, other);
        }
        before = after;
        is_settled
    });
    assert!(settled, "the ports change and change");
}
