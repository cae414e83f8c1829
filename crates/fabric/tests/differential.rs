//! The same requests to a real `ovsdb-server` and to a simulated switch get the same answers,
//! but for UUIDs and the wording of some details.

use fabric::Fabric;
use serde_json::{Value, json};

use crate::tools::{Raw, real_server};

/// Replaces UUIDs, and everything about an error but its class.
fn scrub(value: &Value) -> Value {
    match value {
        Value::Object(object) => object
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "details" | "syntax"))
            .map(|(name, value)| {
                (if is_uuid(name) { "UUID".into() } else { name.clone() }, scrub(value))
            })
            .collect(),
        Value::Array(items) => items.iter().map(scrub).collect(),
        Value::String(text) if is_uuid(text) => json!("UUID"),
        other => other.clone(),
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().filter(|byte| *byte == b'-').count() == 4
}

fn requests() -> Vec<(&'static str, Value)> {
    let transact = |operations: Value| {
        let mut params = vec![json!("Open_vSwitch")];
        params.extend(operations.as_array().unwrap().iter().cloned());
        ("transact", json!(params))
    };
    let port = |row: Value| json!({"op": "update", "table": "Port", "where": [], "row": row});
    let mutate = |table: &str, mutation: Value| json!({"op": "mutate", "table": table, "where": [], "mutations": [mutation]});
    let find = |clause: Value| json!({"op": "select", "table": "Port", "where": [clause], "columns": ["name"]});
    let read = json!({"op": "select", "table": "Port", "where": [],
        "columns": ["name", "tag", "trunks", "vlan_mode", "other_config", "protected"]});
    let nobody = json!(["uuid", "11111111-1111-1111-1111-111111111111"]);
    let wait = |until: &str, name: &str, timeout: u64| {
        json!({"op": "wait", "table": "Port", "where": [], "columns": ["name"], "until": until,
               "rows": [{"name": name}], "timeout": timeout})
    };
    vec![
        ("echo", json!([1, {"a": null}])),
        ("nonsense", json!([])),
        ("get_schema", json!(["nope"])),
        ("transact", json!([])),
        ("transact", json!(["nope"])),
        transact(json!([])),
        (
            "monitor_cond",
            json!(["Open_vSwitch", "m", {"Port": [{"columns": ["name", "tag",
            "trunks", "other_config"]}], "Open_vSwitch": {"columns": ["next_cfg"]}}]),
        ),
        (
            "monitor",
            json!(["Open_vSwitch", ["old", 1], {"Port": {"columns": ["tag", "protected"]}}]),
        ),
        ("monitor", json!(["Open_vSwitch", "m", {}])),
        ("monitor", json!(["Open_vSwitch", "x", {"Nope": {}}])),
        ("monitor", json!(["Open_vSwitch", "x", {"Port": {"columns": ["nope"]}}])),
        ("monitor_cancel", json!(["nope"])),
        transact(json!([
            {"op": "insert", "table": "Interface", "uuid-name": "i", "row": {"name": "p1"}},
            {"op": "insert", "table": "Port", "uuid-name": "p",
             "row": {"name": "p1", "interfaces": ["named-uuid", "i"]}},
            {"op": "insert", "table": "Bridge", "uuid-name": "b",
             "row": {"name": "br0", "ports": ["named-uuid", "p"]}},
            {"op": "insert", "table": "Open_vSwitch", "row": {"bridges": ["named-uuid", "b"]}}])),
        transact(json!([{"op": "insert", "table": "Open_vSwitch", "row": {}}])),
        transact(
            json!([{"op": "insert", "table": "Interface", "uuid-name": "i", "row": {"name": "p1"}},
            {"op": "insert", "table": "Port", "uuid-name": "p",
             "row": {"name": "p2", "interfaces": ["named-uuid", "i"]}},
            mutate("Bridge", json!(["ports", "insert", ["named-uuid", "p"]]))]),
        ),
        transact(json!([{"op": "insert", "table": "Port", "uuid-name": "i", "row": {"name": "q"}},
            {"op": "insert", "table": "Port", "uuid-name": "i", "row": {"name": "r"}}])),
        transact(json!([{"op": "insert", "table": "Port",
            "row": {"name": "q", "interfaces": ["named-uuid", "nobody"]}}])),
        transact(json!([{"op": "insert", "table": "Interface", "row": {"name": "unreferenced"}}])),
        transact(json!([{"op": "bad"}])),
        transact(json!([{"op": "select"}, {"op": "comment", "comment": "x"}])),
        transact(json!([{"op": "select", "table": "Nope", "where": []}])),
        transact(json!([{"op": "select", "table": "Port"}])),
        transact(json!([{"op": "select", "table": "Port", "where": [], "extra": 1}])),
        transact(json!([find(json!(["nope", "==", 1]))])),
        transact(json!([find(json!(["name", "==", 1]))])),
        transact(json!([find(json!(["name", "<", "x"]))])),
        transact(json!([find(json!(["name", "~", "x"]))])),
        transact(json!([{"op": "select", "table": "Port", "where": [], "columns": ["nope"]}])),
        transact(json!([port(json!({"tag": 100, "vlan_mode": "access"})), read])),
        transact(json!([port(json!({"tag": 100}))])),
        transact(json!([port(json!({"tag": 5000}))])),
        transact(json!([port(json!({"tag": "x"}))])),
        transact(json!([port(json!({"tag": ["set", [1, 2]]}))])),
        transact(json!([port(json!({"vlan_mode": "zzz"}))])),
        transact(json!([port(json!({"name": "q"}))])),
        transact(json!([port(json!({"nope": "q"}))])),
        transact(json!([port(json!({"interfaces": ["set", []]}))])),
        transact(json!([port(json!({"interfaces": nobody}))])),
        transact(json!([port(json!({"tag": 7})), {"op": "abort"}, read])),
        transact(json!([mutate("Port", json!(["tag", "+=", 1])), read])),
        transact(json!([mutate("Port", json!(["name", "+=", 1]))])),
        transact(json!([mutate("Port", json!(["tag", "~", 1]))])),
        transact(json!([mutate("Port", json!(["protected", "+=", 1]))])),
        transact(json!([mutate("Port", json!(["trunks", "insert", ["set", [1, 2, 3]]])), read])),
        transact(json!([mutate("Port", json!(["trunks", "insert", ["set", [5000]]]))])),
        transact(json!([mutate("Port", json!(["trunks", "delete", 2])), read])),
        transact(json!([mutate("Port", json!(["trunks", "*=", 5000]))])),
        transact(json!([mutate("Port", json!(["trunks", "*=", 0]))])),
        transact(json!([mutate("Port", json!(["tag", "insert", 9]))])),
        transact(json!([
            mutate("Port", json!(["other_config", "insert", ["map", [["a", "1"], ["b", "2"]]]])),
            read
        ])),
        transact(json!([
            mutate("Port", json!(["other_config", "insert", ["map", [["a", "9"]]]])),
            read
        ])),
        transact(json!([port(json!({"other_config": ["map", [["a", "3"], ["c", "4"]]]})), read])),
        transact(json!([mutate("Port", json!(["other_config", "delete", ["set", ["a"]]])), read])),
        transact(json!([
            mutate("Port", json!(["other_config", "delete", ["map", [["c", "no"]]]])),
            read
        ])),
        transact(json!([mutate("Open_vSwitch", json!(["next_cfg", "+=", 1]))])),
        transact(json!([mutate("Open_vSwitch", json!(["next_cfg", "/=", 0]))])),
        transact(json!([mutate("Open_vSwitch", json!(["next_cfg", "insert", 1]))])),
        transact(json!([
            find(json!(["trunks", "includes", ["set", [3]]])),
            find(json!(["trunks", "includes", ["set", [2]]])),
            find(json!(["trunks", "excludes", ["set", [2]]])),
            find(json!(["tag", "<", 102])),
            find(json!(["tag", ">=", 102])),
            find(json!(["tag", "!=", ["set", []]])),
            find(json!(["other_config", "includes", ["map", [["c", "4"]]]]))
        ])),
        transact(json!([wait("==", "p1", 0), wait("!=", "zz", 0)])),
        transact(json!([wait("==", "zz", 0)])),
        transact(json!([wait("==", "zz", 20)])),
        transact(json!([wait("~", "zz", 0)])),
        transact(json!([{"op": "assert", "lock": "l"}])),
        ("lock", json!(["l"])),
        transact(json!([{"op": "assert", "lock": "l"}])),
        transact(json!([{"op": "comment", "comment": "x"}, {"op": "assert", "lock": "m"}, read])),
        transact(json!([{"op": "assert", "lock": "no:id"}])),
        transact(json!([{"op": "assert"}])),
        ("lock", json!(["l"])),
        ("steal", json!(["l"])),
        ("steal", json!(["no:id"])),
        ("steal", json!([])),
        ("lock", json!(["l", "m"])),
        ("lock", json!([5])),
        ("unlock", json!(["m"])),
        ("unlock", json!(["l"])),
        ("unlock", json!(["l"])),
        transact(json!([{"op": "assert", "lock": "l"}])),
        transact(json!([{"op": "commit", "durable": true}, {"op": "comment", "comment": "hi"}])),
        transact(json!([{"op": "delete", "table": "Interface", "where": []}])),
        transact(json!([{"op": "delete", "table": "Port", "where": []}])),
        ("monitor_cancel", json!([["old", 1]])),
        transact(json!([mutate("Bridge", json!(["ports", "delete", ["set", [nobody]]]))])),
        transact(
            json!([{"op": "update", "table": "Bridge", "where": [], "row": {"ports": ["set", []]}}, read]),
        ),
        transact(
            json!([read, {"op": "select", "table": "Interface", "where": [], "columns": ["name"]}]),
        ),
        ("monitor_cancel", json!(["m"])),
    ]
}

