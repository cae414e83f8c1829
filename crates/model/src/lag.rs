//! Link-aggregation groups, and the bond parameters from which they follow.
//!
//! The server's bond and the switch's LAG come from one object, [`BondParameters`], so they cannot
//! disagree about LACP.

use std::{collections::BTreeMap, collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Invalid, LagName, PortName, SwitchPort, port::list, text::written_as_string};

/// Who starts talking LACP (IEEE 802.1AX, LACP_Activity).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LacpActivity {
    /// The switch speaks first.
    Active,
    /// The switch answers only.
    Passive,
}

/// How often LACP frames are asked for (IEEE 802.1AX, LACP_Timeout).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LacpRate {
    /// Every 30 s.
    Slow,
    /// Every second.
    Fast,
}

/// How the members of a LAG find each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LagMode {
    /// LACP, the switch speaks first.
    Active,
    /// LACP, the switch answers only.
    Passive,
    /// No protocol.
    Static,
}

impl LagMode {
    /// Who starts talking LACP; nobody on a static LAG.
    pub const fn lacp(self) -> Option<LacpActivity> {
        match self {
            Self::Active => Some(LacpActivity::Active),
            Self::Passive => Some(LacpActivity::Passive),
            Self::Static => None,
        }
    }
}

impl fmt::Display for LagMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Active => "LACP active",
            Self::Passive => "LACP passive",
            Self::Static => "static",
        })
    }
}

/// What a switch is told about a LAG apart from its members and VLANs.
///
/// As in [`crate::PortConfig`], `None` is "unknown" where observed and "as it is, or the system's
/// default" where wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LagSettings {
    /// LACP or static.
    pub mode: LagMode,
    /// How often LACP frames are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<LacpRate>,
    /// How many members must be up for the LAG to be up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_links: Option<u8>,
    /// Whether one member carries traffic while the other side speaks no LACP, so that a server
    /// can boot from the network before its bond exists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<bool>,
    /// The number by which the two switches of a pair know the LAG as one (vPC, MLAG, MC-LAG, VLT,
    /// ESI), the same on both. No caller gives it: it follows from the LAG's name and the pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<u16>,
}

impl LagSettings {
    /// Settings that only say the mode.
    pub const fn new(mode: LagMode) -> Self {
        Self { mode, rate: None, min_links: None, fallback: None, pair: None }
    }

    /// `self` with every member that `wanted` gives.
    #[must_use]
    pub fn overlaid(&self, wanted: &Self) -> Self {
        let Self { mode, rate, min_links, fallback, pair } = wanted;
        Self {
            mode: *mode,
            rate: rate.or(self.rate),
            min_links: min_links.or(self.min_links),
            fallback: fallback.or(self.fallback),
            pair: pair.or(self.pair),
        }
    }
}

impl fmt::Display for LagSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mode)?;
        match self.rate {
            Some(LacpRate::Fast) => f.write_str(", fast")?,
            Some(LacpRate::Slow) => f.write_str(", slow")?,
            None => {}
        }
        if let Some(links) = self.min_links {
            write!(f, ", at least {links} up")?;
        }
        match self.fallback {
            Some(true) => f.write_str(", with fallback")?,
            Some(false) => f.write_str(", without fallback")?,
            None => {}
        }
        self.pair.map_or(Ok(()), |number| write!(f, ", number {number} of the pair"))
    }
}

/// A LAG over one switch, or over the two switches of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LagConfig {
    name: Option<LagName>,
    settings: LagSettings,
    members: BTreeSet<SwitchPort>,
}

impl LagConfig {
    /// How many members a LAG has at most (IEEE 802.1AX leaves it open; 8 active ports is what
    /// common switches take, 16 what the largest do).
    pub const MAX_MEMBERS: usize = 16;

    /// A LAG of these members. Refused when there are none or too many, when they sit on more
    /// than two switches, or when fewer members than `min_links` are named.
    pub fn new(
        name: Option<LagName>,
        settings: LagSettings,
        members: BTreeSet<SwitchPort>,
    ) -> Result<Self, Invalid> {
        let shown = members.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let switches: BTreeSet<_> = members.iter().map(|member| &member.switch).collect();
        let problem = if members.is_empty() {
            Some("has no member".to_owned())
        } else if members.len() > Self::MAX_MEMBERS {
            Some(format!("has more than {} members", Self::MAX_MEMBERS))
        } else if switches.len() > 2 {
            Some("has members on more than two switches".to_owned())
        } else if settings.min_links.is_some_and(|least| usize::from(least) > members.len()) {
            Some("has fewer members than `min_links` asks for".to_owned())
        } else {
            None
        };
        match problem {
            Some(problem) => Err(Invalid::new("LAG", shown, problem)),
            None => Ok(Self { name, settings, members }),
        }
    }

