//! `ovs-vsctl` and `ovsdb-client` as clients.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::time::timeout;

use crate::tools::{DEADLINE, INSTALLED_SCHEMA, fabric, heard, run, tool, vsctl};

#[tokio::test]
async fn ovs_vsctl_lists_bridges_ports_and_columns() {
    let fabric = fabric().await;
    assert_eq!(vsctl(&fabric, "leaf-01", &["list-br"]).await, "br0");
    let ports = vsctl(&fabric, "leaf-01", &["list-ports", "br0"]).await;
    assert_eq!(ports.lines().collect::<Vec<_>>(), ["isl0", "swp1", "swp2", "swp3", "swp4"]);
    let shown = vsctl(&fabric, "leaf-01", &["show"]).await;
    for line in ["Bridge br0", "Port swp1", "tag: 4094", "type: internal", "ovs_version: \"3.1.0\""]
    {
        assert!(shown.contains(line), "`{line}` is not in\n{shown}");
    }
    assert!(!shown.contains("error"), "{shown}");
    let columns = ["--columns=name,tag,vlan_mode,trunks,fake_bridge", "list", "port", "swp1"];
    let listed = vsctl(&fabric, "leaf-01", &columns).await;
    let pairs: BTreeMap<_, _> = listed
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim(), value.trim()))
        .collect();
    let expected = [
        ("fake_bridge", "false"),
        ("name", "swp1"),
        ("tag", "4094"),
        ("trunks", "[]"),
        ("vlan_mode", "access"),
    ];
    assert_eq!(pairs, BTreeMap::from(expected));
    fabric.shutdown().await;
}

#[tokio::test]
async fn ovs_vsctl_moves_a_port_and_returns_when_the_switch_forwards_so() {
    let fabric = fabric().await;
    fabric.faults("leaf-02").unwrap().set_apply_latency(std::time::Duration::from_millis(50));
    assert_eq!(
        heard(&fabric, "server-1", "eth0", None),
        ["server-1.eth1", "server-2.eth0", "server-2.eth1", "server-3.eth0", "server-3.eth1"]
    );
    for (switch, port) in [("leaf-01", "swp1"), ("leaf-02", "swp2")] {
        vsctl(&fabric, switch, &["set", "port", port, "tag=100", "vlan_mode=access"]).await;
    }
    assert_eq!(heard(&fabric, "server-1", "eth0", None), ["server-2.eth1"]);
    let hybrid = ["set", "port", "swp1", "vlan_mode=native-untagged", "trunks=200,300"];
    vsctl(&fabric, "leaf-01", &hybrid).await;
    assert_eq!(heard(&fabric, "server-1", "eth0", None), ["server-2.eth1"]);
    assert_eq!(heard(&fabric, "server-1", "eth0", Some(200)), [""; 0]);
    vsctl(&fabric, "leaf-02", &["set", "port", "swp2", "tag=200"]).await;
    assert_eq!(heard(&fabric, "server-1", "eth0", Some(200)), ["server-2.eth1"]);
    vsctl(&fabric, "leaf-01", &["remove", "port", "swp1", "trunks", "200"]).await;
    vsctl(&fabric, "leaf-01", &["add", "port", "swp1", "trunks", "400"]).await;
    assert_eq!(vsctl(&fabric, "leaf-01", &["get", "port", "swp1", "trunks"]).await, "[300, 400]");
    assert_eq!(fabric.port("leaf-01", "swp1").unwrap().unwrap().trunks, [300, 400]);
    assert_eq!(fabric.history("leaf-01", "swp1").unwrap().len(), 5);
    fabric.shutdown().await;
}

