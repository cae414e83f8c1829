//! LAGs by Ironic's calls, on real switches: ports that join one by one, and the two methods that
//! are stubs in Ironic's own service.

use std::time::Duration;

use lab::{Heard, Lab, LagEnd};
use serde_json::{Value, json};
use system_tests::{Setup, peer::Connection};

use crate::service::Service;

const SWITCHES: [(&str, &str); 2] =
    [("leaf-01", "00:53:00:0a:0a:01"), ("leaf-02", "00:53:00:0b:0b:01")];
const LAG: &str = "bond-7";
const LIMIT: Duration = Duration::from_secs(20);

/// A server with a bond on each of two switches, and a plain host on each.
fn lab() -> Lab {
    Lab::builder()
        .switch("leaf-01")
        .switch("leaf-02")
        .trunk("leaf-01", "leaf-02")
        .bonded_host("srv1", [("leaf-01", "swp1"), ("leaf-01", "swp2")])
        .bonded_host("srv2", [("leaf-02", "swp1"), ("leaf-02", "swp2")])
        .host("h1", [("eth0", "leaf-01", "swp3")])
        .start()
        .unwrap()
}

fn service(lab: &Lab) -> Service {
    let setup = SWITCHES.iter().fold(Setup::new(), |setup, (name, mac)| {
        let port = lab.instance(name).unwrap().tcp_port().unwrap();
        let section = format!(
            "driver = \"ovsdb\"\naddress = \"tcp:127.0.0.1:{port}\"\nidle_vlan = 10\n\
             switch_ids = [\"{mac}\"]\n"
        );
        setup.switch(name, &section)
    });
    Service::start(setup.with("[pair.leafs]\nswitches = [\"leaf-01\", \"leaf-02\"]\n"))
}

fn ask(connection: &mut Connection, method: &str, params: &Value) -> Value {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    connection.post("/", &[], &call).unwrap().json()
}

fn call(connection: &mut Connection, method: &str, mut params: Value) -> Value {
    params["context"] = json!({ "request_id": "req-lags" });
    let answer = ask(connection, method, &params);
    assert!(answer.get("result").is_some(), "{method}: {answer}");
    answer["result"].clone()
}

fn port(switch_id: &str, port: &str, vlan: u16, lag: Option<&str>) -> Value {
    json!({
        "switch_id": switch_id, "port_name": port, "description": "a port", "mode": "access",
        "native_vlan": vlan, "lag_name": lag, "default_vlan": 10,
    })
}

fn hears(lab: &Lab, nic: &str) -> Vec<Heard> {
    lab.probe().who_hears(nic, None).unwrap()
}

#[test]
fn ports_join_lags_that_are_changed_and_deleted() {
    let lab = lab();
    let service = service(&lab);
    let mut door = Connection::new(service.address);
    call(&mut door, "update_port", port(SWITCHES[0].1, "swp3", 200, None));
    for (name, mac) in SWITCHES {
        for member in ["swp1", "swp2"] {
            call(&mut door, "update_port", port(mac, member, 100, Some(LAG)));
        }
        let end = LagEnd::Switch { switch: name, lag: LAG };
        lab.wait_lag(end, &["swp1", "swp2"], LIMIT).unwrap();
    }
    for server in ["srv1", "srv2"] {
        lab.wait_lag(LagEnd::Server(server), &["eth0", "eth1"], LIMIT).unwrap();
    }
    assert_eq!(hears(&lab, "srv1/br0"), [Heard::untagged("srv2/br0")]);

    // Two Open vSwitches cannot be one end of a LAG, so a call for both changes neither.
    let update = |switches: &[&str]| {
        json!({
            "switch_ids": switches, "lag_name": LAG, "description": "a bond", "mode": "access",
            "native_vlan": 200, "aggregation_mode": "802.3ad", "allowed_vlans": null,
            "default_vlan": 10, "context": { "request_id": "req-lags" },
        })
    };
    let macs = SWITCHES.map(|(_, mac)| mac);
    let error = ask(&mut door, "update_lag", &update(&macs))["error"].clone();
    assert_eq!(error["data"]["class"], "ironic.common.exception.NetworkError");
    assert_eq!(
        error["message"],
        "Failed to configure LAG: `leaf-01` cannot do this: LAGs over two switches"
    );
    assert_eq!(hears(&lab, "srv1/br0"), [Heard::untagged("srv2/br0")]);

    // One by one they can.
    let got = call(&mut door, "update_lag", update(&macs[..1]));
    assert_eq!(got["status"], "configured");
    assert_eq!(hears(&lab, "srv1/br0"), [Heard::untagged("h1/eth0")]);
    call(&mut door, "update_lag", update(&macs[1..]));
    let all = ["h1/eth0", "srv2/br0"].map(Heard::untagged);
    assert_eq!(hears(&lab, "srv1/br0"), all);

    for mac in macs {
        let got = call(&mut door, "delete_lag", json!({ "switch_ids": [mac], "lag_name": LAG }));
        assert_eq!(got["status"], "deleted");
    }
    assert_eq!(hears(&lab, "h1/eth0"), []);
    for (name, _) in SWITCHES {
        for member in ["swp1", "swp2"] {
            let tag = lab.vsctl(name, &["get", "port", member, "tag"]).unwrap();
            assert_eq!(tag.trim(), "10", "{member} on {name}");
        }
    }
}
