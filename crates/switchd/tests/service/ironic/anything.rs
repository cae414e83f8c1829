//! Whatever is sent, the answer is one that a conductor's client can read.

use axum::http::StatusCode;
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use super::{
    table::Bench,
    talk::{call, context, reset, update, with},
};

const CLASSES: [&str; 3] = [
    "ironic.common.exception.InvalidParameterValue",
    "ironic.common.exception.NetworkError",
    "ironic.common.exception.SwitchNotFound",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..5000_u16).prop_map(Value::from),
        "[\\x00-\\x7fé\u{2028}]{0,8}".prop_map(Value::from),
        prop_oneof![
            Just("tor-a"),
            Just("Ethernet1/1"),
            Just("trunk"),
            Just("hybrid"),
            Just("lacp"),
            Just("2.0"),
            Just("1.0"),
            Just("bond-7"),
            Just("update_lag"),
            Just("delete_lag"),
        ]
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map("[a-z_.]{0,8}", inner, 0..4).prop_map(|members| json!(members)),
        ]
    })
}

/// A good call with some of its members and parameters replaced by anything.
fn nearly_a_call() -> impl Strategy<Value = Value> {
    let lag = json!({
        "switch_ids": ["tor-a"], "lag_name": "bond-7", "description": "d", "mode": "access",
        "native_vlan": 100, "aggregation_mode": "lacp",
    });
    let delete = json!({ "switch_ids": ["tor-a"], "lag_name": "bond-7" });
    let good = prop_oneof![
        Just(call("update_port", update(json!({})))),
        Just(call("update_port", update(json!({ "lag_name": "bond-7" })))),
        Just(call("reset_port", reset(json!({})))),
        Just(call("get_switches", json!({}))),
        Just(call("update_lag", lag)),
        Just(call("delete_lag", delete)),
    ];
    let name = prop_oneof![
        Just("jsonrpc".to_owned()),
        Just("id".to_owned()),
        Just("method".to_owned()),
        Just("params".to_owned()),
        "[a-z]{1,3}",
    ];
    let parameter = prop_oneof![
        Just("context".to_owned()),
        Just("rpc.version".to_owned()),
        Just("switch_id".to_owned()),
        Just("port_name".to_owned()),
        Just("description".to_owned()),
        Just("mode".to_owned()),
        Just("native_vlan".to_owned()),
        Just("allowed_vlans".to_owned()),
        Just("lag_name".to_owned()),
        Just("default_vlan".to_owned()),
        Just("switch_ids".to_owned()),
        Just("aggregation_mode".to_owned()),
        "[a-z]{1,3}",
    ];
    let changes = (btree_map(parameter, anything(), 0..3), btree_map(name, anything(), 0..2));
    (good, changes).prop_map(|(mut good, (parameters, members))| {
        good["params"] = with(good["params"].clone(), json!(parameters));
        with(good, json!(members))
    })
}

fn check(status: StatusCode, body: Option<&[u8]>) {
    let Some(body) = body else {
        assert_eq!(status, StatusCode::NO_CONTENT);
        return;
    };
    let answer: Value = serde_json::from_slice(body).expect("the answer is JSON");
    let members = answer.as_object().unwrap();
    if status == StatusCode::BAD_REQUEST {
        assert_eq!(answer["faultcode"], "Client");
        return;
    }
    assert_eq!(status, StatusCode::OK);
    assert_eq!((members.len(), &answer["jsonrpc"]), (3, &json!("2.0")), "{answer}");
    assert!(members.contains_key("id"), "{answer}");
    let Some(error) = members.get("error") else {
        assert!(answer["result"].is_object(), "{answer}");
        return;
    };
    let (code, message) = (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap());
    assert!(!message.is_empty() && message.chars().count() <= 2001, "{answer}");
    assert!(!message.contains(char::is_control), "{answer}");
    match error.get("data") {
        None => assert!([-32700, -32600, -32601, -32602].contains(&code), "{answer}"),
        Some(data) => {
            let class = data["class"].as_str().unwrap();
            assert!(CLASSES.contains(&class), "{answer}");
            assert!([400, 404, 500].contains(&code), "{answer}");
        }
    }
}

fn try_all(bodies: impl Strategy<Value = Vec<u8>>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bench = runtime.block_on(async { Bench::new(|_| {}) });
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&bodies, |body| {
            let reply = runtime.block_on(bench.answer(&body));
            check(reply.status, reply.json.as_deref());
            Ok(())
        })
        .unwrap();
}

#[test]
fn any_bytes_get_a_well_formed_answer() {
    try_all(vec(any::<u8>(), 0..200), 512);
    try_all(anything().prop_map(|value| value.to_string().into_bytes()), 512);
}

#[test]
fn faults_5_and_12_nearly_good_calls_get_a_well_formed_answer() {
    try_all(nearly_a_call().prop_map(|value| value.to_string().into_bytes()), 2048);
}

#[test]
fn a_context_may_hold_anything() {
    let bodies = anything().prop_map(|value| {
        let context = with(context(), json!({ "user": value, "request_id": value, "x": value }));
        call("update_port", update(json!({ "context": context }))).to_string().into_bytes()
    });
    try_all(bodies, 256);
}
