//! Requests as callers write them.

use serde_json::{Value, json};

fn links(ports: &[(&str, &str)]) -> Value {
    ports.iter().map(|(switch, port)| json!({ "switch_id": switch, "port_id": port })).collect()
}

/// Ports on one VLAN, untagged.
pub fn attach(ports: &[(&str, &str)], vlan: u16) -> Value {
    json!({
        "network": { "network_type": "vlan", "segmentation_id": vlan },
        "binding_profile": { "local_link_information": links(ports) },
    })
}

/// Ports as trunks.
pub fn trunk(ports: &[(&str, &str)], native: Option<u16>, allowed: &str) -> Value {
    let mut context = json!({
        "mode": "trunk",
        "allowed_vlans": allowed,
        "binding_profile": { "local_link_information": links(ports) },
    });
    if let (Some(native), Some(context)) = (native, context.as_object_mut()) {
        context.insert("native_vlan".to_owned(), native.into());
    }
    context
}

/// What a LAG is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lag<'a> {
    /// Its name.
    pub name: &'a str,
    /// The bonding driver's mode.
    pub mode: &'a str,
    /// Whether one member carries traffic while the server speaks no LACP.
    pub fallback: bool,
}

/// Ports as one LAG on one VLAN, untagged.
pub fn attach_lag(ports: &[(&str, &str)], vlan: u16, lag: Lag<'_>) -> Value {
    let mut properties = json!({});
    if let Some(properties) = properties.as_object_mut()
        && lag.mode == "802.3ad"
    {
        properties.insert("lacp_rate".to_owned(), "fast".into());
        properties.insert("lacp_fallback".to_owned(), lag.fallback.into());
    }
    json!({
        "network": { "network_type": "vlan", "segmentation_id": vlan },
        "binding_profile": {
            "local_link_information": links(ports),
            "local_group_information": {
                "name": lag.name,
                "bond_mode": lag.mode,
                "bond_properties": properties,
            },
        },
    })
}

/// Ports that nobody has any more.
pub fn detach(ports: &[(&str, &str)]) -> Value {
    json!({ "binding_profile": { "local_link_information": links(ports) } })
}
