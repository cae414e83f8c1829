//! The commands of each mode.

use super::super::chassis::switchport::{self, Op};
use super::super::grammar::Grammar;
use super::Mode;

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Enable,
    Disable,
    Exit,
    End,
    Configure,
    ConfigureTimed,
    Confirm,
    RevertNow,
    Length,
    Width,
    Save,
    Copy,
    ShowPrivilege,
    ShowVersion,
    ShowRunning,
    ShowRunningPort,
    ShowStartup,
    ShowVlan,
    ShowVlanId,
    ShowInternal,
    ShowSwitchport,
    ShowStatus,
    ShowLags,
    ShowLag,
    ShowLldp,
    ShowLldpDetail,
    ShowMac,
    ShowRollback,
    ShowArchive,
    ShowVtp,
    Hostname,
    Vtp,
    Keep,
    KeepNo,
    Forget,
    Archive,
    ArchivePath,
    Vlan,
    NoVlan,
    Interface,
    InterfaceRange,
    NoInterface,
    DefaultInterface,
    VlanName,
    NoVlanName,
    Port(Op),
    Own(Line),
}

/// A command of an interface that IOS has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Encapsulation,
    Dynamic,
    NoNegotiate,
    Negotiate,
    Portfast,
    PortfastTrunk,
    NoPortfast,
    Join,
    Leave,
    Rate,
    NoRate,
    MinLinks,
    NoMinLinks,
    StandaloneDisable,
    NoStandaloneDisable,
    MaxBundle,
    NoMaxBundle,
    Speed,
    NoSpeed,
    Kept,
}

const USER: &[(&str, Act)] = &[
    ("enable", Act::Enable),
    ("disable", Act::Disable),
    ("exit", Act::Exit),
    ("logout", Act::Exit),
    ("quit", Act::Exit),
    ("terminal length <0-512>", Act::Length),
    ("terminal width <0-512>", Act::Width),
    ("show privilege", Act::ShowPrivilege),
    ("show version", Act::ShowVersion),
    ("show vlan [brief]", Act::ShowVlan),
    ("show vlan id <vlan>", Act::ShowVlanId),
    ("show vlan internal usage", Act::ShowInternal),
    ("show vtp status", Act::ShowVtp),
    ("show interfaces switchport", Act::ShowSwitchport),
    ("show interfaces <port> switchport", Act::ShowSwitchport),
    ("show interfaces status", Act::ShowStatus),
    ("show interfaces <port> status", Act::ShowStatus),
    ("show etherchannel summary", Act::ShowLags),
    ("show etherchannel <1-128> summary", Act::ShowLag),
    ("show lldp neighbors", Act::ShowLldp),
    ("show lldp neighbors <port>", Act::ShowLldp),
    ("show lldp neighbors detail", Act::ShowLldpDetail),
    ("show lldp neighbors <port> detail", Act::ShowLldpDetail),
    ("show mac address-table", Act::ShowMac),
    ("show mac address-table address <word>", Act::ShowMac),
];

const EXEC: &[(&str, Act)] = &[
    ("configure [terminal]", Act::Configure),
    ("configure terminal revert timer <1-120>", Act::ConfigureTimed),
    ("configure confirm", Act::Confirm),
    ("configure revert now", Act::RevertNow),
    ("write [memory]", Act::Save),
    ("copy running-config startup-config", Act::Copy),
    ("show running-config", Act::ShowRunning),
    ("show running-config interface <port>", Act::ShowRunningPort),
    ("show startup-config", Act::ShowStartup),
    ("show archive", Act::ShowArchive),
    ("show archive config rollback timer", Act::ShowRollback),
];

