//! Figures of many runs.

use std::{fmt, time::Duration};

/// How long each of many runs took.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    runs: Vec<Duration>,
}

impl Figures {
    /// Adds a run.
    pub(crate) fn add(&mut self, run: Duration) {
        self.runs.push(run);
    }

    /// How many runs there are.
    pub(crate) const fn count(&self) -> usize {
        self.runs.len()
    }

    /// The run below which a share of all runs lies.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let mut sorted = self.runs.clone();
        sorted.sort_unstable();
        let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
        sorted.get(at).copied().unwrap_or_default()
    }

    /// The middle run.
    pub(crate) fn median(&self) -> Duration {
        self.percentile(50)
    }
}

impl Extend<Duration> for Figures {
    fn extend<I: IntoIterator<Item = Duration>>(&mut self, runs: I) {
        self.runs.extend(runs);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "p50 {:>8}  p95 {:>8}  max {:>8}  ({} runs)",
            milliseconds(self.median()),
            milliseconds(self.percentile(95)),
            milliseconds(self.percentile(100)),
            self.runs.len()
        )
    }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}
