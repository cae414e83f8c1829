//! `mercury audit`: reading and verifying audit logs, without the service.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

use clap::Subcommand;
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use model::{PortName, SwitchName};
use serde_json::json;
use switch::audit::{self, AuditError, Filter, Kind, Record};

use super::{exit::Exit, failure::Told, output::Output};
use crate::render::audit as render;

const SHOW: &str = "\
Examples:
  mercury audit show /var/log/mercury/audit.log --last 20
  mercury audit show audit.log --switch leaf-01 --port swp1
  mercury audit show audit.log --caller ironic --since 2h
  mercury audit show audit.log --request-id req-7f3a --json

One FILE stands for the whole log: the files that were rotated away beside it are read first. The
chain is verified while it is read; nothing behind a broken place is shown.";

const VERIFY: &str = "\
Examples:
  mercury audit verify /var/log/mercury/audit.log
  mercury audit verify audit.log.1 audit.log.4711 audit.log

Keep the last record's hash somewhere else: it proves later on that the log of today was not
rewritten. Ends with 0 when the log is intact, and with 10 when it is not.";

/// Read audit logs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show records: when, who, what, why, how, and how it ended
    #[command(after_help = SHOW)]
    Show(Show),
    /// Verify the chain, and list the changes whose end is not known
    #[command(after_help = VERIFY)]
    Verify(Verify),
}

#[derive(Debug, clap::Args)]
struct Show {
    /// The log; several files are read as they are given, the oldest first
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Only records about this switch
    #[arg(long)]
    switch: Option<SwitchName>,
    /// Only records about this port
    #[arg(long)]
    port: Option<PortName>,
    /// Only records about what this caller asked for
    #[arg(long)]
    caller: Option<String>,
    /// Only records about this request
    #[arg(long)]
    request_id: Option<String>,
    /// Only records of this time and later: RFC 3339, a date (UTC), or how long ago, such as 2h
    #[arg(long, value_parser = time)]
    since: Option<Timestamp>,
    /// Only records from before this time
    #[arg(long, value_parser = time)]
    until: Option<Timestamp>,
    /// Only records of this kind: begin, end, refused, denied, settled, saved, start, chain, recovered
    #[arg(long)]
    kind: Option<Kind>,
    /// Only the last so many of them
    #[arg(long, value_name = "NUMBER")]
    last: Option<usize>,
    /// Print one JSON object a record, one a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// The log; several files are read as they are given, the oldest first
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        match &self.command {
            Command::Show(show) => show.json,
            Command::Verify(verify) => verify.json,
        }
    }
}

pub(super) fn run(args: Args, output: &mut Output) -> anyhow::Result<Exit> {
    match args.command {
        Command::Show(args) => show(args, output),
        Command::Verify(args) => verify(&args, output),
    }
}

fn show(args: Show, output: &mut Output) -> anyhow::Result<Exit> {
    let Show { files, switch, port, caller, request_id, since, until, kind, last, json } = args;
    let filter = Filter { switch, port, caller, request_id, since, until, kind };
    let records = audit::read(paths(&files)?, filter);
    let mut kept = VecDeque::new();
    for record in records {
        let record = record.map_err(failed)?;
        match last {
            None => print(&record, json, output)?,
            Some(most) => {
                kept.push_back(record);
                if kept.len() > most {
                    kept.pop_front();
                }
            }
        }
        if output.is_gone() {
            break;
        }
    }
    kept.iter().try_for_each(|record| print(record, json, output))?;
    Ok(Exit::Ok)
}

fn print(record: &Record, json: bool, output: &mut Output) -> anyhow::Result<()> {
    if json {
        output.text(&format!("{}\n", serde_json::to_string(record)?))
    } else {
        output.text(&render::record(output.look(), record))
    }
}

fn verify(args: &Verify, output: &mut Output) -> anyhow::Result<Exit> {
    let paths = paths(&args.files)?;
    let files = paths.len();
    let summary = audit::verify(paths).map_err(failed)?;
    if args.json {
        output.json(&json!({
            "intact": true, "records": summary.records, "first": summary.first,
            "last": summary.last, "open": summary.open, "torn_bytes": summary.torn_bytes,
        }))?;
    } else {
        output.text(&render::summary(output.look(), &summary, files))?;
    }
    Ok(Exit::Ok)
}

/// One file stands for its log.
fn paths(files: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let [file] = files else { return Ok(files.to_vec()) };
    let found = audit::files(file).map_err(failed)?;
    if found.is_empty() { Err(missing(file)) } else { Ok(found) }
}

fn missing(file: &Path) -> anyhow::Error {
    Told::new(Exit::Other, format!("there is no audit log `{}`", file.display())).into()
}

fn failed(error: AuditError) -> anyhow::Error {
    match &error {
        AuditError::Broken(_) => Told::new(Exit::Broken, error.to_string())
            .hint("records behind that place cannot be trusted; compare with a copy of the log")
            .into(),
        _ => error.into(),
    }
}

/// A point in time: RFC 3339, a date, or how long ago.
fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    if let Ok(date) = text.parse::<Date>() {
        return date.to_zoned(TimeZone::UTC).map(|day| day.timestamp()).map_err(|e| e.to_string());
    }
    let ago: SignedDuration = text.parse().map_err(|_| {
        "it is none of a time like `2026-11-21T20:00:00Z`, a date like `2026-11-21`, a span like \
         `2h` or `30m`"
            .to_owned()
    })?;
    Timestamp::now().checked_sub(ago).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-21T20:00:00Z", "2026-11-21T20:00:00Z")]
    #[case("2026-11-21T21:00:00+01:00", "2026-11-21T20:00:00Z")]
    #[case("2026-11-21", "2026-11-21T00:00:00Z")]
    fn times(#[case] text: &str, #[case] want: &str) {
        assert_eq!(time(text).unwrap().to_string(), want);
    }

    #[test]
    fn how_long_ago() {
        let before = Timestamp::now();
        let got = time("2h").unwrap();
        assert!((before - got).get_seconds() <= 7_200 && Timestamp::now() > got);
        assert!(time("yesterday").is_err());
    }
}
