//! The same port under several names: `Gi1/0/4` and `GigabitEthernet1/0/4`.
//!
//! LLDP, inventories and people abbreviate interface names; switches answer with the full one. A
//! [`PortNaming`] turns every usual spelling into the one that the switch itself writes, so that
//! policy, locks and verification compare like with like.

use serde::{Deserialize, Serialize};

use crate::{Invalid, PortName};

/// How a family of switches writes its port names.
///
/// The tables hold what the vendors' own parsers accept and what LLDP agents send; an
/// abbreviation that means two things on a system is not in its table. Sources: the interface
/// chapters of the vendors' command references.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortNaming {
    /// Names are what they are, letter by letter (Open vSwitch, Linux, Cumulus, SONiC, Junos).
    Exact,
    /// Cisco IOS and IOS-XE: `Gi1/0/4` is `GigabitEthernet1/0/4`.
    CiscoIos,
    /// Cisco NX-OS: `Eth1/4` is `Ethernet1/4`, `po12` is `port-channel12`.
    CiscoNxos,
    /// Arista EOS: `Et4/1` is `Ethernet4/1`, `Po12` is `Port-Channel12`.
    AristaEos,
    /// Dell OS10: `Eth1/1/4` is `ethernet1/1/4`, `po12` is `port-channel12`.
    DellOs10,
    /// Huawei VRP: `GE1/0/4` is `GigabitEthernet1/0/4`, `XGE` is `XGigabitEthernet`.
    HuaweiVrp,
    /// HPE Comware: `GE1/0/4` is `GigabitEthernet1/0/4`, `XGE` is `Ten-GigabitEthernet`.
    HpeComware,
    /// Dell OS9 (FTOS): `te 0/1` is `TenGigabitEthernet0/1`. The system itself writes a blank
    /// before the number, which a [`PortName`] cannot hold.
    DellOs9,
    /// Dell PowerConnect and N-series: `gigabitethernet 1/0/1` is `Gi1/0/1`, `ethernet 1/g5` is
    /// `1/g5`.
    DellPowerconnect,
    /// Brocade and Ruckus FastIron: `ethernet 1/1/5`, `ethe 1/1/5` and the description in LLDP,
    /// `GigabitEthernet1/1/5`, all mean `1/1/5`; `lg10` is `lag10`.
    BrocadeFastiron,
    /// Mellanox MLNX-OS and Onyx: `ethernet 1/5` is `Eth1/5`, `port-channel 10` is `Po10`.
    MellanoxMlnxos,
    /// Ruijie RGOS: `Te0/1` is `TenGigabitEthernet0/1`, `Ag10` is `AggregatePort10`. The system
    /// itself writes a blank before the number.
    Ruijie,
    /// Supermicro SMIS: `gigabitethernet 0/1` is `Gi0/1`, `extreme-ethernet 0/1` is `Ex0/1`.
    SupermicroSmis,
}

