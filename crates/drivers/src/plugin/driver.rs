//! The driver: a plugin behind the core's traits.
//!
//! A session is a process: it begins with `describe` and ends with `close`, and any doubt about it
//! (silence, a broken protocol, its end) ends it. What a plugin says of itself is taken once, when
//! the driver is made, because the core plans with it; a process that says otherwise later is not
//! used until the configuration is read again.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use model::PortNaming;
use serde_json::{Map, Value};
use switch::{
    BatchOutcome, Capabilities, DeviceError, Driver, Observation, PortMatch, Query, Session, Work,
};
use tokio::time::Instant;
use tracing::warn;

use super::{
    SecretSource,
    backoff::{Backoff, RESTARTS, TooEarly},
    call::Conversation,
    error::{Error, Fault, Violation},
    process::{Ending, Graveyard, Launch, Process},
    program,
    redact::Redactor,
    stderr::Whose,
    validate,
    wire::{self, Apply, Describe, Description, Nothing, Observe, PROTOCOL, Resolve, method},
};

/// A plugin and the switch that it is for.
#[derive(Debug, Clone)]
pub struct PluginSettings {
    /// The switch's name, for the plugin and the log.
    pub switch: String,
    /// The program, by its absolute path.
    pub program: PathBuf,
    /// Its arguments; every user of the machine can read them.
    pub arguments: Vec<String>,
    /// All of its environment. Default empty.
    pub environment: BTreeMap<String, String>,
    /// Its working directory. Default `/`.
    pub directory: PathBuf,
    /// What the configuration says to it; its own words.
    pub settings: Map<String, Value>,
    /// Its credentials, which it gets over the pipe.
    pub secrets: BTreeMap<String, Arc<dyn SecretSource>>,
    /// How much memory each of its processes may write to. Default 512 MiB: an interpreter with an
    /// SSH library takes a tenth.
    pub memory_bytes: u64,
    /// How long it may take to start and describe itself. Default 10 s.
    pub start_timeout: Duration,
    /// How long an answer may take. Default 10 s.
    pub answer_timeout: Duration,
    /// How long it may take to end after its input was closed, and again after SIGTERM. Default 2 s.
    pub stop_grace: Duration,
    /// Whether its standard error goes into the log. Default yes.
    pub log: bool,
}

impl PluginSettings {
    /// The defaults, for this program.
    pub fn new(switch: impl Into<String>, program: impl Into<PathBuf>) -> Self {
        Self {
            switch: switch.into(),
            program: program.into(),
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            directory: PathBuf::from("/"),
            settings: Map::new(),
            secrets: BTreeMap::new(),
            memory_bytes: 512 << 20,
            start_timeout: Duration::from_secs(10),
            answer_timeout: Duration::from_secs(10),
            stop_grace: Duration::from_secs(2),
            log: true,
        }
    }

    fn shown(&self) -> String {
        self.program.display().to_string()
    }
}

/// A process that has described itself.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) conversation: Conversation,
    pub(super) description: Description,
    pub(super) redactor: Arc<Redactor>,
}

/// Starts a process and has it describe itself.
pub(super) async fn start(
    settings: &PluginSettings,
    graveyard: &Graveyard,
) -> Result<Started, Error> {
    let program = || settings.program.clone();
    program::check(&settings.program)
        .map_err(|problem| Error::Program { program: program(), problem })?;
    let mut secrets = BTreeMap::new();
    for (name, source) in &settings.secrets {
        let secret = source.value().await.map_err(|problem| Error::Secret {
            program: program(),
            name: name.clone(),
            problem,
        })?;
        secrets.insert(name.clone(), secret);
    }
    let failed = |fault| Error::Start { program: program(), fault };
    let system = |problem| failed(Fault::System { problem });
    graveyard.wait().await.map_err(system)?;
    let redactor = Arc::new(Redactor::new(secrets.values()));
    let launch = Launch {
        program: program(),
        arguments: settings.arguments.clone(),
        environment: settings.environment.clone(),
        directory: settings.directory.clone(),
        memory_bytes: settings.memory_bytes,
    };
    let name = settings.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let whose = Whose { switch: settings.switch.clone(), plugin: name, log: settings.log };
    let process = Process::start(&launch, whose, Arc::clone(&redactor), graveyard.clone());
    let mut conversation = Conversation::new(process.map_err(system)?);
    let ask = Describe {
        protocol: PROTOCOL,
        switch: &settings.switch,
        settings: &settings.settings,
        secrets: &secrets,
    };
    let answer = conversation.call(method::DESCRIBE, &ask, settings.start_timeout).await;
    let violated = |violation| failed(Fault::violated(violation, false));
    let description = answer
        .map_err(|fault| clean(fault, &redactor))
        .map_err(failed)
        .and_then(|value| wire::result(method::DESCRIBE, value).map_err(violated))
        .and_then(|description| validate::description(description).map_err(violated));
    match description {
        Ok(description) => Ok(Started { conversation, description, redactor }),
        Err(error) => {
            // It is gone before anybody is told that it failed.
            conversation.process.kill().await;
            Err(error)
        }
    }
}

