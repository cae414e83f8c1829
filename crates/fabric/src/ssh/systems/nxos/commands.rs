//! The commands of each mode.

use super::super::chassis::switchport::{self, Op};
use super::super::grammar::{Grammar, Values};
use super::Mode;

/// What a command is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Enable,
    Exit,
    End,
    Configure,
    Length,
    Width,
    Quiet,
    Save,
    ShowVersion,
    ShowHostname,
    ShowRunning,
    ShowRunningPorts,
    ShowRunningVlans,
    ShowStartup,
    ShowFeature,
    ShowVlan,
    ShowVlans,
    ShowVnSegment,
    ShowSwitchport,
    ShowStatus,
    ShowInterface,
    ShowLags,
    ShowLldp,
    ShowLldpDetail,
    ShowMac,
    ShowVpc,
    ShowNve,
    Hostname,
    Feature,
    NoFeature,
    DefaultSwitchport,
    NoDefaultSwitchport,
    Vlan,
    NoVlan,
    Interfaces,
    NoInterfaces,
    DefaultInterfaces,
    VpcDomain,
    NoVpcDomain,
    VpcLine,
    Evpn,
    EvpnVni,
    NoEvpnVni,
    EvpnLine,
    NoEvpnLine,
    Keep,
    Forget,
    VlanName,
    NoVlanName,
    VlanState,
    VlanVni,
    NoVlanVni,
    Port(Op),
    Interface(Line),
    NveLine,
    NoNveLine,
}

/// A command of an interface that NX-OS has for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Edge,
    EdgeTrunk,
    Network,
    Normal,
    NoType,
    Join,
    JoinForced,
    Leave,
    Rate,
    NoRate,
    MinLinks,
    NoMinLinks,
    SuspendIndividual,
    NoSuspendIndividual,
    Graceful,
    NoGraceful,
    Convergence,
    NoConvergence,
    Vpc,
    NoVpc,
    PeerLink,
    NoPeerLink,
    Speed,
    NoSpeed,
    Member,
    NoMember,
    Kept,
}

impl Act {
    /// The feature without which the command is unknown.
    pub(super) fn feature(self, values: &Values) -> Option<&'static str> {
        match self {
            Self::ShowLldp | Self::ShowLldpDetail => Some("feature lldp"),
            Self::ShowVpc | Self::VpcDomain => Some("feature vpc"),
            Self::ShowNve | Self::Evpn => Some("nv overlay evpn"),
            Self::VlanVni | Self::ShowVnSegment => Some("feature vn-segment-vlan-based"),
            Self::Interface(line) => match line {
                Line::Join | Line::JoinForced
                    if values.text(0) != "on" && !values.text(0).is_empty() =>
                {
                    Some("feature lacp")
                }
                Line::Rate
                | Line::MinLinks
                | Line::SuspendIndividual
                | Line::NoSuspendIndividual
                | Line::Graceful
                | Line::NoGraceful
                | Line::Convergence => Some("feature lacp"),
                Line::Vpc | Line::PeerLink => Some("feature vpc"),
                Line::Member => Some("feature nv overlay"),
                _ => None,
            },
            _ => None,
        }
    }
}

