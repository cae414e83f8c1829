//! How fast `mercury switchd` is on a real Open vSwitch, beside what the switch itself, its own tool,
//! or Ironic's own networking service take in the same run; and on simulated switches over SSH,
//! beside networking-generic-switch.
//!
//! `cargo xtask bench` builds everything for release and runs this. Every figure is printed with
//! what it is compared to; nothing here passes or fails.

mod attach;
mod figures;
mod footprint;
mod ssh;
mod upstream;

use std::{io::Write as _, process::ExitCode};

use anyhow::{Context as _, Result};

const HELP: &str = "\
Measures mercury switchd on a real Open vSwitch. Needs root and what the tests need; `--ssh` needs
neither.

Usage: cargo xtask bench [attach|footprint]
       cargo xtask bench --vs-upstream [--json]
       cargo xtask bench --ssh [--quick] [--alone] [--slow] [--json]

  attach         one port at a time, and 64 callers on one switch, beside ovs-vsctl and the bare
                 driver
  footprint      time from start to ready, and resident memory with 1,000 configured switches
  --vs-upstream  one port at a time, 16 callers, memory and start, beside `ironic-networking` with
                 networking-generic-switch over SSH; three minutes
  --ssh          simulated switches over SSH: 200 changes on one, one at a time and 64 at once,
                 beside networking-generic-switch on the same one; and all ports of 100; eighteen
                 minutes, nearly all of them the library's
  --quick        a tenth of that
  --alone        without the library
  --slow         commands take 50 ms besides, as they do on many real switches
  --json         the comparison as JSON

Without a name the first two are run. Figures are medians, 95th percentiles and maxima.
";

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let mut out = std::io::stdout().lock();
    let is = |wanted: &str| names.iter().any(|name| name == wanted);
    let (vs_upstream, ssh) = (is("--vs-upstream"), is("--ssh"));
    let choices: &[&str] = match (vs_upstream, ssh) {
        (true, _) => &["--vs-upstream", "--json"],
        (false, true) => &["--ssh", "--quick", "--alone", "--slow", "--json"],
        (false, false) => &["attach", "footprint"],
    };
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
        if ssh {
            let asked = ssh::Asked {
                is_quick: is("--quick"),
                is_alone: is("--alone"),
                is_slow: is("--slow"),
                as_json: is("--json"),
            };
            return ssh::run(&mut out, &asked);
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

/// The load average of the last minute.
pub(crate) fn load() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/loadavg")?;
    let first = text.split(' ').next().context("no load average")?;
    Ok(first.parse()?)
}
