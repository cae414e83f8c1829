//! Reading, verifying, resolving, listing and saving.

use std::time::Duration;

use drivers::chaos::{Fault, Probability};
use model::{NetworkType, VlanMode};
use switch::{
    ChangeRequest, ErrorClass, MatchKind, NetworkWish, SaveSettings, Verdict, WorkerSettings,
};

use crate::rig::{Make, Rig, attach, attach_lag, ops, origin, vlan};

const PORT: [(&str, &str); 1] = [("leaf-01", "swp1")];

#[tokio::test]
async fn a_port_is_in_sync_differs_or_unknown() {
    let rig = Rig::new();
    let belief = attach(&PORT, 100);
    rig.service.change(belief.clone(), ops()).await.unwrap();
    assert_eq!(rig.service.verify(&belief, &ops()).await.unwrap()[0].verdict, Verdict::InSync);

    rig.handle("leaf-01").edit(|state| {
        let port = state.ports.get_mut(&"swp1".parse().unwrap()).unwrap();
        port.config.vlans = Some(VlanMode::access(vlan(666)));
    });
    let verdict = rig.service.verify(&belief, &ops()).await.unwrap().remove(0);
    assert_eq!(verdict.verdict, Verdict::Differs);
    assert_eq!(
        verdict.differences[0].to_string(),
        "vlans of port swp1 is access 666 instead of access 100"
    );

    rig.chaos("leaf-01").set(Fault::ReadDisconnect, Probability::ALWAYS).unwrap();
    let verdict = rig.service.verify(&belief, &ops()).await.unwrap().remove(0);
    assert_eq!(verdict.verdict, Verdict::Unknown);
    assert!(verdict.reason.is_some());
}

#[tokio::test]
async fn a_member_is_read_with_its_lag() {
    let rig = Rig::new();
    let two = [("leaf-01", "swp1"), ("leaf-01", "swp2")];
    rig.service.change(attach_lag(&two, 100, Some("bond-h1")), ops()).await.unwrap();
    let links = attach(&[("leaf-02", "swp1"), ("leaf-01", "swp2"), ("leaf-01", "swp1")], 1).links;
    let readings = rig.service.read(&links, &ops()).await.unwrap();
    let order: Vec<_> = readings.iter().map(|r| (r.switch.as_str(), r.port.as_str())).collect();
    assert_eq!(order, [("leaf-02", "swp1"), ("leaf-01", "swp2"), ("leaf-01", "swp1")]);
    let links = attach(&two, 1).links;
    let readings = rig.service.read(&links, &ops()).await.unwrap();
    assert_eq!(readings[0].config.vlans, Some(VlanMode::access(vlan(100))));
    assert_eq!(readings[0].lag.as_ref().unwrap().0.as_str(), "bond-h1");
    let error = rig.service.read(&links, &origin("bob")).await.unwrap_err();
    assert_eq!(error.class(), ErrorClass::RefusedByPolicy);
}

#[tokio::test]
async fn links_are_resolved_by_name_and_mac_of_the_switch() {
    let rig = Rig::new();
    let links = attach(&[("00:53:00:00:00:02", "swp3"), ("leaf-01", "swp99")], 1).links;
    let found = rig.service.resolve(&links, &ops()).await.unwrap();
    assert_eq!(found[0].switch.as_str(), "leaf-02");
    let matched = found[0].port.as_ref().unwrap();
    assert_eq!((matched.port.as_str(), matched.matched), ("swp3", MatchKind::Name));
    assert!(found[1].port.is_none() && found[1].candidates.is_empty());
}

