//! What is particular to a switch behind a login by SSH: a real OpenSSH server in front of a real
//! Open vSwitch, which refuses, ends, and is somebody else. What a switch does with frames is shown
//! by the tests that run over each driver.

mod foreign;
mod killed;
mod legs;
mod login;
mod lost;

use lab::Lab;
use rpc::client::CallError;
use serde_json::{Value, json};
use system_tests::Daemon;

use crate::two::{self, IDLE, Over};

const PORT: [(&str, &str); 1] = [("leaf-01", "swp1")];

/// A switch with SSH and three servers.
fn lab() -> Lab {
    Lab::builder()
        .switch("leaf-01")
        .host("h1", [("eth0", "leaf-01", "swp1")])
        .host("h2", [("eth0", "leaf-01", "swp2")])
        .host("h3", [("eth0", "leaf-01", "swp3")])
        .idle_vlan(IDLE)
        .ssh(true)
        .start()
        .unwrap()
}

/// A service that manages it.
fn daemon(lab: &Lab) -> Daemon {
    two::daemon(lab, Over::Ssh, &["leaf-01"])
}

fn tag(lab: &Lab, port: &str) -> u16 {
    let tag = lab.vsctl("leaf-01", &["--no-wait", "get", "port", port, "tag"]).unwrap();
    tag.trim().parse().unwrap()
}

/// What an error says for programs, with its text.
fn data(error: &CallError) -> Value {
    let CallError::Rpc(error) = error else { return json!({ "class": error.to_string() }) };
    let error = serde_json::to_value(error).unwrap();
    let mut data = error["data"].clone();
    data["text"] = error["message"].clone();
    data
}

/// The changes in doubt of a switch.
fn in_doubt(daemon: &Daemon) -> Value {
    let switches = daemon.call(rpc::method::Method::ListSwitches, json!({})).unwrap();
    switches["switches"][0]["in_doubt"].clone()
}