/// A fault's own words without secrets.
pub(super) fn clean(fault: Fault, redactor: &Redactor) -> Fault {
    match fault {
        Fault::Refused { method, code, message } => {
            Fault::Refused { method, code, message: redactor.clean(message) }
        }
        Fault::Violated { violation, sent } => {
            Fault::Violated { violation: clean_violation(violation, redactor), sent }
        }
        // What it said on its standard error was cleaned when it was heard.
        other => other,
    }
}

fn clean_violation(violation: Violation, redactor: &Redactor) -> Violation {
    let clean = |text: String| redactor.clean(text);
    match violation {
        Violation::NotUtf8 { at, near } => Violation::NotUtf8 { at, near: clean(near) },
        Violation::NotJson { problem, near } => {
            Violation::NotJson { problem: clean(problem), near: clean(near) }
        }
        Violation::NotAnAnswer { problem, near } => {
            Violation::NotAnAnswer { problem: clean(problem), near: clean(near) }
        }
        Violation::WrongId { wanted, got } => Violation::WrongId { wanted, got: clean(got) },
        Violation::Unasked { near } => Violation::Unasked { near: clean(near) },
        Violation::Wrong { method, problem } => {
            Violation::Wrong { method, problem: clean(problem) }
        }
        Violation::TooLong { .. } | Violation::TooDeep { .. } => violation,
    }
}

/// Says goodbye and ends the process.
pub(super) async fn stop(
    mut conversation: Conversation,
    grace: Duration,
) -> (Result<(), Fault>, Ending) {
    let answer = conversation.call(method::CLOSE, &Nothing {}, grace).await;
    let answer = answer.and_then(|value| {
        let read: Result<Nothing, _> = wire::result(method::CLOSE, value);
        read.map(drop).map_err(|violation| Fault::violated(violation, false))
    });
    let ending = conversation.process.stop(grace).await;
    (answer, ending)
}

/// The driver of one switch that a plugin speaks to.
pub struct PluginDriver {
    settings: Arc<PluginSettings>,
    description: Description,
    shared: Shared,
}

/// What outlives a process.
#[derive(Debug, Clone)]
struct Shared {
    backoff: Arc<Mutex<Backoff>>,
    graveyard: Graveyard,
}

impl Default for Shared {
    fn default() -> Self {
        let backoff = Arc::new(Mutex::new(Backoff::new(RESTARTS)));
        Self { backoff, graveyard: Graveyard::default() }
    }
}

impl Shared {
    fn backoff(&self) -> MutexGuard<'_, Backoff> {
        self.backoff.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, settings: &PluginSettings, why: &str) {
        let pause = self.backoff().failed(Instant::now(), why);
        warn!(
            switch = settings.switch,
            plugin = settings.shown(),
            pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX),
            "plugin failed: {why}"
        );
    }
}

fn too_early(early: &TooEarly) -> String {
    format!(
        "it has failed {} times in a row and is started again in {} ms; the last time: {}",
        early.failures,
        early.left.as_millis(),
        early.why
    )
}

impl PluginDriver {
    /// Starts the plugin once, takes what it says of itself, and ends it.
    pub async fn start(settings: PluginSettings) -> Result<Self, Error> {
        let shared = Shared::default();
        let Started { conversation, description, .. } = start(&settings, &shared.graveyard).await?;
        // It has said what it was started for; how it ends is for a conformance run.
        let _ = stop(conversation, settings.stop_grace).await;
        Ok(Self { settings: Arc::new(settings), description, shared })
    }

    /// What the plugin says of itself.
    pub const fn description(&self) -> &Description {
        &self.description
    }
}

