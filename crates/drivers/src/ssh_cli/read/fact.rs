//! The words in which rules say what they read.

use std::str::FromStr;

/// What a rule can state. The names are those of a profile's `set` and `[vlans] defaults`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "`docs/src/profiles.md` has the table; the names say the rest")]
pub enum Fact {
    Exists,
    Mode,
    Access,
    Native,
    Allowed,
    AllowedAdd,
    AllowedRemove,
    Untagged,
    Tagged,
    Admin,
    Description,
    Mtu,
    StpEdge,
    BpduGuard,
    Lag,
    LacpMode,
    LacpRate,
    Link,
    Lacp,
    Error,
    Alias,
    Mac,
    Index,
    Revision,
    InEffect,
    LagMode,
    Rate,
    MinLinks,
    Fallback,
    Pair,
    Members,
    VlanName,
    Vni,
    Chassis,
    NeighborPort,
    NeighborName,
}

impl Fact {
    /// All of them with their names.
    pub const ALL: [(Self, &'static str); 36] = [
        (Self::Exists, "exists"),
        (Self::Mode, "mode"),
        (Self::Access, "access"),
        (Self::Native, "native"),
        (Self::Allowed, "allowed"),
        (Self::AllowedAdd, "allowed_add"),
        (Self::AllowedRemove, "allowed_remove"),
        (Self::Untagged, "untagged"),
        (Self::Tagged, "tagged"),
        (Self::Admin, "admin"),
        (Self::Description, "description"),
        (Self::Mtu, "mtu"),
        (Self::StpEdge, "stp_edge"),
        (Self::BpduGuard, "bpdu_guard"),
        (Self::Lag, "lag"),
        (Self::LacpMode, "lacp_mode"),
        (Self::LacpRate, "lacp_rate"),
        (Self::Link, "link"),
        (Self::Lacp, "lacp"),
        (Self::Error, "error"),
        (Self::Alias, "alias"),
        (Self::Mac, "mac"),
        (Self::Index, "index"),
        (Self::Revision, "revision"),
        (Self::InEffect, "in_effect"),
        (Self::LagMode, "lag_mode"),
        (Self::Rate, "rate"),
        (Self::MinLinks, "min_links"),
        (Self::Fallback, "fallback"),
        (Self::Pair, "pair"),
        (Self::Members, "members"),
        (Self::VlanName, "vlan_name"),
        (Self::Vni, "vni"),
        (Self::Chassis, "chassis"),
        (Self::NeighborPort, "neighbor_port"),
        (Self::NeighborName, "neighbor_name"),
    ];

    /// As a profile writes it.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(fact, _)| *fact == self).map_or("", |(_, name)| name)
    }

    /// Whether it says what a port or LAG carries.
    pub const fn is_about_vlans(self) -> bool {
        matches!(
            self,
            Self::Mode
                | Self::Access
                | Self::Native
                | Self::Allowed
                | Self::AllowedAdd
                | Self::AllowedRemove
                | Self::Untagged
                | Self::Tagged
        )
    }
}

impl FromStr for Fact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(fact, _)| *fact).ok_or_else(|| {
            let names = Self::ALL.iter().map(|(_, name)| *name);
            let near = names
                .map(|name| (strsim::damerau_levenshtein(name, text), name))
                .min()
                .filter(|(distance, _)| *distance <= 2);
            let hint =
                near.map_or(String::new(), |(_, name)| format!("\nhint: is `{name}` meant?"));
            format!("`{text}` is no fact{hint}")
        })
    }
}
