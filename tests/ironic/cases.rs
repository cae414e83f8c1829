//! Every request whose answer is compared: good ones, bad ones, and malformed ones.

use serde_json::{Value, json};

use crate::verdict::{Request, Verdict};

/// A switch on which every VLAN is allowed, and one on which few are.
pub(crate) const OPEN: &str = "00:53:00:0a:0a:01";
pub(crate) const STRICT: &str = "tor-b";
pub(crate) const STRICT_VLANS: &str = "10,20,100-102";

/// A request, and where Mercury answers otherwise: how, and why.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) request: Request,
    pub(crate) differs: Option<(Verdict, &'static str)>,
}

fn same(name: &'static str, request: Request) -> Case {
    Case { name, request, differs: None }
}

fn differs(name: &'static str, request: Request, verdict: Verdict, why: &'static str) -> Case {
    Case { name, request, differs: Some((verdict, why)) }
}

fn invalid() -> Verdict {
    Verdict::error(400, "InvalidParameterValue")
}

fn network() -> Verdict {
    Verdict::error(500, "NetworkError")
}

/// `params` with members replaced, or left out where the value is the text `absent`.
fn but(mut params: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value == "absent" {
            params.as_object_mut().unwrap().remove(name);
        } else {
            params[name] = value.clone();
        }
    }
    params
}

fn context() -> Value {
    json!({ "request_id": "req-0b6f3a52-6c5e-4a51-8ed4-54b3b5e1a001", "user": null, "roles": [],
            "is_admin": false, "auth_token": null })
}

fn call(method: &str, params: &Value) -> Request {
    Request::json(&json!({ "jsonrpc": "2.0", "method": method, "params": params, "id": "1" }))
}

fn update(changes: &Value) -> Request {
    let params = json!({
        "switch_id": OPEN, "port_name": "Ethernet1/1", "description": "a port", "mode": "access",
        "native_vlan": 100, "allowed_vlans": null, "lag_name": null, "default_vlan": 10,
        "context": context(), "rpc.version": "1.0",
    });
    call("update_port", &but(params, changes))
}

fn reset(changes: &Value) -> Request {
    let params = json!({
        "switch_id": OPEN, "port_name": "Ethernet1/1", "native_vlan": 100, "allowed_vlans": null,
        "default_vlan": 10, "context": context(), "rpc.version": "1.0",
    });
    call("reset_port", &but(params, changes))
}

/// A list of switches in an envelope with members replaced.
fn list(changes: &Value) -> Request {
    let params = json!({ "context": context(), "rpc.version": "1.0" });
    let envelope =
        json!({ "jsonrpc": "2.0", "method": "get_switches", "params": params, "id": "1" });
    Request::json(&but(envelope, changes))
}

fn list_with(params: &Value) -> Request {
    list(&json!({ "params": params }))
}

/// All of them.
pub(crate) fn all() -> Vec<Case> {
    [updates(), resets(), lags(), others(), envelopes(), http()].into_iter().flatten().collect()
}

