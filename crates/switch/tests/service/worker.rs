//! One worker by itself: merging, attribution, deadlines, the session.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use drivers::noop::{NoopDriver, NoopSettings};
use model::{PortNaming, VlanMode};
use switch::{
    Applied, BatchOutcome, Capabilities, DeviceError, Driver, Observation, PortMatch, Query,
    Session, Slice, Work, Worker, WorkerSettings, plan,
};
use tokio::{
    sync::{Semaphore, mpsc},
    time::Instant,
};
use tokio_util::task::TaskTracker;

use crate::rig::{background, vlan};

/// A switch that takes its time, refuses port `bad`, and tells of every batch.
struct Slow {
    inner: NoopDriver,
    batches: mpsc::UnboundedSender<usize>,
    gate: Arc<Semaphore>,
}

struct SlowSession {
    inner: Box<dyn Session>,
    batches: mpsc::UnboundedSender<usize>,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl Driver for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn naming(&self) -> PortNaming {
        PortNaming::Exact
    }

    fn render(&self, work: &Work) -> Vec<String> {
        self.inner.render(work)
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        let inner = self.inner.open().await?;
        let (batches, gate) = (self.batches.clone(), Arc::clone(&self.gate));
        Ok(Box::new(SlowSession { inner, batches, gate }))
    }
}

#[async_trait]
impl Session for SlowSession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        self.inner.observe(query).await
    }

    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        self.batches.send(batch.len()).unwrap();
        self.gate.acquire().await.unwrap().forget();
        let bad = |work: &Work| work.before.ports.keys().any(|port| port.as_str() == "bad");
        if batch.iter().any(bad) {
            return BatchOutcome::RefusedWhole(DeviceError::Rejected {
                operation: None,
                answer: "constraint violation".to_owned(),
            });
        }
        self.inner.apply(batch).await
    }

    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        self.inner.save().await
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        self.inner.resolve(text).await
    }

    async fn close(self: Box<Self>) {
        self.inner.close().await;
    }
}

struct Bench {
    worker: Worker,
    noop: drivers::noop::NoopHandle,
    batches: mpsc::UnboundedReceiver<usize>,
    gate: Arc<Semaphore>,
}

fn bench(settings: WorkerSettings) -> Bench {
    let inner = NoopDriver::new(NoopSettings::default());
    let noop = inner.handle();
    let (sender, batches) = mpsc::unbounded_channel();
    let gate = Arc::new(Semaphore::new(0));
    let driver = Slow { inner, batches: sender, gate: Arc::clone(&gate) };
    let name = "leaf-01".parse().unwrap();
    let worker = Worker::start(name, Arc::new(driver), settings, &TaskTracker::new());
    Bench { worker, noop, batches, gate }
}

async fn work(worker: &Worker, port: &str) -> Work {
    let port = port.parse().unwrap();
    let by = Instant::now() + Duration::from_secs(5);
    let before = worker.observe(Query::ports([&port]), by).await.unwrap().slice;
    let mut wanted: Slice = before.clone();
    wanted.ports.get_mut(&port).unwrap().config.vlans = Some(VlanMode::access(vlan(100)));
    Work { changes: plan(&before, &wanted), before }
}

#[tokio::test]
async fn what_waits_is_merged_and_a_refusal_finds_its_cause() {
    let mut bench = bench(WorkerSettings::default());
    let by = Instant::now() + Duration::from_secs(10);
    let mut tasks = tokio::task::JoinSet::new();
    let mut start = |port: &'static str, work: Work| {
        let worker = bench.worker.clone();
        tasks.spawn(async move { (port, worker.apply(work, by).await) });
    };
    start("first", work(&bench.worker, "first").await);
    assert_eq!(bench.batches.recv().await, Some(1));
    for port in ["a", "b", "bad", "c"] {
        // The worker is busy with the first: what it will change must be known without it.
        let before =
            Slice { ports: [(port.parse().unwrap(), initial())].into(), ..Slice::default() };
        let mut wanted = before.clone();
        wanted.ports.values_mut().for_each(|state| {
            state.config.vlans = Some(VlanMode::access(vlan(100)));
        });
        start(port, Work { changes: plan(&before, &wanted), before });
    }
    tokio::task::yield_now().await;
    bench.gate.add_permits(100);
    let mut outcomes = Vec::new();
    while let Some(done) = tasks.join_next().await {
        let (port, outcome) = done.unwrap();
        outcomes.push((port, outcome.map(|applied: Applied| applied.operations.len())));
    }
    for (port, outcome) in outcomes {
        match port {
            "bad" => assert!(matches!(outcome, Err(DeviceError::Rejected { .. })), "{outcome:?}"),
            _ => assert_eq!(outcome, Ok(1), "{port}"),
        }
    }
    let mut sizes = Vec::new();
    while let Ok(size) = bench.batches.try_recv() {
        sizes.push(size);
    }
    assert_eq!(sizes, [4, 2, 2, 1, 1]);
}

