//! `mercury plugin`: for people who write drivers. Neither command needs a service.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use clap::Subcommand;
use drivers::plugin::{
    PluginSettings, SecretSource,
    check::{self, CheckOptions},
};
use model::{PortName, Vlan};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{exit::Exit, failure::Told, output::Output};
use crate::render::plugin as render;

const CHECK: &str = "\
Examples:
  mercury plugin check ./my-plugin
  mercury plugin check --port swp1 --port swp2 --settings lab.toml ./my-plugin
  mercury plugin check --env PYTHONPATH=$PWD/python --setting database=unix:/run/db.sock \\
      --port swp1 examples/plugins/ovs_vsctl.py
  mercury plugin check --secret password=/etc/leaf.pw --json ./my-plugin --verbose

It starts the plugin as the service does, with an empty environment, and holds it against each rule
of the protocol. A rule that is broken is told with what was sent, what came, and what to do. With
ports, each capability that the plugin claims is set, read back, taken back and read again, so give
it ports that carry nobody's traffic: two, for LAGs and batches. What was changed is put back.

Ends with 0 when the plugin keeps every rule that could be checked, and with 1 when it breaks one.
The rules are in the book: docs/src/plugin-protocol.md.";

const DESCRIBE: &str = "\
Examples:
  mercury plugin describe ./my-plugin
  mercury plugin describe --settings lab.toml --json ./my-plugin";

/// Write drivers in any language.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check whether a program keeps the protocol, rule by rule
    #[command(after_help = CHECK)]
    Check(Check),
    /// Show what a plugin says of itself
    #[command(after_help = DESCRIBE)]
    Describe(Describe),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// A port that may be changed, by the switch's own name; may be given more than once
    #[arg(long = "port", value_name = "NAME")]
    ports: Vec<PortName>,
    /// The first of four VLANs that may be used on the ports
    #[arg(long, value_name = "VLAN", default_value = "3901")]
    first_vlan: Vlan,
    #[command(flatten)]
    start: Start,
}

#[derive(Debug, clap::Args)]
struct Describe {
    #[command(flatten)]
    start: Start,
}

/// How the plugin is started.
#[derive(Debug, clap::Args)]
struct Start {
    /// What `settings` of the configuration would hold: a file that ends in .toml or .json
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// One setting, on top of the file's; the value is text
    #[arg(long = "setting", value_name = "NAME=VALUE", value_parser = pair)]
    more: Vec<(String, String)>,
    /// A secret, and the file that it is in
    #[arg(long = "secret", value_name = "NAME=FILE", value_parser = pair)]
    secrets: Vec<(String, String)>,
    /// A variable of the plugin's environment, which is empty otherwise
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = pair)]
    environment: Vec<(String, String)>,
    /// What the plugin is told the switch is called
    #[arg(long, value_name = "NAME", default_value = "check")]
    switch: String,
    /// How much memory each of its processes may write to
    #[arg(long, value_name = "MIB", default_value = "512",
        value_parser = clap::value_parser!(u64).range(16..=1_048_576))]
    memory_mb: u64,
    /// How long an answer may take
    #[arg(long, value_name = "MS", default_value = "10000",
        value_parser = clap::value_parser!(u64).range(10..=600_000))]
    timeout_ms: u64,
    /// How long the plugin may take to end
    #[arg(long, value_name = "MS", default_value = "2000",
        value_parser = clap::value_parser!(u64).range(10..=60_000))]
    grace_ms: u64,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// The program, and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "PROGRAM"
    )]
    command: Vec<String>,
}

/// A name and a value.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("it is not like `NAME=VALUE`".to_owned()),
    }
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        match &self.command {
            Command::Check(check) => check.start.json,
            Command::Describe(describe) => describe.start.json,
        }
    }
}

pub(super) fn run(args: Args, output: &mut Output) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match args.command {
        Command::Check(Check { ports, first_vlan, start }) => {
            let json = start.json;
            let options = CheckOptions { ports, vlans: four(first_vlan)? };
            let report = runtime.block_on(check::check(start.settings()?, options));
            if json {
                output.json(&report)?;
            } else {
                output.text(&render::report(output.look(), &report))?;
            }
            Ok(if report.failed() == 0 { Exit::Ok } else { Exit::Other })
        }
        Command::Describe(Describe { start }) => {
            let json = start.json;
            let described = runtime.block_on(check::describe(&start.settings()?));
            let description =
                described.map_err(|error| Told::new(Exit::Other, error.to_string()))?;
            if json {
                output.json(&description)?;
            } else {
                output.text(&render::description(output.look(), &description))?;
            }
            Ok(Exit::Ok)
        }
    }
}

/// Four VLANs from this one on.
fn four(first: Vlan) -> anyhow::Result<[Vlan; 4]> {
    let nth = |number: u16| Vlan::new(first.get() + number);
    match (nth(1), nth(2), nth(3)) {
        (Ok(second), Ok(third), Ok(fourth)) => Ok([first, second, third, fourth]),
        _ => Err(Told::new(Exit::Usage, format!("`--first-vlan {first}` leaves no four VLANs"))
            .hint("4091 is the highest")
            .into()),
    }
}

impl Start {
    fn settings(self) -> anyhow::Result<PluginSettings> {
        let Self {
            settings,
            more,
            secrets,
            environment,
            switch,
            memory_mb,
            timeout_ms,
            grace_ms,
            json: _,
            command,
        } = self;
        let mut command = command.into_iter();
        let program = command.next().unwrap_or_default();
        let program = Path::new(&program)
            .canonicalize()
            .map_err(|error| Told::new(Exit::Other, format!("`{program}`: {error}")))?;
        let mut values = settings.as_deref().map(read).transpose()?.unwrap_or_default();
        values.extend(more.into_iter().map(|(name, value)| (name, Value::from(value))));
        let mut sources: BTreeMap<String, Arc<dyn SecretSource>> = BTreeMap::new();
        for (name, file) in secrets {
            let text = std::fs::read_to_string(&file).with_context(|| format!("`{file}`"))?;
            let text = text.strip_suffix('\n').unwrap_or(&text).to_owned();
            sources.insert(name, Arc::new(SecretString::from(text)));
        }
        let timeout = Duration::from_millis(timeout_ms);
        Ok(PluginSettings {
            arguments: command.collect(),
            environment: environment.into_iter().collect(),
            settings: values,
            secrets: sources,
            memory_bytes: memory_mb << 20,
            start_timeout: timeout,
            answer_timeout: timeout,
            stop_grace: Duration::from_millis(grace_ms),
            log: false,
            ..PluginSettings::new(switch, program)
        })
    }
}

/// Reads settings as the configuration would hold them.
fn read(path: &Path) -> anyhow::Result<Map<String, Value>> {
    let shown = path.display();
    let refused = |problem: String| Told::new(Exit::Other, format!("`{shown}`: {problem}"));
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let read = if path.extension().is_some_and(|extension| extension == "json") {
        serde_json::from_str(&text).map_err(|error| error.to_string())
    } else {
        toml::from_str(&text).map_err(|error| error.to_string())
    };
    Ok(read.map_err(refused)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_vlans_fit_below_the_last() {
        let four = |first| four(Vlan::new(first).unwrap()).map(|vlans| vlans.map(Vlan::get));
        assert_eq!(four(4091).unwrap(), [4091, 4092, 4093, 4094]);
        assert!(four(4092).is_err());
    }

    #[test]
    fn pairs() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("a").is_err() && pair("=b").is_err());
    }
}
