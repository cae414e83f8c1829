//! A LAG that negotiates LACP with a second Open vSwitch acting as the server.

use std::time::Duration;

use lab::{Heard, Lab, LagEnd};
use rpc::method::Method;
use rstest::rstest;
use system_tests::{Daemon, Lag, attach, attach_lag, detach};

use crate::two::{Over, daemon, hears};

const LEGS: [(&str, &str); 2] = [("leaf-01", "leg0"), ("leaf-01", "leg1")];
const LIMIT: Duration = Duration::from_secs(20);
const LACP: Lag<'_> = Lag { name: "bond-srv", mode: "802.3ad", fallback: false };

fn bonded(over: Over) -> (Lab, Daemon) {
    let lab = Lab::builder()
        .switch("leaf-01")
        .bonded_host("srv", LEGS)
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-01", "swp2")])
        .ssh(over == Over::Ssh)
        .start()
        .unwrap();
    let daemon = daemon(&lab, over, &["leaf-01"]);
    (lab, daemon)
}

fn switch_end() -> LagEnd<'static> {
    LagEnd::Switch { switch: "leaf-01", lag: "bond-srv" }
}

/// Waits until both ends of the bond carry frames on both members.
fn wait_both(lab: &Lab) {
    lab.wait_lag(switch_end(), &["leg0", "leg1"], LIMIT).unwrap();
    lab.wait_lag(LagEnd::Server("srv"), &["eth0", "eth1"], LIMIT).unwrap();
}

#[rstest]
fn a_lag_negotiates_survives_the_loss_of_a_leg_and_is_removed(
    #[values(Over::Ovsdb, Over::Ssh)] over: Over,
) {
    let (lab, daemon) = bonded(over);
    let before = ports(&lab);
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp1")], 100)).unwrap();
    let answer = daemon.call(Method::AttachPort, attach_lag(&LEGS, 100, LACP)).unwrap();
    assert_eq!(answer["links"][0]["lag"], "bond-srv");
    wait_both(&lab);
    assert_eq!(hears(&lab, "srv/br0", None), ["h1/eth0"]);
    assert_eq!(hears(&lab, "h1/eth0", None), ["srv/br0"]);
    let read = daemon.call(Method::ReadPort, detach(&LEGS)).unwrap();
    assert_eq!(read["ports"][0]["status"]["lacp"], "current");
    assert_eq!(read["ports"][1]["lag"]["name"], "bond-srv");

    lab.link_down("srv", "eth0").unwrap();
    lab.wait_lag(switch_end(), &["leg1"], LIMIT).unwrap();
    assert_eq!(hears(&lab, "srv/br0", None), ["h1/eth0"]);
    assert_eq!(hears(&lab, "h1/eth0", None), ["srv/br0"]);
    lab.link_up("srv", "eth0").unwrap();
    lab.wait_lag(switch_end(), &["leg0", "leg1"], LIMIT).unwrap();

    daemon.call(Method::DetachPort, detach(&LEGS)).unwrap();
    assert_eq!(hears(&lab, "h1/eth0", None), [""; 0]);
    assert_eq!(ports(&lab), before.replace("\"swp1\": 4094", "\"swp1\": 100"));
}

#[rstest]
fn a_lag_moves_to_another_vlan_without_being_made_anew(
    #[values(Over::Ovsdb, Over::Ssh)] over: Over,
) {
    let (lab, daemon) = bonded(over);
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp2")], 200)).unwrap();
    daemon.call(Method::AttachPort, attach_lag(&LEGS, 100, LACP)).unwrap();
    wait_both(&lab);
    let made = lab.vsctl("leaf-01", &["get", "port", "bond-srv", "_uuid"]).unwrap();
    let answer = daemon.call(Method::AttachPort, attach_lag(&LEGS, 200, LACP)).unwrap();
    assert_eq!(answer["links"][0]["changes"][0], "set LAG bond-srv from access 100 to access 200");
    assert_eq!(lab.vsctl("leaf-01", &["get", "port", "bond-srv", "_uuid"]).unwrap(), made);
    wait_both(&lab);
    assert_eq!(hears(&lab, "srv/br0", None), ["h2/eth0"]);
    let again = daemon.call(Method::AttachPort, attach_lag(&LEGS, 200, LACP)).unwrap();
    assert_eq!(again["outcome"], "unchanged");
}

#[rstest]
fn with_fallback_a_server_boots_before_its_bond_exists(
    #[values(Over::Ovsdb, Over::Ssh)] over: Over,
) {
    let lab = Lab::builder()
        .switch("leaf-01")
        .host("plain", [("eth0", "leaf-01", "leg0"), ("eth1", "leaf-01", "leg1")])
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .ssh(over == Over::Ssh)
        .start()
        .unwrap();
    let daemon = daemon(&lab, over, &["leaf-01"]);
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp1")], 100)).unwrap();
    daemon.call(Method::AttachPort, attach_lag(&LEGS, 100, LACP)).unwrap();
    assert_eq!(hears(&lab, "h1/eth0", None), [""; 0], "a LAG without a partner carried frames");

    let fallback = Lag { fallback: true, ..LACP };
    daemon.call(Method::UpdatePort, attach_lag(&LEGS, 100, fallback)).unwrap();
    let arrival = lab.probe().await_heard("h1/eth0", None, &Heard::untagged("plain/eth0"), LIMIT);
    let other = lab.probe().await_heard("h1/eth0", None, &Heard::untagged("plain/eth1"), LIMIT);
    assert!(arrival.is_ok() || other.is_ok(), "no leg of the server hears anything");
    assert_eq!(hears(&lab, "h1/eth0", None).len(), 1, "exactly one leg is live");
}

/// Every port of the switch with its VLAN.
fn ports(lab: &Lab) -> String {
    let rows = lab
        .vsctl("leaf-01", &["--format=csv", "--no-headings", "--columns=name,tag", "list", "port"]);
    let mut lines: Vec<String> = rows
        .unwrap()
        .lines()
        .filter_map(|line| line.split_once(','))
        .map(|(name, tag)| format!("\"{}\": {tag}", name.trim_matches('"')))
        .collect();
    lines.sort();
    lines.join("\n")
}
