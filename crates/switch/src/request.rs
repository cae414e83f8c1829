//! A request to the switch service, in the domain's words: what a door makes of what it was sent.

use std::time::Duration;

use model::{
    LinkInformation, NetworkType, PhysicalNetwork, PortConfig, Segment, SwitchName, Vlan, VlanMode,
    VlanSet, Vni,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{error::SwitchError, intent::LagWish, policy::Verb};

/// Who asks, why, and until when the answer is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The name under which the caller authenticated; what the policy judges.
    pub caller: String,
    /// The caller's name for the request. Callers use one for several requests.
    pub request_id: String,
    /// The user on whose behalf the caller acts, as the caller says.
    pub user: Option<String>,
    /// Why, as the caller says.
    pub reason: Option<String>,
    /// The server whose ports these are.
    pub host: Option<String>,
    /// When the caller gives up. The answer comes before, whatever happens.
    pub deadline: Instant,
}

impl Origin {
    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}

/// A request to change ports, or VLAN definitions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRequest {
    /// What to do.
    pub operation: Operation,
    /// The ports, as the binding profile names them.
    pub links: Vec<LinkInformation>,
    /// The switches, for VLAN definitions.
    pub switches: Vec<SwitchName>,
    /// The network and how the ports carry it.
    pub network: NetworkWish,
    /// Description, MTU and the like; `vlans` is not used.
    pub settings: PortConfig,
    /// The LAG that the ports form.
    pub lag: Option<LagWish>,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Put ports on a network.
    AttachPort,
    /// Put ports into the safe state.
    DetachPort,
    /// Change ports that are attached.
    UpdatePort,
    /// Define a VLAN.
    AddNetwork,
    /// Remove a VLAN's definition.
    DeleteNetwork,
}

impl Operation {
    /// The policy's word for it.
    pub const fn verb(self) -> Verb {
        match self {
            Self::AttachPort => Verb::Attach,
            Self::DetachPort => Verb::Detach,
            Self::UpdatePort => Verb::Update,
            Self::AddNetwork => Verb::AddNetwork,
            Self::DeleteNetwork => Verb::DeleteNetwork,
        }
    }
}

/// How a port carries a network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortMode {
    /// One VLAN, untagged.
    #[default]
    Access,
    /// Tagged VLANs, and maybe a native one.
    Trunk,
    /// A native VLAN and tagged ones.
    Hybrid,
}

/// The network, and how ports carry it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkWish {
    /// The kind of network; VLAN when absent.
    pub network_type: Option<NetworkType>,
    /// The VLAN ID or VNI.
    pub segmentation_id: Option<u32>,
    /// Where the network is; every switch of the request must be there.
    pub physical_network: Option<PhysicalNetwork>,
    /// The name of the VLAN where one is defined.
    pub name: Option<String>,
    /// Access, trunk or hybrid.
    pub mode: PortMode,
    /// The VLAN of untagged frames. Of ports that are detached: the one that they are left in,
    /// instead of what the switch's section of the configuration says.
    pub native: Option<Vlan>,
    /// The VLANs of tagged frames.
    pub allowed: VlanSet,
}

impl NetworkWish {
    /// The segment, if the request names one.
    pub fn segment(&self) -> Result<Option<Segment>, SwitchError> {
        let kind = match (self.network_type, self.segmentation_id) {
            (None, None) => return Ok(None),
            (None, Some(_)) => NetworkType::Vlan,
            (Some(kind), _) => kind,
        };
        Segment::new(kind, self.segmentation_id, self.physical_network.clone())
            .map(Some)
            .map_err(|error| SwitchError::invalid("network", &error))
    }

    /// The VNI, if the network is a VXLAN.
    pub fn vni(&self) -> Result<Option<Vni>, SwitchError> {
        Ok(match self.segment()? {
            Some(Segment::Vxlan { vni }) => Some(vni),
            _ => None,
        })
    }

    /// The VLANs of tagged frames, where ports carry any.
    pub fn tagged(&self) -> VlanSet {
        match self.mode {
            PortMode::Access => VlanSet::empty(),
            PortMode::Trunk | PortMode::Hybrid => self.allowed.clone(),
        }
    }

