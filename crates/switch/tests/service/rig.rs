//! Two switches in memory behind a service, with a policy, an audit log and a lock directory.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use drivers::{
    chaos::{ChaosDriver, ChaosHandle, ChaosSettings},
    noop::{NoopDriver, NoopHandle, NoopPorts, NoopSettings},
};
use model::{LinkInformation, NetworkType, PortConfig, SwitchPort, Vlan, VlanMode, VlanSet};
use switch::{
    Atomicity, ChangeRequest, Driver, Inventory, LagIds, LagNaming, LagWish, Members, NetworkWish,
    Operation, Origin, Pair, SafeState, Service, State, SwitchSettings, WorkerSettings,
    audit::{AuditLog, AuditOptions},
    policy::Policy,
};
use tempfile::TempDir;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub(crate) const SWITCHES: [&str; 2] = ["leaf-01", "leaf-02"];
pub(crate) const IDLE: u16 = 4094;

const POLICY: &str = r#"
version = 1
[[protected]]
name = "uplinks"
switches = ["*"]
ports = ["uplink*"]
[[rule]]
name = "all"
callers = ["ops"]
verbs = "*"
switches = ["*"]
ports = ["*"]
vlans = "1-4094"
vnis = "5000-5999"
[[rule]]
name = "rack-12"
callers = ["ironic"]
verbs = ["attach", "detach", "read"]
switches = ["leaf-01"]
ports = ["swp[1-4]"]
vlans = "100-199"
"#;

/// What the two switches are like.
pub(crate) struct Make {
    pub(crate) atomicity: Atomicity,
    pub(crate) numbered: bool,
    pub(crate) safe: SafeState,
    pub(crate) worker: WorkerSettings,
    pub(crate) seed: u64,
    /// The VLANs that are defined at first.
    pub(crate) vlans: VlanSet,
    pub(crate) create_vlans: bool,
    /// The VLANs for VXLANs, of each switch.
    pub(crate) vxlan_vlans: Option<VlanSet>,
    pub(crate) allowed_vlans: Option<VlanSet>,
    /// The numbers of the pair.
    pub(crate) pair_ids: LagIds,
}

impl Default for Make {
    fn default() -> Self {
        Self {
            atomicity: Atomicity::Transaction,
            numbered: false,
            safe: SafeState::Idle(vlan(IDLE)),
            worker: WorkerSettings {
                operation_timeout: Duration::from_secs(1),
                ..WorkerSettings::default()
            },
            seed: 1,
            vlans: VlanSet::all(),
            create_vlans: false,
            vxlan_vlans: None,
            allowed_vlans: None,
            pair_ids: LagIds { first: 20, last: 21 },
        }
    }
}

pub(crate) struct Rig {
    pub(crate) service: Arc<Service>,
    pub(crate) switches: BTreeMap<&'static str, (NoopHandle, ChaosHandle)>,
    pub(crate) directory: TempDir,
}

impl Make {
    pub(crate) fn build(self) -> Rig {
        let directory = tempfile::tempdir().unwrap();
        let tasks = TaskTracker::new();
        let mut switches = BTreeMap::new();
        let mut settings = Vec::new();
        for (number, name) in SWITCHES.into_iter().enumerate() {
            let mut capabilities = NoopSettings::full_capabilities();
            capabilities.atomicity = self.atomicity;
            if let (true, Some(lag)) = (self.numbered, &mut capabilities.lag) {
                lag.naming = LagNaming::Numbered { prefix: "Port-Channel".to_owned() };
            }
            let ports = (1..=8).map(|n| format!("swp{n}")).chain(["uplink1".to_owned()]);
            let noop = NoopDriver::new(NoopSettings {
                ports: NoopPorts::These(ports.map(|port| port.parse().unwrap()).collect()),
                initial: VlanMode::access(vlan(IDLE)),
                capabilities,
                vlans: self.vlans.clone(),
                ..NoopSettings::default()
            });
            let handle = noop.handle();
            let seed = self.seed * 2 + u64::try_from(number).unwrap();
            let chaos = ChaosDriver::new(Arc::new(noop), ChaosSettings::new(seed)).unwrap();
            switches.insert(name, (handle, chaos.handle()));
            settings.push(SwitchSettings {
                name: name.parse().unwrap(),
                switch_ids: [format!("00:53:00:00:00:0{}", number + 1).parse().unwrap()].into(),
                driver: Arc::new(chaos) as Arc<dyn Driver>,
                safe: self.safe,
                allowed_vlans: self.allowed_vlans.clone(),
                allowed_ports: None,
                physical_networks: ["physnet1".parse().unwrap()].into(),
                flat_networks: [("physnet1".parse().unwrap(), vlan(7))].into(),
                lag_ids: Some(LagIds { first: 10, last: 12 }),
                create_vlans: self.create_vlans,
                vxlan_vlans: self.vxlan_vlans.clone(),
                worker: self.worker.clone(),
                fingerprint: name.to_owned(),
            });
        }
        let pair = Pair {
            name: "rack-1".to_owned(),
            switches: SWITCHES.iter().map(|name| name.parse().unwrap()).collect(),
            lag_ids: Some(self.pair_ids),
            vxlan_vlans: None,
        };
        let inventory =
            Inventory::new(settings, vec![pair], &Inventory::default(), &tasks).unwrap();
        let state = State { policy: Policy::parse(POLICY).unwrap(), inventory };
        let audit = AuditLog::open(directory.path().join("audit.jsonl"), AuditOptions::default());
        let locks = directory.path().join("locks");
        let service = Service::new(state, locks, audit.unwrap(), tasks).unwrap();
        Rig { service: Arc::new(service), switches, directory }
    }
}