#[tokio::test]
async fn a_list_shows_what_the_caller_may_read() {
    let rig = Rig::new();
    let names = |caller: &str| {
        let list = rig.service.list(&[], &origin(caller)).unwrap();
        list.iter().map(|reading| reading.switch.name().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("ops"), ["leaf-01", "leaf-02"]);
    assert_eq!(names("ironic"), ["leaf-01"]);
    assert_eq!(names("bob"), Vec::<String>::new());
    let types = rig.service.network_types(&attach(&PORT, 1).links).unwrap();
    let all = [NetworkType::Flat, NetworkType::Vlan, NetworkType::Vxlan];
    assert_eq!(types.into_iter().collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn problems_are_named_without_asking_the_switch() {
    let rig = Rig::new();
    assert_eq!(rig.service.problems(&attach(&PORT, 100), &ops()), Vec::<String>::new());
    let problems = rig.service.problems(&attach(&PORT, 300), &origin("ironic"));
    assert!(problems[0].contains("not in rule `rack-12`"), "{problems:?}");
    assert_eq!(rig.handle("leaf-01").sessions(), 0);
}

#[tokio::test]
async fn a_flat_network_is_the_declared_vlan() {
    let rig = Rig::new();
    let flat = |physnet: Option<&str>| ChangeRequest {
        network: NetworkWish {
            network_type: Some(NetworkType::Flat),
            physical_network: physnet.map(|name| name.parse().unwrap()),
            ..NetworkWish::default()
        },
        ..attach(&PORT, 1)
    };
    rig.service.change(flat(Some("physnet1")), ops()).await.unwrap();
    assert_eq!(rig.port("leaf-01", "swp1"), "access 7");
    let error = rig.service.change(flat(Some("physnet9")), ops()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "physical_network: `leaf-01` is not on `physnet9` (it is on: physnet1)"
    );
}

#[tokio::test]
async fn saving_waits_for_quiet_or_for_a_flush() {
    let save = SaveSettings {
        quiet: Duration::from_millis(50),
        max_age: Duration::from_secs(60),
        max_changes: 100,
    };
    let rig =
        Make { worker: WorkerSettings { save, ..WorkerSettings::default() }, ..Make::default() }
            .build();
    rig.service.change(attach(&PORT, 100), ops()).await.unwrap();
    let pending = |rig: &Rig| rig.service.list(&[], &ops()).unwrap()[0].status.pending_save.clone();
    let saved = || async {
        let limit = tokio::time::Instant::now() + Duration::from_secs(10);
        while pending(&rig).is_some() {
            assert!(tokio::time::Instant::now() < limit, "not saved by itself");
            tokio::task::yield_now().await;
        }
    };
    saved().await;
    assert_eq!(rig.handle("leaf-01").saves(), 1);

    rig.service.change(attach(&PORT, 101), ops()).await.unwrap();
    rig.service.change(attach(&PORT, 102), ops()).await.unwrap();
    let flushed = rig.service.flush(&["leaf-01".parse().unwrap()], &ops()).await.unwrap();
    assert_eq!(flushed[0].saved, Ok(true));
    assert_eq!(rig.handle("leaf-01").saves(), 2);
    assert_eq!(rig.handle("leaf-01").saved(), rig.handle("leaf-01").state());
    let refused = rig.service.flush(&["leaf-01".parse().unwrap()], &origin("ironic")).await;
    assert_eq!(refused.unwrap_err().class(), ErrorClass::RefusedByPolicy);
}

#[tokio::test]
async fn a_save_that_fails_stays_visible_and_is_tried_again() {
    let rig = Rig::new();
    rig.service.change(attach(&PORT, 100), ops()).await.unwrap();
    rig.chaos("leaf-01").set(Fault::SaveRefuse, Probability::ALWAYS).unwrap();
    let flushed = rig.service.flush(&[], &ops()).await.unwrap();
    assert!(flushed[0].saved.is_err());
    let status = rig.service.list(&[], &ops()).unwrap()[0].status.clone();
    assert!(status.pending_save.unwrap().failed.is_some());
    rig.chaos("leaf-01").calm();
    assert_eq!(rig.service.flush(&[], &ops()).await.unwrap()[0].saved, Ok(true));
}
