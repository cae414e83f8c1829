//! What Ironic 39's own service was seen to answer, case by case, and what this one answers.
//! Where the two differ the case says so by its name.

use rstest::rstest;
use serde_json::{Value, json};

use super::talk::{TORS, call, error, post, reset, result, service, update, with};

const INVALID: &str = "ironic.common.exception.InvalidParameterValue";
const NOT_FOUND: &str = "ironic.common.exception.SwitchNotFound";
const NETWORK: &str = "ironic.common.exception.NetworkError";

#[rstest]
#[case::bad_mode(json!({ "mode": "bogus" }), 400, INVALID, "mode must be one of: access, trunk")]
#[case::null_mode(json!({ "mode": null }), 400, INVALID, "mode must be one of: access, trunk")]
#[case::vlan_0(json!({ "native_vlan": 0 }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_4095(json!({ "native_vlan": 4095 }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_string(json!({ "native_vlan": "100" }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_float(json!({ "native_vlan": 100.0 }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_null(json!({ "native_vlan": null }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_true_is_accepted_upstream(json!({ "native_vlan": true }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::allowed_not_list(json!({ "mode": "trunk", "allowed_vlans": "101" }), 400, INVALID, "allowed_vlans must be a list or tuple")]
#[case::allowed_bad_item(json!({ "mode": "trunk", "allowed_vlans": [101, 5000] }), 400, INVALID, "Each VLAN in allowed_vlans must be an integer between 1 and 4094")]
#[case::allowed_string_item(json!({ "mode": "trunk", "allowed_vlans": ["101"] }), 400, INVALID, "Each VLAN in allowed_vlans must be an integer between 1 and 4094")]
#[case::default_vlan_bad_is_accepted_upstream(json!({ "default_vlan": 9999 }), 400, INVALID, "default_vlan must be an integer between 1 and 4094")]
#[case::default_vlan_true_is_accepted_upstream(json!({ "default_vlan": true }), 400, INVALID, "default_vlan must be an integer between 1 and 4094")]
#[case::trunk_no_allowed(json!({ "mode": "trunk" }), 500, NETWORK, "Failed to configure network port: allowed_vlans parameter cannot be empty or missing when mode is 'trunk'")]
#[case::trunk_empty_allowed(json!({ "mode": "trunk", "allowed_vlans": [] }), 500, NETWORK, "Failed to configure network port: allowed_vlans parameter cannot be empty or missing when mode is 'trunk'")]
#[case::empty_port(json!({ "port_name": "" }), 500, NETWORK, "Failed to configure network port: port_name must be a non-empty string")]
#[case::null_port(json!({ "port_name": null }), 500, NETWORK, "Failed to configure network port: port_name must be a non-empty string")]
#[case::port_newline_is_accepted_upstream(json!({ "port_name": "Eth1\nsystem" }), 400, INVALID, "port_name holds the control character `\\n`")]
#[case::description_newline_is_accepted_upstream(json!({ "description": "a\r\nshutdown" }), 400, INVALID, "description holds the control character `\\r`")]
#[case::unknown_switch(json!({ "switch_id": "no-such-switch" }), 404, NOT_FOUND, "Switch no-such-switch could not be found or is not supported by any configured switch driver.")]
#[case::unknown_switch_wins_over_a_bad_mode(json!({ "switch_id": "no-such-switch", "mode": "bogus" }), 404, NOT_FOUND, "Switch no-such-switch could not be found")]
#[case::null_vlan_wins_over_an_unknown_switch(json!({ "switch_id": "no-such-switch", "native_vlan": null }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::null_switch(json!({ "switch_id": null }), 500, NETWORK, "Failed to configure network port: Switch None could not be found or is not supported by any configured switch driver.")]
#[case::empty_switch(json!({ "switch_id": "" }), 500, NETWORK, "Failed to configure network port: Switch  could not be found or is not supported by any configured switch driver.")]
#[case::numeric_switch(json!({ "switch_id": 5 }), 404, NOT_FOUND, "Switch 5 could not be found or is not supported by any configured switch driver.")]
#[case::vlan_not_allowed_in_other_words(json!({ "switch_id": "tor-b", "native_vlan": 999 }), 400, INVALID, "port `Ethernet1/1` on `tor-b` refused: VLAN 999 is not in `allowed_vlans` of the switch (allowed: 10,20,30,40,50,60,100-110)")]
#[case::allowed_not_allowed_in_other_words(json!({ "switch_id": "tor-b", "mode": "trunk", "allowed_vlans": [101, 999] }), 400, INVALID, "port `Ethernet1/1` on `tor-b` refused: VLAN 999 is not in")]
#[tokio::test]
async fn update_port_is_refused(
    #[case] instead: Value,
    #[case] code: i32,
    #[case] class: &str,
    #[case] message: &str,
) {
    let service = service(TORS).await;
    let error = error(&service, "update_port", update(instead)).await;
    check(&error, code, class, message);
    assert!(service.site.audit("begin").is_empty(), "nothing was begun");
}

