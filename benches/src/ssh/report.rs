//! What was measured, for people and for programs.

use std::{io::Write, time::Duration};

use anyhow::Result;
use serde_json::{Value, json};

use super::switches::Talk;
use crate::figures::Figures;

/// How many reasons of failures are shown of each line.
const SHOWN: usize = 2;

/// Who the others are compared with.
pub(super) const MERCURY: &str = "mercury";

/// What one side did in one round.
#[derive(Debug, Default)]
pub(super) struct Round {
    /// The changes that succeeded, as their callers saw them.
    pub(super) figures: Figures,
    /// Why the others did not.
    pub(super) failures: Vec<String>,
    /// How long all of them took.
    pub(super) took: Duration,
}

/// A round, with what the switches say of it.
#[derive(Debug)]
pub(super) struct Row {
    /// Who.
    pub(super) who: &'static str,
    /// How many switches.
    pub(super) switches: usize,
    /// How many callers at once.
    pub(super) callers: usize,
    /// What it did.
    pub(super) round: Round,
    /// How many ports were not where they had been asked to be.
    pub(super) wrong: usize,
    /// What was said to the switches.
    pub(super) talk: Talk,
    /// The memory of its process afterwards (Mercury) or at most (the library), in MB.
    pub(super) memory: f64,
}

impl Row {
    /// Changes a second, of those that succeeded.
    pub(super) fn rate(&self) -> f64 {
        share(self.round.figures.count(), self.round.took.as_secs_f64())
    }

    /// Commands for each change that was asked for.
    fn commands(&self) -> f64 {
        let changes = self.round.figures.count() + self.round.failures.len();
        share(self.talk.commands, f64::from(u32::try_from(changes).unwrap_or(u32::MAX)))
    }

    fn json(&self, mercury: Option<&Self>) -> Value {
        let ms = |percent| self.round.figures.percentile(percent).as_secs_f64() * 1e3;
        json!({
            "who": self.who, "switches": self.switches, "callers": self.callers,
            "runs": self.round.figures.count(), "failed": self.round.failures.len(),
            "wrong": self.wrong, "p50_ms": ms(50), "p95_ms": ms(95), "max_ms": ms(100),
            "took_ms": self.round.took.as_secs_f64() * 1e3, "changes_per_second": self.rate(),
            "commands_per_change": self.commands(), "logins": self.talk.logins,
            "memory_mb": self.memory, "failures": self.shown(),
            "mercury_times_as_quick": mercury.map(|mercury| slower(self, mercury)),
            "mercury_times_the_rate": mercury.map(|mercury| mercury.rate() / self.rate()),
        })
    }

    fn shown(&self) -> Vec<&str> {
        let reasons = self.round.failures.iter().take(SHOWN);
        reasons.filter_map(|reason| reason.lines().next()).collect()
    }
}

fn share(count: usize, of: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / of
}

fn slower(row: &Row, mercury: &Row) -> f64 {
    row.round.figures.median().as_secs_f64() / mercury.round.figures.median().as_secs_f64()
}

/// Rounds of the same task.
#[derive(Debug)]
pub(super) struct Section {
    /// What was asked of everyone.
    pub(super) title: String,
    /// Who did it.
    pub(super) rows: Vec<Row>,
    /// What is to be said besides.
    pub(super) notes: Vec<String>,
}

impl Section {
    /// For people.
    pub(super) fn write(&self, out: &mut impl Write) -> Result<()> {
        writeln!(out, "{}", self.title)?;
        for row in &self.rows {
            writeln!(out, "  {:16} {}", row.who, row.round.figures)?;
            let (failed, logins) = (row.round.failures.len(), row.talk.logins);
            writeln!(
                out,
                "    {:.1} changes/s; {:.1} commands a change, {logins} logins; {failed} failed, \
                 {} ports wrong; {:.1} MB",
                row.rate(),
                row.commands(),
                row.wrong,
                row.memory,
            )?;
            if let Some(mercury) = self.mercury(row) {
                let (latency, rate) = (slower(row, mercury), mercury.rate() / row.rate());
                writeln!(out, "    mercury: {latency:.1}x as quick (p50), {rate:.1}x changes/s")?;
            }
            for reason in row.shown() {
                writeln!(out, "    failed: {reason}")?;
            }
        }
        for note in &self.notes {
            writeln!(out, "  {note}")?;
        }
        Ok(())
    }

    /// Mercury on as many switches, for what is not Mercury.
    fn mercury(&self, row: &Row) -> Option<&Row> {
        let mut rows = self.rows.iter().filter(|_| row.who != MERCURY);
        rows.find(|other| other.who == MERCURY && other.switches == row.switches)
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| row.json(self.mercury(row)));
        json!({ "title": self.title, "rows": rows.collect::<Value>(), "notes": self.notes })
    }
}
