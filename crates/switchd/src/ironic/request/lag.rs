//! The calls about LAGs, and the LAG that a port joins.
//!
//! A call of Ironic's names a LAG, and never its members: ports join one by one, and a LAG that is
//! changed or deleted is meant with whoever is in it. Who that is the core reads, so that the policy
//! is asked about every one of them.

use model::{BondMode, LagMode, LagName, LagSettings, PortConfig, SwitchName};
use serde_json::Value;
use switch::{ChangeRequest, LagWish, Members, NetworkWish, Operation, State, Switch};

use super::{
    super::{
        failure::{Doing, Failure},
        params::Params,
    },
    Asked, Carried, description, found, not_null,
};
use crate::config::Ironic;

/// What a client library may say for LACP beside the names of bond modes.
const LACP: &str = "lacp";

/// The LAG that a port becomes a member of. One that is not there yet speaks LACP.
pub(super) fn joined(given: &Params) -> Result<Option<LagWish>, Failure> {
    let name = given.text("lag_name")?.map(lag_name).transpose()?;
    let settings = LagSettings::new(LagMode::Active);
    Ok(name.map(|name| LagWish { name: Some(name), settings, members: Members::Joining }))
}

/// `update_lag`: a LAG carries a network, with all of its members on all of the switches.
pub(in super::super) fn update_lag(
    given: Params,
    state: &State,
    settings: Ironic,
) -> Result<Asked, Failure> {
    let doing = Doing::ConfiguringLag;
    not_null(&given, "native_vlan")?;
    let switches = switches(&given, state, settings, doing)?;
    let carried = Carried::read(&given)?;
    let description = description(&given)?;
    let wish = LagWish {
        name: Some(some_name(&given)?),
        settings: LagSettings::new(mode(given.raw("aggregation_mode"))?),
        members: Members::Present,
    };
    let keep = switches.iter().all(|switch| switch.driver().capabilities().description);
    let description = description.filter(|_| keep);
    let change = ChangeRequest {
        operation: Operation::AttachPort,
        links: Vec::new(),
        switches: names(&switches),
        network: carried.network(doing)?,
        settings: PortConfig { description, ..PortConfig::default() },
        lag: Some(wish),
    };
    Ok(Asked { change, given })
}

/// `delete_lag`: its members carry nothing any more.
pub(in super::super) fn delete_lag(
    given: Params,
    state: &State,
    settings: Ironic,
) -> Result<Asked, Failure> {
    let switches = switches(&given, state, settings, Doing::DeletingLag)?;
    let wish = LagWish {
        name: Some(some_name(&given)?),
        settings: LagSettings::new(LagMode::Active),
        members: Members::Present,
    };
    let change = ChangeRequest {
        operation: Operation::DetachPort,
        links: Vec::new(),
        switches: names(&switches),
        network: NetworkWish::default(),
        settings: PortConfig::default(),
        lag: Some(wish),
    };
    Ok(Asked { change, given })
}

fn lag_name(text: &str) -> Result<LagName, Failure> {
    text.parse().map_err(|error: model::Invalid| Failure::invalid(format!("lag_name: {error}")))
}

fn some_name(given: &Params) -> Result<LagName, Failure> {
    let name = given.text("lag_name")?;
    name.map_or_else(|| Err(Failure::invalid("lag_name must be a non-empty string")), lag_name)
}

/// Every switch that is named, not only the first.
fn switches<'a>(
    given: &Params,
    state: &'a State,
    settings: Ironic,
    doing: Doing,
) -> Result<Vec<&'a Switch>, Failure> {
    let Value::Array(ids) = given.raw("switch_ids") else {
        return Err(Failure::invalid("switch_ids must be a list or tuple"));
    };
    if ids.is_empty() {
        return Err(Failure::invalid("switch_ids must name at least one switch"));
    }
    ids.iter().map(|id| Ok(found(id, state, settings, doing)?.0)).collect()
}

fn names(switches: &[&Switch]) -> Vec<SwitchName> {
    switches.iter().map(|switch| switch.name().clone()).collect()
}

/// What the switch has to do for this kind of bond.
fn mode(given: &Value) -> Result<LagMode, Failure> {
    let text = match given {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err(Failure::invalid("aggregation_mode must be the name of a bond mode")),
    };
    if text == LACP {
        return Ok(LagMode::Active);
    }
    let mode: BondMode = text
        .parse()
        .map_err(|error: model::Invalid| Failure::invalid(format!("aggregation_mode: {error}")))?;
    mode.lag_mode().ok_or_else(|| {
        Failure::invalid(format!(
            "aggregation_mode `{mode}` needs no LAG: the switch ports of such a bond stay single"
        ))
    })
}
