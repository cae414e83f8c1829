use rstest::rstest;
use serde_json::json;
use switch::{HybridSupport, VlanDatabase};

use super::{super::wire, *};

const ABLE: Capabilities = Capabilities {
    access: true,
    trunk: true,
    port_shut: true,
    vlan_database: VlanDatabase::Explicit,
    ..Capabilities::NONE
};

fn query() -> Query {
    Query {
        ports: ["p1", "p2"].map(|name| name.parse().unwrap()).into(),
        lags: ["bond1".parse().unwrap()].into(),
        vlans: [Vlan::new(100).unwrap()].into(),
        ..Query::default()
    }
}

fn observed(result: serde_json::Value) -> Result<Observation, String> {
    wire::result(method::OBSERVE, result)
        .and_then(|answer| observation(&query(), &ABLE, answer))
        .map_err(|violation| violation.to_string())
}

fn port() -> serde_json::Value {
    json!({ "config": { "vlans": { "mode": "access", "vlan": 5 }, "admin": "up" } })
}

fn lag(members: &[&str]) -> serde_json::Value {
    json!({ "settings": { "mode": "static" }, "members": members,
            "config": { "vlans": { "mode": "closed" } } })
}

#[rstest]
#[case(json!({}))]
#[case(json!({ "ports": { "p1": port() }, "vlans": { "100": {} }, "status": { "p1": {} } }))]
#[case(json!({ "lags": { "bond1": lag(&["p7"]) } }))]
#[case(json!({
    "ports": { "p2": { "config": { "admin": "down" }, "lag": "bond2" } },
    "lags": { "bond2": lag(&["p2", "p9"]) },
}))]
fn what_fits_the_question_is_taken(#[case] result: serde_json::Value) {
    observed(result).unwrap();
}

#[rstest]
#[case(json!([]), "it is no object: []")]
#[case(json!({ "port": {} }), "unknown field `port`")]
#[case(json!({ "ports": { "p3": port() } }), "port `p3` was not asked for")]
#[case(json!({ "ports": { "p 1": port() } }), "port name `p 1` holds ` `")]
#[case(json!({ "ports": { "p1": { "config": { "admin": "up" } } } }), "port `p1` has no `config.vlans`")]
#[case(
    json!({ "ports": { "p1": { "config": { "vlans": { "mode": "closed" } } } } }),
    "port `p1` has no `config.admin`, although ports can be shut"
)]
#[case(
    json!({ "ports": { "p1": { "config": { "vlans": { "mode": "access", "vlan": 4095 } } } } }),
    "`ports.p1.config.vlans`: VLAN ID `4095` is not an integer from 1 to 4094"
)]
#[case(
    json!({ "ports": { "p1": { "config": { "vlans": { "mode": "access", "vlan": 1, "x": 2 } } } } }),
    "unknown field `x`"
)]
#[case(
    json!({ "ports": { "p1": { "config": { "admin": "up" }, "lag": "bond2" } } }),
    "port `p1` is in LAG `bond2`, which is not in `lags`"
)]
#[case(
    json!({
        "ports": { "p1": { "config": { "vlans": { "mode": "closed" }, "admin": "up" }, "lag": "bond1" } },
        "lags": { "bond1": lag(&["p1"]) },
    }),
    "port `p1` is in LAG `bond1`, so its VLANs are the LAG's"
)]
#[case(
    json!({ "ports": { "p1": port() }, "lags": { "bond1": lag(&["p1"]) } }),
    "port `p1` and LAG `bond1` disagree about its membership"
)]
#[case(json!({ "lags": { "bond2": lag(&[]) } }), "LAG `bond2` was not asked for")]
#[case(json!({ "vlans": { "200": {} } }), "VLAN 200 was not asked for")]
#[case(json!({ "vlans": { "9999": {} } }), "`vlans`: VLAN ID `9999`")]
#[case(json!({ "vlans": { "100": {}, "0100": {} } }), "VLAN 100 is given twice")]
#[case(json!({ "status": { "p1": {} } }), "`status` names port `p1`, which is not in `ports`")]
#[case(json!({ "lag_names": ["bond1"] }), "`lag_names` was not asked for")]
fn what_does_not_is_refused(#[case] result: serde_json::Value, #[case] part: &str) {
    let got = observed(result).unwrap_err();
    assert!(got.contains(part), "{got}");
}

