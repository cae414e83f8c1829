//! Every method doing what it is there for.

use rpc::Method;
use serde_json::{Value, json};

use crate::site::{Running, Site, lag, links, on_vlan};

async fn two_leaves() -> Running {
    let leaf = |name: &str| {
        format!("[switch.{name}]\ndriver = \"noop\"\nvlans = \"150,4000\"\nidle_vlan = 4000\n")
    };
    let pair = "[pair.leafs]\nswitches = [\"leaf-01\", \"leaf-02\"]\nlag_ids = \"1-9\"\nvxlan_vlans = \"1000-1009\"\n";
    let ids = "switch_ids = [\"52:54:00:00:00:01\"]\nflat_networks = { physnet1 = 150 }\n";
    Site::new(&format!("{}{ids}{}{pair}", leaf("leaf-01"), leaf("leaf-02"))).start().await
}

fn access(vlan: u16) -> Value {
    json!({ "mode": "access", "vlan": vlan })
}

/// Defines VLANs on both switches, as their VLAN database asks for.
async fn define(service: &Running, vlans: &[u16]) {
    for vlan in vlans {
        let context = json!({
            "network": { "network_type": "vlan", "segmentation_id": vlan },
            "switches": ["leaf-01", "leaf-02"],
        });
        service.call(Method::AddNetwork, context).await.unwrap();
    }
}

#[tokio::test]
async fn a_port_is_attached_updated_verified_and_detached() {
    let service = two_leaves().await;
    define(&service, &[100, 101]).await;
    let port = || links(&[("leaf-01", "swp1")]);

    let mut context = on_vlan(100, port());
    context["request_id"] = json!("req-1");
    context["user"] = json!("ironic");
    context["reason"] = json!("deploy");
    let answer = service.call(Method::AttachPort, context.clone()).await.unwrap();
    assert_eq!(answer["request_id"], "req-1");
    assert_eq!(answer["outcome"], "applied");
    assert_eq!(answer["save"], "pending");
    let link = &answer["links"][0];
    assert_eq!((&link["switch"], &link["port"]), (&json!("leaf-01"), &json!("swp1")));
    assert_eq!((&link["outcome"], &link["verified"]), (&json!("applied"), &json!(true)));
    assert_eq!(link["observed"]["vlans"], access(100));
    assert!(!link["changes"].as_array().unwrap().is_empty());
    assert!(!link["operations"].as_array().unwrap().is_empty());
    let change = answer["change_id"].as_str().unwrap();

    let begin = service.site.audit("begin").pop().unwrap();
    assert_eq!(begin["change"], change);
    assert_eq!((&begin["who"], &begin["user"]), (&json!("anonymous"), &json!("ironic")));
    assert_eq!((&begin["reason"], &begin["request_id"]), (&json!("deploy"), &json!("req-1")));

    let again = service.call(Method::AttachPort, context.clone()).await.unwrap();
    assert_eq!(again["outcome"], "unchanged");
    assert_eq!(again["links"][0]["outcome"], "already_so");
    assert_eq!(again.get("change_id"), None);

    let mut believed = on_vlan(100, port());
    believed["operation"] = json!("attach_port");
    let verified = service.call(Method::Verify, believed.clone()).await.unwrap();
    assert_eq!(verified["state"], "in_sync");

    let update = json!({ "port_config": { "description": "node 7" }, "binding_profile": port() });
    let updated = service.call(Method::UpdatePort, update).await.unwrap();
    assert_eq!(updated["links"][0]["observed"]["description"], "node 7");
    assert_eq!(service.port("leaf-01", "swp1").await["vlans"], access(100));

    service.call(Method::AttachPort, on_vlan(101, port())).await.unwrap();
    let verified = service.call(Method::Verify, believed).await.unwrap();
    assert_eq!(verified["state"], "differs");
    let difference = &verified["ports"][0]["differences"][0];
    assert_eq!(
        difference,
        &json!({ "member": "vlans", "wanted": "access 100", "observed": "access 101" })
    );

    let detach = json!({ "binding_profile": port() });
    service.call(Method::DetachPort, detach).await.unwrap();
    assert_eq!(service.port("leaf-01", "swp1").await["vlans"], access(4000));
}

