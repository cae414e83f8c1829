//! Well-formed requests that are refused: each says why, and leaves every port as it was.

use rpc::{Method, RpcError, client::CallError, wire::Context};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    raw::post,
    site::{Running, Site, lag, links, on_vlan},
};

async fn leaf() -> Running {
    // VLAN 100 is defined by the tests themselves.
    let ports = "vlans = \"200-299,4000\"\nports = [\"swp1\", \"swp2\", \"swp3\", \"swp4\", \"swp8\", \"eth0\"]";
    Site::new(&format!("[switch.leaf-01]\ndriver = \"noop\"\nidle_vlan = 4000\n{ports}\n"))
        .start()
        .await
}

async fn define(service: &Running, vlan: u16) {
    let context = json!({
        "network": { "network_type": "vlan", "segmentation_id": vlan },
        "switches": ["leaf-01"],
    });
    service.call(Method::AddNetwork, context).await.unwrap();
}

async fn every_port(service: &Running) -> Value {
    let ports = ["swp1", "swp2", "swp3", "swp4"].map(|port| ("leaf-01", port));
    let context = json!({ "binding_profile": links(&ports) });
    service.call(Method::ReadPort, context).await.unwrap()
}

#[rstest]
#[case::vlan_0(on_vlan(0, links(&[("leaf-01", "swp1")])), -32602, "`context.network`: VLAN ID `0` is not an integer from 1 to 4094")]
#[case::vlan_4095(on_vlan(4095, links(&[("leaf-01", "swp1")])), -32602, "`context.network`: VLAN ID `4095` is not")]
#[case::vlan_ten(json!({ "network": { "network_type": "vlan", "segmentation_id": "ten" }, "binding_profile": links(&[("leaf-01", "swp1")]) }), -32602, "`context.network.segmentation_id`: invalid type: string \"ten\"")]
#[case::unknown_member(json!({ "net": {}, "binding_profile": links(&[("leaf-01", "swp1")]) }), -32602, "`context.net` is unknown; `attach_port` takes")]
#[case::no_links(json!({ "network": { "network_type": "flat" } }), -32602, "`attach_port` needs `context.binding_profile`")]
#[case::no_network(json!({ "binding_profile": links(&[("leaf-01", "swp1")]) }), 1001, "network: names no VLAN")]
#[case::unknown_switch(on_vlan(100, links(&[("leaf-09", "swp1")])), 1004, "switch `leaf-09` is not in the configuration")]
#[case::unknown_port(on_vlan(100, links(&[("leaf-01", "swp7")])), 1004, "there is no port `swp7` on `leaf-01`")]
#[case::same_port_twice(on_vlan(100, links(&[("leaf-01", "swp1"), ("leaf-01", "swp1")])), 1001, "binding_profile: port `swp1` on `leaf-01` is named twice")]
#[case::vlan_outside_policy(on_vlan(300, links(&[("leaf-01", "swp1")])), 1002, "port `swp1` on `leaf-01` refused: VLAN 300 is not in rule `rack-12` (allowed: 100-199,4000)")]
#[case::port_outside_policy(on_vlan(100, links(&[("leaf-01", "eth0")])), 1002, "port `eth0` on `leaf-01` refused: ")]
#[case::protected_port(on_vlan(100, links(&[("leaf-01", "swp8")])), 1002, "port `swp8` on `leaf-01` refused: ")]
#[case::one_of_two_is_protected(on_vlan(100, links(&[("leaf-01", "swp1"), ("leaf-01", "swp8")])), 1002, "port `swp8` on `leaf-01` refused: ")]
#[case::other_kind_of_port(json!({ "vnic_type": "normal", "network": { "network_type": "flat" }, "binding_profile": links(&[("leaf-01", "swp1")]) }), 1003, "ports of vnic type `normal` are not supported")]
#[case::vlan_not_defined(on_vlan(150, links(&[("leaf-01", "swp1")])), 1005, "VLAN 150 is not defined on `leaf-01`")]
#[case::vxlan_outside_policy(json!({ "network": { "network_type": "vxlan", "segmentation_id": 6000 }, "binding_profile": links(&[("leaf-01", "swp1")]) }), 1002, "port `swp1` on `leaf-01` refused: VNI 6000 is not in rule `rack-12` (allowed: 5000-5999)")]
#[case::vxlan_without_a_vlan(json!({ "network": { "network_type": "vxlan", "segmentation_id": 5000 }, "binding_profile": links(&[("leaf-01", "swp1")]) }), 1005, "VNI 5000 is mapped to no VLAN on `leaf-01`")]
#[case::smart_nic(json!({ "network": { "network_type": "vlan", "segmentation_id": 100 }, "binding_profile": { "local_link_information": [{ "port_id": "pf0", "hostname": "h1" }] } }), 1001, "binding_profile: a smart NIC's link names no switch port")]
#[tokio::test]
async fn an_attachment_that_cannot_be_is_refused(
    #[case] context: Value,
    #[case] code: i32,
    #[case] text: &str,
) {
    let service = leaf().await;
    define(&service, 100).await;
    let before = every_port(&service).await;
    let records = service.site.audit("begin").len();

    // By hand: a typed client would not send half of these.
    let call = json!({
        "jsonrpc": "2.0", "id": 1, "method": "attach_port", "params": { "context": context },
    });
    let answer = post(service.address(), &call.to_string()).await.json();
    let error: RpcError = serde_json::from_value(answer["error"].clone()).unwrap();
    assert_eq!(error.code, code, "{error}");
    assert!(error.message.starts_with(text), "{error}");
    if code == 1002 {
        assert!(error.data.unwrap().rule.is_some());
        assert_eq!(service.site.audit("refused").len(), 1);
    }
    assert_eq!(every_port(&service).await, before);
    assert_eq!(service.site.audit("begin").len(), records);
}

