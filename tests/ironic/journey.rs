//! The life of a server, from enrolment to its return, with its ports looked at on the wire after
//! every step, and while Ironic works on it.

use serde_json::json;
use system_tests::peer::next_address;

use crate::{
    authority::Authority,
    frames::On,
    site::{NETWORKS, OTHER, Site, TENANT, TRUNK, access},
};

const SECRET: &str = "1b7e0c5a94d24b0f8a53c6d17e2f9048";

/// With TLS and a secret, which is the most that a conductor can do without certificates and
/// Keystone.
fn site() -> Site {
    let authority = Authority::new();
    let (certificate, key) = authority.server(&next_address().ip().to_string());
    let listener = "auth = \"token\"\n\
                    token = [{ name = \"ironic\", secret = { file = \"secret\" } }]\n\
                    tls = { certificate = \"certificate.pem\", key = { file = \"key.pem\" } }\n";
    let files = [
        ("ca.pem", authority.certificate.as_str()),
        ("certificate.pem", &certificate),
        ("key.pem", &key),
        ("secret", SECRET),
    ];
    Site::start(listener, &files, |door, folder| {
        door.key("client_use_ssl", "true")
            .key("cafile", &folder.join("ca.pem").display().to_string())
            .key("auth_type", "admin_token")
            .key("endpoint", "https://unused.example.org")
            .key("token", SECRET)
    })
}

#[test]
fn a_server_is_on_the_right_vlans_all_its_life() {
    let site = site();
    let mut node = site.enrol(TENANT, true);
    site.both("enrolled", NETWORKS.idle);
    node.ask("manage");
    node.wait("manageable");
    site.both("managed", NETWORKS.idle);

    node.ask("inspect");
    node.wait("inspect wait");
    site.both("inspection", NETWORKS.inspection);
    node.report_inspection(&site.lab.probe().mac("srv/eth0").unwrap());
    node.wait("manageable");
    site.both("inspected", NETWORKS.idle);

    node.boot_with("fake");
    node.ask("provide");
    node.wait("clean wait");
    site.both("cleaning", NETWORKS.cleaning);
    node.work("available");
    site.both("available", NETWORKS.idle);

    node.ask("active");
    node.wait("wait call-back");
    site.both("provisioning", NETWORKS.provisioning);
    node.work("active");
    site.ports("active", On::Access(TENANT), TRUNK);
    node.change(0, &access(OTHER));
    site.ports("changed", On::Access(OTHER), TRUNK);

    node.boot_with("pxe");
    node.ask_with(&json!({ "target": "rescue", "rescue_password": "let-me-in" }));
    node.wait("rescue wait");
    site.both("rescuing", NETWORKS.rescuing);
    node.work("rescue");
    site.ports("rescued", On::Access(OTHER), TRUNK);
    node.boot_with("fake");
    node.ask("unrescue");
    node.wait("active");
    site.ports("unrescued", On::Access(OTHER), TRUNK);

    let look = json!([{ "interface": "deploy", "step": "look_around", "args": {} }]);
    node.ask_with(&json!({ "target": "service", "service_steps": look }));
    node.wait("service wait");
    site.both("servicing", NETWORKS.servicing);
    node.work("active");
    site.ports("serviced", On::Access(OTHER), TRUNK);

    node.ask("deleted");
    node.wait("clean wait");
    site.both("cleaning again", NETWORKS.cleaning);
    node.work("available");
    site.both("available again", NETWORKS.idle);
    let requests = node.delete();

    let audited = site.audited();
    let unknown: Vec<_> = audited.iter().filter(|id| !requests.contains(id)).collect();
    assert!(unknown.is_empty(), "recorded, and not Ironic's: {unknown:?}; {requests:?}");
    // Inspection, cleaning, deployment, the change, rescue, its end, service and the return: each
    // begins with a request, and most end with another one.
    assert!(audited.len() >= 13, "{audited:?}");
    site.verify_audit();
    site.leaves_nothing();
}
