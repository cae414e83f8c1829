//! What the example plugins do to real frames, and what the conformance runner says of them.

use lab::Lab;
use rpc::method::Method;
use serde_json::json;
use system_tests::{attach, detach, trunk};

use super::{children, daemon, repository, runs};
use crate::two::hears;

const NOBODY: [&str; 0] = [];

fn lab() -> Lab {
    Lab::builder()
        .switch("leaf-01")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-01", "swp2")])
        .host("h3", [("eth0", "leaf-01", "swp3")])
        .start()
        .unwrap()
}

#[test]
fn a_plugin_of_sixty_lines_connects_and_isolates_servers() {
    let lab = lab();
    let mut daemon = daemon(&lab);
    let port = |name| [("leaf-01", name)];
    let answer = daemon.call(Method::AttachPort, attach(&port("swp1"), 100)).unwrap();
    assert_eq!(
        (&answer["outcome"], &answer["links"][0]["verified"]),
        (&json!("applied"), &json!(true))
    );
    assert_eq!(hears(&lab, "h1/eth0", None), NOBODY);
    daemon.call(Method::AttachPort, attach(&port("swp2"), 100)).unwrap();
    assert_eq!(hears(&lab, "h1/eth0", None), ["h2/eth0"]);

    daemon.call(Method::AttachPort, trunk(&port("swp3"), Some(100), "200,300-302")).unwrap();
    assert_eq!(hears(&lab, "h3/eth0", None), ["h1/eth0", "h2/eth0"]);
    daemon.call(Method::AttachPort, trunk(&port("swp2"), None, "301")).unwrap();
    assert_eq!(hears(&lab, "h3/eth0", Some(301)), ["h2/eth0.301"]);
    assert_eq!(hears(&lab, "h2/eth0", Some(200)), NOBODY);

    daemon.call(Method::DetachPort, detach(&port("swp1"))).unwrap();
    assert_eq!(hears(&lab, "h3/eth0", None), NOBODY);
    let error = daemon.call(Method::AttachPort, attach(&port("swp9"), 100)).unwrap_err();
    assert!(error.to_string().contains("swp9"), "{error}");

    let plugins = children(daemon.pid());
    assert_eq!(plugins.len(), 1, "one process, however many requests");
    daemon.terminate().unwrap();
    assert!(!runs(plugins[0]));
    let log = switch::audit::verify([daemon.audit_file()]).unwrap();
    assert!(log.open.is_empty());
    let audit = std::fs::read_to_string(daemon.audit_file()).unwrap();
    assert!(audit.contains("set port swp1 vlan_mode=access tag=100 trunks=[]"), "{audit}");
}

#[test]
fn both_examples_conform_on_a_real_switch() {
    let lab = lab();
    let ports = ["swp1", "swp2"];
    let rows = || lab.vsctl("leaf-01", &["--format=csv", "list", "port"]).unwrap();
    lab.vsctl("leaf-01", &["set", "port", "swp1", "external_ids:mercury-description=\"rack 7\""])
        .unwrap();
    let before = rows();
    for program in ["ovs_vsctl.py", "ovs_vsctl.sh"] {
        let output = std::process::Command::new(system_tests::program().unwrap())
            .args(["plugin", "check", "--port", ports[0], "--port", ports[1], "--env"])
            .arg(format!("PYTHONPATH={}", repository("python").display()))
            .arg("--setting")
            .arg(format!("database=unix:{}", lab.instance("leaf-01").unwrap().socket().display()))
            .arg(repository(&format!("examples/plugins/{program}")))
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}");
        for rule in ["access", "trunk", "native-on-trunk", "closed", "batch", "atomicity"] {
            assert!(said.contains(&format!("ok   {rule} ")), "{program}: {rule}: {said}");
        }
        assert_eq!(rows(), before, "{program} left something behind");
    }
}