const EXEC: &[(&str, Act)] = &[
    ("enable", Act::Enable),
    ("exit", Act::Exit),
    ("end", Act::End),
    ("configure [terminal]", Act::Configure),
    ("terminal length <0-511>", Act::Length),
    ("terminal width <24-511>", Act::Width),
    ("terminal session-timeout <0-525600>", Act::Quiet),
    ("terminal dont-ask", Act::Quiet),
    ("no terminal dont-ask", Act::Quiet),
    ("copy running-config startup-config", Act::Save),
    ("show version", Act::ShowVersion),
    ("show hostname", Act::ShowHostname),
    ("show running-config", Act::ShowRunning),
    ("show running-config interface <ports>", Act::ShowRunningPorts),
    ("show running-config vlan", Act::ShowRunningVlans),
    ("show startup-config", Act::ShowStartup),
    ("show feature", Act::ShowFeature),
    ("show vlan", Act::ShowVlan),
    ("show vlan brief", Act::ShowVlan),
    ("show vlan id <vlans>", Act::ShowVlans),
    ("show vlan id <vlans> vn-segment", Act::ShowVnSegment),
    ("show interface switchport", Act::ShowSwitchport),
    ("show interface <port> switchport", Act::ShowSwitchport),
    ("show interface <port>", Act::ShowInterface),
    ("show interface status", Act::ShowStatus),
    ("show interface <port> status", Act::ShowStatus),
    ("show interface brief", Act::ShowStatus),
    ("show interface <port> brief", Act::ShowStatus),
    ("show port-channel summary", Act::ShowLags),
    ("show port-channel summary interface <port>", Act::ShowLags),
    ("show lldp neighbors", Act::ShowLldp),
    ("show lldp neighbors interface <port>", Act::ShowLldp),
    ("show lldp neighbors detail", Act::ShowLldpDetail),
    ("show lldp neighbors interface <port> detail", Act::ShowLldpDetail),
    ("show mac address-table", Act::ShowMac),
    ("show mac address-table address <word>", Act::ShowMac),
    ("show vpc", Act::ShowVpc),
    ("show vpc brief", Act::ShowVpc),
    ("show nve vni", Act::ShowNve),
];

const GLOBAL: &[(&str, Act)] = &[
    ("hostname <word>", Act::Hostname),
    ("feature <line>", Act::Feature),
    ("no feature <line>", Act::NoFeature),
    ("nv overlay evpn", Act::Keep),
    ("no nv overlay evpn", Act::Forget),
    ("system default switchport", Act::DefaultSwitchport),
    ("no system default switchport", Act::NoDefaultSwitchport),
    ("vlan <vlans>", Act::Vlan),
    ("no vlan <vlans>", Act::NoVlan),
    ("vlan dot1q tag native", Act::Keep),
    ("no vlan dot1q tag native", Act::Forget),
    ("interface <ports>", Act::Interfaces),
    ("no interface <ports>", Act::NoInterfaces),
    ("default interface <ports>", Act::DefaultInterfaces),
    ("vpc domain <1-1000>", Act::VpcDomain),
    ("no vpc domain [<1-1000>]", Act::NoVpcDomain),
    ("evpn", Act::Evpn),
    ("spanning-tree <line>", Act::Keep),
    ("no spanning-tree <line>", Act::Forget),
    ("username <line>", Act::Keep),
];

const VLAN: &[(&str, Act)] = &[
    ("name <word>", Act::VlanName),
    ("no name [<word>]", Act::NoVlanName),
    ("state active|suspend", Act::VlanState),
    ("vn-segment <4096-16777214>", Act::VlanVni),
    ("no vn-segment [<4096-16777214>]", Act::NoVlanVni),
];

