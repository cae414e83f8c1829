//! A server as Ironic knows it, and its way from state to state.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use system_tests::peer::{Ironic, until};

/// How long one transition may take; the longest takes three seconds on a quiet machine.
const LIMIT: Duration = Duration::from_secs(60);

/// Between two heartbeats of the agent: one that comes while the node is locked is wasted.
const HEARTBEAT: Duration = Duration::from_millis(150);

/// A NIC of the server.
pub(crate) struct Nic<'a> {
    pub(crate) mac: &'a str,
    /// The switch as its link names it, a MAC address.
    pub(crate) switch_id: &'a str,
    pub(crate) port: &'a str,
    /// Ironic's `switchport`: `mode`, `native_vlan`, `allowed_vlans`.
    pub(crate) switchport: Value,
    /// Whether the server boots from it.
    pub(crate) boots: bool,
}

/// The server.
pub(crate) struct Node {
    ironic: Rc<Ironic>,
    uuid: String,
    ports: Vec<String>,
    requests: Vec<String>,
}

impl Node {
    /// Tells Ironic of a new server; `cleans` says whether it is cleaned before and after use.
    pub(crate) fn enrol(ironic: Rc<Ironic>, nics: &[Nic<'_>], cleans: bool) -> Self {
        let node = json!({
            "driver": "fake-hardware",
            "network_interface": "ironic-networking",
            "deploy_interface": "custom-agent",
            "inspect_interface": "agent",
            "rescue_interface": "agent",
            "boot_interface": "pxe",
            "automated_clean": cleans,
        });
        let (node, _) = ironic.call("POST", "/v1/nodes", Some(&node)).unwrap();
        let uuid = node["uuid"].as_str().unwrap().to_owned();
        let mut ports = Vec::new();
        for nic in nics {
            let port = json!({
                "node_uuid": uuid,
                "address": nic.mac,
                "pxe_enabled": nic.boots,
                "local_link_connection": { "switch_id": nic.switch_id, "port_id": nic.port },
                "extra": { "switchport": nic.switchport },
            });
            let (port, _) = ironic.call("POST", "/v1/ports", Some(&port)).unwrap();
            ports.push(port["uuid"].as_str().unwrap().to_owned());
        }
        Self { ironic, uuid, ports, requests: Vec::new() }
    }

    /// Asks for a transition, and waits for nothing.
    pub(crate) fn ask(&mut self, target: &str) {
        self.ask_with(&json!({ "target": target }));
    }

    /// As [`Node::ask`], with what belongs to it.
    pub(crate) fn ask_with(&mut self, request: &Value) {
        self.ironic.agent().boot();
        let path = format!("/v1/nodes/{}/states/provision", self.uuid);
        let (_, id) = self.ironic.call("PUT", &path, Some(request)).unwrap();
        self.requests.push(id);
    }

    /// Waits for a state in which nothing is at work any more.
    #[track_caller]
    pub(crate) fn wait(&self, state: &str) {
        self.until(state, || {});
    }

    /// As [`Node::wait`], while the agent sends heartbeats. It has just booted, so it looks up its
    /// node first, as a ramdisk does.
    #[track_caller]
    pub(crate) fn work(&mut self, state: &str) {
        let (ironic, uuid) = (Rc::clone(&self.ironic), self.uuid.clone());
        let lookup = format!("/v1/lookup?node_uuid={uuid}");
        let (found, _) = ironic.call("GET", &lookup, None).unwrap();
        let heartbeat = json!({
            "callback_url": ironic.agent().url(),
            "agent_token": found["config"]["agent_token"],
            "agent_version": "11.5.0",
        });
        let path = format!("/v1/heartbeat/{uuid}");
        let mut requests = Vec::new();
        let mut last: Option<Instant> = None;
        self.until(state, || {
            if last.is_none_or(|last| last.elapsed() > HEARTBEAT) {
                last = Some(Instant::now());
                // Refused when the node has just gone on: there will be another one, or none.
                if let Ok((_, id)) = ironic.call("POST", &path, Some(&heartbeat)) {
                    requests.push(id);
                }
            }
        });
        self.requests.extend(requests);
    }

    #[track_caller]
    fn until(&self, wanted: &str, mut waiting: impl FnMut()) {
        let reached = until(&format!("`{wanted}`"), LIMIT, || {
            let node = self.show();
            let state = node["provision_state"].as_str().unwrap();
            if !node["reservation"].is_null() {
                return Ok(None);
            }
            if state == wanted {
                return Ok(Some(()));
            }
            let went_wrong = state.ends_with("failed") || state == "error";
            anyhow::ensure!(!went_wrong, "`{state}`: {}", node["last_error"]);
            if state.ends_with("wait") || state == "wait call-back" {
                waiting();
            }
            Ok(None)
        });
        if let Err(error) = reached {
            panic!("{error:#}\n{}", self.show());
        }
    }

    /// The node as Ironic shows it.
    pub(crate) fn show(&self) -> Value {
        self.ironic.call("GET", &format!("/v1/nodes/{}", self.uuid), None).unwrap().0
    }

    /// Why the last transition failed.
    pub(crate) fn last_error(&self) -> String {
        self.show()["last_error"].as_str().unwrap_or_default().to_owned()
    }

    /// Gives a port another `switchport`.
    pub(crate) fn change(&mut self, port: usize, switchport: &Value) {
        let path = format!("/v1/ports/{}", self.ports[port]);
        let patch = json!([{ "op": "replace", "path": "/extra/switchport", "value": switchport }]);
        let (_, id) = self.ironic.call("PATCH", &path, Some(&patch)).unwrap();
        self.requests.push(id);
    }

    /// Another boot interface. Ironic allows that to a server in use in maintenance only. The one
    /// that boots from the network is needed for inspection and rescue, and pretended hardware
    /// cannot boot an instance with it.
    pub(crate) fn boot_with(&self, interface: &str) {
        let path = format!("/v1/nodes/{}", self.uuid);
        let maintenance = format!("{path}/maintenance");
        let patch = json!([{ "op": "replace", "path": "/boot_interface", "value": interface }]);
        let reason = json!({ "reason": "another boot interface" });
        self.ironic.call("PUT", &maintenance, Some(&reason)).unwrap();
        self.ironic.call("PATCH", &path, Some(&patch)).unwrap();
        self.ironic.call("DELETE", &maintenance, None).unwrap();
    }

    /// Sends what the inspection ramdisk found.
    pub(crate) fn report_inspection(&mut self, mac: &str) {
        let inventory = json!({ "inventory": {
            "interfaces": [{ "name": "eth0", "mac_address": mac, "has_carrier": true }],
            "disks": [],
            "cpu": { "count": 2, "architecture": "x86_64" },
            "memory": { "physical_mb": 4096, "total": 4_294_967_296_u64 },
            "bmc_address": "127.0.0.1",
            "boot": { "current_boot_mode": "uefi" },
        }});
        let path = format!("/v1/continue_inspection?node_uuid={}", self.uuid);
        let (_, id) = self.ironic.call("POST", &path, Some(&inventory)).unwrap();
        self.requests.push(id);
    }

    /// Removes the server and its ports. Gives back what Ironic calls the requests that may have
    /// moved a port.
    pub(crate) fn delete(self) -> Vec<String> {
        self.ironic.call("DELETE", &format!("/v1/nodes/{}", self.uuid), None).unwrap();
        self.requests
    }
}
