//! What would be sent: for each thing that the profile can do, the lines that would lead there
//! from what the switch holds now.

use std::collections::BTreeSet;

use drivers::ssh_cli::{render::blocks_to_lines, session::System};
use model::{
    AdminState, LacpRate, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName, SwitchName,
    Vlan, VlanMode, VlanSet, Vni,
};
use switch::{
    Facts, HybridSupport, Intent, LagNaming, LagWish, Members, SafeState, Slice, VlanDatabase,
    VlanState, Wish, Work, plan, wanted,
};

use crate::render::trial::Operation;

/// The name that a VLAN would be given.
const VLAN_NAME: &str = "mercury-try";
/// The description that a port would be given.
const DESCRIPTION: &str = "mercury-try";
/// The MTU that a port would be given.
const MTU: u16 = 9000;
/// What is added to a VLAN's number to make that of a VXLAN.
const VNI: u32 = 10_000;
/// How many LAG numbers are tried to find a free one.
const MOST_LAGS: u32 = 4096;

/// A switch, and what it was found to hold.
pub(super) struct Stage<'a> {
    pub(super) name: &'a SwitchName,
    pub(super) system: &'a System,
    pub(super) port: &'a PortName,
    pub(super) vlan: Vlan,
    /// The port, its LAG, and the VLAN if it is defined.
    pub(super) seen: &'a Slice,
    pub(super) lag_names: &'a BTreeSet<LagName>,
}

/// What a detached port is, where no configuration says it.
pub(super) const fn safe(system: &System) -> SafeState {
    match system.capabilities.closed {
        true => SafeState::Closed,
        false => SafeState::Idle(Vlan::MIN),
    }
}

