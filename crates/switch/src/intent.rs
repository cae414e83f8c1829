//! From what a caller wants to what the ports of one switch shall be: a pure function of the
//! request, of what was observed, and of what the network team declared about the switch.
//!
//! Whatever a switch cannot express is refused here, before anything is sent.

use std::collections::BTreeSet;

use model::{
    AdminState, LagConfig, LagMode, LagName, LagSettings, PortConfig, PortName, SwitchName,
    SwitchPort, Vlan, VlanMode, Vni,
};

use serde::{Deserialize, Serialize};

use crate::{
    capability::{Capabilities, HybridSupport, VlanDatabase},
    error::SwitchError,
    slice::{LagState, PortState, Slice, VlanState},
};

/// What a caller wants of some ports, or of a VLAN's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// The ports carry this, as single ports or as one LAG.
    Attach(Wish),
    /// The ports are put into the switch's safe state.
    Detach {
        /// The VLAN in which they are left, instead of the one that the safe state names.
        idle: Option<Vlan>,
    },
    /// What is there already is changed.
    Update(Wish),
    /// A VLAN is defined, and carried over a VXLAN if it has a VNI.
    AddNetwork {
        /// The VLAN.
        vlan: Vlan,
        /// Its name on the switch, if it is not there yet.
        name: Option<String>,
        /// The VXLAN that its frames belong to beyond the switch.
        vni: Option<Vni>,
    },
    /// A VLAN's definition is removed, and taken off its VXLAN before.
    DeleteNetwork {
        /// The VLAN.
        vlan: Vlan,
    },
}

impl Intent {
    /// The method that expresses this intent.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Attach(_) => "attach_port",
            Self::Detach { .. } => "detach_port",
            Self::Update(_) => "update_port",
            Self::AddNetwork { .. } => "add_network",
            Self::DeleteNetwork { .. } => "delete_network",
        }
    }
}

/// What ports shall be; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// VLANs and port settings.
    pub config: PortConfig,
    /// The LAG that the ports form; without it they are single ports.
    pub lag: Option<LagWish>,
}

/// The LAG that ports shall form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LagWish {
    /// The name that the caller would like.
    pub name: Option<LagName>,
    /// LACP, rate, minimum links, fallback.
    pub settings: LagSettings,
    /// Which ports are meant.
    #[serde(default)]
    pub members: Members,
}

/// Which ports a wish for a LAG means.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Members {
    /// Those that the request names, and no others. A LAG that they form already is adopted,
    /// whatever its name; one that has more members is refused.
    #[default]
    Named,
    /// Those that the request names, together with those that the LAG of exactly this name has
    /// already. It keeps its settings, if it is there.
    Joining,
    /// Those that the LAG of exactly this name has on the request's switches. The request names
    /// none.
    Present,
}

/// What a port is when nobody has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SafeState {
    /// In the idle VLAN.
    Idle(Vlan),
    /// Up, but in no VLAN.
    Closed,
    /// Shut; in the idle VLAN as well, if there is one.
    Shut(Option<Vlan>),
}

impl SafeState {
    /// The VLANs of a port in this state, where the state says them.
    pub fn vlans(self, capabilities: &Capabilities) -> Option<VlanMode> {
        match self {
            Self::Idle(vlan) | Self::Shut(Some(vlan)) => Some(VlanMode::access(vlan)),
            Self::Closed => Some(VlanMode::Closed),
            Self::Shut(None) => capabilities.closed.then_some(VlanMode::Closed),
        }
    }

    /// The same with this VLAN for a port to be left in: one that is shut stays shut.
    #[must_use]
    pub const fn into_vlan(self, vlan: Vlan) -> Self {
        match self {
            Self::Idle(_) | Self::Closed => Self::Idle(vlan),
            Self::Shut(_) => Self::Shut(Some(vlan)),
        }
    }

    /// The VLAN in which a port is left, if the state names one.
    pub const fn vlan(self) -> Option<Vlan> {
        match self {
            Self::Idle(vlan) => Some(vlan),
            Self::Shut(vlan) => vlan,
            Self::Closed => None,
        }
    }

    const fn shuts(self) -> bool {
        matches!(self, Self::Shut(_))
    }
}

