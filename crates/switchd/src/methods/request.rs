//! From a context to a request in the core's words: pure, and refusing what contradicts itself.

use model::{LagName, LinkInformation, PortConfig};
use rpc::{
    Class, RpcError,
    auth::Caller,
    wire::{self, BindingProfile, Context},
};
use switch::{ChangeRequest, LagWish, Members, NetworkWish, Operation, Origin, PortMode};
use tokio::time::Instant;

/// The only kind of port that there is here.
const BAREMETAL: &str = "baremetal";

/// Who asks, why, and until when.
pub(super) fn origin(caller: &Caller, context: &Context, deadline: Instant) -> Origin {
    Origin {
        caller: caller.name.clone(),
        request_id: context.request_id.clone().unwrap_or_default(),
        user: context.user.clone(),
        reason: context.reason.clone(),
        host: context.host_id.clone(),
        deadline,
    }
}

/// The links, none when there is no binding profile.
pub(super) fn links(context: &Context) -> &[LinkInformation] {
    context.binding_profile.as_ref().map_or(&[], |profile| &profile.local_link_information)
}

/// The operation that is to be planned or verified.
pub(super) fn operation(context: &Context) -> Result<Operation, RpcError> {
    Ok(match context.operation {
        Some(wire::Operation::AttachPort) => Operation::AttachPort,
        Some(wire::Operation::DetachPort) => Operation::DetachPort,
        Some(wire::Operation::UpdatePort) => Operation::UpdatePort,
        Some(wire::Operation::AddNetwork) => Operation::AddNetwork,
        Some(wire::Operation::DeleteNetwork) => Operation::DeleteNetwork,
        None => return Err(refused("`context.operation` is missing")),
    })
}

/// Refuses ports of another kind.
pub(super) fn vnic_type(context: &Context) -> Result<(), RpcError> {
    match context.vnic_type.as_deref() {
        None | Some(BAREMETAL) => Ok(()),
        Some(other) => Err(RpcError::new(
            Class::NotSupported,
            format!("ports of vnic type `{other}` are not supported, only `{BAREMETAL}`"),
        )),
    }
}

/// The change that a context asks for.
pub(super) fn change(operation: Operation, context: &Context) -> Result<ChangeRequest, RpcError> {
    vnic_type(context)?;
    Ok(ChangeRequest {
        operation,
        links: links(context).to_vec(),
        switches: context.switches.clone(),
        network: network(context)?,
        settings: settings(context)?,
        lag: match operation {
            Operation::AttachPort | Operation::UpdatePort => {
                context.binding_profile.as_ref().map(lag).transpose()?.flatten()
            }
            _ => None,
        },
    })
}

fn network(context: &Context) -> Result<NetworkWish, RpcError> {
    let network = context.network.as_ref();
    let profile = context.binding_profile.as_ref();
    let physical_network = agreed(
        "context.network.physical_network",
        network.and_then(|network| network.physical_network.clone()),
        "context.binding_profile.physical_network",
        profile.and_then(|profile| profile.physical_network.clone()),
    )?;
    Ok(NetworkWish {
        network_type: network.map(|network| network.network_type),
        segmentation_id: network.and_then(|network| network.segmentation_id),
        physical_network,
        name: network.and_then(|network| network.name.clone()),
        mode: match context.mode.unwrap_or_default() {
            wire::PortMode::Access => PortMode::Access,
            wire::PortMode::Trunk => PortMode::Trunk,
            wire::PortMode::Hybrid => PortMode::Hybrid,
        },
        native: context.native_vlan,
        allowed: context.allowed_vlans.clone().unwrap_or_default(),
    })
}

fn settings(context: &Context) -> Result<PortConfig, RpcError> {
    let given = context.port_config.clone().unwrap_or_default();
    let wire::PortSettings { description, mtu, admin, stp_edge, bpdu_guard } = given;
    let network = context.network.as_ref().and_then(|network| network.mtu);
    let mtu = agreed("context.network.mtu", network, "context.port_config.mtu", mtu)?;
    Ok(PortConfig { vlans: None, admin, description, mtu, stp_edge, bpdu_guard })
}

/// The LAG that the server's bond needs, if it needs one.
fn lag(profile: &BindingProfile) -> Result<Option<LagWish>, RpcError> {
    let place = "context.binding_profile.local_group_information";
    let Some(bond) = &profile.local_group_information else { return Ok(None) };
    let settings = bond.lag_settings().map_err(|error| refused(format!("`{place}`: {error}")))?;
    let Some(settings) = settings else { return Ok(None) };
    let name = bond.name.as_deref().map(str::parse::<LagName>).transpose();
    let name = name.map_err(|error| refused(format!("`{place}.name`: {error}")))?;
    Ok(Some(LagWish { name, settings, members: Members::Named }))
}

/// A value that may be given in two places, where it must be the same.
fn agreed<T: PartialEq + std::fmt::Display>(
    here: &str,
    one: Option<T>,
    there: &str,
    other: Option<T>,
) -> Result<Option<T>, RpcError> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => {
            Err(refused(format!("`{here}` is `{one}`, but `{there}` is `{other}`")))
        }
        (one, other) => Ok(one.or(other)),
    }
}

