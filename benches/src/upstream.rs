//! The same call to Ironic's own networking service and to Mercury, on the same switch.
//!
//! `ironic-networking` with networking-generic-switch reaches the Open vSwitch as it reaches any
//! switch, by commands over SSH: a real `sshd` on loopback and the real `ovs-vsctl`. Mercury speaks
//! OVSDB to it. So this compares what an operator has before and after, not two programs of one
//! design. Both get exactly the call that a conductor sends, from one client, in turns, so that a
//! machine that is busy for a while is so for both.
//!
//! Nearly all of upstream's time is that of a new SSH session for each change. What the services
//! themselves take is measured too, on a switch of each that does nothing.

use std::{
    fs,
    io::Write,
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, anyhow, ensure};
use lab::Lab;
use serde_json::{Value, json};
use system_tests::{
    Daemon, Setup,
    peer::{Connection, IronicNetworking, OvsShell, SwitchSection, next_address, version_of},
};

use crate::{figures::Figures, load};

const SWITCH: &str = "leaf-01";
const MAC: &str = "00:53:00:0a:0a:01";
/// The switch that does nothing.
const NOTHING: &str = "00:53:00:0b:0b:01";
/// How many callers at once, each with a port of its own.
const CALLERS: usize = 16;
/// How often it is one upstream's turn, alone.
const TURNS: u16 = 20;
/// How many calls Mercury gets in a turn, since it needs more for a fair 95th percentile.
const MERCURY_EACH: u16 = 20;
/// How often the callers at once take their turn.
const ROUNDS: u16 = 2;
/// How many calls each of the callers at once makes in a round.
const UPSTREAM_CALLS: u16 = 2;
const MERCURY_CALLS: u16 = 100;
/// How many calls to the switch that does nothing.
const IDLE_CALLS: u16 = 400;
/// How many starts of each.
const UPSTREAM_STARTS: usize = 3;
const MERCURY_STARTS: usize = 11;

/// One line of the table.
struct Row {
    name: &'static str,
    unit: &'static str,
    upstream: f64,
    mercury: f64,
    /// Whether more is better.
    rate: bool,
}

impl Row {
    /// How much better Mercury is; below one it is worse.
    fn ratio(&self) -> f64 {
        if self.rate { self.mercury / self.upstream } else { self.upstream / self.mercury }
    }
}

/// What one of the two did.
#[derive(Default)]
struct Side {
    alone: Figures,
    nothing: Figures,
    together: Figures,
    /// How long all rounds of the callers at once took.
    took: Duration,
    calls: u32,
    starts: Figures,
    memory: f64,
}