fn updates() -> Vec<Case> {
    let same = |name, changes: Value| same(name, update(&changes));
    let differs =
        |name, changes: Value, verdict, why| differs(name, update(&changes), verdict, why);
    let trunk = |allowed: Value| json!({ "mode": "trunk", "allowed_vlans": allowed });
    let strict = |changes: Value| but(changes, &json!({ "switch_id": STRICT }));
    vec![
        same("access", json!({})),
        same("access by the MAC in capitals", json!({ "switch_id": OPEN.to_uppercase() })),
        same("access by the switch's name", json!({ "switch_id": "tor-a" })),
        same("access with allowed VLANs", json!({ "allowed_vlans": [101] })),
        same("access without a default VLAN", json!({ "default_vlan": null })),
        same(
            "access with the least that is needed",
            json!({ "allowed_vlans": "absent", "lag_name": "absent", "default_vlan": "absent" }),
        ),
        same("trunk", trunk(json!([101, 102]))),
        same("trunk of its native VLAN alone", trunk(json!([100]))),
        same("trunk without VLANs", trunk(Value::Null)),
        same("trunk with an empty list", trunk(json!([]))),
        differs(
            "hybrid",
            json!({ "mode": "hybrid", "allowed_vlans": [101] }),
            Verdict::Result(json!({
                "switch_id": OPEN, "port_name": "Ethernet1/1", "description": "a port",
                "mode": "hybrid", "native_vlan": 100, "allowed_vlans": [101], "lag_name": null,
                "default_vlan": 10, "status": "configured",
            })),
            "Ironic's schema allows it, and Mercury can do it",
        ),
        same("a mode that is none", json!({ "mode": "bogus" })),
        same("no mode", json!({ "mode": null })),
        same("VLAN 0", json!({ "native_vlan": 0 })),
        same("VLAN 4095", json!({ "native_vlan": 4095 })),
        same("a VLAN as text", json!({ "native_vlan": "100" })),
        same("a VLAN with a fraction", json!({ "native_vlan": 100.0 })),
        differs(
            "a VLAN that is true",
            json!({ "native_vlan": true }),
            invalid(),
            "true is no number; upstream writes `True` to the switch",
        ),
        same("no VLAN", json!({ "native_vlan": null })),
        same("allowed VLANs as text", trunk(json!("101"))),
        same("an allowed VLAN out of range", trunk(json!([101, 5000]))),
        same("an allowed VLAN as text", trunk(json!(["101"]))),
        differs(
            "a default VLAN out of range",
            json!({ "default_vlan": 9999 }),
            invalid(),
            "every VLAN is checked",
        ),
        same("an empty port", json!({ "port_name": "" })),
        same("no port", json!({ "port_name": null })),
        differs(
            "a port with a line break",
            json!({ "port_name": "Ethernet1/1\nreload" }),
            invalid(),
            "upstream writes a second command to the switch",
        ),
        same("an unknown switch", json!({ "switch_id": "tor-x" })),
        same("no switch", json!({ "switch_id": null })),
        same("an empty switch", json!({ "switch_id": "" })),
        same("a switch as a number", json!({ "switch_id": 5 })),
        same("an unknown switch and a bad mode", json!({ "switch_id": "tor-x", "mode": "bogus" })),
        same("a VLAN that is not allowed", strict(json!({ "native_vlan": 999 }))),
        same(
            "an allowed VLAN that is not allowed",
            strict(json!({ "mode": "trunk", "allowed_vlans": [101, 999] })),
        ),
        same("a missing parameter", json!({ "native_vlan": "absent" })),
        same("a parameter too many", json!({ "colour": "red" })),
        same("no context", json!({ "context": "absent" })),
        differs(
            "an object of Ironic's as a parameter",
            json!({ "description": { "ironic_object.name": "Port", "ironic_object.data": {} } }),
            invalid(),
            "it is the parameter that is wrong; upstream fails while it makes the object",
        ),
    ]
}

fn resets() -> Vec<Case> {
    let same = |name, changes: Value| same(name, reset(&changes));
    let differs = |name, changes: Value, verdict, why| differs(name, reset(&changes), verdict, why);
    vec![
        same("reset", json!({})),
        same("reset again", json!({})),
        same("reset of a trunk", json!({ "allowed_vlans": [101, 102] })),
        same("reset without a default VLAN", json!({ "default_vlan": null })),
        same(
            "reset with the least",
            json!({ "allowed_vlans": "absent", "default_vlan": "absent" }),
        ),
        same("reset of no VLAN", json!({ "native_vlan": null })),
        differs(
            "reset of a VLAN out of range",
            json!({ "native_vlan": 9999 }),
            invalid(),
            "every VLAN is checked",
        ),
        differs(
            "reset of a VLAN as text",
            json!({ "native_vlan": "100" }),
            invalid(),
            "every VLAN is checked",
        ),
        differs(
            "reset into a VLAN out of range",
            json!({ "default_vlan": 9999 }),
            invalid(),
            "every VLAN is checked",
        ),
        same(
            "reset of a VLAN that is not allowed",
            json!({ "switch_id": STRICT, "native_vlan": 999 }),
        ),
        differs(
            "reset into a VLAN that is not allowed",
            json!({ "switch_id": STRICT, "default_vlan": 999 }),
            invalid(),
            "the port would carry it; upstream checks no VLAN of a reset",
        ),
        same("reset of an unknown switch", json!({ "switch_id": "tor-x" })),
        same("reset of an empty port", json!({ "port_name": "" })),
        same("reset without a port", json!({ "port_name": "absent" })),
    ]
}

fn lags() -> Vec<Case> {
    let update = |changes: &Value| {
        let params = json!({
            "switch_ids": [OPEN], "lag_name": "bond-7", "description": "a LAG", "mode": "access",
            "native_vlan": 100, "aggregation_mode": "802.3ad", "allowed_vlans": null,
            "default_vlan": null, "context": context(), "rpc.version": "1.0",
        });
        call("update_lag", &but(params, changes))
    };
    let delete = call(
        "delete_lag",
        &json!({ "switch_ids": [OPEN], "lag_name": "bond-7", "context": context() }),
    );
    let deleted = json!({ "switch_ids": [OPEN], "lag_name": "bond-7", "status": "deleted" });
    let no_lags = "upstream refuses every LAG";
    let member = json!({ "switch_id": STRICT, "lag_name": "bond-7" });
    vec![
        same("a port that joins a LAG", self::update(&member)),
        differs("a LAG that nobody has joined", update(&json!({})), network(), no_lags),
        same("a LAG on an unknown switch", update(&json!({ "switch_ids": ["tor-x"] }))),
        differs(
            "a LAG on a second switch that is unknown",
            update(&json!({ "switch_ids": [OPEN, "tor-x"] })),
            Verdict::error(404, "SwitchNotFound"),
            "every switch is looked at, not only the first",
        ),
        same(
            "a LAG with a VLAN that is not allowed",
            update(&json!({ "switch_ids": [STRICT], "native_vlan": 999 })),
        ),
        differs("a LAG on no switch", update(&json!({ "switch_ids": [] })), invalid(), no_lags),
        same("a LAG with no kind", update(&json!({ "aggregation_mode": "absent" }))),
        differs("a LAG that goes", delete, Verdict::Result(deleted), no_lags),
    ]
}

