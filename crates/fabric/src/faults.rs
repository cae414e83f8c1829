//! Faults that a test or the demonstration switches on in a running simulated switch.
//!
//! A rule says which transactions it strikes, what it does to them and how often. Rules are tried
//! in the order in which they were added and the first that fits is spent, so that a test reads
//! as a script. There is no randomness here: who wants chaos draws the rules from a seed.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// Which transactions a rule strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// Every `transact` request, reads included.
    Any,
    /// A request with an `insert`, `update`, `mutate` or `delete` in it.
    Write,
    /// A request that would change, add or remove the Port or the Interface of this name.
    Port(String),
}

/// Before or after the change is in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Nothing has changed.
    BeforeCommit,
    /// The change is made, the client is not told.
    AfterCommit,
}

/// An answer that no client can use. The change is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Garbage {
    /// Bytes that are not JSON.
    NotJson,
    /// A proper answer to a request that the client did not make.
    WrongId,
    /// An answer with a string of 64 MiB in it.
    Oversized,
    /// Half of the answer, then the end of the connection.
    Truncated,
}

/// What happens to a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Refused with an OVSDB error; nothing changes.
    Refuse {
        /// Class, for example `constraint violation`.
        error: String,
        /// Text.
        details: String,
    },
    /// No answer, and none to anything that follows on this connection.
    Hang(When),
    /// The connection is closed instead of an answer.
    Drop(When),
    /// The change is made and the answer is unusable.
    Garbage(Garbage),
    /// The answer says that it is done, `next_cfg` and `cur_cfg` rise, and no port has changed.
    Lie,
}

impl Fault {
    /// A refusal.
    pub fn refuse(error: impl Into<String>, details: impl Into<String>) -> Self {
        Self::Refuse { error: error.into(), details: details.into() }
    }

    /// Whether the transaction's change reaches the database.
    #[must_use]
    pub const fn commits(&self) -> bool {
        matches!(
            self,
            Self::Hang(When::AfterCommit) | Self::Drop(When::AfterCommit) | Self::Garbage(_)
        )
    }
}

#[derive(Debug, Clone)]
struct Rule {
    trigger: Trigger,
    fault: Fault,
    left: Option<usize>,
}

/// What is known of a transaction when the rules are tried.
#[derive(Debug, Default)]
pub(crate) struct Strike {
    pub(crate) writes: bool,
    pub(crate) ports: BTreeSet<String>,
}

/// Conditions that last, unlike rules that strike once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Weather {
    pub(crate) is_deaf: bool,
    pub(crate) is_frozen: bool,
    pub(crate) answer_latency: Duration,
    pub(crate) apply_latency: Duration,
}

/// The handle on one switch's faults; copies act on the same switch.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    weather: watch::Sender<Weather>,
}

impl Faults {
    /// Strikes the next `times` transactions that the trigger fits.
    pub fn next(&self, times: usize, trigger: Trigger, fault: Fault) {
        self.push(Rule { trigger, fault, left: Some(times) });
    }

    /// Strikes every transaction that the trigger fits, until [`clear`](Self::clear).
    pub fn always(&self, trigger: Trigger, fault: Fault) {
        self.push(Rule { trigger, fault, left: None });
    }

    /// Connections are accepted and requests read, but nothing is answered until
    /// [`hear`](Self::hear); then the requests are served.
    pub fn deafen(&self) {
        self.weather.send_modify(|weather| weather.is_deaf = true);
    }

    /// Ends [`deafen`](Self::deafen).
    pub fn hear(&self) {
        self.weather.send_modify(|weather| weather.is_deaf = false);
    }

    /// The database goes on, but the switch behind it applies nothing and `cur_cfg` stays.
    pub fn freeze(&self) {
        self.weather.send_modify(|weather| weather.is_frozen = true);
    }

    /// Ends [`freeze`](Self::freeze); what has piled up is applied.
    pub fn thaw(&self) {
        self.weather.send_modify(|weather| weather.is_frozen = false);
    }

    /// Time that every `transact` request waits before it is looked at.
    pub fn set_answer_latency(&self, latency: Duration) {
        self.weather.send_modify(|weather| weather.answer_latency = latency);
    }

    /// Time between a commit and its arrival in the forwarding plane and in `cur_cfg`.
    pub fn set_apply_latency(&self, latency: Duration) {
        self.weather.send_modify(|weather| weather.apply_latency = latency);
    }

    /// Takes every rule back and makes the switch answer and apply at once again.
    pub fn clear(&self) {
        self.lock().clear();
        self.weather.send_modify(|weather| *weather = Weather::default());
    }

    /// How many strikes are still to come; a rule made with [`always`](Self::always) counts one.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lock().iter().map(|rule| rule.left.unwrap_or(1)).sum()
    }

    pub(crate) fn take(&self, strike: &Strike) -> Option<Fault> {
        let mut rules = self.lock();
        let position = rules.iter().position(|rule| match &rule.trigger {
            Trigger::Any => true,
            Trigger::Write => strike.writes,
            Trigger::Port(name) => strike.ports.contains(name),
        })?;
        let rule = rules.get_mut(position)?;
        let fault = rule.fault.clone();
        if let Some(left) = &mut rule.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                rules.remove(position);
            }
        }
        Some(fault)
    }

    pub(crate) fn weather(&self) -> watch::Receiver<Weather> {
        self.weather.subscribe()
    }

    fn push(&self, rule: Rule) {
        if rule.left != Some(0) {
            self.lock().push(rule);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_fits_is_spent() {
        let faults = Faults::default();
        let refusal = Fault::refuse("constraint violation", "no");
        faults.next(2, Trigger::Port("swp1".into()), refusal.clone());
        faults.next(1, Trigger::Write, Fault::Lie);
        let port = |name: &str| Strike { writes: true, ports: BTreeSet::from([name.to_owned()]) };
        assert_eq!(faults.pending(), 3);
        assert_eq!(faults.take(&Strike::default()), None);
        assert_eq!(faults.take(&port("swp1")), Some(refusal.clone()));
        assert_eq!(faults.take(&port("swp2")), Some(Fault::Lie));
        assert_eq!(faults.take(&port("swp2")), None);
        assert_eq!(faults.take(&port("swp1")), Some(refusal));
        assert_eq!((faults.take(&port("swp1")), faults.pending()), (None, 0));
    }
}