/// Measures and prints, as a table or as JSON.
pub(crate) fn run(out: &mut impl Write, as_json: bool) -> Result<()> {
    lab::require()?;
    let before = load()?;
    let nics: Vec<(String, String)> =
        (0..CALLERS).map(|n| (format!("eth{n}"), format!("swp{n}"))).collect();
    let cables: Vec<(&str, &str, &str)> =
        nics.iter().map(|(nic, port)| (nic.as_str(), SWITCH, port.as_str())).collect();
    let lab = Lab::builder().switch(SWITCH).host("h", cables).idle_vlan(10).start()?;
    let shell = OvsShell::start(&lab.instance(SWITCH)?.socket())?;
    let sections = [shell.section(SWITCH, MAC), SwitchSection::fake("nothing", NOTHING)];

    let (mut upstream, mut mercury) = (Side::default(), Side::default());
    for _ in 1..UPSTREAM_STARTS {
        upstream.starts.add(IronicNetworking::start(&sections)?.took);
    }
    let theirs = IronicNetworking::start(&sections)?;
    upstream.starts.add(theirs.took);
    let (mut daemon, address) = service(&lab)?;
    for _ in 0..MERCURY_STARTS {
        mercury.starts.add(restart(&mut daemon, address)?);
    }

    let (mut to_theirs, mut to_ours) =
        (Connection::new(theirs.address()), Connection::new(address));
    for turn in 0..TURNS {
        upstream.alone.add(update(&mut to_theirs, MAC, 0, 100 + turn % 2)?);
        for call in 0..MERCURY_EACH {
            mercury.alone.add(update(&mut to_ours, MAC, 0, 101 - call % 2)?);
        }
    }
    for call in 0..IDLE_CALLS {
        upstream.nothing.add(update(&mut to_theirs, NOTHING, 0, 100 + call % 2)?);
        mercury.nothing.add(update(&mut to_ours, NOTHING, 0, 100 + call % 2)?);
    }
    for _ in 0..ROUNDS {
        together(&mut upstream, theirs.address(), UPSTREAM_CALLS)?;
        carries(&lab, 200 + (UPSTREAM_CALLS - 1) % 2)?;
        together(&mut mercury, address, MERCURY_CALLS)?;
        carries(&lab, 200 + (MERCURY_CALLS - 1) % 2)?;
    }
    upstream.memory = memory(&theirs.process().family())?;
    mercury.memory = memory(&[daemon.pid()])?;

    let ovs = lab.appctl(SWITCH, &["version"])?;
    let ovs = ovs.lines().next().and_then(|line| line.rsplit(' ').next());
    let versions = json!({
        "mercury": env!("CARGO_PKG_VERSION"),
        "ironic": version_of("ironic"),
        "networking-generic-switch": version_of("networking-generic-switch"),
        "netmiko": version_of("netmiko"),
        "open-vswitch": ovs,
    });
    let rows = rows(&upstream, &mercury);
    if as_json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|row| {
                json!({ "name": row.name, "unit": row.unit, "ironic_networking": row.upstream,
                        "mercury": row.mercury, "ratio": row.ratio() })
            })
            .collect();
        let load = json!({ "before": before, "after": load()? });
        let report = json!({ "versions": versions, "load_average": load, "rows": rows });
        writeln!(out, "{report:#}")?;
    } else {
        table(out, &versions, (before, load()?), &rows)?;
    }
    drop((daemon, theirs, shell));
    lab.down()
}

/// Mercury's service as its example configures it, with a door for Ironic.
fn service(lab: &Lab) -> Result<(Daemon, SocketAddr)> {
    let port = lab.instance(SWITCH)?.tcp_port().context("the switch has no TCP port")?;
    let address = next_address();
    let section = format!(
        "driver = \"ovsdb\"\naddress = \"tcp:127.0.0.1:{port}\"\nidle_vlan = 10\n\
         switch_ids = [\"{MAC}\"]\n"
    );
    let listener =
        format!("[[listen]]\naddress = \"{address}\"\nauth = \"none\"\nmethods = \"ironic\"\n");
    let nothing = format!("driver = \"noop\"\nidle_vlan = 10\nswitch_ids = [\"{NOTHING}\"]\n");
    let setup = Setup::new().switch(SWITCH, &section).switch("nothing", &nothing);
    let daemon = Daemon::start(&setup.with(&listener))?;
    Ok((daemon, address.into()))
}

/// Starts it again; how long until it has answered with its list of switches.
fn restart(daemon: &mut Daemon, address: SocketAddr) -> Result<Duration> {
    daemon.terminate()?;
    let start = Instant::now();
    daemon.restart()?;
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "get_switches",
                       "params": { "context": {} } });
    let answer = Connection::new(address).post("/", &[], &list)?.json();
    let took = start.elapsed();
    ensure!(answer.pointer("/result/leaf-01").is_some(), "no list of switches: {answer}");
    Ok(took)
}

/// One change, as a conductor asks for it.
fn update(connection: &mut Connection, switch: &str, port: usize, vlan: u16) -> Result<Duration> {
    let call = json!({
        "jsonrpc": "2.0", "id": "req-7c3dcb5a-5f0a-4a39-9a53-3f8b6c1d0a11",
        "method": "update_port",
        "params": {
            "switch_id": switch, "port_name": format!("swp{port}"),
            "description": "Ironic Port 9247234f-b95d-4a03-89f6-2f13da7c5874",
            "mode": "access", "native_vlan": vlan, "allowed_vlans": null, "lag_name": null,
            "default_vlan": 10, "rpc.version": "1.0",
            "context": { "request_id": "req-7c3dcb5a-5f0a-4a39-9a53-3f8b6c1d0a11", "user": null },
        },
    });
    let start = Instant::now();
    let answer = connection.post("/", &[("X-Auth-Token", "notused")], &call)?;
    let took = start.elapsed();
    let answer = answer.json();
    ensure!(answer.get("result").is_some(), "refused: {answer}");
    Ok(took)
}