/// One switch, as far as intents care.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// Its name, for errors.
    pub switch: &'a SwitchName,
    /// What it can do.
    pub capabilities: &'a Capabilities,
    /// What a detached port is.
    pub safe: SafeState,
}

impl Facts<'_> {
    fn cannot(&self, what: impl Into<String>) -> SwitchError {
        SwitchError::Unsupported { switch: self.switch.clone(), what: what.into() }
    }

    fn port(&self, port: &PortName) -> SwitchPort {
        SwitchPort { switch: self.switch.clone(), port: port.clone() }
    }
}

/// The slice that fulfils the intent.
///
/// `ports` are the request's ports on this switch, `lag` the name that was chosen for a LAG.
pub fn wanted(
    observed: &Slice,
    ports: &BTreeSet<PortName>,
    intent: &Intent,
    lag: Option<&LagName>,
    facts: &Facts<'_>,
) -> Result<Slice, SwitchError> {
    if let Some(missing) = ports.iter().find(|port| !observed.ports.contains_key(*port)) {
        return Err(SwitchError::no_such_port(&facts.port(missing)));
    }
    let mut wanted = observed.clone();
    match intent {
        Intent::Attach(wish) | Intent::Update(wish) => {
            let config = supported(&wish.config, facts)?;
            let lag = wish.lag.as_ref().zip(lag);
            match lag {
                Some((lag_wish, name)) => join(&mut wanted, ports, &config, lag_wish, name, facts)?,
                None if matches!(intent, Intent::Update(_)) => {
                    update(&mut wanted, ports, &config, facts)?;
                }
                None => single(&mut wanted, ports, &config, facts)?,
            }
        }
        Intent::Detach { idle } => {
            let safe = idle.map_or(facts.safe, |vlan| facts.safe.into_vlan(vlan));
            detach(&mut wanted, ports, &Facts { safe, ..*facts })?;
        }
        Intent::AddNetwork { vlan, name, vni } => {
            if vni.is_some() && !facts.capabilities.vxlan {
                return Err(facts.cannot("VXLAN networks"));
            }
            if facts.capabilities.vlan_database == VlanDatabase::Explicit {
                let fresh = || VlanState { name: name.clone(), vni: None };
                let state = wanted.vlans.entry(*vlan).or_insert_with(fresh);
                state.vni = vni.or(state.vni);
            }
        }
        Intent::DeleteNetwork { vlan } => {
            wanted.vlans.remove(vlan);
        }
    }
    // An empty description is how a caller asks for none.
    let ports = wanted.ports.values_mut().map(|port| &mut port.config);
    for config in ports.chain(wanted.lags.values_mut().map(|lag| &mut lag.config)) {
        config.description.take_if(|text| text.is_empty());
    }
    Ok(wanted)
}

/// The configuration in the switch's own terms, or what of it the switch cannot do.
fn supported(config: &PortConfig, facts: &Facts<'_>) -> Result<PortConfig, SwitchError> {
    let PortConfig { vlans, admin, description, mtu, stp_edge, bpdu_guard } = config;
    let can = facts.capabilities;
    let vlans = vlans.as_ref().map(|vlans| supported_vlans(vlans, facts)).transpose()?;
    let missing = [
        (admin == &Some(AdminState::Down) && !can.port_shut, "shut a port"),
        (description.is_some() && !can.description, "keep a description"),
        (mtu.is_some() && !can.mtu, "set an MTU"),
        (stp_edge.is_some() && !can.stp_edge, "set STP edge"),
        (bpdu_guard.is_some() && !can.bpdu_guard, "set BPDU guard"),
    ];
    if let Some((_, what)) = missing.iter().find(|(missing, _)| *missing) {
        return Err(facts.cannot(*what));
    }
    // A port that is given VLANs is given them to be used.
    let admin = admin.or_else(|| vlans.as_ref().map(|_| AdminState::Up)).filter(|_| can.port_shut);
    Ok(PortConfig { vlans, admin, ..config.clone() })
}

