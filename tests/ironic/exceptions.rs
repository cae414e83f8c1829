//! What Ironic's own client library raises, and gives back, when it speaks to Mercury.

use serde_json::{Value, json};
use system_tests::Setup;

use crate::{cases::OPEN, library::client, service::Service};

/// The exceptions by the names under which they are known.
const INVALID: &str = "ironic.common.exception.InvalidParameterValue";
const NOT_FOUND: &str = "ironic.common.exception.SwitchNotFound";
const NETWORK: &str = "ironic.common.exception.NetworkError";
/// What the client raises when the answer names no exception.
const UNEXPECTED: &str = "ironic.common.exception.IronicException";

fn update(changes: &Value) -> Value {
    let mut arguments = json!({
        "switch_id": OPEN, "port_name": "Ethernet1/1", "description": "a port",
        "mode": "access", "native_vlan": 100, "default_vlan": 10,
    });
    for (name, value) in changes.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    json!(["update_port", arguments])
}

/// A port joins a LAG.
fn join(switch: &str) -> Value {
    update(&json!({ "switch_id": switch, "port_name": "Ethernet1/2", "lag_name": "bond-7" }))
}

fn joined(switch: &str) -> Value {
    json!({ "result": {
        "switch_id": switch, "port_name": "Ethernet1/2", "description": "a port",
        "mode": "access", "native_vlan": 100, "allowed_vlans": [], "default_vlan": 10,
        "lag_name": "bond-7", "status": "configured",
    }})
}

/// Both legs of that LAG change.
fn lag(changes: &Value) -> Value {
    let mut arguments = json!({
        "switch_ids": [OPEN, "tor-d"], "lag_name": "bond-7", "description": "a LAG",
        "mode": "access", "native_vlan": 101, "aggregation_mode": "802.3ad",
    });
    for (name, value) in changes.as_object().unwrap() {
        arguments[name] = value.clone();
    }
    json!(["update_lag", arguments])
}

fn raised(class: &str, code: i64, text: &str) -> Value {
    json!({ "class": class, "code": code, "text": text })
}