#[tokio::test]
async fn a_trunk_and_a_flat_network() {
    let service = two_leaves().await;
    define(&service, &[100, 110, 111, 150]).await;
    let mut trunk = on_vlan(100, links(&[("leaf-01", "swp1")]));
    trunk["mode"] = json!("trunk");
    trunk["allowed_vlans"] = json!([110, "111"]);
    service.call(Method::AttachPort, trunk).await.unwrap();
    let carries = json!({ "mode": "trunk", "native": 100, "allowed": "110-111" });
    assert_eq!(service.port("leaf-01", "swp1").await["vlans"], carries);

    let flat = json!({
        "network": { "network_type": "flat", "physical_network": "physnet1" },
        "binding_profile": {
            "local_link_information": [{ "switch_id": "52-54-00-00-00-01", "port_id": "swp2" }],
        },
    });
    service.call(Method::AttachPort, flat).await.unwrap();
    assert_eq!(service.port("leaf-01", "swp2").await["vlans"], access(150));
}

#[tokio::test]
async fn a_lag_over_two_switches_is_made_and_removed() {
    let service = two_leaves().await;
    define(&service, &[100]).await;
    let both = [("leaf-01", "swp1"), ("leaf-02", "swp1")];
    let answer = service.call(Method::AttachPort, on_vlan(100, lag(&both))).await.unwrap();
    assert_eq!(answer["links"].as_array().unwrap().len(), 2);
    for (link, switch) in [(0, "leaf-01"), (1, "leaf-02")] {
        let link = &answer["links"][link];
        assert_eq!((&link["switch"], &link["verified"]), (&json!(switch), &json!(true)));
        assert!(link["lag"].is_string(), "{link}");
    }
    let context = json!({ "binding_profile": links(&both) });
    let read = service.call(Method::ReadPort, context).await.unwrap();
    let of = &read["ports"][1]["lag"];
    assert_eq!(of["settings"], json!({ "mode": "active", "pair": 1 }));
    assert_eq!(of["members"], json!(["swp1"]));
    assert_eq!(of["config"]["vlans"], access(100));

    let detach = json!({ "binding_profile": lag(&both) });
    service.call(Method::DetachPort, detach).await.unwrap();
    let context = json!({ "binding_profile": links(&both) });
    let read = service.call(Method::ReadPort, context).await.unwrap();
    for port in [0, 1] {
        assert_eq!(read["ports"][port].get("lag"), None);
        assert_eq!(read["ports"][port]["config"]["vlans"], access(4000));
    }
}

#[tokio::test]
async fn a_plan_shows_and_touches_nothing_and_is_applied_once() {
    let service = two_leaves().await;
    define(&service, &[100, 101]).await;
    let port = || links(&[("leaf-01", "swp1")]);
    let mut context = on_vlan(100, port());
    context["operation"] = json!("attach_port");
    let plan = service.call(Method::Plan, context).await.unwrap();
    assert_eq!(plan["empty"], false);
    let link = &plan["links"][0];
    assert_eq!(link["ports"], json!(["swp1"]));
    assert_eq!(
        link["diff"][0],
        json!({ "target": "port swp1", "member": "vlans", "from": "access 4000", "to": "access 100" })
    );
    assert_eq!(
        link["changes"].as_array().unwrap().len(),
        link["inverse"].as_array().unwrap().len()
    );
    assert_eq!(service.port("leaf-01", "swp1").await["vlans"], access(4000));

    let token = json!({ "plan_token": plan["plan_token"] });
    let applied = service.call(Method::Apply, token.clone()).await.unwrap();
    assert_eq!(applied["outcome"], "applied");
    assert_eq!(service.port("leaf-01", "swp1").await["vlans"], access(100));

    service.call(Method::AttachPort, on_vlan(101, port())).await.unwrap();
    let stale = service.call(Method::Apply, token).await.unwrap_err();
    assert_eq!(stale.code, 1005, "{stale}");
    assert_eq!(service.port("leaf-01", "swp1").await["vlans"], access(101));
}