#[test]
fn what_can_be_written_in_two_ways_is_written_in_one() {
    let modes = json!({ "mode": "trunk", "native": 5, "allowed": [5, "7-8"] });
    let config = json!({ "vlans": modes, "admin": "up", "description": "" });
    let seen = observed(json!({ "ports": { "p1": { "config": config } } })).unwrap();
    let config = &seen.slice.ports[&"p1".parse().unwrap()].config;
    assert_eq!(config.vlans.as_ref().unwrap().to_string(), "trunk native 5 allowed 7-8");
    assert_eq!(config.description, None);
}

fn described(capabilities: &serde_json::Value) -> Result<Description, String> {
    let result = json!({ "protocol": 1, "name": "x", "capabilities": capabilities });
    wire::result(method::DESCRIBE, result)
        .and_then(description)
        .map_err(|violation| violation.to_string())
}

#[rstest]
#[case(json!({}), "is of no use")]
#[case(json!({ "access": true, "native_on_trunk": true }), "need `trunk`")]
#[case(json!({ "access": true, "vxlan": true }), "needs `vlan_database` to be `explicit`")]
#[case(json!({ "access": true, "lag": {} }), "`capabilities.lag` needs one of `active`")]
#[case(json!({ "access": true, "lag": { "active": true } }), "and `max_members`")]
#[case(json!({ "access": 1 }), "`capabilities.access`: invalid type: integer `1`")]
#[case(json!({ "vlans": true }), "`capabilities.vlans`: unknown field `vlans`")]
#[case(json!({ "access": true, "hybrid": "maybe" }), "`capabilities.hybrid`: unknown variant")]
#[case(
    json!({ "access": true, "lag": { "static": true, "max_members": 2, "naming": { "numbered": { "prefix": "" } } } }),
    "prefix` is empty"
)]
fn a_description_makes_sense_or_is_refused(
    #[case] capabilities: serde_json::Value,
    #[case] part: &str,
) {
    let got = described(&capabilities).unwrap_err();
    assert!(got.contains(part), "{got}");
}

#[test]
fn what_differs_between_two_descriptions_is_named() {
    let one = described(&json!({ "access": true, "trunk": true })).unwrap();
    let other = described(&json!({ "access": true, "trunk": true, "hybrid": "as_trunk" })).unwrap();
    assert_eq!(other.capabilities.hybrid, HybridSupport::AsTrunk);
    assert_eq!(difference(&one, &one), None);
    assert_eq!(
        difference(&one, &other).unwrap(),
        "`capabilities.hybrid` was \"none\" and is \"as_trunk\""
    );
    let newer = Description { version: Some("2".to_owned()), ..one.clone() };
    assert_eq!(difference(&one, &newer), None);
}

#[test]
fn there_is_one_outcome_a_work_and_no_secret_in_it() {
    let read =
        |texts: serde_json::Value| -> Vec<Outcome> { serde_json::from_value(texts).unwrap() };
    let redactor = Redactor::new(&["hunter2".to_owned().into()]);
    let all = read(json!([
        { "outcome": "done", "operations": ["login hunter2"] },
        { "outcome": "refused", "operation": null, "answer": "bad password hunter2" },
        { "outcome": "unknown", "why": "x" },
    ]));
    let results = outcomes(3, all, &redactor).unwrap();
    assert_eq!(results[0].as_ref().unwrap().operations, ["login [redacted]"]);
    let refused = results[1].as_ref().unwrap_err();
    assert!(
        !refused.may_have_applied() && refused.to_string().ends_with("bad password [redacted]")
    );
    assert!(results[2].as_ref().unwrap_err().may_have_applied());
    let short = outcomes(2, read(json!([{ "outcome": "done" }])), &redactor).unwrap_err();
    assert_eq!(short.to_string(), "its answer to `apply` is wrong: 1 outcomes for 2 works");
}