/// A full name and the prefixes that mean it, in lower case; the full name in lower case need not
/// be listed.
type Kind = (&'static str, &'static [&'static str]);

const CISCO_IOS: &[Kind] = &[
    ("FastEthernet", &["fa", "fas", "fast", "fasteth"]),
    ("GigabitEthernet", &["gi", "gig", "giga", "gigabit", "gigabiteth", "ge"]),
    ("TwoGigabitEthernet", &["tw", "two"]),
    ("FiveGigabitEthernet", &["fi", "five"]),
    ("TenGigabitEthernet", &["te", "ten", "tengig", "tengige", "tengigabit"]),
    ("TwentyFiveGigE", &["twe", "twentyfivegigabitethernet"]),
    ("FortyGigabitEthernet", &["fo", "for", "forty", "fortygige"]),
    ("FiftyGigE", &["fif", "fiftygigabitethernet"]),
    ("HundredGigE", &["hu", "hun", "hundred", "hundredgigabitethernet"]),
    ("Port-channel", &["po", "port", "portchannel"]),
    ("Ethernet", &["et", "eth"]),
];
const CISCO_NXOS: &[Kind] =
    &[("Ethernet", &["e", "et", "eth"]), ("port-channel", &["po", "portchannel"])];
const ARISTA_EOS: &[Kind] =
    &[("Ethernet", &["e", "et", "eth"]), ("Port-Channel", &["po", "portchannel"])];
const DELL_OS10: &[Kind] =
    &[("ethernet", &["e", "et", "eth"]), ("port-channel", &["po", "portchannel"])];
const HUAWEI_VRP: &[Kind] = &[
    ("Ethernet", &["eth"]),
    ("GigabitEthernet", &["ge", "gi", "gig", "gigabit"]),
    ("XGigabitEthernet", &["xge"]),
    ("10GE", &[]),
    ("25GE", &[]),
    ("40GE", &[]),
    ("100GE", &[]),
    ("200GE", &[]),
    ("400GE", &[]),
    ("MultiGE", &["mge"]),
    ("Eth-Trunk", &["ethtrunk"]),
];
const HPE_COMWARE: &[Kind] = &[
    ("GigabitEthernet", &["ge", "gi", "gig", "gigabit"]),
    ("Ten-GigabitEthernet", &["xge", "te", "tengige", "tengigabitethernet"]),
    ("Twenty-FiveGigE", &["wge"]),
    ("FortyGigE", &["fge"]),
    ("HundredGigE", &["hge"]),
    ("Ethernet", &["eth"]),
    ("Bridge-Aggregation", &["bagg"]),
];
const DELL_OS9: &[Kind] = &[
    ("GigabitEthernet", &["gi", "gig", "gige", "gigabit"]),
    ("TenGigabitEthernet", &["te", "ten", "tengig", "tengige", "tengigabit"]),
    ("twentyFiveGigE", &["tf", "twentyfivegig"]),
    ("fortyGigE", &["fo", "forty", "fortygig", "fortygigabitethernet"]),
    ("fiftyGigE", &["fi", "fifty", "fiftygig"]),
    ("hundredGigE", &["hu", "hundred", "hundredgig"]),
    ("Port-channel", &["po", "port", "portchannel"]),
];
const DELL_POWERCONNECT: &[Kind] = &[
    ("Fa", &["fastethernet"]),
    ("Gi", &["gigabitethernet"]),
    ("Te", &["tengigabitethernet"]),
    ("Tw", &["twentygigabitethernet"]),
    ("Fo", &["fortygigabitethernet"]),
    ("Po", &["port-channel", "portchannel", "ch"]),
    ("", &["ethernet", "eth", "e"]),
];
const BROCADE_FASTIRON: &[Kind] = &[
    ("lag", &["lg"]),
    (
        "",
        &[
            "e",
            "eth",
            "ethe",
            "ether",
            "ethernet",
            "gigabitethernet",
            "2.5gigabitethernet",
            "10gigabitethernet",
            "25gigabitethernet",
            "40gigabitethernet",
            "100gigabitethernet",
        ],
    ),
];
const MELLANOX_MLNXOS: &[Kind] =
    &[("Eth", &["e", "et", "ethernet"]), ("Po", &["port-channel", "portchannel"])];
const RUIJIE: &[Kind] = &[
    ("FastEthernet", &["fa", "fas", "fast"]),
    ("GigabitEthernet", &["gi", "gig", "giga", "gigabit"]),
    ("TenGigabitEthernet", &["te", "ten", "tengig", "tengigabit"]),
    ("TFGigabitEthernet", &["tf"]),
    ("FortyGigabitEthernet", &["fo", "forty"]),
    ("HundredGigabitEthernet", &["hu", "hundred"]),
    ("AggregatePort", &["ag", "agg", "aggregateport"]),
];
const SUPERMICRO_SMIS: &[Kind] = &[
    ("Fa", &["fastethernet"]),
    ("Gi", &["gigabitethernet"]),
    ("Ex", &["extreme-ethernet"]),
    ("Qx", &["qx-ethernet"]),
    ("Fx", &["fx-ethernet"]),
    ("Cx", &["cx-ethernet"]),
    ("Po", &["port-channel", "portchannel"]),
];

impl PortNaming {
    fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Exact => &[],
            Self::CiscoIos => CISCO_IOS,
            Self::CiscoNxos => CISCO_NXOS,
            Self::AristaEos => ARISTA_EOS,
            Self::DellOs10 => DELL_OS10,
            Self::HuaweiVrp => HUAWEI_VRP,
            Self::HpeComware => HPE_COMWARE,
            Self::DellOs9 => DELL_OS9,
            Self::DellPowerconnect => DELL_POWERCONNECT,
            Self::BrocadeFastiron => BROCADE_FASTIRON,
            Self::MellanoxMlnxos => MELLANOX_MLNXOS,
            Self::Ruijie => RUIJIE,
            Self::SupermicroSmis => SUPERMICRO_SMIS,
        }
    }

    /// The name as the switch writes it. A prefix that the family does not know is left alone:
    /// whether such a port exists is for the switch to say.
    ///
    /// Blanks between prefix and number (`Ethernet 1/4`) are dropped for families with a table.
    pub fn canonical(self, given: &str) -> Result<PortName, Invalid> {
        let kinds = self.kinds();
        if kinds.is_empty() {
            return given.parse();
        }
        let lower = given.to_ascii_lowercase();
        let full = kinds.iter().filter_map(|(full, short)| {
            let known = short.iter().copied().map(str::to_owned);
            let rest = known
                .chain([full.to_ascii_lowercase()])
                .filter_map(|prefix| lower.strip_prefix(&prefix).map(str::to_owned))
                .map(|rest| rest.trim_start_matches(' ').to_owned())
                .find(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))?;
            Some(format!("{full}{rest}"))
        });
        match full.take(1).last() {
            Some(name) => name.parse(),
            None => given.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(PortNaming::CiscoIos, "Gi1/0/4", "GigabitEthernet1/0/4")]
    #[case(PortNaming::CiscoIos, "GigabitEthernet1/0/4", "GigabitEthernet1/0/4")]
    #[case(PortNaming::CiscoIos, "gigabitethernet 1/0/4", "GigabitEthernet1/0/4")]
    #[case(PortNaming::CiscoIos, "Te1/1/1", "TenGigabitEthernet1/1/1")]
    #[case(PortNaming::CiscoIos, "Twe1/0/1", "TwentyFiveGigE1/0/1")]
    #[case(PortNaming::CiscoIos, "Tw1/0/1", "TwoGigabitEthernet1/0/1")]
    #[case(PortNaming::CiscoIos, "Fif1/0/1", "FiftyGigE1/0/1")]
    #[case(PortNaming::CiscoIos, "Po12", "Port-channel12")]
    #[case(PortNaming::CiscoNxos, "Eth1/4", "Ethernet1/4")]
    #[case(PortNaming::CiscoNxos, "port-channel12", "port-channel12")]
    #[case(PortNaming::AristaEos, "Et4/1", "Ethernet4/1")]
    #[case(PortNaming::AristaEos, "po7", "Port-Channel7")]
    #[case(PortNaming::DellOs10, "Eth1/1/4", "ethernet1/1/4")]
    #[case(PortNaming::HuaweiVrp, "XGE0/0/1", "XGigabitEthernet0/0/1")]
    #[case(PortNaming::HuaweiVrp, "10ge1/0/1", "10GE1/0/1")]
    #[case(PortNaming::HpeComware, "XGE1/0/49", "Ten-GigabitEthernet1/0/49")]
    #[case(PortNaming::HuaweiVrp, "Eth-Trunk10", "Eth-Trunk10")]
    #[case(PortNaming::HuaweiVrp, "MultiGE0/0/1", "MultiGE0/0/1")]
    #[case(PortNaming::HpeComware, "BAGG10", "Bridge-Aggregation10")]
    #[case(PortNaming::HpeComware, "M-GigabitEthernet0/0/0", "M-GigabitEthernet0/0/0")]
    #[case(PortNaming::HpeComware, "FGE1/0/49:1", "FortyGigE1/0/49:1")]
    #[case(PortNaming::DellOs9, "TenGigabitEthernet 0/1", "TenGigabitEthernet0/1")]
    #[case(PortNaming::DellOs9, "te 0/1", "TenGigabitEthernet0/1")]
    #[case(PortNaming::DellOs9, "fortyGigE 0/48", "fortyGigE0/48")]
    #[case(PortNaming::DellOs9, "Po 10", "Port-channel10")]
    #[case(PortNaming::DellPowerconnect, "gigabitethernet 1/0/1", "Gi1/0/1")]
    #[case(PortNaming::DellPowerconnect, "Te1/0/1", "Te1/0/1")]
    #[case(PortNaming::DellPowerconnect, "ethernet 1/g5", "1/g5")]
    #[case(PortNaming::DellPowerconnect, "ch1", "Po1")]
    #[case(PortNaming::BrocadeFastiron, "ethernet 1/1/5", "1/1/5")]
    #[case(PortNaming::BrocadeFastiron, "ethe 1/1/5", "1/1/5")]
    #[case(PortNaming::BrocadeFastiron, "10GigabitEthernet1/2/1", "1/2/1")]
    #[case(PortNaming::BrocadeFastiron, "1/1/5", "1/1/5")]
    #[case(PortNaming::BrocadeFastiron, "lg10", "lag10")]
    #[case(PortNaming::BrocadeFastiron, "lag 10", "lag10")]
    #[case(PortNaming::BrocadeFastiron, "mgmt1", "mgmt1")]
    #[case(PortNaming::MellanoxMlnxos, "ethernet 1/5", "Eth1/5")]
    #[case(PortNaming::MellanoxMlnxos, "Eth1/5/1", "Eth1/5/1")]
    #[case(PortNaming::MellanoxMlnxos, "port-channel 10", "Po10")]
    #[case(PortNaming::Ruijie, "TenGigabitEthernet 0/1", "TenGigabitEthernet0/1")]
    #[case(PortNaming::Ruijie, "Ag10", "AggregatePort10")]
    #[case(PortNaming::SupermicroSmis, "extreme-ethernet 0/1", "Ex0/1")]
    #[case(PortNaming::SupermicroSmis, "gi 0/1", "Gi0/1")]
    #[case(PortNaming::CiscoIos, "mgmt0", "mgmt0")]
    #[case(PortNaming::Exact, "Gi1/0/4", "Gi1/0/4")]
    fn canonical_forms(#[case] naming: PortNaming, #[case] given: &str, #[case] want: &str) {
        let once = naming.canonical(given).unwrap();
        assert_eq!(once.as_str(), want);
        assert_eq!(naming.canonical(once.as_str()).unwrap(), once);
    }

    #[rstest]
    #[case(PortNaming::CiscoIos, "Gi1/0/4\nshutdown")]
    #[case(PortNaming::CiscoNxos, "")]
    #[case(PortNaming::DellOs9, "ManagementEthernet 0/0")]
    #[case(PortNaming::Exact, "Ethernet 1")]
    fn refuses(#[case] naming: PortNaming, #[case] given: &str) {
        assert!(naming.canonical(given).is_err());
    }
}
