//! Ports through the life of a node, and what the record says of it.

use serde_json::{Value, json};

use super::talk::{TORS, call, carried, post, reset, result, service, update, with};

#[tokio::test]
async fn switches_are_listed_as_captured() {
    let service = service(TORS).await;
    let got = result(&service, "get_switches", json!({})).await;
    let want = json!({
        "tor-a": { "switch_id": "tor-a", "device_name": "tor-a", "device_type": "noop",
                   "allowed_vlans": null },
        "tor-b": { "switch_id": "tor-b", "device_name": "tor-b", "device_type": "noop",
                   "allowed_vlans":
                       "10,20,30,40,50,60,100,101,102,103,104,105,106,107,108,109,110" },
    });
    assert_eq!(got, want);
}

#[tokio::test]
async fn a_deployment_and_its_end() {
    let service = service(TORS).await;
    let a = |vlan: u16| json!({ "native_vlan": vlan });
    let trunk = json!({ "port_name": "Ethernet1/2", "allowed_vlans": [101, 102] });
    let t = |vlan: u16| with(json!({ "port_name": "Ethernet1/2" }), a(vlan));
    let both = async |a: &str, t: &str| {
        assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, a);
        assert_eq!(carried(&service, "tor-a", "Ethernet1/2").await, t);
    };
    // Deployment begins: the ports are in none of these VLANs yet.
    result(&service, "reset_port", reset(a(100))).await;
    result(&service, "reset_port", reset(trunk.clone())).await;
    both("access 10", "access 10").await;
    result(&service, "update_port", update(a(40))).await;
    result(&service, "update_port", update(t(40))).await;
    both("access 40", "access 40").await;
    // It ends.
    result(&service, "reset_port", reset(a(40))).await;
    result(&service, "reset_port", reset(t(40))).await;
    both("access 10", "access 10").await;
    result(&service, "update_port", update(a(100))).await;
    let trunk = with(trunk, json!({ "mode": "trunk" }));
    result(&service, "update_port", update(trunk.clone())).await;
    both("access 100", "trunk native 100 allowed 101-102").await;
    // The node is torn down, the last two resets are for a VLAN that is long gone.
    let trunk = json!({ "port_name": "Ethernet1/2", "allowed_vlans": [101, 102] });
    result(&service, "reset_port", reset(a(100))).await;
    result(&service, "reset_port", reset(trunk)).await;
    result(&service, "reset_port", reset(a(40))).await;
    result(&service, "reset_port", reset(t(40))).await;
    both("access 10", "access 10").await;
}

#[tokio::test]
async fn answers_repeat_what_was_given() {
    let service = service(TORS).await;
    let got = result(&service, "update_port", update(json!({}))).await;
    let want = json!({
        "switch_id": "00:53:00:0a:0a:01", "port_name": "Ethernet1/1", "description": "probe",
        "mode": "access", "native_vlan": 100, "allowed_vlans": [], "default_vlan": 10,
        "lag_name": null, "status": "configured",
    });
    assert_eq!(got, want);
    let got = result(&service, "reset_port", reset(json!({ "allowed_vlans": [5] }))).await;
    let want = json!({
        "switch_id": "00:53:00:0a:0a:01", "port_name": "Ethernet1/1",
        "description": "Default port configuration", "mode": "access", "native_vlan": 100,
        "allowed_vlans": [], "default_vlan": 10, "status": "reset",
    });
    assert_eq!(got, want);
}

#[tokio::test]
async fn a_reset_port_is_left_where_the_call_says_and_as_the_switch_declares() {
    let shut = "[switch.tor-a]\ndriver = \"noop\"\ndetach = \"shut\"\n";
    let service = service(shut).await;
    let on = |instead: Value| with(json!({ "switch_id": "tor-a" }), instead);
    result(&service, "update_port", update(on(json!({})))).await;
    assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, "access 100");
    result(&service, "reset_port", reset(on(json!({ "default_vlan": 20 })))).await;
    assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, "access 20, shut");
    result(&service, "reset_port", reset(on(json!({ "default_vlan": null })))).await;
    assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, "closed, shut");
}

#[tokio::test]
async fn the_record_says_who_and_for_whom() {
    let service = service(TORS).await;
    let mut body = call("update_port", update(json!({})));
    let context = &mut body["params"]["context"];
    context["user"] = json!("7f2d");
    context["auth_token"] = json!("gAAAA-live-token");
    context["global_request_id"] = json!("req-global");
    assert_eq!(post(&service, &body.to_string()).await.status, 200);
    let begin = service.site.audit("begin").pop().unwrap();
    assert_eq!(begin["who"], "anonymous");
    assert_eq!(begin["user"], "7f2d");
    assert_eq!(begin["request_id"], "req-d2353fb3-ea35-47c0-b90b-e68e084857f7");
    assert_eq!(begin["reason"], "global request req-global");
    let log = std::fs::read_to_string(service.site.path("state/audit.jsonl")).unwrap();
    assert!(!log.contains("gAAAA"), "{log}");
}