    /// The name that the caller wants, if it wants one.
    pub const fn name(&self) -> Option<&LagName> {
        self.name.as_ref()
    }

    /// LACP, rate, minimum links, fallback.
    pub const fn settings(&self) -> &LagSettings {
        &self.settings
    }

    /// All members, over both switches.
    pub const fn members(&self) -> &BTreeSet<SwitchPort> {
        &self.members
    }

    /// The members on one switch, as `a, b` for people.
    pub fn members_text(members: &BTreeSet<PortName>) -> String {
        list(members)
    }
}

/// The mode of a bond, by the Linux bonding driver's names and numbers (kernel documentation,
/// "Linux Ethernet Bonding Driver HOWTO", option `mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BondMode {
    /// `balance-rr`, 0.
    BalanceRr,
    /// `active-backup`, 1.
    ActiveBackup,
    /// `balance-xor`, 2.
    BalanceXor,
    /// `broadcast`, 3.
    Broadcast,
    /// `802.3ad`, 4.
    Lacp,
    /// `balance-tlb`, 5.
    BalanceTlb,
    /// `balance-alb`, 6.
    BalanceAlb,
}

const BOND_MODES: [(BondMode, &str, &str); 7] = [
    (BondMode::BalanceRr, "balance-rr", "0"),
    (BondMode::ActiveBackup, "active-backup", "1"),
    (BondMode::BalanceXor, "balance-xor", "2"),
    (BondMode::Broadcast, "broadcast", "3"),
    (BondMode::Lacp, "802.3ad", "4"),
    (BondMode::BalanceTlb, "balance-tlb", "5"),
    (BondMode::BalanceAlb, "balance-alb", "6"),
];

impl BondMode {
    /// What the switch needs for this bond: a LAG of that mode, or none, its ports staying single.
    pub const fn lag_mode(self) -> Option<LagMode> {
        match self {
            Self::Lacp => Some(LagMode::Active),
            Self::BalanceRr | Self::BalanceXor | Self::Broadcast => Some(LagMode::Static),
            Self::ActiveBackup | Self::BalanceTlb | Self::BalanceAlb => None,
        }
    }
}

impl fmt::Display for BondMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            BOND_MODES.iter().find(|(mode, ..)| mode == self).map_or("", |(_, name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for BondMode {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        BOND_MODES
            .iter()
            .find(|(_, name, number)| *name == text || *number == text)
            .map(|(mode, ..)| *mode)
            .ok_or_else(|| {
                let names: Vec<_> = BOND_MODES.iter().map(|(_, name, _)| *name).collect();
                Invalid::new("bond mode", text, format!("is none of {}", names.join(", ")))
            })
    }
}

written_as_string!(BondMode, "BondMode", "Bond mode by the Linux bonding driver's name or number");

/// The bond of a server: `local_group_information` of a binding profile, which Ironic fills from a
/// portgroup's `mode` and `properties`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BondParameters {
    /// The portgroup's identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The portgroup's name; when the switch takes names, the LAG's too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The bond's mode; `active-backup` when absent, as in Ironic.
    #[serde(default, alias = "mode", skip_serializing_if = "Option::is_none")]
    pub bond_mode: Option<BondMode>,
    /// The bonding driver's options by their names there, such as `lacp_rate`, `min_links`,
    /// `miimon`, `xmit_hash_policy`; and `lacp_fallback` and `lacp_activity`, which concern the
    /// switch alone. Values are strings or numbers.
    #[serde(default, alias = "properties", skip_serializing_if = "BTreeMap::is_empty")]
    pub bond_properties: BTreeMap<String, serde_json::Value>,
}

impl BondParameters {
    /// The bond's mode, with Ironic's default.
    pub fn mode(&self) -> BondMode {
        self.bond_mode.unwrap_or(BondMode::ActiveBackup)
    }

