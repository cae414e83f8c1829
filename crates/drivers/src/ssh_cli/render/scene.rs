//! What a template sees of a change: its own values, and what was there before it.

use std::{collections::BTreeMap, sync::Arc};

use minijinja::{
    Value,
    value::{Enumerator, Object, ObjectRepr, Serde},
};
use model::{LagMode, LagName, LagSettings, PortConfig, VlanMode, VlanSet};
use serde::Serialize;
use switch::{Change, Slice, Target};

use super::template::Scene;

/// A VLAN mode as templates see it.
#[derive(Debug, Serialize)]
struct Mode<'a> {
    mode: &'static str,
    untagged: Option<u16>,
    tagged: Value,
    carried: Value,
    lines: Vec<&'a str>,
}

impl<'a> Mode<'a> {
    fn of(mode: &'a VlanMode) -> Self {
        let lines = match mode {
            VlanMode::Other { text } => text.lines().collect(),
            _ => Vec::new(),
        };
        Self {
            mode: mode.name(),
            untagged: mode.untagged().map(model::Vlan::get),
            tagged: ids(mode.tagged()),
            carried: ids(mode.carried()),
            lines,
        }
    }
}

/// VLANs that go or come.
#[derive(Debug, Serialize)]
struct Moving {
    untagged: Option<u16>,
    tagged: Value,
    all: Value,
}

impl Moving {
    /// What `one` has and `other` has not.
    fn between(one: &VlanMode, other: &VlanMode) -> Self {
        let untagged = one.untagged().filter(|vlan| other.untagged() != Some(*vlan));
        let tagged = one.tagged().difference(&other.tagged());
        let all = untagged.map_or_else(|| tagged.clone(), |vlan| tagged.with(vlan));
        Self { untagged: untagged.map(model::Vlan::get), tagged: ids(tagged), all: ids(all) }
    }
}

/// A list of VLANs. A set of all of them is common (it is what an unknown setting may carry) and
/// seldom looked at, so its members become values only when they are.
#[derive(Debug)]
struct Ids(VlanSet);

impl Object for Ids {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, index: &Value) -> Option<Value> {
        let mut left = index.as_usize()?;
        for (first, last) in self.0.ranges() {
            let count = usize::from(last - first) + 1;
            if left < count {
                return Some(Value::from(usize::from(first) + left));
            }
            left -= count;
        }
        None
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

fn ids(set: VlanSet) -> Value {
    Value::from_object(Ids(set))
}

/// Settings of a LAG as templates see them; `None` is `none`.
#[derive(Debug, Serialize)]
struct Settings {
    mode: LagMode,
    rate: Option<model::LacpRate>,
    min_links: Option<u8>,
    fallback: Option<bool>,
    pair: Option<u16>,
}

impl Settings {
    const fn of(settings: &LagSettings) -> Self {
        let LagSettings { mode, rate, min_links, fallback, pair } = settings;
        Self { mode: *mode, rate: *rate, min_links: *min_links, fallback: *fallback, pair: *pair }
    }
}

/// The configuration of a port or LAG as templates see it; `None` is `none`.
#[derive(Debug, Serialize)]
struct State<'a> {
    vlans: Option<Mode<'a>>,
    admin: Option<model::AdminState>,
    description: Option<&'a str>,
    mtu: Option<u16>,
    stp_edge: Option<bool>,
    bpdu_guard: Option<bool>,
    lag: Option<&'a str>,
    settings: Option<Settings>,
}

impl<'a> State<'a> {
    fn of(
        config: &'a PortConfig,
        lag: Option<&'a LagName>,
        settings: Option<&LagSettings>,
    ) -> Self {
        let PortConfig { vlans, admin, description, mtu, stp_edge, bpdu_guard } = config;
        Self {
            vlans: vlans.as_ref().map(Mode::of),
            admin: *admin,
            description: description.as_deref(),
            mtu: mtu.map(model::Mtu::get),
            stp_edge: *stp_edge,
            bpdu_guard: *bpdu_guard,
            lag: lag.map(LagName::as_str),
            settings: settings.map(Settings::of),
        }
    }
}

fn value(data: impl Serialize) -> Value {
    Value::from(Serde(data))
}

fn mode(mode: Option<&VlanMode>) -> Value {
    value(mode.map(Mode::of))
}

