//! The way to a switch by SSH. It is the one place that knows the SSH library.
//!
//! A host is believed by its key alone, and there is no switch to turn that off. What is outdated
//! is not offered unless the configuration names it. Nothing is forwarded to a switch: no agent, no
//! port, no environment. A login that was refused is not tried again at once, so that an account is
//! not locked by a service that insists.
//!
//! [`settings`] is what has to be known, [`algorithms`] what is offered, [`known_hosts`] (pure) and
//! [`host_keys`] who is believed, [`authenticate`] who asks, [`connection`] the way over other
//! hosts, [`channel`] what runs over it, [`fault`] the words for what goes wrong.

mod algorithms;
mod authenticate;
mod channel;
mod client;
mod connection;
mod fault;
mod host_keys;
mod known_hosts;
mod settings;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use switch::DeviceError;
use tokio::time::Instant;
use tracing::warn;

pub use self::{
    algorithms::Legacy,
    settings::{Agent, Endpoint, Fingerprint, HostKeys, Key, Method, Settings},
};
use self::{
    authenticate::Proof,
    channel::{SshCommands, SshTerminal},
    connection::Connection,
    fault::Fault,
};
use super::{
    console::Console,
    conversation::{Conversation, Credentials},
    exec::Exec,
    profile::schema::SessionKind,
    shell::Shell,
    transcript::{Recorded, Transcript},
};
use crate::backoff::{Backoff, Pace, TooEarly};

/// How refused logins are spaced out. Accounts are commonly locked after three to five failures
/// within minutes, and a login may present a password twice.
const LOGINS: Pace =
    Pace { immediate: 0, first: Duration::from_secs(30), longest: Duration::from_secs(15 * 60) };

/// Connects to one switch, again and again.
#[derive(Debug)]
pub struct Ssh {
    settings: Settings,
    refused: Mutex<Refused>,
}

/// The logins that were refused since the last that was not.
#[derive(Debug)]
struct Refused {
    backoff: Backoff,
    /// With which secrets. Others are tried at once.
    with: Vec<SecretString>,
}

/// All that a login needs.
struct Secrets {
    proofs: Vec<Proof>,
    enable: Option<SecretString>,
}

impl Secrets {
    fn all(&self) -> impl Iterator<Item = &SecretString> {
        self.proofs.iter().flat_map(|proof| &proof.secrets).chain(&self.enable)
    }
}

impl Ssh {
    /// The way to this switch. Nothing is connected yet.
    pub const fn new(settings: Settings) -> Self {
        let refused = Refused { backoff: Backoff::new(LOGINS), with: Vec::new() };
        Self { settings, refused: Mutex::new(refused) }
    }

    /// What is known of the switch.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Connects, logs in, and comes to the place where commands that read are given. Secrets are
    /// asked for anew. The caller bounds the wait.
    pub async fn dial(&self, conversation: &Conversation) -> Result<Box<dyn Console>, DeviceError> {
        let address = self.settings.shown();
        let secrets = self.secrets().await.map_err(|fault| fault.unreachable(&address))?;
        self.check(&secrets).map_err(|early| too_early(&address, &early))?;
        let opened = Connection::open(&self.settings, &secrets.proofs).await;
        let connection = opened.map_err(|fault| {
            let error = fault.unreachable(&address);
            if fault.is_refusal() {
                self.was_refused(&secrets, &error);
            }
            error
        })?;
        let transcript = self.settings.transcript.as_ref();
        let transcript = transcript
            .and_then(|settings| Transcript::open(settings, &self.settings.switch, secrets.all()));
        let console: Box<dyn Console> = match conversation.kind {
            SessionKind::Commands => {
                let commands = Recorded::new(SshCommands::new(connection), transcript);
                Box::new(Exec::new(commands, conversation, self.settings.prefix.as_deref()))
            }
            SessionKind::Terminal => {
                let Conversation { terminal, width, .. } = conversation;
                let opened = SshTerminal::open(connection, terminal, *width).await;
                let terminal = opened.map_err(|reason| DeviceError::Unreachable {
                    address: address.clone(),
                    reason,
                })?;
                let credentials = Credentials {
                    address,
                    username: self.settings.target.username.clone(),
                    password: secrets.proofs.last().and_then(|proof| proof.password.clone()),
                    enable_secret: secrets.enable.clone(),
                };
                let terminal = Recorded::new(terminal, transcript);
                let shell = Shell::come(terminal, conversation, &credentials).await;
                Box::new(shell.map_err(|refusal| {
                    if refusal.secret {
                        self.was_refused(&secrets, &refusal.error);
                    }
                    refusal.error
                })?)
            }
        };
        self.refused().backoff.good();
        Ok(console)
    }

    async fn secrets(&self) -> Result<Secrets, Fault> {
        let Settings { target, jump, enable_secret, .. } = &self.settings;
        let mut proofs = Vec::with_capacity(jump.len() + 1);
        for endpoint in jump.iter().chain([target]) {
            proofs.push(Proof::fetch(endpoint).await?);
        }
        let enable = match enable_secret {
            Some(source) => Some(source.value().await.map_err(|why| {
                Fault::Credentials(format!("the enable secret cannot be had: {why}"))
            })?),
            None => None,
        };
        Ok(Secrets { proofs, enable })
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses secrets that were just refused.
    fn check(&self, secrets: &Secrets) -> Result<(), TooEarly> {
        let mut refused = self.refused();
        let text = |secret: &SecretString| secret.expose_secret().to_owned();
        if !secrets.all().map(text).eq(refused.with.iter().map(text)) {
            refused.backoff.good();
        }
        refused.backoff.check(Instant::now())
    }

    fn was_refused(&self, secrets: &Secrets, error: &DeviceError) {
        let mut refused = self.refused();
        refused.with = secrets.all().cloned().collect();
        let pause = refused.backoff.failed(Instant::now(), &error.to_string());
        warn!(switch = self.settings.switch, pause_s = pause.as_secs(), "login refused: {error}");
    }
}

fn too_early(address: &str, early: &TooEarly) -> DeviceError {
    let TooEarly { failures, left, why } = early;
    let times = if *failures == 1 { "once".to_owned() } else { format!("{failures} times") };
    DeviceError::Unreachable {
        address: address.to_owned(),
        reason: format!(
            "its login was refused {times} in a row and is tried again in {} s, so that the \
             account is not locked; other credentials are tried at once; the last time: {why}",
            left.as_secs().saturating_add(1)
        ),
    }
}
