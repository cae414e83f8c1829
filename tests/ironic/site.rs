//! One real switch with a server's two NICs, Mercury that manages the switch, and a real Ironic
//! that manages the server.

use std::{collections::BTreeSet, path::Path, rc::Rc, time::Duration};

use lab::Lab;
use serde_json::{Value, json};
use system_tests::{
    Setup,
    peer::{Door, Ironic, Networks, until},
};

use crate::{
    frames::{self, On, SWITCH},
    node::{Nic, Node},
    service::Service,
};

/// The switch as the servers' links name it.
const SWITCH_MAC: &str = "00:53:00:0a:0a:01";

pub(crate) const NETWORKS: Networks = Networks {
    idle: 10,
    inspection: 20,
    cleaning: 30,
    provisioning: 40,
    rescuing: 50,
    servicing: 60,
};

/// The access port's VLAN and, after it was changed, its next one.
pub(crate) const TENANT: u16 = 100;
pub(crate) const OTHER: u16 = 105;

/// The VLANs that the trunk port carries with a tag.
const TAGGED: &[u16] = &[101, 102];

/// What the second NIC is to be when the server is in use.
pub(crate) const TRUNK: On = On::Trunk(TENANT, TAGGED);

/// One that nobody may use.
pub(crate) const FORBIDDEN: u16 = 666;

/// Whoever comes may use the networks of Ironic and the VLANs of tenants, and no other.
const POLICY: &str = r#"version = 1
[[rule]]
name = "servers"
callers = ["*"]
verbs = ["read", "attach", "detach", "update"]
switches = ["leaf-*"]
ports = ["swp*"]
vlans = "10,20,30,40,50,60,100-109"
"#;

pub(crate) struct Site {
    pub(crate) ironic: Rc<Ironic>,
    pub(crate) service: Service,
    pub(crate) lab: Lab,
}

impl Site {
    /// Starts all three; `listener` is more of the listener's configuration, `files` what it names,
    /// and `door` what Ironic has to be told because of it, with the folder of those files.
    pub(crate) fn start(
        listener: &str,
        files: &[(&str, &str)],
        door: impl FnOnce(Door, &Path) -> Door,
    ) -> Self {
        let lab = Lab::builder()
            .switch(SWITCH)
            .host("srv", [("eth0", SWITCH, "swp1"), ("eth1", SWITCH, "swp2")])
            .analyser(SWITCH)
            .idle_vlan(NETWORKS.idle)
            .start()
            .unwrap();
        let port = lab.instance(SWITCH).unwrap().tcp_port().unwrap();
        let section = format!(
            "driver = \"ovsdb\"\naddress = \"tcp:127.0.0.1:{port}\"\nidle_vlan = {}\n\
             switch_ids = [\"{SWITCH_MAC}\"]\n",
            NETWORKS.idle
        );
        let setup = Setup::new().policy(POLICY).switch(SWITCH, &section);
        let setup = files.iter().fold(setup, |setup, (name, text)| setup.file(name, text));
        let service = Service::start_with(setup, listener);
        let door = door(service.door(), service.daemon.directory());
        let ironic = Rc::new(Ironic::start(&door, &NETWORKS).unwrap());
        Self { ironic, service, lab }
    }

    /// Tells Ironic of the server: `swp1` is to be in a VLAN, `swp2` a trunk.
    pub(crate) fn enrol(&self, vlan: u16, cleans: bool) -> Node {
        let macs = ["srv/eth0", "srv/eth1"].map(|nic| self.lab.probe().mac(nic).unwrap());
        let trunk = json!({ "mode": "trunk", "native_vlan": TENANT, "allowed_vlans": TAGGED });
        let nic = |mac, port, switchport, boots| Nic {
            mac,
            switch_id: SWITCH_MAC,
            port,
            switchport,
            boots,
        };
        let nics = [nic(&macs[0], "swp1", access(vlan), true), nic(&macs[1], "swp2", trunk, false)];
        Node::enrol(Rc::clone(&self.ironic), &nics, cleans)
    }

    /// Holds both ports against an access VLAN.
    #[track_caller]
    pub(crate) fn both(&self, when: &str, vlan: u16) {
        self.ports(when, On::Access(vlan), On::Access(vlan));
    }

    /// Holds the server's ports against what they are to be, in every VLAN that is used here.
    #[track_caller]
    pub(crate) fn ports(&self, when: &str, first: On, second: On) {
        let Networks { idle, inspection, cleaning, provisioning, rescuing, servicing } = NETWORKS;
        let mut vlans =
            BTreeSet::from([idle, inspection, cleaning, provisioning, rescuing, servicing]);
        vlans.extend([TENANT, OTHER, FORBIDDEN]);
        vlans.extend(TAGGED);
        frames::expect(&self.lab, when, &vlans, &[("srv/eth0", first), ("srv/eth1", second)]);
    }

    /// Ironic's names for the requests of the recorded changes.
    pub(crate) fn audited(&self) -> BTreeSet<String> {
        let text = std::fs::read_to_string(self.service.daemon.audit_file()).unwrap();
        text.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .filter(|record| record["kind"] == "begin")
            .map(|record| record["request_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Ends all, and sees that nothing is left of it.
    pub(crate) fn leaves_nothing(self) {
        let Self { ironic, service, lab } = self;
        let namespaces: Vec<String> =
            [SWITCH, "srv"].map(|name| lab.namespace(name).unwrap().to_owned()).into();
        let ironic = Rc::into_inner(ironic).unwrap();
        let mut processes = ironic.processes();
        processes.push(service.daemon.pid());
        assert!(processes.len() >= 5, "two services with a worker each, and ours: {processes:?}");
        drop((ironic, service));
        lab.down().unwrap();
        for pid in processes {
            // A worker that lost its parent is reaped by the system, which takes a moment.
            until(&format!("the end of process {pid}"), Duration::from_secs(5), || {
                Ok((!is_running(pid)).then_some(()))
            })
            .unwrap();
        }
        for namespace in namespaces {
            assert!(!Path::new("/run/netns").join(&namespace).exists(), "{namespace}");
        }
    }

    /// Holds the audit log against its own chain, as an auditor does.
    pub(crate) fn verify_audit(&self) {
        let file = self.service.daemon.audit_file();
        let file = file.to_str().unwrap();
        let output = self.service.daemon.mercury(&["audit", "verify", file]).unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

/// Whether there is such a process that has not ended; one that nobody reaped yet has.
fn is_running(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|state| !state.is_empty() && !state.starts_with('Z'))
}

/// Ironic's word for an access port.
pub(crate) fn access(vlan: u16) -> Value {
    json!({ "mode": "access", "native_vlan": vlan })
}
