//! The task behind a worker: the loop, the session, the saving.

use std::{
    future::Future,
    iter,
    sync::{Arc, Mutex, PoisonError},
};

use model::SwitchName;
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};
use tracing::{debug, info, warn};

use super::{Call, Job, PendingSave, WorkerSettings, WorkerStatus, batch, share::Share};
use crate::{
    capability::Saving,
    driver::{Applied, BatchOutcome, DeviceError, Driver, PortMatch, Session, Work},
    slice::{Observation, Query},
};

pub(super) struct Task {
    name: SwitchName,
    driver: Arc<dyn Driver>,
    settings: WorkerSettings,
    session: Option<Box<dyn Session>>,
    status: Arc<Mutex<WorkerStatus>>,
    pending: Option<PendingSave>,
    saves: bool,
    share: Share,
}

/// Serves the queue until nobody can send to it any more.
pub(super) async fn run(
    name: SwitchName,
    driver: Arc<dyn Driver>,
    settings: WorkerSettings,
    mut queue: mpsc::Receiver<Job>,
    status: Arc<Mutex<WorkerStatus>>,
) {
    let saves = driver.capabilities().saving == Saving::Explicit;
    let share = Share::new();
    let mut task =
        Task { name, driver, settings, session: None, status, pending: None, saves, share };
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        let room = task.settings.queue.max(1).saturating_sub(waiting.len());
        if waiting.is_empty() {
            let next = match task.next_timer() {
                Some(timer) => timeout_at(timer, queue.recv_many(&mut waiting, room)).await,
                None => Ok(queue.recv_many(&mut waiting, room).await),
            };
            match next {
                Ok(0) => break,
                Ok(_) => {}
                Err(_) => {
                    task.timer().await;
                    continue;
                }
            }
        } else {
            waiting.extend(iter::from_fn(|| queue.try_recv().ok()).take(room));
        }
        // What has been begun has to be ended sooner than what has not, which keeps time for an
        // undo: so some are done while others wait, instead of all at once too late.
        waiting.sort_by_key(Job::deadline);
        let others = waiting.split_off(waiting.len().min(task.share.most()));
        task.serve(std::mem::replace(&mut waiting, others)).await;
    }
    if task.pending.is_some() {
        drop(task.save_now(None).await);
    }
    task.hang_up().await;
}

impl Task {
    fn next_timer(&self) -> Option<Instant> {
        let idle = self.session.as_ref().map(|_| Instant::now() + self.settings.session_idle);
        match (self.save_due(), idle) {
            (Some(save), Some(idle)) => Some(save.min(idle)),
            (save, idle) => save.or(idle),
        }
    }

    fn save_due(&self) -> Option<Instant> {
        let save = self.settings.save;
        let pending = self.pending.as_ref()?;
        if pending.changes >= save.max_changes && pending.failed.is_none() {
            return Some(Instant::now());
        }
        Some((pending.latest + save.quiet).min(pending.since + save.max_age))
    }

    async fn timer(&mut self) {
        if self.save_due().is_some_and(|due| due <= Instant::now()) {
            drop(self.save_now(None).await);
        } else if self.save_due().is_none() {
            self.hang_up().await;
        }
    }

    async fn hang_up(&mut self) {
        if let Some(session) = self.session.take() {
            let by = Instant::now() + self.settings.operation_timeout;
            if timeout_at(by, session.close()).await.is_err() {
                debug!(switch = %self.name, "the switch did not say goodbye");
            }
            self.tell(|status| status.connected = false);
        }
    }

