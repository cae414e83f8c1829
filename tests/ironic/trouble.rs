//! What Ironic makes of a refusal and of a service that is down, and how it goes on.

use crate::{
    frames::On,
    passwords::{PASSWORD, USER, htpasswd},
    site::{FORBIDDEN, NETWORKS, Site, TENANT, TRUNK, access},
};

/// With passwords, as a network team would have it.
fn site() -> Site {
    let listener = "auth = \"basic\"\nhtpasswd = \"htpasswd\"\n";
    Site::start(listener, &[("htpasswd", &htpasswd())], |door, _| {
        door.key("auth_strategy", "http_basic").key("username", USER).key("password", PASSWORD)
    })
}

#[test]
fn a_refusal_and_an_outage_end_a_deployment_and_nothing_else() {
    let mut site = site();
    let mut node = site.enrol(FORBIDDEN, false);
    node.ask("manage");
    node.wait("manageable");
    node.boot_with("fake");
    node.ask("provide");
    node.wait("available");

    node.ask("active");
    node.wait("wait call-back");
    site.both("provisioning", NETWORKS.provisioning);
    node.work("deploy failed");
    let error = node.last_error();
    assert!(error.contains("port `swp1` on `leaf-01` refused: VLAN 666"), "{error}");
    site.both("refused", NETWORKS.idle);

    node.ask("deleted");
    node.wait("available");
    node.change(0, &access(TENANT));
    site.both("given back", NETWORKS.idle);

    site.service.daemon.terminate().unwrap();
    node.ask("active");
    node.wait("deploy failed");
    let error = node.last_error();
    assert!(error.contains("Connection refused"), "{error}");
    site.both("nobody there", NETWORKS.idle);

    site.service.daemon.restart().unwrap();
    node.ask("active");
    node.wait("wait call-back");
    site.both("provisioning again", NETWORKS.provisioning);
    node.work("active");
    site.ports("active", On::Access(TENANT), TRUNK);
    drop(node);
    site.verify_audit();
    site.leaves_nothing();
}