fn refused(message: impl Into<String>) -> RpcError {
    RpcError::new(Class::InvalidRequest, message)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    fn context(value: Value) -> Context {
        serde_json::from_value(value).unwrap()
    }

    fn attach(value: Value) -> Result<ChangeRequest, String> {
        change(Operation::AttachPort, &context(value)).map_err(|error| error.message)
    }

    fn profile(group: &Value) -> Value {
        json!({ "binding_profile": {
            "local_link_information": [{ "switch_info": "leaf-01", "port_id": "swp1" }],
            "local_group_information": group,
        }})
    }

    #[test]
    fn everything_arrives() {
        let request = attach(json!({
            "network": {
                "name": "blue", "network_type": "vlan", "segmentation_id": 120,
                "physical_network": "physnet1", "mtu": 9000,
            },
            "mode": "hybrid", "native_vlan": 120, "allowed_vlans": "200-210",
            "port_config": {
                "description": "node 7", "admin": "up", "stp_edge": true, "bpdu_guard": false,
                "mtu": 9000,
            },
            "binding_profile": {
                "local_link_information": [
                    { "switch_info": "leaf-01", "port_id": "swp1" },
                    { "switch_info": "leaf-02", "port_id": "swp1" },
                ],
                "local_group_information": {
                    "name": "bond-7", "bond_mode": "802.3ad",
                    "bond_properties": { "lacp_rate": "fast", "miimon": 100 },
                },
                "physical_network": "physnet1",
            },
        }))
        .unwrap();
        assert_eq!(request.links.len(), 2);
        let network = &request.network;
        assert_eq!(network.segmentation_id, Some(120));
        assert_eq!(network.name.as_deref(), Some("blue"));
        assert_eq!(network.physical_network.as_ref().unwrap().as_str(), "physnet1");
        assert_eq!(
            network.vlans(None).unwrap().unwrap().to_string(),
            "hybrid native 120 allowed 200-210"
        );
        let settings = &request.settings;
        assert_eq!(settings.description.as_deref(), Some("node 7"));
        assert_eq!(settings.mtu.unwrap().get(), 9000);
        assert_eq!((settings.stp_edge, settings.bpdu_guard), (Some(true), Some(false)));
        let lag = request.lag.unwrap();
        assert_eq!(lag.name.unwrap().as_str(), "bond-7");
        assert_eq!(lag.settings.to_string(), "LACP active, fast");
    }

    #[rstest]
    #[case(json!(null), None)]
    #[case(json!({}), None)]
    #[case(json!({ "bond_mode": "active-backup", "name": "not a LAG's name" }), None)]
    #[case(json!({ "bond_mode": "802.3ad" }), Some("LACP active"))]
    #[case(json!({ "mode": "4", "properties": { "lacp_activity": "passive" } }), Some("LACP passive"))]
    #[case(json!({ "bond_mode": "balance-xor" }), Some("static"))]
    fn a_bond_that_needs_a_lag_gets_one(#[case] group: Value, #[case] lag: Option<&str>) {
        let request = attach(profile(&group)).unwrap();
        assert_eq!(request.lag.map(|lag| lag.settings.to_string()).as_deref(), lag);
    }

    #[test]
    fn a_detachment_asks_for_no_lag() {
        let context = context(profile(&json!({ "bond_mode": "802.3ad" })));
        assert_eq!(change(Operation::DetachPort, &context).unwrap().lag, None);
    }

    #[rstest]
    #[case(
        json!({ "network": { "network_type": "flat", "physical_network": "a" },
                "binding_profile": { "local_link_information": [{}], "physical_network": "b" } }),
        "`context.network.physical_network` is `a`, but `context.binding_profile.physical_network` is `b`"
    )]
    #[case(
        json!({ "network": { "network_type": "flat", "mtu": 1500 }, "port_config": { "mtu": 9000 } }),
        "`context.network.mtu` is `1500`, but `context.port_config.mtu` is `9000`"
    )]
    #[case(
        profile(&json!({ "bond_mode": "802.3ad", "name": "no blanks" })),
        "`context.binding_profile.local_group_information.name`: LAG name `no blanks` holds ` `"
    )]
    #[case(
        profile(&json!({ "bond_mode": "802.3ad", "bond_properties": { "lacp_rate": "often" } })),
        "`context.binding_profile.local_group_information`: lacp_rate `often` is neither"
    )]
    #[case(
        json!({ "vnic_type": "direct" }),
        "ports of vnic type `direct` are not supported, only `baremetal`"
    )]
    fn contradictions_are_refused(#[case] context: Value, #[case] message: &str) {
        let error = attach(context).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }

    #[test]
    fn one_place_is_enough() {
        let request = attach(json!({
            "network": { "network_type": "flat", "mtu": 1500 },
            "binding_profile": { "local_link_information": [{}], "physical_network": "b" },
        }))
        .unwrap();
        assert_eq!(request.settings.mtu.unwrap().get(), 1500);
        assert_eq!(request.network.physical_network.unwrap().as_str(), "b");
    }
}
