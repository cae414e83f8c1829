//! One real switch with a server's two NICs, and a real Ironic that manages the server.

use std::{collections::BTreeSet, net::SocketAddrV4};

use lab::Lab;
use serde_json::{Value, json};
use system_tests::peer::{Ironic, Networks};

use crate::{
    frames::{self, On, SWITCH},
    node::{Nic, Node},
};

pub(crate) const SWITCH_MAC: &str = "00:53:00:0a:0a:01";

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
pub(crate) const TAGGED: &[u16] = &[101, 102];

/// One that nobody may use.
pub(crate) const FORBIDDEN: u16 = 666;

/// The switch: `swp1` and `swp2` are the server's, `mon0` hears all VLANs.
pub(crate) fn lab() -> Lab {
    Lab::builder()
        .switch(SWITCH)
        .host("srv", [("eth0", SWITCH, "swp1"), ("eth1", SWITCH, "swp2")])
        .analyser(SWITCH)
        .idle_vlan(NETWORKS.idle)
        .start()
        .unwrap()
}

/// Ironic's word for an access port.
pub(crate) fn access(vlan: u16) -> Value {
    json!({ "mode": "access", "native_vlan": vlan })
}

/// Tells Ironic of the server; its second NIC is a trunk.
pub(crate) fn enrol<'a>(ironic: &'a Ironic, lab: &Lab) -> Node<'a> {
    let macs = ["srv/eth0", "srv/eth1"].map(|nic| lab.probe().mac(nic).unwrap());
    let trunk = json!({ "mode": "trunk", "native_vlan": TENANT, "allowed_vlans": TAGGED });
    let nic = |mac, port, switchport, boots| Nic {
        mac,
        switch_id: SWITCH_MAC,
        port,
        switchport,
        boots,
    };
    let nics = [nic(&macs[0], "swp1", access(TENANT), true), nic(&macs[1], "swp2", trunk, false)];
    Node::enrol(ironic, &nics)
}

/// Holds the server's ports against what they are to be, in every VLAN that is used here.
#[track_caller]
pub(crate) fn on_the_wire(lab: &Lab, when: &str, first: On, second: On) {
    let Networks { idle, inspection, cleaning, provisioning, rescuing, servicing } = NETWORKS;
    let mut vlans =
        BTreeSet::from([idle, inspection, cleaning, provisioning, rescuing, servicing]);
    vlans.extend([TENANT, OTHER, FORBIDDEN]);
    vlans.extend(TAGGED);
    frames::expect(lab, when, &vlans, &[("srv/eth0", first), ("srv/eth1", second)]);
}

pub(crate) fn v4(address: std::net::SocketAddr) -> SocketAddrV4 {
    match address {
        std::net::SocketAddr::V4(address) => address,
        std::net::SocketAddr::V6(_) => panic!("{address}"),
    }
}
