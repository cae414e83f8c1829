//! From a call's parameters to a request in the core's words: pure, and in the order in which
//! Ironic's own service looks at them, so that a call with two mistakes is told the same one.

mod lag;

use model::{LinkInformation, PortConfig, Vlan, VlanSet};
use serde_json::Value;
use switch::{ChangeRequest, NetworkWish, Operation, PortMode, State, Switch};

use super::{
    failure::{Doing, Failure},
    params::Params,
};
use crate::config::{Ironic, UnknownSwitch};

pub(super) use lag::{delete_lag, update_lag};

/// A change, and the parameters that it came from.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) change: ChangeRequest,
    pub(super) given: Params,
}

/// `update_port`: a port carries a network.
pub(super) fn update_port(
    given: Params,
    state: &State,
    settings: Ironic,
) -> Result<Asked, Failure> {
    let doing = Doing::ConfiguringPort;
    not_null(&given, "native_vlan")?;
    let switch = given.raw("switch_id");
    if !is_none(switch) {
        found(switch, state, settings, doing)?;
    }
    let carried = Carried::read(&given)?;
    let description = description(&given)?;
    let lag = lag::joined(&given)?;
    let (switch, switch_id) = found(switch, state, settings, doing)?;
    let network = carried.network(doing)?;
    let port = port_name(&given)?
        .ok_or_else(|| Failure::network(doing, "port_name must be a non-empty string"))?;
    // The conductor describes every port, also those whose switch has no place for it. In a LAG it
    // is the LAG that has a description, and this one is not the LAG's.
    let keeps = switch.driver().capabilities().description && lag.is_none();
    let description = description.filter(|_| keeps);
    let change = ChangeRequest {
        operation: Operation::AttachPort,
        links: vec![LinkInformation::managed(switch_id, port)],
        switches: Vec::new(),
        network,
        settings: PortConfig { description, ..PortConfig::default() },
        lag,
    };
    Ok(Asked { change, given })
}

/// `reset_port`: a port carries nothing any more. What it carried does not matter: whatever that
/// was, it is gone afterwards.
pub(super) fn reset_port(given: Params, state: &State, settings: Ironic) -> Result<Asked, Failure> {
    let doing = Doing::ResettingPort;
    let (_, switch_id) = found(given.raw("switch_id"), state, settings, doing)?;
    let unparsed =
        |what: &str| Failure::network(doing, &format!("Can not parse arguments: {what}"));
    if given.vlan("native_vlan")?.is_none() {
        return Err(unparsed("native_vlan must be an integer between 1 and 4094"));
    }
    given.vlans("allowed_vlans")?;
    let native = given.vlan("default_vlan")?;
    let port =
        port_name(&given)?.ok_or_else(|| unparsed("port_name must be a non-empty string"))?;
    let change = ChangeRequest {
        operation: Operation::DetachPort,
        links: vec![LinkInformation::managed(switch_id, port)],
        switches: Vec::new(),
        network: NetworkWish { native, ..NetworkWish::default() },
        settings: PortConfig::default(),
        lag: None,
    };
    Ok(Asked { change, given })
}

/// Refuses a VLAN that is null, which is seen before the switch is looked for; one that is out of
/// range is seen after it.
fn not_null(given: &Params, name: &str) -> Result<(), Failure> {
    match given.raw(name) {
        Value::Null => given.some_vlan(name).map(drop),
        _ => Ok(()),
    }
}

/// What a port is to carry, each value by itself.
struct Carried {
    mode: PortMode,
    native: Vlan,
    allowed: VlanSet,
}

impl Carried {
    fn read(given: &Params) -> Result<Self, Failure> {
        let mode = match given.raw("mode").as_str() {
            Some("access") => PortMode::Access,
            Some("trunk") => PortMode::Trunk,
            Some("hybrid") => PortMode::Hybrid,
            _ => return Err(Failure::invalid("mode must be one of: access, trunk, hybrid")),
        };
        let native = given.some_vlan("native_vlan")?;
        let allowed = given.vlans("allowed_vlans")?;
        given.vlan("default_vlan")?;
        Ok(Self { mode, native, allowed })
    }

    /// The values together. A trunk of nothing but its native VLAN is an access port, and an access
    /// port has no other.
    fn network(self, doing: Doing) -> Result<NetworkWish, Failure> {
        let Self { mode, native, allowed } = self;
        let name = match mode {
            PortMode::Access => None,
            PortMode::Trunk => Some("trunk"),
            PortMode::Hybrid => Some("hybrid"),
        };
        if let (Some(name), true) = (name, allowed.is_empty()) {
            let why =
                format!("allowed_vlans parameter cannot be empty or missing when mode is '{name}'");
            return Err(Failure::network(doing, &why));
        }
        let wish = NetworkWish { native: Some(native), ..NetworkWish::default() };
        let tagged = allowed.without(native);
        if mode == PortMode::Access || tagged.is_empty() {
            return Ok(wish);
        }
        Ok(NetworkWish { mode, allowed: tagged, ..wish })
    }
}

/// The description, which any switch that keeps one would take.
fn description(given: &Params) -> Result<Option<String>, Failure> {
    let Some(text) = given.text("description")? else { return Ok(None) };
    PortConfig::check_description(text).map_err(|error| Failure::invalid(error.to_string()))?;
    Ok(Some(text.to_owned()))
}

/// The port's name, without which nothing can be done.
fn port_name(given: &Params) -> Result<Option<String>, Failure> {
    match given.raw("port_name") {
        Value::String(_) => {
            let name = given.text("port_name")?;
            Ok(name.filter(|name| !name.is_empty()).map(str::to_owned))
        }
        _ => Ok(None),
    }
}

/// The switch, and the text by which it was named.
fn found<'a>(
    given: &Value,
    state: &'a State,
    settings: Ironic,
    doing: Doing,
) -> Result<(&'a Switch, String), Failure> {
    let text = match given {
        Value::Null => "None".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if let Value::String(_) = given
        && let Some(switch) = state.inventory.find(&text)
    {
        return Ok((switch, text));
    }
    let unknown = Failure::switch_not_found(&text);
    if is_none(given) || settings.unknown_switch == UnknownSwitch::NetworkError {
        return Err(Failure::network(doing, &unknown.message));
    }
    Err(unknown)
}

/// Whether Ironic's own service would take it for nothing.
fn is_none(switch: &Value) -> bool {
    switch.is_null() || switch.as_str() == Some("")
}
