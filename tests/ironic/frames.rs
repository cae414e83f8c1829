//! What a server's ports are on the wire, asked with real frames.

use std::collections::BTreeSet;

use lab::{Heard, Lab};

/// The switch with the analyser.
pub(crate) const SWITCH: &str = "leaf-01";
const ANALYSER: &str = "leaf-01/mon0";

/// What one port is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    /// Untagged in one VLAN, and nothing else.
    Access(u16),
    /// Untagged in the first VLAN, tagged in the others.
    Trunk(u16, &'static [u16]),
}

impl On {
    /// The tag with which a frame of a VLAN comes out of the port: none at all, untagged, tagged.
    fn sends(self, vlan: u16) -> Option<Option<u16>> {
        match self {
            Self::Access(own) | Self::Trunk(own, _) if own == vlan => Some(None),
            Self::Trunk(_, tagged) if tagged.contains(&vlan) => Some(Some(vlan)),
            _ => None,
        }
    }

    /// The VLAN in which a frame that comes into the port travels on. Open vSwitch takes the native
    /// VLAN of a trunk with its tag too.
    fn takes(self, tag: Option<u16>) -> Option<u16> {
        match (self, tag) {
            (Self::Access(own) | Self::Trunk(own, _), None) => Some(own),
            (Self::Trunk(native, tagged), Some(tag)) => {
                (tag == native || tagged.contains(&tag)).then_some(tag)
            }
            (Self::Access(_), Some(_)) => None,
        }
    }
}

/// Sends a frame in each VLAN towards each port, and one with each tag, and one without, from each
/// port; panics unless exactly those arrive that the ports are to carry.
#[track_caller]
pub(crate) fn expect(lab: &Lab, when: &str, vlans: &BTreeSet<u16>, ports: &[(&str, On)]) {
    let nics: Vec<&str> = ports.iter().map(|(nic, _)| *nic).collect();
    for &vlan in vlans {
        let heard = lab.probe().who_hears_at(ANALYSER, Some(vlan), &nics).unwrap();
        let expected: Vec<Heard> = ports
            .iter()
            .filter_map(|(nic, on)| on.sends(vlan).map(|tag| Heard { nic: (*nic).to_owned(), tag }))
            .collect();
        assert_eq!(heard, expected, "{when}: a frame of VLAN {vlan}; wanted: {ports:?}");
    }
    for (nic, on) in ports {
        for tag in std::iter::once(None).chain(vlans.iter().copied().map(Some)) {
            let heard = lab.probe().who_hears_at(nic, tag, &[ANALYSER]).unwrap();
            let travels: Vec<u16> = heard.iter().filter_map(|heard| heard.tag).collect();
            let expected: Vec<u16> = on.takes(tag).into_iter().collect();
            assert_eq!(travels, expected, "{when}: a frame of {nic} with the tag {tag:?}");
        }
    }
}