#[rstest]
#[case::access(json!({}))]
#[case::trunk(json!({ "mode": "trunk", "allowed_vlans": [101, 102] }))]
#[case::access_with_allowed(json!({ "allowed_vlans": [101] }))]
#[case::hybrid_is_refused_upstream(json!({ "mode": "hybrid", "allowed_vlans": [101] }))]
#[case::default_vlan_null(json!({ "default_vlan": null }))]
#[case::upper_mac(json!({ "switch_id": "00:53:00:0A:0A:01" }))]
#[case::by_name(json!({ "switch_id": "tor-a" }))]
#[case::default_not_allowed(json!({ "switch_id": "tor-b", "default_vlan": 999 }))]
#[tokio::test]
async fn update_port_is_accepted(#[case] instead: Value) {
    let service = service(TORS).await;
    let got = result(&service, "update_port", update(instead)).await;
    assert_eq!(got["status"], "configured");
}

#[tokio::test]
async fn update_port_without_what_is_optional() {
    let service = service(TORS).await;
    let mut params = update(json!({}));
    for optional in ["allowed_vlans", "lag_name", "default_vlan"] {
        params.as_object_mut().unwrap().remove(optional);
    }
    let got = result(&service, "update_port", params).await;
    assert_eq!(got["allowed_vlans"], json!([]));
    assert_eq!((&got["lag_name"], &got["default_vlan"]), (&Value::Null, &Value::Null));
}

#[rstest]
#[case::unknown_switch(json!({ "switch_id": "no-such-switch" }), 404, NOT_FOUND, "Switch no-such-switch could not be found")]
#[case::unknown_switch_vlan_null(json!({ "switch_id": "no-such-switch", "native_vlan": null }), 404, NOT_FOUND, "Switch no-such-switch could not be found")]
#[case::vlan_null(json!({ "native_vlan": null }), 500, NETWORK, "Failed to reset network port: Can not parse arguments: ")]
#[case::empty_port(json!({ "port_name": "" }), 500, NETWORK, "Failed to reset network port: Can not parse arguments: ")]
#[case::vlan_bad_is_accepted_upstream(json!({ "native_vlan": 9999 }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_string_is_accepted_upstream(json!({ "native_vlan": "100" }), 400, INVALID, "native_vlan must be an integer between 1 and 4094")]
#[case::allowed_bad_is_accepted_upstream(json!({ "allowed_vlans": [true] }), 400, INVALID, "Each VLAN in allowed_vlans must be an integer between 1 and 4094")]
#[case::default_bad_is_accepted_upstream(json!({ "default_vlan": 0 }), 400, INVALID, "default_vlan must be an integer between 1 and 4094")]
#[case::default_outside_the_switch_is_accepted_upstream(json!({ "switch_id": "tor-b", "default_vlan": 999 }), 400, INVALID, "port `Ethernet1/1` on `tor-b` refused: VLAN 999 is not in `allowed_vlans` of the switch")]
#[case::default_outside_the_policy_is_accepted_upstream(json!({ "default_vlan": 4000 }), 400, INVALID, "port `Ethernet1/1` on `tor-a` refused: VLAN 4000 is not in rule `all` (allowed: 1-3999)")]
#[case::protected_port_is_accepted_upstream(json!({ "port_name": "Ethernet1/8" }), 400, INVALID, "port `Ethernet1/8` on `tor-a` refused: ")]
#[tokio::test]
async fn reset_port_is_refused(
    #[case] instead: Value,
    #[case] code: i32,
    #[case] class: &str,
    #[case] message: &str,
) {
    let service = service(TORS).await;
    let error = error(&service, "reset_port", reset(instead)).await;
    check(&error, code, class, message);
}