#[tokio::test]
async fn a_lag_whose_members_disagree_is_refused() {
    let service = leaf().await;
    define(&service, 100).await;
    let pair = |one, other| on_vlan(100, lag(&[("leaf-01", one), ("leaf-01", other)]));
    service.call(Method::AttachPort, pair("swp1", "swp2")).await.unwrap();
    service.call(Method::AttachPort, pair("swp3", "swp4")).await.unwrap();
    let before = every_port(&service).await;

    let error = service.call(Method::AttachPort, pair("swp2", "swp3")).await.unwrap_err();
    assert_eq!(error.code, 1005);
    assert!(
        error.message.starts_with("the ports are in different LAGs: `swp2` on `leaf-01`"),
        "{error}"
    );
    assert_eq!(error.data.unwrap().hint.as_deref(), Some("detach them first"));
    assert_eq!(every_port(&service).await, before);
}

#[tokio::test]
async fn a_request_that_comes_too_late_touches_nothing() {
    let service = leaf().await;
    define(&service, 100).await;
    let before = every_port(&service).await;
    let mut context = on_vlan(100, links(&[("leaf-01", "swp1")]));
    context["deadline"] = json!("2020-01-01T00:00:00Z");
    let error = service.call(Method::AttachPort, context).await.unwrap_err();
    assert_eq!(error.code, 1008);
    assert!(error.message.contains("the deadline `2020-01-01T00:00:00Z` passed before"), "{error}");
    assert!(error.data.unwrap().retryable);
    assert_eq!(every_port(&service).await, before);
}

#[tokio::test]
async fn a_token_that_was_tampered_with_is_refused() {
    let service = leaf().await;
    define(&service, 100).await;
    let before = every_port(&service).await;
    for token in ["", "x", "v1.e30.00", "ä"].into_iter().skip(1) {
        let error = service.call(Method::Apply, json!({ "plan_token": token })).await.unwrap_err();
        assert_eq!(error.code, 1001, "{token}: {error}");
    }
    assert_eq!(every_port(&service).await, before);
}

#[tokio::test]
async fn a_caller_whom_no_rule_names_sees_nothing() {
    let site = Site::new("[switch.leaf-01]\ndriver = \"noop\"\n");
    site.write("policy.toml", "version = 1\n");
    let service = site.start().await;
    let list = service.call(Method::ListSwitches, json!({})).await.unwrap();
    assert_eq!(list, json!({ "switches": [] }));
    let context = json!({ "binding_profile": links(&[("leaf-01", "swp1")]) });
    let error = service.call(Method::ReadPort, context).await.unwrap_err();
    assert_eq!(error.code, 1002);
}

#[tokio::test]
async fn the_service_is_busy_beyond_its_limit() {
    let hang = "[switch.leaf-01]\ndriver = \"chaos\"\nidle_vlan = 4000\noperation_timeout_ms = 60000\n\
                [switch.leaf-01.chaos]\ndriver = \"noop\"\nfaults = { read_hang = 1.0 }\n\
                [limits]\nconcurrent_requests = 1\nshutdown_ms = 100\n";
    let service = Site::new(hang).start().await;
    let context: Context = serde_json::from_value(
        json!({ "binding_profile": links(&[("leaf-01", "swp1")]), "timeout_ms": 5000 }),
    )
    .unwrap();
    let client = service.client();
    let ask = || client.call::<Value>(Method::ReadPort, &context);
    // One of them has the place and hangs; the other is told at once.
    let told = tokio::select! {
        one = ask() => one,
        other = ask() => other,
    };
    let Err(CallError::Rpc(busy)) = told else { panic!("{told:?}") };
    assert_eq!(busy.code, 1011);
    assert!(busy.data.unwrap().retryable);
}
