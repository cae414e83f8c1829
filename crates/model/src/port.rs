//! How one switch port is configured, as far as Mercury cares.

use std::{collections::BTreeSet, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Invalid, PortName, SwitchName, Vlan, VlanSet, vlan::Number};

/// One port of one switch.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct SwitchPort {
    /// The switch, by its name in the configuration.
    pub switch: SwitchName,
    /// The port, by the switch's own name for it.
    pub port: PortName,
}

impl fmt::Display for SwitchPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` on `{}`", self.port, self.switch)
    }
}

/// Which VLANs a port carries, and how.
///
/// "Allowed VLANs" here are those that travel tagged: constructors take the native VLAN out of
/// them, so that two ways to write the same port compare equal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "mode", rename_all = "snake_case", deny_unknown_fields)]
pub enum VlanMode {
    /// The port carries no VLAN at all.
    Closed,
    /// One VLAN, untagged.
    Access {
        /// The VLAN.
        vlan: Vlan,
    },
    /// Tagged VLANs, and the native one untagged if there is one.
    Trunk {
        /// The VLAN of untagged frames; without it they are dropped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        native: Option<Vlan>,
        /// The VLANs of tagged frames.
        allowed: VlanSet,
    },
    /// An untagged VLAN and tagged ones, on systems that tell this from a trunk.
    Hybrid {
        /// The VLAN of untagged frames.
        native: Vlan,
        /// The VLANs of tagged frames.
        allowed: VlanSet,
    },
    /// A setting of the switch that the words above cannot say, in the driver's own text. It is
    /// only ever observed and restored, never asked for, and is taken to carry every VLAN.
    Other {
        /// What the driver needs to write it back.
        text: String,
    },
}

impl VlanMode {
    /// One VLAN, untagged.
    pub const fn access(vlan: Vlan) -> Self {
        Self::Access { vlan }
    }

    /// A trunk; `allowed` may name the native VLAN.
    pub fn trunk(native: Option<Vlan>, allowed: &VlanSet) -> Self {
        Self::Trunk {
            native,
            allowed: native.map_or_else(|| allowed.clone(), |n| allowed.without(n)),
        }
    }

    /// A hybrid port; `allowed` may name the native VLAN.
    pub fn hybrid(native: Vlan, allowed: &VlanSet) -> Self {
        Self::Hybrid { native, allowed: allowed.without(native) }
    }

    /// The VLAN of untagged frames.
    pub fn untagged(&self) -> Option<Vlan> {
        match self {
            Self::Access { vlan } => Some(*vlan),
            Self::Trunk { native, .. } => *native,
            Self::Hybrid { native, .. } => Some(*native),
            Self::Closed | Self::Other { .. } => None,
        }
    }

    /// The VLANs of tagged frames; all of them for [`VlanMode::Other`].
    pub fn tagged(&self) -> VlanSet {
        match self {
            Self::Trunk { allowed, .. } | Self::Hybrid { allowed, .. } => allowed.clone(),
            Self::Other { .. } => VlanSet::all(),
            Self::Closed | Self::Access { .. } => VlanSet::empty(),
        }
    }

    /// Every VLAN that the port takes part in, tagged or not.
    pub fn carried(&self) -> VlanSet {
        let tagged = self.tagged();
        self.untagged().map_or_else(|| tagged.clone(), |vlan| tagged.with(vlan))
    }

    /// The mode's name: `closed`, `access`, `trunk`, `hybrid` or `other`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Access { .. } => "access",
            Self::Trunk { .. } => "trunk",
            Self::Hybrid { .. } => "hybrid",
            Self::Other { .. } => "other",
        }
    }
}

impl fmt::Display for VlanMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Access { vlan } => write!(f, "access {vlan}"),
            Self::Trunk { native, allowed } => {
                f.write_str("trunk")?;
                if let Some(native) = native {
                    write!(f, " native {native}")?;
                }
                if !allowed.is_empty() {
                    write!(f, " allowed {allowed}")?;
                }
                Ok(())
            }
            Self::Hybrid { native, allowed } if allowed.is_empty() => {
                write!(f, "hybrid native {native}")
            }
            Self::Hybrid { native, allowed } => {
                write!(f, "hybrid native {native} allowed {allowed}")
            }
            Self::Other { text } => write!(f, "other ({text})"),
        }
    }
}

/// Whether a port is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AdminState {
    /// The port may carry frames.
    Up,
    /// The port is shut.
    Down,
}

impl fmt::Display for AdminState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
        })
    }
}

/// The largest payload of a frame in bytes, 68 to 9216 (68 is the least that IPv4 lives with, RFC
/// 791; 9216 is what most switches call jumbo).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Mtu(u16);

impl Mtu {
    /// The MTU of this many bytes, or an error that says the range.
    pub fn new(bytes: u16) -> Result<Self, Invalid> {
        if (68..=9216).contains(&bytes) {
            Ok(Self(bytes))
        } else {
            Err(mtu_out_of_range(&bytes.to_string()))
        }
    }

    /// The size in bytes.
    pub const fn get(self) -> u16 {
        self.0
    }
}

fn mtu_out_of_range(value: &str) -> Invalid {
    Invalid::new("MTU", value, "is not an integer from 68 to 9216")
}

impl fmt::Display for Mtu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Mtu {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        crate::vlan::digits(text)
            .and_then(|bytes| u16::try_from(bytes).ok())
            .and_then(|bytes| Self::new(bytes).ok())
            .ok_or_else(|| mtu_out_of_range(text))
    }
}

impl<'de> Deserialize<'de> for Mtu {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Number::read(deserializer, "an MTU, an integer from 68 to 9216")?.in_range(
            |bytes| u16::try_from(bytes).ok().and_then(|bytes| Self::new(bytes).ok()),
            mtu_out_of_range,
        )
    }
}

impl JsonSchema for Mtu {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mtu".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 68, "maximum": 9216, "description": "bytes" })
    }
}

/// The configuration of one port or LAG.
///
/// Observed and wanted configurations are both of this type. A member that is `None` is "not
/// known, or the switch has no such thing" where it was observed, and "leave it as it is" where it
/// is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortConfig {
    /// The VLANs that the port carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlans: Option<VlanMode>,
    /// Switched on or shut.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin: Option<AdminState>,
    /// Free text that the switch keeps with the port; at most [`PortConfig::MAX_DESCRIPTION`]
    /// printable characters; empty means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The largest payload in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<Mtu>,
    /// Whether spanning tree treats the port as an edge (no listening, no learning).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stp_edge: Option<bool>,
    /// Whether the port is shut when a bridge announces itself behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bpdu_guard: Option<bool>,
}

impl PortConfig {
    /// How long a description may be: what the strictest usual systems keep without cutting.
    pub const MAX_DESCRIPTION: usize = 200;

    /// A configuration that only says the VLANs.
    pub fn with_vlans(vlans: VlanMode) -> Self {
        Self { vlans: Some(vlans), ..Self::default() }
    }

    /// `self` with every member that `wanted` gives.
    #[must_use]
    pub fn overlaid(&self, wanted: &Self) -> Self {
        let Self { vlans, admin, description, mtu, stp_edge, bpdu_guard } = wanted;
        Self {
            vlans: vlans.clone().or_else(|| self.vlans.clone()),
            admin: admin.or(self.admin),
            description: description.clone().or_else(|| self.description.clone()),
            mtu: mtu.or(self.mtu),
            stp_edge: stp_edge.or(self.stp_edge),
            bpdu_guard: bpdu_guard.or(self.bpdu_guard),
        }
    }

    /// Refuses a description that a switch could take for something else.
    pub fn check_description(text: &str) -> Result<(), Invalid> {
        if text.chars().count() > Self::MAX_DESCRIPTION {
            let problem = format!("is longer than {} characters", Self::MAX_DESCRIPTION);
            return Err(Invalid::new("description", text, problem));
        }
        let bad = text.chars().find(|c| !matches!(c, ' '..='~') || matches!(c, '"' | '\\' | '?'));
        bad.map_or(Ok(()), |bad| {
            let problem = format!(
                "holds `{}`; allowed are printable ASCII characters but `\"`, `\\` and `?`",
                bad.escape_debug()
            );
            Err(Invalid::new("description", text, problem))
        })
    }
}

