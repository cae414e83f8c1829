//! Simulated switches for the demonstration and the tests.
//!
//! A [`Fabric`] is some switches that speak OVSDB on loopback, servers cabled to their ports and
//! trunks between them. A client configures the switches as it would configure Open vSwitch;
//! [`Fabric::reach`] then says which server hears which, and [`Fabric::faults`] makes a switch
//! refuse, hang, hang up, lie or babble.
//!
//! The crate shares no code with Mercury's drivers and imports nothing of the project: what it
//! knows of OVSDB it has from RFC 7047 and the manuals of Open vSwitch, and it is tested with
//! `ovs-vsctl`. It moves no packets; what a frame would do is computed. For real frames there is
//! a real Open vSwitch.

mod builder;
mod error;
mod fabric;
mod faults;
pub mod ovsdb;
mod plane;
mod reach;
pub mod ssh;
mod view;
mod vlan;
mod vswitchd;
mod wiring;
mod world;

pub use builder::Builder;
pub use error::Error;
pub use fabric::Fabric;
pub use faults::{Fault, Faults, Garbage, Trigger, When};
pub use reach::Heard;
pub use view::PortView;
pub use wiring::{NicRef, PortRef};