#[test]
fn the_client_library_raises_what_the_conductor_understands() {
    let setup = Setup::new()
        .switch("tor-a", &format!("driver = \"noop\"\nswitch_ids = [\"{OPEN}\"]\nidle_vlan = 10\n"))
        .switch("tor-b", "driver = \"noop\"\nallowed_vlans = \"10-20\"\nidle_vlan = 10\n")
        .switch("tor-d", "driver = \"noop\"\nidle_vlan = 10\n")
        .with("[pair.tors]\nswitches = [\"tor-a\", \"tor-d\"]\nlag_ids = \"1-100\"\n")
        .switch("tor-c", "driver = \"ovsdb\"\naddress = \"tcp:127.0.0.1:1\"\nidle_vlan = 10\n");
    let service = Service::start(setup);
    let reset = |switch: &str, port: &str, vlan: Value| {
        json!(["reset_port", {
            "switch_id": switch, "port_name": port, "native_vlan": vlan, "default_vlan": 10,
        }])
    };
    let table = [
        (
            json!(["get_switches", {}]),
            json!({ "result": {
                "tor-a": { "switch_id": "tor-a", "device_name": "tor-a", "device_type": "noop",
                           "allowed_vlans": null },
                "tor-b": { "switch_id": "tor-b", "device_name": "tor-b", "device_type": "noop",
                           "allowed_vlans": "10,11,12,13,14,15,16,17,18,19,20" },
                "tor-c": { "switch_id": "tor-c", "device_name": "tor-c", "device_type": "ovsdb",
                           "allowed_vlans": null },
                "tor-d": { "switch_id": "tor-d", "device_name": "tor-d", "device_type": "noop",
                           "allowed_vlans": null },
            }}),
        ),
        (
            update(&json!({})),
            json!({ "result": {
                "switch_id": OPEN, "port_name": "Ethernet1/1", "description": "a port",
                "mode": "access", "native_vlan": 100, "allowed_vlans": [], "default_vlan": 10,
                "lag_name": null, "status": "configured",
            }}),
        ),
        (
            update(&json!({ "mode": "trunk", "allowed_vlans": [101, 102] })),
            json!({ "result": {
                "switch_id": OPEN, "port_name": "Ethernet1/1", "description": "a port",
                "mode": "trunk", "native_vlan": 100, "allowed_vlans": [101, 102],
                "default_vlan": 10, "lag_name": null, "status": "configured",
            }}),
        ),
        (
            reset(OPEN, "Ethernet1/1", json!(100)),
            json!({ "result": {
                "switch_id": OPEN, "port_name": "Ethernet1/1",
                "description": "Default port configuration", "mode": "access",
                "native_vlan": 100, "allowed_vlans": [], "default_vlan": 10, "status": "reset",
            }}),
        ),
        (join("tor-a"), joined("tor-a")),
        (join("tor-d"), joined("tor-d")),
        (
            lag(&json!({})),
            json!({ "result": {
                "switch_ids": [OPEN, "tor-d"], "lag_name": "bond-7", "description": "a LAG",
                "mode": "access", "native_vlan": 101, "aggregation_mode": "802.3ad",
                "allowed_vlans": [], "default_vlan": null, "status": "configured",
            }}),
        ),
        (
            lag(&json!({ "switch_ids": [OPEN, "tor-x"] })),
            raised(NOT_FOUND, 404, "Switch tor-x could not be found"),
        ),
        (
            lag(&json!({ "native_vlan": 1000 })),
            raised(INVALID, 400, "port `Ethernet1/2` on `tor-a` refused: VLAN 1000"),
        ),
        (
            json!(["delete_lag", { "switch_ids": [OPEN, "tor-d"], "lag_name": "bond-7" }]),
            json!({ "result": {
                "switch_ids": [OPEN, "tor-d"], "lag_name": "bond-7", "status": "deleted",
            }}),
        ),
        (
            update(&json!({ "mode": "bogus" })),
            raised(INVALID, 400, "mode must be one of: access, trunk, hybrid"),
        ),
        (
            update(&json!({ "native_vlan": 4095 })),
            raised(INVALID, 400, "native_vlan must be an integer between 1 and 4094"),
        ),
        (
            update(&json!({ "mode": "trunk", "allowed_vlans": "101" })),
            raised(INVALID, 400, "allowed_vlans must be a list or tuple"),
        ),
        (
            update(&json!({ "mode": "trunk", "allowed_vlans": [101, 5000] })),
            raised(
                INVALID,
                400,
                "Each VLAN in allowed_vlans must be an integer between 1 and 4094",
            ),
        ),
        (
            update(&json!({ "switch_id": "tor-b" })),
            raised(
                INVALID,
                400,
                "port `Ethernet1/1` on `tor-b` refused: VLAN 100 is not in `allowed_vlans` of the \
                 switch (allowed: 10-20)",
            ),
        ),
        (
            update(&json!({ "native_vlan": 1000 })),
            raised(INVALID, 400, "port `Ethernet1/1` on `tor-a` refused: VLAN 1000"),
        ),
        (
            update(&json!({ "switch_id": "tor-x" })),
            raised(
                NOT_FOUND,
                404,
                "Switch tor-x could not be found or is not supported by any configured switch \
                 driver.",
            ),
        ),
        (
            reset("tor-x", "Ethernet1/1", json!(100)),
            raised(NOT_FOUND, 404, "Switch tor-x could not be found"),
        ),
        (
            update(&json!({ "switch_id": "" })),
            raised(NETWORK, 500, "Failed to configure network port: Switch"),
        ),
        (
            update(&json!({ "mode": "trunk" })),
            raised(
                NETWORK,
                500,
                "Failed to configure network port: allowed_vlans parameter cannot be empty or \
                 missing when mode is 'trunk'",
            ),
        ),
        (
            update(&json!({ "port_name": "" })),
            raised(
                NETWORK,
                500,
                "Failed to configure network port: port_name must be a non-empty string",
            ),
        ),
        (
            reset(OPEN, "", json!(100)),
            raised(NETWORK, 500, "Failed to reset network port: Can not parse arguments: "),
        ),
        (
            reset(OPEN, "Ethernet1/1", Value::Null),
            raised(NETWORK, 500, "Failed to reset network port: Can not parse arguments: "),
        ),
        (
            update(&json!({ "switch_id": "tor-c" })),
            raised(NETWORK, 500, "Failed to configure network port: "),
        ),
        (
            reset("tor-c", "Ethernet1/1", json!(100)),
            raised(NETWORK, 500, "Failed to reset network port: "),
        ),
        // A malformed call is a mistake of the conductor itself: it has no exception for it.
        (
            json!(["no_such_method", { "raw": "1.0" }]),
            raised(UNEXPECTED, 500, "Unexpected error raised by RPC"),
        ),
        (
            json!(["get_switches", { "raw": "1.0", "colour": "red" }]),
            raised(UNEXPECTED, 500, "Unexpected error raised by RPC"),
        ),
        // The client itself refuses what is newer than it is.
        (
            json!(["get_switches", { "raw": "1.1" }]),
            json!({ "class": "builtins.RuntimeError", "code": null, "text": "" }),
        ),
    ];
    let calls: Value = table.iter().map(|(call, _)| call.clone()).collect();
    let outcomes = &client(&[(&service.door(), &calls)])[0];
    assert_eq!(outcomes.len(), table.len());
    for ((call, expected), outcome) in table.iter().zip(outcomes) {
        let Some(text) = expected["text"].as_str() else {
            assert_eq!(outcome, expected, "{call}");
            continue;
        };
        assert_eq!(outcome["class"], expected["class"], "{call}: {outcome}");
        assert_eq!(outcome["code"], expected["code"], "{call}: {outcome}");
        assert!(outcome["text"].as_str().unwrap().starts_with(text), "{call}: {outcome}");
    }
}