/// The scene of a change that leads from `before` to `after`; `number` is the LAG's, where LAGs
/// are numbered.
pub(super) fn scene(
    change: &Change,
    before: &Slice,
    after: &Slice,
    options: &BTreeMap<String, String>,
    number: impl Fn(&LagName) -> Option<u32>,
) -> Scene {
    let mut scene = Scene::from([("options", value(options))]);
    if let Some(target) = change.targets().first() {
        about(&mut scene, target, before);
    }
    let mut put = |name: &'static str, value: Value| scene.insert(name, value);
    let lag_of = |change: &Change| match change {
        Change::CreateLag { lag, .. }
        | Change::DeleteLag { lag, .. }
        | Change::SetLag { lag, .. }
        | Change::AddMember { lag, .. }
        | Change::RemoveMember { lag, .. } => Some(lag.clone()),
        other => other.targets().into_iter().find_map(|target| match target {
            Target::Lag(lag) => Some(lag),
            Target::Port(_) => None,
        }),
    };
    if let Some(number) = lag_of(change).and_then(|lag| number(&lag)) {
        put("number", Value::from(number));
    }
    match change {
        Change::CreateVlan { vlan, name } | Change::DeleteVlan { vlan, name } => {
            put("vlan", Value::from(vlan.get()));
            put("name", value(name));
        }
        Change::MapVni { vlan, vni } | Change::UnmapVni { vlan, vni } => {
            put("vlan", Value::from(vlan.get()));
            put("vni", Value::from(vni.get()));
            put("name", value(before.vlans.get(vlan).and_then(|state| state.name.as_ref())));
        }
        Change::RemoveAllowed { target, .. }
        | Change::AddAllowed { target, .. }
        | Change::SetNative { target, .. }
        | Change::SetVlans { target, .. } => {
            let (from, to) = (vlans(before, target), vlans(after, target));
            put("from", mode(from));
            put("to", mode(to));
            if let (Some(from), Some(to)) = (from, to) {
                put("leave", value(Moving::between(from, to)));
                put("join", value(Moving::between(to, from)));
            }
        }
        Change::SetAdmin { from, to, .. } => {
            put("from", value(from));
            put("to", value(to));
        }
        Change::SetDescription { from, to, .. } => {
            put("from", value(from));
            put("to", value(to));
        }
        Change::SetMtu { from, to, .. } => {
            put("from", value(from));
            put("to", value(to));
        }
        Change::SetStpEdge { from, to, .. } | Change::SetBpduGuard { from, to, .. } => {
            put("from", value(from));
            put("to", value(to));
        }
        Change::CreateLag { lag, settings, config, .. }
        | Change::DeleteLag { lag, settings, config, .. } => {
            put("lag", Value::from(lag.as_str()));
            put("settings", value(Settings::of(settings)));
            put("config", value(State::of(config, None, Some(settings))));
            put("members", members(before, lag));
        }
        Change::SetLag { lag, from, to } => {
            put("lag", Value::from(lag.as_str()));
            put("from", value(Settings::of(from)));
            put("to", value(Settings::of(to)));
            put("members", members(before, lag));
        }
        Change::AddMember { lag, was, .. } => {
            put("from", mode(was.as_ref()));
            member(&mut scene, lag, before);
        }
        Change::RemoveMember { lag, becomes, .. } => {
            put("to", mode(becomes.as_ref()));
            member(&mut scene, lag, before);
        }
    }
    scene
}

/// What every template about a port or LAG sees.
fn about(scene: &mut Scene, target: &Target, before: &Slice) {
    let (name, is_lag, state) = match target {
        Target::Port(port) => {
            let state = before.ports.get(port);
            let state = state.map(|state| State::of(&state.config, state.lag.as_ref(), None));
            (port.as_str(), false, state)
        }
        Target::Lag(lag) => {
            let state = before.lags.get(lag);
            let state = state.map(|state| State::of(&state.config, None, Some(&state.settings)));
            (lag.as_str(), true, state)
        }
    };
    let nothing = PortConfig::default();
    let state = state.unwrap_or_else(|| State::of(&nothing, None, None));
    scene.insert("port", Value::from(name));
    scene.insert("is_lag", Value::from(is_lag));
    scene.insert("state", value(state));
}

/// What templates about a member see of its LAG.
fn member(scene: &mut Scene, lag: &LagName, before: &Slice) {
    scene.insert("lag", Value::from(lag.as_str()));
    scene.insert("members", members(before, lag));
    if let Some(state) = before.lags.get(lag) {
        scene.insert("settings", value(Settings::of(&state.settings)));
        let config = State::of(&state.config, None, Some(&state.settings));
        scene.insert("lag_config", value(config));
    }
}

/// The names of a LAG's members, in order.
fn members(slice: &Slice, lag: &LagName) -> Value {
    let members = slice.lags.get(lag).into_iter().flat_map(|lag| &lag.members);
    members.map(|member| Value::from(member.as_str())).collect()
}

fn vlans<'a>(slice: &'a Slice, target: &Target) -> Option<&'a VlanMode> {
    match target {
        Target::Port(port) => slice.ports.get(port)?.config.vlans.as_ref(),
        Target::Lag(lag) => slice.lags.get(lag)?.config.vlans.as_ref(),
    }
}
