//! Commands of interfaces that EOS, NX-OS and IOS share word for word.

use super::super::grammar::Values;
use super::{Mode, Port};
use crate::ssh::vlans::VlanSet;

/// One command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Description,
    NoDescription,
    Shutdown,
    NoShutdown,
    Switchport,
    NoSwitchport,
    ModeAccess,
    ModeTrunk,
    NoMode,
    Access,
    NoAccess,
    Native,
    NoNative,
    Allowed,
    Add,
    Remove,
    Except,
    All,
    None,
    NoAllowed,
    Mtu,
    NoMtu,
    Guard,
    GuardOff,
    NoGuard,
}

/// The patterns.
pub(crate) const TABLE: &[(&str, Op)] = &[
    ("description <line>", Op::Description),
    ("no description [<line>]", Op::NoDescription),
    ("default description", Op::NoDescription),
    ("shutdown", Op::Shutdown),
    ("no shutdown", Op::NoShutdown),
    ("default shutdown", Op::NoShutdown),
    ("switchport", Op::Switchport),
    ("no switchport", Op::NoSwitchport),
    ("switchport mode access", Op::ModeAccess),
    ("switchport mode trunk", Op::ModeTrunk),
    ("no switchport mode [access|trunk]", Op::NoMode),
    ("default switchport mode", Op::NoMode),
    ("switchport access vlan <vlan>", Op::Access),
    ("no switchport access vlan [<vlan>]", Op::NoAccess),
    ("default switchport access vlan", Op::NoAccess),
    ("switchport trunk native vlan <vlan>", Op::Native),
    ("no switchport trunk native vlan [<vlan>]", Op::NoNative),
    ("default switchport trunk native vlan", Op::NoNative),
    ("switchport trunk allowed vlan <vlans>", Op::Allowed),
    ("switchport trunk allowed vlan add <vlans>", Op::Add),
    ("switchport trunk allowed vlan remove <vlans>", Op::Remove),
    ("switchport trunk allowed vlan except <vlans>", Op::Except),
    ("switchport trunk allowed vlan all", Op::All),
    ("switchport trunk allowed vlan none", Op::None),
    ("no switchport trunk allowed vlan [<vlans>]", Op::NoAllowed),
    ("default switchport trunk allowed vlan", Op::NoAllowed),
    ("mtu <68-9416>", Op::Mtu),
    ("no mtu [<68-9416>]", Op::NoMtu),
    ("spanning-tree bpduguard enable", Op::Guard),
    ("spanning-tree bpduguard disable", Op::GuardOff),
    ("no spanning-tree bpduguard [enable|disable]", Op::NoGuard),
];

/// Does it. A list that has become every VLAN is no list.
pub(crate) fn apply(port: &mut Port, op: Op, values: &Values) {
    let allowed = || port.allowed.clone().unwrap_or_else(VlanSet::all);
    let list = |set: VlanSet| (set != VlanSet::all()).then_some(set);
    match op {
        Op::Description => port.description = Some(values.text(0).to_owned()),
        Op::NoDescription => port.description = None,
        Op::Shutdown => port.is_down = true,
        Op::NoShutdown => port.is_down = false,
        Op::Switchport => port.is_routed = false,
        Op::NoSwitchport => port.is_routed = true,
        Op::ModeAccess => port.mode = Some(Mode::Access),
        Op::ModeTrunk => port.mode = Some(Mode::Trunk),
        Op::NoMode => port.mode = None,
        Op::Access => port.access = Some(values.vlan()).filter(|vlan| *vlan != 1),
        Op::NoAccess => port.access = None,
        Op::Native => port.native = Some(values.vlan()).filter(|vlan| *vlan != 1),
        Op::NoNative => port.native = None,
        Op::Allowed => port.allowed = list(values.vlans()),
        Op::Add => port.allowed = list(allowed().union(&values.vlans())),
        Op::Remove => port.allowed = list(allowed().difference(&values.vlans())),
        Op::Except => port.allowed = list(VlanSet::all().difference(&values.vlans())),
        Op::None => port.allowed = Some(VlanSet::none()),
        Op::All | Op::NoAllowed => port.allowed = None,
        Op::Mtu => port.mtu = Some(values.number()),
        Op::NoMtu => port.mtu = None,
        Op::Guard => port.guard = Some(true),
        Op::GuardOff => port.guard = Some(false),
        Op::NoGuard => port.guard = None,
    }
}
