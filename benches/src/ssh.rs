//! Switches with a command line, over SSH: Mercury and networking-generic-switch on the same ones.
//!
//! The switches are simulated, with the round trip and the login of real ones, so what is compared
//! is how often each side waits for a switch, and for how long it waits for itself. The library is
//! asked without Neutron or Ironic before it, and Mercury with everything that it does for a
//! change: policy, reading, planning, the audit record on disk, the change, reading back. After
//! each round the switches are asked where the ports are: nobody is quick by doing nothing.

mod mercury;
mod ngs;
mod report;
mod switches;

use std::{io::Write, thread::ScopedJoinHandle, time::Duration};

use anyhow::{Context as _, Result, anyhow};
use fabric::ssh::System;
use serde_json::json;
use system_tests::Daemon;

use self::{
    ngs::{Ngs, Style},
    report::{MERCURY, Round, Row, Section},
    switches::{Change, LOGIN, ROUND_TRIP, Switches},
};
use crate::{attach::resident, figures::milliseconds, load};

/// How many callers at once.
const CALLERS: usize = 64;
/// The systems of one switch.
const SYSTEMS: [System; 2] = [System::Eos, System::NxOs];
/// Ports of each of many switches.
const PORTS: u16 = 48;

/// What was asked for.
pub(crate) struct Asked {
    /// A tenth of everything.
    pub(crate) is_quick: bool,
    /// Without the library.
    pub(crate) is_alone: bool,
    /// With commands that take their time.
    pub(crate) is_slow: bool,
    /// For a program to read.
    pub(crate) as_json: bool,
}

/// How much is measured.
struct Size {
    /// Changes on one switch, each on a port of its own, one at a time.
    alone: u16,
    /// And many at once.
    together: u16,
    /// How many switches Mercury is given at once.
    switches: usize,
    /// How many of them the library is given, which would take hours for all.
    few: usize,
    /// How long a command takes besides.
    command: Duration,
}

const FULL: Size =
    Size { alone: 200, together: 200, switches: 100, few: 10, command: Duration::ZERO };
const QUICK: Size = Size { alone: 20, together: 64, switches: 10, few: 1, command: Duration::ZERO };
/// How long a command takes on a slow switch.
const SLOW: Duration = Duration::from_millis(50);

/// Measures and prints.
pub(crate) fn run(out: &mut impl Write, asked: &Asked) -> Result<()> {
    let as_json = asked.as_json;
    let size = if asked.is_quick { QUICK } else { FULL };
    let command = if asked.is_slow { SLOW } else { size.command };
    let size = Size { command, ..size };
    let before = load()?;
    let found = if asked.is_alone { Err(anyhow!("not asked for")) } else { Ngs::find() };
    let missing = found.as_ref().err().map(|error| format!("{error:#}"));
    let ngs = found.ok();
    let versions = json!({ "mercury": env!("CARGO_PKG_VERSION"), "library": Ngs::versions() });
    if !as_json {
        writeln!(
            out,
            "Simulated switches over SSH: {ROUND_TRIP:?} there and back, {LOGIN:?} for a login, \
             {command:?} for a command"
        )?;
        writeln!(out, "  versions: {versions}")?;
        if let Some(missing) = &missing {
            writeln!(out, "  networking-generic-switch is not measured: {missing}")?;
        }
    }
    let mut sections = Vec::new();
    let mut done = |section: Section| -> Result<()> {
        if !as_json {
            section.write(out)?;
            out.flush()?;
        }
        sections.push(section.json());
        Ok(())
    };
    let mut alone = ngs.as_ref().map(|ngs| one_at_a_time(ngs, &size)).unwrap_or_default();
    for system in SYSTEMS {
        let of_library = alone.extract_if(.., |turn| turn.system == system).collect();
        one_switch(system, &size, ngs.as_ref(), of_library, &mut done)?;
    }
    done(many_switches(&size, ngs.as_ref())?)?;
    let after = load()?;
    if as_json {
        let report = json!({
            "versions": versions, "load_average": { "before": before, "after": after },
            "round_trip_ms": ROUND_TRIP.as_millis(), "login_ms": LOGIN.as_millis(),
            "command_ms": command.as_millis(),
            "not_measured": missing, "sections": sections,
        });
        writeln!(out, "{report:#}")?;
    } else {
        writeln!(out, "load average before and after: {before:.2}, {after:.2}")?;
    }
    Ok(())
}

/// One side's turn, and what became of it.
fn turn(
    who: &'static str,
    (count, callers): (usize, usize),
    switches: &Switches,
    changes: &[Change],
    play: impl FnOnce() -> Result<(Round, f64)>,
) -> Result<Row> {
    switches.talk();
    let (round, memory) = play().with_context(|| format!("{who}, {callers} at once"))?;
    let (wrong, talk) = (switches.wrong(changes), switches.talk());
    Ok(Row { who, switches: count, callers, round, wrong, talk, memory })
}

fn of_mercury(
    daemon: &Daemon,
    switches: &Switches,
    count: usize,
    changes: &[Change],
    callers: usize,
) -> Result<Row> {
    turn(MERCURY, (count, callers), switches, changes, || {
        let round = mercury::play(daemon, switches, changes, callers)?;
        Ok((round, resident(daemon.pid())?))
    })
}

fn of_ngs(
    (ngs, style): (&Ngs, Style),
    switches: &Switches,
    count: usize,
    changes: &[Change],
    callers: usize,
) -> Result<Row> {
    turn(style.name(), (count, callers), switches, changes, || {
        ngs.play(style, switches, count, changes, callers)
    })
}

