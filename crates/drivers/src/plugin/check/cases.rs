//! What is tried for each capability: the states that ports go through. Pure.

use std::collections::BTreeSet;

use model::{
    AdminState, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName, Vlan, VlanMode, VlanSet,
};
use switch::{
    Capabilities, HybridSupport, LagNaming, LagState, PortState, Slice, VlanDatabase, VlanState,
};

use super::rules::{self, Rule};

/// One rule and the states that show whether it is kept, each from the one before.
pub(super) struct Case {
    pub(super) rule: Rule,
    pub(super) states: Vec<Slice>,
}

/// What a case starts from.
pub(super) struct Ground<'a> {
    pub(super) before: &'a Slice,
    pub(super) ports: &'a [PortName],
    pub(super) vlans: [Vlan; 4],
    pub(super) capabilities: &'a Capabilities,
    /// The names of all LAGs, so that a free one can be taken.
    pub(super) lag_names: &'a BTreeSet<LagName>,
}

/// The cases for all that a plugin claims; what it does not claim comes as a rule alone.
pub(super) fn cases(ground: &Ground<'_>) -> Vec<Result<Case, Rule>> {
    let Capabilities {
        access,
        trunk,
        native_on_trunk,
        hybrid,
        closed,
        port_shut,
        description,
        mtu,
        stp_edge,
        bpdu_guard,
        lag,
        vlan_database,
        vxlan: _,
        atomicity: _,
        saving: _,
    } = ground.capabilities;
    let [a, b, c, _] = ground.vlans;
    let set = |vlans: &[Vlan]| vlans.iter().copied().collect::<VlanSet>();
    let modes = |rule, claimed: bool, modes: &[VlanMode]| {
        let change = |mode: &VlanMode| {
            let mode = mode.clone();
            move |config: &mut PortConfig| config.vlans = Some(mode)
        };
        ground.port(rule, claimed, modes.iter().map(change))
    };
    let texts = ["checked by mercury", "checked again", ""];
    let text = |text: &str| {
        let text = (!text.is_empty()).then(|| text.to_owned());
        move |config: &mut PortConfig| config.description = text
    };
    let flag = |was: Option<bool>| Some(!was.unwrap_or(false));
    let lag_of = |wanted: fn(&switch::LagCapabilities) -> bool| lag.as_ref().is_some_and(wanted);
    vec![
        modes(rules::ACCESS, *access, &[VlanMode::access(a), VlanMode::access(b)]),
        modes(
            rules::TRUNK,
            *trunk,
            &[VlanMode::trunk(None, &set(&[a, b])), VlanMode::trunk(None, &set(&[b, c]))],
        ),
        modes(
            rules::NATIVE,
            *native_on_trunk,
            &[VlanMode::trunk(Some(a), &set(&[b])), VlanMode::trunk(Some(c), &set(&[b]))],
        ),
        modes(
            rules::HYBRID,
            *hybrid == HybridSupport::Own,
            &[VlanMode::hybrid(a, &set(&[b])), VlanMode::hybrid(c, &set(&[b]))],
        ),
        modes(rules::CLOSED, *closed, &[VlanMode::Closed]),
        ground.port(
            rules::SHUT,
            *port_shut,
            [|config: &mut PortConfig| {
                config.admin = Some(AdminState::Down);
            }],
        ),
        ground.port(rules::DESCRIPTION, *description, texts.map(text)),
        ground.port(rules::MTU, *mtu, [|config: &mut PortConfig| config.mtu = Mtu::new(1400).ok()]),
        ground.port(
            rules::STP_EDGE,
            *stp_edge,
            [|config: &mut PortConfig| {
                config.stp_edge = flag(config.stp_edge);
            }],
        ),
        ground.port(
            rules::BPDU_GUARD,
            *bpdu_guard,
            [|config: &mut PortConfig| {
                config.bpdu_guard = flag(config.bpdu_guard);
            }],
        ),
        ground.definition(*vlan_database == VlanDatabase::Explicit),
        ground.lag(rules::LAG_ACTIVE, lag_of(|lag| lag.active), LagMode::Active),
        ground.lag(rules::LAG_PASSIVE, lag_of(|lag| lag.passive), LagMode::Passive),
        ground.lag(rules::LAG_STATIC, lag_of(|lag| lag.r#static), LagMode::Static),
    ]
}

impl Ground<'_> {
    /// States of the first port alone.
    fn port<F: FnOnce(&mut PortConfig)>(
        &self,
        rule: Rule,
        claimed: bool,
        changes: impl IntoIterator<Item = F>,
    ) -> Result<Case, Rule> {
        let (true, Some(port)) = (claimed, self.ports.first()) else { return Err(rule) };
        let mut states = Vec::new();
        let mut state = self.with_vlans();
        for change in changes {
            if let Some(port) = state.ports.get_mut(port) {
                change(&mut port.config);
            }
            states.push(state.clone());
        }
        Ok(Case { rule, states })
    }

    /// What is there, and the VLANs of the check, where VLANs have to be defined.
    fn with_vlans(&self) -> Slice {
        let mut state = self.before.clone();
        if self.capabilities.vlan_database == VlanDatabase::Explicit {
            for vlan in self.vlans {
                state.vlans.entry(vlan).or_default();
            }
        }
        state
    }

    fn definition(&self, claimed: bool) -> Result<Case, Rule> {
        let [.., vlan] = self.vlans;
        if !claimed || self.before.vlans.contains_key(&vlan) {
            return Err(rules::VLANS);
        }
        let mut state = self.before.clone();
        state.vlans.insert(vlan, VlanState { name: Some("mercury-check".to_owned()), vni: None });
        Ok(Case { rule: rules::VLANS, states: vec![state, self.before.clone()] })
    }

    /// All ports in one LAG.
    fn lag(&self, rule: Rule, claimed: bool, mode: LagMode) -> Result<Case, Rule> {
        let (true, Some(name)) = (claimed, self.free_name()) else { return Err(rule) };
        let [vlan, ..] = self.vlans;
        let most = self.capabilities.lag.as_ref().map_or(0, |lag| lag.max_members.into());
        let members: BTreeSet<PortName> = self.ports.iter().take(most).cloned().collect();
        let mut state = self.with_vlans();
        for port in &members {
            if let Some(port) = state.ports.get_mut(port) {
                let PortState { config, lag, extra } = port;
                config.vlans = None;
                *lag = Some(name.clone());
                *extra = None;
            }
        }
        let config = PortConfig::with_vlans(VlanMode::access(vlan));
        let settings = LagSettings::new(mode);
        let lag = LagState { settings, members, config, extra: None };
        state.lags.insert(name, lag);
        Ok(Case { rule, states: vec![state] })
    }

    fn free_name(&self) -> Option<LagName> {
        let naming = &self.capabilities.lag.as_ref()?.naming;
        let mut names = (1_u32..=4096).filter_map(|number| match naming {
            LagNaming::Free => format!("check{number}").parse().ok(),
            LagNaming::Numbered { prefix } => format!("{prefix}{number}").parse().ok(),
        });
        names.find(|name| !self.lag_names.contains(name))
    }
}
