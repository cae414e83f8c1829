//! Network segments, as Neutron's provider attributes and binding profiles name them.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Invalid, PhysicalNetwork, Vlan, Vni};

/// The kind of a network.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NetworkType {
    /// Untagged, one network a physical network; the switch port keeps what it has.
    Flat,
    /// Told apart by VLAN ID.
    Vlan,
    /// Told apart by VXLAN network identifier.
    Vxlan,
}

impl fmt::Display for NetworkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flat => "flat",
            Self::Vlan => "vlan",
            Self::Vxlan => "vxlan",
        })
    }
}

/// A segment: what tells one network from another on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// Untagged.
    Flat {
        /// Where it is.
        physical_network: Option<PhysicalNetwork>,
    },
    /// A VLAN.
    Vlan {
        /// Its ID.
        vlan: Vlan,
        /// Where it is.
        physical_network: Option<PhysicalNetwork>,
    },
    /// A VXLAN.
    Vxlan {
        /// Its identifier.
        vni: Vni,
    },
}

impl Segment {
    /// The segment of a network type and a segmentation id, which must fit each other.
    pub fn new(
        network_type: NetworkType,
        segmentation_id: Option<u32>,
        physical_network: Option<PhysicalNetwork>,
    ) -> Result<Self, Invalid> {
        let missing =
            || Invalid::new("network type", network_type.to_string(), "needs a `segmentation_id`");
        match network_type {
            NetworkType::Flat if segmentation_id.is_some() => {
                Err(Invalid::new("network type", "flat", "has no `segmentation_id`"))
            }
            NetworkType::Flat => Ok(Self::Flat { physical_network }),
            NetworkType::Vlan => {
                let id = segmentation_id.ok_or_else(missing)?;
                let vlan = id.to_string().parse()?;
                Ok(Self::Vlan { vlan, physical_network })
            }
            NetworkType::Vxlan => {
                Ok(Self::Vxlan { vni: Vni::new(segmentation_id.ok_or_else(missing)?)? })
            }
        }
    }

    /// The kind of network.
    pub const fn network_type(&self) -> NetworkType {
        match self {
            Self::Flat { .. } => NetworkType::Flat,
            Self::Vlan { .. } => NetworkType::Vlan,
            Self::Vxlan { .. } => NetworkType::Vxlan,
        }
    }
}

impl fmt::Display for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat { .. } => f.write_str("flat"),
            Self::Vlan { vlan, .. } => write!(f, "VLAN {vlan}"),
            Self::Vxlan { vni } => write!(f, "VNI {vni}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(NetworkType::Vlan, Some(100), "VLAN 100")]
    #[case(NetworkType::Vlan, None, "network type `vlan` needs a `segmentation_id`")]
    #[case(NetworkType::Vlan, Some(4095), "VLAN ID `4095` is not an integer from 1 to 4094")]
    #[case(NetworkType::Vlan, Some(0), "VLAN ID `0` is not an integer from 1 to 4094")]
    #[case(NetworkType::Vxlan, Some(10_100), "VNI 10100")]
    #[case(NetworkType::Vxlan, Some(1 << 24), "VNI `16777216` is not an integer from 1 to 16777215")]
    #[case(NetworkType::Flat, None, "flat")]
    #[case(NetworkType::Flat, Some(1), "network type `flat` has no `segmentation_id`")]
    fn segments(#[case] kind: NetworkType, #[case] id: Option<u32>, #[case] want: &str) {
        let got = Segment::new(kind, id, None);
        assert_eq!(got.map_or_else(|e| e.to_string(), |s| s.to_string()), want);
    }
}
