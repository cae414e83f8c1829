//! All legs or none, on real switches.

use lab::{Daemon as Process, Lab};
use rpc::{client::CallError, method::Method};
use rstest::rstest;
use serde_json::{Value, json};
use system_tests::{Daemon, Setup, attach};

use crate::two::{Over, hears, section, two};

fn data(error: CallError) -> Value {
    let CallError::Rpc(error) = error else { return json!({ "class": error.to_string() }) };
    serde_json::to_value(error).unwrap()["data"].clone()
}

#[rstest]
fn a_leg_that_does_not_exist_changes_nothing(#[values(Over::Ovsdb, Over::Ssh)] over: Over) {
    let two = two(over);
    let legs = [("leaf-01", "swp1"), ("leaf-02", "swp99")];
    let error = two.daemon.call(Method::AttachPort, attach(&legs, 100)).unwrap_err();
    assert_eq!(data(error)["class"], "not_found");
    assert_eq!(two.lab.vsctl("leaf-01", &["get", "port", "swp1", "tag"]).unwrap().trim(), "4094");
}

#[rstest]
fn a_wrong_leg_makes_the_other_leg_go_back(#[values(Over::Ovsdb, Over::Ssh)] over: Over) {
    let two = two(over);
    let (lab, daemon) = (&two.lab, &two.daemon);
    daemon
        .call(Method::AttachPort, attach(&[("leaf-01", "swp1"), ("leaf-02", "swp2")], 100))
        .unwrap();
    assert_eq!(hears(lab, "h1/eth0", None), ["h2/eth0"]);
    // The second switch takes the change into its database, but nothing carries it out.
    lab.pause("leaf-02", Process::Vswitchd).unwrap();
    let mut context = attach(&[("leaf-01", "swp1"), ("leaf-02", "swp2")], 200);
    context["timeout_ms"] = json!(4000);
    let error = data(daemon.call(Method::AttachPort, context).unwrap_err());
    lab.resume("leaf-02", Process::Vswitchd).unwrap();
    let legs: Vec<(&str, &str)> = error["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|leg| (leg["switch"].as_str().unwrap(), leg["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(legs[0], ("leaf-01", "undone"), "{error}");
    assert_eq!(lab.vsctl("leaf-01", &["get", "port", "swp1", "tag"]).unwrap().trim(), "100");
    // The first switch is back for certain. The second said what it could; asked again, it agrees.
    let again =
        daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp1"), ("leaf-02", "swp2")], 100));
    again.unwrap();
    assert_eq!(hears(lab, "h1/eth0", None), ["h2/eth0"]);
}

#[rstest]
fn a_switch_that_does_not_follow_its_database_is_not_believed(
    #[values(Over::Ovsdb, Over::Ssh)] over: Over,
) {
    let lab = Lab::builder()
        .switch("leaf-01")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h3", [("eth0", "leaf-01", "swp3")])
        .ssh(over == Over::Ssh)
        .start()
        .unwrap();
    let section = section(&lab, over, "leaf-01", "leaf-01", "operation_timeout_ms = 4000");
    let daemon = Daemon::start(&Setup::new().switch("leaf-01", &section)).unwrap();
    let attach = attach(&[("leaf-01", "swp1")], 100);
    lab.pause("leaf-01", Process::Vswitchd).unwrap();
    let error = data(daemon.call(Method::AttachPort, attach.clone()).unwrap_err());
    assert_eq!(error["class"], "undo_failed", "{error}");
    assert_eq!(error["links"][0]["outcome"], "unknown", "{error}");
    let text = error["links"][0]["error"].as_str().unwrap();
    let why = match over {
        Over::Ovsdb => "`ovs-vswitchd`",
        Over::Ssh => "has not put its configuration into effect",
    };
    assert!(text.contains(why), "{text}");
    let tag = || lab.vsctl("leaf-01", &["--no-wait", "get", "port", "swp1", "tag"]).unwrap();
    assert_eq!(tag().trim(), "4094", "the database was not put back");
    let doubts = daemon.call(Method::ListSwitches, json!({})).unwrap();
    assert_eq!(doubts["switches"][0]["in_doubt"][0]["port"], "swp1");

    lab.resume("leaf-01", Process::Vswitchd).unwrap();
    daemon.call(Method::AttachPort, attach).unwrap();
    let doubts = daemon.call(Method::ListSwitches, json!({})).unwrap();
    assert_eq!(doubts["switches"][0]["in_doubt"], json!([]));
    assert_eq!(hears(&lab, "h3/eth0", None), [""; 0]);
}

#[rstest]
fn a_switch_that_hangs_delays_no_other_and_ends_in_time(
    #[values(Over::Ovsdb, Over::Ssh)] over: Over,
) {
    let two = two(over);
    let (lab, daemon) = (&two.lab, &two.daemon);
    daemon.call(Method::AttachPort, attach(&[("leaf-02", "swp2")], 100)).unwrap();
    lab.pause("leaf-02", Process::Ovsdb).unwrap();
    let client = daemon.client();
    let mut context = attach(&[("leaf-02", "swp2")], 200);
    context["timeout_ms"] = json!(1500);
    let context: rpc::wire::Context = serde_json::from_value(context).unwrap();
    let start = std::time::Instant::now();
    let stuck = daemon
        .runtime()
        .spawn(async move { client.call::<Value>(Method::AttachPort, &context).await });
    daemon.call(Method::AttachPort, attach(&[("leaf-01", "swp1")], 100)).unwrap();
    assert!(!stuck.is_finished());
    let error = data(daemon.runtime().block_on(stuck).unwrap().unwrap_err());
    assert!(start.elapsed().as_millis() < 2500, "{:?}", start.elapsed());
    assert_eq!(error["class"], "timed_out");
    lab.resume("leaf-02", Process::Ovsdb).unwrap();
    let port = lab.vsctl("leaf-02", &["get", "port", "swp2", "tag"]).unwrap();
    assert_eq!(port.trim(), "100", "a change that was given up took effect later");
}
