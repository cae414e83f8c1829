//! What a simulated switch can be told to do wrong.
//!
//! Rules are tried in the order in which they were given; the first that fits strikes, and is
//! gone when it has struck as often as it should. The answer to a question, and a line without a
//! word, are no commands and strike nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use regex::Regex;
use tokio::sync::watch;

/// Which commands a rule strikes.
#[derive(Debug, Clone)]
pub enum Trigger {
    /// The moment after login, before the first prompt; for an exec channel, before its command.
    Login,
    /// Every command.
    Any,
    /// Commands in which the expression is found.
    Matching(Regex),
}

impl Trigger {
    /// Commands in which this regular expression is found.
    ///
    /// # Errors
    /// The expression is not one.
    pub fn matching(expression: &str) -> Result<Self, regex::Error> {
        Ok(Self::Matching(Regex::new(expression)?))
    }
}

/// At which moment of a command the connection is lost or the switch falls silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The command has arrived, and nothing is done.
    Before,
    /// It is done, and half of what it prints has been sent.
    During,
    /// It is done, and everything but the prompt has been sent.
    After,
}

/// What happens to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This text is printed and nothing is done.
    Reject(String),
    /// The connection is lost.
    Drop(Moment),
    /// No answer any more in this session, whatever is typed.
    Hang(Moment),
    /// The command is not done; lines are printed for ever.
    Endless,
    /// The command is done; bytes that are no text are printed in place of its output.
    Garbage,
    /// The command is done; half of what it prints is missing, and the prompt follows.
    Truncate,
    /// The command is done; the pager asks again after every key.
    StuckPager,
    /// This is asked first, without a prompt after it. An answer that is empty or begins with `y`
    /// lets the command be done.
    Question(String),
    /// The command seems to be done: nothing is printed, and nothing changes.
    Lie,
    /// The command is done; this text follows the next prompt, without another prompt, as event
    /// logs do.
    Noise(String),
    /// The command is done after this time.
    Slow(Duration),
}

#[derive(Debug, Clone)]
struct Rule {
    trigger: Trigger,
    fault: Fault,
    skip: usize,
    left: Option<usize>,
}

/// Conditions that last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weather {
    /// From the end of the authentication to the first prompt.
    pub login_delay: Duration,
    /// Before every command.
    pub command_delay: Duration,
    /// How long a byte takes to the switch and back; counts for connections made afterwards.
    pub round_trip: Duration,
    /// Most connections at a time; further ones are closed at once. None is no limit.
    pub max_sessions: Option<usize>,
}

/// The handle on one switch's faults; copies act on the same switch.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    rules: Arc<Mutex<Vec<Rule>>>,
    weather: watch::Sender<Weather>,
}

impl Faults {
    /// Strikes the next `times` commands that the trigger fits.
    pub fn next(&self, times: usize, trigger: Trigger, fault: Fault) {
        self.push(Rule { trigger, fault, skip: 0, left: Some(times) });
    }

    /// Strikes once, after `skip` commands that the trigger fits have gone through unharmed.
    pub fn after(&self, skip: usize, trigger: Trigger, fault: Fault) {
        self.push(Rule { trigger, fault, skip, left: Some(1) });
    }

    /// Strikes every command that the trigger fits, until [`clear`](Self::clear).
    pub fn always(&self, trigger: Trigger, fault: Fault) {
        self.push(Rule { trigger, fault, skip: 0, left: None });
    }

    /// Changes what lasts.
    pub fn weather(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    /// What lasts, as it is.
    #[must_use]
    pub fn forecast(&self) -> Weather {
        *self.weather.borrow()
    }

    /// Takes every rule back. What lasts stays.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many strikes are still to come; a rule made with [`always`](Self::always) counts one.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.lock().iter().map(|rule| rule.left.unwrap_or(1)).sum()
    }

    /// The fault that strikes this command; `None` in place of a command is a login.
    pub(crate) fn take(&self, command: Option<&str>) -> Option<Fault> {
        let mut rules = self.lock();
        let fits = |rule: &Rule| match (&rule.trigger, command) {
            (Trigger::Login, None) | (Trigger::Any, Some(_)) => true,
            (Trigger::Matching(expression), Some(line)) => expression.is_match(line),
            _ => false,
        };
        let position = rules.iter_mut().position(|rule| {
            if !fits(rule) {
                return false;
            }
            let is_due = rule.skip == 0;
            rule.skip = rule.skip.saturating_sub(1);
            is_due
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

    fn push(&self, rule: Rule) {
        if rule.left != Some(0) {
            self.lock().push(rule);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_that_is_due_is_spent() {
        let faults = Faults::default();
        faults.after(2, Trigger::Any, Fault::Lie);
        faults.next(1, Trigger::matching("^commit").unwrap(), Fault::Hang(Moment::After));
        faults.next(1, Trigger::Login, Fault::Garbage);
        assert_eq!(faults.pending(), 3);
        assert_eq!(faults.take(Some("vlan 10")), None);
        assert_eq!(faults.take(Some("commit")), Some(Fault::Hang(Moment::After)));
        assert_eq!(faults.take(Some("exit")), Some(Fault::Lie));
        assert_eq!(faults.take(Some("exit")), None);
        assert_eq!(faults.take(None), Some(Fault::Garbage));
        assert_eq!((faults.take(None), faults.pending()), (None, 0));
    }
}