#[tokio::test]
async fn ovs_vsctl_makes_a_bond_that_negotiates_falls_back_and_goes() {
    let fabric = fabric().await;
    vsctl(&fabric, "leaf-01", &["set", "port", "swp1", "tag=100"]).await;
    let both = ["--", "del-port", "swp4", "--"];
    let bond = ["add-bond", "br0", "bond0", "swp3", "swp4", "lacp=active", "tag=100"];
    let more = ["bond_mode=balance-tcp", "other_config:lacp-fallback-ab=true"];
    let all: Vec<_> =
        ["del-port", "swp3"].iter().chain(&both).chain(&bond).chain(&more).copied().collect();
    vsctl(&fabric, "leaf-01", &all).await;

    let get = ["get", "interface", "swp3", "lacp_current", "link_state"];
    assert_eq!(vsctl(&fabric, "leaf-01", &get).await, "false\nup");
    assert_eq!(heard(&fabric, "server-1", "eth0", None), ["server-3.eth0"]);
    assert_eq!(heard(&fabric, "server-3", "eth1", None), [""; 0]);

    fabric.speak_lacp("server-3").unwrap();
    assert_eq!(vsctl(&fabric, "leaf-01", &get).await, "true\nup");
    assert_eq!(heard(&fabric, "server-3", "eth1", None), ["server-1.eth0"]);
    let view = fabric.port("leaf-01", "swp4").unwrap().unwrap();
    assert_eq!((view.name.as_str(), view.interfaces.len()), ("bond0", 2));
    let mac = vsctl(&fabric, "leaf-01", &["get", "interface", "swp3", "mac_in_use"]).await;
    assert_eq!(view.bond_active_slave.map(|mac| format!("\"{mac}\"")), Some(mac));

    fabric.unplug("leaf-01", "swp3").unwrap();
    assert_eq!(vsctl(&fabric, "leaf-01", &get).await, "false\ndown");
    assert_eq!(heard(&fabric, "server-1", "eth0", None), ["server-3.eth1"]);

    vsctl(&fabric, "leaf-01", &["del-port", "bond0"]).await;
    let ports = vsctl(&fabric, "leaf-01", &["list-ports", "br0"]).await;
    assert_eq!(ports.lines().collect::<Vec<_>>(), ["isl0", "swp1", "swp2"]);
    assert_eq!(
        vsctl(&fabric, "leaf-01", &["--columns=name", "find", "interface", "name=swp3"]).await,
        ""
    );
    fabric.shutdown().await;
}

#[tokio::test]
async fn the_switch_writes_back_what_became_of_an_interface() {
    let fabric = fabric().await;
    vsctl(&fabric, "leaf-01", &["set", "interface", "swp1", "mtu_request=9000"]).await;
    assert_eq!(vsctl(&fabric, "leaf-01", &["get", "interface", "swp1", "mtu"]).await, "9000");
    let get = ["get", "interface", "swp2", "ofport", "admin_state", "error"];
    assert_eq!(vsctl(&fabric, "leaf-01", &get).await, "2\nup\n[]");

    let database = format!("--db={}", fabric.address("leaf-01").unwrap());
    let output = run("ovs-vsctl", &[&database, "--timeout=8", "add-port", "br0", "ghost"]).await;
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(
        complaint.contains("could not open network device ghost (No such device)"),
        "{complaint}"
    );
    assert_eq!(vsctl(&fabric, "leaf-01", &["get", "interface", "ghost", "ofport"]).await, "-1");
    fabric.shutdown().await;
}

#[tokio::test]
async fn ovs_vsctl_waits_for_another_clients_change() {
    let fabric = fabric().await;
    let waiting = vsctl(&fabric, "leaf-01", &["wait-until", "port", "swp1", "tag=7"]);
    let setting = vsctl(&fabric, "leaf-01", &["set", "port", "swp1", "tag=7"]);
    tokio::join!(waiting, setting);
    fabric.shutdown().await;
}

