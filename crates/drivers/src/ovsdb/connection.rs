//! A connection to an OVSDB server.
//!
//! Any number of calls may be under way at once, each with its own deadline. A connection that has
//! failed once stays closed: every later call says why, and the caller dials a new one. Dropping
//! it closes it and ends its task.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::actor::{Actor, Call, at_least_a_moment, waiting_for};
use super::address::Address;
use super::applied::{ConfigNumbers, monitor_params, next_config, take_config};
use super::dial::dial;
use super::error::{Error, Violation};
use super::fence::Lock;
use super::framing::Limits;
use super::message;
use super::operation::Operation;
use super::outcome::{Outcome, parse_outcomes};
use super::tls::TlsFiles;

/// The limits and times of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What a message of the server may be.
    pub limits: Limits,
    /// Bytes in one request of ours. Default 8 MiB: more is a mistake of ours, found before it
    /// reaches a switch.
    pub request_bytes: usize,
    /// Calls under way at once; further ones wait for their turn. Default 64.
    pub calls: usize,
    /// Silence after which we ask whether the server lives. Default 5 s, as Open vSwitch does.
    pub keepalive_interval: Duration,
    /// Time that it then has to answer. Default 5 s.
    pub keepalive_timeout: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            request_bytes: 8 << 20,
            calls: 64,
            keepalive_interval: Duration::from_secs(5),
            keepalive_timeout: Duration::from_secs(5),
        }
    }
}

/// A committed change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// One outcome for each operation.
    pub outcomes: Vec<Outcome>,
    /// The configuration number to wait for, with [`Connection::wait_applied`].
    pub config: i64,
}

/// An open connection.
#[derive(Debug)]
pub struct Connection {
    address: String,
    calls: mpsc::Sender<Call>,
    poison: watch::Sender<Option<Violation>>,
    numbers: watch::Receiver<Option<ConfigNumbers>>,
    closed: Arc<OnceLock<String>>,
    lock: Arc<Lock>,
    next_id: AtomicU64,
    request_bytes: usize,
    _task: JoinSet<()>,
}

impl Connection {
    /// Connects and subscribes to the configuration numbers.
    ///
    /// The subscription also proves that the peer speaks OVSDB, has the database of a switch and
    /// accepts us: with TLS 1.3 a server says only after the handshake that it refuses our
    /// certificate.
    ///
    /// # Errors
    ///
    /// Nobody listens there, TLS fails, the peer does not speak OVSDB or serves another database
    /// ([`Error::Rejected`]), or `deadline` passes.
    pub async fn connect(
        address: &Address,
        tls: Option<&TlsFiles>,
        options: Options,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let stream = timeout_at(deadline, dial(address, tls)).await.map_err(|_| {
            Error::TimedOut { waiting_for: format!("a connection to `{address}`"), sent: false }
        })??;
        let options = Options {
            calls: options.calls.max(1),
            keepalive_interval: at_least_a_moment(options.keepalive_interval),
            ..options
        };
        let (call_sender, calls) = mpsc::channel(options.calls);
        let (poison_sender, poison) = watch::channel(None);
        let (number_sender, numbers) = watch::channel(None);
        let closed = Arc::new(OnceLock::new());
        let lock = Arc::new(Lock::default());
        let actor = Actor::new(
            address.to_string(),
            stream,
            calls,
            poison,
            number_sender,
            Arc::clone(&closed),
            Arc::clone(&lock),
            options,
        );
        let mut task = JoinSet::new();
        task.spawn(actor.run());
        let connection = Self {
            address: address.to_string(),
            calls: call_sender,
            poison: poison_sender,
            numbers,
            closed,
            lock,
            next_id: AtomicU64::new(1),
            request_bytes: options.request_bytes,
            _task: task,
        };
        connection.call("monitor", &monitor_params(), deadline).await?;
        Ok(connection)
    }

    /// The address that it was made to.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Why it can no longer be used; `None` while it can.
    #[must_use]
    pub fn closed(&self) -> Option<&str> {
        self.closed.get().map(String::as_str)
    }

    /// Asks whether the server lives.
    ///
    /// # Errors
    ///
    /// It does not answer, or wrongly.
    pub async fn echo(&self, deadline: Instant) -> Result<(), Error> {
        let params = json!(["mercury"]);
        let answer = self.call("echo", &params, deadline).await?;
        if answer == params {
            return Ok(());
        }
        Err(self.poisoned(Violation::shape("what was sent to echo", &answer)))
    }