#[async_trait]
impl Driver for PluginDriver {
    fn name(&self) -> &'static str {
        "plugin"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.description.capabilities
    }

    fn naming(&self) -> PortNaming {
        self.description.port_naming
    }

    /// The core's own words, one change a line: what a plugin makes of them is not known before it
    /// is asked, and asking it would not be pure.
    fn render(&self, work: &Work) -> Vec<String> {
        work.changes.iter().map(ToString::to_string).collect()
    }

    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        let address = self.settings.shown();
        let unreachable =
            |reason: String| DeviceError::Unreachable { address: address.clone(), reason };
        let held = self.shared.backoff().check(Instant::now());
        held.map_err(|early| unreachable(too_early(&early)))?;
        let started = match start(&self.settings, &self.shared.graveyard).await {
            Ok(started) => started,
            Err(Error::Start { fault, .. }) => {
                self.shared.failed(&self.settings, &fault.to_string());
                return Err(unreachable(fault.to_string()));
            }
            Err(error @ (Error::Program { .. } | Error::Secret { .. })) => {
                return Err(unreachable(error.to_string()));
            }
        };
        let Started { conversation, description, redactor } = started;
        if let Some(difference) = validate::difference(&self.description, &description) {
            let fault = Fault::Changed { difference };
            self.shared.failed(&self.settings, &fault.to_string());
            return Err(fault.device_error(&address, false));
        }
        Ok(Box::new(PluginSession {
            conversation,
            settings: Arc::clone(&self.settings),
            capabilities: self.description.capabilities.clone(),
            redactor,
            shared: self.shared.clone(),
        }))
    }
}

/// A running process.
struct PluginSession {
    conversation: Conversation,
    settings: Arc<PluginSettings>,
    capabilities: Capabilities,
    redactor: Arc<Redactor>,
    shared: Shared,
}

impl PluginSession {
    async fn ask<T>(
        &mut self,
        method: &'static str,
        params: &impl serde::Serialize,
        read: impl FnOnce(&Self, Value) -> Result<T, Violation>,
    ) -> Result<T, DeviceError> {
        let answer = self.conversation.call(method, params, self.settings.answer_timeout).await;
        let answer = answer.and_then(|value| {
            read(self, value).map_err(|violation| Fault::violated(violation, true))
        });
        answer.map_err(|fault| {
            let fault = clean(fault, &self.redactor);
            let error = fault.clone().device_error(&self.settings.shown(), method == method::APPLY);
            // A process that ended while nobody spoke to it is started again without reproach.
            if error.session_lost() && !matches!(fault, Fault::Gone { .. }) {
                self.shared.failed(&self.settings, &fault.to_string());
            }
            error
        })
    }
}

#[async_trait]
impl Session for PluginSession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        self.ask(method::OBSERVE, &Observe::from(query), |session, value| {
            let answer = wire::result(method::OBSERVE, value)?;
            validate::observation(query, &session.capabilities, answer)
        })
        .await
    }

    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        let ask = match Apply::new(batch) {
            Ok(ask) => ask,
            Err(misfit) => {
                let what = misfit.to_string();
                return BatchOutcome::RefusedWhole(DeviceError::Unsupported { what });
            }
        };
        let answer = self
            .ask(method::APPLY, &ask, |session, value| {
                let wire::Outcomes { outcomes } = wire::result(method::APPLY, value)?;
                validate::outcomes(batch.len(), outcomes, &session.redactor)
            })
            .await;
        match answer {
            Ok(outcomes) => {
                if outcomes.iter().any(Result::is_ok) {
                    self.shared.backoff().good();
                }
                BatchOutcome::Each(outcomes)
            }
            Err(error) if error.may_have_applied() => {
                BatchOutcome::Each(batch.iter().map(|_| Err(error.clone())).collect())
            }
            Err(error) => BatchOutcome::RefusedWhole(error),
        }
    }

    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        self.ask(method::SAVE, &Nothing {}, |session, value| {
            let wire::Saved { answers } = wire::result(method::SAVE, value)?;
            Ok(validate::answers(answers, &session.redactor))
        })
        .await
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        self.ask(method::RESOLVE, &Resolve { text }, |_, value| {
            let wire::Resolved { matches } = wire::result(method::RESOLVE, value)?;
            validate::matches(matches)
        })
        .await
    }

    async fn close(self: Box<Self>) {
        let Self { conversation, settings, shared, .. } = *self;
        if let (Ok(()), Ending::ByItself) = stop(conversation, settings.stop_grace).await {
            shared.backoff().good();
        }
    }
}