#[rstest]
#[case::plain(json!({}))]
#[case::trunk(json!({ "allowed_vlans": [101, 102] }))]
#[case::default_null(json!({ "default_vlan": null }))]
#[case::vlan_not_allowed(json!({ "switch_id": "tor-b", "native_vlan": 999 }))]
#[tokio::test]
async fn reset_port_is_accepted(#[case] instead: Value) {
    let service = service(TORS).await;
    let got = result(&service, "reset_port", reset(instead)).await;
    assert_eq!(got["status"], "reset");
}

fn check(error: &Value, code: i32, class: &str, message: &str) {
    assert_eq!(error["code"], code, "{error}");
    assert_eq!(error["data"], json!({ "class": class }), "{error}");
    let got = error["message"].as_str().unwrap();
    assert!(got.starts_with(message), "{got}");
}

/// What is wrong with the call itself: the code, and how the message begins.
#[rstest]
#[case::no_context(json!({ "params": { "rpc.version": "1.0" } }), -32602, "Params  are invalid for get_switches: ")]
#[case::no_params(json!({ "params": {} }), -32602, "Params  are invalid for get_switches: ")]
#[case::null_context(json!({ "params": { "context": null } }), -32602, "Context must be a dictionary, if provided")]
#[case::context_string(json!({ "params": { "context": "x" } }), -32602, "Context must be a dictionary, if provided")]
#[case::extra(json!({ "params": { "context": {}, "a": 1 } }), -32602, "Params a, context are invalid for get_switches: got an unexpected keyword argument 'a'")]
#[case::unknown_method(json!({ "method": "no_such_method" }), -32601, "Method no_such_method was not found")]
#[case::denied_init_host(json!({ "method": "init_host" }), -32601, "Method init_host was not found")]
#[case::private_method(json!({ "method": "_get_switch_driver" }), -32601, "Method _get_switch_driver was not found")]
#[case::cleanup_is_exposed_upstream(json!({ "method": "cleanup" }), -32601, "Method cleanup was not found")]
#[case::prepare_host_is_exposed_upstream(json!({ "method": "prepare_host" }), -32601, "Method prepare_host was not found")]
#[case::native_method(json!({ "method": "attach_port" }), -32601, "Method attach_port was not found")]
#[case::native_list(json!({ "method": "list_switches" }), -32601, "Method list_switches was not found")]
#[case::method_with_a_line_break(json!({ "method": "a\nb" }), -32601, "Method a\\nb was not found")]
#[case::method_number(json!({ "method": 7 }), -32601, "Method 7 was not found")]
#[case::method_empty(json!({ "method": "" }), -32600, "Invalid request object received by RPC server")]
#[case::method_null(json!({ "method": null }), -32600, "Invalid request object received by RPC server")]
#[case::jsonrpc_1(json!({ "jsonrpc": "1.0" }), -32600, "Invalid request object received by RPC server")]
#[case::jsonrpc_missing(json!({ "jsonrpc": null }), -32600, "Invalid request object received by RPC server")]
#[case::params_list(json!({ "params": [1] }), -32600, "Invalid request object received by RPC server")]
#[case::params_null(json!({ "params": null }), -32600, "Invalid request object received by RPC server")]
#[case::rpc_version_2_is_accepted_upstream(json!({ "params": { "context": {}, "rpc.version": "2.0" } }), -32600, "Invalid request object received by RPC server: version \\\"2.0\\\" of the interface is not spoken here, only 1.x")]
#[case::rpc_version_junk_is_accepted_upstream(json!({ "params": { "context": {}, "rpc.version": ["x"] } }), -32600, "Invalid request object received by RPC server: version ")]
#[case::rpc_version_number_is_accepted_upstream(json!({ "params": { "context": {}, "rpc.version": 1.0 } }), -32600, "Invalid request object received by RPC server: version 1.0")]
#[tokio::test]
async fn the_call_itself_is_wrong(
    #[case] instead: Value,
    #[case] code: i32,
    #[case] message: &str,
) {
    let service = service(TORS).await;
    let answer = post(&service, &with(call("get_switches", json!({})), instead).to_string()).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["id"], "1", "{answer}");
    assert_eq!(answer["error"]["code"], code, "{answer}");
    assert!(answer["error"].get("data").is_none(), "{answer}");
    let got = answer["error"]["message"].as_str().unwrap();
    assert!(got.starts_with(message), "{got}");
}

