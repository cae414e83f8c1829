//! The table of what switch systems can do: what `docs/devices.toml` says of a simulator is tried
//! there, and what it does not say is refused.

use std::{collections::BTreeSet, fs, path::Path};

use fabric::ssh::PortView;
use rpc::{client::CallError, method::Method};
use serde_json::{Value, json};
use system_tests::{Lag, attach, attach_lag, detach, trunk};

use crate::{
    site::{IDLE, Site},
    vendor::{EOS, IOS, JUNOS, NVUE, NXOS, OS10, SONIC, Vendor},
};

/// What is asked of the first port, or of a LAG of the first two.
struct Trial {
    key: &'static str,
    asked: fn(&Site) -> Value,
    /// What has to be seen of the port then; of the LAG, if there is one.
    seen: fn(&PortView) -> bool,
}

fn port(site: &Site) -> String {
    site.port(1)
}

fn with(site: &Site, settings: Value) -> Value {
    let mut asked = attach(&[("leaf-01", &port(site))], 100);
    asked["port_config"] = settings;
    asked
}

fn lag(site: &Site, mode: &str, properties: Value) -> Value {
    let (first, second) = (site.port(1), site.port(2));
    let legs = [("leaf-01", first.as_str()), ("leaf-01", second.as_str())];
    let mut asked = attach_lag(&legs, 100, Lag { name: "bond", mode, fallback: false });
    asked["binding_profile"]["local_group_information"]["bond_properties"] = properties;
    asked
}

const TRIALS: &[Trial] = &[
    Trial {
        key: "access",
        asked: |site| attach(&[("leaf-01", &port(site))], 100),
        seen: |view| view.untagged == Some(100) && view.permits.is_empty(),
    },
    Trial {
        key: "trunk",
        asked: |site| trunk(&[("leaf-01", &port(site))], None, "200-202"),
        seen: |view| view.untagged.is_none() && view.tagged.to_string() == "200-202",
    },
    Trial {
        key: "native_on_trunk",
        asked: |site| trunk(&[("leaf-01", &port(site))], Some(100), "200"),
        seen: |view| view.untagged == Some(100) && view.tagged.to_string() == "200",
    },
    Trial {
        key: "port_shut",
        asked: |site| with(site, json!({ "admin": "down" })),
        seen: |view| !view.enabled,
    },
    Trial {
        key: "description",
        asked: |site| with(site, json!({ "description": "server-17" })),
        seen: |view| view.description.as_deref() == Some("server-17"),
    },
    Trial {
        key: "mtu",
        asked: |site| with(site, json!({ "mtu": 9000 })),
        seen: |view| view.mtu.is_some_and(|mtu| (9000..9100).contains(&mtu)),
    },
    Trial {
        key: "stp_edge",
        asked: |site| with(site, json!({ "stp_edge": true })),
        seen: |view| view.edge,
    },
    Trial {
        key: "bpdu_guard",
        asked: |site| with(site, json!({ "bpdu_guard": true })),
        seen: |view| view.bpdu_guard,
    },
    Trial {
        key: "active",
        asked: |site| lag(site, "802.3ad", json!({})),
        seen: |view| view.members.len() == 2 && view.untagged == Some(100),
    },
    Trial {
        key: "passive",
        asked: |site| lag(site, "802.3ad", json!({ "lacp_activity": "passive" })),
        seen: |view| view.lag_mode.as_deref() == Some("passive"),
    },
    Trial {
        key: "static",
        asked: |site| lag(site, "balance-xor", json!({})),
        seen: |view| view.lag_mode.as_deref() == Some("on") || view.up,
    },
    Trial {
        key: "rate",
        asked: |site| lag(site, "802.3ad", json!({ "lacp_rate": "fast" })),
        seen: |view| view.members.len() == 2,
    },
    Trial {
        key: "min_links",
        asked: |site| lag(site, "802.3ad", json!({ "min_links": 2 })),
        seen: |view| view.members.len() == 2,
    },
    Trial {
        key: "fallback",
        asked: |site| lag(site, "802.3ad", json!({ "lacp_fallback": true })),
        seen: |view| view.fallback.is_some(),
    },
];

/// What the table says that a profile can do on its simulator.
fn told(profile: &str) -> BTreeSet<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/devices.toml");
    let table: toml::Table = toml::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let keys = table[profile]["simulated"].as_array().unwrap();
    keys.iter().map(|key| key.as_str().unwrap().to_owned()).collect()
}

/// Runs a trial from a clean port: whether it worked, or was refused before anything was sent.
fn works(site: &Site, Trial { key, asked, seen }: &Trial) -> bool {
    let ports = [site.port(1), site.port(2)];
    for port in &ports {
        let mut up = attach(&[("leaf-01", port)], 100);
        up["port_config"] = json!({ "admin": "up" });
        site.call(Method::AttachPort, up);
        site.call(Method::DetachPort, detach(&[("leaf-01", port)]));
        assert_eq!(site.carries(port), format!("untagged {IDLE}"));
    }
    let before = site.switch.running_config();
    match site.daemon.call(Method::AttachPort, asked(site)) {
        Ok(_) => {
            let bundled = site.view(&ports[0]).lag.is_some();
            let view = if bundled { site.lag_of(&ports) } else { site.view(&ports[0]) };
            assert!(seen(&view), "{key}: {view:?}\n{}", site.said());
            if bundled {
                let legs = [("leaf-01", ports[0].as_str()), ("leaf-01", ports[1].as_str())];
                site.call(Method::DetachPort, detach(&legs));
            }
            true
        }
        Err(CallError::Rpc(error)) => {
            let class = serde_json::to_value(&error).unwrap()["data"]["class"].clone();
            assert_eq!(class, "not_supported", "{key}: {error}\n{}", site.said());
            assert_eq!(site.switch.running_config(), before, "{key}");
            false
        }
        Err(error) => panic!("{key}: {error}"),
    }
}

#[rstest::rstest]
fn what_the_table_says_is_so(#[values(EOS, NXOS, IOS, OS10, SONIC, NVUE, JUNOS)] vendor: Vendor) {
    let site = Site::new(vendor);
    let mut found: BTreeSet<String> = TRIALS
        .iter()
        .filter(|trial| works(&site, trial))
        .map(|trial| trial.key.to_owned())
        .collect();
    if found.contains("active") {
        found.insert("lag".to_owned());
    }
    if site.switch.is_saved() {
        // It saves by itself, or not at all.
    } else {
        site.call(Method::Flush, json!({}));
        assert!(site.switch.is_saved(), "{}", site.said());
        found.insert("saving".to_owned());
    }
    let network = json!({
        "network": { "network_type": "vlan", "segmentation_id": 777 }, "switches": ["leaf-01"],
    });
    for method in [Method::AddNetwork, Method::DeleteNetwork] {
        site.switch.forget();
        site.call(method, network.clone());
        assert!(site.said().contains("777"), "{}", site.said());
    }
    found.insert("vlan_database".to_owned());
    assert_eq!(found, told(vendor.profile), "`simulated` of docs/devices.toml is another");
}