fn initial() -> switch::PortState {
    let config = model::PortConfig {
        vlans: Some(VlanMode::Closed),
        admin: Some(model::AdminState::Up),
        stp_edge: Some(false),
        bpdu_guard: Some(false),
        ..model::PortConfig::default()
    };
    switch::PortState { config, ..switch::PortState::default() }
}

#[tokio::test]
async fn a_request_whose_deadline_passed_is_never_carried_out() {
    let mut bench = bench(WorkerSettings::default());
    let (first, late) = (work(&bench.worker, "first").await, work(&bench.worker, "late").await);
    let worker = bench.worker.clone();
    let far = Instant::now() + Duration::from_secs(10);
    let running = background(async move { worker.apply(first, far).await });
    assert_eq!(bench.batches.recv().await, Some(1));
    let soon = Instant::now() + Duration::from_millis(50);
    let given_up = bench.worker.apply(late, soon).await;
    assert!(matches!(given_up, Err(DeviceError::TimedOut { sent: false, .. })), "{given_up:?}");
    bench.gate.add_permits(100);
    running.await.unwrap().unwrap();
    let port = "late".parse().unwrap();
    let seen = bench.worker.observe(Query::ports([&port]), far).await.unwrap();
    assert_eq!(seen.slice.vlans_of(&port), Some(&VlanMode::Closed));
    assert!(bench.batches.try_recv().is_err());
}

#[tokio::test]
async fn a_request_that_has_begun_by_its_deadline_may_have_been_carried_out() {
    let mut bench = bench(WorkerSettings::default());
    let first = work(&bench.worker, "first").await;
    let soon = Instant::now() + Duration::from_millis(50);
    let given_up = bench.worker.apply(first, soon).await;
    assert!(matches!(given_up, Err(DeviceError::TimedOut { sent: true, .. })), "{given_up:?}");
    assert_eq!(bench.batches.recv().await, Some(1));
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let mut bench = bench(WorkerSettings { queue: 1, ..WorkerSettings::default() });
    let first = work(&bench.worker, "first").await;
    let worker = bench.worker.clone();
    let far = Instant::now() + Duration::from_secs(10);
    let running = background(async move { worker.apply(first, far).await });
    assert_eq!(bench.batches.recv().await, Some(1));
    let queued = bench.worker.clone();
    let port: model::PortName = "p".parse().unwrap();
    let query = Query::ports([&port]);
    let waiting = background({
        let query = query.clone();
        async move { queued.observe(query, far).await }
    });
    tokio::task::yield_now().await;
    let refused = bench.worker.observe(query, far).await;
    assert!(matches!(refused, Err(DeviceError::Unreachable { .. })), "{refused:?}");
    bench.gate.add_permits(100);
    running.await.unwrap().unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_closed_and_opened_again() {
    let bench = bench(WorkerSettings::default());
    bench.gate.add_permits(100);
    drop(work(&bench.worker, "p").await);
    assert!(bench.worker.status().connected);
    assert_eq!(bench.noop.open_sessions(), 1);
    tokio::time::advance(Duration::from_secs(301)).await;
    while bench.worker.status().connected {
        tokio::task::yield_now().await;
    }
    assert_eq!(bench.noop.open_sessions(), 0);
    drop(work(&bench.worker, "p").await);
    assert_eq!(bench.noop.sessions(), 2);
}