    /// What a port is to carry; nothing when the request names no VLAN. `local` is the VLAN that
    /// stands for a flat network or a VXLAN on the switch in question.
    pub fn vlans(&self, local: Option<Vlan>) -> Result<Option<VlanMode>, SwitchError> {
        let network = match self.segment()? {
            None => None,
            Some(Segment::Vlan { vlan, .. }) => Some(vlan),
            Some(Segment::Flat { .. }) => Some(local.ok_or_else(|| {
                SwitchError::Invalid(
                    "network: the switch has no `flat_networks` entry for this physical network"
                        .to_owned(),
                )
            })?),
            Some(Segment::Vxlan { vni }) => Some(local.ok_or_else(|| {
                SwitchError::Invalid(format!("network: VNI {vni} is mapped to no VLAN"))
            })?),
        };
        let untagged = match (network, self.native) {
            (Some(network), Some(native))
                if network != native
                    && (self.mode == PortMode::Access || !self.allowed.contains(network)) =>
            {
                return Err(SwitchError::Invalid(format!(
                    "native_vlan: VLAN {native} is not the network's VLAN {network}"
                )));
            }
            (network, native) => native.or(network),
        };
        match self.mode {
            PortMode::Access if !self.allowed.is_empty() => Err(SwitchError::Invalid(
                "allowed_vlans: an access port has none; use mode `trunk` or `hybrid`".to_owned(),
            )),
            PortMode::Access => Ok(untagged.map(VlanMode::access)),
            PortMode::Trunk | PortMode::Hybrid if self.allowed.is_empty() => {
                Err(SwitchError::Invalid(
                    "allowed_vlans: must name at least one VLAN when mode is `trunk` or `hybrid`"
                        .to_owned(),
                ))
            }
            PortMode::Trunk => Ok(Some(VlanMode::trunk(untagged, &self.allowed))),
            PortMode::Hybrid => match untagged {
                Some(native) => Ok(Some(VlanMode::hybrid(native, &self.allowed))),
                None => {
                    Err(SwitchError::Invalid("native_vlan: a hybrid port needs one".to_owned()))
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn wish(mode: PortMode, id: Option<u32>, native: Option<u16>, allowed: &str) -> NetworkWish {
        NetworkWish {
            segmentation_id: id,
            mode,
            native: native.map(|id| Vlan::new(id).unwrap()),
            allowed: allowed.parse().unwrap(),
            ..NetworkWish::default()
        }
    }

    #[rstest]
    #[case(wish(PortMode::Access, Some(100), None, ""), "access 100")]
    #[case(wish(PortMode::Access, None, Some(100), ""), "access 100")]
    #[case(wish(PortMode::Access, Some(100), Some(100), ""), "access 100")]
    #[case(wish(PortMode::Access, None, None, ""), "nothing")]
    #[case(
        wish(PortMode::Access, Some(100), Some(101), ""),
        "native_vlan: VLAN 101 is not the network's VLAN 100"
    )]
    #[case(
        wish(PortMode::Access, Some(100), None, "200"),
        "allowed_vlans: an access port has none"
    )]
    #[case(wish(PortMode::Access, Some(4095), None, ""), "network: VLAN ID `4095`")]
    #[case(wish(PortMode::Trunk, Some(100), None, "200-201"), "trunk native 100 allowed 200-201")]
    #[case(
        wish(PortMode::Trunk, Some(200), Some(100), "200-201"),
        "trunk native 100 allowed 200-201"
    )]
    #[case(wish(PortMode::Trunk, Some(300), Some(100), "200-201"), "native_vlan: VLAN 100 is not")]
    #[case(wish(PortMode::Trunk, None, None, "200-201"), "trunk allowed 200-201")]
    #[case(wish(PortMode::Trunk, Some(100), None, ""), "allowed_vlans: must name")]
    #[case(wish(PortMode::Hybrid, Some(100), None, "100,200"), "hybrid native 100 allowed 200")]
    #[case(wish(PortMode::Hybrid, None, None, "200"), "native_vlan: a hybrid port needs one")]
    fn what_a_port_carries(#[case] wish: NetworkWish, #[case] want: &str) {
        let got = wish.vlans(None).map_or_else(
            |error| error.to_string(),
            |vlans| vlans.map_or_else(|| "nothing".to_owned(), |vlans| vlans.to_string()),
        );
        assert!(got.starts_with(want), "{got}");
    }

    #[test]
    fn flat_and_vxlan() {
        let flat = NetworkWish { network_type: Some(NetworkType::Flat), ..NetworkWish::default() };
        let ten = Vlan::new(10).unwrap();
        assert_eq!(flat.vlans(Some(ten)).unwrap(), Some(VlanMode::access(ten)));
        assert!(flat.vlans(None).is_err());
        let vxlan = NetworkWish {
            network_type: Some(NetworkType::Vxlan),
            segmentation_id: Some(10_100),
            ..NetworkWish::default()
        };
        assert_eq!(vxlan.vni().unwrap(), Some(Vni::new(10_100).unwrap()));
        assert_eq!(vxlan.vlans(Some(ten)).unwrap(), Some(VlanMode::access(ten)));
        assert!(vxlan.vlans(None).is_err());
    }
}
