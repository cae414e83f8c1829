//! VLANs that have to be defined, and VXLANs that VLANs stand for.

use std::sync::Arc;

use rstest::rstest;
use switch::{
    ChangeRequest, ErrorClass, NetworkWish, Operation, PortMode, SafeState, Verdict, Vxlan, audit,
};

use crate::rig::{
    IDLE, Make, attach, attach_lag, background, detach, network, ops, origin, request, vlan, vxlan,
};

const PORT: [(&str, &str); 1] = [("leaf-01", "swp1")];
const BOTH: [(&str, &str); 2] = [("leaf-01", "swp1"), ("leaf-02", "swp1")];
const LEAVES: [&str; 2] = ["leaf-01", "leaf-02"];

/// A trunk of VLAN 100 and these.
fn trunk(allowed: &str) -> ChangeRequest {
    ChangeRequest {
        network: NetworkWish {
            segmentation_id: Some(100),
            name: Some("blue".to_owned()),
            mode: PortMode::Trunk,
            allowed: allowed.parse().unwrap(),
            ..NetworkWish::default()
        },
        ..request(Operation::AttachPort, &PORT)
    }
}

fn make(vlans: &str) -> Make {
    Make { vlans: vlans.parse().unwrap(), ..Make::default() }
}

/// Switches with VLANs 1000 to 1002 for VXLANs.
fn overlay() -> Make {
    Make { vxlan_vlans: Some("1000-1002".parse().unwrap()), ..make("1-999,4094") }
}

#[rstest]
#[case(attach(&PORT, 300), "VLAN 300 is not defined on `leaf-01`")]
#[case(trunk("200-202"), "VLANs 200,202 are not defined on `leaf-01`")]
#[case(attach_lag(&[("leaf-01", "swp1"), ("leaf-01", "swp2")], 300, None), "VLAN 300 is not defined on `leaf-01`")]
#[tokio::test]
async fn a_vlan_that_is_not_defined_is_refused_before_anything_is_sent(
    #[case] request: ChangeRequest,
    #[case] want: &str,
) {
    let rig = make("100,201,4094").build();
    let planned = rig.service.plan(request.clone(), &ops()).await.unwrap_err();
    let verdicts = rig.service.verify(&request, &ops()).await.unwrap();
    let error = rig.service.change(request, ops()).await.unwrap_err();
    assert_eq!((error.class(), error.to_string().as_str()), (ErrorClass::Conflict, want));
    assert_eq!(planned.to_string(), want);
    assert_eq!(verdicts[0].verdict, Verdict::Differs);
    assert_eq!(
        error.hint().unwrap(),
        "`add_network` defines a VLAN; with `create_vlans = true` in `[switch.leaf-01]` the \
         service defines those that it needs"
    );
    assert_eq!(rig.handle("leaf-01").works(), 0);
    assert_eq!(rig.port("leaf-01", "swp1"), "access 4094");
    assert_eq!(audit::verify([rig.audit_file()]).unwrap().records, 0);
}

#[tokio::test]
async fn an_idle_vlan_has_to_be_defined_too() {
    let rig = make("100").build();
    let error = rig.service.change(detach(&PORT), ops()).await.unwrap_err();
    assert_eq!(error.to_string(), "VLAN 4094 is not defined on `leaf-01`");
    let other = ChangeRequest {
        network: NetworkWish { native: Some(vlan(IDLE)), ..NetworkWish::default() },
        ..detach(&PORT)
    };
    let shut = Make { safe: SafeState::Shut(Some(vlan(9))), ..make("100") }.build();
    let error = shut.service.change(detach(&PORT), ops()).await.unwrap_err();
    assert_eq!(error.to_string(), "VLAN 9 is not defined on `leaf-01`");
    let error = shut.service.change(other, ops()).await.unwrap_err();
    assert_eq!(error.to_string(), "VLAN 4094 is not defined on `leaf-01`");
    let closed = Make { safe: SafeState::Closed, ..make("") }.build();
    closed.service.change(detach(&PORT), ops()).await.unwrap();

    let creates = Make { create_vlans: true, ..make("100") }.build();
    creates.service.change(attach(&PORT, 100), ops()).await.unwrap();
    let report = creates.service.change(detach(&PORT), ops()).await.unwrap();
    assert_eq!(report.links[0].changes, ["set port swp1 from access 100 to access 4094"]);
    assert_eq!(creates.vlans("leaf-01"), "4094");
}

