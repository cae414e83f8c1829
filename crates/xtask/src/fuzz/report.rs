//! Reading libFuzzer's log: did it run, did it see coverage, what did it find.

use std::fmt;

use anyhow::{Result, bail};

/// The figures of one run.
#[derive(Debug, PartialEq)]
pub(super) struct Report {
    /// Inputs executed.
    pub(super) inputs: u64,
    /// Edges of the program that carry a counter.
    pub(super) counters: u64,
    /// Edges that some input reached.
    pub(super) covered: u64,
    /// Inputs kept because each reached something new.
    pub(super) corpus: u64,
}

impl Report {
    /// Reads the log of a run that ended by itself.
    pub(super) fn read(log: &str) -> Option<Self> {
        let inputs = log.lines().find_map(|line| {
            line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok()
        })?;
        let counters = log
            .lines()
            .filter(|line| line.starts_with("INFO: Loaded"))
            .find_map(|line| before(line, " inline 8-bit counters"))
            .unwrap_or(0);
        // Other lines start with `#` too: libFuzzer frames the words that it recommends with them.
        let last = log.lines().rfind(|line| line.starts_with('#') && line.contains("cov: "))?;
        Some(Self {
            inputs,
            counters,
            covered: after(last, "cov: ").unwrap_or(0),
            corpus: after(last, "corp: ").unwrap_or(0),
        })
    }

    /// Fails unless the fuzzer worked: it executed enough, and coverage led it.
    pub(super) fn prove(&self, fewest_inputs: u64) -> Result<()> {
        if self.inputs < fewest_inputs {
            bail!("executed only {} inputs, of at least {fewest_inputs}: {self}", self.inputs);
        }
        if self.counters == 0 || self.covered == 0 {
            bail!("saw no coverage, so it searched blindly: {self}");
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { inputs, counters, covered, corpus } = self;
        write!(
            f,
            "{inputs} inputs executed, {covered} of {counters} edges covered, {corpus} in the corpus"
        )
    }
}

/// The file with the input that ended the run, if one did.
pub(super) fn crash(log: &str) -> Option<&str> {
    log.lines()
        .find_map(|line| line.split_once("Test unit written to ").map(|(_, path)| path.trim()))
}

/// Why the run ended: the panic's words, or else libFuzzer's.
pub(super) fn reason(log: &str) -> String {
    let mut lines = log.lines();
    if let Some(place) = lines.find(|line| line.contains("panicked at")) {
        return format!("{} {}", place.trim(), lines.next().unwrap_or_default().trim());
    }
    let error = log.lines().find_map(|line| line.split_once("ERROR: ").map(|(_, error)| error));
    error.unwrap_or("it ended without a word").trim().to_owned()
}

/// The number that follows `mark`.
fn after(line: &str, mark: &str) -> Option<u64> {
    let (_, rest) = line.split_once(mark)?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The number that precedes `mark`.
fn before(line: &str, mark: &str) -> Option<u64> {
    let (rest, _) = line.split_once(mark)?;
    rest.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = "\
INFO: Loaded 1 modules   (2661 inline 8-bit counters): 2661 [0x55, 0x56), 
INFO: Loaded 1 PC tables (2661 PCs): 2661 [0x55,0x56), 
#2\tINITED cov: 245 ft: 245 corp: 1/105b exec/s: 0 rss: 27Mb
#113462\tDONE   cov: 420 ft: 1900 corp: 312/9Kb lim: 1024 exec/s: 22692 rss: 75Mb
###### Recommended dictionary. ######
\"methn\" # Uses: 39
###### End of recommended dictionary. ######
Done 113462 runs in 5 second(s)
stat::number_of_executed_units: 113462
stat::average_exec_per_sec:     22692
";

    #[test]
    fn the_figures_of_a_run_are_read_and_prove_it() {
        let report = Report::read(RUN).unwrap();
        assert_eq!(report, Report { inputs: 113_462, counters: 2661, covered: 420, corpus: 312 });
        assert!(report.prove(1_000).is_ok());
        assert_eq!(crash(RUN), None);
    }

    #[test]
    fn few_inputs_or_no_coverage_prove_nothing() {
        let report = Report::read(&RUN.replace("units: 113462", "units: 999")).unwrap();
        assert!(report.prove(1_000).unwrap_err().to_string().contains("only 999 inputs"));
        let blind = RUN.replace("(2661 inline", "(0 inline");
        assert!(
            Report::read(&blind).unwrap().prove(1_000).unwrap_err().to_string().contains("blindly")
        );
        let blind = RUN.replace("cov: 420", "cov: 0");
        assert!(Report::read(&blind).unwrap().prove(1_000).is_err());
        assert_eq!(Report::read("INFO: Seed: 1\n"), None);
    }

    #[test]
    fn a_crash_names_its_input_and_its_reason() {
        let log = "\
thread '<unnamed>' (7) panicked at targets/json.rs:12:9:
assertion `left == right` failed
==7== ERROR: libFuzzer: deadly signal
artifact_prefix='a/'; Test unit written to a/crash-f8fb
";
        assert_eq!(crash(log), Some("a/crash-f8fb"));
        assert_eq!(
            reason(log),
            "thread '<unnamed>' (7) panicked at targets/json.rs:12:9: assertion `left == right` failed"
        );
        assert_eq!(
            reason("==7== ERROR: libFuzzer: timeout after 10 seconds"),
            "libFuzzer: timeout after 10 seconds"
        );
    }
}
