//! When a plugin that failed may be started again.
//!
//! Nobody sleeps: a start that comes too early is refused and told when it will not be. The first
//! restarts are immediate, because the undo of the change in which the plugin failed needs one.

use std::time::Duration;

use tokio::time::Instant;

/// How many restarts in a row are immediate.
const IMMEDIATE: u32 = 2;

/// The first pause, and the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// The failures since the plugin last did its work.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
    why: String,
}

impl Backoff {
    /// It did its work.
    pub(super) fn good(&mut self) {
        *self = Self::default();
    }

    /// It failed; says how long it is left alone.
    pub(super) fn failed(&mut self, now: Instant, why: &str) -> Duration {
        self.failures = self.failures.saturating_add(1);
        why.clone_into(&mut self.why);
        let doublings = self.failures.checked_sub(IMMEDIATE + 1);
        let pause = doublings.map_or(Duration::ZERO, |doublings| {
            FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST)
        });
        self.not_before = Some(now + pause);
        pause
    }

    /// Whether it may be started, or why not yet.
    pub(super) fn check(&self, now: Instant) -> Result<(), String> {
        let left = self.not_before.map_or(Duration::ZERO, |t| t.saturating_duration_since(now));
        if left.is_zero() {
            return Ok(());
        }
        Err(format!(
            "it has failed {} times in a row and is started again in {} ms; the last time: {}",
            self.failures,
            left.as_millis(),
            self.why
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_double_from_the_third_failure_on_and_end_with_success() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        let pauses: Vec<u64> = (0..10).map(|_| backoff.failed(now, "x").as_secs()).collect();
        assert_eq!(pauses, [0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        let told = backoff.check(now + Duration::from_millis(500)).unwrap_err();
        assert_eq!(
            told,
            "it has failed 10 times in a row and is started again in 59500 ms; the last time: x"
        );
        assert!(backoff.check(now + LONGEST).is_ok());
        backoff.good();
        assert_eq!(backoff.failed(now, "y"), Duration::ZERO);
        assert!(backoff.check(now).is_ok());
    }
}