    fn tell(&self, change: impl FnOnce(&mut WorkerStatus)) {
        change(&mut self.status.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Reads come before changes: those who read now are about to change.
    async fn serve(&mut self, jobs: Vec<Job>) {
        let (mut reads, mut changes) = (Vec::new(), Vec::new());
        let (mut texts, mut saves) = (Vec::new(), Vec::new());
        for job in jobs {
            match job {
                Job::Observe { query, call } => reads.push((query, call)),
                Job::Apply { work, call } => changes.push((work, call)),
                Job::Resolve { text, call } => texts.push((text, call)),
                Job::Save { call } => saves.push(call),
            }
        }
        let reads = begin(reads);
        if !reads.is_empty() {
            self.observe(reads).await;
        }
        let changes = begin(changes);
        if !changes.is_empty() {
            self.apply(changes).await;
        }
        for (text, call) in texts {
            if let Some(call) = call.begin() {
                let outcome = self.resolve(&text, call.deadline).await;
                call.answer(outcome);
            }
        }
        let saves: Vec<_> = saves.into_iter().filter_map(Call::begin).collect();
        if let Some(latest) = saves.iter().map(|call| call.deadline).max() {
            let outcome = self.save_now(Some(latest)).await;
            for call in saves {
                call.answer(outcome.clone());
            }
        }
    }

    async fn observe(&mut self, reads: Vec<(Query, Call<Observation>)>) {
        let begun = Instant::now();
        let mut merged = Query::default();
        for (query, _) in &reads {
            merged.merge(query);
        }
        let by = reads.iter().map(|(_, call)| call.deadline).max();
        let outcome = self.read(&merged, self.bounded(by)).await;
        self.learn(reads.len(), begun);
        for (query, call) in reads {
            call.answer(outcome.as_ref().map(|o| o.narrowed(&query)).map_err(Clone::clone));
        }
    }

    async fn read(&mut self, query: &Query, by: Instant) -> Result<Observation, DeviceError> {
        let warm = self.session.is_some();
        let session = self.session(by).await?;
        let outcome = finish(by, false, session.observe(query)).await;
        match self.settle(outcome) {
            // A warm session may have died unnoticed, and reading twice does no harm.
            Err(DeviceError::Disconnected { .. }) if warm => {
                let session = self.session(by).await?;
                let outcome = finish(by, false, session.observe(query)).await;
                self.settle(outcome)
            }
            outcome => outcome,
        }
    }

    async fn resolve(&mut self, text: &str, by: Instant) -> Result<Vec<PortMatch>, DeviceError> {
        let by = self.bounded(Some(by));
        let session = self.session(by).await?;
        let outcome = finish(by, false, session.resolve(text)).await;
        self.settle(outcome)
    }

    async fn apply(&mut self, changes: Vec<(Work, Call<Applied>)>) {
        let by = self.bounded(changes.iter().map(|(_, call)| call.deadline).max());
        let (works, calls): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
        let begun = Instant::now();
        let outcomes = batch::apply(self, &works, by).await;
        self.learn(works.len(), begun);
        let made = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        let doubtful =
            outcomes.iter().filter_map(|o| o.as_ref().err()).any(DeviceError::may_have_applied);
        if made > 0 || doubtful {
            self.mark_unsaved(u32::try_from(made.max(1)).unwrap_or(u32::MAX));
        }
        for (call, outcome) in calls.into_iter().zip(outcomes) {
            call.answer(outcome);
        }
    }

    /// One try to make all changes in one exchange.
    pub(super) async fn apply_once(
        &mut self,
        works: &[Work],
        by: Instant,
    ) -> Result<BatchOutcome, DeviceError> {
        let warm = self.session.is_some();
        let session = self.session(by).await?;
        let outcome = finish(by, true, async { Ok(session.apply(works).await) }).await;
        let lost = match &outcome {
            Err(_) => true,
            Ok(BatchOutcome::RefusedWhole(error)) => error.session_lost(),
            Ok(BatchOutcome::Each(each)) => {
                each.iter().filter_map(|o| o.as_ref().err()).any(DeviceError::session_lost)
            }
        };
        if lost {
            self.lose(outcome.as_ref().err());
        }
        let dead_before = matches!(
            &outcome,
            Ok(BatchOutcome::RefusedWhole(DeviceError::Disconnected { sent: false, .. }))
        );
        if dead_before && warm {
            let session = self.session(by).await?;
            return finish(by, true, async { Ok(session.apply(works).await) })
                .await
                .inspect_err(|error| self.lose(Some(error)));
        }
        outcome
    }

    async fn session(&mut self, by: Instant) -> Result<&mut Box<dyn Session>, DeviceError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => {
                let opened = finish(by, false, self.driver.open()).await;
                let session = opened.inspect_err(|error| self.lose(Some(error)))?;
                info!(switch = %self.name, "session open");
                self.tell(|status| status.connected = true);
                session
            }
        };
        Ok(self.session.insert(session))
    }

