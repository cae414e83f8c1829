//! A change: one smallest step on one switch, with the weight that orders it and its inverse.
//!
//! A change carries what it replaces, so its inverse needs nothing but the change. Applying a
//! change to a [`Slice`] is a pure function; the planner's promises are tested with it, the `noop`
//! driver is made of it, and every driver may use it to see what it is asked for.

use std::{collections::BTreeSet, fmt};

use model::{
    AdminState, LagName, LagSettings, Mtu, PortConfig, PortName, Vlan, VlanMode, VlanSet, Vni,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::slice::{LagState, PortState, Slice, VlanState};

/// What a change is made to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// A port.
    Port(PortName),
    /// A LAG.
    Lag(LagName),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port(port) => write!(f, "port {port}"),
            Self::Lag(lag) => write!(f, "LAG {lag}"),
        }
    }
}

/// One smallest step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the members are `from`, `to` and what the variant names")]
pub enum Change {
    /// Defines a VLAN.
    CreateVlan { vlan: Vlan, name: Option<String> },
    /// Removes the definition of a VLAN, which is mapped to no VNI any more.
    DeleteVlan { vlan: Vlan, name: Option<String> },
    /// Carries a VLAN, which is defined, over a VXLAN.
    MapVni { vlan: Vlan, vni: Vni },
    /// Takes that back.
    UnmapVni { vlan: Vlan, vni: Vni },
    /// Shuts a port, or switches it on.
    SetAdmin { target: Target, from: AdminState, to: AdminState },
    /// Takes tagged VLANs away from a trunk or hybrid port.
    RemoveAllowed { target: Target, vlans: VlanSet },
    /// Gives tagged VLANs to a trunk or hybrid port.
    AddAllowed { target: Target, vlans: VlanSet },
    /// Changes the untagged VLAN of a trunk or hybrid port; neither VLAN is among the tagged ones.
    SetNative { target: Target, from: Option<Vlan>, to: Option<Vlan> },
    /// Changes the mode, or the VLAN of an access port.
    SetVlans { target: Target, from: VlanMode, to: VlanMode },
    /// Changes the description; `None` is "none set".
    SetDescription { target: Target, from: Option<String>, to: Option<String> },
    /// Changes the MTU; `None` is the system's default.
    SetMtu { target: Target, from: Option<Mtu>, to: Option<Mtu> },
    /// Changes whether spanning tree treats the port as an edge.
    SetStpEdge { target: Target, from: Option<bool>, to: Option<bool> },
    /// Changes BPDU guard.
    SetBpduGuard { target: Target, from: Option<bool>, to: Option<bool> },
    /// Makes a LAG, configured but without members.
    CreateLag { lag: LagName, settings: LagSettings, config: PortConfig, extra: Option<String> },
    /// Removes a LAG that has no members any more.
    DeleteLag { lag: LagName, settings: LagSettings, config: PortConfig, extra: Option<String> },
    /// Changes LACP, rate, minimum links or fallback.
    SetLag { lag: LagName, from: LagSettings, to: LagSettings },
    /// Puts a port into a LAG, whose VLANs it carries from then on instead of `was`.
    AddMember { lag: LagName, port: PortName, was: Option<VlanMode>, extra: Option<String> },
    /// Takes a port out of a LAG; from then on it carries `becomes`.
    RemoveMember { lag: LagName, port: PortName, becomes: Option<VlanMode>, extra: Option<String> },
}

/// A change that does not fit the state that it is applied to.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("cannot {change}: {problem}")]
pub struct Misfit {
    /// The change, as `Display` writes it.
    pub change: String,
    /// What does not fit.
    pub problem: String,
}

impl Change {
    /// Where the change stands in a plan: restrict before widen, VLANs before the ports that carry
    /// them, a LAG before its members.
    pub fn weight(&self) -> u8 {
        match self {
            Self::SetAdmin { to: AdminState::Down, .. } => 10,
            Self::RemoveAllowed { .. } => 20,
            Self::RemoveMember { .. } => 30,
            Self::DeleteLag { .. } => 45,
            Self::UnmapVni { .. } => 48,
            Self::CreateVlan { .. } => 50,
            Self::MapVni { .. } => 52,
            Self::CreateLag { .. } => 55,
            Self::SetLag { .. } => 60,
            Self::SetNative { .. } => 64,
            // A LAG that is emptied is closed before it is deleted.
            Self::SetVlans { to: VlanMode::Closed, .. } => 40,
            Self::SetVlans { .. } => 65,
            Self::AddAllowed { .. } => 70,
            Self::SetMtu { .. } => 75,
            Self::SetStpEdge { .. } => 76,
            Self::SetBpduGuard { .. } => 77,
            Self::SetDescription { .. } => 78,
            Self::AddMember { .. } => 80,
            Self::SetAdmin { to: AdminState::Up, .. } => 90,
            Self::DeleteVlan { .. } => 95,
        }
    }