const GLOBAL: &[(&str, Act)] = &[
    ("exit", Act::Exit),
    ("end", Act::End),
    ("hostname <word>", Act::Hostname),
    ("vtp mode server|client|transparent|off", Act::Vtp),
    ("archive", Act::Archive),
    ("vlan <vlans>", Act::Vlan),
    ("no vlan <vlans>", Act::NoVlan),
    ("vlan dot1q tag native", Act::Keep),
    ("no vlan dot1q tag native", Act::Forget),
    ("interface <port>", Act::Interface),
    ("interface range <ports>", Act::InterfaceRange),
    ("no interface <port>", Act::NoInterface),
    ("default interface <port>", Act::DefaultInterface),
    ("lldp run", Act::Keep),
    ("no lldp run", Act::Forget),
    ("spanning-tree <line>", Act::Keep),
    ("no spanning-tree <line>", Act::Forget),
    ("no ip domain lookup", Act::KeepNo),
    ("no ip domain-lookup", Act::KeepNo),
    ("username <line>", Act::Keep),
    ("system mtu <1500-9198>", Act::Keep),
];

const VLAN: &[(&str, Act)] = &[
    ("exit", Act::Exit),
    ("end", Act::End),
    ("name <word>", Act::VlanName),
    ("no name [<word>]", Act::NoVlanName),
];

const ARCHIVE: &[(&str, Act)] =
    &[("exit", Act::Exit), ("end", Act::End), ("path <word>", Act::ArchivePath)];

const INTERFACE: &[(&str, Line)] = &[
    ("switchport trunk encapsulation dot1q|isl|negotiate", Line::Encapsulation),
    ("switchport mode dynamic auto|desirable", Line::Dynamic),
    ("switchport nonegotiate", Line::NoNegotiate),
    ("no switchport nonegotiate", Line::Negotiate),
    ("spanning-tree portfast", Line::Portfast),
    ("spanning-tree portfast trunk", Line::PortfastTrunk),
    ("spanning-tree portfast edge", Line::Portfast),
    ("spanning-tree portfast edge trunk", Line::PortfastTrunk),
    ("spanning-tree portfast disable", Line::NoPortfast),
    ("no spanning-tree portfast [trunk]", Line::NoPortfast),
    ("no spanning-tree portfast edge [trunk]", Line::NoPortfast),
    ("channel-group <1-128> mode active|passive|on|desirable|auto", Line::Join),
    ("no channel-group [<1-128>]", Line::Leave),
    ("lacp rate fast|normal", Line::Rate),
    ("no lacp rate", Line::NoRate),
    ("port-channel min-links <2-8>", Line::MinLinks),
    ("no port-channel min-links [<2-8>]", Line::NoMinLinks),
    ("port-channel standalone-disable", Line::StandaloneDisable),
    ("no port-channel standalone-disable", Line::NoStandaloneDisable),
    ("lacp max-bundle <1-8>", Line::MaxBundle),
    ("no lacp max-bundle [<1-8>]", Line::NoMaxBundle),
    ("speed <line>", Line::Speed),
    ("no speed [<line>]", Line::NoSpeed),
    ("ip address <line>", Line::Kept),
    ("no ip address", Line::Kept),
];

/// The grammars of all modes.
pub(super) struct Grammars {
    user: Grammar<Act>,
    exec: Grammar<Act>,
    global: Grammar<Act>,
    vlan: Grammar<Act>,
    archive: Grammar<Act>,
    port: Grammar<Act>,
}

impl Grammars {
    pub(super) fn new() -> Self {
        let ends = [("exit", Act::Exit), ("end", Act::End)];
        let ops = switchport::TABLE.iter().map(|(text, op)| (*text, Act::Port(*op)));
        let lines = INTERFACE.iter().map(|(text, line)| (*text, Act::Own(*line)));
        let port: Vec<(&'static str, Act)> = ends.into_iter().chain(ops).chain(lines).collect();
        Self {
            user: Grammar::new(USER),
            exec: Grammar::new(USER.iter().chain(EXEC)),
            global: Grammar::new(GLOBAL),
            vlan: Grammar::new(VLAN),
            archive: Grammar::new(ARCHIVE),
            port: Grammar::new(&port),
        }
    }

    pub(super) const fn of(&self, mode: &Mode) -> &Grammar<Act> {
        match mode {
            Mode::User => &self.user,
            Mode::Exec => &self.exec,
            Mode::Global => &self.global,
            Mode::Ports(_) => &self.port,
            Mode::Vlans(_) => &self.vlan,
            Mode::Archive => &self.archive,
        }
    }
}
