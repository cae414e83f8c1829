//! A list of steps that goes on after a failure and sums up at its end.
//!
//! Stopping at the first failure would be shorter, but one round then shows one fault.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// The steps done so far.
#[derive(Default)]
pub(crate) struct Steps {
    done: Vec<Done>,
}

struct Done {
    name: &'static str,
    took: Duration,
    passed: bool,
}

/// What is said of a step before it runs, and after it failed.
pub(crate) struct About {
    /// One word, for the summary.
    pub(crate) name: &'static str,
    /// The command, or what is held.
    pub(crate) runs: &'static str,
    /// What to do about a failure.
    pub(crate) fix: &'static str,
}

impl Steps {
    /// Runs one step, prints what it runs, how long it took and, if it failed, what to do.
    /// The text that a step returns is a remark, printed beside its time.
    pub(crate) fn step(&mut self, about: &About, work: impl FnOnce() -> Result<String>) {
        println!("==> {}: {}", about.name, about.runs);
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        let passed = result.is_ok();
        match result {
            Ok(remark) if remark.is_empty() => println!("    ok, {:.1} s", took.as_secs_f64()),
            Ok(remark) => println!("    ok, {:.1} s: {remark}", took.as_secs_f64()),
            Err(error) => println!(
                "    FAILED, {:.1} s: {error:#}\n    fix: {}",
                took.as_secs_f64(),
                about.fix
            ),
        }
        self.done.push(Done { name: about.name, took, passed });
    }

    /// Prints the summary; an error when a step failed.
    pub(crate) fn finish(self) -> Result<()> {
        let (summary, failed) = self.summary();
        println!("\n{summary}");
        if failed.is_empty() {
            return Ok(());
        }
        bail!("{} of {} steps failed: {}", failed.len(), self.done.len(), failed.join(", "))
    }

    fn summary(&self) -> (String, Vec<&'static str>) {
        let mut text = String::from("summary\n");
        for done in &self.done {
            let mark = if done.passed { "ok" } else { "FAILED" };
            let _ =
                writeln!(text, "  {mark:<7}{:<12}{:>7.1} s", done.name, done.took.as_secs_f64());
        }
        let failed = self.done.iter().filter(|done| !done.passed).map(|done| done.name).collect();
        (text, failed)
    }
}

/// Joins findings, one a line, into an error; no findings are a success.
pub(crate) fn findings(found: &[String]) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    bail!("{} found\n      {}", found.len(), found.join("\n      "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: About = About { name: "first", runs: "nothing", fix: "nothing" };
    const SECOND: About = About { name: "second", runs: "nothing", fix: "nothing" };

    #[test]
    fn a_failed_step_lets_the_next_one_run_and_fails_the_whole() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.step(&FIRST, || bail!("broken"));
        steps.step(&SECOND, || {
            ran = true;
            Ok(String::new())
        });
        assert!(ran);
        assert_eq!(steps.finish().unwrap_err().to_string(), "1 of 2 steps failed: first");
    }

    #[test]
    fn findings_are_listed_one_a_line() {
        let error = findings(&["a".into(), "b".into()]).unwrap_err();
        assert_eq!(error.to_string(), "2 found\n      a\n      b");
        assert!(findings(&[]).is_ok());
    }
}
