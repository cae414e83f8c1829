//! LAGs: ports join one by one, and the LAG methods that are stubs in Ironic's own service.

use rstest::rstest;
use serde_json::{Value, json};

use super::talk::{TORS, carried, error, reset, result, service, update, with};

/// `tor-a` and `tor-b` as a pair.
fn pair() -> String {
    format!("{TORS}\n[pair.tors]\nswitches = [\"tor-a\", \"tor-b\"]\nlag_ids = \"1-9\"\n")
}

fn lag(instead: Value) -> Value {
    with(
        json!({
            "switch_ids": ["00:53:00:0a:0a:01"], "lag_name": "bond-7", "description": "node 7",
            "mode": "access", "native_vlan": 100, "aggregation_mode": "802.3ad",
            "allowed_vlans": null, "default_vlan": null,
        }),
        instead,
    )
}

fn member(switch: &str, port: u8, vlan: u16) -> Value {
    update(json!({
        "switch_id": switch, "port_name": format!("Ethernet1/{port}"), "native_vlan": vlan,
        "lag_name": "bond-7",
    }))
}

#[tokio::test]
async fn a_bond_through_the_life_of_a_node() {
    let service = service(TORS).await;
    let both = async |want: &str| {
        for port in ["Ethernet1/1", "Ethernet1/2"] {
            assert_eq!(carried(&service, "tor-a", port).await, want);
        }
    };
    let port = |port: u8, vlan: u16| json!({ "port_name": format!("Ethernet1/{port}"), "native_vlan": vlan });
    // The tenant's network, as a bond.
    for number in [1, 2] {
        let got = result(&service, "update_port", member("tor-a", number, 100)).await;
        assert_eq!(got["lag_name"], "bond-7");
    }
    both("access 100 in bond-7").await;
    // The tenant's VLAN changes while the node is active: no reset comes before.
    for number in [1, 2] {
        result(&service, "update_port", member("tor-a", number, 101)).await;
        both("access 101 in bond-7").await;
    }
    // Rescue: both ports leave, and go into the service network as single ports.
    for number in [1, 2] {
        result(&service, "reset_port", reset(port(number, 101))).await;
    }
    both("access 10").await;
    for number in [1, 2] {
        result(&service, "update_port", update(port(number, 50))).await;
    }
    both("access 50").await;
    for number in [1, 2] {
        result(&service, "reset_port", reset(port(number, 50))).await;
        result(&service, "update_port", member("tor-a", number, 101)).await;
    }
    both("access 101 in bond-7").await;
}

#[tokio::test]
async fn a_member_is_not_made_single_by_an_update() {
    let service = service(TORS).await;
    result(&service, "update_port", member("tor-a", 1, 100)).await;
    let error = error(&service, "update_port", update(json!({ "native_vlan": 101 }))).await;
    assert_eq!(error["data"]["class"], "ironic.common.exception.NetworkError");
    let message = error["message"].as_str().unwrap();
    let begin = "Failed to configure network port: port `Ethernet1/1` on `tor-a` is a member of \
                 LAG `bond-7`; hint: detach the LAG first";
    assert!(message.starts_with(begin), "{message}");
    assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, "access 100 in bond-7");
}

#[tokio::test]
async fn a_member_of_another_lag_is_not_taken_from_it() {
    let service = service(TORS).await;
    result(&service, "update_port", member("tor-a", 1, 100)).await;
    let other = with(member("tor-a", 1, 100), json!({ "lag_name": "bond-8" }));
    let error = error(&service, "update_port", other).await;
    assert_eq!(
        error["message"],
        "Failed to configure network port: port `Ethernet1/1` on `tor-a` is a member of LAG \
         `bond-7`; hint: detach it first"
    );
}

#[tokio::test]
async fn a_lag_is_changed_and_deleted_on_both_switches() {
    let service = service(&pair()).await;
    for switch in ["tor-a", "tor-b"] {
        result(&service, "update_port", member(switch, 1, 100)).await;
    }
    let both = json!({ "switch_ids": ["00:53:00:0A:0A:01", "tor-b"] });
    let trunk = with(
        both.clone(),
        json!({ "mode": "trunk", "allowed_vlans": [101, 102], "aggregation_mode": "balance-xor" }),
    );
    let got = result(&service, "update_lag", lag(trunk)).await;
    let want = json!({
        "switch_ids": ["00:53:00:0A:0A:01", "tor-b"], "lag_name": "bond-7",
        "description": "node 7", "mode": "trunk", "native_vlan": 100,
        "aggregation_mode": "balance-xor", "allowed_vlans": [101, 102], "default_vlan": null,
        "status": "configured",
    });
    assert_eq!(got, want);
    for switch in ["tor-a", "tor-b"] {
        let got = carried(&service, switch, "Ethernet1/1").await;
        assert_eq!(got, "trunk native 100 allowed 101-102 in bond-7");
    }

    let delete = with(both, json!({ "lag_name": "bond-7" }));
    let want = json!({
        "switch_ids": ["00:53:00:0A:0A:01", "tor-b"], "lag_name": "bond-7", "status": "deleted",
    });
    // The second time there is none, and that is as it was asked.
    for _ in 0..2 {
        assert_eq!(result(&service, "delete_lag", delete.clone()).await, want);
        for switch in ["tor-a", "tor-b"] {
            assert_eq!(carried(&service, switch, "Ethernet1/1").await, "access 10");
        }
    }
}

