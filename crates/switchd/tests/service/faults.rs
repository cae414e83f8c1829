//! Switches that misbehave: each call ends in time with a clear error, and the port is as it was.

use std::time::Instant;

use rpc::{Method, RpcError};
use rstest::rstest;
use serde_json::json;

use crate::site::{PATIENCE, Running, Site, links, on_vlan};

/// `leaf-01` misbehaves as told when it is changed, and `leaf-02` does not.
async fn leaves(faults: &str) -> Running {
    let common = "detach = \"closed\"\noperation_timeout_ms = 300\n";
    let good = format!("[switch.leaf-02]\ndriver = \"noop\"\n{common}");
    let bad = format!(
        "[switch.leaf-01]\ndriver = \"chaos\"\n{common}\
         [switch.leaf-01.chaos]\ndriver = \"noop\"\nfaults = {{ {faults} }}\n"
    );
    Site::new(&format!("{good}{bad}")).start().await
}

async fn attach(service: &Running) -> RpcError {
    let both = [("leaf-02", "swp1"), ("leaf-01", "swp1")];
    let mut context = json!({ "port_config": { "description": "node 7" } });
    context["binding_profile"] = links(&both);
    let begun = Instant::now();
    let outcome = service.call(Method::UpdatePort, context).await;
    assert!(begun.elapsed() < PATIENCE / 2, "{:?}", begun.elapsed());
    outcome.unwrap_err()
}

#[rstest]
#[case("refuse_batch = 1.0", 1006)]
#[case("refuse_work = 1.0", 1006)]
#[case("nonsense_before = 1.0", 1006)]
#[case("disconnect_before = 1.0", 1007)]
#[case("hang_before = 1.0", 1008)]
#[case("lie_nothing = 1.0", 1010)]
#[tokio::test]
async fn both_ports_are_as_they_were(#[case] faults: &str, #[case] code: i32) {
    let service = leaves(faults).await;
    let error = attach(&service).await;
    assert_eq!(error.code, code, "{error}");
    let data = error.data.unwrap();
    assert_eq!(data.links.len(), 2, "{data:?}");
    for leaf in ["leaf-01", "leaf-02"] {
        let config = service.port(leaf, "swp1").await;
        assert_ne!(config["description"], "node 7", "{leaf}");
    }
    let end = service.site.audit("end").pop().unwrap();
    assert_ne!(end["outcome"], "done", "{end}");
}

#[tokio::test]
async fn a_switch_that_cannot_be_reached_is_said_so() {
    let service = leaves("unreachable = 1.0").await;
    let error = attach(&service).await;
    assert_eq!(error.code, 1007, "{error}");
    assert!(error.data.unwrap().retryable);
    assert_ne!(service.port("leaf-02", "swp1").await["description"], "node 7");
    assert!(service.site.audit("begin").is_empty(), "nothing was begun");

    let mut believed = on_vlan(100, links(&[("leaf-01", "swp1")]));
    believed["operation"] = json!("attach_port");
    let verified = service.call(Method::Verify, believed).await.unwrap();
    assert_eq!(verified["state"], "unknown");
    assert!(verified["ports"][0]["reason"].is_string(), "{verified}");
}
