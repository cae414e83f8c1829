//! The one place where a switch's database changes.
//!
//! A watch channel holds the current state: the change is made under its lock, so transactions
//! are serial, and whoever shows the database to a client or applies it to the switch is told by
//! the same channel. States that nobody looked at in time are skipped, never reordered.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::database::Database;
use super::error::OvsdbError;
use super::locks::{Holder, Locks};
use super::transact::{Outcome, execute};
use crate::faults::{Fault, Faults, Strike};

/// What the session does for a `transact` request.
#[derive(Debug)]
pub enum Attempt {
    /// Answer with these results.
    Answer(Vec<Value>),
    /// Misbehave; the results are what an honest answer would hold.
    Misbehave(Fault, Vec<Value>),
    /// Try again when the database changes or this long after the first attempt.
    Blocked(Option<Duration>),
}

/// Most states that a store remembers; the oldest is forgotten first. A state shares the rows
/// that did not change, so this is a megabyte or two.
const MAX_HISTORY: usize = 4096;

/// A database that is shared between sessions and the switch behind it.
#[derive(Debug)]
pub struct Store {
    current: watch::Sender<Arc<Database>>,
    faults: Faults,
    locks: Locks,
    history: Mutex<VecDeque<Arc<Database>>>,
}

impl Store {
    /// A store that starts with this state.
    #[must_use]
    pub fn new(database: Database, faults: Faults) -> Self {
        let first = Arc::new(database);
        let history = Mutex::new(VecDeque::from([Arc::clone(&first)]));
        Self { current: watch::Sender::new(first), faults, locks: Locks::default(), history }
    }

    /// The state now.
    #[must_use]
    pub fn read(&self) -> Arc<Database> {
        Arc::clone(&self.current.borrow())
    }

    /// To be told of changes.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Arc<Database>> {
        self.current.subscribe()
    }

    /// The faults that strike this store.
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The locks of this server.
    #[must_use]
    pub fn locks(&self) -> &Locks {
        &self.locks
    }

    /// The first state and every one that a client's transaction has made since, oldest first,
    /// as far as the store remembers.
    #[must_use]
    pub fn history(&self) -> Vec<Arc<Database>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn remember(&self, database: &Arc<Database>) {
        let mut history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        if history.len() >= MAX_HISTORY {
            history.pop_front();
        }
        history.push_back(Arc::clone(database));
    }

    /// Lets the switch itself write, past every fault.
    pub fn modify(&self, change: impl FnOnce(&Database) -> Database) {
        self.current.send_if_modified(|database| {
            let new = change(database);
            let is_changed = database.diff(&new).next().is_some();
            *database = Arc::new(new);
            is_changed
        });
    }

    /// Runs a client's operations, with the faults that strike them.
    ///
    /// Who owns a lock is asked while the database is held, so once a `steal` is answered no
    /// transaction of the former owner comes after a read of the new one.
    #[must_use]
    pub fn attempt(&self, operations: &[Value], locks: &Holder, elapsed: Duration) -> Attempt {
        let mut attempt = Attempt::Answer(Vec::new());
        let owns = |lock: &str| locks.owns(lock);
        self.current.send_if_modified(|database| {
            let (results, new) = match execute(database, operations, &owns, elapsed) {
                Outcome::Blocked { timeout } => {
                    attempt = Attempt::Blocked(timeout);
                    return false;
                }
                Outcome::Failed { results } => (results, None),
                Outcome::Commit { results, database } => (results, Some(database)),
            };
            let fault = self.faults.take(&strike(operations, database, new.as_ref()));
            let new = match (&fault, new) {
                (None, new) => new,
                (Some(Fault::Lie), Some(new)) => Some(only_counter(database, &new)),
                (Some(fault), new) => new.filter(|_| fault.commits()),
            };
            attempt = match fault {
                None => Attempt::Answer(results),
                Some(Fault::Lie) => Attempt::Answer(results),
                Some(Fault::Refuse { error, details }) => {
                    let mut refused = vec![Value::Null; operations.len()];
                    refused.push(OvsdbError::new(error, details).to_json());
                    for (slot, result) in refused.iter_mut().zip(results) {
                        if result.get("error").is_none() {
                            *slot = result;
                        }
                    }
                    Attempt::Answer(refused)
                }
                Some(fault) => Attempt::Misbehave(fault, results),
            };
            let Some(new) = new.filter(|new| database.diff(new).next().is_some()) else {
                return false;
            };
            *database = Arc::new(new);
            self.remember(database);
            true
        });
        attempt
    }
}

fn strike(operations: &[Value], before: &Database, after: Option<&Database>) -> Strike {
    let is_write = |operation: &Value| {
        let op = operation.get("op").and_then(Value::as_str);
        matches!(op, Some("insert" | "update" | "mutate" | "delete"))
    };
    let ports = after
        .into_iter()
        .flat_map(|after| before.diff(after))
        .filter(|(table, _, _)| matches!(*table, "Port" | "Interface"))
        .filter_map(|(_, old, new)| new.or(old))
        .map(|row| row.text("name").to_owned())
        .collect();
    Strike { writes: operations.iter().any(is_write), ports }
}

/// The state in which of a whole transaction only `next_cfg` has arrived.
fn only_counter(before: &Database, after: &Database) -> Database {
    let mut database = before.clone();
    if let (Some(old), Some(new)) = (before.root(), after.root()) {
        let counter = [("next_cfg".to_owned(), new.get("next_cfg"))].into();
        database.write("Open_vSwitch", &old.uuid, counter);
    }
    database
}

/// The answer of a `transact` request.
#[must_use]
pub(super) fn answer(id: &Value, results: &[Value]) -> Value {
    json!({ "id": id, "result": results, "error": null })
}
