//! What lands on a switch for each kind of change: real plans for made-up ports, rendered by the
//! profile. People read them, in the documentation and in `mercury profile show`.

use std::collections::BTreeMap;

use minijinja::Value;
use model::{
    AdminState, LacpRate, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName, Vlan, VlanMode,
    VlanSet, Vni,
};
use switch::{Capabilities, LagState, PortState, Slice, VlanDatabase, VlanState, Work, plan};

use super::{Profile, schema::ConfigureStyle};
use crate::ssh_cli::render::{Context, Scene, blocks_to_lines};

/// The name of a candidate, in examples.
const SESSION: &str = "mercury-1";

/// One change and its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What changes, as a heading.
    pub title: &'static str,
    /// The lines, or why there are none.
    pub lines: Result<Vec<String>, String>,
}

/// The ports and the LAG of the examples.
struct Stage {
    port: PortName,
    /// The next port, if its name can be guessed.
    second: Option<PortName>,
    lag: Option<LagName>,
}

impl Profile {
    /// An example of everything that the profile can do.
    pub fn examples(&self) -> Vec<Example> {
        let Some(port) = self.example_port() else { return Vec::new() };
        let second = next(&port).filter(|name| self.renderer.is_port(name.as_str()));
        let stage = Stage { port, second, lag: self.example_lag() };
        let options = self.example_options();
        let can = &self.raw.capabilities;
        let mut examples = Vec::new();
        for (title, before, after) in stage.scenes(can) {
            let work = Work { changes: plan(&before, &after), before };
            if work.changes.is_empty() {
                continue;
            }
            let blocks = self.renderer.work(&work, &Context { options: &options });
            let lines = blocks.map(|blocks| blocks_to_lines(&blocks));
            examples.push(Example { title, lines: lines.map_err(|error| error.to_string()) });
        }
        examples
    }

    /// What is sent around every change: before it, and after it.
    pub fn frame(&self) -> (Vec<String>, Vec<String>) {
        let after = match self.raw.configure.style {
            ConfigureStyle::Immediate => "configure.leave",
            ConfigureStyle::Candidate => "configure.commit",
        };
        (self.example_lines("configure.enter"), self.example_lines(after))
    }

    /// What saves the running configuration.
    pub fn saving(&self) -> Vec<String> {
        self.example_lines("save.commands")
    }

    fn example_lines(&self, at: &str) -> Vec<String> {
        let options = self.example_options();
        let options = options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let scene = Scene::from([
            ("options", Value::from_pairs(options)),
            ("session", Value::from(SESSION)),
        ]);
        let keys = (0..).map(|n| format!("{at}[{n}]")).take_while(|at| self.lines.has(at));
        keys.filter_map(|at| self.lines.line(&at, &scene).ok().flatten()).collect()
    }
}

/// The name with its last number one higher.
pub(super) fn next(port: &PortName) -> Option<PortName> {
    let name = port.as_str();
    let digits = name.len() - name.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (stem, number) = name.split_at_checked(name.len() - digits)?;
    let number: u32 = number.parse().ok()?;
    format!("{stem}{}", number + 1).parse().ok()
}

fn access(vlan: u16) -> Option<VlanMode> {
    Vlan::new(vlan).ok().map(VlanMode::access)
}

fn trunk(native: Option<u16>, allowed: &str) -> Option<VlanMode> {
    let allowed: VlanSet = allowed.parse().ok()?;
    Some(VlanMode::trunk(native.and_then(|vlan| Vlan::new(vlan).ok()), &allowed))
}

