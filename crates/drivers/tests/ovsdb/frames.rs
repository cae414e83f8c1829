//! The driver on a switch with real frames between namespaces.

use std::time::Duration;

use drivers::ovsdb::{Address, OvsdbDriver, OvsdbSettings};
use lab::{Heard, Lab, LagEnd};
use model::{LacpRate, LagMode, LagSettings, VlanMode};
use switch::{Driver, LacpStatus, Session};
use tokio::runtime::Runtime;

use super::lags::form;
use super::switches::{access, apply, port, query, set_vlans, trunk, undo, work};

const IDLE: u16 = 4000;

fn session(lab: &Lab, runtime: &Runtime) -> Box<dyn Session> {
    let address = Address::Unix(lab.instance("leaf-01").unwrap().socket());
    runtime.block_on(OvsdbDriver::new(OvsdbSettings::new(address)).open()).unwrap()
}

#[test]
fn no_frame_passes_a_closed_port() {
    let lab = Lab::builder()
        .switch("leaf-01")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-01", "swp2")])
        .analyser("leaf-01")
        .idle_vlan(IDLE)
        .start()
        .unwrap();
    let runtime = Runtime::new().unwrap();
    let mut session = session(&lab, &runtime);
    let mut become_both = |from: &VlanMode, to: &VlanMode| {
        runtime.block_on(async {
            let changes = ["swp1", "swp2"].map(|name| set_vlans(name, from, to));
            let both = work(&mut *session, &query(&["swp1", "swp2"], &[]), &changes).await;
            apply(&mut *session, &both).await.unwrap();
        });
    };
    let probe = lab.probe();
    let tags = [None, Some(7), Some(100), Some(4094), Some(4095)];

    let open = trunk(Some(7), "100");
    become_both(&access(IDLE), &open);
    assert_eq!(probe.who_hears("h1/eth0", None).unwrap(), [Heard::untagged("h2/eth0")]);
    assert_eq!(probe.who_hears("h1/eth0", Some(100)).unwrap(), [Heard::tagged("h2/eth0", 100)]);
    assert_eq!(probe.who_hears("h1/eth0", Some(4094)).unwrap(), []);

    become_both(&open, &VlanMode::Closed);
    assert_eq!(probe.matrix(&tags).unwrap(), [], "no frame of one host reaches the other");
    for tag in tags {
        // The analyser trunks all VLANs, and so hears the reserved one: the limit that is stated.
        let expected = match tag {
            Some(4095) => vec![Heard::tagged("leaf-01/mon0", 4095)],
            _ => Vec::new(),
        };
        let heard = probe.who_hears_at("h1/eth0", tag, &["leaf-01/mon0"]).unwrap();
        assert_eq!(heard, expected, "{tag:?}");
    }
}

#[test]
fn a_lag_negotiates_carries_frames_and_is_taken_back() {
    let lab = Lab::builder()
        .switch("leaf-01")
        .bonded_host("srv", [("leaf-01", "swp1"), ("leaf-01", "swp2")])
        .host("h1", [("eth0", "leaf-01", "swp3")])
        .idle_vlan(IDLE)
        .start()
        .unwrap();
    let runtime = Runtime::new().unwrap();
    let mut session = session(&lab, &runtime);
    let about = query(&["swp1", "swp2"], &["bond-srv"]);
    lab.vsctl("leaf-01", &["set", "port", "swp3", "tag=100"]).unwrap();
    let fast = LagSettings { rate: Some(LacpRate::Fast), ..LagSettings::new(LagMode::Active) };
    let made = runtime.block_on(async {
        let mut made = work(&mut *session, &about, &[]).await;
        made.changes = form(&made, "bond-srv", &fast, &access(100));
        apply(&mut *session, &made).await.unwrap();
        made
    });
    let end = LagEnd::Switch { switch: "leaf-01", lag: "bond-srv" };
    lab.wait_lag(end, &["swp1", "swp2"], Duration::from_secs(30)).unwrap();
    let server = Heard::untagged("srv/br0");
    lab.probe().await_heard("h1/eth0", None, &server, Duration::from_secs(15)).unwrap();
    for (table, row, condition) in [
        ("Interface", "swp1", "lacp_current=true"),
        ("Interface", "swp2", "lacp_current=true"),
        ("Port", "bond-srv", "bond_active_slave!=[]"),
    ] {
        lab.vsctl("leaf-01", &["wait-until", table, row, condition]).unwrap();
    }
    let seen = runtime.block_on(session.observe(&about)).unwrap();
    assert_eq!(seen.slice, made.after().unwrap());
    for name in ["swp1", "swp2"] {
        assert_eq!(seen.status[&port(name)].lacp, Some(LacpStatus::Current), "{name}");
    }

    runtime.block_on(apply(&mut *session, &undo(&made))).unwrap();
    assert_eq!(lab.probe().who_hears("h1/eth0", None).unwrap(), []);
    let seen = runtime.block_on(session.observe(&about)).unwrap();
    assert_eq!(seen.slice, made.before);
}