/// Writes a set of ports as `a, b, c` for error texts.
pub(crate) fn list(ports: &BTreeSet<PortName>) -> String {
    ports.iter().map(|port| format!("`{port}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn vlan(id: u16) -> Vlan {
        Vlan::new(id).unwrap()
    }

    #[test]
    fn the_native_vlan_is_not_among_the_allowed() {
        let allowed: VlanSet = "100,200-202".parse().unwrap();
        let trunk = VlanMode::trunk(Some(vlan(100)), &allowed);
        assert_eq!(trunk.to_string(), "trunk native 100 allowed 200-202");
        assert_eq!(trunk.carried().to_string(), "100,200-202");
        assert_eq!(VlanMode::hybrid(vlan(201), &allowed).tagged().to_string(), "100,200,202");
    }

    #[test]
    fn what_cannot_be_read_carries_everything() {
        assert_eq!(VlanMode::Other { text: "x".into() }.carried(), VlanSet::all());
        assert!(VlanMode::Closed.carried().is_empty());
    }

    #[rstest]
    #[case("Ironic Port 9247234f", true)]
    #[case("", true)]
    #[case("a\nshutdown", false)]
    #[case("say \"hi\"", false)]
    #[case("what?", false)]
    fn descriptions(#[case] text: &str, #[case] good: bool) {
        assert_eq!(PortConfig::check_description(text).is_ok(), good);
        assert!(PortConfig::check_description(&"x".repeat(201)).is_err());
    }

    #[rstest]
    #[case("67", false)]
    #[case("68", true)]
    #[case("9216", true)]
    #[case("9217", false)]
    #[case("-1", false)]
    #[case("\"1500\"", false)]
    fn mtu_from_json(#[case] json: &str, #[case] good: bool) {
        assert_eq!(serde_json::from_str::<Mtu>(json).is_ok(), good);
    }

    #[test]
    fn json_shape() {
        let config = PortConfig {
            mtu: Some(Mtu::new(9000).unwrap()),
            ..PortConfig::with_vlans(VlanMode::trunk(None, &"5-6".parse().unwrap()))
        };
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(json, r#"{"vlans":{"mode":"trunk","allowed":"5-6"},"mtu":9000}"#);
        assert_eq!(serde_json::from_str::<PortConfig>(&json).unwrap(), config);
        assert!(serde_json::from_str::<PortConfig>(r#"{"vlan":5}"#).is_err());
    }
}