impl Rig {
    pub(crate) fn new() -> Self {
        Make::default().build()
    }

    pub(crate) fn audit_file(&self) -> PathBuf {
        self.directory.path().join("audit.jsonl")
    }

    /// How many records of this kind the audit log has.
    pub(crate) fn audit(&self, kind: &str) -> usize {
        let text = std::fs::read_to_string(self.audit_file()).unwrap();
        let records = text.lines().map(serde_json::from_str::<serde_json::Value>);
        records.filter(|record| record.as_ref().unwrap()["kind"] == kind).count()
    }

    pub(crate) fn handle(&self, switch: &str) -> &NoopHandle {
        &self.switches[switch].0
    }

    pub(crate) fn chaos(&self, switch: &str) -> &ChaosHandle {
        &self.switches[switch].1
    }

    /// The VLANs that were defined, deleted or mapped on a switch, with their names and VNIs.
    pub(crate) fn vlans(&self, switch: &str) -> String {
        let vlans = self.handle(switch).state().vlans;
        let shown = vlans.iter().map(|(vlan, state)| {
            let name = state.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            let vni = state.vni.map(|vni| format!("={vni}")).unwrap_or_default();
            format!("{vlan}{vni}{name}")
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// What the switch itself holds for a port, as text.
    pub(crate) fn port(&self, switch: &str, port: &str) -> String {
        let state = self.handle(switch).state();
        let port = port.parse().unwrap();
        let lag = state.ports[&port].lag.clone();
        let vlans = state.vlans_of(&port).map_or_else(String::new, ToString::to_string);
        let lag = lag.map(|lag| format!(" in {lag}")).unwrap_or_default();
        let shut = state.ports[&port].config.admin == Some(model::AdminState::Down);
        format!("{vlans}{lag}{}", if shut { ", shut" } else { "" })
    }
}

/// A service with one switch, `leaf-01`, by this driver.
pub(crate) fn lone(driver: Arc<dyn Driver>, safe: SafeState) -> (Arc<Service>, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let tasks = TaskTracker::new();
    let settings = SwitchSettings {
        name: "leaf-01".parse().unwrap(),
        switch_ids: BTreeSet::new(),
        driver,
        safe,
        allowed_vlans: None,
        allowed_ports: None,
        physical_networks: BTreeSet::new(),
        flat_networks: BTreeMap::new(),
        lag_ids: None,
        create_vlans: false,
        vxlan_vlans: None,
        worker: WorkerSettings::default(),
        fingerprint: String::new(),
    };
    let inventory = Inventory::new(vec![settings], Vec::new(), &Inventory::default(), &tasks);
    let state = State { policy: Policy::parse(POLICY).unwrap(), inventory: inventory.unwrap() };
    let audit = AuditLog::open(directory.path().join("audit.jsonl"), AuditOptions::default());
    let service = Service::new(state, directory.path().join("locks"), audit.unwrap(), tasks);
    (Arc::new(service.unwrap()), directory)
}

pub(crate) fn vlan(id: u16) -> Vlan {
    Vlan::new(id).unwrap()
}

pub(crate) fn origin(caller: &str) -> Origin {
    Origin {
        caller: caller.to_owned(),
        request_id: "req-1".to_owned(),
        user: Some("alice".to_owned()),
        reason: Some("deploy".to_owned()),
        host: None,
        deadline: Instant::now() + Duration::from_secs(10),
    }
}

pub(crate) fn ops() -> Origin {
    origin("ops")
}

pub(crate) fn request(operation: Operation, ports: &[(&str, &str)]) -> ChangeRequest {
    ChangeRequest {
        operation,
        links: ports.iter().map(|(s, p)| LinkInformation::managed(*s, *p)).collect(),
        switches: Vec::new(),
        network: NetworkWish::default(),
        settings: PortConfig::default(),
        lag: None,
    }
}

pub(crate) fn attach(ports: &[(&str, &str)], id: u32) -> ChangeRequest {
    let network = NetworkWish { segmentation_id: Some(id), ..NetworkWish::default() };
    ChangeRequest { network, ..request(Operation::AttachPort, ports) }
}

pub(crate) fn attach_lag(ports: &[(&str, &str)], id: u32, name: Option<&str>) -> ChangeRequest {
    let settings = model::LagSettings::new(model::LagMode::Active);
    let lag =
        LagWish { name: name.map(|name| name.parse().unwrap()), settings, members: Members::Named };
    ChangeRequest { lag: Some(lag), ..attach(ports, id) }
}

/// A request about a VXLAN, on ports or on the named switches.
pub(crate) fn vxlan(request: ChangeRequest, vni: u32) -> ChangeRequest {
    let network = NetworkWish {
        network_type: Some(NetworkType::Vxlan),
        segmentation_id: Some(vni),
        ..request.network
    };
    ChangeRequest { network, ..request }
}

/// A request about a network on these switches.
pub(crate) fn network(operation: Operation, switches: &[&str]) -> ChangeRequest {
    let switches = switches.iter().map(|name| name.parse().unwrap()).collect();
    ChangeRequest { switches, ..request(operation, &[]) }
}

pub(crate) fn detach(ports: &[(&str, &str)]) -> ChangeRequest {
    request(Operation::DetachPort, ports)
}

pub(crate) fn place(switch: &str, port: &str) -> SwitchPort {
    SwitchPort { switch: switch.parse().unwrap(), port: port.parse().unwrap() }
}

/// Runs a request beside the test, which waits for it later.
pub(crate) fn background<F>(request: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    TaskTracker::new().spawn(request)
}
