//! The shapes on the pipe, as `docs/src/plugin-protocol.md` describes them.
//!
//! Results are read strictly: a member that is not described here is refused, because a plugin that
//! says more than is understood means something that nobody would act on.

use std::collections::{BTreeMap, BTreeSet};

use model::{LagName, PortName, PortNaming, Vlan};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned, ser::SerializeMap as _};
use serde_json::{Map, Value};
use switch::{
    Capabilities, Change, LagState, PortMatch, PortState, PortStatus, Query, Slice, VlanState, Work,
};

use super::error::{Violation, excerpt};

/// The version of the protocol that is spoken here.
pub const PROTOCOL: u32 = 1;

/// The methods that a plugin is asked.
pub(super) mod method {
    pub(in super::super) const DESCRIBE: &str = "describe";
    pub(in super::super) const OBSERVE: &str = "observe";
    pub(in super::super) const APPLY: &str = "apply";
    pub(in super::super) const SAVE: &str = "save";
    pub(in super::super) const RESOLVE: &str = "resolve";
    pub(in super::super) const CLOSE: &str = "close";
}

/// `describe`, asked.
#[derive(Serialize)]
pub(super) struct Describe<'a> {
    pub(super) protocol: u32,
    pub(super) switch: &'a str,
    pub(super) settings: &'a Map<String, Value>,
    #[serde(serialize_with = "exposed")]
    pub(super) secrets: &'a BTreeMap<String, SecretString>,
}

fn exposed<S: Serializer>(
    secrets: &BTreeMap<String, SecretString>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(secrets.len()))?;
    for (name, secret) in secrets {
        map.serialize_entry(name, secret.expose_secret())?;
    }
    map.end()
}

/// `describe`, answered: what a plugin says of itself and of its switch.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The version of the protocol that it speaks.
    pub protocol: u32,
    /// Its name, for logs.
    pub name: String,
    /// Its own version, for logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// How its switch writes port names; letter by letter when absent.
    #[serde(default = "exact")]
    pub port_naming: PortNaming,
    /// What its switch can do; what is absent it cannot.
    pub capabilities: Capabilities,
}

const fn exact() -> PortNaming {
    PortNaming::Exact
}

/// `observe`, asked.
#[derive(Serialize)]
pub(super) struct Observe<'a> {
    ports: &'a BTreeSet<PortName>,
    lags: &'a BTreeSet<LagName>,
    vlans: &'a BTreeSet<Vlan>,
    lag_names: bool,
    /// Like the next one left out unless it is asked for, which is only where the plugin claims
    /// the capability: a plugin from before it never sees it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pair_ids: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all_vlans: bool,
}

impl<'a> From<&'a Query> for Observe<'a> {
    fn from(query: &'a Query) -> Self {
        let Query { ports, lags, vlans, lag_names, pair_ids, all_vlans } = query;
        Self {
            ports,
            lags,
            vlans,
            lag_names: *lag_names,
            pair_ids: *pair_ids,
            all_vlans: *all_vlans,
        }
    }
}

/// `observe`, answered.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Observed {
    pub(super) ports: BTreeMap<PortName, PortState>,
    pub(super) lags: BTreeMap<LagName, LagState>,
    /// JSON has no numbers as names.
    pub(super) vlans: BTreeMap<String, VlanState>,
    pub(super) status: BTreeMap<PortName, PortStatus>,
    pub(super) lag_names: BTreeSet<LagName>,
    pub(super) pair_ids: BTreeMap<LagName, u16>,
    /// As `vlans`.
    pub(super) all_vlans: BTreeMap<String, VlanState>,
    pub(super) pending: Option<String>,
}

/// `apply`, asked.
#[derive(Serialize)]
pub(super) struct Apply<'a> {
    works: Vec<OneWork<'a>>,
}

#[derive(Serialize)]
struct OneWork<'a> {
    before: &'a Slice,
    after: Slice,
    steps: Vec<Step<'a>>,
}

/// A change and what takes it back.
#[derive(Serialize)]
struct Step<'a> {
    r#do: &'a Change,
    undo: Change,
}

impl<'a> Apply<'a> {
    /// The works as they are asked for, or the change that does not fit its predecessor.
    pub(super) fn new(works: &'a [Work]) -> Result<Self, switch::Misfit> {
        let one = |work: &'a Work| {
            let steps =
                work.changes.iter().map(|change| Step { r#do: change, undo: change.inverse() });
            Ok(OneWork { before: &work.before, after: work.after()?, steps: steps.collect() })
        };
        Ok(Self { works: works.iter().map(one).collect::<Result<_, _>>()? })
    }
}

/// `apply`, answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outcomes {
    pub(super) outcomes: Vec<Outcome>,
}

/// What became of one work.
#[derive(Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Outcome {
    /// All of it took effect.
    Done {
        #[serde(default)]
        operations: Vec<String>,
        #[serde(default)]
        answers: Vec<String>,
    },
    /// The switch said no. What took effect before that follows from the atomicity.
    Refused { operation: Option<String>, answer: String },
    /// The plugin cannot do it; nothing was sent.
    Unsupported { what: String },
    /// The plugin does not know what took effect.
    Unknown { why: String },
}

/// `save`, answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    #[serde(default)]
    pub(super) answers: Vec<String>,
}

/// `resolve`, asked.
#[derive(Serialize)]
pub(super) struct Resolve<'a> {
    pub(super) text: &'a str,
}

/// `resolve`, answered.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resolved {
    pub(super) matches: Vec<PortMatch>,
}

/// Nothing asked, nothing answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Reads a result as the shape that the method has.
pub(super) fn result<T: DeserializeOwned>(
    method: &'static str,
    value: Value,
) -> Result<T, Violation> {
    // Serde would also take a list of the members in their order.
    if !value.is_object() {
        let shown = excerpt(&value.to_string());
        return Err(Violation::wrong(method, format!("it is no object: {shown}")));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let problem = excerpt(&error.inner().to_string());
        let place = if path == "." { String::new() } else { format!("`{path}`: ") };
        Violation::wrong(method, format!("{place}{problem}"))
    })
}