/// A title, what is there before, what is there afterwards.
type Act = (&'static str, Slice, Slice);

impl Stage {
    fn scenes(&self, can: &Capabilities) -> Vec<Act> {
        let mut scenes = self.vlans(can);
        scenes.extend(self.settings(can));
        scenes.extend(self.lags(can));
        scenes.extend(networks(can));
        scenes
    }

    /// The port with this configuration.
    fn with(&self, config: PortConfig) -> Slice {
        let state = PortState { config, ..PortState::default() };
        Slice { ports: BTreeMap::from([(self.port.clone(), state)]), ..Slice::default() }
    }

    fn carrying(&self, vlans: Option<VlanMode>) -> Slice {
        self.with(PortConfig { vlans, ..PortConfig::default() })
    }

    fn vlans(&self, can: &Capabilities) -> Vec<Act> {
        let mut scenes = Vec::new();
        let mut add = |title, given: bool, from, to| {
            if given {
                scenes.push((title, self.carrying(from), self.carrying(to)));
            }
        };
        let native = can.native_on_trunk;
        let widest = match (native, can.trunk) {
            (true, _) => trunk(Some(10), "20,30-32"),
            (false, true) => trunk(None, "20,30-32"),
            (false, false) => access(100),
        };
        add("an access port", can.access, access(1), access(100));
        add("another VLAN on an access port", can.access, access(100), access(200));
        add("a trunk with a native VLAN", native, access(1), trunk(Some(10), "20,30-32"));
        add("a trunk without a native VLAN", can.trunk, access(1), trunk(None, "20,30-32"));
        let (from, to) = (trunk(Some(10), "20,30-32"), trunk(Some(11), "20,40"));
        add("other VLANs on a trunk", native, from, to);
        let (from, to) = (trunk(None, "20,30-32"), trunk(None, "20,40"));
        add("other VLANs on a trunk", can.trunk && !native, from, to);
        add("back into an idle VLAN", can.access, widest.clone(), access(999));
        add("back to carrying nothing", can.closed, widest, Some(VlanMode::Closed));
        add(
            "an access port that carried nothing",
            can.closed && can.access,
            Some(VlanMode::Closed),
            access(100),
        );
        scenes
    }

    fn settings(&self, can: &Capabilities) -> Vec<Act> {
        let mut scenes = Vec::new();
        let none = PortConfig::default;
        let mut add = |title, given: bool, from: PortConfig, to: PortConfig| {
            if given {
                scenes.push((title, self.with(from), self.with(to)));
            }
        };
        let admin = |admin| PortConfig { admin: Some(admin), ..none() };
        let (up, down) = (admin(AdminState::Up), admin(AdminState::Down));
        add("shut", can.port_shut, up.clone(), down.clone());
        add("switched on", can.port_shut, down, up);
        let text = |text: &str| PortConfig { description: Some(text.to_owned()), ..none() };
        add("a description", can.description, none(), text("node-12-nic-1"));
        add("a description removed", can.description, text("node-12-nic-1"), none());
        let mtu = PortConfig { mtu: Mtu::new(9000).ok(), ..none() };
        add("an MTU", can.mtu, none(), mtu.clone());
        add("the default MTU", can.mtu, mtu, none());
        let edge = |to| PortConfig { stp_edge: Some(to), ..none() };
        add("a spanning-tree edge port", can.stp_edge, edge(false), edge(true));
        add("an edge port no more", can.stp_edge, edge(true), edge(false));
        let guard = |to| PortConfig { bpdu_guard: Some(to), ..none() };
        add("BPDU guard", can.bpdu_guard, guard(false), guard(true));
        add("BPDU guard switched off", can.bpdu_guard, guard(true), guard(false));
        scenes
    }

    /// The ports as a LAG with these settings, or single when there are none.
    fn lag(&self, settings: Option<&LagSettings>, vlans: Option<VlanMode>) -> Slice {
        let ports: Vec<&PortName> = [&self.port].into_iter().chain(&self.second).collect();
        let lag = self.lag.as_ref().zip(settings);
        let state = PortState {
            config: PortConfig {
                vlans: vlans.clone().filter(|_| lag.is_none()),
                ..PortConfig::default()
            },
            lag: lag.map(|(name, _)| name.clone()),
            extra: None,
        };
        let lags = lag.map(|(name, settings)| {
            let members = ports.iter().copied().cloned().collect();
            let config = PortConfig { vlans, ..PortConfig::default() };
            let settings = settings.clone();
            (name.clone(), LagState { settings, members, config, extra: None })
        });
        Slice {
            ports: ports.into_iter().map(|port| (port.clone(), state.clone())).collect(),
            lags: lags.into_iter().collect(),
            ..Slice::default()
        }
    }

    fn lags(&self, can: &Capabilities) -> Vec<Act> {
        let Some(lag) = &can.lag else { return Vec::new() };
        let modes = [
            (lag.active, LagMode::Active),
            (lag.passive, LagMode::Passive),
            (lag.r#static, LagMode::Static),
        ];
        let mut modes = modes.into_iter().filter_map(|(can, mode)| can.then_some(mode));
        let Some(mode) = modes.next() else { return Vec::new() };
        let plain = LagSettings::new(mode);
        let full = LagSettings {
            mode,
            rate: lag.rate.then_some(LacpRate::Fast),
            min_links: None,
            fallback: lag.fallback.then_some(true),
            pair: None,
        };
        let (one, other) = match (can.native_on_trunk, can.trunk) {
            (true, _) => (trunk(Some(10), "20,30-32"), trunk(Some(10), "20,40")),
            (false, true) => (trunk(None, "20,30-32"), trunk(None, "20,40")),
            (false, false) => (access(100), access(200)),
        };
        let free = if can.closed { Some(VlanMode::Closed) } else { access(1) };
        let mut scenes = vec![
            ("a LAG", self.lag(None, free.clone()), self.lag(Some(&full), one.clone())),
            (
                "other VLANs on a LAG",
                self.lag(Some(&full), one.clone()),
                self.lag(Some(&full), other),
            ),
        ];
        let mut change = |title, to: LagSettings| {
            if to != full {
                let before = self.lag(Some(&full), one.clone());
                scenes.push((title, before, self.lag(Some(&to), one.clone())));
            }
        };
        if lag.rate {
            change("another LACP rate", LagSettings { rate: Some(LacpRate::Slow), ..full.clone() });
        }
        if lag.min_links {
            change("a minimum of links", LagSettings { min_links: Some(1), ..full.clone() });
        }
        if lag.fallback {
            change(
                "LACP fallback switched off",
                LagSettings { fallback: Some(false), ..full.clone() },
            );
        }
        if let Some(mode) = modes.next() {
            change("another mode of a LAG", LagSettings { mode, ..full.clone() });
        }
        if lag.across_pair {
            let pair = LagSettings { pair: Some(10), ..full.clone() };
            let before = self.lag(None, free);
            scenes.push(("a LAG over a pair", before, self.lag(Some(&pair), one.clone())));
        }
        let safe = if can.closed { Some(VlanMode::Closed) } else { access(999) };
        scenes.push(("a LAG taken apart", self.lag(Some(&plain), one), self.lag(None, safe)));
        scenes
    }
}

fn networks(can: &Capabilities) -> Vec<Act> {
    let Ok(vlan) = Vlan::new(100) else { return Vec::new() };
    let with = |name: Option<&str>, vni: Option<u32>| {
        let name = name.map(str::to_owned);
        let vni = vni.and_then(|vni| Vni::new(vni).ok());
        Slice { vlans: BTreeMap::from([(vlan, VlanState { name, vni })]), ..Slice::default() }
    };
    let mut scenes = Vec::new();
    if can.vlan_database == VlanDatabase::Explicit {
        let named = with(Some("tenant-blue"), None);
        scenes.push(("a VLAN with a name", Slice::default(), named.clone()));
        scenes.push(("a VLAN removed", named, Slice::default()));
    }
    if can.vxlan {
        scenes.push(("a VLAN over VXLAN", with(None, None), with(None, Some(10_100))));
        scenes.push(("a VLAN taken off VXLAN", with(None, Some(10_100)), with(None, None)));
    }
    scenes
}
