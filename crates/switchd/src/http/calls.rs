//! Calls at work: how many at a time, on what tasks, and for how long at most.

use std::{future::Future, sync::Arc, time::Duration};

use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;
use tracing::{Instrument as _, Span};

use crate::config::Limits;

/// Where the calls of all method tables run. A clone shares the places.
#[derive(Debug, Clone)]
pub struct Calls {
    longest: Duration,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// Why a call has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRun {
    /// As many calls are at work as may be; this one was not begun.
    Busy,
    /// It ended before its end: a defect.
    Broke,
}

impl Calls {
    /// Places for as many calls as the limits say, which run on `tasks`.
    pub fn new(limits: &Limits, tasks: TaskTracker) -> Self {
        Self {
            longest: limits.request_timeout,
            places: Arc::new(Semaphore::new(limits.concurrent_requests)),
            tasks,
        }
    }

    /// How long a call may be worked on, whatever its caller says.
    pub const fn longest(&self) -> Duration {
        self.longest
    }

    /// Runs a call on a task of its own: a caller that goes away does not end it.
    pub async fn run<T: Send + 'static>(
        &self,
        span: Span,
        call: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, NotRun> {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            return Err(NotRun::Busy);
        };
        let task = async move {
            let outcome = call.await;
            drop(place);
            outcome
        };
        self.tasks.spawn(task.instrument(span.clone())).await.map_err(|error| {
            let _entered = span.entered();
            tracing::error!(%error, "a call's task ended early");
            NotRun::Broke
        })
    }
}