    /// The ports and LAGs that the change reads or writes, the one that it is about first; none
    /// for the definition of a VLAN.
    pub fn targets(&self) -> Vec<Target> {
        match self {
            Self::CreateVlan { .. }
            | Self::DeleteVlan { .. }
            | Self::MapVni { .. }
            | Self::UnmapVni { .. } => Vec::new(),
            Self::SetAdmin { target, .. }
            | Self::RemoveAllowed { target, .. }
            | Self::AddAllowed { target, .. }
            | Self::SetNative { target, .. }
            | Self::SetVlans { target, .. }
            | Self::SetDescription { target, .. }
            | Self::SetMtu { target, .. }
            | Self::SetStpEdge { target, .. }
            | Self::SetBpduGuard { target, .. } => vec![target.clone()],
            Self::CreateLag { lag, .. }
            | Self::DeleteLag { lag, .. }
            | Self::SetLag { lag, .. } => vec![Target::Lag(lag.clone())],
            Self::AddMember { lag, port, .. } | Self::RemoveMember { lag, port, .. } => {
                vec![Target::Port(port.clone()), Target::Lag(lag.clone())]
            }
        }
    }

    /// The change that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        match self.clone() {
            Self::CreateVlan { vlan, name } => Self::DeleteVlan { vlan, name },
            Self::DeleteVlan { vlan, name } => Self::CreateVlan { vlan, name },
            Self::MapVni { vlan, vni } => Self::UnmapVni { vlan, vni },
            Self::UnmapVni { vlan, vni } => Self::MapVni { vlan, vni },
            Self::SetAdmin { target, from, to } => Self::SetAdmin { target, from: to, to: from },
            Self::RemoveAllowed { target, vlans } => Self::AddAllowed { target, vlans },
            Self::AddAllowed { target, vlans } => Self::RemoveAllowed { target, vlans },
            Self::SetNative { target, from, to } => Self::SetNative { target, from: to, to: from },
            Self::SetVlans { target, from, to } => Self::SetVlans { target, from: to, to: from },
            Self::SetDescription { target, from, to } => {
                Self::SetDescription { target, from: to, to: from }
            }
            Self::SetMtu { target, from, to } => Self::SetMtu { target, from: to, to: from },
            Self::SetStpEdge { target, from, to } => {
                Self::SetStpEdge { target, from: to, to: from }
            }
            Self::SetBpduGuard { target, from, to } => {
                Self::SetBpduGuard { target, from: to, to: from }
            }
            Self::CreateLag { lag, settings, config, extra } => {
                Self::DeleteLag { lag, settings, config, extra }
            }
            Self::DeleteLag { lag, settings, config, extra } => {
                Self::CreateLag { lag, settings, config, extra }
            }
            Self::SetLag { lag, from, to } => Self::SetLag { lag, from: to, to: from },
            Self::AddMember { lag, port, was, extra } => {
                Self::RemoveMember { lag, port, becomes: was, extra }
            }
            Self::RemoveMember { lag, port, becomes, extra } => {
                Self::AddMember { lag, port, was: becomes, extra }
            }
        }
    }

    /// Makes the change to a slice, or says why it does not fit.
    pub fn apply_to(&self, slice: &mut Slice) -> Result<(), Misfit> {
        self.try_apply(slice)
            .map_err(|problem| Misfit { change: self.to_string(), problem: problem.to_owned() })
    }

    fn try_apply(&self, slice: &mut Slice) -> Result<(), &'static str> {
        match self {
            Self::CreateVlan { vlan, name } => {
                let old = slice.vlans.insert(*vlan, VlanState { name: name.clone(), vni: None });
                check(old.is_none(), "the VLAN is there already")
            }
            Self::DeleteVlan { vlan, .. } => {
                let old = slice.vlans.remove(vlan).ok_or("there is no such VLAN")?;
                check(old.vni.is_none(), "the VLAN is mapped to a VNI")
            }
            Self::MapVni { vlan, vni } => {
                let state = slice.vlans.get_mut(vlan).ok_or("there is no such VLAN")?;
                check(state.vni.is_none(), "the VLAN is mapped to a VNI already")?;
                state.vni = Some(*vni);
                Ok(())
            }
            Self::UnmapVni { vlan, vni } => {
                let state = slice.vlans.get_mut(vlan).ok_or("there is no such VLAN")?;
                check(state.vni == Some(*vni), "the VLAN is not mapped to this VNI")?;
                state.vni = None;
                Ok(())
            }
            Self::SetAdmin { target, from, to } => {
                let config = config_mut(slice, target)?;
                check(config.admin == Some(*from), "the port's state is another")?;
                config.admin = Some(*to);
                Ok(())
            }
            Self::RemoveAllowed { target, vlans } => {
                let allowed = allowed_mut(slice, target)?;
                check(vlans.is_subset(allowed), "the VLANs are not allowed there")?;
                *allowed = allowed.difference(vlans);
                Ok(())
            }
            Self::AddAllowed { target, vlans } => {
                let allowed = allowed_mut(slice, target)?;
                check(vlans.intersection(allowed).is_empty(), "the VLANs are allowed already")?;
                *allowed = allowed.union(vlans);
                Ok(())
            }
            Self::SetNative { target, from, to } => set_native(slice, target, *from, *to),
            Self::SetVlans { target, from, to } => {
                let config = config_mut(slice, target)?;
                check(config.vlans.as_ref() == Some(from), "it carries something else")?;
                config.vlans = Some(to.clone());
                Ok(())
            }
            Self::SetDescription { target, from, to } => {
                replace(&mut config_mut(slice, target)?.description, from, to)
            }
            Self::SetMtu { target, from, to } => {
                replace(&mut config_mut(slice, target)?.mtu, from, to)
            }
            Self::SetStpEdge { target, from, to } => {
                replace(&mut config_mut(slice, target)?.stp_edge, from, to)
            }
            Self::SetBpduGuard { target, from, to } => {
                replace(&mut config_mut(slice, target)?.bpdu_guard, from, to)
            }
            Self::CreateLag { lag, settings, config, extra } => {
                let state = LagState {
                    settings: settings.clone(),
                    members: BTreeSet::new(),
                    config: config.clone(),
                    extra: extra.clone(),
                };
                let old = slice.lags.insert(lag.clone(), state);
                check(old.is_none(), "the LAG is there already")
            }
            Self::DeleteLag { lag, .. } => {
                let state = slice.lags.remove(lag).ok_or("there is no such LAG")?;
                check(state.members.is_empty(), "the LAG has members")
            }
            Self::SetLag { lag, from, to } => {
                let state = slice.lags.get_mut(lag).ok_or("there is no such LAG")?;
                check(state.settings == *from, "the LAG's settings are others")?;
                state.settings = to.clone();
                Ok(())
            }
            Self::AddMember { lag, port, was, extra } => {
                let state = port_mut(slice, port)?;
                check(state.lag.is_none(), "the port is in a LAG")?;
                check(state.config.vlans == *was, "the port carries something else")?;
                check(state.extra == *extra, "the port has other settings")?;
                state.lag = Some(lag.clone());
                state.config.vlans = None;
                state.extra = None;
                let members = &mut slice.lags.get_mut(lag).ok_or("there is no such LAG")?.members;
                members.insert(port.clone());
                Ok(())
            }
            Self::RemoveMember { lag, port, becomes, extra } => {
                let state = port_mut(slice, port)?;
                check(state.lag.as_ref() == Some(lag), "the port is not in this LAG")?;
                state.lag = None;
                state.config.vlans.clone_from(becomes);
                state.extra.clone_from(extra);
                let members = &mut slice.lags.get_mut(lag).ok_or("there is no such LAG")?.members;
                check(members.remove(port), "the port is not among the LAG's members")
            }
        }
    }
}

