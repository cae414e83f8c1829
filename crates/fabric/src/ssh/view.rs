//! A port as the simulated system forwards, for assertions.

use serde::Serialize;

use super::vlans::VlanSet;

/// What a port or LAG lets through at one moment, whatever its configuration looks like.
///
/// A member that is bundled into a LAG lets nothing through by itself: its LAG's view says what
/// the bundle does. A member that the system has left alone (fallback, stand-alone) has a view of
/// its own.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct PortView {
    /// The system's canonical name.
    pub name: String,
    /// Whether frames can pass at all: enabled, with a link; for a LAG, with a working member.
    pub up: bool,
    /// Whether the administrator has enabled it.
    pub enabled: bool,
    /// The VLAN of frames without a tag, if there is one and it exists on the switch.
    pub untagged: Option<u16>,
    /// The VLANs of frames with a tag, of those that exist on the switch.
    pub tagged: VlanSet,
    /// The VLANs that would be tagged, were every VLAN on the switch. A port that is open for
    /// everything shows here even while only few VLANs exist.
    pub permits: VlanSet,
    /// The LAG that it is configured into.
    pub lag: Option<String>,
    /// How it is in the LAG (`active`, `passive`, `on`), or how the LAG itself works.
    pub lag_mode: Option<String>,
    /// For a LAG: its members, by name, working or not.
    pub members: Vec<String>,
    /// For a LAG: what happens when no partner answers, in the system's word.
    pub fallback: Option<String>,
    /// For a LAG: the number of the pair form (MLAG, vPC, VLT).
    pub pair: Option<u32>,
    /// In bytes, if it was set.
    pub mtu: Option<u32>,
    /// The description, if there is one.
    pub description: Option<String>,
    /// Spanning tree takes the port for an edge.
    pub edge: bool,
    /// A BPDU shuts the port.
    pub bpdu_guard: bool,
}

impl PortView {
    /// Every VLAN that frames can come from or go to at this moment.
    #[must_use]
    pub fn vlans(&self) -> VlanSet {
        let mut vlans = self.tagged.clone();
        if let Some(vlan) = self.untagged {
            vlans.insert(vlan);
        }
        vlans
    }
}