/// All callers at once, each on its own port and connection.
fn together(side: &mut Side, address: SocketAddr, calls: u16) -> Result<()> {
    let start = Instant::now();
    let callers = thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|port| {
                scope.spawn(move || {
                    let mut connection = Connection::new(address);
                    (0..calls)
                        .map(|call| update(&mut connection, MAC, port, 200 + call % 2))
                        .collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        callers.into_iter().map(|caller| caller.join()).collect::<Vec<_>>()
    });
    side.took += start.elapsed();
    for caller in callers {
        let runs = caller.map_err(|_| anyhow!("a caller panicked"))??;
        side.calls += u32::try_from(runs.len())?;
        side.together.extend(runs);
    }
    Ok(())
}

/// Whether the callers' ports are where the last call of each put them: nobody is quick by doing
/// nothing.
fn carries(lab: &Lab, vlan: u16) -> Result<()> {
    for port in 0..CALLERS {
        let tag = lab.vsctl(SWITCH, &["get", "port", &format!("swp{port}"), "tag"])?;
        ensure!(tag.trim() == vlan.to_string(), "swp{port} carries {}, not {vlan}", tag.trim());
    }
    Ok(())
}

/// The memory of processes together in MB; what they share counts once.
fn memory(processes: &[u32]) -> Result<f64> {
    let mut sum = 0.0;
    for pid in processes {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:")).context("no Pss")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        sum += kilobytes / 1000.0;
    }
    Ok(sum)
}

fn rows(upstream: &Side, mercury: &Side) -> Vec<Row> {
    let ms = |duration: Duration| duration.as_secs_f64() * 1e3;
    let time = |name, percent, figures: fn(&Side) -> &Figures| Row {
        name,
        unit: "ms",
        upstream: ms(figures(upstream).percentile(percent)),
        mercury: ms(figures(mercury).percentile(percent)),
        rate: false,
    };
    let rate = |side: &Side| f64::from(side.calls) / side.took.as_secs_f64();
    vec![
        time("one at a time, p50", 50, |side| &side.alone),
        time("one at a time, p95", 95, |side| &side.alone),
        time("16 callers at once, p50", 50, |side| &side.together),
        time("16 callers at once, p95", 95, |side| &side.together),
        Row {
            name: "16 callers at once",
            unit: "changes/s",
            upstream: rate(upstream),
            mercury: rate(mercury),
            rate: true,
        },
        time("a switch that does nothing, p50", 50, |side| &side.nothing),
        time("a switch that does nothing, p95", 95, |side| &side.nothing),
        Row {
            name: "memory afterwards",
            unit: "MB",
            upstream: upstream.memory,
            mercury: mercury.memory,
            rate: false,
        },
        time("start to the first list of switches, p50", 50, |side| &side.starts),
    ]
}

fn table(out: &mut impl Write, versions: &Value, load: (f64, f64), rows: &[Row]) -> Result<()> {
    writeln!(out, "update_port on one Open vSwitch, {CALLERS} ports, both in turns")?;
    writeln!(out, "  versions: {versions}")?;
    writeln!(out, "  load average before and after: {:.2}, {:.2}", load.0, load.1)?;
    let alone = (TURNS, TURNS * MERCURY_EACH);
    let callers = u16::try_from(CALLERS)? * ROUNDS;
    let many = (callers * UPSTREAM_CALLS, callers * MERCURY_CALLS);
    writeln!(out, "  calls one at a time: {} and {}", alone.0, alone.1)?;
    writeln!(out, "  calls of 16 callers: {} and {}", many.0, many.1)?;
    writeln!(out, "  starts: {UPSTREAM_STARTS} and {MERCURY_STARTS}")?;
    let (theirs, ours) = ("ironic-networking", "mercury switchd");
    writeln!(out, "  {:42}{theirs:>20}{ours:>20}{:>10}", "", "ratio")?;
    for row in rows {
        let value = |value: f64| format!("{value:.2} {}", row.unit);
        let (name, ratio) = (row.name, row.ratio());
        let (theirs, ours) = (value(row.upstream), value(row.mercury));
        writeln!(out, "  {name:42}{theirs:>20}{ours:>20}{ratio:>9.1}x")?;
    }
    Ok(())
}
