//! Moving ports from VLAN to VLAN: the switch itself, its own tool, and the service.

use std::{
    io::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use drivers::ovsdb::{OvsdbDriver, OvsdbSettings};
use lab::Lab;
use model::{PortName, Vlan, VlanMode};
use rpc::{method::Method, wire::Context};
use serde_json::Value;
use switch::{BatchOutcome, Driver as _, Query, Session, Work, plan};
use system_tests::{Daemon, Setup, attach};
use tokio::task::JoinSet;

use crate::figures::{Figures, milliseconds};

const SWITCH: &str = "leaf-01";
/// How many callers at once, each with a port of its own.
const CALLERS: usize = 64;
/// How many changes one at a time.
const SINGLE: u16 = 400;
/// How many changes each of the callers at once makes.
const EACH: u16 = 20;
/// How many runs of the switch's own tool, which are slow.
const TOOL: u16 = 50;

/// Measures and prints.
pub(crate) fn run(out: &mut impl Write) -> Result<()> {
    lab::require()?;
    let nics: Vec<(String, String)> =
        (0..CALLERS).map(|n| (format!("eth{n}"), format!("swp{n}"))).collect();
    let cables: Vec<(&str, &str, &str)> =
        nics.iter().map(|(nic, port)| (nic.as_str(), SWITCH, port.as_str())).collect();
    let lab = Lab::builder().switch(SWITCH).host("h", cables).start()?;
    let port = lab.instance(SWITCH)?.tcp_port().context("the switch has no TCP port")?;
    let address = format!("tcp:127.0.0.1:{port}");

    writeln!(out, "Attach: one port of a real Open vSwitch to another VLAN, until it forwards so")?;
    let tool = tool(&lab)?;
    writeln!(out, "  ovs-vsctl, a process a change       {tool}")?;
    let bare = bare(&address)?;
    writeln!(out, "  the switch itself, one transaction  {bare}")?;
    for fsync in [true, false] {
        let setup = Setup::new().ovs(SWITCH, &address);
        let setup = if fsync { setup } else { setup.without_fsync() };
        let daemon = Daemon::start(&setup)?;
        let single = single(&daemon)?;
        let audit = if fsync { "audit on disk " } else { "audit buffered" };
        writeln!(out, "  mercury switchd, {audit}     {single}")?;
        let beyond = single.median().saturating_sub(bare.median());
        writeln!(out, "    beyond the switch's own time      p50 {:>8}", milliseconds(beyond))?;
        let (took, each) = many(&daemon)?;
        let changes = CALLERS * usize::from(EACH);
        let rate = f64::from(u32::try_from(changes)?) / took.as_secs_f64();
        writeln!(out, "    {CALLERS} callers at once                {each}")?;
        writeln!(out, "    {changes} changes in {}: {rate:.0} changes/s", milliseconds(took))?;
        let memory = resident(daemon.pid())?;
        writeln!(out, "    resident afterwards               {memory:.1} MB")?;
    }
    lab.down()
}

fn vlan_of(round: u16) -> u16 {
    100 + round % 2
}

fn tool(lab: &Lab) -> Result<Figures> {
    let mut figures = Figures::default();
    for round in 0..TOOL {
        let tag = format!("tag={}", vlan_of(round));
        let start = Instant::now();
        lab.vsctl(SWITCH, &["set", "port", "swp0", "vlan_mode=access", &tag])?;
        figures.add(start.elapsed());
    }
    Ok(figures)
}

/// The switch's own time: a transaction on a warm session until `ovs-vswitchd` has carried it out.
/// What was there is known, so that nothing is read in between but what the driver itself checks.
fn bare(address: &str) -> Result<Figures> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let driver = OvsdbDriver::new(OvsdbSettings::new(address.parse()?));
        let mut session = driver.open().await?;
        let port: PortName = "swp0".parse()?;
        let mut before = session.observe(&Query::ports([&port])).await?.slice;
        let mut figures = Figures::default();
        for round in 0..SINGLE {
            let mut wanted = before.clone();
            for state in wanted.ports.values_mut() {
                state.config.vlans = Some(VlanMode::access(Vlan::new(200 + round % 2)?));
            }
            let work = Work { changes: plan(&before, &wanted), before };
            let start = Instant::now();
            apply(session.as_mut(), &work).await?;
            figures.add(start.elapsed());
            before = wanted;
        }
        session.close().await;
        Ok(figures)
    })
}

async fn apply(session: &mut dyn Session, work: &Work) -> Result<()> {
    match session.apply(std::slice::from_ref(work)).await {
        BatchOutcome::Each(each) => {
            for outcome in each {
                outcome?;
            }
            Ok(())
        }
        BatchOutcome::RefusedWhole(error) => Err(error.into()),
    }
}

fn context(port: &str, vlan: u16) -> Result<Context> {
    Ok(serde_json::from_value(attach(&[(SWITCH, port)], vlan))?)
}

fn single(daemon: &Daemon) -> Result<Figures> {
    let client = daemon.client();
    daemon.runtime().block_on(async {
        let mut figures = Figures::default();
        for round in 0..SINGLE {
            let context = context("swp0", vlan_of(round))?;
            let start = Instant::now();
            client.call::<Value>(Method::AttachPort, &context).await?;
            if round > 0 {
                figures.add(start.elapsed());
            }
        }
        Ok(figures)
    })
}

fn many(daemon: &Daemon) -> Result<(Duration, Figures)> {
    daemon.runtime().block_on(async {
        let mut callers = JoinSet::new();
        let gate = Arc::new(tokio::sync::Barrier::new(CALLERS + 1));
        for caller in 0..CALLERS {
            let (client, gate) = (daemon.client(), Arc::clone(&gate));
            callers.spawn(async move {
                let port = format!("swp{caller}");
                let mut runs = Vec::new();
                gate.wait().await;
                for round in 0..EACH {
                    let context = context(&port, 300 + round % 2)?;
                    let start = Instant::now();
                    client.call::<Value>(Method::AttachPort, &context).await?;
                    runs.push(start.elapsed());
                }
                anyhow::Ok(runs)
            });
        }
        gate.wait().await;
        let start = Instant::now();
        let mut figures = Figures::default();
        while let Some(done) = callers.join_next().await {
            figures.extend(done??);
        }
        Ok((start.elapsed(), figures))
    })
}

/// Resident memory of a process in megabytes, as the kernel counts it.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).context("no VmRSS")?;
    Ok(kilobytes.trim().parse::<f64>()? / 1000.0)
}
