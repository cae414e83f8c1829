//! The life of a server, with its ports looked at after every step.

use serde_json::json;
use system_tests::peer::{Door, Ironic, IronicNetworking, OvsShell};

use crate::{
    frames::{On, SWITCH},
    site::{NETWORKS, OTHER, SWITCH_MAC, TAGGED, TENANT, access, enrol, lab, on_the_wire, v4},
};

const TRUNK: On = On::Trunk(TENANT, TAGGED);

#[test]
fn upstream() {
    let start = std::time::Instant::now();
    let t = |s: &str| println!("{:>6} ms {s}", start.elapsed().as_millis());
    let lab = lab();
    t("lab");
    let shell = OvsShell::start(&lab.instance(SWITCH).unwrap().socket()).unwrap();
    t("sshd");
    let peer = IronicNetworking::start(&[shell.section(SWITCH, SWITCH_MAC)]).unwrap();
    t("networking");
    let ironic = Ironic::start(&Door::new(v4(peer.address())), &NETWORKS).unwrap();
    t("ironic");
    let both = |when: &str, vlan| {
        t(when);
        on_the_wire(&lab, when, On::Access(vlan), On::Access(vlan));
        t("checked");
    };
    let mut node = enrol(&ironic, &lab);
    node.ask("manage");
    node.wait("manageable");
    both("managed", NETWORKS.idle);
    node.ask("inspect");
    node.wait("inspect wait");
    both("inspection", NETWORKS.inspection);
    node.report_inspection(&lab.probe().mac("srv/eth0").unwrap());
    node.wait("manageable");
    both("after inspection", NETWORKS.idle);
    node.boot_with("fake");
    node.ask("provide");
    node.wait("clean wait");
    both("cleaning", NETWORKS.cleaning);
    node.work("available");
    both("available", NETWORKS.idle);
    node.ask("active");
    node.wait("wait call-back");
    both("provisioning", NETWORKS.provisioning);
    node.work("active");
    t("active");
    on_the_wire(&lab, "active", On::Access(TENANT), TRUNK);
    node.change(0, &access(OTHER));
    t("changed");
    on_the_wire(&lab, "changed", On::Access(OTHER), TRUNK);
    node.boot_with("pxe");
    node.ask_with(json!({ "target": "rescue", "rescue_password": "let-me-in" }));
    node.wait("rescue wait");
    both("rescuing", NETWORKS.rescuing);
    node.work("rescue");
    t("rescued");
    on_the_wire(&lab, "rescued", On::Access(OTHER), TRUNK);
    node.boot_with("fake");
    node.ask("unrescue");
    node.wait("active");
    t("unrescued");
    on_the_wire(&lab, "unrescued", On::Access(OTHER), TRUNK);
    let step = json!([{ "interface": "deploy", "step": "look_around", "args": {} }]);
    node.ask_with(json!({ "target": "service", "service_steps": step }));
    node.wait("service wait");
    both("servicing", NETWORKS.servicing);
    node.work("active");
    t("serviced");
    on_the_wire(&lab, "serviced", On::Access(OTHER), TRUNK);
    node.ask("deleted");
    node.wait("clean wait");
    both("cleaning again", NETWORKS.cleaning);
    node.work("available");
    both("available again", NETWORKS.idle);
    node.delete();
}
