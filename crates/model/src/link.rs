//! `local_link_connection`: where a server's NIC is plugged in.
//!
//! Shapes as in Ironic's port schema: a managed link (`switch_id` and `port_id`), a smart NIC
//! (`port_id` and `hostname`), a hardware VTEP, an unmanaged link, or nothing yet.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A link as it is written down: every member optional, none unknown. [`LinkInformation::form`]
/// says which of the known forms it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkInformation {
    /// The switch: its chassis MAC address, or its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_id: Option<String>,
    /// The port on the switch (or the representor, on a smart NIC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port_id: Option<String>,
    /// The switch's name, or whatever else tells switches apart where `switch_id` cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switch_info: Option<String>,
    /// The host that owns a smart NIC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// The logical switch of a hardware VTEP.
    #[serde(default, rename = "vtep-logical-switch", skip_serializing_if = "Option::is_none")]
    pub vtep_logical_switch: Option<String>,
    /// The physical switch of a hardware VTEP.
    #[serde(default, rename = "vtep-physical-switch", skip_serializing_if = "Option::is_none")]
    pub vtep_physical_switch: Option<String>,
    /// `managed` or `unmanaged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_type: Option<String>,
}

/// What a link is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalLinkConnection {
    /// A port of a switch that someone manages.
    Managed {
        /// The switch: its chassis MAC address, or its name.
        switch_id: Option<String>,
        /// The switch's name.
        switch_info: Option<String>,
        /// The port.
        port_id: String,
    },
    /// A port of a smart NIC.
    SmartNic {
        /// The representor.
        port_id: String,
        /// The host that owns the NIC.
        hostname: String,
    },
    /// A port behind a hardware VTEP.
    Vtep {
        /// The port.
        port_id: String,
        /// The logical switch.
        logical_switch: String,
        /// The physical switch.
        physical_switch: String,
    },
    /// A port that nobody manages.
    Unmanaged,
    /// Not known yet.
    Unknown,
}

impl LinkInformation {
    /// A managed link, by the switch's name or MAC address.
    pub fn managed(switch_id: impl Into<String>, port_id: impl Into<String>) -> Self {
        Self { switch_id: Some(switch_id.into()), port_id: Some(port_id.into()), ..Self::default() }
    }

    /// Which form the link is, or what keeps it from being one.
    pub fn form(&self) -> Result<LocalLinkConnection, Invalid> {
        let Self {
            switch_id,
            port_id,
            switch_info,
            hostname,
            vtep_logical_switch,
            vtep_physical_switch,
            network_type,
        } = self;
        let text = || serde_json::to_string(self).unwrap_or_default();
        let refused = |problem: &str| Err(Invalid::new("link", text(), problem));
        match network_type.as_deref() {
            None | Some("managed") => {}
            Some("unmanaged") => return Ok(LocalLinkConnection::Unmanaged),
            Some(_) => {
                return refused("has a `network_type` that is neither `managed` nor `unmanaged`");
            }
        }
        if *self == Self::default() {
            return Ok(LocalLinkConnection::Unknown);
        }
        let Some(port_id) = port_id.clone().filter(|port| !port.is_empty()) else {
            return refused("has no `port_id`");
        };
        match (vtep_logical_switch, vtep_physical_switch, hostname) {
            (Some(logical), Some(physical), None) => Ok(LocalLinkConnection::Vtep {
                port_id,
                logical_switch: logical.clone(),
                physical_switch: physical.clone(),
            }),
            (Some(_), None, _) | (None, Some(_), _) => {
                refused("names only one of `vtep-logical-switch` and `vtep-physical-switch`")
            }
            (None, None, Some(hostname)) if switch_id.is_none() => {
                Ok(LocalLinkConnection::SmartNic { port_id, hostname: hostname.clone() })
            }
            (_, _, Some(_)) => refused("is of two forms at once: `hostname` beside a switch"),
            (None, None, None) => {
                let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
                let (switch_id, switch_info) = (given(switch_id), given(switch_info));
                if switch_id.is_none() && switch_info.is_none() {
                    return refused("names no switch: give `switch_id` or `switch_info`");
                }
                Ok(LocalLinkConnection::Managed { switch_id, switch_info, port_id })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case(json!({"switch_id": "00:53:00:00:00:01", "port_id": "Eth1/1", "switch_info": "sw1"}), "managed")]
    #[case(json!({"switch_info": "sw1", "port_id": "Eth1/1"}), "managed")]
    #[case(json!({"port_id": "rep0-0", "hostname": "host1"}), "smart-nic")]
    #[case(json!({"port_id": "1", "vtep-logical-switch": "ls", "vtep-physical-switch": "ps"}), "vtep")]
    #[case(json!({"network_type": "unmanaged"}), "unmanaged")]
    #[case(json!({}), "unknown")]
    #[case(json!({"switch_id": "00:53:00:00:00:01"}), "has no `port_id`")]
    #[case(json!({"port_id": "1"}), "names no switch")]
    #[case(json!({"port_id": "", "switch_id": "a"}), "has no `port_id`")]
    #[case(json!({"port_id": "1", "vtep-logical-switch": "ls"}), "names only one")]
    #[case(json!({"port_id": "1", "hostname": "h", "switch_id": "a"}), "two forms")]
    #[case(json!({"port_id": "1", "switch_id": "a", "network_type": "wild"}), "network_type")]
    #[case(json!({"port": "1"}), "unknown field `port`, expected one of `switch_id`")]
    fn forms(#[case] link: Value, #[case] want: &str) {
        let got = serde_json::from_value::<LinkInformation>(link)
            .map_err(|error| error.to_string())
            .and_then(|link| link.form().map_err(|error| error.to_string()))
            .map_or_else(
                |error| error,
                |form| {
                    match form {
                        LocalLinkConnection::Managed { .. } => "managed",
                        LocalLinkConnection::SmartNic { .. } => "smart-nic",
                        LocalLinkConnection::Vtep { .. } => "vtep",
                        LocalLinkConnection::Unmanaged => "unmanaged",
                        LocalLinkConnection::Unknown => "unknown",
                    }
                    .to_owned()
                },
            );
        assert!(got.contains(want), "{got}");
    }
}