    /// What the switch is told, or nothing when the bond needs no LAG. Options of the bonding
    /// driver that concern the server alone are left alone; those that concern the switch must be
    /// understood.
    pub fn lag_settings(&self) -> Result<Option<LagSettings>, Invalid> {
        let Some(mut mode) = self.mode().lag_mode() else {
            return Ok(None);
        };
        match self.property("lacp_activity").as_deref() {
            None | Some("active") => {}
            Some("passive") if mode == LagMode::Active => mode = LagMode::Passive,
            Some(other) => {
                return Err(Invalid::new(
                    "lacp_activity",
                    other,
                    "is neither `active` nor `passive`, or the bond is static",
                ));
            }
        }
        let rate = match self.property("lacp_rate").as_deref() {
            None => None,
            Some("fast" | "1") => Some(LacpRate::Fast),
            Some("slow" | "0") => Some(LacpRate::Slow),
            Some(other) => {
                return Err(Invalid::new("lacp_rate", other, "is neither `fast` nor `slow`"));
            }
        };
        let min_links = match self.property("min_links").as_deref() {
            None | Some("0") => None,
            Some(text) => Some(text.parse().map_err(|_| {
                Invalid::new("min_links", text, "is not a number of links from 0 to 255")
            })?),
        };
        let fallback = match self.property("lacp_fallback").as_deref() {
            None => None,
            Some("true" | "1" | "yes") => Some(true),
            Some("false" | "0" | "no") => Some(false),
            Some(other) => {
                return Err(Invalid::new("lacp_fallback", other, "is neither `true` nor `false`"));
            }
        };
        Ok(Some(LagSettings { mode, rate, min_links, fallback, pair: None }))
    }

    /// A bond option under its name with or without the `bond_` that some tools put in front.
    fn property(&self, name: &str) -> Option<String> {
        let value = self
            .bond_properties
            .get(name)
            .or_else(|| self.bond_properties.get(&format!("bond_{name}")))?;
        Some(match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn port(switch: &str, port: &str) -> SwitchPort {
        SwitchPort { switch: switch.parse().unwrap(), port: port.parse().unwrap() }
    }

    #[rstest]
    #[case(json!({"bond_mode": "802.3ad"}), "LACP active")]
    #[case(json!({"mode": 4}), "bad")]
    #[case(json!({"mode": "4", "properties": {"lacp_rate": "fast", "min_links": 1, "miimon": 100}}), "LACP active, fast, at least 1 up")]
    #[case(json!({"bond_mode": "802.3ad", "bond_properties": {"bond_lacp_rate": 0, "lacp_activity": "passive", "lacp_fallback": true}}), "LACP passive, slow, with fallback")]
    #[case(json!({"bond_mode": "balance-xor"}), "static")]
    #[case(json!({"bond_mode": "active-backup"}), "none")]
    #[case(json!({}), "none")]
    #[case(json!({"bond_mode": "802.3ad", "bond_properties": {"lacp_rate": "quick"}}), "bad")]
    #[case(json!({"bond_mode": "802.3ad", "bond_properties": {"min_links": -1}}), "bad")]
    #[case(json!({"bond_mode": "round"}), "bad")]
    #[case(json!({"bondmode": "802.3ad"}), "bad")]
    fn what_the_switch_is_told(#[case] bond: serde_json::Value, #[case] want: &str) {
        let got = serde_json::from_value::<BondParameters>(bond)
            .ok()
            .and_then(|bond| bond.lag_settings().ok())
            .map_or("bad".to_owned(), |s| s.map_or("none".to_owned(), |s| s.to_string()));
        assert_eq!(got, want);
    }

    #[test]
    fn a_lag_has_members_on_two_switches_at_most() {
        let build = |members: &[(&str, &str)], min_links| {
            let settings = LagSettings { min_links, ..LagSettings::new(LagMode::Active) };
            LagConfig::new(None, settings, members.iter().map(|(s, p)| port(s, p)).collect())
        };
        assert!(build(&[("a", "1"), ("b", "1")], None).is_ok());
        assert!(build(&[], None).is_err());
        assert!(build(&[("a", "1"), ("b", "1"), ("c", "1")], None).is_err());
        assert!(build(&[("a", "1"), ("a", "2")], Some(3)).is_err());
        let many: Vec<String> = (0..17).map(|n| n.to_string()).collect();
        assert!(build(&many.iter().map(|p| ("a", p.as_str())).collect::<Vec<_>>(), None).is_err());
    }
}
