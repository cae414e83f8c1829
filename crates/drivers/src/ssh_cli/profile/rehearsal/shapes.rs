//! Every shape of change that can reach a template.

use std::collections::BTreeMap;

use model::{
    AdminState, LacpRate, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName, Vlan, VlanMode,
    VlanSet, Vni,
};
use switch::{
    Capabilities, Change, HybridSupport, LagState, PortState, Slice, Target, VlanDatabase,
    VlanState,
};

use super::super::{Profile, examples};

/// What a shell would run, and what is one word to everything else.
pub(super) const CANARY: &str = "$(mercury)";
/// Descriptions of which a system takes at least one.
const DESCRIPTIONS: [&str; 4] = ["it's $(mercury);x", "node-12-nic-1", "node_12", "node12"];
/// Names of VLANs of which a system takes at least one.
const VLAN_NAMES: [&str; 3] = ["tenant-blue", "tenant_blue", "blue"];
/// A line about VLANs, if the profile has no example.
const UNKNOWN: &str = "a line that no rule knows";

/// One change and what is there before it.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) before: Slice,
    pub(super) change: Change,
}

/// The ports and LAGs that take part.
#[derive(Debug)]
pub(super) struct Cast {
    port: PortName,
    second: Option<PortName>,
    lag: Option<LagName>,
    other: VlanMode,
}

impl Cast {
    pub(super) fn of(profile: &Profile) -> Option<Self> {
        let port = profile.example_port()?;
        let second = examples::next(&port).filter(|p| profile.renderer.is_port(p.as_str()));
        let lines = &profile.raw.vlans.example;
        let text = if lines.is_empty() { UNKNOWN.to_owned() } else { lines.join("\n") };
        Some(Self { port, second, lag: profile.example_lag(), other: VlanMode::Other { text } })
    }

    pub(super) fn attempts(&self, can: &Capabilities) -> Vec<Attempt> {
        let mut attempts = self.vlans(can);
        attempts.extend(self.settings(can));
        attempts.extend(networks(can));
        if let (Some(_), Some(lag)) = (&can.lag, &self.lag) {
            attempts.extend(self.lags(can, lag));
            attempts.extend(self.members(can, lag));
        }
        attempts
    }

    /// What can be observed.
    fn seen(&self, can: &Capabilities) -> Vec<VlanMode> {
        let mut modes = vec![VlanMode::Closed, self.other.clone()];
        modes.extend([access(10), access(20)].into_iter().flatten());
        let trunks = [
            trunk(None, "20,30-32"),
            trunk(None, "40"),
            trunk(Some(10), "20,30-32"),
            trunk(Some(20), "40"),
            trunk(Some(10), ""),
        ];
        modes.extend(trunks.into_iter().flatten());
        if can.hybrid == HybridSupport::Own {
            modes.extend(hybrids());
        }
        modes
    }

    /// What can be asked for, and what may have to be restored.
    fn asked(&self, can: &Capabilities) -> Vec<VlanMode> {
        let possible = |mode: &VlanMode| match mode {
            VlanMode::Closed => can.closed,
            VlanMode::Access { .. } => can.access,
            VlanMode::Trunk { native, .. } => {
                can.trunk && (native.is_none() || can.native_on_trunk)
            }
            VlanMode::Hybrid { .. } => can.hybrid == HybridSupport::Own,
            VlanMode::Other { .. } => true,
        };
        self.seen(can).into_iter().filter(possible).collect()
    }

    fn port(&self, config: PortConfig, lag: Option<&LagName>) -> Slice {
        let state = PortState { config, lag: lag.cloned(), extra: None };
        Slice { ports: BTreeMap::from([(self.port.clone(), state)]), ..Slice::default() }
    }

