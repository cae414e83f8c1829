//! The words of the domain: VLANs, VNIs, MAC addresses, switch and port names, links, port and LAG
//! configuration, network segments, with their parsing and invariants.
//!
//! A value of a type in this crate is valid: whoever holds a [`Vlan`] need not check its range.
//! There is no I/O and no async here, and no knowledge of any wire but the shapes that the field
//! itself writes down (`local_link_connection`, bond modes). Unknown members are refused wherever
//! a structure is read, because a misspelt member that is ignored opens ports.

mod failure;
pub mod json;
mod lag;
mod link;
mod mac;
mod name;
mod naming;
mod port;
mod segment;
mod text;
mod vlan;
mod vlan_set;

pub use failure::{ErrorClass, FailedLeg, LegOutcome};
pub use lag::{BondMode, BondParameters, LacpActivity, LacpRate, LagConfig, LagMode, LagSettings};
pub use link::{LinkInformation, LocalLinkConnection};
pub use mac::MacAddress;
pub use name::{LagName, PhysicalNetwork, PortName, SwitchName};
pub use naming::PortNaming;
pub use port::{AdminState, Mtu, PortConfig, SwitchPort, VlanMode};
pub use segment::{NetworkType, Segment};
pub use text::Invalid;
pub use vlan::{Vlan, Vni};
pub use vlan_set::VlanSet;
