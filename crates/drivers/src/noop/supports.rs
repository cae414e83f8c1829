//! Which changes the capabilities cover: a planner that goes beyond them is found out here.
//!
//! What a port is set back to is not judged: `closed` and `other` are taken from any switch,
//! because a LAG is closed before it is deleted and a rollback restores what was observed.

use model::{LagMode, LagName, LagSettings, VlanMode};
use switch::{Capabilities, Change, DeviceError, HybridSupport, LagNaming, VlanDatabase};

/// Refuses a change that the capabilities do not cover.
pub(super) fn check(change: &Change, capabilities: &Capabilities) -> Result<(), DeviceError> {
    match lacking(change, capabilities) {
        None => Ok(()),
        Some(what) => Err(DeviceError::Unsupported { what: format!("{change}: {what}") }),
    }
}

fn lacking(change: &Change, capabilities: &Capabilities) -> Option<&'static str> {
    match change {
        Change::CreateVlan { .. } | Change::DeleteVlan { .. } => {
            unless(capabilities.vlan_database == VlanDatabase::Explicit, "VLANs need no definition")
        }
        Change::MapVni { .. } | Change::UnmapVni { .. } => {
            unless(capabilities.vxlan, "VLANs are mapped to no VNI")
        }
        Change::SetAdmin { .. } => unless(capabilities.port_shut, "ports cannot be shut"),
        Change::SetVlans { to, .. } => lacking_mode(to, capabilities),
        Change::AddAllowed { .. } => unless(capabilities.trunk, "there are no trunks"),
        Change::SetNative { to: Some(_), .. } => {
            unless(capabilities.native_on_trunk, "trunks have no native VLAN")
        }
        Change::SetDescription { .. } => {
            unless(capabilities.description, "there are no descriptions")
        }
        Change::SetMtu { .. } => unless(capabilities.mtu, "the MTU is fixed"),
        Change::SetStpEdge { .. } => unless(capabilities.stp_edge, "there are no STP edge ports"),
        Change::SetBpduGuard { .. } => unless(capabilities.bpdu_guard, "there is no BPDU guard"),
        Change::CreateLag { lag, settings, .. } => {
            lacking_name(lag, capabilities).or_else(|| lacking_lag(settings, capabilities))
        }
        Change::SetLag { to, .. } => lacking_lag(to, capabilities),
        Change::DeleteLag { .. } | Change::AddMember { .. } | Change::RemoveMember { .. } => {
            unless(capabilities.lag.is_some(), "there are no LAGs")
        }
        Change::RemoveAllowed { .. } | Change::SetNative { to: None, .. } => None,
    }
}

fn lacking_mode(mode: &VlanMode, capabilities: &Capabilities) -> Option<&'static str> {
    match mode {
        VlanMode::Access { .. } => unless(capabilities.access, "there are no access ports"),
        VlanMode::Trunk { native, .. } => unless(capabilities.trunk, "there are no trunks")
            .or_else(|| {
                unless(
                    native.is_none() || capabilities.native_on_trunk,
                    "trunks have no native VLAN",
                )
            }),
        VlanMode::Hybrid { .. } => {
            unless(capabilities.hybrid == HybridSupport::Own, "there are no hybrid ports")
        }
        VlanMode::Closed | VlanMode::Other { .. } => None,
    }
}

fn lacking_name(lag: &LagName, capabilities: &Capabilities) -> Option<&'static str> {
    let prefix = match &capabilities.lag.as_ref()?.naming {
        LagNaming::Free => return None,
        LagNaming::Numbered { prefix } => prefix,
    };
    let number = lag.as_str().strip_prefix(prefix.as_str());
    unless(number.is_some_and(|number| number.parse::<u32>().is_ok()), "LAGs are numbered")
}

fn lacking_lag(settings: &LagSettings, capabilities: &Capabilities) -> Option<&'static str> {
    let LagSettings { mode, rate, min_links, fallback, pair } = settings;
    let Some(lag) = &capabilities.lag else {
        return Some("there are no LAGs");
    };
    let mode = match mode {
        LagMode::Active => unless(lag.active, "LACP cannot be active"),
        LagMode::Passive => unless(lag.passive, "LACP cannot be passive"),
        LagMode::Static => unless(lag.r#static, "there are no static LAGs"),
    };
    mode.or_else(|| unless(rate.is_none() || lag.rate, "the LACP rate is fixed"))
        .or_else(|| unless(min_links.is_none() || lag.min_links, "there are no minimum links"))
        .or_else(|| unless(fallback.is_none() || lag.fallback, "there is no LACP fallback"))
        .or_else(|| unless(pair.is_none() || lag.across_pair, "there are no pairs"))
}

fn unless(able: bool, lacking: &'static str) -> Option<&'static str> {
    (!able).then_some(lacking)
}
