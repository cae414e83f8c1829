//! The run: which rule comes when, and what is kept between them.

use std::sync::Arc;

use model::{PortName, Vlan};
use secrecy::SecretString;
use switch::Slice;

use super::{
    report::{Check, Failure, Report, Verdict},
    rules::{self, Rule},
};
use crate::plugin::{
    Description, Error, Fault, PluginSettings, SecretSource, Violation,
    driver::{Started, start, stop},
    process::Graveyard,
    program,
};

/// How often a plugin may lose its session before the rest is not tried any more.
const MOST_LOSSES: u32 = 4;

/// What a failure says when the plugin was not even tried.
const GIVEN_UP: &str = "it was given up after it had failed too often";

/// The name of a secret that the run makes up, to see where it comes out again.
const CANARY: &str = "mercury_check";

/// What a run is given.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// The ports that may be changed; two for LAGs and batches.
    pub ports: Vec<PortName>,
    /// VLANs that may be used on them.
    pub vlans: [Vlan; 4],
}

/// Starts the plugin, asks it to describe itself, and ends it.
pub async fn describe(settings: &PluginSettings) -> Result<Description, Error> {
    let started = start(settings, &Graveyard::default()).await?;
    // How it ends is for a check to say.
    let _ = stop(started.conversation, settings.stop_grace).await;
    Ok(started.description)
}

/// Checks a plugin.
pub async fn check(mut settings: PluginSettings, options: CheckOptions) -> Report {
    let canary = format!("mercury-check-{:016x}", rand::random::<u64>());
    let canary: Arc<dyn SecretSource> = Arc::new(SecretString::from(canary));
    settings.secrets.insert(CANARY.to_owned(), canary);
    settings.log = false;
    let mut runner = Runner::new(settings, options);
    runner.all().await;
    // What was killed on the way is gone before the report is there.
    runner.live = None;
    let _ = runner.graveyard.wait().await;
    runner.report()
}

pub(super) type Judged = Result<Verdict, Failure>;

pub(super) struct Runner {
    pub(super) settings: PluginSettings,
    pub(super) options: CheckOptions,
    pub(super) graveyard: Graveyard,
    pub(super) live: Option<Started>,
    pub(super) description: Option<Description>,
    /// What the ports were before anything was changed.
    pub(super) first: Option<Slice>,
    /// Where a secret came out.
    pub(super) leak: Option<String>,
    pub(super) losses: u32,
    checks: Vec<Check>,
}

/// What a rule that was kept is told as.
pub(super) const fn passed() -> Verdict {
    Verdict::Passed { note: None }
}

/// What a rule that does not apply is told as.
pub(super) fn skipped(why: impl Into<String>) -> Verdict {
    Verdict::Skipped { why: why.into() }
}

impl Runner {
    fn new(settings: PluginSettings, options: CheckOptions) -> Self {
        Self {
            settings,
            options,
            graveyard: Graveyard::default(),
            live: None,
            description: None,
            first: None,
            leak: None,
            losses: 0,
            checks: Vec::new(),
        }
    }

    fn report(self) -> Report {
        Report {
            program: self.settings.program.display().to_string(),
            description: self.description,
            checks: self.checks,
        }
    }

    /// Keeps what came of a rule; a broken one is told what to do by the rule.
    pub(super) fn record(&mut self, rule: Rule, judged: Judged) -> bool {
        let Rule { name, text, todo } = rule;
        let verdict = judged.unwrap_or_else(|failure| match failure {
            Failure { came, .. } if came == GIVEN_UP => skipped(GIVEN_UP),
            Failure { todo: "", sent, came } => Verdict::Failed(Failure { sent, came, todo }),
            failure => Verdict::Failed(failure),
        });
        let good = !matches!(verdict, Verdict::Failed(_));
        self.checks.push(Check { name, rule: text, verdict });
        good
    }

