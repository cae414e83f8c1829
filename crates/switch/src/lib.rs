//! The heart of the switch service: what a change is, how it is planned, carried out on several
//! switches at once, verified, taken back, allowed and recorded.
//!
//! It keeps nothing between calls but queues, warm sessions and the mark that something is not
//! saved yet. It knows neither HTTP nor JSON-RPC, and no switch's words.

mod capability;
mod change;
mod driver;
mod error;
mod intent;
mod lag_name;
mod plan;
mod ports;
mod slice;
mod worker;

pub mod audit;
pub mod lockfile;
pub mod policy;

pub use capability::{
    Atomicity, Capabilities, HybridSupport, LagCapabilities, LagNaming, Saving, VlanDatabase,
};
pub use change::{Change, Misfit, Target};
pub use driver::{Applied, BatchOutcome, DeviceError, Driver, MatchKind, PortMatch, Session, Work};
pub use plan::plan;
pub use slice::{
    LacpStatus, LagState, Observation, PortState, PortStatus, Query, Slice, VlanState,
};
