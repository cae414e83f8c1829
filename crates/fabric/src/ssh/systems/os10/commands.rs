//! The commands of each mode.

use super::super::grammar::Grammar;
use super::Mode;

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Exit,
    End,
    Configure,
    Length,
    Quiet,
    Save,
    Start,
    Commit,
    Discard,
    Validate,
    Lock,
    Unlock,
    ShowVersion,
    ShowRunning,
    ShowRunningPort,
    ShowRunningPorts,
    ShowCandidate,
    ShowStartup,
    ShowDiff,
    ShowStatus,
    ShowInterface,
    ShowLags,
    ShowVlan,
    ShowVlanId,
    ShowLldp,
    ShowMac,
    ShowVlt,
    ShowVltPorts,
    ShowVltMismatch,
    Hostname,
    Keep,
    Forget,
    VltDomain,
    NoVltDomain,
    VltLine,
    Interface,
    Range,
    NoInterface,
    NoRange,
    Port(Line),
}

/// A command of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Description,
    NoDescription,
    Shutdown,
    NoShutdown,
    ModeAccess,
    ModeTrunk,
    NoMode,
    Access,
    NoAccess,
    Allowed,
    NoAllowed,
    NoSwitchport,
    Mtu,
    NoMtu,
    Edge,
    NoEdge,
    Guard,
    NoGuard,
    Join,
    Leave,
    Rate,
    NoRate,
    Priority,
    NoPriority,
    MinLinks,
    NoMinLinks,
    Fallback,
    NoFallback,
    FallbackTimeout,
    NoFallbackTimeout,
    Preemption,
    MaxBundle,
    NoMaxBundle,
    Vlt,
    NoVlt,
    Speed,
    NoSpeed,
}

const EXEC: &[(&str, Act)] = &[
    ("exit", Act::Exit),
    ("configure [terminal]", Act::Configure),
    ("terminal length <0-512>", Act::Length),
    ("terminal width <0-512>", Act::Quiet),
    ("write memory", Act::Save),
    ("copy running-configuration startup-configuration", Act::Save),
    ("start transaction", Act::Start),
    ("commit", Act::Commit),
    ("discard", Act::Discard),
    ("validate", Act::Validate),
    ("lock", Act::Lock),
    ("unlock", Act::Unlock),
    ("show version", Act::ShowVersion),
    ("show running-configuration", Act::ShowRunning),
    ("show running-configuration interface <port>", Act::ShowRunningPort),
    ("show running-configuration interface ethernet|port-channel|vlan", Act::ShowRunningPorts),
    ("show candidate-configuration", Act::ShowCandidate),
    ("show startup-configuration", Act::ShowStartup),
    ("show diff candidate-configuration running-configuration", Act::ShowDiff),
    ("show interface <port>", Act::ShowInterface),
    ("show interface status", Act::ShowStatus),
    ("show port-channel summary", Act::ShowLags),
    ("show vlan", Act::ShowVlan),
    ("show vlan <vlan>", Act::ShowVlanId),
    ("show lldp neighbors", Act::ShowLldp),
    ("show lldp neighbors interface <port>", Act::ShowLldp),
    ("show mac address-table", Act::ShowMac),
    ("show mac address-table address <word>", Act::ShowMac),
    ("show vlt <1-255>", Act::ShowVlt),
    ("show vlt <1-255> vlt-port-detail", Act::ShowVltPorts),
    ("show vlt <1-255> mismatch", Act::ShowVltMismatch),
];

const GLOBAL: &[(&str, Act)] = &[
    ("exit", Act::Exit),
    ("end", Act::End),
    ("hostname <word>", Act::Hostname),
    ("lldp enable", Act::Keep),
    ("no lldp enable", Act::Forget),
    ("spanning-tree <line>", Act::Keep),
    ("no spanning-tree <line>", Act::Forget),
    ("logging <line>", Act::Keep),
    ("username <line>", Act::Keep),
    ("vlt-domain <1-255>", Act::VltDomain),
    ("no vlt-domain <1-255>", Act::NoVltDomain),
    ("interface <port>", Act::Interface),
    ("interface range <ports>", Act::Range),
    ("no interface <port>", Act::NoInterface),
    ("no interface range <ports>", Act::NoRange),
];