    async fn all(&mut self) {
        let program = self.settings.program.display().to_string();
        let runnable = program::check(&self.settings.program)
            .map(|()| passed())
            .map_err(|problem| fail(format!("looked at `{program}`"), problem));
        if !self.record(rules::PROGRAM, runnable) {
            return;
        }
        let started = self.started().await;
        if !self.record(rules::DESCRIBE, started) {
            return;
        }
        let closed = self.close().await;
        self.record(rules::CLOSE, closed.ended);
        self.record(rules::LEAVES_NOTHING, closed.left);
        let same = self.describes_the_same().await;
        if self.record(rules::DESCRIBES_THE_SAME, same) {
            self.words().await;
            self.changes().await;
            let quiet = self.quiet().await;
            self.record(rules::QUIET, quiet);
            let memory = self.memory().await;
            self.record(rules::MEMORY, memory);
        }
        let ended = self.end_of_input().await;
        self.record(rules::END_OF_INPUT, ended);
        let ended = self.sigterm().await;
        self.record(rules::SIGTERM, ended);
        self.secrets();
    }

    /// Starts a process, and keeps what it says of itself when it is the first.
    async fn started(&mut self) -> Judged {
        let started = self.restart().await?;
        let Description { name, version, .. } = &started.description;
        let version = version.as_ref().map_or_else(String::new, |version| format!(" {version}"));
        let note = Some(format!("{name}{version}"));
        self.description = Some(started.description.clone());
        Ok(Verdict::Passed { note })
    }

    /// The process that is running, or a new one.
    pub(super) async fn restart(&mut self) -> Result<&mut Started, Failure> {
        let started = match self.live.take() {
            Some(started) => started,
            None => {
                if self.losses >= MOST_LOSSES {
                    return Err(fail("started it again", GIVEN_UP));
                }
                let sent = format!("started it and sent {}", self.describe_line());
                start(&self.settings, &self.graveyard).await.map_err(|error| {
                    self.losses += 1;
                    match error {
                        Error::Start { fault, .. } => blame(sent, &fault),
                        other => fail(sent, other.to_string()),
                    }
                })?
            }
        };
        Ok(self.live.insert(started))
    }

    fn describe_line(&self) -> String {
        let settings = serde_json::Value::Object(self.settings.settings.clone());
        let names: Vec<&str> = self.settings.secrets.keys().map(String::as_str).collect();
        let names = names.join(", ");
        format!("`describe` with the settings {settings} and the secrets {names}")
    }

    async fn describes_the_same(&mut self) -> Judged {
        let before = self.description.clone();
        let sent = format!("started it again and sent {}", self.describe_line());
        let now = &self.restart().await?.description;
        let before = before.as_ref().unwrap_or(now);
        match crate::plugin::validate::difference(before, now) {
            None => Ok(passed()),
            Some(difference) => Err(fail(sent, difference)),
        }
    }

    fn secrets(&mut self) {
        self.look_for_leaks();
        let judged = match self.leak.take() {
            None => Ok(passed()),
            Some(came) => Err(fail("gave it secrets with `describe`", came)),
        };
        self.record(rules::SECRETS, judged);
    }

    /// Whether the running process has written a secret to its standard error.
    pub(super) fn look_for_leaks(&mut self) {
        if self.live.as_ref().is_some_and(|live| live.conversation.process.leaked()) {
            self.leak.get_or_insert_with(|| "a secret on its standard error".to_owned());
        }
    }
}

/// A rule that was broken by a fault that is wrong in any rule.
pub(super) fn blame(sent: impl Into<String>, fault: &Fault) -> Failure {
    let todo = match fault {
        Fault::System { problem } if problem == GIVEN_UP => return fail(sent, GIVEN_UP),
        Fault::Ended { .. } | Fault::Gone { .. } => {
            "its last words say why it ended; run it by hand, and give it the line that was sent"
        }
        Fault::Silent { .. } | Fault::Deaf { .. } => {
            "read each line when it comes, answer it, and flush standard output after each answer"
        }
        Fault::Violated { violation: Violation::Wrong { .. }, .. } => "",
        Fault::Violated { .. } => {
            "write to standard output exactly one line for each request: its answer, with its id"
        }
        Fault::Refused { .. } | Fault::Changed { .. } | Fault::System { .. } => "",
    };
    Failure { todo, ..fail(sent, fault.to_string()) }
}

/// A rule that was broken; what to do about it is the rule's to say.
pub(super) fn fail(sent: impl Into<String>, came: impl Into<String>) -> Failure {
    Failure { sent: sent.into(), came: came.into(), todo: "" }
}