fn check(fits: bool, problem: &'static str) -> Result<(), &'static str> {
    if fits { Ok(()) } else { Err(problem) }
}

fn replace<T: Clone + PartialEq>(
    value: &mut Option<T>,
    from: &Option<T>,
    to: &Option<T>,
) -> Result<(), &'static str> {
    check(value == from, "its value is another")?;
    value.clone_from(to);
    Ok(())
}

fn port_mut<'a>(slice: &'a mut Slice, port: &PortName) -> Result<&'a mut PortState, &'static str> {
    slice.ports.get_mut(port).ok_or("there is no such port")
}

fn config_mut<'a>(
    slice: &'a mut Slice,
    target: &Target,
) -> Result<&'a mut PortConfig, &'static str> {
    match target {
        Target::Port(port) => port_mut(slice, port).map(|state| &mut state.config),
        Target::Lag(lag) => {
            slice.lags.get_mut(lag).map(|state| &mut state.config).ok_or("there is no such LAG")
        }
    }
}

fn allowed_mut<'a>(slice: &'a mut Slice, target: &Target) -> Result<&'a mut VlanSet, &'static str> {
    match &mut config_mut(slice, target)?.vlans {
        Some(VlanMode::Trunk { allowed, .. } | VlanMode::Hybrid { allowed, .. }) => Ok(allowed),
        _ => Err("it is neither a trunk nor hybrid"),
    }
}

