//! The switch service without its doors: what a door calls.
//!
//! A request goes one way: resolve its ports, ask the policy, hold the ports, read the switches,
//! plan, record, carry out, verify, record, answer. No stage calls back up.

mod change;
mod legs;
mod members;
mod prepare;
mod read;

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use model::{LagName, PortConfig, PortName, SwitchName};
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

pub use read::{FlushedSwitch, PortReading, PortVerdict, Resolution, SwitchReading, Verdict};

use crate::{
    audit::{AuditLog, InDoubt},
    claims::Claims,
    doubts::Doubts,
    error::SwitchError,
    inventory::Inventory,
    lockfile::LockDir,
    policy::Policy,
    ports::PortLocks,
    request::{ChangeRequest, Origin},
    slice::PortStatus,
    verify::Difference,
    vxlan::Vxlan,
};

/// What a reload replaces: everything that the network team writes.
#[derive(Debug, Default)]
pub struct State {
    /// Who may do what.
    pub policy: Policy,
    /// The switches.
    pub inventory: Inventory,
}

/// The switch service.
#[derive(Debug)]
pub struct Service {
    state: RwLock<Arc<State>>,
    ports: PortLocks,
    claims: Claims,
    locks: LockDir,
    audit: AuditLog,
    doubts: Doubts,
    tasks: TaskTracker,
}

/// A change that was carried out, or was so already.
#[derive(Debug)]
pub struct Report {
    /// The change's identifier in the audit log; none when nothing was to do.
    pub change: Option<String>,
    /// Each port.
    pub links: Vec<LinkReport>,
    /// How long it took.
    pub duration: Duration,
}

/// One port of a change.
#[derive(Debug)]
pub struct LinkReport {
    /// The switch.
    pub switch: SwitchName,
    /// The port; absent for a VLAN's definition.
    pub port: Option<PortName>,
    /// The LAG in which it is.
    pub lag: Option<LagName>,
    /// What changed, in Mercury's words.
    pub changes: Vec<String>,
    /// What was sent to the switch for this request, in its own words.
    pub operations: Vec<String>,
    /// The configuration that was read afterwards; in a LAG with the LAG's VLANs.
    pub observed: Option<PortConfig>,
    /// The VXLAN that the request named, and the VLAN that stands for it on the switch.
    pub vxlan: Option<Vxlan>,
    /// The state of its link.
    pub status: Option<PortStatus>,
    /// Whether the switch keeps the change over a restart.
    pub save: SaveState,
}

/// Whether a switch keeps a change over a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveState {
    /// It keeps everything at once.
    Implicit,
    /// It will be saved.
    Pending,
    /// It has been saved.
    Saved,
}

/// What a change would do.
#[derive(Debug)]
pub struct PlanReport {
    /// What to give to `apply`.
    pub token: String,
    /// Each switch.
    pub legs: Vec<PlannedLeg>,
}

/// What a change would do on one switch.
#[derive(Debug)]
pub struct PlannedLeg {
    /// The switch.
    pub switch: SwitchName,
    /// The request's ports there.
    pub ports: Vec<PortName>,
    /// The LAG that they form or leave.
    pub lag: Option<LagName>,
    /// The VXLAN that the request named, and the VLAN that stands for it on the switch.
    pub vxlan: Option<Vxlan>,
    /// The changes in order.
    pub changes: Vec<String>,
    /// What would take them back, in order.
    pub inverse: Vec<String>,
    /// What would be sent, in the switch's words.
    pub operations: Vec<String>,
    /// What will be different.
    pub diff: Vec<Difference>,
}

impl Service {
    /// A service over a lock directory and an audit log with the changes it left open. `tasks`
    /// holds everything that outlives a call: workers and running changes.
    pub fn new(
        state: State,
        lock_dir: PathBuf,
        audit: (AuditLog, Vec<InDoubt>),
        tasks: TaskTracker,
    ) -> Result<Self, SwitchError> {
        let locks = LockDir::new(lock_dir).map_err(|e| SwitchError::Internal(e.to_string()))?;
        let (audit, open) = audit;
        Ok(Self {
            state: RwLock::new(Arc::new(state)),
            ports: PortLocks::default(),
            claims: Claims::default(),
            locks,
            audit,
            doubts: Doubts::new(open),
            tasks,
        })
    }

    /// What holds now: a request keeps what it began with.
    pub fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces policy and inventory; requests that run keep the old ones.
    pub fn reload(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
    }

    /// The audit log.
    pub const fn audit(&self) -> &AuditLog {
        &self.audit
    }

    /// The changes whose end nobody knows.
    pub fn in_doubt(&self) -> Vec<InDoubt> {
        self.doubts.all()
    }

    /// What everything that outlives a call runs on.
    pub const fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Carries out a change.
    ///
    /// It runs on a task of its own: a caller that goes away does not stop it half-way.
    pub async fn change(
        self: &Arc<Self>,
        request: ChangeRequest,
        origin: Origin,
    ) -> Result<Report, SwitchError> {
        let service = Arc::clone(self);
        let task = async move { service.carry_out(request, origin, None).await };
        self.tasks.spawn(task).await.unwrap_or_else(|error| Err(panicked(&error)))
    }

    /// Carries out a plan, if it is still what would be done.
    pub async fn apply(
        self: &Arc<Self>,
        token: &str,
        origin: Origin,
    ) -> Result<Report, SwitchError> {
        let token = crate::token::Token::decode(token)?;
        let service = Arc::clone(self);
        let request = token.request.clone();
        let task = async move { service.carry_out(request, origin, Some(token)).await };
        self.tasks.spawn(task).await.unwrap_or_else(|error| Err(panicked(&error)))
    }
}

fn panicked(error: &tokio::task::JoinError) -> SwitchError {
    SwitchError::Internal(format!("the change's task ended early: {error}"))
}

fn expired(while_doing: &str) -> SwitchError {
    SwitchError::Expired { while_doing: while_doing.to_owned() }
}

/// Refuses a request that comes too late to be begun.
fn in_time(origin: &Origin) -> Result<(), SwitchError> {
    if origin.deadline <= Instant::now() {
        Err(expired("before the request began"))
    } else {
        Ok(())
    }
}
