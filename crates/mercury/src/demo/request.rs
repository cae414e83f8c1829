//! Requests as the cloud team makes them.

use model::{BondParameters, LinkInformation, NetworkType, Vlan, VlanSet};
use rpc::wire::{BindingProfile, Context, Network, PortMode};

use super::cast::Server;

/// The user on whose behalf the cloud team asks.
const USER: &str = "alice";

/// A change of these servers' ports, not yet saying to what.
pub(super) fn ports(servers: &[Server], reason: &str) -> Context {
    let links = servers.iter().flat_map(|server| server.cables);
    let links = links.map(|(_, switch, port)| LinkInformation::managed(*switch, *port));
    Context {
        user: Some(USER.to_owned()),
        reason: Some(reason.to_owned()),
        host_id: match servers {
            [server] => Some(server.name.to_owned()),
            _ => None,
        },
        binding_profile: Some(BindingProfile {
            local_link_information: links.collect(),
            local_group_information: None,
            physical_network: None,
        }),
        ..Context::default()
    }
}

/// One port that is no server's.
pub(super) fn port(switch: &str, port: &str, reason: &str) -> Context {
    let mut context = ports(&[], reason);
    if let Some(profile) = &mut context.binding_profile {
        profile.local_link_information.push(LinkInformation::managed(switch, port));
    }
    context
}

/// On one VLAN, untagged.
pub(super) fn on_vlan(context: Context, vlan: Vlan) -> Context {
    let network = Network {
        id: None,
        name: None,
        network_type: NetworkType::Vlan,
        segmentation_id: Some(vlan.get().into()),
        physical_network: None,
        mtu: None,
    };
    Context { network: Some(network), ..context }
}

/// As a trunk with a native VLAN.
pub(super) fn as_trunk(context: Context, native: Vlan, allowed: VlanSet) -> Context {
    Context {
        mode: Some(PortMode::Trunk),
        native_vlan: Some(native),
        allowed_vlans: Some(allowed),
        ..context
    }
}

/// As one LAG with LACP every second, which the server's bond wants.
pub(super) fn as_lag(mut context: Context, name: &str) -> Context {
    let properties = [("lacp_rate".to_owned(), "fast".into())];
    if let Some(profile) = &mut context.binding_profile {
        profile.local_group_information = Some(BondParameters {
            id: None,
            name: Some(name.to_owned()),
            bond_mode: Some(model::BondMode::Lacp),
            bond_properties: properties.into(),
        });
    }
    context
}

/// A plan, to be carried out.
pub(super) fn by_token(token: &str) -> Context {
    Context {
        user: Some(USER.to_owned()),
        plan_token: Some(token.to_owned()),
        ..Context::default()
    }
}