fn supported_vlans(vlans: &VlanMode, facts: &Facts<'_>) -> Result<VlanMode, SwitchError> {
    let can = facts.capabilities;
    match vlans {
        VlanMode::Access { .. } if !can.access => Err(facts.cannot("access ports")),
        VlanMode::Trunk { .. } if !can.trunk => Err(facts.cannot("trunk ports")),
        VlanMode::Trunk { native: Some(_), .. } if !can.native_on_trunk => {
            Err(facts.cannot("a native VLAN on a trunk"))
        }
        VlanMode::Trunk { native: None, allowed } if allowed.is_empty() => {
            Err(SwitchError::Invalid("a trunk needs a native VLAN or allowed VLANs".to_owned()))
        }
        VlanMode::Hybrid { native, allowed } => match can.hybrid {
            HybridSupport::Own => Ok(vlans.clone()),
            HybridSupport::AsTrunk => {
                supported_vlans(&VlanMode::trunk(Some(*native), allowed), facts)
            }
            HybridSupport::None => Err(facts.cannot("hybrid ports")),
        },
        VlanMode::Closed if !can.closed => Err(facts.cannot("a port that carries no VLAN")),
        VlanMode::Other { .. } => {
            Err(SwitchError::Invalid("only a switch can say `other`".to_owned()))
        }
        _ => Ok(vlans.clone()),
    }
}

/// Each port by itself.
fn single(
    wanted: &mut Slice,
    ports: &BTreeSet<PortName>,
    config: &PortConfig,
    facts: &Facts<'_>,
) -> Result<(), SwitchError> {
    for (name, state) in wanted.ports.iter_mut().filter(|(name, _)| ports.contains(*name)) {
        if let Some(lag) = &state.lag {
            return Err(SwitchError::Conflict {
                what: format!("port {} is a member of LAG `{lag}`", facts.port(name)),
                hint: Some("detach the LAG first, or attach all its members as a LAG".to_owned()),
            });
        }
        state.config = state.config.overlaid(config);
    }
    Ok(())
}

/// What is there is changed, be it single ports or a LAG that the ports form.
fn update(
    wanted: &mut Slice,
    ports: &BTreeSet<PortName>,
    config: &PortConfig,
    facts: &Facts<'_>,
) -> Result<(), SwitchError> {
    let lags: BTreeSet<LagName> =
        ports.iter().filter_map(|port| wanted.ports.get(port)?.lag.clone()).collect();
    let Some(name) = lags.first() else { return single(wanted, ports, config, facts) };
    let whole = lags.len() == 1
        && wanted.lags.get(name).is_some_and(|lag| lag.members.iter().eq(ports.iter()));
    if !whole {
        return Err(SwitchError::Conflict {
            what: format!("the ports are only a part of LAG `{name}` on `{}`", facts.switch),
            hint: Some("name all members of the LAG".to_owned()),
        });
    }
    configure_lag(wanted, ports, config, name, facts);
    Ok(())
}

/// Sets a LAG's configuration; what a switch keeps with the members goes there.
fn configure_lag(
    wanted: &mut Slice,
    ports: &BTreeSet<PortName>,
    config: &PortConfig,
    name: &LagName,
    facts: &Facts<'_>,
) {
    let mtu_on_lag = facts.capabilities.lag.as_ref().is_some_and(|lag| lag.mtu_on_lag);
    let of_lag = PortConfig { mtu: config.mtu.filter(|_| mtu_on_lag), ..config.clone() };
    let of_member = PortConfig {
        mtu: config.mtu.filter(|_| !mtu_on_lag),
        admin: config.admin,
        ..PortConfig::default()
    };
    if let Some(lag) = wanted.lags.get_mut(name) {
        lag.config = lag.config.overlaid(&of_lag);
    }
    for (_, state) in wanted.ports.iter_mut().filter(|(port, _)| ports.contains(*port)) {
        state.config = state.config.overlaid(&of_member);
    }
}

