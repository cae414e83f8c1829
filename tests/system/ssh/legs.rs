//! Two legs, one of which cannot be had: neither is on the network.

use rpc::method::Method;
use serde_json::json;
use system_tests::{Lag, attach, attach_lag};

use super::data;
use crate::two::{Over, Two, hears, two};

const LEGS: [(&str, &str); 2] = [("leaf-01", "swp1"), ("leaf-02", "swp2")];

/// That nobody hears the other legs, and that nothing is set on them.
#[track_caller]
fn off_the_network(two: &Two) {
    for (switch, port) in LEGS {
        let tag = two.lab.vsctl(switch, &["get", "port", port, "tag"]).unwrap();
        assert_eq!(tag.trim(), "4094", "{port}");
    }
    assert_eq!(hears(&two.lab, "h3/eth0", None), [""; 0]);
    assert_eq!(hears(&two.lab, "h1/eth0", None), ["h2/eth0", "h4/eth0"]);
}

/// `h3` is on the network that the legs are to join; `h4` stays idle.
fn with_network() -> Two {
    let two = two(Over::Ssh);
    two.daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp3")], 100)).unwrap();
    off_the_network(&two);
    two
}

#[test]
fn a_switch_that_cannot_be_reached_keeps_the_other_leg_off() {
    let two = with_network();
    let ssh = two.lab.ssh("leaf-02").unwrap();
    ssh.kill().unwrap();
    let error = data(&two.daemon.call(Method::AttachPort, attach(&LEGS, 100)).unwrap_err());
    assert_eq!(error["class"], "unreachable", "{error}");
    assert!(error["text"].as_str().unwrap().contains(&ssh.address().to_string()), "{error}");
    off_the_network(&two);

    ssh.restart().unwrap();
    two.daemon.call(Method::AttachPort, attach(&LEGS, 100)).unwrap();
    assert_eq!(hears(&two.lab, "h3/eth0", None), ["h1/eth0", "h2/eth0"]);
}

#[test]
fn a_login_that_may_not_change_anything_takes_the_other_leg_back() {
    let two = with_network();
    let ssh = two.lab.ssh("leaf-02").unwrap();
    ssh.read_only(true).unwrap();
    let error = data(&two.daemon.call(Method::AttachPort, attach(&LEGS, 100)).unwrap_err());
    let legs: Vec<_> = error["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leg| (leg["switch"].as_str().unwrap(), leg["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(legs, [("leaf-01", "undone"), ("leaf-02", "untouched")], "{error}");
    assert_eq!(error["class"], "rejected_by_device", "{error}");
    let text = error["text"].as_str().unwrap();
    let refusal = "Sorry, user root is not allowed to execute 'ovs-vsctl --timeout=8 set ";
    assert!(text.contains(refusal), "{text}");
    off_the_network(&two);

    ssh.read_only(false).unwrap();
    two.daemon.call(Method::AttachPort, attach(&LEGS, 100)).unwrap();
    assert_eq!(hears(&two.lab, "h3/eth0", None), ["h1/eth0", "h2/eth0"]);
}

/// All of a LAG is one command, so its second leg cannot fail alone on the switch; here it is the
/// member itself that cannot be had.
#[test]
fn a_lag_with_a_leg_that_is_not_there_is_not_made() {
    let two = with_network();
    let lag = Lag { name: "bond-1", mode: "802.3ad", fallback: true };
    let legs = [("leaf-01", "swp1"), ("leaf-01", "swp99")];
    let error = two.daemon.call(Method::AttachPort, attach_lag(&legs, 100, lag)).unwrap_err();
    assert_eq!(data(&error)["class"], "not_found", "{error}");
    off_the_network(&two);

    // Refused by the switch: `swp3` is there and may be read, but nothing may be changed.
    two.lab.ssh("leaf-01").unwrap().read_only(true).unwrap();
    let legs = [("leaf-01", "swp1"), ("leaf-01", "swp3")];
    let error =
        data(&two.daemon.call(Method::AttachPort, attach_lag(&legs, 100, lag)).unwrap_err());
    assert_eq!(error["class"], "rejected_by_device", "{error}");
    assert!(two.lab.vsctl("leaf-01", &["get", "port", "bond-1", "tag"]).is_err());
    off_the_network(&two);
    assert_eq!(super::in_doubt(&two.daemon), json!([]));
}
