//! What is tried for each capability: the states that ports go through. Pure.

use std::collections::{BTreeMap, BTreeSet};

use model::{
    AdminState, LagMode, LagName, LagSettings, Mtu, PortConfig, PortName, Vlan, VlanMode, VlanSet,
    Vni,
};
use switch::{
    Capabilities, HybridSupport, LagNaming, LagState, PortState, Slice, VlanDatabase, VlanState,
};

use super::rules::{self, Rule};

/// The VNI that is mapped for a moment: the last one there is.
const CHECK_VNI: u32 = 16_777_215;

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
    /// The numbers of the pair that LAGs have, for the same reason.
    pub(super) pair_ids: &'a BTreeMap<LagName, u16>,
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
        vxlan,
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
        ground.mapping(*vxlan),
        ground.lag(rules::LAG_ACTIVE, lag_of(|lag| lag.active), LagMode::Active),
        ground.lag(rules::LAG_PASSIVE, lag_of(|lag| lag.passive), LagMode::Passive),
        ground.lag(rules::LAG_STATIC, lag_of(|lag| lag.r#static), LagMode::Static),
        ground.pair(),
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

    /// A VLAN that is mapped as soon as it is there, and one that stays when it is mapped no more.
    fn mapping(&self, claimed: bool) -> Result<Case, Rule> {
        let [.., vlan] = self.vlans;
        let (true, Ok(vni)) = (claimed, Vni::new(CHECK_VNI)) else { return Err(rules::VXLAN) };
        if self.before.vlans.contains_key(&vlan) {
            return Err(rules::VXLAN);
        }
        let with = |vni| {
            let mut state = self.before.clone();
            state.vlans.insert(vlan, VlanState { name: None, vni });
            state
        };
        Ok(Case { rule: rules::VXLAN, states: vec![with(Some(vni)), with(None)] })
    }

    /// A LAG with a number of the pair, in a mode that is claimed.
    fn pair(&self) -> Result<Case, Rule> {
        let rule = rules::LAG_PAIR;
        let lag = self.capabilities.lag.as_ref().filter(|lag| lag.across_pair).ok_or(rule)?;
        let modes = [
            (lag.active, LagMode::Active),
            (lag.passive, LagMode::Passive),
            (lag.r#static, LagMode::Static),
        ];
        let (_, mode) = modes.into_iter().find(|(claimed, _)| *claimed).ok_or(rule)?;
        let mut case = self.lag(rule, true, mode)?;
        let taken = |number: &u16| self.pair_ids.values().any(|other| other == number);
        for (name, lag) in case.states.iter_mut().flat_map(|state| &mut state.lags) {
            if self.before.lags.contains_key(name) {
                continue;
            }
            // Some systems want the LAG's own number.
            let digits = name.as_str().trim_start_matches(|c: char| !c.is_ascii_digit());
            let number = digits.parse().ok().filter(|number| !taken(number));
            lag.settings.pair = number.or_else(|| (1..=4096).find(|number| !taken(number)));
        }
        Ok(case)
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