#[tokio::test]
async fn the_vlan_rules_of_every_switch_hold_for_a_lag() {
    let service = service(&pair()).await;
    for switch in ["tor-a", "tor-b"] {
        result(&service, "update_port", member(switch, 1, 100)).await;
    }
    // The first switch allows it.
    let asked = lag(json!({ "switch_ids": ["tor-a", "tor-b"], "native_vlan": 999 }));
    let error = error(&service, "update_lag", asked).await;
    assert_eq!(error["code"], 400, "{error}");
    assert_eq!(error["data"]["class"], "ironic.common.exception.InvalidParameterValue");
    let message = error["message"].as_str().unwrap();
    assert!(message.starts_with("port `Ethernet1/1` on `tor-b` refused: VLAN 999"), "{message}");
    assert_eq!(carried(&service, "tor-a", "Ethernet1/1").await, "access 100 in bond-7");
}

#[rstest]
#[case::unknown_switch(json!({ "switch_ids": ["no-such-switch"] }), 404, "Switch no-such-switch could not be found")]
#[case::second_is_unknown(json!({ "switch_ids": ["tor-a", "no-such-switch"] }), 404, "Switch no-such-switch could not be found")]
#[case::vlan_not_allowed(json!({ "switch_ids": ["tor-b"], "native_vlan": 999 }), 500, "Failed to configure LAG: LAG `bond-7` has no member on `tor-b`; hint: ")]
#[case::no_members(json!({}), 500, "Failed to configure LAG: LAG `bond-7` has no member on `tor-a`; hint: a LAG begins with its first port")]
#[case::empty_ids(json!({ "switch_ids": [] }), 400, "switch_ids must name at least one switch")]
#[case::ids_no_list(json!({ "switch_ids": "tor-a" }), 400, "switch_ids must be a list or tuple")]
#[case::not_a_pair(json!({ "switch_ids": ["tor-a", "tor-b"] }), 500, "Failed to configure LAG: a LAG over switches that are not declared as a pair; hint: ")]
#[case::no_name(json!({ "lag_name": null }), 400, "lag_name must be a non-empty string")]
#[case::bad_name(json!({ "lag_name": "po 1" }), 400, "lag_name: LAG name `po 1` holds ` `")]
#[case::line_break(json!({ "lag_name": "po1\nreload" }), 400, "lag_name holds the control character `\\n`")]
#[case::vlan_null(json!({ "native_vlan": null }), 400, "native_vlan must be an integer between 1 and 4094")]
#[case::vlan_true(json!({ "native_vlan": true }), 400, "native_vlan must be an integer between 1 and 4094")]
#[case::bad_mode(json!({ "mode": "bogus" }), 400, "mode must be one of: access, trunk, hybrid")]
#[case::no_bond_mode(json!({ "aggregation_mode": null }), 400, "aggregation_mode must be the name of a bond mode")]
#[case::bond_mode(json!({ "aggregation_mode": "x" }), 400, "aggregation_mode: bond mode `x` is none of")]
#[case::needs_none(json!({ "aggregation_mode": "active-backup" }), 400, "aggregation_mode `active-backup` needs no LAG")]
#[case::needs_none_by_number(json!({ "aggregation_mode": 5 }), 400, "aggregation_mode `balance-tlb` needs no LAG")]
#[tokio::test]
async fn update_lag_is_refused(#[case] instead: Value, #[case] code: i32, #[case] message: &str) {
    let service = service(TORS).await;
    let error = error(&service, "update_lag", lag(instead)).await;
    assert_eq!(error["code"], code, "{error}");
    let got = error["message"].as_str().unwrap();
    assert!(got.starts_with(message), "{got}");
}

#[rstest]
#[case(json!("lacp"), "lacp")]
#[case(json!("802.3ad"), "lacp")]
#[case(json!("4"), "lacp")]
#[case(json!(4), "lacp")]
#[case(json!("balance-rr"), "static")]
#[case(json!(2), "static")]
#[tokio::test]
async fn the_modes_of_bonds_are_known(#[case] mode: Value, #[case] want: &str) {
    let service = service(TORS).await;
    result(&service, "update_port", member("tor-a", 1, 100)).await;
    result(&service, "update_lag", lag(json!({ "aggregation_mode": mode }))).await;
    let client = crate::site::client(&service.listening[1].to_string(), None);
    let context = json!({ "binding_profile": crate::site::links(&[("tor-a", "Ethernet1/1")]) });
    let read = crate::site::call(&client, rpc::Method::ReadPort, context).await.unwrap();
    let got = &read["ports"][0]["lag"]["settings"]["mode"];
    assert_eq!(got, if want == "lacp" { "active" } else { "static" });
    assert_eq!(read["ports"][0]["lag"]["config"]["description"], "node 7");
}