const VLT: &[(&str, Act)] = &[
    ("exit", Act::Exit),
    ("end", Act::End),
    ("discovery-interface <line>", Act::VltLine),
    ("backup destination <word>", Act::VltLine),
    ("primary-priority <1-65535>", Act::VltLine),
    ("delay-restore <1-1200>", Act::VltLine),
    ("vlt-mac <word>", Act::VltLine),
    ("peer-routing", Act::VltLine),
];

const PORT: &[(&str, Line)] = &[
    ("description <line>", Line::Description),
    ("no description", Line::NoDescription),
    ("shutdown", Line::Shutdown),
    ("no shutdown", Line::NoShutdown),
    ("switchport mode access", Line::ModeAccess),
    ("switchport mode trunk", Line::ModeTrunk),
    ("no switchport mode", Line::NoMode),
    ("switchport access vlan <vlan>", Line::Access),
    ("no switchport access vlan [<vlan>]", Line::NoAccess),
    ("switchport trunk allowed vlan <vlans>", Line::Allowed),
    ("no switchport trunk allowed vlan <vlans>", Line::NoAllowed),
    ("no switchport", Line::NoSwitchport),
    ("mtu <1280-9216>", Line::Mtu),
    ("no mtu [<1280-9216>]", Line::NoMtu),
    ("spanning-tree port type edge", Line::Edge),
    ("no spanning-tree port type [edge]", Line::NoEdge),
    ("spanning-tree bpduguard enable", Line::Guard),
    ("spanning-tree bpduguard disable", Line::NoGuard),
    ("no spanning-tree bpduguard [enable]", Line::NoGuard),
    ("channel-group <1-2000>", Line::Join),
    ("channel-group <1-2000> mode active|passive|on", Line::Join),
    ("no channel-group [<1-2000>]", Line::Leave),
    ("lacp rate fast|normal", Line::Rate),
    ("no lacp rate [fast|normal]", Line::NoRate),
    ("lacp port-priority <1-65535>", Line::Priority),
    ("no lacp port-priority", Line::NoPriority),
    ("minimum-links <1-32>", Line::MinLinks),
    ("no minimum-links [<1-32>]", Line::NoMinLinks),
    ("lacp fallback enable", Line::Fallback),
    ("no lacp fallback enable", Line::NoFallback),
    ("lacp fallback timeout <0-100>", Line::FallbackTimeout),
    ("no lacp fallback timeout", Line::NoFallbackTimeout),
    ("lacp fallback preemption enable|disable", Line::Preemption),
    ("lacp max-bundle <1-32>", Line::MaxBundle),
    ("no lacp max-bundle", Line::NoMaxBundle),
    ("vlt-port-channel <1-1024>", Line::Vlt),
    ("no vlt-port-channel [<1-1024>]", Line::NoVlt),
    ("speed <line>", Line::Speed),
    ("no speed", Line::NoSpeed),
];

/// The grammars of all modes.
pub(super) struct Grammars {
    exec: Grammar<Act>,
    global: Grammar<Act>,
    port: Grammar<Act>,
    vlt: Grammar<Act>,
}

impl Grammars {
    pub(super) fn new() -> Self {
        let ends = [("exit", Act::Exit), ("end", Act::End)];
        let lines = PORT.iter().map(|(text, line)| (*text, Act::Port(*line)));
        let port: Vec<(&'static str, Act)> = ends.into_iter().chain(lines).collect();
        Self {
            exec: Grammar::new(EXEC),
            global: Grammar::new(GLOBAL),
            port: Grammar::new(&port),
            vlt: Grammar::new(VLT),
        }
    }

    pub(super) const fn of(&self, mode: &Mode) -> &Grammar<Act> {
        match mode {
            Mode::Exec => &self.exec,
            Mode::Global => &self.global,
            Mode::Ports(_) => &self.port,
            Mode::Vlt(_) => &self.vlt,
        }
    }
}
