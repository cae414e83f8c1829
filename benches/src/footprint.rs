//! Starting, and memory, with many switches.

use std::io::Write;

use anyhow::Result;
use rpc::method::Method;
use serde_json::json;
use system_tests::{Daemon, Setup};

use crate::{attach::resident, figures::Figures};

const SWITCHES: usize = 1_000;
const STARTS: usize = 11;

/// Measures and prints.
pub(crate) fn run(out: &mut impl Write) -> Result<()> {
    writeln!(out, "Footprint: {SWITCHES} configured Open vSwitches, none of them asked yet")?;
    let setup = (0..SWITCHES).fold(Setup::new(), |setup, number| {
        setup.ovs(&format!("leaf-{number:04}"), &format!("tcp:127.0.0.1:{}", 20_000 + number))
    });
    measure(out, &setup, "  1,000 switches")?;
    measure(out, &Setup::new().ovs("leaf-01", "tcp:127.0.0.1:20000"), "  1 switch      ")
}

fn measure(out: &mut impl Write, setup: &Setup, name: &str) -> Result<()> {
    let mut daemon = Daemon::start(setup)?;
    let mut starts = Figures::default();
    for _ in 0..STARTS {
        starts.add(daemon.restart()?);
    }
    writeln!(out, "{name}  process start to ready   {starts}")?;
    writeln!(out, "{name}  resident when ready      {:.1} MB", resident(daemon.pid())?)?;
    daemon.call(Method::ListSwitches, json!({}))?;
    writeln!(out, "{name}  resident after listing   {:.1} MB", resident(daemon.pid())?)?;
    Ok(())
}