fn set_native(
    slice: &mut Slice,
    target: &Target,
    from: Option<Vlan>,
    to: Option<Vlan>,
) -> Result<(), &'static str> {
    match (&mut config_mut(slice, target)?.vlans, to) {
        (Some(VlanMode::Trunk { native, allowed }), to) => {
            check(*native == from, "its native VLAN is another")?;
            check(!to.is_some_and(|vlan| allowed.contains(vlan)), "the VLAN is tagged there")?;
            *native = to;
            Ok(())
        }
        (Some(VlanMode::Hybrid { native, allowed }), Some(to)) => {
            check(Some(*native) == from, "its native VLAN is another")?;
            check(!allowed.contains(to), "the VLAN is tagged there")?;
            *native = to;
            Ok(())
        }
        _ => Err("it is not a trunk, or a hybrid port would lose its native VLAN"),
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateVlan { vlan, name: Some(name) } => {
                write!(f, "create VLAN {vlan} named {name}")
            }
            Self::CreateVlan { vlan, name: None } => write!(f, "create VLAN {vlan}"),
            Self::DeleteVlan { vlan, .. } => write!(f, "delete VLAN {vlan}"),
            Self::MapVni { vlan, vni } => write!(f, "map VLAN {vlan} to VNI {vni}"),
            Self::UnmapVni { vlan, vni } => write!(f, "take VLAN {vlan} off VNI {vni}"),
            Self::SetAdmin { target, to: AdminState::Up, .. } => write!(f, "switch on {target}"),
            Self::SetAdmin { target, to: AdminState::Down, .. } => write!(f, "shut {target}"),
            Self::RemoveAllowed { target, vlans } => {
                write!(f, "remove allowed VLANs {vlans} from {target}")
            }
            Self::AddAllowed { target, vlans } => {
                write!(f, "add allowed VLANs {vlans} to {target}")
            }
            Self::SetNative { target, from, to } => {
                write!(f, "set native VLAN of {target} from {} to {}", or_none(from), or_none(to))
            }
            Self::SetVlans { target, from, to } => write!(f, "set {target} from {from} to {to}"),
            Self::SetDescription { target, to, .. } => {
                write!(f, "set description of {target} to {}", or_none(to))
            }
            Self::SetMtu { target, from, to } => {
                write!(f, "set MTU of {target} from {} to {}", or_default(from), or_default(to))
            }
            Self::SetStpEdge { target, to, .. } => {
                write!(f, "set STP edge of {target} to {}", or_default(to))
            }
            Self::SetBpduGuard { target, to, .. } => {
                write!(f, "set BPDU guard of {target} to {}", or_default(to))
            }
            Self::CreateLag { lag, settings, config, .. } => {
                write!(f, "create LAG {lag} ({settings}")?;
                if let Some(vlans) = &config.vlans {
                    write!(f, "; {vlans}")?;
                }
                f.write_str(")")
            }
            Self::DeleteLag { lag, .. } => write!(f, "delete LAG {lag}"),
            Self::SetLag { lag, from, to } => write!(f, "set LAG {lag} from {from} to {to}"),
            Self::AddMember { lag, port, .. } => write!(f, "add port {port} to LAG {lag}"),
            Self::RemoveMember { lag, port, becomes: Some(becomes), .. } => {
                write!(f, "remove port {port} from LAG {lag}, which makes it {becomes}")
            }
            Self::RemoveMember { lag, port, becomes: None, .. } => {
                write!(f, "remove port {port} from LAG {lag}")
            }
        }
    }
}

fn or_none<T: fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn or_default<T: fmt::Display>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "default".to_owned(), ToString::to_string)
}
