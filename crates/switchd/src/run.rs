//! The service from its start to its end.
//!
//! It starts in the order configuration, policy, audit log, switches, listeners: nobody is let in
//! before everything is ready. It ends in the opposite order: no more calls are taken, running ones
//! come to their end, what is not saved is saved, sessions are closed.

use std::{
    fs::DirBuilder, os::unix::fs::DirBuilderExt as _, path::PathBuf, sync::Arc, time::Duration,
};

use metrics_exporter_prometheus::PrometheusHandle;
use switch::{
    Inventory, Service, State,
    audit::{self, AuditLog, AuditOptions},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Semaphore, oneshot},
    task::JoinSet,
    time::{Instant, interval, timeout_at},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{error, info, warn};

use crate::{
    access::{self, Access},
    build,
    config::{Config, MethodTable},
    error::Error,
    http::{Bound, Calls, Dispatcher, Door, Doors, Listening, Refusals, Serving, Table, serve},
    ironic::IronicTable,
    methods::Methods,
    notify, reload, telemetry,
};

/// How often the metrics recorder sorts what it has; its own default.
const UPKEEP: Duration = Duration::from_secs(5);

/// How the service is run.
#[derive(Debug, Default)]
pub struct RunOptions {
    /// Told where the service listens as soon as it does.
    pub ready: Option<oneshot::Sender<Vec<Listening>>>,
    /// Ends the service. Without it the process's signals do: SIGTERM and SIGINT end, SIGHUP
    /// reloads.
    pub stop: Option<CancellationToken>,
    /// Whether to send the process's log where the configuration says. A process that has a log of
    /// its own leaves this out.
    pub log: bool,
}

/// Runs the service until it is told to stop.
pub async fn run(path: PathBuf, options: RunOptions) -> Result<(), Error> {
    let RunOptions { ready, stop, log } = options;
    let config = Config::load(&path)?;
    if log {
        telemetry::log(&config.log)?;
    }
    // Asked for first, so that no signal that comes from now on ends the process by itself.
    let signals = match &stop {
        Some(_) => None,
        None => Some(Signals::new()?),
    };
    let stop = stop.unwrap_or_default();
    let metrics = telemetry::metrics()?;
    let running = Running::start(config, metrics, stop.clone()).await?;

    let addresses: Vec<_> = running.listening.iter().map(ToString::to_string).collect();
    info!(addresses = addresses.join(" "), version = env!("CARGO_PKG_VERSION"), "ready");
    notify::tell("READY=1");
    if let Some(ready) = ready {
        // Whoever asked may have gone; the service is there all the same.
        let _ = ready.send(running.listening.clone());
    }
    match signals {
        Some(signals) => signals.until_stop(&running).await,
        None => stop.cancelled().await,
    }
    info!("stopping");
    notify::tell("STOPPING=1");
    stop.cancel();
    running.finish().await;
    Ok(())
}

/// Reads everything that the service would read, and touches nothing: the configuration, the
/// policy, password files, certificates and secrets. Plugins are started to describe themselves,
/// and ended.
pub async fn check(path: &std::path::Path) -> Result<Config, Error> {
    let config = Config::load(path)?;
    build::state(&config, &Inventory::default(), &TaskTracker::new()).await?;
    access::read_all(&config).await?;
    build::check_secrets(&config).await?;
    Ok(config)
}

/// The method tables over one service, which share its places for calls.
struct Tables {
    native: Arc<dyn Table>,
    ironic: Arc<dyn Table>,
}

impl Tables {
    fn new(config: &Config, service: &Arc<Service>, places: Calls) -> Self {
        let methods = Arc::new(Methods::new(Arc::clone(service)));
        let native = Dispatcher::new(methods, &config.limits, places.clone());
        let ironic = IronicTable::new(Arc::clone(service), config.ironic, places);
        Self { native: Arc::new(native), ironic: Arc::new(ironic) }
    }

    fn of(&self, methods: MethodTable) -> Arc<dyn Table> {
        Arc::clone(match methods {
            MethodTable::Native => &self.native,
            MethodTable::Ironic => &self.ironic,
        })
    }
}

/// A service that is up.
pub(crate) struct Running {
    pub(crate) config: Config,
    pub(crate) service: Arc<Service>,
    pub(crate) access: Vec<Access>,
    listening: Vec<Listening>,
    /// Calls at work.
    calls: TaskTracker,
    /// Accept loops and upkeep; they end with `stop`.
    loops: JoinSet<()>,
}