#[tokio::test]
async fn ovsdb_client_reads_transacts_and_dumps() {
    let fabric = fabric().await;
    let address = fabric.address("leaf-02").unwrap();
    let client = async |arguments: &[&str]| {
        let output = run("ovsdb-client", arguments).await;
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "ovsdb-client {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(client(&["list-dbs", address]).await, "Open_vSwitch");
    assert_eq!(client(&["get-schema-version", address, "Open_vSwitch"]).await, "8.3.1");
    let operations = json!(["Open_vSwitch",
        {"op": "update", "table": "Port", "where": [["name", "==", "swp1"]], "row": {"tag": 12}},
        {"op": "select", "table": "Port", "where": [["tag", "==", 12]], "columns": ["name"]}]);
    let answer: Value =
        serde_json::from_str(&client(&["transact", address, &operations.to_string()]).await)
            .unwrap();
    assert_eq!(answer, json!([{"count": 1}, {"rows": [{"name": "swp1"}]}]));
    let dump = client(&["dump", address, "Open_vSwitch", "Port", "name", "tag"]).await;
    assert!(dump.lines().any(|line| line.split_whitespace().eq(["swp1", "12"])), "{dump}");
    fabric.shutdown().await;
}

#[tokio::test]
async fn ovsdb_client_monitors_a_change() {
    let fabric = fabric().await;
    let mut child = tool("ovsdb-client")
        .args(["monitor", "--format=csv", fabric.address("leaf-01").unwrap(), "Open_vSwitch"])
        .args(["Port", "name,tag"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut until = async |wanted: &str| {
        let searching = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.ends_with(wanted) {
                    return;
                }
            }
            panic!("`{wanted}` was not told");
        };
        timeout(DEADLINE, searching).await.expect("nothing is told");
    };
    until("initial,swp4,4094").await;
    vsctl(&fabric, "leaf-01", &["set", "port", "swp1", "tag=77"]).await;
    until("old,,4094").await;
    until("new,swp1,77").await;
    vsctl(&fabric, "leaf-01", &["del-port", "swp1"]).await;
    until("delete,swp1,77").await;
    child.kill().await.unwrap();
    fabric.shutdown().await;
}

/// `"string"` and `{"key": "string"}` are the same type, and `min` and `max` are 1 when absent.
fn canonical(kind: &Value) -> Value {
    let base = |base: &Value| {
        let mut base = if base.is_object() { base.clone() } else { json!({"type": base}) };
        if let Some(values) = base.get_mut("enum").and_then(|set| set.get_mut(1)) {
            values.as_array_mut().unwrap().sort_by_key(Value::to_string);
        }
        base
    };
    let Some(object) = kind.as_object() else {
        return json!({"key": base(kind), "min": 1, "max": 1});
    };
    let mut whole = json!({"key": base(&object["key"]), "min": 1, "max": 1});
    for limit in ["min", "max"] {
        if let Some(value) = object.get(limit) {
            whole[limit] = value.clone();
        }
    }
    if let Some(value) = object.get("value") {
        whole["value"] = base(value);
    }
    whole
}

#[tokio::test]
async fn every_column_has_the_type_that_open_vswitch_gives_it() {
    let fabric = fabric().await;
    let address = fabric.address("leaf-01").unwrap();
    let output = run("ovsdb-client", &["get-schema", address, "Open_vSwitch"]).await;
    let ours: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = std::fs::read_to_string(INSTALLED_SCHEMA).unwrap_or_else(|error| {
        panic!("{INSTALLED_SCHEMA}: {error}\nhint: install the package `openvswitch-switch`")
    });
    let real: Value = serde_json::from_str(&text).unwrap();
    for (table, definition) in ours["tables"].as_object().unwrap() {
        let theirs = &real["tables"][table];
        for member in ["isRoot", "maxRows", "indexes"] {
            assert_eq!(definition.get(member), theirs.get(member), "{table} {member}");
        }
        for (column, definition) in definition["columns"].as_object().unwrap() {
            let theirs = &theirs["columns"][column];
            assert_eq!(
                canonical(&definition["type"]),
                canonical(&theirs["type"]),
                "{table}.{column}"
            );
            for member in ["mutable", "ephemeral"] {
                assert_eq!(definition.get(member), theirs.get(member), "{table}.{column} {member}");
            }
        }
    }
    fabric.shutdown().await;
}
