//! Two hundred flips under traffic: a port never hears a third VLAN.

use std::{collections::BTreeSet, time::Duration};

use rpc::method::Method;
use rstest::rstest;
use system_tests::{attach, trunk};

use crate::two::{Over, hears, two};

const FLIPS: usize = 200;
/// By commands over SSH, each of which takes longer than the change.
const FLIPS_OVER_SSH: usize = 100;

#[rstest]
fn a_port_never_hears_a_third_vlan(#[values(Over::Ovsdb, Over::Ssh)] over: Over) {
    let two = two(over);
    let (lab, daemon) = (&two.lab, &two.daemon);
    let call = |context| daemon.call(Method::AttachPort, context).unwrap();
    call(attach(&[("leaf-02", "swp2")], 100));
    call(attach(&[("leaf-01", "swp3")], 200));
    call(attach(&[("leaf-02", "swp4")], 300));
    let probe = lab.probe();
    for nic in ["h2/eth0", "h3/eth0", "h4/eth0"] {
        probe.flood_start(nic, &[None], Duration::from_millis(1)).unwrap();
    }
    // What the flipped port sends must not reach VLAN 300 either.
    probe.flood_start("h1/eth0", &[None, Some(300)], Duration::from_millis(1)).unwrap();
    probe.listen_start("h1/eth0").unwrap();
    probe.listen_start("h4/eth0").unwrap();
    let flips = if over == Over::Ssh { FLIPS_OVER_SSH } else { FLIPS };
    for flip in 0..flips {
        let port = [("leaf-01", "swp1")];
        call(match flip % 4 {
            0 => attach(&port, 100),
            1 => attach(&port, 200),
            2 => trunk(&port, Some(100), "200"),
            _ => trunk(&port, None, "100,200"),
        });
    }
    let heard = probe.listen_stop("h1/eth0").unwrap();
    let leaked = probe.listen_stop("h4/eth0").unwrap();
    for nic in ["h1/eth0", "h2/eth0", "h3/eth0", "h4/eth0"] {
        assert!(probe.flood_stop(nic).unwrap() > 100, "{nic} sent too little to prove anything");
    }
    assert_eq!((heard.dropped, leaked.dropped), (0, 0));
    let from: BTreeSet<&str> = heard.counts.iter().map(|count| count.from.as_str()).collect();
    assert_eq!(from, ["h2/eth0", "h3/eth0"].into(), "{:?}", heard.counts);
    let frames: u64 = heard.counts.iter().map(|count| count.count).sum();
    assert!(frames > 1000, "only {frames} frames in {flips} flips");
    assert!(leaked.counts.is_empty(), "{:?}", leaked.counts);
    assert_eq!(hears(lab, "h4/eth0", None), [""; 0]);
}