#[tokio::test]
async fn vlans_are_defined_in_the_same_plan_where_that_is_wanted() {
    let rig = Make { create_vlans: true, ..make("201,4094") }.build();
    let plan = rig.service.plan(trunk("200-202"), &ops()).await.unwrap();
    assert_eq!(
        plan.legs[0].changes,
        [
            "create VLAN 100 named blue",
            "create VLAN 200",
            "create VLAN 202",
            "set port swp1 from access 4094 to trunk native 100 allowed 200-202"
        ]
    );
    rig.service.apply(&plan.token, ops()).await.unwrap();
    assert_eq!(rig.vlans("leaf-01"), "100 blue, 200, 202");
    // Nothing is deleted by itself.
    rig.service.change(detach(&PORT), ops()).await.unwrap();
    assert_eq!(rig.vlans("leaf-01"), "100 blue, 200, 202");
}

#[tokio::test]
async fn ports_that_need_the_same_new_vlan_at_once_all_get_it() {
    let rig = Make { create_vlans: true, ..make("4094") }.build();
    let changes: Vec<_> = (1..=8)
        .map(|n| {
            let service = Arc::clone(&rig.service);
            let wish = attach(&[("leaf-01", &format!("swp{n}"))], 100);
            background(async move { service.change(wish, ops()).await })
        })
        .collect();
    let mut created = 0;
    for change in changes {
        change.await.unwrap().unwrap();
        created += 1;
    }
    assert_eq!(created, 8);
    assert_eq!(rig.vlans("leaf-01"), "100");
    for n in 1..=8 {
        assert_eq!(rig.port("leaf-01", &format!("swp{n}")), "access 100");
    }
}