const INTERFACE: &[(&str, Line)] = &[
    ("spanning-tree port type edge", Line::Edge),
    ("spanning-tree port type edge trunk", Line::EdgeTrunk),
    ("spanning-tree port type network", Line::Network),
    ("spanning-tree port type normal", Line::Normal),
    ("no spanning-tree port type", Line::NoType),
    ("no spanning-tree port type edge [trunk]", Line::NoType),
    ("no spanning-tree port type network", Line::NoType),
    ("channel-group <1-4096>", Line::Join),
    ("channel-group <1-4096> mode active|passive|on", Line::Join),
    ("channel-group <1-4096> force", Line::JoinForced),
    ("channel-group <1-4096> force mode active|passive|on", Line::JoinForced),
    ("no channel-group [<1-4096>]", Line::Leave),
    ("lacp rate fast|normal", Line::Rate),
    ("no lacp rate [fast|normal]", Line::NoRate),
    ("lacp min-links <1-32>", Line::MinLinks),
    ("no lacp min-links [<1-32>]", Line::NoMinLinks),
    ("lacp suspend-individual", Line::SuspendIndividual),
    ("no lacp suspend-individual", Line::NoSuspendIndividual),
    ("lacp graceful-convergence", Line::Graceful),
    ("no lacp graceful-convergence", Line::NoGraceful),
    ("lacp vpc-convergence", Line::Convergence),
    ("no lacp vpc-convergence", Line::NoConvergence),
    ("vpc <1-4096>", Line::Vpc),
    ("no vpc [<1-4096>]", Line::NoVpc),
    ("vpc peer-link", Line::PeerLink),
    ("no vpc peer-link", Line::NoPeerLink),
    ("speed <line>", Line::Speed),
    ("no speed [<line>]", Line::NoSpeed),
    ("member vni <4096-16777214>", Line::Member),
    ("no member vni <4096-16777214>", Line::NoMember),
    ("source-interface <line>", Line::Kept),
    ("host-reachability protocol bgp", Line::Kept),
    ("vrf member <word>", Line::Kept),
    ("ip address <line>", Line::Kept),
];

const VPC_DOMAIN: &[(&str, Act)] = &[
    ("peer-keepalive <line>", Act::VpcLine),
    ("role priority <1-65535>", Act::VpcLine),
    ("peer-gateway", Act::VpcLine),
];

const EVPN: &[(&str, Act)] =
    &[("vni <4096-16777214> l2", Act::EvpnVni), ("no vni <4096-16777214> [l2]", Act::NoEvpnVni)];

const EVPN_VNI: &[(&str, Act)] = &[
    ("rd <line>", Act::EvpnLine),
    ("no rd [<line>]", Act::NoEvpnLine),
    ("route-target <line>", Act::EvpnLine),
    ("no route-target <line>", Act::NoEvpnLine),
];

const NVE_VNI: &[(&str, Act)] = &[
    ("ingress-replication protocol bgp", Act::NveLine),
    ("no ingress-replication protocol bgp", Act::NoNveLine),
    ("mcast-group <word>", Act::NveLine),
    ("no mcast-group [<word>]", Act::NoNveLine),
    ("suppress-arp", Act::NveLine),
    ("no suppress-arp", Act::NoNveLine),
];

/// The grammars of all modes.
pub(super) struct Grammars {
    exec: Grammar<Act>,
    global: Grammar<Act>,
    vlan: Grammar<Act>,
    port: Grammar<Act>,
    domain: Grammar<Act>,
    evpn: Grammar<Act>,
    evpn_vni: Grammar<Act>,
    nve_vni: Grammar<Act>,
}

impl Grammars {
    pub(super) fn new() -> Self {
        let ops = switchport::TABLE.iter().filter(|(text, _)| !text.starts_with("default "));
        let ops = ops.map(|(text, op)| (*text, Act::Port(*op)));
        let lines = INTERFACE.iter().map(|(text, line)| (*text, Act::Interface(*line)));
        let port: Vec<(&'static str, Act)> = ops.chain(lines).collect();
        Self {
            exec: Grammar::new(EXEC),
            global: Grammar::new(GLOBAL),
            vlan: Grammar::new(VLAN),
            port: Grammar::new(&port),
            domain: Grammar::new(VPC_DOMAIN),
            evpn: Grammar::new(EVPN),
            evpn_vni: Grammar::new(EVPN_VNI),
            nve_vni: Grammar::new(NVE_VNI),
        }
    }

    pub(super) const fn of(&self, mode: &Mode) -> &Grammar<Act> {
        match mode {
            Mode::User | Mode::Exec => &self.exec,
            Mode::Global => &self.global,
            Mode::Ports(_) => &self.port,
            Mode::Vlans(_) => &self.vlan,
            Mode::VpcDomain => &self.domain,
            Mode::Evpn => &self.evpn,
            Mode::EvpnVni(_) => &self.evpn_vni,
            Mode::NveVni(_) => &self.nve_vni,
        }
    }
}
