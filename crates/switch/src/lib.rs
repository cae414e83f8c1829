//! The heart of the switch service: what a change is, how it is planned, carried out on several
//! switches at once, verified, taken back, allowed and recorded.
//!
//! It keeps nothing between calls but queues, warm sessions and the mark that something is not
//! saved yet. It knows neither HTTP nor JSON-RPC, and no switch's words.

mod capability;
mod change;
mod claims;
mod define;
mod doubts;
mod driver;
mod error;
mod intent;
mod inventory;
mod lag_name;
mod lag_pair;
mod leg;
mod plan;
mod ports;
mod request;
mod service;
mod slice;
mod token;
mod transaction;
mod verify;
mod vxlan;
mod worker;

pub mod audit;
pub mod lockfile;
pub mod policy;

pub use capability::{
    Atomicity, Capabilities, HybridSupport, LagCapabilities, LagNaming, Saving, VlanDatabase,
};
pub use change::{Change, Misfit, Target};
pub use driver::{Applied, BatchOutcome, DeviceError, Driver, MatchKind, PortMatch, Session, Work};
pub use error::SwitchError;
pub use intent::{Facts, Intent, LagWish, Members, SafeState, Wish, wanted};
pub use inventory::{Inventory, Pair, Switch, SwitchSettings};
pub use lag_name::LagIds;
pub use model::{ErrorClass, FailedLeg, LegOutcome};
pub use plan::plan;
pub use request::{ChangeRequest, NetworkWish, Operation, Origin, PortMode};
pub use service::{
    FlushedSwitch, LinkReport, PlanReport, PlannedLeg, PortReading, PortVerdict, Report,
    Resolution, SaveState, Service, State, SwitchReading, Verdict,
};
pub use slice::{
    LacpStatus, LagState, Observation, PortState, PortStatus, Query, Slice, VlanState,
};
pub use verify::{Difference, unmet};
pub use vxlan::Vxlan;
pub use worker::{PendingSave, SaveSettings, Worker, WorkerSettings, WorkerStatus};
