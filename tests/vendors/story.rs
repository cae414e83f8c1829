//! One server's life on each system: attached, changed, bundled, released. After each step the
//! switch forwards what was asked, and nothing else ever did in between.

use fabric::ssh::PortView;
use rpc::method::Method;
use serde_json::{Value, json};
use system_tests::{Lag, attach, attach_lag, detach, trunk};

use crate::{
    site::{IDLE, Site, Vlans, carried},
    vendor::{EOS, IOS, NVUE, NXOS, OS10, SONIC, Vendor},
};

const LACP: Lag<'_> = Lag { name: "bond-srv", mode: "802.3ad", fallback: false };

/// Everything but reading is refused while this runs.
fn changes_nothing(site: &Site, run: impl FnOnce()) {
    let before = (site.switch.running_config(), site.switch.ports());
    run();
    assert_eq!((site.switch.running_config(), site.switch.ports()), before, "{}", site.said());
}

/// Runs a change during which no frame may be in any VLAN but these.
fn only(site: &Site, vlans: &[u16], method: Method, context: Value) -> Value {
    site.switch.forget();
    let ports: Vec<PortView> = site.switch.ports();
    let answer = site.call(method, context);
    // What other ports carry is theirs.
    let idle = |view: &PortView| view.vlans().iter().collect::<Vec<_>>();
    let others: Vlans = ports.iter().filter(|view| view.up).flat_map(idle).collect();
    let allowed: Vlans = vlans.iter().copied().chain(others).collect();
    let ever = site.ever();
    assert!(ever.is_subset(&allowed), "{ever:?} and not only {allowed:?}\n{}", site.said());
    answer
}

fn life(vendor: Vendor) {
    let site = Site::new(vendor);
    let (one, two, three) = (site.port(1), site.port(2), site.port(3));
    // A switch out of the box may be open; a detached port is in the idle VLAN.
    for port in [&one, &two, &three] {
        site.call(Method::DetachPort, detach(&[("leaf-01", port)]));
        assert_eq!(site.carries(port), format!("untagged {IDLE}"), "{port}");
    }
    let (first, second) = ([("leaf-01", one.as_str())], [("leaf-01", two.as_str())]);
    let bystander = site.view(&site.port(8));

    only(&site, &[IDLE, 100], Method::AttachPort, attach(&first, 100));
    assert_eq!(site.carries(&one), "untagged 100");
    only(&site, &[IDLE, 100], Method::AttachPort, attach(&second, 100));
    changes_nothing(&site, || {
        site.call(Method::AttachPort, attach(&first, 100));
    });

    let asked = trunk(&first, Some(100), "200-202,300");
    only(&site, &[100, 200, 201, 202, 300], Method::AttachPort, asked);
    assert_eq!(site.carries(&one), "untagged 100 tagged 200-202,300");
    // Fewer, others, and another native VLAN.
    let asked = trunk(&first, Some(201), "202,301");
    only(&site, &[100, 200, 201, 202, 300, 301], Method::AttachPort, asked);
    assert_eq!(site.carries(&one), "untagged 201 tagged 202,301");
    let asked = trunk(&first, None, "202");
    only(&site, &[201, 202, 301], Method::AttachPort, asked);
    assert_eq!(site.carries(&one), "tagged 202");
    only(&site, &[202, 100], Method::AttachPort, attach(&first, 100));
    assert_eq!(site.carries(&one), "untagged 100");

    let legs = [("leaf-01", one.as_str()), ("leaf-01", three.as_str())];
    let members = [one.clone(), three.clone()];
    only(&site, &[IDLE, 100, 200], Method::AttachPort, attach_lag(&legs, 200, LACP));
    let lag = site.lag_of(&members);
    assert_eq!((carried(&lag).as_str(), lag.lag_mode.as_deref()), ("untagged 200", Some("active")));
    assert!(lag.up, "{lag:?}");
    only(&site, &[200, 300], Method::AttachPort, attach_lag(&legs, 300, LACP));
    assert_eq!(carried(&site.lag_of(&members)), "untagged 300");

    let read = site.call(
        Method::ReadPort,
        json!({
            "binding_profile": detach(&legs)["binding_profile"],
        }),
    );
    let name = read["ports"][0]["lag"]["name"].as_str().expect("a LAG").to_owned();
    assert_eq!(name, lag.name);

    only(&site, &[300, IDLE], Method::DetachPort, detach(&legs));
    for port in &members {
        assert_eq!(site.carries(port), format!("untagged {IDLE}"));
        assert_eq!(site.view(port).lag, None);
    }
    assert!(site.switch.port(&name).is_none(), "{name} is left behind\n{}", site.said());
    only(&site, &[100, IDLE], Method::DetachPort, detach(&second));
    assert_eq!(site.carries(&two), format!("untagged {IDLE}"));
    assert_eq!(site.view(&site.port(8)), bystander);
}

#[rstest::rstest]
#[case::eos(EOS)]
#[case::nxos(NXOS)]
#[case::ios(IOS)]
#[case::os10(OS10)]
#[case::sonic(SONIC)]
#[case::nvue(NVUE)]
fn a_server_comes_changes_and_goes(#[case] vendor: Vendor) {
    life(vendor);
}