/// Every message until the answer to a request, notifications in order of the monitors' names,
/// for in which order several monitors are told is not said anywhere.
async fn conversation(client: &mut Raw, method: &str, params: Value) -> Vec<Value> {
    let id = json!(client.request(method, params).await);
    let mut messages = Vec::new();
    loop {
        let message = client.receive().await.expect("the connection has ended");
        let is_answer = message["id"] == id;
        if message["method"] == "echo" {
            continue;
        }
        messages.push(scrub(&message));
        if is_answer {
            let end = messages.len() - 1;
            messages[..end].sort_by_key(Value::to_string);
            return messages;
        }
    }
}

#[tokio::test]
async fn a_simulated_switch_answers_as_a_real_server_does() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, address) = real_server(folder.path()).await;
    let fabric = Fabric::builder().switch("sw", [""; 0]).start().await.unwrap();
    // Frozen, so that the simulated switch writes nothing back: the real one has no switch.
    fabric.faults("sw").unwrap().freeze();
    let mut real = Raw::connect(&address).await;
    let mut ours = Raw::connect(fabric.address("sw").unwrap()).await;
    let empty = json!([{"op": "delete", "table": "Open_vSwitch", "where": []},
        {"op": "delete", "table": "Bridge", "where": []}]);
    for client in [&mut real, &mut ours] {
        client.transact(empty.as_array().unwrap()).await;
    }
    for (method, params) in requests() {
        let expected = conversation(&mut real, method, params.clone()).await;
        let answered = conversation(&mut ours, method, params.clone()).await;
        assert_eq!(answered, expected, "{method} {params}");
    }
    server.kill().await.unwrap();
    fabric.shutdown().await;
}