/// A turn of the library on a switch of its own.
struct LibraryAlone {
    system: System,
    row: Result<Row>,
}

/// The library's changes one at a time. Nearly all of their time it waits, so all of these turns are
/// played side by side, each on a switch of its own.
fn one_at_a_time(ngs: &Ngs, size: &Size) -> Vec<LibraryAlone> {
    let play = |system, style| {
        let switches = Switches::start(system, 1, size.alone, size.command)?;
        let changes: Vec<Change> =
            (1..=size.alone).map(|port| Change { switch: 0, port, vlan: 100 }).collect();
        of_ngs((ngs, style), &switches, 1, &changes, 1)
    };
    std::thread::scope(|scope| {
        let turns = SYSTEMS
            .iter()
            .flat_map(|system| [Style::Default, Style::Fastest].map(|style| (*system, style)));
        let running: Vec<_> = turns
            .map(|(system, style)| (system, scope.spawn(move || play(system, style))))
            .collect();
        let ended = |(system, turn): (System, ScopedJoinHandle<'_, Result<Row>>)| {
            let row = turn.join().unwrap_or_else(|_| Err(anyhow!("it has panicked")));
            LibraryAlone { system, row }
        };
        running.into_iter().map(ended).collect()
    })
}

/// Changes on one switch, one at a time and many at once.
fn one_switch(
    system: System,
    size: &Size,
    ngs: Option<&Ngs>,
    of_library: Vec<LibraryAlone>,
    done: &mut impl FnMut(Section) -> Result<()>,
) -> Result<()> {
    let switches = Switches::start(system, 1, size.together, size.command)?;
    let daemon = mercury::start(&switches)?;
    // Every round has a VLAN of its own, so that each has to move every port.
    let mut vlans = 100..;
    let mut next = |count: u16| -> Vec<Change> {
        let vlan = vlans.next().unwrap_or_default();
        (1..=count).map(|port| Change { switch: 0, port, vlan }).collect()
    };
    let mut notes = first_changes(&daemon, &switches, [next(1), next(1)])?;
    let mut alone = of_library.into_iter().map(|turn| turn.row).collect();
    for (callers, changes) in [(1, size.alone), (CALLERS, size.together)] {
        let mut rows = vec![of_mercury(&daemon, &switches, 1, &next(changes), callers)?];
        let of_library: Vec<Result<Row>> = match ngs {
            Some(ngs) if callers > 1 => [Style::Default, Style::Fastest, Style::Counted]
                .into_iter()
                .map(|style| {
                    // Those that wait for a connection give up after a minute, however many they
                    // are.
                    let count = match style {
                        Style::Counted => changes.min(u16::try_from(callers)?),
                        Style::Default | Style::Fastest => changes,
                    };
                    of_ngs((ngs, style), &switches, 1, &next(count), callers)
                })
                .collect(),
            _ => std::mem::take(&mut alone),
        };
        for row in of_library {
            match row {
                Ok(row) => rows.push(row),
                Err(error) => notes.push(format!("not measured: {error:#}")),
            }
        }
        let how =
            if callers == 1 { "one at a time".to_owned() } else { format!("{callers} at once") };
        let title = format!("{}, {changes} changes of {changes} ports, {how}", switches.title());
        done(Section { title, rows, notes: std::mem::take(&mut notes) })?;
    }
    Ok(())
}

/// What the first changes are made of.
fn first_changes(
    daemon: &Daemon,
    switches: &Switches,
    rounds: [Vec<Change>; 2],
) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for (what, changes) in ["mercury's first change, with its login", "its next"].iter().zip(rounds)
    {
        switches.talk();
        let round = mercury::play(daemon, switches, &changes, 1)?;
        let (took, lines) = (milliseconds(round.took), switches.lines());
        notes.push(format!("{what}: {took}, {} commands: {}", lines.len(), lines.join(" | ")));
        notes.extend(round.failures);
    }
    Ok(notes)
}

/// All ports of many switches.
fn many_switches(size: &Size, ngs: Option<&Ngs>) -> Result<Section> {
    let switches = Switches::start(System::Eos, size.switches, PORTS, size.command)?;
    let daemon = mercury::start(&switches)?;
    // Port after port, so that neighbours in time are on different switches.
    let changes = |count: usize, vlan: u16| -> Vec<Change> {
        let of = |port| (0..count).map(move |switch| Change { switch, port, vlan });
        (1..=PORTS).flat_map(of).collect()
    };
    let idle = resident(daemon.pid())?;
    let (all, few) = (size.switches, size.few);
    let at_once = CALLERS * 8;
    let mut rows = vec![of_mercury(&daemon, &switches, all, &changes(all, 100), at_once)?];
    rows.push(of_mercury(&daemon, &switches, few, &changes(few, 101), CALLERS)?);
    let mut notes = vec![format!("mercury switchd before the first change: {idle:.1} MB")];
    if let Some(ngs) = ngs {
        let row = of_ngs((ngs, Style::Fastest), &switches, few, &changes(few, 102), CALLERS)?;
        let total = u32::try_from(all)? * u32::from(PORTS);
        let minutes = f64::from(total) / row.rate() / 60.0;
        notes.push(format!(
            "extrapolated, not measured: ngs at this rate takes {minutes:.0} minutes for {total} ports"
        ));
        rows.push(row);
    }
    let title = format!(
        "{all} {}, {PORTS} ports each: all {} ports ({at_once} at once), and those of {few} \
         ({CALLERS} at once)",
        switches.title(),
        all * usize::from(PORTS),
    );
    Ok(Section { title, rows, notes })
}