    /// A LAG, the port in it or beside it.
    fn with_lag(
        &self,
        port: Slice,
        lag: &LagName,
        (settings, config): (&LagSettings, &PortConfig),
        alone: bool,
    ) -> Slice {
        let mut slice = port;
        let inside = slice.ports.iter().filter(|(_, state)| state.lag.is_some());
        let mut members: Vec<PortName> = inside.map(|(name, _)| name.clone()).collect();
        members.extend(self.second.clone().filter(|_| !alone));
        let state = LagState {
            settings: settings.clone(),
            members: members.into_iter().collect(),
            config: config.clone(),
            extra: None,
        };
        slice.lags.insert(lag.clone(), state);
        slice
    }

    fn vlans(&self, can: &Capabilities) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let plain = LagSettings::new(LagMode::Active);
        for from in self.seen(can) {
            for to in self.asked(can).into_iter().filter(|to| *to != from) {
                for config in configs(Some(&from)) {
                    let (from, to) = (from.clone(), to.clone());
                    let change =
                        |target| Change::SetVlans { target, from: from.clone(), to: to.clone() };
                    if let (Some(lag), Some(_)) = (&self.lag, &can.lag) {
                        let before = self.with_lag(Slice::default(), lag, (&plain, &config), false);
                        let change = change(Target::Lag(lag.clone()));
                        attempts.push(Attempt { before, change });
                    }
                    let before = self.port(config, None);
                    let change = change(Target::Port(self.port.clone()));
                    attempts.push(Attempt { before, change });
                }
            }
        }
        attempts
    }

    /// The settings of a port, of a member and of a LAG.
    fn settings(&self, can: &Capabilities) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let plain = LagSettings::new(LagMode::Active);
        for config in configs(access(10).as_ref()) {
            let port = Target::Port(self.port.clone());
            for (before, change) in set(can, &port, &config) {
                let before = self.port(before, None);
                attempts.push(Attempt { before, change });
            }
            let (Some(lag), Some(lags)) = (&self.lag, &can.lag) else { continue };
            for (before, change) in set(can, &port, &config) {
                let member = self.port(PortConfig { vlans: None, ..before }, Some(lag));
                let before = self.with_lag(member, lag, (&plain, &config), false);
                attempts.push(Attempt { before, change });
            }
            for (before, change) in set(can, &Target::Lag(lag.clone()), &config) {
                if matches!(change, Change::SetMtu { .. }) && !lags.mtu_on_lag {
                    continue;
                }
                let before = self.with_lag(Slice::default(), lag, (&plain, &before), false);
                attempts.push(Attempt { before, change });
            }
        }
        attempts
    }

    fn lags(&self, can: &Capabilities, name: &LagName) -> Vec<Attempt> {
        let mut attempts = Vec::new();
        let settings = lag_settings(can);
        let modes = self.asked(can);
        let plain = configs(access(10).as_ref());
        let with_modes = modes.iter().map(Some).chain([None]).flat_map(configs);
        let first = settings.first().into_iter();
        let of_modes = first.flat_map(|settings| with_modes.clone().map(move |c| (settings, c)));
        let of_settings =
            settings.iter().flat_map(|settings| plain.iter().map(move |c| (settings, c.clone())));
        for (settings, config) in of_modes.chain(of_settings) {
            let before = self.with_lag(Slice::default(), name, (settings, &config), true);
            let create = Change::CreateLag {
                lag: name.clone(),
                settings: settings.clone(),
                config: config.clone(),
                extra: None,
            };
            let delete = create.inverse();
            attempts.push(Attempt { before: Slice::default(), change: create });
            attempts.push(Attempt { before, change: delete });
        }
        for (from, to) in pairs(&settings) {
            for config in &plain {
                let member = self.port(PortConfig::default(), Some(name));
                let before = self.with_lag(member, name, (&from, config), false);
                let (lag, from, to) = (name.clone(), from.clone(), to.clone());
                attempts.push(Attempt { before, change: Change::SetLag { lag, from, to } });
            }
        }
        attempts
    }

    fn members(&self, can: &Capabilities, name: &LagName) -> Vec<Attempt> {
        let settings = lag_settings(can);
        let of_lag = [access(10), trunk(Some(10), "20,30-32"), trunk(None, "40")];
        let lag_configs: Vec<PortConfig> =
            of_lag.iter().map(Option::as_ref).chain([None]).flat_map(configs).collect();
        let usual = lag_configs.get(..2).unwrap_or_default();
        let mut attempts = Vec::new();
        for own in self.seen(can).iter().map(Some).chain([None]) {
            for about in
                settings.first().into_iter().flat_map(|s| usual.iter().map(move |c| (s, c)))
            {
                attempts.extend(self.joining(name, about, own));
                if own.is_none_or(|own| self.asked(can).contains(own)) {
                    attempts.extend(self.leaving(name, about, own));
                }
            }
        }
        let own = access(20);
        for about in settings.iter().flat_map(|s| lag_configs.iter().map(move |c| (s, c))) {
            attempts.extend(self.joining(name, about, own.as_ref()));
            attempts.extend(self.leaving(name, about, own.as_ref()));
        }
        attempts
    }

    /// The port goes into a LAG, as its first member and as one more.
    fn joining(
        &self,
        name: &LagName,
        about: (&LagSettings, &PortConfig),
        was: Option<&VlanMode>,
    ) -> impl Iterator<Item = Attempt> {
        [true, false]
            .map(|alone| {
                let state = PortConfig { vlans: was.cloned(), ..about.1.clone() };
                let before = self.with_lag(self.port(state, None), name, about, alone);
                let (lag, port, was) = (name.clone(), self.port.clone(), was.cloned());
                Attempt { before, change: Change::AddMember { lag, port, was, extra: None } }
            })
            .into_iter()
    }

    /// The port leaves a LAG, as its last member and as one of several.
    fn leaving(
        &self,
        name: &LagName,
        about: (&LagSettings, &PortConfig),
        becomes: Option<&VlanMode>,
    ) -> impl Iterator<Item = Attempt> {
        [true, false]
            .map(|alone| {
                let state = PortConfig { vlans: None, ..about.1.clone() };
                let member = self.port(state, Some(name));
                let before = self.with_lag(member, name, about, alone);
                let (lag, port, becomes) = (name.clone(), self.port.clone(), becomes.cloned());
                Attempt { before, change: Change::RemoveMember { lag, port, becomes, extra: None } }
            })
            .into_iter()
    }
}

