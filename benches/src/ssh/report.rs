//! What was measured, for people and for programs.

use std::{io::Write, time::Duration};

use anyhow::Result;
use serde_json::{Value, json};

use super::switches::Talk;
use crate::figures::Figures;

/// How many reasons of failures are shown of each line.
const SHOWN: usize = 2;

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

    fn json(&self, first: &Self) -> Value {
        let ms = |percent| self.round.figures.percentile(percent).as_secs_f64() * 1e3;
        json!({
            "who": self.who, "switches": self.switches, "callers": self.callers,
            "runs": self.round.figures.count(), "failed": self.round.failures.len(),
            "wrong": self.wrong, "p50_ms": ms(50), "p95_ms": ms(95), "max_ms": ms(100),
            "took_ms": self.round.took.as_secs_f64() * 1e3, "changes_per_second": self.rate(),
            "commands_per_change": self.commands(), "logins": self.talk.logins,
            "memory_mb": self.memory, "times_the_p50_of_the_first": slower(self, first),
            "rate_of_the_first_by_this": first.rate() / self.rate(),
            "failures": self.round.failures.iter().take(SHOWN).collect::<Vec<_>>(),
        })
    }
}

fn share(count: usize, of: f64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / of
}

fn slower(row: &Row, first: &Row) -> f64 {
    row.round.figures.median().as_secs_f64() / first.round.figures.median().as_secs_f64()
}

/// Rounds of the same task. The first is Mercury's.
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
            if let Some(first) = self.rows.first().filter(|first| first.who != row.who) {
                let (latency, rate) = (slower(row, first), first.rate() / row.rate());
                writeln!(out, "    {latency:.1} times the p50, a {rate:.1}th of the changes/s")?;
            }
            for reason in row.round.failures.iter().take(SHOWN) {
                writeln!(out, "    failed: {}", reason.lines().next().unwrap_or_default())?;
            }
        }
        for note in &self.notes {
            writeln!(out, "  {note}")?;
        }
        Ok(())
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let rows = self.rows.iter().filter_map(|row| Some(row.json(self.rows.first()?)));
        json!({ "title": self.title, "rows": rows.collect::<Value>(), "notes": self.notes })
    }
}