#[tokio::test]
async fn switches_are_listed_resolved_and_saved() {
    let service = two_leaves().await;
    let list = service.call(Method::ListSwitches, json!({})).await.unwrap();
    let names: Vec<_> =
        list["switches"].as_array().unwrap().iter().map(|switch| &switch["name"]).collect();
    assert_eq!(names, [&json!("leaf-01"), &json!("leaf-02")]);
    let leaf = &list["switches"][0];
    assert_eq!((&leaf["driver"], &leaf["idle"]), (&json!("noop"), &json!("VLAN 4000")));
    assert_eq!(leaf["switch_ids"], json!(["52:54:00:00:00:01"]));
    assert_eq!((&leaf["connected"], &leaf["in_doubt"]), (&json!(false), &json!([])));
    assert_eq!(leaf["capabilities"]["lag"]["across_pair"], true);

    define(&service, &[100]).await;
    let list = service.call(Method::ListSwitches, json!({ "switches": ["leaf-02"] })).await;
    let list = list.unwrap();
    assert_eq!(list["switches"].as_array().unwrap().len(), 1);
    assert_eq!(list["switches"][0]["connected"], true);
    assert_eq!(list["switches"][0]["pending_save"]["changes"], 1);

    let flushed = service.call(Method::Flush, json!({})).await.unwrap();
    assert_eq!(
        flushed["switches"],
        json!([{ "switch": "leaf-01", "saved": true }, { "switch": "leaf-02", "saved": true }])
    );
    let list = service.call(Method::ListSwitches, json!({})).await.unwrap();
    assert_eq!(list["switches"][1].get("pending_save"), None);

    let context = json!({ "binding_profile": links(&[("leaf-01", "swp3")]) });
    let resolved = service.call(Method::ResolvePort, context).await.unwrap();
    let link = &resolved["links"][0];
    assert_eq!((&link["port"], &link["matched"]), (&json!("swp3"), &json!("name")));
    assert_eq!(link["given"], json!({ "switch_info": "leaf-01", "port_id": "swp3" }));
}

#[tokio::test]
async fn questions_are_answered() {
    let service = two_leaves().await;
    let types = service.call(Method::GetAllowedNetworkTypes, json!({})).await.unwrap();
    assert_eq!(types, json!({ "network_types": ["flat", "vlan", "vxlan"] }));
    let context = json!({ "binding_profile": links(&[("leaf-02", "swp1")]) });
    let types = service.call(Method::GetAllowedNetworkTypes, context.clone()).await.unwrap();
    assert_eq!(types, json!({ "network_types": ["vlan", "vxlan"] }));

    let mut other = context.clone();
    other["vnic_type"] = json!("direct");
    let supported = service.call(Method::IsPortSupported, context).await.unwrap();
    assert_eq!(supported, json!({ "supported": true, "problems": [] }));
    let supported = service.call(Method::IsPortSupported, other).await.unwrap();
    assert_eq!(
        supported,
        json!({ "supported": false, "problems": [
            "ports of vnic type `direct` are not supported, only `baremetal`"
        ] })
    );

    let valid = on_vlan(100, links(&[("leaf-01", "swp1")]));
    let valid = service.call(Method::IsLinkValid, valid).await.unwrap();
    assert_eq!(valid, json!({ "valid": true, "problems": [] }));
    let elsewhere = on_vlan(300, links(&[("leaf-01", "swp1")]));
    let answer = service.call(Method::IsLinkValid, elsewhere).await.unwrap();
    assert_eq!(answer["valid"], false);
    let problem = answer["problems"][0].as_str().unwrap();
    assert!(problem.contains("VLAN 300 is not in rule `rack-12`"), "{problem}");
}