/// All ports as one LAG.
fn join(
    wanted: &mut Slice,
    ports: &BTreeSet<PortName>,
    config: &PortConfig,
    wish: &LagWish,
    name: &LagName,
    facts: &Facts<'_>,
) -> Result<(), SwitchError> {
    let settings = match wanted.lags.get(name) {
        Some(lag) if wish.members == Members::Joining && !lag.members.is_empty() => {
            LagSettings { pair: wish.settings.pair, ..LagSettings::new(lag.settings.mode) }
        }
        _ => wish.settings.clone(),
    };
    check_lag(&settings, ports, facts)?;
    if let Some(lag) = wanted.lags.get(name)
        && let Some(stranger) = lag.members.iter().find(|member| !ports.contains(*member))
    {
        return Err(SwitchError::Conflict {
            what: format!(
                "LAG `{name}` on `{}` also has the member `{stranger}`, which the request does \
                 not name (its members: {})",
                facts.switch,
                LagConfig::members_text(&lag.members),
            ),
            hint: Some("name all members, or detach the one that is to leave".to_owned()),
        });
    }
    let fresh = LagState {
        settings: settings.clone(),
        members: BTreeSet::new(),
        config: PortConfig {
            admin: facts.capabilities.port_shut.then_some(AdminState::Up),
            ..PortConfig::default()
        },
        extra: None,
    };
    if config.vlans.is_none() && !wanted.lags.contains_key(name) {
        return Err(SwitchError::Invalid(
            "a new LAG needs its VLANs: attach it rather than update it".to_owned(),
        ));
    }
    let lag = wanted.lags.entry(name.clone()).or_insert(fresh);
    lag.settings = lag.settings.overlaid(&settings);
    lag.members.extend(ports.iter().cloned());
    for port in ports {
        if let Some(state) = wanted.ports.get_mut(port) {
            if state.lag.as_ref().is_some_and(|other| other != name) {
                return Err(SwitchError::Conflict {
                    what: format!("port {} is a member of another LAG", facts.port(port)),
                    hint: Some("detach it first".to_owned()),
                });
            }
            state.lag = Some(name.clone());
            state.config.vlans = None;
            state.extra = None;
        }
    }
    configure_lag(wanted, ports, config, name, facts);
    Ok(())
}

fn check_lag(
    settings: &LagSettings,
    ports: &BTreeSet<PortName>,
    facts: &Facts<'_>,
) -> Result<(), SwitchError> {
    let Some(can) = &facts.capabilities.lag else { return Err(facts.cannot("LAGs")) };
    let mode = match settings.mode {
        LagMode::Active => can.active,
        LagMode::Passive => can.passive,
        LagMode::Static => can.r#static,
    };
    let missing = [
        (!mode, "a LAG of this mode"),
        (settings.rate.is_some() && !can.rate, "choose the LACP rate"),
        (settings.min_links.is_some() && !can.min_links, "ask for a minimum of links"),
        (settings.fallback == Some(true) && !can.fallback, "LACP fallback"),
        (settings.pair.is_some() && !can.across_pair, "LAGs over two switches"),
        (ports.len() > usize::from(can.max_members), "a LAG of so many members"),
    ];
    match missing.iter().find(|(missing, _)| *missing) {
        Some((_, what)) => Err(facts.cannot(*what)),
        None => Ok(()),
    }
}

/// All ports into the safe state; a LAG that loses its last member goes.
fn detach(
    wanted: &mut Slice,
    ports: &BTreeSet<PortName>,
    facts: &Facts<'_>,
) -> Result<(), SwitchError> {
    let vlans = facts.safe.vlans(facts.capabilities);
    let vlans = vlans.map(|vlans| supported_vlans(&vlans, facts)).transpose()?;
    let mut left = BTreeSet::new();
    for port in ports {
        let Some(state) = wanted.ports.get_mut(port) else { continue };
        if let Some(name) = state.lag.take() {
            if vlans.is_none() {
                let what = "take a port out of a LAG without an idle VLAN to put it into";
                return Err(facts.cannot(what));
            }
            if let Some(lag) = wanted.lags.get_mut(&name) {
                lag.members.remove(port);
            }
            left.insert(name);
        }
        let PortState { config, .. } = state;
        config.vlans = vlans.clone().or_else(|| config.vlans.clone());
        if facts.safe.shuts() {
            config.admin = Some(AdminState::Down);
        }
    }
    wanted.lags.retain(|name, lag| !left.contains(name) || !lag.members.is_empty());
    Ok(())
}

#[cfg(test)]
mod tests;