    /// Takes a lock, from whoever holds it. Once this returns, no transaction that asserts the
    /// lock on an older connection can succeed any more.
    ///
    /// # Errors
    ///
    /// The server refuses (a name must be letters, digits and `_`), or the connection has a lock
    /// already.
    pub async fn steal(&self, lock: &str, deadline: Instant) -> Result<(), Error> {
        self.lock.named(lock)?;
        let answer = self.call("steal", &json!([lock]), deadline).await?;
        if answer.get("locked") == Some(&Json::Bool(true)) {
            return Ok(());
        }
        Err(self.poisoned(Violation::shape("a lock that is ours", &answer)))
    }

    /// Whether another connection is known to have taken the lock since. It does not come back.
    #[must_use]
    pub fn is_robbed(&self) -> bool {
        self.lock.is_lost()
    }

    /// Runs a transaction on the database [`DATABASE`](super::DATABASE): all of the operations or
    /// none.
    ///
    /// # Errors
    ///
    /// [`Error::Rejected`] names the operation that failed. After any other error,
    /// [`Error::may_be_applied`] says whether the transaction may have been committed.
    pub async fn transact(
        &self,
        operations: &[Operation],
        deadline: Instant,
    ) -> Result<Vec<Outcome>, Error> {
        let params: Json = std::iter::once(json!(super::DATABASE))
            .chain(operations.iter().map(Operation::render))
            .collect();
        let result = self.call("transact", &params, deadline).await?;
        parse_outcomes(operations, &result).map_err(|error| match error {
            Error::Protocol { violation, .. } => self.poisoned(violation),
            other => other,
        })
    }

    /// Runs a transaction that changes the switch, and asks `ovs-vswitchd` in the same transaction
    /// to apply it.
    ///
    /// # Errors
    ///
    /// As [`Connection::transact`].
    pub async fn change(
        &self,
        operations: &[Operation],
        deadline: Instant,
    ) -> Result<Changed, Error> {
        let mut all = operations.to_vec();
        all.extend(next_config());
        let mut outcomes = self.transact(&all, deadline).await?;
        let config = take_config(&mut outcomes).map_err(|error| match error {
            Error::Protocol { violation, .. } => self.poisoned(violation),
            other => other,
        })?;
        Ok(Changed { outcomes, config })
    }

    /// Waits until `ovs-vswitchd` has applied the configuration `config` or a later one.
    ///
    /// # Errors
    ///
    /// [`Error::NotApplied`] if `deadline` passes first (the connection stays usable), or what
    /// ended the connection.
    pub async fn wait_applied(&self, config: i64, deadline: Instant) -> Result<(), Error> {
        let mut numbers = self.numbers.clone();
        let reached = numbers.wait_for(|seen| seen.is_some_and(|n| n.current >= config));
        match timeout_at(deadline, reached).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => Err(self.disconnected(true)),
            Err(_) => {
                let seen = self.numbers.borrow().map(|n| n.current);
                Err(Error::NotApplied { wanted: config, seen })
            }
        }
    }

    /// The configuration numbers as they change; `None` while the database has no `Open_vSwitch`
    /// row. The channel closes with the connection.
    #[must_use]
    pub fn config_numbers(&self) -> watch::Receiver<Option<ConfigNumbers>> {
        self.numbers.clone()
    }

    /// Makes one call; the task keeps its deadline.
    async fn call(
        &self,
        method: &'static str,
        params: &Json,
        deadline: Instant,
    ) -> Result<Json, Error> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let bytes = message::call(id, method, params);
        if bytes.len() > self.request_bytes {
            let limit = self.request_bytes;
            return Err(Error::TooLarge { what: "the request", limit, sent: false });
        }
        if self.closed.get().is_some() {
            return Err(self.disconnected(false));
        }
        let (reply, answer) = oneshot::channel();
        let call = Call { id, method, bytes, deadline, reply };
        match timeout_at(deadline, self.calls.send(call)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(self.disconnected(false)),
            Err(_) => {
                return Err(Error::TimedOut { waiting_for: waiting_for(method), sent: false });
            }
        }
        answer.await.unwrap_or_else(|_| Err(self.disconnected(true)))
    }

    /// Closes the connection for what an answer was found to be, and gives the error for it.
    fn poisoned(&self, violation: Violation) -> Error {
        let _ = self.closed.set(violation.to_string());
        self.poison.send_replace(Some(violation.clone()));
        Error::from_violation(violation, true)
    }

    fn disconnected(&self, sent: bool) -> Error {
        let reason = self.closed().unwrap_or("its task has ended").to_owned();
        Error::Disconnected { reason, sent }
    }
}
