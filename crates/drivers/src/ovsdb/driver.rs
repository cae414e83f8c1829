//! The driver: Open vSwitch behind the core's traits.
//!
//! A batch of works is one transaction, so it takes effect at one instant or not at all; if the
//! switch refuses it, the core finds out whose fault it was by sending halves. After the commit
//! the session waits until `ovs-vswitchd` has taken the change into its data path, for at most
//! [`OvsdbSettings::apply_timeout`]: a switch whose `ovs-vswitchd` is dead has the change in its
//! database, will apply it when it comes back, and is reported as "may have applied".
//!
//! A session keeps out what older ones sent and gave up (`fence`), so what it reads first is what
//! came of that.
//!
//! Ports are touched on one bridge only, and its own port is left out. OpenFlow rules of a
//! controller bypass VLANs altogether; a bridge under a controller is not a switch in this sense.

use std::time::Duration;

use async_trait::async_trait;
use model::{PortName, PortNaming};
use switch::{
    Applied, BatchOutcome, Capabilities, DeviceError, Driver, Observation, PortMatch, Query,
    Session, Work,
};
use tokio::time::Instant;
use tracing::warn;

use super::address::Address;
use super::apply::{Planned, operations, query, unchanged};
use super::capabilities::capabilities;
use super::connection::{Connection, Options};
use super::error::Error;
use super::errors::{NOT_APPLIED, device_error};
use super::fence::{is_lost, lock_name, taken_over};
use super::observe::read;
use super::operation::Operation;
use super::outcome::Outcome;
use super::parse::Picture;
use super::render::{lines, steps};
use super::resolve::candidates;
use super::tls::TlsFiles;

/// How long a reading waits for `ovs-vswitchd` to catch up with a change that somebody made just
/// before: it ordinarily takes milliseconds, and a reading must leave time for what follows it.
const CATCH_UP: Duration = Duration::from_secs(1);

/// How to reach one Open vSwitch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvsdbSettings {
    /// Where its `ovsdb-server` listens.
    pub address: Address,
    /// The bridge whose ports are the switch's ports. Default `br0`.
    pub bridge: String,
    /// For an `ssl:` address.
    pub tls: Option<TlsFiles>,
    /// The longest that a connection or an answer may take. Default 5 s. It bounds what the
    /// caller's own deadline does not, and tells better than that whether a change had been sent.
    pub timeout: Duration,
    /// The longest that `ovs-vswitchd` may take to apply what is committed. Default 5 s; it
    /// ordinarily takes milliseconds.
    pub apply_timeout: Duration,
    /// Limits of the connection.
    pub options: Options,
}

impl OvsdbSettings {
    /// The defaults, for the server at this address.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            bridge: "br0".to_owned(),
            tls: None,
            timeout: Duration::from_secs(5),
            apply_timeout: Duration::from_secs(5),
            options: Options::default(),
        }
    }
}

/// One Open vSwitch.
#[derive(Debug)]
pub struct OvsdbDriver {
    settings: OvsdbSettings,
    capabilities: Capabilities,
}

impl OvsdbDriver {
    /// The driver of the switch with these settings; it connects when a session is opened.
    #[must_use]
    pub fn new(settings: OvsdbSettings) -> Self {
        Self { settings, capabilities: capabilities() }
    }
}

#[async_trait]
impl Driver for OvsdbDriver {
    fn name(&self) -> &'static str {
        "ovsdb"
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn naming(&self) -> PortNaming {
        PortNaming::Exact
    }

    /// One line for each row that changes, with names in place of the UUIDs that are sent.
    fn render(&self, work: &Work) -> Vec<String> {
        lines(work)
    }

