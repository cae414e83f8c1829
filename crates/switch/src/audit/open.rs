//! The changes that began and have not come to a known end.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::SwitchPort;
use serde::{Deserialize, Serialize};

use super::record::{Entry, Outcome, Record};
use crate::policy::Verb;

/// A change that began and whose end is not known: the service stopped before its `end`, or the
/// `end` itself says [`Outcome::Unknown`]. Its ports are in doubt until a `settled` record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InDoubt {
    /// The change's identifier.
    pub change: String,
    /// The number of its `begin` record.
    pub seq: u64,
    /// When it began.
    pub time: Timestamp,
    /// The caller.
    pub who: String,
    /// The caller's identifier of the request.
    pub request_id: String,
    /// What the caller asked for.
    pub verb: Verb,
    /// The ports whose state is in doubt.
    pub ports: Vec<SwitchPort>,
    /// Whether an `end` record said that the outcome is unknown; without one, the service stopped
    /// in between.
    #[serde(default)]
    pub ended: bool,
}

/// The changes that are open at a place of the log.
#[derive(Debug, Clone, Default)]
pub(super) struct OpenChanges(BTreeMap<String, InDoubt>);

impl OpenChanges {
    /// How many changes may be open. Each costs memory and a place in every `chain` record; so many
    /// unknown ends mean that no switch answers, and then nothing more should begin.
    pub(super) const MAX: usize = 4096;

    /// Takes in a record, and returns the change that it is about.
    pub(super) fn apply(&mut self, record: &Record) -> Option<InDoubt> {
        match &record.entry {
            Entry::Begin(begin) => {
                let change = InDoubt {
                    change: begin.change.clone(),
                    seq: record.seq,
                    time: record.time,
                    who: begin.who.clone(),
                    request_id: begin.request_id.clone(),
                    verb: begin.verb,
                    ports: begin.ports.clone(),
                    ended: false,
                };
                self.0.insert(begin.change.clone(), change.clone());
                Some(change)
            }
            Entry::End(end) if end.outcome == Outcome::Unknown => {
                let change = self.0.get_mut(&end.change)?;
                change.ended = true;
                Some(change.clone())
            }
            Entry::End(end) => self.0.remove(&end.change),
            Entry::Settled(settled) => self.0.remove(&settled.change),
            Entry::Refused(_)
            | Entry::Denied(_)
            | Entry::Saved(_)
            | Entry::Start(_)
            | Entry::Chain(_)
            | Entry::Recovered(_) => None,
        }
    }

    /// Begins with what another file left open.
    pub(super) fn carry_over(&mut self, open: &[InDoubt]) {
        self.0 = open.iter().map(|change| (change.change.clone(), change.clone())).collect();
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The open changes, the oldest first.
    pub(super) fn list(&self) -> Vec<InDoubt> {
        let mut list: Vec<InDoubt> = self.0.values().cloned().collect();
        list.sort_by_key(|change| change.seq);
        list
    }
}
