//! A call in a file, as the policy sees it.
//!
//! Read by the service's own reader, so what is refused there is refused here. Names are taken as
//! they are written: which port an alias or a MAC address means is known to the switch alone.

use std::path::Path;

use anyhow::Context as _;
use model::{SwitchName, VlanMode, VlanSet};
use rpc::{
    Method,
    wire::{Context, Network, Operation, PortMode},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use switch::{NetworkWish, policy::Verb};

use super::Request;
use crate::cli::{exit::Exit, failure::Told};

#[derive(Deserialize)]
struct Call {
    method: String,
    params: Map<String, Value>,
}

pub(super) fn read(file: &Path) -> anyhow::Result<Request> {
    let text = super::read(file)?;
    parse(&text).with_context(|| format!("`{}` is not a call", file.display())).map_err(|error| {
        let causes: Vec<_> = error.chain().map(ToString::to_string).collect();
        Told::new(Exit::Invalid, causes.join("\n")).into()
    })
}

fn parse(text: &str) -> anyhow::Result<Request> {
    let Call { method, params } = serde_json::from_str(text)?;
    let method: Method = method.parse()?;
    let context = method.read_params(params)?;
    let verb = verb(method, &context)?;
    let (vlans, vnis) = match verb {
        Verb::Attach | Verb::Update | Verb::AddNetwork | Verb::DeleteNetwork => carried(&context)?,
        Verb::Read | Verb::Detach | Verb::Flush => (VlanSet::empty(), Vec::new()),
    };
    Ok(Request { verb, places: places(&context)?, vlans, vnis })
}

/// What the policy is asked for a method; a plan is allowed to whoever may carry it out.
fn verb(method: Method, context: &Context) -> anyhow::Result<Verb> {
    Ok(match method {
        Method::AttachPort => Verb::Attach,
        Method::DetachPort => Verb::Detach,
        Method::UpdatePort => Verb::Update,
        Method::AddNetwork => Verb::AddNetwork,
        Method::DeleteNetwork => Verb::DeleteNetwork,
        Method::Flush => Verb::Flush,
        Method::Plan => match context.operation {
            Some(Operation::AttachPort) | None => Verb::Attach,
            Some(Operation::DetachPort) => Verb::Detach,
            Some(Operation::UpdatePort) => Verb::Update,
            Some(Operation::AddNetwork) => Verb::AddNetwork,
            Some(Operation::DeleteNetwork) => Verb::DeleteNetwork,
        },
        Method::ReadPort | Method::ResolvePort | Method::Verify => Verb::Read,
        Method::Apply
        | Method::Discover
        | Method::ListSwitches
        | Method::GetAllowedNetworkTypes
        | Method::IsLinkValid
        | Method::IsPortSupported => {
            anyhow::bail!("the policy is not asked about one port or VLAN for `{method}`")
        }
    })
}

fn places(context: &Context) -> anyhow::Result<Vec<(SwitchName, Option<model::PortName>)>> {
    let links = context.binding_profile.iter().flat_map(|profile| &profile.local_link_information);
    let mut places = Vec::new();
    for link in links {
        let switch = link.switch_info.as_deref().or(link.switch_id.as_deref());
        let (Some(switch), Some(port)) = (switch, link.port_id.as_deref()) else {
            anyhow::bail!("a link names no switch or no port");
        };
        places.push((switch.parse()?, Some(port.parse()?)));
    }
    places.extend(context.switches.iter().map(|switch| (switch.clone(), None)));
    anyhow::ensure!(!places.is_empty(), "it names no switch");
    Ok(places)
}

fn carried(context: &Context) -> anyhow::Result<(VlanSet, Vec<model::Vni>)> {
    let network = context.network.as_ref();
    let wish = NetworkWish {
        network_type: network.map(|network| network.network_type),
        segmentation_id: network.and_then(|network| network.segmentation_id),
        physical_network: network.and_then(|network: &Network| network.physical_network.clone()),
        name: None,
        mode: match context.mode.unwrap_or_default() {
            PortMode::Access => switch::PortMode::Access,
            PortMode::Trunk => switch::PortMode::Trunk,
            PortMode::Hybrid => switch::PortMode::Hybrid,
        },
        native: context.native_vlan,
        allowed: context.allowed_vlans.clone().unwrap_or_else(VlanSet::empty),
    };
    if let Some(vni) = wish.vni()? {
        // Which VLAN stands for it is the switch's to say; those that the request names count.
        let native = wish.native.map_or_else(VlanSet::empty, VlanSet::from);
        return Ok((native.union(&wish.tagged()), vec![vni]));
    }
    let vlans = wish.vlans(None)?.as_ref().map_or_else(VlanSet::empty, VlanMode::carried);
    Ok((vlans, Vec::new()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LINK: &str = r#""binding_profile":{"local_link_information":[{"switch_id":"52:54:00:00:00:01","switch_info":"leaf-01","port_id":"swp1"}]}"#;

    #[rstest]
    #[case(
        "attach_port",
        r#""mode":"trunk","native_vlan":100,"allowed_vlans":"200-201","#,
        "attach 100,200-201"
    )]
    #[case("detach_port", "", "detach ")]
    #[case("plan", r#""operation":"update_port","native_vlan":7,"#, "update 7")]
    #[case("read_port", "", "read ")]
    #[case("attach_port", r#""native_vlan":4095,"#, "error")]
    #[case("attach_port", r#""vlan":1,"#, "error")]
    fn calls(#[case] method: &str, #[case] members: &str, #[case] want: &str) {
        let text = format!(r#"{{"method":"{method}","params":{{"context":{{{members}{LINK}}}}}}}"#);
        let got = parse(&text).map_or_else(
            |_| "error".to_owned(),
            |request| {
                let place = (&request.places[0].0, request.places[0].1.as_ref().unwrap());
                assert_eq!((place.0.as_str(), place.1.as_str()), ("leaf-01", "swp1"));
                format!("{} {}", request.verb, request.vlans)
            },
        );
        assert_eq!(got, want);
    }
}
