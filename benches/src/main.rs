//! How fast `mercury switchd` is on a real Open vSwitch, beside what the switch itself, its own tool,
//! or Ironic's own networking service take in the same run.
//!
//! `cargo xtask bench` builds everything for release and runs this. Every figure is printed with
//! what it is compared to; nothing here passes or fails.

mod attach;
mod figures;
mod footprint;
mod upstream;

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;

const HELP: &str = "\
Measures mercury switchd on a real Open vSwitch. Needs root and what the tests need.

Usage: cargo xtask bench [attach|footprint]
       cargo xtask bench --vs-upstream [--json]

  attach         one port at a time, and 64 callers on one switch, beside ovs-vsctl and the bare
                 driver
  footprint      time from start to ready, and resident memory with 1,000 configured switches
  --vs-upstream  one port at a time, 16 callers, memory and start, beside `ironic-networking` with
                 networking-generic-switch over SSH; three minutes
  --json         the comparison as JSON

Without a name the first two are run. Figures are medians, 95th percentiles and maxima.
";

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    let is = |wanted: &str| names.iter().any(|name| name == wanted);
    let vs_upstream = is("--vs-upstream");
    let choices: &[&str] =
        if vs_upstream { &["--vs-upstream", "--json"] } else { &["attach", "footprint"] };
    let known = |name: &String| choices.contains(&name.as_str());
    if !names.iter().all(known) {
        // Nobody reads on when it cannot be written.
        let _ = out.write_all(HELP.as_bytes());
        return if names.iter().any(|name| name.contains("help")) {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(2)
        };
    }
    let wanted = |name: &str| names.is_empty() || is(name);
    let mut measure = || -> Result<()> {
        if vs_upstream {
            return upstream::run(&mut out, is("--json"));
        }
        if wanted("attach") {
            attach::run(&mut out)?;
        }
        if wanted("footprint") {
            footprint::run(&mut out)?;
        }
        Ok(())
    };
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // As above.
            let _ = writeln!(std::io::stderr(), "bench: {error:?}");
            ExitCode::FAILURE
        }
    }
}