impl Running {
    async fn start(
        config: Config,
        metrics: PrometheusHandle,
        stop: CancellationToken,
    ) -> Result<Self, Error> {
        let tasks = TaskTracker::new();
        let state = build::state(&config, &Inventory::default(), &tasks).await?;
        build::check_secrets(&config).await?;
        let read = access::read_all(&config).await?;
        let (audit, in_doubt) = open_audit(&config).await?;
        for change in &in_doubt {
            let ports: Vec<_> = change.ports.iter().map(ToString::to_string).collect();
            warn!(
                change = change.change,
                ports = ports.join(", "),
                since = %change.time,
                who = change.who,
                "ports in doubt: their last change has no known end; verify or repeat it"
            );
        }
        let state_dir = config.state_dir.clone();
        let service = Arc::new(Service::new(state, state_dir, (audit, in_doubt), tasks)?);

        let calls = TaskTracker::new();
        let places = Calls::new(&config.limits, calls.clone());
        let tables = Tables::new(&config, &service, places);
        let watched = Arc::new(telemetry::Watch::new(Arc::clone(&service)));
        let (refusals, recorder) = Refusals::new();
        let mut access = Vec::new();
        let mut doors = Vec::new();
        for (listen, read) in config.listen.iter().zip(read) {
            let bound = Bound::bind(listen).await.map_err(|problem| Error::Listen {
                address: listen.address.to_string(),
                problem,
            })?;
            let by = Access::new(listen, &config.limits, read);
            let router = Doors {
                table: tables.of(listen.methods),
                path: listen.path.clone(),
                authenticator: by.authenticator.clone(),
                refusals: refusals.clone(),
                listener: bound.listening().to_string(),
                watched: Arc::<telemetry::Watch>::clone(&watched),
                metrics: metrics.clone(),
                body_bytes: config.limits.body_bytes,
                receive_timeout: config.limits.receive_timeout,
            }
            .router();
            doors.push(Door { bound, tls: by.tls.clone(), router, refusals: refusals.clone() });
            access.push(by);
        }
        drop(refusals);
        let listening: Vec<_> = doors.iter().map(|door| door.bound.listening().clone()).collect();
        record_start(&service, &listening).await;

        let serving = Serving {
            places: Arc::new(Semaphore::new(config.limits.connections)),
            receive_timeout: config.limits.receive_timeout,
            idle_timeout: config.limits.idle_timeout,
            stop: stop.clone(),
            grace: config.limits.shutdown,
        };
        let mut loops = JoinSet::new();
        for door in doors {
            loops.spawn(serve(door, serving.clone()));
        }
        loops.spawn(recorder.run(Arc::clone(&service)));
        loops.spawn(upkeep(metrics, stop));
        Ok(Self { config, service, access, listening, calls, loops })
    }

    /// Ends what runs; its stop token has been cancelled.
    async fn finish(self) {
        let Self { config, service, calls, mut loops, .. } = self;
        let end = Instant::now() + config.limits.shutdown;
        let late = |what: &str| error!("{what} had not ended when the time to stop was up");
        calls.close();
        let ended = async {
            while loops.join_next().await.is_some() {}
            calls.wait().await;
        };
        if timeout_at(end, ended).await.is_err() {
            late("running calls");
        }
        // The last that knows a worker lets go of it here; it saves, closes its session, and ends.
        service.reload(State::default());
        service.tasks().close();
        if timeout_at(end, service.tasks().wait()).await.is_err() {
            late("workers of switches");
        }
    }
}

async fn open_audit(config: &Config) -> Result<(AuditLog, Vec<audit::InDoubt>), Error> {
    let options = AuditOptions { fsync: config.audit.fsync, max_bytes: config.audit.max_bytes };
    let (file, folder) = (config.audit.file.clone(), config.state_dir.clone());
    // The log is usually there, and is opened before the lock files are kept.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&folder);
    made.map_err(|error| Error::Process {
        what: "the folder `state_dir`",
        problem: format!("`{}`: {error}", folder.display()),
    })?;
    let opened = tokio::task::spawn_blocking(move || AuditLog::open(file, options)).await;
    let broke = |error: tokio::task::JoinError| Error::Process {
        what: "the audit log",
        problem: error.to_string(),
    };
    Ok(opened.map_err(broke)??)
}

async fn record_start(service: &Service, listening: &[Listening]) {
    let start = audit::Start {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        listeners: listening.iter().map(ToString::to_string).collect(),
    };
    if let Err(error) = service.audit().append(start).await {
        // Looking still works, and changes are refused by the log itself.
        error!(%error, "the start could not be recorded; changes are refused until it can");
    }
}

async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    let mut ticks = interval(UPKEEP);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        metrics.run_upkeep();
    }
}

/// The process's signals.
struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> Result<Self, Error> {
        let on = |kind| {
            signal(kind)
                .map_err(|error| Error::Process { what: "signals", problem: error.to_string() })
        };
        Ok(Self {
            hangup: on(SignalKind::hangup())?,
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
        })
    }

    async fn until_stop(mut self, running: &Running) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => tokio::select! {
                    () = reload::reload(running) => {}
                    // A reload that is dropped has changed nothing.
                    _ = self.terminate.recv() => return,
                    _ = self.interrupt.recv() => return,
                },
            }
        }
    }
}