#[rstest]
#[case::update_missing("update_port", "native_vlan")]
#[case::update_missing("update_port", "description")]
#[case::reset_missing("reset_port", "port_name")]
#[case::reset_missing("reset_port", "native_vlan")]
#[tokio::test]
async fn a_parameter_is_missing(#[case] method: &str, #[case] name: &str) {
    let service = service(TORS).await;
    let mut params = if method == "update_port" { update(json!({})) } else { reset(json!({})) };
    params.as_object_mut().unwrap().remove(name);
    let error = error(&service, method, params).await;
    assert_eq!(error["code"], -32602);
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("Params "), "{message}");
    let end = format!("are invalid for {method}: missing a required argument: '{name}'");
    assert!(message.ends_with(&end), "{message}");
}

#[rstest]
#[case::not_json("{", -32700, "Invalid JSON received by RPC server")]
#[case::empty("", -32700, "Invalid JSON received by RPC server")]
#[case::batch("[]", -32600, "Invalid request object received by RPC server")]
#[case::batch_of_calls(r#"[{"jsonrpc":"2.0"}]"#, -32600, "Invalid request object received by RPC server")]
#[case::number("5", -32600, "Invalid request object received by RPC server")]
#[case::twice_is_accepted_upstream(r#"{"jsonrpc":"2.0","id":"1","id":"2"}"#, -32600, "Invalid request object received by RPC server: an object names the member `id` twice")]
#[case::id_fraction_is_accepted_upstream(r#"{"jsonrpc":"2.0","id":1.5,"method":"x"}"#, -32600, "Invalid request object received by RPC server: `id` is neither")]
#[case::id_object_is_accepted_upstream(r#"{"jsonrpc":"2.0","id":{},"method":"x"}"#, -32600, "Invalid request object received by RPC server: `id` is neither")]
#[tokio::test]
async fn the_body_is_no_call(#[case] body: &str, #[case] code: i32, #[case] message: &str) {
    let service = service(TORS).await;
    let answer = post(&service, body).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer["id"], Value::Null, "{answer}");
    assert_eq!(answer["error"]["code"], code, "{answer}");
    let got = answer["error"]["message"].as_str().unwrap();
    assert!(got.starts_with(message), "{got}");
}

#[rstest]
#[case::text(json!("req-1"))]
#[case::number(json!(7))]
#[case::negative(json!(-7))]
#[case::large(json!(u64::MAX))]
#[tokio::test]
async fn an_id_is_echoed(#[case] id: Value) {
    let service = service(TORS).await;
    let mut body = call("get_switches", json!({ "context": {} }));
    body["id"] = id.clone();
    let answer = post(&service, &body.to_string()).await.json();
    assert_eq!(answer["id"], id);
    assert!(answer["result"].is_object(), "{answer}");
}

#[rstest]
#[case::null(json!({ "id": null }), true)]
#[case::unknown_method(json!({ "id": null, "method": "no_such_method" }), false)]
#[case::refused(json!({ "id": null, "params": { "context": {} } }), false)]
#[tokio::test]
async fn a_notification_is_carried_out_and_not_answered(
    #[case] instead: Value,
    #[case] carried_out: bool,
) {
    let service = service(TORS).await;
    for absent in [false, true] {
        let mut body = with(call("update_port", update(json!({}))), instead.clone());
        if absent {
            body.as_object_mut().unwrap().remove("id");
        }
        let answer = post(&service, &body.to_string()).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        assert_eq!(service.site.audit("begin").len(), usize::from(carried_out));
    }
}

#[tokio::test]
async fn versions_1_x_and_none_are_spoken() {
    let service = service(TORS).await;
    for version in ["1.0", "1.9", "1.12"] {
        result(&service, "get_switches", json!({ "rpc.version": version })).await;
    }
    let mut body = call("get_switches", json!({}));
    body["params"].as_object_mut().unwrap().remove("rpc.version");
    let answer = post(&service, &body.to_string()).await.json();
    assert!(answer["result"].is_object(), "{answer}");
}