fn others() -> Vec<Case> {
    let none = json!({ "context": context(), "rpc.version": "1.0" });
    let exposed = "upstream exposes it by accident";
    vec![
        same("list", list(&json!({}))),
        same("list with a context and no more", list_with(&json!({ "context": {} }))),
        same("list without a context", list_with(&json!({ "rpc.version": "1.0" }))),
        same("list without parameters", list(&json!({ "params": "absent" }))),
        same("list with no context", list_with(&json!({ "context": null }))),
        same("list with a text as context", list_with(&json!({ "context": "x" }))),
        same("an unknown method", call("no_such_method", &none)),
        same("a private method", call("_get_switch_driver", &none)),
        same("a method of the service itself", call("init_host", &none)),
        differs("cleanup", call("cleanup", &json!({})), Verdict::error(-32601, ""), exposed),
        differs(
            "prepare_host",
            call("prepare_host", &json!({})),
            Verdict::error(-32601, ""),
            exposed,
        ),
        same("a method of Mercury's own table", call("switch.list", &none)),
    ]
}

fn envelopes() -> Vec<Case> {
    let version = |version: Value| list_with(&json!({ "context": {}, "rpc.version": version }));
    let nested = |depth| {
        let open = "[".repeat(depth);
        let close = "]".repeat(depth);
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":"1","method":"get_switches","params":{{"a":{open}{close}}}}}"#
        );
        Request::raw(text.as_bytes())
    };
    let too_new = "a version that nobody knows may mean something else";
    vec![
        same("version 1.9", version(json!("1.9"))),
        same("no version", list_with(&json!({ "context": {} }))),
        differs("version 2.0", version(json!("2.0")), Verdict::error(-32600, ""), too_new),
        differs(
            "a version that is a list",
            version(json!([1])),
            Verdict::error(-32600, ""),
            too_new,
        ),
        same("JSON-RPC 1.0", list(&json!({ "jsonrpc": "1.0" }))),
        same("no JSON-RPC", list(&json!({ "jsonrpc": "absent" }))),
        same("no method", list(&json!({ "method": "absent" }))),
        same("a method as a number", list(&json!({ "method": 7 }))),
        same("parameters by position", list(&json!({ "params": [1] }))),
        same("an id as a number", list(&json!({ "id": 7 }))),
        same("an id that is null", list(&json!({ "id": null }))),
        same("a notification", list(&json!({ "id": "absent" }))),
        same("a notification of nothing", list(&json!({ "id": "absent", "method": "x" }))),
        same("a batch", Request::json(&json!([{ "jsonrpc": "2.0", "method": "x", "id": 1 }]))),
        same("a number", Request::raw(b"5")),
        same("half of JSON", Request::raw(b"{\"jsonrpc\": \"2.0\", ")),
        same("nothing", Request::raw(b"")),
        same("no UTF-8", Request::raw(b"{\"jsonrpc\": \"2.0\", \"method\": \"\xff\xfe\"}")),
        same("twenty levels", nested(20)),
        same("thirty levels", nested(30)),
    ]
}

fn http() -> Vec<Case> {
    let good = list(&json!({}));
    let with = |headers| Request { headers, ..good.clone() };
    vec![
        same("GET", Request { method: "GET", body: Vec::new(), ..good.clone() }),
        same("PUT", Request { method: "PUT", ..good.clone() }),
        differs(
            "another path",
            Request { path: "/any/where?x=1", ..good.clone() },
            Verdict::Status(404),
            "a listener may have other paths; Ironic's client always asks for `/`",
        ),
        same("another content type", with(vec![("Content-Type", "text/plain")])),
        same("no content type", with(Vec::new())),
        same("with the token of nobody", with(vec![("X-Auth-Token", "notused")])),
        differs(
            "thousands of levels, said to be text",
            Request {
                body: [b"[".repeat(5_000), b"]".repeat(5_000)].concat(),
                ..with(vec![("Content-Type", "text/plain")])
            },
            Verdict::Status(400),
            "depth is counted before anything is read; upstream's worker dies of it",
        ),
    ]
}

/// One more, when all have been asked.
pub(crate) fn afterwards() -> Request {
    list(&json!({}))
}