    /// Connects, makes sure that the bridge is there, and takes its lock from older sessions.
    async fn open(&self) -> Result<Box<dyn Session>, DeviceError> {
        let settings = self.settings.clone();
        let address = settings.address.to_string();
        let deadline = Instant::now() + settings.timeout;
        let (tls, options) = (settings.tls.as_ref(), settings.options);
        let connection = Connection::connect(&settings.address, tls, options, deadline)
            .await
            .map_err(|error| match device_error(error, false) {
                DeviceError::TimedOut { .. } => DeviceError::Unreachable {
                    address: address.clone(),
                    reason: format!("no answer within {:?}", settings.timeout),
                },
                other => other,
            })?;
        let refused = |error| match error {
            DeviceError::Rejected { answer, .. } => {
                DeviceError::Unreachable { address: address.clone(), reason: answer }
            }
            other => other,
        };
        let bridge = &settings.bridge;
        read(&connection, bridge, &Query::default(), deadline).await.map_err(refused)?;
        let lock = lock_name(bridge);
        connection
            .steal(&lock, deadline)
            .await
            .map_err(|error| refused(device_error(error, false)))?;
        Ok(Box::new(OvsdbSession { connection, settings, lock }))
    }
}

/// A warm connection.
struct OvsdbSession {
    connection: Connection,
    settings: OvsdbSettings,
    lock: String,
}

/// A work that is ready to be sent.
struct Ready {
    index: usize,
    planned: Vec<Planned>,
}

impl OvsdbSession {
    fn deadline(&self) -> Instant {
        Instant::now() + self.settings.timeout
    }

    async fn picture(&self, query: &Query) -> Result<Picture, DeviceError> {
        let bridge = &self.settings.bridge;
        let seen = read(&self.connection, bridge, query, self.deadline()).await?;
        Ok(seen.picture)
    }

    /// Why `ovs-vswitchd` does not do what was just read, if it does not: somebody's change waits
    /// for it, and goes on waiting after it has had its time.
    async fn pending(&self) -> Result<Option<String>, DeviceError> {
        let numbers = *self.connection.config_numbers().borrow();
        let Some(wanted) = numbers.map(|numbers| numbers.next) else { return Ok(None) };
        let deadline = Instant::now() + self.settings.apply_timeout.min(CATCH_UP);
        match self.connection.wait_applied(wanted, deadline).await {
            Ok(()) => Ok(None),
            Err(Error::NotApplied { .. }) => Ok(Some(NOT_APPLIED.to_owned())),
            Err(error) => Err(device_error(error, false)),
        }
    }

    /// Sends the works that are ready as one transaction and waits until it is in effect.
    async fn commit(&self, ready: &[Ready]) -> Result<i64, DeviceError> {
        let planned: Vec<&Planned> = ready.iter().flat_map(|work| &work.planned).collect();
        let operations: Vec<Operation> = std::iter::once(Operation::Assert(self.lock.clone()))
            .chain(planned.iter().map(|planned| planned.operation.clone()))
            .collect();
        let changed = self
            .connection
            .change(&operations, self.deadline())
            .await
            .map_err(|error| refusal(error, &operations))?;
        let complete =
            planned.iter().zip(changed.outcomes.iter().skip(1)).all(|(planned, outcome)| {
                match (planned.rows, outcome) {
                    (Some(rows), Outcome::Count(count)) => rows == *count,
                    (Some(_), _) => false,
                    (None, _) => true,
                }
            });
        if !complete {
            return Err(DeviceError::Unrecognised {
                sent: true,
                answer: "it changed another number of rows than it should have".to_owned(),
            });
        }
        let deadline = Instant::now() + self.settings.apply_timeout;
        self.connection.wait_applied(changed.config, deadline).await.map_err(|error| {
            warn!(address = self.connection.address(), %error, "committed, but not seen applied");
            match device_error(error, true) {
                DeviceError::Disconnected { reason, .. } => {
                    DeviceError::Disconnected { sent: true, reason }
                }
                other => other,
            }
        })?;
        Ok(changed.config)
    }
}

