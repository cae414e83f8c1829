//! When a peer that failed may be tried again.
//!
//! Nobody sleeps: a try that comes too early is refused and told when it will not be.

use std::time::Duration;

use tokio::time::Instant;

/// How failures are spaced out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// How many tries after a failure are immediate.
    pub(super) immediate: u32,
    /// The first pause; each further one is twice as long.
    pub(super) first: Duration,
    /// The longest.
    pub(super) longest: Duration,
}

/// A program that ends or misbehaves. The first restarts are immediate, because the undo of the
/// change in which it failed needs one.
pub(super) const RESTARTS: Pace =
    Pace { immediate: 2, first: Duration::from_secs(1), longest: Duration::from_secs(60) };

/// The failures since it last did its work.
#[derive(Debug)]
pub(super) struct Backoff {
    pace: Pace,
    failures: u32,
    not_before: Option<Instant>,
    why: String,
}

/// A try that comes too early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TooEarly {
    /// How often it has failed in a row.
    pub(super) failures: u32,
    /// How long it is still left alone.
    pub(super) left: Duration,
    /// What happened last.
    pub(super) why: String,
}

impl Backoff {
    pub(super) const fn new(pace: Pace) -> Self {
        Self { pace, failures: 0, not_before: None, why: String::new() }
    }

    /// It did its work.
    pub(super) fn good(&mut self) {
        *self = Self::new(self.pace);
    }

    /// It failed; says how long it is left alone.
    pub(super) fn failed(&mut self, now: Instant, why: &str) -> Duration {
        self.failures = self.failures.saturating_add(1);
        why.clone_into(&mut self.why);
        let Pace { immediate, first, longest } = self.pace;
        let doublings = self.failures.checked_sub(immediate.saturating_add(1));
        let pause = doublings.map_or(Duration::ZERO, |doublings| {
            first.saturating_mul(2_u32.saturating_pow(doublings)).min(longest)
        });
        self.not_before = Some(now + pause);
        pause
    }

    /// Whether it may be tried.
    pub(super) fn check(&self, now: Instant) -> Result<(), TooEarly> {
        let left = self.not_before.map_or(Duration::ZERO, |t| t.saturating_duration_since(now));
        if left.is_zero() {
            return Ok(());
        }
        Err(TooEarly { failures: self.failures, left, why: self.why.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_double_from_the_third_failure_on_and_end_with_success() {
        let mut backoff = Backoff::new(RESTARTS);
        let now = Instant::now();
        let pauses: Vec<u64> = (0..10).map(|_| backoff.failed(now, "x").as_secs()).collect();
        assert_eq!(pauses, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        let told = backoff.check(now + Duration::from_millis(500)).unwrap_err();
        let left = Duration::from_millis(59500);
        assert_eq!(told, TooEarly { failures: 10, left, why: "x".into() });
        assert!(backoff.check(now + RESTARTS.longest).is_ok());
        backoff.good();
        assert_eq!(backoff.failed(now, "y"), Duration::ZERO);
        assert!(backoff.check(now).is_ok());
    }
}