/// Everything that a client hears until it has its answer to an echo.
async fn heard(client: &mut Raw) -> Vec<Value> {
    conversation(client, "echo", json!(["heard"])).await
}

#[tokio::test]
async fn a_lock_changes_hands_as_on_a_real_server() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, real) = real_server(folder.path()).await;
    let fabric = Fabric::builder().switch("sw", [""; 0]).start().await.unwrap();
    let ours = fabric.address("sw").unwrap();
    let mut stories = Vec::new();
    for address in [real.as_str(), ours] {
        let mut clients = Vec::new();
        for _ in 0..3 {
            clients.push(Raw::connect(address).await);
        }
        let assert = json!(["Open_vSwitch", {"op": "assert", "lock": "l"}]);
        let mut story = Vec::new();
        for (who, method) in [
            (0, "lock"),
            (1, "lock"),
            (2, "steal"),
            (2, "unlock"),
            (0, "unlock"),
            (0, "steal"),
            (2, "steal"),
        ] {
            story.push((method, conversation(&mut clients[who], method, json!(["l"])).await));
            for client in &mut clients {
                story.push(("then", heard(client).await));
                story.push(("assert", conversation(client, "transact", assert.clone()).await));
            }
        }
        drop(clients.pop());
        // The first is a thief that was robbed, so the lock goes to the second.
        story.push(("then", vec![clients[1].receive().await.unwrap()]));
        for client in &mut clients {
            story.push(("then", heard(client).await));
            story.push(("assert", conversation(client, "transact", assert.clone()).await));
            story.push(("unlock", conversation(client, "unlock", json!(["l"])).await));
        }
        stories.push(story);
    }
    for (ours, real) in stories[1].iter().zip(&stories[0]) {
        assert_eq!(ours, real);
    }
    server.kill().await.unwrap();
    fabric.shutdown().await;
}