#[tokio::test]
async fn a_vxlan_gets_the_same_free_vlan_on_both_switches_of_a_pair() {
    let rig = overlay().build();
    rig.handle("leaf-02").edit(|state| {
        state.vlans.insert(vlan(1000), switch::VlanState::default());
    });
    let report = rig.service.change(vxlan(attach_lag(&BOTH, 0, None), 5001), ops()).await.unwrap();
    let want = Vxlan { vni: model::Vni::new(5001).unwrap(), vlan: vlan(1001) };
    assert!(report.links.iter().all(|link| link.vxlan == Some(want)));
    assert_eq!(rig.vlans("leaf-01"), "1001=5001");
    assert_eq!(rig.vlans("leaf-02"), "1000, 1001=5001");
    assert_eq!(rig.port("leaf-01", "swp1"), "access 1001 in lag-swp1");

    // One switch of the pair alone takes what the other has, and what is free there too.
    let second = |vni| vxlan(attach(&[("leaf-01", "swp2")], 0), vni);
    rig.service.change(second(5001), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp2"), "access 1001");
    let report = rig.service.change(second(5002), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp2"), "access 1002", "1000 is free here and not on its pair");
    assert_eq!(report.links[0].vxlan.unwrap().vlan, vlan(1002));
    rig.service.change(vxlan(attach(&[("leaf-02", "swp2")], 0), 5002), ops()).await.unwrap();
    assert_eq!(rig.vlans("leaf-02"), "1000, 1001=5001, 1002=5002");

    let error = rig.service.change(second(5003), ops()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "every VLAN of `vxlan_vlans` (1000-1002) is defined on `leaf-01` or `leaf-02`"
    );

    let read = rig.service.read(&attach(&[("leaf-01", "swp2")], 1).links, &ops()).await.unwrap();
    let vni = model::Vni::new(5002).unwrap();
    assert_eq!(read[0].vxlans, [Vxlan { vni, vlan: vlan(1002) }]);
    // Detaching takes no mapping away; deleting the network does.
    let all = [("leaf-01", "swp1"), ("leaf-02", "swp1"), ("leaf-01", "swp2"), ("leaf-02", "swp2")];
    rig.service.change(detach(&all), ops()).await.unwrap();
    assert_eq!(rig.vlans("leaf-01"), "1001=5001, 1002=5002");
    let delete = vxlan(network(Operation::DeleteNetwork, &LEAVES), 5001);
    let report = rig.service.change(delete.clone(), ops()).await.unwrap();
    assert_eq!(report.links[0].changes, ["take VLAN 1001 off VNI 5001", "delete VLAN 1001"]);
    assert_eq!(report.links[0].vxlan, Some(want));
    assert_eq!(rig.vlans("leaf-01"), "1002=5002");
    let again = rig.service.change(delete, ops()).await.unwrap();
    assert!(again.change.is_none() && again.links[0].vxlan.is_none());
}

#[tokio::test]
async fn a_network_is_mapped_to_a_vlan_that_is_given_or_chosen() {
    let rig = overlay().build();
    let add = |vni, native: Option<u16>| {
        let mut add = vxlan(network(Operation::AddNetwork, &LEAVES), vni);
        add.network.name = Some("blue".to_owned());
        add.network.native = native.map(vlan);
        add
    };
    let report = rig.service.change(add(5001, None), ops()).await.unwrap();
    assert_eq!(
        report.links[1].changes,
        ["create VLAN 1000 named blue", "map VLAN 1000 to VNI 5001"]
    );
    assert_eq!(report.links[1].vxlan.unwrap().vlan, vlan(1000));
    let report = rig.service.change(add(5002, Some(500)), ops()).await.unwrap();
    assert_eq!(report.links[0].changes, ["map VLAN 500 to VNI 5002"]);
    let again = rig.service.change(add(5002, None), ops()).await.unwrap();
    assert!(again.change.is_none());
    assert_eq!(again.links[0].vxlan.unwrap().vlan, vlan(500));
    let verdicts = rig.service.verify(&add(5002, None), &ops()).await.unwrap();
    assert!(verdicts.iter().all(|verdict| verdict.verdict == Verdict::InSync));
    let verdicts = rig.service.verify(&add(5003, Some(501)), &ops()).await.unwrap();
    assert_eq!(
        verdicts[0].differences[0].to_string(),
        "VNI of VLAN 501 is not set instead of 5003"
    );

    let error = rig.service.change(add(5003, Some(500)), ops()).await.unwrap_err();
    assert_eq!(error.to_string(), "VLAN 500 on `leaf-01` is mapped to VNI 5002, not to 5003");
    let error = rig.service.change(add(5002, Some(501)), ops()).await.unwrap_err();
    assert_eq!(error.to_string(), "VNI 5002 is VLAN 500 on `leaf-01`, not VLAN 501");
    let plain = ChangeRequest {
        network: NetworkWish { segmentation_id: Some(500), ..NetworkWish::default() },
        ..network(Operation::DeleteNetwork, &LEAVES)
    };
    let error = rig.service.change(plain, ops()).await.unwrap_err();
    assert_eq!(error.to_string(), "VLAN 500 on `leaf-01` is mapped to VNI 5002");
    assert_eq!(error.hint().unwrap(), "delete the `vxlan` network 5002");
}

#[rstest]
#[case::no_range(make("1-4094"), vxlan(attach(&PORT, 0), 5001), "VNI 5001 is mapped to no VLAN on `leaf-01`")]
#[case::outside(
    overlay(),
    ChangeRequest {
        network: NetworkWish { native: Some(vlan(500)), ..vxlan(attach(&PORT, 0), 5001).network },
        ..attach(&PORT, 0)
    },
    "native_vlan: VLAN 500 is not in `vxlan_vlans`, from which VLANs are mapped to VNIs (1000-1002)"
)]
#[case::not_allowed(
    overlay(), vxlan(attach(&PORT, 0), 6000),
    "port `swp1` on `leaf-01` refused: VNI 6000 is not in rule `all` (allowed: 5000-5999)"
)]
#[case::add(
    overlay(), vxlan(network(Operation::AddNetwork, &LEAVES), 6000),
    "`leaf-01` refused: VNI 6000 is not in rule `all` (allowed: 5000-5999)"
)]
#[case::delete(
    overlay(), vxlan(network(Operation::DeleteNetwork, &LEAVES), 6000),
    "`leaf-01` refused: VNI 6000 is not in rule `all` (allowed: 5000-5999)"
)]
#[tokio::test]
async fn a_vxlan_is_refused(
    #[case] make: Make,
    #[case] request: ChangeRequest,
    #[case] want: &str,
) {
    let rig = make.build();
    let error = rig.service.change(request, ops()).await.unwrap_err();
    assert_eq!(error.to_string(), want);
    assert_eq!(rig.handle("leaf-01").works(), 0);
}

