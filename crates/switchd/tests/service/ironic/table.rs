//! The table without HTTP, on switches that are watched from behind.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use drivers::noop::{NoopDriver, NoopHandle, NoopSettings};
use rpc::auth::Caller;
use serde_json::{Value, json};
use switch::{
    Capabilities, Inventory, SafeState, Service, State, SwitchSettings, WorkerSettings,
    audit::{AuditLog, AuditOptions},
    policy::Policy,
};
use switchd::{
    config::{Ironic, Limits, UnknownSwitch},
    http::{Calls, Reply, Table as _},
    ironic::IronicTable,
};
use tempfile::TempDir;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use super::talk::{POLICY, call, reset, update};

/// A table over `tor-a`.
pub(super) struct Bench {
    table: Arc<IronicTable>,
    pub(super) tor: NoopHandle,
    _folder: TempDir,
}

impl Bench {
    pub(super) fn new(change: impl FnOnce(&mut Capabilities)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tasks = TaskTracker::new();
        let mut settings = NoopSettings::default();
        change(&mut settings.capabilities);
        let driver = NoopDriver::new(settings);
        let tor = driver.handle();
        let settings = SwitchSettings {
            name: "tor-a".parse().unwrap(),
            switch_ids: ["00:53:00:0a:0a:01".parse().unwrap()].into(),
            driver: Arc::new(driver),
            safe: SafeState::Idle("10".parse().unwrap()),
            allowed_vlans: None,
            allowed_ports: None,
            physical_networks: [].into(),
            flat_networks: BTreeMap::new(),
            lag_ids: None,
            create_vlans: false,
            vxlan_vlans: None,
            worker: WorkerSettings::default(),
            fingerprint: String::new(),
        };
        let inventory =
            Inventory::new(vec![settings], Vec::new(), &Inventory::default(), &tasks).unwrap();
        let state = State { policy: Policy::parse(POLICY).unwrap(), inventory };
        let audit = AuditLog::open(folder.path().join("audit.jsonl"), AuditOptions::default());
        let service =
            Service::new(state, folder.path().join("locks"), audit.unwrap(), tasks.clone());
        let limits = Limits {
            body_bytes: 1 << 20,
            batch: 1,
            connections: 1,
            failed_logins_per_minute: 30,
            concurrent_requests: 64,
            receive_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(60),
            queue_per_switch: 1024,
            shutdown: Duration::ZERO,
        };
        let ironic = Ironic {
            unknown_switch: UnknownSwitch::SwitchNotFound,
            timeout: Duration::from_secs(20),
        };
        let calls = Calls::new(&limits, tasks);
        let table = IronicTable::new(Arc::new(service.unwrap()), ironic, calls);
        Self { table: Arc::new(table), tor, _folder: folder }
    }

    pub(super) async fn answer(&self, body: &[u8]) -> Reply {
        self.table.answer(&Caller::anonymous(), body).await
    }

    async fn result(&self, method: &str, params: Value) -> Value {
        let reply = self.answer(call(method, params).to_string().as_bytes()).await;
        let answer: Value = serde_json::from_slice(&reply.json.unwrap()).unwrap();
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    fn description(&self, port: &str) -> Option<String> {
        self.tor.state().ports[&port.parse().unwrap()].config.description.clone()
    }
}

#[tokio::test]
async fn a_description_is_written_where_the_switch_has_a_place_for_it() {
    let with = Bench::new(|_| {});
    with.result("update_port", update(json!({}))).await;
    assert_eq!(with.description("Ethernet1/1").as_deref(), Some("probe"));

    let without = Bench::new(|can| can.description = false);
    let got = without.result("update_port", update(json!({}))).await;
    assert_eq!(got["description"], "probe");
    assert_eq!(without.description("Ethernet1/1"), None);
    assert_eq!(without.tor.works(), 1);
}

#[tokio::test]
async fn faults_3_and_4_all_calls_to_a_switch_share_one_session() {
    let bench = Arc::new(Bench::new(|_| {}));
    let mut callers = JoinSet::new();
    for number in 1..=32_u16 {
        let bench = Arc::clone(&bench);
        callers.spawn(async move {
            // Four callers for each port, so that some have to wait for others.
            let port = format!("Ethernet1/{}", number % 7 + 1);
            let instead = json!({ "port_name": port, "native_vlan": 100 + number });
            bench.result("update_port", update(instead)).await;
        });
    }
    callers.join_all().await;
    assert_eq!((bench.tor.sessions(), bench.tor.open_sessions()), (1, 1));
}

#[tokio::test]
async fn fault_10_what_is_so_already_is_left_alone() {
    let bench = Bench::new(|_| {});
    for _ in 0..3 {
        bench.result("update_port", update(json!({}))).await;
        assert_eq!(bench.tor.works(), 1);
    }
    bench.result("reset_port", reset(json!({}))).await;
    // A reset for a VLAN that the port is not in, as a conductor sends it.
    bench.result("reset_port", reset(json!({ "native_vlan": 40 }))).await;
    assert_eq!(bench.tor.works(), 2);
}