/// One thing set on a target that is configured like this.
fn set(can: &Capabilities, target: &Target, config: &PortConfig) -> Vec<(PortConfig, Change)> {
    let mut changes = Vec::new();
    let target = || target.clone();
    let states = [AdminState::Up, AdminState::Down];
    for (from, to) in pairs(&states).filter(|_| can.port_shut) {
        let before = PortConfig { admin: Some(from), ..config.clone() };
        changes.push((before, Change::SetAdmin { target: target(), from, to }));
    }
    let texts: Vec<Option<String>> =
        DESCRIPTIONS.iter().map(|text| Some((*text).to_owned())).chain([None]).collect();
    for (from, to) in pairs(&texts).filter(|_| can.description) {
        let before = PortConfig { description: from.clone(), ..config.clone() };
        changes.push((before, Change::SetDescription { target: target(), from, to }));
    }
    let sizes = [Mtu::new(1500).ok(), Mtu::new(9000).ok(), None];
    for (from, to) in pairs(&sizes).filter(|_| can.mtu) {
        let before = PortConfig { mtu: from, ..config.clone() };
        changes.push((before, Change::SetMtu { target: target(), from, to }));
    }
    let flags = [Some(true), Some(false), None];
    for (from, to) in pairs(&flags).filter(|_| can.stp_edge) {
        let before = PortConfig { stp_edge: from, ..config.clone() };
        changes.push((before, Change::SetStpEdge { target: target(), from, to }));
    }
    for (from, to) in pairs(&flags).filter(|_| can.bpdu_guard) {
        let before = PortConfig { bpdu_guard: from, ..config.clone() };
        changes.push((before, Change::SetBpduGuard { target: target(), from, to }));
    }
    changes
}

