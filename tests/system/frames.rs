//! Access and trunk ports, seen from the wire.

use rpc::method::Method;
use rstest::rstest;
use system_tests::{attach, detach, trunk};

use crate::two::{Over, hears, two};

const NOBODY: [&str; 0] = [];

#[rstest]
fn servers_are_isolated_joined_and_isolated_again(#[values(Over::Ovsdb, Over::Ssh)] over: Over) {
    let two = two(over);
    let (lab, daemon) = (&two.lab, &two.daemon);
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp1")], 100)).unwrap();
    daemon.call(Method::AttachPort, attach(&[("leaf-02", "swp2")], 101)).unwrap();
    assert_eq!(hears(lab, "h1/eth0", None), NOBODY);

    let answer = daemon.call(Method::AttachPort, attach(&[("leaf-02", "swp2")], 100)).unwrap();
    assert_eq!(answer["outcome"], "applied");
    assert_eq!(answer["links"][0]["verified"], true);
    assert_eq!(hears(lab, "h1/eth0", None), ["h2/eth0"]);
    assert_eq!(hears(lab, "h2/eth0", None), ["h1/eth0"]);
    assert_eq!(hears(lab, "h1/eth0", Some(100)), NOBODY);

    daemon.call(Method::DetachPort, detach(&[("leaf-02", "swp2")])).unwrap();
    assert_eq!(hears(lab, "h1/eth0", None), NOBODY);
    // The idle VLAN joins those that nobody has, as it did before.
    assert_eq!(hears(lab, "h2/eth0", None), ["h3/eth0", "h4/eth0"]);
}

#[rstest]
fn a_trunk_carries_its_native_and_its_tagged_vlans_and_no_other(
    #[values(Over::Ovsdb, Over::Ssh)] over: Over,
) {
    let two = two(over);
    let (lab, daemon) = (&two.lab, &two.daemon);
    let all = [("leaf-01", "swp1")];
    daemon.call(Method::AttachPort, trunk(&all, Some(100), "200,300")).unwrap();
    daemon.call(Method::AttachPort, attach(&[("leaf-02", "swp2")], 100)).unwrap();
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp3")], 200)).unwrap();
    daemon.call(Method::AttachPort, trunk(&[("leaf-02", "swp4")], None, "300,400")).unwrap();

    assert_eq!(hears(lab, "h1/eth0", None), ["h2/eth0"]);
    assert_eq!(hears(lab, "h1/eth0", Some(200)), ["h3/eth0"]);
    assert_eq!(hears(lab, "h1/eth0", Some(300)), ["h4/eth0.300"]);
    assert_eq!(hears(lab, "h1/eth0", Some(400)), NOBODY);
    assert_eq!(hears(lab, "h2/eth0", None), ["h1/eth0"]);
    assert_eq!(hears(lab, "h3/eth0", None), ["h1/eth0.200"]);
    assert_eq!(hears(lab, "h4/eth0", Some(300)), ["h1/eth0.300"]);
    assert_eq!(hears(lab, "h4/eth0", Some(400)), NOBODY);
    assert_eq!(hears(lab, "h4/eth0", None), NOBODY);

    // Fewer VLANs, other native: what is gone is gone at once.
    daemon.call(Method::UpdatePort, trunk(&all, Some(200), "300")).unwrap();
    assert_eq!(hears(lab, "h1/eth0", None), ["h3/eth0"]);
    assert_eq!(hears(lab, "h1/eth0", Some(300)), ["h4/eth0.300"]);
    assert_eq!(hears(lab, "h2/eth0", None), NOBODY);
}

#[rstest]
fn an_uplink_is_never_touched(#[values(Over::Ovsdb, Over::Ssh)] over: Over) {
    let two = two(over);
    let before = two.lab.vsctl("leaf-01", &["list", "port", "isl0"]).unwrap();
    for method in [Method::AttachPort, Method::DetachPort, Method::UpdatePort] {
        let context = match method {
            Method::DetachPort => detach(&[("leaf-01", "isl0")]),
            _ => attach(&[("leaf-01", "isl0")], 100),
        };
        let error = two.daemon.call(method, context).unwrap_err();
        assert_eq!(
            error.to_string(),
            "port `isl0` on `leaf-01` refused: port `isl0` is protected by `uplinks` \
             (inter-switch links)"
        );
    }
    assert_eq!(two.lab.vsctl("leaf-01", &["list", "port", "isl0"]).unwrap(), before);
}
