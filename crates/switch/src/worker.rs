//! The worker of one switch: the only one who speaks to it.
//!
//! It owns the warm session, merges requests that wait into one read or one change, tells each
//! requester its own outcome, bounds every wait, and saves the configuration after a quiet period.
//! A request whose deadline passed before its turn is never carried out: its requester has given
//! up and acts on that.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use model::SwitchName;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};
use tokio_util::task::TaskTracker;

use crate::{
    capability::Saving,
    driver::{Applied, DeviceError, Driver, PortMatch, Work},
    slice::{Observation, Query},
};

mod batch;
mod share;
mod task;

/// How a worker works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// How long one exchange with the switch may take, whatever the deadlines of its requests.
    pub operation_timeout: Duration,
    /// After how long without requests the session is closed.
    pub session_idle: Duration,
    /// How many requests may wait; more are refused at once rather than late.
    pub queue: usize,
    /// When the running configuration is saved.
    pub save: SaveSettings,
}

/// When a running configuration that needs saving is saved: whichever comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SaveSettings {
    /// So long after the last change.
    pub quiet: Duration,
    /// So long after the first change that is not saved.
    pub max_age: Duration,
    /// At so many changes that are not saved.
    pub max_changes: u32,
}

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            operation_timeout: Duration::from_secs(10),
            session_idle: Duration::from_secs(300),
            queue: 1024,
            save: SaveSettings {
                quiet: Duration::from_secs(10),
                max_age: Duration::from_secs(120),
                max_changes: 100,
            },
        }
    }
}

/// What is known of a worker from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkerStatus {
    /// Whether a session is open.
    pub connected: bool,
    /// Changes that are not saved, if there are any.
    pub pending_save: Option<PendingSave>,
    /// What went wrong last, cleared by the next success.
    pub last_error: Option<String>,
}

/// Changes that a switch would forget at a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingSave {
    /// How many.
    pub changes: u32,
    /// When the first of them was made.
    pub since: Instant,
    /// When the last of them was made.
    pub latest: Instant,
    /// Why the last attempt to save failed, if one did.
    pub failed: Option<String>,
}

enum Job {
    Observe { query: Query, call: Call<Observation> },
    Apply { work: Work, call: Call<Applied> },
    Resolve { text: String, call: Call<Vec<PortMatch>> },
    Save { call: Call<bool> },
}

/// Where the outcome goes, and until when it is wanted.
struct Call<T> {
    deadline: Instant,
    turn: Turn,
    reply: oneshot::Sender<Result<T, DeviceError>>,
}

/// Either the worker begins with a request or its requester gives it up: whoever takes it first.
#[derive(Clone, Default)]
struct Turn(Arc<AtomicBool>);

impl Turn {
    /// Whether it was still there to take.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::AcqRel)
    }
}

impl<T> Call<T> {
    /// The call if it is still wanted: its turn has come. Others are told that it has not.
    fn begin(self) -> Option<Self> {
        if !self.reply.is_closed() && self.deadline > Instant::now() && self.turn.take() {
            return Some(self);
        }
        self.answer(Err(DeviceError::timed_out(false, "its turn")));
        None
    }

    fn answer(self, outcome: Result<T, DeviceError>) {
        // A requester that has gone has also given up.
        drop(self.reply.send(outcome));
    }
}

impl Job {
    const fn deadline(&self) -> Instant {
        match self {
            Self::Observe { call, .. } => call.deadline,
            Self::Apply { call, .. } => call.deadline,
            Self::Resolve { call, .. } => call.deadline,
            Self::Save { call } => call.deadline,
        }
    }
}

/// The way to a switch's worker.
#[derive(Debug, Clone)]
pub struct Worker {
    jobs: mpsc::Sender<Job>,
    status: Arc<Mutex<WorkerStatus>>,
    saves: bool,
}

impl Worker {
    /// Starts the worker on `tasks`. It ends when the last `Worker` is dropped, after saving what
    /// is not saved.
    pub fn start(
        name: SwitchName,
        driver: Arc<dyn Driver>,
        settings: WorkerSettings,
        tasks: &TaskTracker,
    ) -> Self {
        let (jobs, queue) = mpsc::channel(settings.queue.max(1));
        let status = Arc::new(Mutex::new(WorkerStatus::default()));
        let saves = driver.capabilities().saving == Saving::Explicit;
        tasks.spawn(task::run(name, driver, settings, queue, Arc::clone(&status)));
        Self { jobs, status, saves }
    }

    /// Reads ports and LAGs.
    pub async fn observe(&self, query: Query, by: Instant) -> Result<Observation, DeviceError> {
        self.ask(by, false, |call| Job::Observe { query, call }).await
    }

    /// Makes changes; [`DeviceError::TimedOut`] with `sent` means that nobody knows.
    pub async fn apply(&self, work: Work, by: Instant) -> Result<Applied, DeviceError> {
        self.ask(by, true, |call| Job::Apply { work, call }).await
    }

    /// Finds ports by any of their names.
    pub async fn resolve(&self, text: String, by: Instant) -> Result<Vec<PortMatch>, DeviceError> {
        self.ask(by, false, |call| Job::Resolve { text, call }).await
    }

    /// Saves now what is not saved; says whether there was anything.
    pub async fn save(&self, by: Instant) -> Result<bool, DeviceError> {
        self.ask(by, false, |call| Job::Save { call }).await
    }

    /// What is known of the worker now.
    pub fn status(&self) -> WorkerStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the switch needs saving at all.
    pub const fn saves(&self) -> bool {
        self.saves
    }

    async fn ask<T>(
        &self,
        deadline: Instant,
        changes: bool,
        job: impl FnOnce(Call<T>) -> Job,
    ) -> Result<T, DeviceError> {
        let (reply, outcome) = oneshot::channel();
        let turn = Turn::default();
        let call = Call { deadline, turn: turn.clone(), reply };
        self.jobs.try_send(job(call)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => DeviceError::Unreachable {
                address: "its queue".to_owned(),
                reason: "too many requests wait for this switch".to_owned(),
            },
            mpsc::error::TrySendError::Closed(_) => gone(),
        })?;
        match timeout_at(deadline, outcome).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(DeviceError::Disconnected {
                sent: changes && !turn.take(),
                reason: "its worker ended".to_owned(),
            }),
            Err(_) if turn.take() => Err(DeviceError::timed_out(false, "its turn")),
            Err(_) => Err(DeviceError::timed_out(changes, "the switch's answer")),
        }
    }
}

fn gone() -> DeviceError {
    DeviceError::Unreachable {
        address: "its queue".to_owned(),
        reason: "the service is stopping".to_owned(),
    }
}