#[tokio::test]
async fn a_network_is_defined_and_forgotten() {
    let service = two_leaves().await;
    let context = json!({
        "network": { "name": "blue", "network_type": "vlan", "segmentation_id": 120 },
        "switches": ["leaf-01"],
    });
    let added = service.call(Method::AddNetwork, context.clone()).await.unwrap();
    assert_eq!(added["outcome"], "applied");
    assert_eq!(added["links"][0].get("port"), None);
    let again = service.call(Method::AddNetwork, context.clone()).await.unwrap();
    assert_eq!(again["outcome"], "unchanged");
    let gone = service.call(Method::DeleteNetwork, context).await.unwrap();
    assert_eq!(gone["outcome"], "applied");
}

#[tokio::test]
async fn a_vxlan_has_the_same_vlan_on_both_switches() {
    let service = two_leaves().await;
    let vxlan = json!({ "name": "red", "network_type": "vxlan", "segmentation_id": 5001 });
    let both = [("leaf-01", "swp1"), ("leaf-02", "swp1")];
    let attach = json!({ "network": vxlan, "binding_profile": lag(&both) });
    let mut plan = attach.clone();
    plan["operation"] = json!("attach_port");
    let plan = service.call(Method::Plan, plan).await.unwrap();
    let want = json!({ "vni": 5001, "vlan": 1000 });
    assert_eq!(plan["links"][1]["vxlan"], want);
    let changes = &plan["links"][1]["changes"];
    assert_eq!(changes[0], "create VLAN 1000 named red");
    assert_eq!(changes[1], "map VLAN 1000 to VNI 5001");

    let answer = service.call(Method::AttachPort, attach.clone()).await.unwrap();
    for link in [0, 1] {
        assert_eq!(answer["links"][link]["vxlan"], want);
        assert_eq!(answer["links"][link]["observed"]["vlans"], access(1000));
    }
    let again = service.call(Method::AttachPort, attach).await.unwrap();
    assert_eq!((&again["outcome"], &again["links"][0]["vxlan"]), (&json!("unchanged"), &want));
    let context = json!({ "binding_profile": links(&both) });
    let read = service.call(Method::ReadPort, context).await.unwrap();
    assert_eq!(read["ports"][0]["vxlans"], json!([want]));
    let list = service.call(Method::ListSwitches, json!({})).await.unwrap();
    assert_eq!(list["switches"][0]["vxlan_vlans"], "1000-1009");
    assert_eq!(list["switches"][0]["create_vlans"], false);

    service.call(Method::DetachPort, json!({ "binding_profile": lag(&both) })).await.unwrap();
    let network = json!({ "network": vxlan, "switches": ["leaf-01", "leaf-02"] });
    let gone = service.call(Method::DeleteNetwork, network.clone()).await.unwrap();
    assert_eq!((&gone["outcome"], &gone["links"][0]["vxlan"]), (&json!("applied"), &want));
    let given = json!({
        "network": vxlan, "native_vlan": 150, "switches": ["leaf-01", "leaf-02"],
    });
    let added = service.call(Method::AddNetwork, given).await.unwrap();
    assert_eq!(added["links"][0]["changes"], json!(["map VLAN 150 to VNI 5001"]));
}

#[tokio::test]
async fn a_request_id_is_made_where_none_is_given() {
    let service = two_leaves().await;
    define(&service, &[100]).await;
    let answer = service
        .call(Method::AttachPort, on_vlan(100, links(&[("leaf-01", "swp1")])))
        .await
        .unwrap();
    assert!(answer["request_id"].as_str().unwrap().starts_with("req-"), "{answer}");
    let error = service
        .call(Method::AttachPort, on_vlan(300, links(&[("leaf-01", "swp1")])))
        .await
        .unwrap_err();
    assert!(error.data.unwrap().request_id.unwrap().starts_with("req-"));
}
