//! What a conductor's client sends, as it was captured.

use serde_json::{Map, Value, json};

use crate::{
    raw::{Answer, request, send},
    site::{Running, Site},
};

/// One listener with Ironic's methods and, second, one with the native ones to look with.
pub(super) const LISTENERS: &str = "
[[listen]]
address = \"127.0.0.1:0\"
auth = \"none\"
methods = \"ironic\"
[[listen]]
address = \"127.0.0.1:0\"
auth = \"none\"
";

/// The switches of the captures: `tor-a` allows all VLANs, `tor-b` a few. Ports `Ethernet1/1` to
/// `Ethernet1/8`; the idle VLAN is 10.
pub(super) const TORS: &str = "
[switch.tor-a]
driver = \"noop\"
switch_ids = [\"00:53:00:0a:0a:01\"]
idle_vlan = 10
[switch.tor-b]
driver = \"noop\"
switch_ids = [\"00:53:00:0a:0a:02\"]
idle_vlan = 10
allowed_vlans = \"10,20,30,40,50,60,100-110\"
";

/// Everybody may do everything on the first seven ports with VLANs up to 3999.
pub(super) const POLICY: &str = "
version = 1
[[protected]]
name = \"uplinks\"
switches = [\"*\"]
ports = [\"Ethernet1/8\"]
[[rule]]
name = \"all\"
callers = [\"*\"]
verbs = \"*\"
switches = [\"tor-*\"]
ports = [\"Ethernet1/[1-8]\"]
vlans = \"1-3999\"
";

pub(super) async fn service(more: &str) -> Running {
    let site = Site::with_listeners(LISTENERS, more);
    site.write("policy.toml", POLICY);
    site.start().await
}

/// The context of a conductor without Keystone.
pub(super) fn context() -> Value {
    json!({
        "user": null, "project_id": null, "system_scope": null, "project": null, "domain": null,
        "user_domain": null, "project_domain": null, "is_admin": false, "read_only": false,
        "show_deleted": false, "auth_token": null,
        "request_id": "req-d2353fb3-ea35-47c0-b90b-e68e084857f7", "global_request_id": null,
        "resource_uuid": null, "roles": [], "user_identity": "- - - - -",
        "is_admin_project": true, "auth_token_info": null,
    })
}

/// A call of a method with these parameters and what a client adds.
pub(super) fn call(method: &str, params: Value) -> Value {
    let Value::Object(mut params) = params else { panic!("parameters are named") };
    let usual = [("context", context()), ("rpc.version", json!("1.0"))];
    for (name, value) in usual {
        params.entry(name).or_insert(value);
    }
    json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": "1" })
}

/// The parameters of `update_port` as captured, with these instead.
pub(super) fn update(instead: Value) -> Value {
    with(
        json!({
            "switch_id": "00:53:00:0a:0a:01", "port_name": "Ethernet1/1", "description": "probe",
            "mode": "access", "native_vlan": 100, "allowed_vlans": null, "lag_name": null,
            "default_vlan": 10,
        }),
        instead,
    )
}

/// The parameters of `reset_port` as captured, with these instead.
pub(super) fn reset(instead: Value) -> Value {
    with(
        json!({
            "switch_id": "00:53:00:0a:0a:01", "port_name": "Ethernet1/1", "native_vlan": 100,
            "allowed_vlans": null, "default_vlan": 10,
        }),
        instead,
    )
}

pub(super) fn with(mut usual: Value, instead: Value) -> Value {
    let Value::Object(instead) = instead else { panic!("parameters are named") };
    let usual_members: &mut Map<_, _> = usual.as_object_mut().unwrap();
    usual_members.extend(instead);
    usual
}

/// Posts a body as a conductor does, and gives the whole answer.
pub(super) async fn post(service: &Running, body: &str) -> Answer {
    let headers = "Content-Type: application/json\r\nX-Auth-Token: notused\r\n";
    send(service.address(), &request("POST", "/", headers, body)).await
}

/// The result of a call that goes well.
pub(super) async fn result(service: &Running, method: &str, params: Value) -> Value {
    let answer = post(service, &call(method, params).to_string()).await.json();
    assert!(answer.get("error").is_none(), "{answer}");
    answer["result"].clone()
}

/// The error of a call that does not.
pub(super) async fn error(service: &Running, method: &str, params: Value) -> Value {
    let answer = post(service, &call(method, params).to_string()).await;
    assert_eq!(answer.status, 200, "the client reads no body of another status");
    let answer = answer.json();
    assert!(answer.get("result").is_none(), "{answer}");
    answer["error"].clone()
}

/// The VLANs of a port, and the LAG in which it is.
pub(super) async fn carried(service: &Running, switch: &str, port: &str) -> String {
    let client = crate::site::client(&service.listening[1].to_string(), None);
    let context = json!({ "binding_profile": crate::site::links(&[(switch, port)]) });
    let read = crate::site::call(&client, rpc::Method::ReadPort, context).await.unwrap();
    let port = &read["ports"][0];
    let vlans: model::VlanMode = serde_json::from_value(port["config"]["vlans"].clone()).unwrap();
    let shut = if port["config"]["admin"] == "down" { ", shut" } else { "" };
    match port["lag"]["name"].as_str() {
        Some(lag) => format!("{vlans}{shut} in {lag}"),
        None => format!("{vlans}{shut}"),
    }
}
