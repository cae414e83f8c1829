//! `mercury fabric`: simulated switches, started by hand.
//!
//! For trying a client, a profile or a policy without a switch. Nothing listens elsewhere than on
//! loopback, and nothing is kept: a switch begins as its file says, and forgets everything when it
//! is stopped. Passwords come from files, so that no process list shows them.

mod file;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Subcommand;
use fabric::ssh::{SshSwitch, System};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use self::file::Declared;
use super::{exit::Exit, failure::Told, output::Output};
use crate::render::Shown;

const RUN: &str = "\
Examples:
  mercury fabric run --system eos --password-file admin.password
  mercury fabric run --system nxos --name leaf-01 --port 2201 --user admin --key ~/.ssh/id_ed25519.pub
  mercury fabric run --system ios --key id.pub --login-delay 1500 --round-trip 20
  mercury fabric run --file fabric.toml --json

Each switch is an SSH server on 127.0.0.1 with the prompts, modes, warnings and refusals of its
system. Printed are its address, the fingerprint of its host key, and the line for a known_hosts
file; then it runs until Ctrl-C. Log in with

  ssh -p 2201 admin@127.0.0.1

Several switches come from a file:

  [[switch]]
  name = \"leaf-01\"
  system = \"eos\"                      # see --system
  port = 2201                         # 0: any free one
  user = \"admin\"
  password_file = \"admin.password\"    # relative to this file
  keys = [\"id_ed25519.pub\"]
  ports = 48                          # for servers
  pair = true                         # half of an MLAG, vPC or VLT pair
  configuration = [\"vlan 100\", \"name storage\"]
  login_delay_ms = 1500
  command_delay_ms = 50
  round_trip_ms = 20
  max_sessions = 5

Further keys: enable_secret_file, host_key_file (otherwise a key is made at each start), banner,
motd, legacy = true (only the algorithms of old switches), quirks = [\"isl\"].

Lines of `configuration` are what is entered in configuration mode: for junos with \"set\" in front,
for nvue what follows \"nv set\", for sonic what follows \"config\".";

/// Start simulated switches, to try clients on.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
    /// Print one JSON document
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run switches that are configured through SSH, until Ctrl-C
    #[command(after_long_help = RUN, after_help = "More, with examples: mercury fabric run --help")]
    Run(Box<Run>),
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The switches, in TOML
    #[arg(long, value_name = "FILE", conflicts_with_all = ["system", "name", "port", "user"])]
    file: Option<PathBuf>,
    /// The operating system: eos, nxos, ios, os10, sonic, nvue, junos
    #[arg(long, required_unless_present = "file")]
    system: Option<System>,
    /// The switch's name, which its prompt shows
    #[arg(long, default_value = "leaf-01")]
    name: String,
    /// TCP port on 127.0.0.1; 0 is any free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Who may log in
    #[arg(long, default_value = "admin")]
    user: String,
    /// A file with the user's password
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// A file with the user's public key
    #[arg(long = "key", value_name = "FILE")]
    keys: Vec<PathBuf>,
    /// A file with the secret for `enable`; logins are unprivileged then
    #[arg(long, value_name = "FILE")]
    enable_secret_file: Option<PathBuf>,
    /// A file with the host key; otherwise one is made
    #[arg(long, value_name = "FILE")]
    host_key_file: Option<PathBuf>,
    /// Ports for servers
    #[arg(long, default_value_t = 48)]
    ports: u16,
    /// Half of an MLAG, vPC or VLT pair
    #[arg(long)]
    pair: bool,
    /// Knows only the algorithms of old switches
    #[arg(long)]
    legacy: bool,
    /// Time from the login to the first prompt
    #[arg(long, value_name = "MS", default_value_t = 0)]
    login_delay: u64,
    /// Time that each command takes
    #[arg(long, value_name = "MS", default_value_t = 0)]
    command_delay: u64,
    /// Time that a byte takes to the switch and back
    #[arg(long, value_name = "MS", default_value_t = 0)]
    round_trip: u64,
    /// Most connections at a time
    #[arg(long, value_name = "COUNT")]
    max_sessions: Option<usize>,
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        self.json
    }
}

pub(super) fn run(args: Args, output: &mut Output) -> anyhow::Result<Exit> {
    let Command::Run(run) = args.command;
    let declared = match &run.file {
        Some(path) => file::read(path)?,
        None => vec![run.declared()],
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start a runtime")?;
    runtime.block_on(serve(&declared, args.json, output))
}

impl Run {
    fn declared(self) -> Declared {
        Declared {
            name: self.name,
            system: self.system.map(|system| system.to_string()).unwrap_or_default(),
            port: self.port,
            user: self.user,
            password_file: self.password_file,
            keys: self.keys,
            enable_secret_file: self.enable_secret_file,
            host_key_file: self.host_key_file,
            ports: self.ports,
            pair: self.pair,
            legacy: self.legacy,
            login_delay_ms: self.login_delay,
            command_delay_ms: self.command_delay,
            round_trip_ms: self.round_trip,
            max_sessions: self.max_sessions,
            ..Declared::default()
        }
    }
}

async fn serve(declared: &[Declared], json: bool, output: &mut Output) -> anyhow::Result<Exit> {
    let on = |kind| signal(kind).context("cannot listen for signals");
    let (mut interrupt, mut terminate) =
        (on(SignalKind::interrupt())?, on(SignalKind::terminate())?);
    let mut switches = Vec::new();
    for one in declared {
        let system: System = one.system.parse().map_err(|_| unknown(one))?;
        let settings = one.settings()?;
        let started = SshSwitch::start(system, &settings).await;
        switches.push((one, started.map_err(|error| refused(&error))?));
    }
    tell(&switches, json, output)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    for (_, switch) in switches {
        switch.shutdown().await;
    }
    Ok(Exit::Ok)
}

fn tell(
    switches: &[(&Declared, SshSwitch)],
    json: bool,
    output: &mut Output,
) -> anyhow::Result<()> {
    if json {
        let one = |(declared, switch): &(&Declared, SshSwitch)| {
            json!({
                "name": switch.name(), "system": declared.system,
                "address": switch.address().ip().to_string(), "port": switch.address().port(),
                "user": declared.user, "fingerprint": switch.fingerprint(),
                "known_hosts": switch.known_hosts_line(),
            })
        };
        output.json(&json!({ "switches": switches.iter().map(one).collect::<Vec<_>>() }))?;
    } else {
        let mut rows = output.look().table(["SWITCH", "SYSTEM", "ADDRESS", "USER", "HOST KEY"]);
        for (declared, switch) in switches {
            rows.add([
                Shown::from(switch.name()),
                Shown::from(declared.system.as_str()),
                Shown::from(switch.address().to_string().as_str()),
                Shown::from(declared.user.as_str()),
                Shown::from(switch.fingerprint().as_str()),
            ]);
        }
        output.text(&rows.to_string())?;
        output.text("\nFor a known_hosts file:\n")?;
        for (_, switch) in switches {
            output.text(&format!("{}\n", switch.known_hosts_line()))?;
        }
        output.text("\nRunning until Ctrl-C.\n")?;
    }
    output.flush()
}

fn unknown(one: &Declared) -> Told {
    let systems: Vec<&str> = System::ALL.iter().map(|system| system.word()).collect();
    let message = format!("there is no simulated system `{}`", one.system);
    Told::new(Exit::Broken, message).hint(format!("known are {}", systems.join(", ")))
}

/// What the switch says of its settings, with its causes.
fn refused(error: &fabric::Error) -> Told {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push('\n');
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    Told::new(Exit::Broken, text)
}