#[tokio::test]
async fn a_caller_without_vnis_reaches_no_vxlan() {
    let rig = overlay().build();
    rig.service.change(vxlan(attach(&PORT, 0), 5001), ops()).await.unwrap();
    let error =
        rig.service.change(vxlan(attach(&PORT, 0), 5001), origin("ironic")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "port `swp1` on `leaf-01` refused: VNI 5001 is not in rule `rack-12` (allowed: none)"
    );
}

#[tokio::test]
async fn vxlans_at_the_same_time_get_different_vlans_and_one_vxlan_gets_one() {
    let rig = overlay().build();
    let changes: Vec<_> = (1..=8)
        .map(|n: u32| {
            let service = Arc::clone(&rig.service);
            // Each VXLAN from both switches, whose choices have to agree.
            let (switch, vni) = (LEAVES[(n % 2) as usize], 5001 + n % 3);
            let wish = vxlan(attach(&[(switch, &format!("swp{n}"))], 0), vni);
            background(async move { service.change(wish, ops()).await.map(|r| (vni, r)) })
        })
        .collect();
    let mut seen = std::collections::BTreeMap::new();
    for change in changes {
        let (vni, report) = change.await.unwrap().unwrap();
        let vlan = report.links[0].vxlan.unwrap().vlan;
        assert_eq!(*seen.entry(vni).or_insert(vlan), vlan, "VNI {vni}");
    }
    let vlans: std::collections::BTreeSet<_> = seen.values().collect();
    assert_eq!((seen.len(), vlans.len()), (3, 3));
}

#[tokio::test]
async fn what_is_mapped_is_used_without_a_range_if_the_switch_allows_it() {
    let allowed: model::VlanSet = "50,4094".parse().unwrap();
    let rig = Make { allowed_vlans: Some(allowed), ..Make::default() }.build();
    let map = |id: u16, vni: u32| {
        for switch in LEAVES {
            rig.handle(switch).edit(|state| {
                let vni = model::Vni::new(vni).ok();
                state.vlans.insert(vlan(id), switch::VlanState { name: None, vni });
            });
        }
    };
    map(50, 5001);
    map(51, 5002);
    rig.service.change(vxlan(attach_lag(&BOTH, 0, None), 5001), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-02", "swp1"), "access 50 in lag-swp1");
    let other = vxlan(attach_lag(&BOTH, 0, None), 5002);
    let error = rig.service.change(other, ops()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`leaf-01` refused: VLAN 51 is not in `allowed_vlans` of the switch (allowed: 50,4094)"
    );
    assert_eq!(rig.audit("refused"), 1);
}