impl Stage<'_> {
    /// Everything that the profile can do with the port.
    pub(super) fn operations(&self) -> Vec<Operation> {
        let mut all: Vec<Operation> = self
            .intents()
            .into_iter()
            .map(|(title, intent)| self.intended(title, &intent))
            .collect();
        all.extend(self.lag());
        all.extend(self.networks());
        all
    }

    fn facts(&self) -> Facts<'_> {
        let Self { name, system, .. } = self;
        Facts { switch: name, capabilities: &system.capabilities, safe: safe(system) }
    }

    /// What a change of the port to this would be.
    pub(super) fn work(&self, intent: &Intent, lag: Option<&LagName>) -> Result<Work, String> {
        let ports = BTreeSet::from([self.port.clone()]);
        let wanted = wanted(self.seen, &ports, intent, lag, &self.facts());
        let wanted = wanted.map_err(|error| error.to_string())?;
        Ok(Work { changes: plan(self.seen, &wanted), before: self.seen.clone() })
    }

    fn intended(&self, title: String, intent: &Intent) -> Operation {
        self.operation(title, self.work(intent, None))
    }

    fn operation(&self, title: String, work: Result<Work, String>) -> Operation {
        match work.and_then(|work| lines(self.system, &work)) {
            Ok(lines) => Operation { title, lines, refused: None },
            Err(why) => Operation { title, lines: Vec::new(), refused: Some(why) },
        }
    }

    /// Two VLANs beside the given one.
    fn others(&self) -> VlanSet {
        let next = |by: u16| {
            let vlan = self.vlan.get();
            Vlan::new(vlan + by).or_else(|_| Vlan::new(vlan.saturating_sub(by))).ok()
        };
        [next(1), next(2)].into_iter().flatten().collect()
    }

    fn intents(&self) -> Vec<(String, Intent)> {
        let can = &self.system.capabilities;
        let port = self.port;
        let (vlan, others) = (self.vlan, self.others());
        let none = PortConfig::default;
        let attach = |vlans| {
            let config = PortConfig { vlans: Some(vlans), ..none() };
            Intent::Attach(Wish { config, lag: None })
        };
        let update = |config| Intent::Update(Wish { config, lag: None });
        let seen = self.seen.ports.get(port).map(|state| &state.config);
        let mut all = Vec::new();
        let mut add = |given: bool, title: String, intent: Intent| {
            if given {
                all.push((title, intent));
            }
        };
        add(can.access, format!("`{port}` into VLAN {vlan}"), attach(VlanMode::access(vlan)));
        add(
            can.trunk,
            format!("`{port}` a trunk with {others}"),
            attach(VlanMode::trunk(None, &others)),
        );
        add(
            can.native_on_trunk,
            format!("`{port}` a trunk with {others} and native VLAN {vlan}"),
            attach(VlanMode::trunk(Some(vlan), &others)),
        );
        add(
            can.hybrid == HybridSupport::Own,
            format!("`{port}` hybrid with {others} and VLAN {vlan} untagged"),
            attach(VlanMode::hybrid(vlan, &others)),
        );
        let left = match safe(self.system) {
            SafeState::Idle(vlan) => format!("`{port}` taken off its network, into VLAN {vlan}"),
            _ => format!("`{port}` taken off its network, carrying nothing"),
        };
        add(true, left, Intent::Detach { idle: None });
        let admin = match seen.and_then(|config| config.admin) {
            Some(AdminState::Down) => AdminState::Up,
            _ => AdminState::Down,
        };
        let word = if admin == AdminState::Down { "shut" } else { "switched on" };
        let config = PortConfig { admin: Some(admin), ..none() };
        add(can.port_shut, format!("`{port}` {word}"), update(config));
        let config = PortConfig { description: Some(DESCRIPTION.to_owned()), ..none() };
        add(can.description, format!("`{port}` described as `{DESCRIPTION}`"), update(config));
        let config = PortConfig { mtu: Mtu::new(MTU).ok(), ..none() };
        add(can.mtu, format!("`{port}` with MTU {MTU}"), update(config));
        let to = seen.and_then(|config| config.stp_edge) != Some(true);
        let word = if to { "an edge port" } else { "no edge port" };
        let config = PortConfig { stp_edge: Some(to), ..none() };
        add(can.stp_edge, format!("`{port}` {word} of spanning tree"), update(config));
        let to = seen.and_then(|config| config.bpdu_guard) != Some(true);
        let word = if to { "with" } else { "without" };
        let config = PortConfig { bpdu_guard: Some(to), ..none() };
        add(can.bpdu_guard, format!("`{port}` {word} BPDU guard"), update(config));
        all
    }

    /// The port alone in a LAG that is not there yet.
    fn lag(&self) -> Option<Operation> {
        let can = &self.system.capabilities;
        let lag = can.lag.as_ref()?;
        let free = |name: &LagName| !self.lag_names.contains(name);
        let name = match &lag.naming {
            LagNaming::Numbered { prefix } => (1..=MOST_LAGS)
                .filter_map(|number| format!("{prefix}{number}").parse().ok())
                .find(free)?,
            LagNaming::Free => self.system.profile.example_lag().filter(free)?,
        };
        let modes = [
            (lag.active, LagMode::Active),
            (lag.passive, LagMode::Passive),
            (lag.r#static, LagMode::Static),
        ];
        let (_, mode) = modes.into_iter().find(|(can, _)| *can)?;
        let settings = LagSettings {
            mode,
            rate: lag.rate.then_some(LacpRate::Fast),
            min_links: None,
            fallback: lag.fallback.then_some(true),
            pair: None,
        };
        let vlans = match (can.access, can.trunk) {
            (true, _) => VlanMode::access(self.vlan),
            (false, true) => VlanMode::trunk(None, &self.others()),
            (false, false) => return None,
        };
        let wish = LagWish { name: Some(name.clone()), settings, members: Members::Named };
        let config = PortConfig { vlans: Some(vlans), ..PortConfig::default() };
        let title = format!("`{}` alone in the new LAG `{name}`", self.port);
        let intent = Intent::Attach(Wish { config, lag: Some(wish) });
        Some(self.operation(title, self.work(&intent, Some(&name))))
    }

    /// The definition of the VLAN, and its VXLAN.
    fn networks(&self) -> Vec<Operation> {
        let can = &self.system.capabilities;
        let (vlan, mut all) = (self.vlan, Vec::new());
        let with = |name: Option<&str>, vni: Option<Vni>| {
            let state = VlanState { name: name.map(str::to_owned), vni };
            Slice { vlans: [(vlan, state)].into(), ..Slice::default() }
        };
        let mut add = |title: String, before: Slice, after: Slice| {
            let work = Work { changes: plan(&before, &after), before };
            all.push(self.operation(title, Ok(work)));
        };
        let named = || with(Some(VLAN_NAME), None);
        if can.vlan_database == VlanDatabase::Explicit {
            let title = format!("VLAN {vlan} defined as `{VLAN_NAME}`");
            add(title, Slice::default(), named());
            add(format!("VLAN {vlan} removed"), named(), Slice::default());
        }
        if let Ok(vni) = Vni::new(VNI + u32::from(vlan.get()))
            && can.vxlan
        {
            let title = format!("VLAN {vlan} carried over VNI {vni}");
            add(title, with(None, None), with(None, Some(vni)));
        }
        all
    }
}

/// The lines of a change.
pub(super) fn lines(system: &System, work: &Work) -> Result<Vec<String>, String> {
    let blocks = system.blocks(work).map_err(|error| error.to_string())?;
    Ok(blocks_to_lines(&blocks))
}