/// Puts the refused operation, and the meaning of a failed guard, into the error.
fn refusal(error: Error, operations: &[Operation]) -> DeviceError {
    let culprit = match &error {
        Error::Rejected { operation: Some(index), .. } => operations.get(*index),
        _ => None,
    };
    if is_lost(culprit, &error) {
        return taken_over();
    }
    let guard = matches!(culprit, Some(Operation::Wait { .. }));
    let shown = culprit.map(|operation| operation.render().to_string());
    match device_error(error, true) {
        DeviceError::Rejected { answer, .. } if guard => DeviceError::Rejected {
            operation: shown,
            answer: format!("somebody else has changed the port meanwhile ({answer})"),
        },
        DeviceError::Rejected { answer, .. } => DeviceError::Rejected { operation: shown, answer },
        other => other,
    }
}

#[async_trait]
impl Session for OvsdbSession {
    async fn observe(&mut self, query: &Query) -> Result<Observation, DeviceError> {
        let bridge = &self.settings.bridge;
        let seen = read(&self.connection, bridge, query, self.deadline()).await?;
        let mut observation = seen.picture.observation(query)?;
        observation.lag_names = seen.lag_names;
        observation.pending = self.pending().await?;
        Ok(observation)
    }

    async fn apply(&mut self, batch: &[Work]) -> BatchOutcome {
        if self.connection.is_robbed() {
            return BatchOutcome::RefusedWhole(taken_over());
        }
        let query = query(batch);
        let now = match self.picture(&query).await {
            Ok(picture) => picture.observation(&query).map(|now| (picture, now.slice)),
            Err(error) => Err(error),
        };
        let (picture, now) = match now {
            Ok(now) => now,
            Err(error) => return BatchOutcome::RefusedWhole(error),
        };
        let mut ready = Vec::new();
        let mut results: Vec<Result<Applied, DeviceError>> = Vec::new();
        for (index, work) in batch.iter().enumerate() {
            let planned = unchanged(work, &now)
                .and_then(|()| steps(work))
                .and_then(|steps| operations(&steps, &picture, &format!("new_{index}")));
            results.push(match planned {
                Ok(planned) if planned.is_empty() => Ok(Applied::default()),
                Ok(planned) => {
                    let operations =
                        planned.iter().map(|p| p.operation.render().to_string()).collect();
                    ready.push(Ready { index, planned });
                    Ok(Applied { operations, answers: Vec::new() })
                }
                Err(error) => Err(error),
            });
        }
        if ready.is_empty() {
            return BatchOutcome::Each(results);
        }
        let outcome = self.commit(&ready).await;
        let outcome = match outcome {
            Err(error) if !error.may_have_applied() => return BatchOutcome::RefusedWhole(error),
            outcome => outcome,
        };
        for work in &ready {
            let Some(result) = results.get_mut(work.index) else {
                continue;
            };
            match (&outcome, result.as_mut()) {
                (Ok(config), Ok(applied)) => {
                    applied.answers.push(format!("applied as configuration {config}"));
                }
                (Ok(_), Err(_)) => {}
                (Err(error), _) => *result = Err(error.clone()),
            }
        }
        BatchOutcome::Each(results)
    }

    /// There is nothing to save: a committed transaction is on the switch's disk.
    async fn save(&mut self) -> Result<Vec<String>, DeviceError> {
        Ok(Vec::new())
    }

    async fn resolve(&mut self, text: &str) -> Result<Vec<PortMatch>, DeviceError> {
        let mut matches = candidates(&self.connection, text, self.deadline()).await?;
        let names: Vec<&PortName> = matches.iter().map(|found| &found.port).collect();
        let picture = self.picture(&Query::ports(names)).await?;
        matches.retain(|found| {
            let interface = picture.interface(found.port.as_str());
            interface.is_some_and(|(uuid, _)| picture.holder(uuid).is_some())
        });
        Ok(matches)
    }

    async fn close(self: Box<Self>) {}
}
