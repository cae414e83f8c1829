//! Two real switches with four servers, and a service that manages them.

use lab::{Heard, Lab};
use system_tests::{Daemon, Setup};

pub(crate) const IDLE: u16 = 4094;

pub(crate) struct Two {
    pub(crate) lab: Lab,
    pub(crate) daemon: Daemon,
}

/// `h1` and `h3` on `leaf-01`, `h2` and `h4` on `leaf-02`, one NIC each, all idle.
pub(crate) fn two() -> Two {
    let lab = Lab::builder()
        .switch("leaf-01")
        .switch("leaf-02")
        .trunk("leaf-01", "leaf-02")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-02", "swp2")])
        .host("h3", [("eth0", "leaf-01", "swp3")])
        .host("h4", [("eth0", "leaf-02", "swp4")])
        .idle_vlan(IDLE)
        .start()
        .unwrap();
    let daemon = daemon(&lab, &["leaf-01", "leaf-02"]);
    Two { lab, daemon }
}

/// A service that manages these switches of a lab.
pub(crate) fn daemon(lab: &Lab, switches: &[&str]) -> Daemon {
    let setup = switches.iter().fold(Setup::new(), |setup, name| {
        let port = lab.instance(name).unwrap().tcp_port().unwrap();
        setup.ovs(name, &format!("tcp:127.0.0.1:{port}"))
    });
    Daemon::start(&setup).unwrap()
}

/// Who hears a frame, as text: `h2/eth0` untagged, `h2/eth0.200` tagged.
pub(crate) fn hears(lab: &Lab, nic: &str, tag: Option<u16>) -> Vec<String> {
    let text = |heard: Heard| match heard.tag {
        Some(tag) => format!("{}.{tag}", heard.nic),
        None => heard.nic,
    };
    lab.probe().who_hears(nic, tag).unwrap().into_iter().map(text).collect()
}