/// Each value with each other one.
fn pairs<T: Clone + PartialEq>(values: &[T]) -> impl Iterator<Item = (T, T)> + '_ {
    values.iter().flat_map(move |from| {
        values.iter().filter(move |to| *to != from).map(move |to| (from.clone(), to.clone()))
    })
}

/// A bare configuration, and one where everything is known.
fn configs(vlans: Option<&VlanMode>) -> Vec<PortConfig> {
    let vlans = vlans.cloned();
    let full = PortConfig {
        vlans: vlans.clone(),
        admin: Some(AdminState::Down),
        description: Some("node12".to_owned()),
        mtu: Mtu::new(9000).ok(),
        stp_edge: Some(true),
        bpdu_guard: Some(true),
    };
    vec![PortConfig { vlans, ..PortConfig::default() }, full]
}

/// LAGs with nothing but a mode, with all that can be asked for, and with the opposite of that.
fn lag_settings(can: &Capabilities) -> Vec<LagSettings> {
    let Some(can) = &can.lag else { return Vec::new() };
    let modes = [
        (can.active, LagMode::Active),
        (can.passive, LagMode::Passive),
        (can.r#static, LagMode::Static),
    ];
    let modes = modes.into_iter().filter_map(|(can, mode)| can.then_some(mode));
    let some = |mode: LagMode| LagSettings {
        mode,
        rate: can.rate.then_some(LacpRate::Fast),
        min_links: can.min_links.then_some(1),
        fallback: can.fallback.then_some(true),
        pair: can.across_pair.then_some(10),
    };
    let opposite = |mode: LagMode| LagSettings {
        mode,
        rate: can.rate.then_some(LacpRate::Slow),
        min_links: can.min_links.then_some(2),
        fallback: can.fallback.then_some(false),
        pair: None,
    };
    let mut settings: Vec<LagSettings> = Vec::new();
    for mode in modes {
        for one in [LagSettings::new(mode), some(mode), opposite(mode)] {
            if !settings.contains(&one) {
                settings.push(one);
            }
        }
    }
    settings
}

fn networks(can: &Capabilities) -> Vec<Attempt> {
    let Ok(vlan) = Vlan::new(100) else { return Vec::new() };
    let Ok(vni) = Vni::new(10_100) else { return Vec::new() };
    let with = |name: Option<String>, vni: Option<Vni>| Slice {
        vlans: BTreeMap::from([(vlan, VlanState { name, vni })]),
        ..Slice::default()
    };
    let mut attempts = Vec::new();
    if can.vlan_database == VlanDatabase::Explicit {
        for name in VLAN_NAMES.iter().map(|name| Some((*name).to_owned())).chain([None]) {
            let change = Change::CreateVlan { vlan, name: name.clone() };
            attempts.push(Attempt { before: Slice::default(), change });
            let before = with(name.clone(), None);
            attempts.push(Attempt { before, change: Change::DeleteVlan { vlan, name } });
        }
    }
    if can.vxlan {
        let before = with(None, None);
        attempts.push(Attempt { before, change: Change::MapVni { vlan, vni } });
        let before = with(None, Some(vni));
        attempts.push(Attempt { before, change: Change::UnmapVni { vlan, vni } });
    }
    attempts
}

fn access(vlan: u16) -> Option<VlanMode> {
    Vlan::new(vlan).ok().map(VlanMode::access)
}

fn trunk(native: Option<u16>, allowed: &str) -> Option<VlanMode> {
    let allowed: VlanSet = allowed.parse().ok()?;
    Some(VlanMode::trunk(native.and_then(|vlan| Vlan::new(vlan).ok()), &allowed))
}

fn hybrids() -> Vec<VlanMode> {
    let Ok(native) = Vlan::new(10) else { return Vec::new() };
    let allowed = VlanSet::from_iter(Vlan::new(20));
    vec![VlanMode::hybrid(native, &allowed), VlanMode::hybrid(native, &VlanSet::empty())]
}
