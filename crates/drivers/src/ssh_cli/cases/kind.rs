//! What the cases of a profile have to show between them: each capability of the system, each way
//! in which a change fails, and the hazards that every one of these systems has.
//!
//! The hazards: a trunk that is made carries every VLAN until it is told which; a command that adds
//! VLANs leaves those that are there; a list that is emptied on the way may mean all of them; what
//! is there already may be refused, or undo itself, when it is said again.

use serde::Serialize;
use switch::{Capabilities, LagCapabilities, Saving, VlanDatabase};

/// The kinds with their names for people and the systems that need them.
macro_rules! kinds {
    ($can:ident, $lag:ident, $($(#[doc = $doc:literal])+ $kind:ident, $name:literal, $needed:expr;)+) => {
        /// Something that a case has to show.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),+];

            /// What people call it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }

            /// Whether the cases of a system with these capabilities have to show it.
            pub fn is_required(self, $can: &Capabilities) -> bool {
                let none = LagCapabilities::default();
                let $lag = $can.lag.as_ref().unwrap_or(&none);
                match self {
                    $(Self::$kind => $needed,)+
                }
            }
        }
    };
}

kinds! { can, lag,
    /// A port that is given one VLAN.
    AttachAccess, "attach access", can.access;
    /// A trunk with a native VLAN.
    AttachTrunkNative, "attach trunk with native", can.trunk && can.native_on_trunk;
    /// A trunk without one.
    AttachTrunk, "attach trunk", can.trunk;
    /// A port that had other VLANs before.
    Reattach, "attach with other VLANs than before", can.access || can.trunk;
    /// A port that was no trunk and is made one.
    MakeTrunk, "make a trunk of a port that was none", can.trunk;
    /// A trunk that loses some VLANs, keeps some and gets some.
    NarrowTrunk, "take VLANs from a trunk, leave others, and add others", can.trunk;
    /// A trunk that keeps none of its VLANs.
    ReplaceTrunk, "give a trunk none of the VLANs that it had", can.trunk;
    /// A request for what is there.
    Already, "ask for what is there already", true;
    /// A port into the safe state.
    Detach, "detach", can.access || can.closed;
    /// A port that carries nothing afterwards.
    Close, "leave a port carrying nothing", can.closed;
    /// A LAG that is made, with its members.
    LagAttach, "create a LAG", can.lag.is_some();
    /// A LAG that is there and is changed.
    LagChange, "change a LAG", can.lag.is_some();
    /// A port that leaves its LAG.
    LagDetach, "take a port out of a LAG", can.lag.is_some();
    /// A LAG that is removed.
    LagDelete, "delete a LAG", can.lag.is_some();
    /// LACP where the switch speaks first.
    LacpActive, "a LAG with LACP active", lag.active;
    /// LACP where the switch only answers.
    LacpPassive, "a LAG with LACP passive", lag.passive;
    /// A LAG without LACP.
    StaticLag, "a LAG without LACP", lag.r#static;
    /// The rate of LACP.
    LacpRate, "a rate of LACP", lag.rate;
    /// A minimum of links.
    MinLinks, "a minimum of links", lag.min_links;
    /// LACP fallback.
    Fallback, "LACP fallback", lag.fallback;
    /// A LAG over a pair.
    LagPair, "a LAG over a pair", lag.across_pair;
    /// A port that is shut.
    Shut, "shut", can.port_shut;
    /// A description.
    Description, "description", can.description;
    /// An MTU.
    Mtu, "MTU", can.mtu;
    /// STP edge.
    StpEdge, "STP edge", can.stp_edge;
    /// BPDU guard.
    BpduGuard, "BPDU guard", can.bpdu_guard;
    /// A VLAN that is defined.
    VlanCreate, "create a VLAN", can.vlan_database == VlanDatabase::Explicit;
    /// A VLAN whose definition is removed.
    VlanDelete, "delete a VLAN", can.vlan_database == VlanDatabase::Explicit;
    /// A VLAN that is mapped to a VNI.
    VniMap, "map a VLAN to a VNI", can.vxlan;
    /// A mapping that is removed.
    VniUnmap, "take a VLAN off its VNI", can.vxlan;
    /// A saved configuration.
    Save, "save", can.saving == Saving::Explicit;
    /// Something that the system cannot do.
    Unsupported, "something unsupported", true;
    /// A line that the switch refuses.
    Rejected, "a refused line", true;
    /// A port that is not there.
    NoSuchPort, "a port that is not there", true;
    /// An answer that is cut off: a file `truncated*.toml`.
    Truncated, "a truncated answer", true;
    /// A connection that breaks in the middle.
    Dropped, "a dropped session", true;
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
