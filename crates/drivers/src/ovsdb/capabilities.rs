//! What Open vSwitch can do through its database.
//!
//! What is missing here is missing there: the database has no column that shuts a port
//! (`admin_state` is read-only), none for a minimum of links, and spanning tree's edge flag says
//! nothing while spanning tree is off, as it ordinarily is. A port that must carry nothing is
//! *closed* instead of shut (see [`vlans`](super::vlans)).

use switch::{
    Atomicity, Capabilities, HybridSupport, LagCapabilities, LagNaming, Saving, VlanDatabase,
};

/// The capabilities of every Open vSwitch since 2.11, whose schema has all the columns used here.
pub(super) fn capabilities() -> Capabilities {
    Capabilities {
        access: true,
        trunk: true,
        native_on_trunk: true,
        hybrid: HybridSupport::AsTrunk,
        closed: true,
        port_shut: false,
        description: true,
        mtu: true,
        stp_edge: false,
        bpdu_guard: false,
        lag: Some(LagCapabilities {
            active: true,
            passive: true,
            r#static: true,
            rate: true,
            min_links: false,
            fallback: true,
            across_pair: false,
            mtu_on_lag: false,
            mirrors: false,
            max_members: 16,
            naming: LagNaming::Free,
        }),
        vlan_database: VlanDatabase::Implicit,
        vxlan: false,
        atomicity: Atomicity::Transaction,
        saving: Saving::Implicit,
    }
}