    fn settle<T>(&mut self, outcome: Result<T, DeviceError>) -> Result<T, DeviceError> {
        match &outcome {
            Ok(_) => self.tell(|status| status.last_error = None),
            Err(error) if error.session_lost() => self.lose(Some(error)),
            Err(_) => {}
        }
        outcome
    }

    fn lose(&mut self, error: Option<&DeviceError>) {
        self.session = None;
        let text = error.map(ToString::to_string);
        warn!(switch = %self.name, error = text.as_deref().unwrap_or("unknown"), "session lost");
        self.tell(|status| {
            status.connected = false;
            status.last_error = text;
        });
    }

    fn learn(&mut self, requests: usize, begun: Instant) {
        self.share.learn(requests, begun.elapsed(), self.settings.operation_timeout);
    }

    /// One exchange ends with the last of its requests, or when the switch has had its time.
    fn bounded(&self, by: Option<Instant>) -> Instant {
        let most = Instant::now() + self.settings.operation_timeout;
        by.map_or(most, |by| by.min(most))
    }

    fn mark_unsaved(&mut self, changes: u32) {
        if !self.saves {
            return;
        }
        let now = Instant::now();
        let pending = self.pending.get_or_insert(PendingSave {
            changes: 0,
            since: now,
            latest: now,
            failed: None,
        });
        pending.changes = pending.changes.saturating_add(changes);
        pending.latest = now;
        self.show_pending();
    }

    fn show_pending(&self) {
        let pending = self.pending.clone();
        metrics::gauge!("mercury_switch_unsaved_changes", "switch" => self.name.to_string())
            .set(pending.as_ref().map_or(0.0, |pending| f64::from(pending.changes)));
        self.tell(|status| status.pending_save = pending);
    }

    async fn save_now(&mut self, by: Option<Instant>) -> Result<bool, DeviceError> {
        if self.pending.is_none() {
            return Ok(false);
        }
        let by = self.bounded(by);
        let outcome = match self.session(by).await {
            Ok(session) => finish(by, false, session.save()).await,
            Err(error) => Err(error),
        };
        match self.settle(outcome) {
            Ok(_) => {
                info!(switch = %self.name, "configuration saved");
                self.pending = None;
                self.show_pending();
                Ok(true)
            }
            Err(error) => {
                warn!(switch = %self.name, %error, "configuration not saved, will try again");
                let now = Instant::now();
                if let Some(pending) = &mut self.pending {
                    pending.failed = Some(error.to_string());
                    // The next attempt comes after another quiet period, not at once.
                    pending.latest = now;
                    pending.since = now;
                }
                self.show_pending();
                Err(error)
            }
        }
    }
}

/// Those whose turn has come.
fn begin<J, T>(jobs: Vec<(J, Call<T>)>) -> Vec<(J, Call<T>)> {
    jobs.into_iter().filter_map(|(job, call)| Some((job, call.begin()?))).collect()
}

async fn finish<T>(
    by: Instant,
    changes: bool,
    exchange: impl Future<Output = Result<T, DeviceError>>,
) -> Result<T, DeviceError> {
    let late = |_| Err(DeviceError::timed_out(changes, "the switch's answer"));
    timeout_at(by, exchange).await.unwrap_or_else(late)
}
