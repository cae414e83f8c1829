//! The methods, which parameters each has, and reading one of them with Ironic's own words for what
//! is wrong with it.

use std::str::FromStr;

use model::{Vlan, VlanSet};
use serde_json::{Map, Value};

use super::failure::{Doing, Failure};

/// A method that a conductor, or its client library, can call. `cleanup` and `prepare_host`, which
/// Ironic's own service exposes by accident, are not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// `get_switches`.
    GetSwitches,
    /// `update_port`.
    UpdatePort,
    /// `reset_port`.
    ResetPort,
    /// `update_lag`.
    UpdateLag,
    /// `delete_lag`.
    DeleteLag,
}

impl Method {
    const ALL: [Self; 5] =
        [Self::GetSwitches, Self::UpdatePort, Self::ResetPort, Self::UpdateLag, Self::DeleteLag];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::GetSwitches => "get_switches",
            Self::UpdatePort => "update_port",
            Self::ResetPort => "reset_port",
            Self::UpdateLag => "update_lag",
            Self::DeleteLag => "delete_lag",
        }
    }

    pub(super) const fn doing(self) -> Doing {
        match self {
            Self::GetSwitches => Doing::Listing,
            Self::UpdatePort => Doing::ConfiguringPort,
            Self::ResetPort => Doing::ResettingPort,
            Self::UpdateLag => Doing::ConfiguringLag,
            Self::DeleteLag => Doing::DeletingLag,
        }
    }

    /// The parameters that have to be there.
    const fn required(self) -> &'static [&'static str] {
        match self {
            Self::GetSwitches => &[],
            Self::UpdatePort => &["switch_id", "port_name", "description", "mode", "native_vlan"],
            Self::ResetPort => &["switch_id", "port_name", "native_vlan"],
            Self::UpdateLag => &[
                "switch_ids",
                "lag_name",
                "description",
                "mode",
                "native_vlan",
                "aggregation_mode",
            ],
            Self::DeleteLag => &["switch_ids", "lag_name"],
        }
    }

    /// Those that may be left out, or null.
    const fn optional(self) -> &'static [&'static str] {
        match self {
            Self::GetSwitches | Self::DeleteLag => &[],
            Self::UpdatePort => &["allowed_vlans", "lag_name", "default_vlan"],
            Self::ResetPort | Self::UpdateLag => &["allowed_vlans", "default_vlan"],
        }
    }
}

impl FromStr for Method {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        let known = Self::ALL.into_iter().find(|method| method.name() == name);
        known.ok_or_else(|| Failure::method_not_found(name))
    }
}

/// The parameters of a call: exactly those of its method. What is not there is null.
#[derive(Debug)]
pub(super) struct Params(Map<String, Value>);

impl Params {
    pub(super) fn new(method: Method, given: Map<String, Value>) -> Result<Self, Failure> {
        let bad = |why: String| {
            let names = given.keys().map(String::as_str).chain(["context"]);
            Err(Failure::bad_params(method, &names.collect::<Vec<_>>(), &why))
        };
        if let Some(missing) = method.required().iter().find(|name| !given.contains_key(**name)) {
            return bad(format!("missing a required argument: '{missing}'"));
        }
        let known =
            |name: &str| method.required().contains(&name) || method.optional().contains(&name);
        if let Some(other) = given.keys().find(|name| !known(name)) {
            let other = model::Invalid::new("", other, "").value;
            return bad(format!("got an unexpected keyword argument '{other}'"));
        }
        Ok(Self(given))
    }

    /// A parameter as it was given; null when it was not.
    pub(super) fn raw(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or(&Value::Null)
    }

    /// A parameter as it was given, to be repeated in the answer.
    pub(super) fn take(&mut self, name: &str) -> Value {
        self.0.remove(name).unwrap_or(Value::Null)
    }

    /// A text without control characters; nothing when null.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        let text = match self.raw(name) {
            Value::Null => return Ok(None),
            Value::String(text) => text,
            _ => return Err(Failure::invalid(format!("{name} must be a string"))),
        };
        match text.chars().find(|c| c.is_control()) {
            None => Ok(Some(text)),
            Some(bad) => Err(Failure::invalid(format!(
                "{name} holds the control character `{}`",
                bad.escape_debug()
            ))),
        }
    }

    /// A VLAN ID; nothing when null.
    pub(super) fn vlan(&self, name: &str) -> Result<Option<Vlan>, Failure> {
        match self.raw(name) {
            Value::Null => Ok(None),
            given => vlan(given).map(Some).ok_or_else(|| no_vlan(name)),
        }
    }

    /// A VLAN ID that has to be there.
    pub(super) fn some_vlan(&self, name: &str) -> Result<Vlan, Failure> {
        self.vlan(name)?.ok_or_else(|| no_vlan(name))
    }

    /// A list of VLAN IDs; empty when null.
    pub(super) fn vlans(&self, name: &str) -> Result<VlanSet, Failure> {
        let given = match self.raw(name) {
            Value::Null => return Ok(VlanSet::empty()),
            Value::Array(given) => given,
            _ => return Err(Failure::invalid(format!("{name} must be a list or tuple"))),
        };
        given.iter().map(vlan).collect::<Option<VlanSet>>().ok_or_else(|| {
            let text = format!("Each VLAN in {name} must be an integer between 1 and 4094");
            Failure::invalid(text)
        })
    }
}

fn no_vlan(name: &str) -> Failure {
    Failure::invalid(format!("{name} must be an integer between 1 and 4094"))
}

/// `true` is an integer in Python and 1.0 nearly one; neither is here.
fn vlan(given: &Value) -> Option<Vlan> {
    let id = given.as_u64()?;
    Vlan::new(u16::try_from(id).ok()?).ok()
}
