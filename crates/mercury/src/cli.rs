//! The command line: what there is, and how a run begins and ends.

mod audit;
mod completions;
mod config;
mod connection;
mod exit;
mod fabric;
mod failure;
pub(crate) mod import;
mod man;
mod openrpc;
mod output;
mod password;
mod plugin;
mod policy;
mod profile;
mod switch;
mod switchd;

use clap::{Parser, Subcommand};

use crate::demo;
use exit::Exit;
use output::{Output, complain};

/// Connects bare-metal servers to the right network, and never to the wrong one.
#[derive(Debug, Parser)]
#[command(
    name = "mercury",
    version,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = Exit::table(),
    after_long_help = format!("{EXAMPLES}\n\n{}", Exit::table())
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  mercury demo                                         all of it, on simulated switches
  mercury switch list                                  what switches there are
  mercury switch plan attach leaf-01:swp1 --vlan 100   what would be sent, sending nothing
  mercury switch attach leaf-01:swp1 --vlan 100        a server port on VLAN 100
  mercury switch verify leaf-01:swp1 --vlan 100        is it still so?
  mercury policy check policy.toml                     is the policy a policy?
  mercury audit show audit.log --port swp1             who changed this port, when and how";

/// Where the service's configuration is when nothing says otherwise.
const CONFIG: &str = "/etc/mercury/switchd.toml";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the switch service
    Switchd(switchd::Args),
    /// Look at switch ports and change them, through a running switch service
    Switch(switch::Args),
    /// Look at the client's connections: addresses of services, and as whom to speak to them
    Connection(connection::command::Args),
    /// Look at device profiles, which say how each switch system is driven, and write them
    Profile(profile::Args),
    /// Check the service's configuration
    Config(config::Args),
    /// Make a configuration from that of another service
    Import(import::Args),
    /// Check a policy file, and what it allows
    Policy(policy::Args),
    /// Make lines for the files of users that the service reads
    Password(password::Args),
    /// Check drivers that are plugins, while writing them
    Plugin(plugin::Args),
    /// Read and verify audit logs
    Audit(audit::Args),
    /// See it all work: a fabric, servers and the service are started, and taken down again
    #[command(after_help = demo::EXAMPLES)]
    Demo(demo::Args),
    /// Start simulated switches, to try clients on
    Fabric(fabric::Args),
    /// Print a shell's completion script
    Completions(completions::Args),
    /// Write the manual pages
    Man(man::Args),
    /// Print the OpenRPC document of the switch service
    #[command(name = "openrpc")]
    OpenRpc,
}

/// Runs the program.
pub(crate) fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone is nobody to tell.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Ok };
        }
    };
    let json = cli.command.json();
    let mut output = Output::new();
    let done = cli.command.run(&mut output);
    let flushed = output.flush();
    match done.and_then(|exit| flushed.map(|()| exit)) {
        Ok(exit) => exit,
        Err(error) => failure::report(&error, json),
    }
}

impl Command {
    /// Whether answers and errors are for machines.
    const fn json(&self) -> bool {
        match self {
            Self::Switch(args) => args.json(),
            Self::Audit(args) => args.json(),
            Self::Connection(args) => args.json(),
            Self::Profile(args) => args.json(),
            Self::Config(args) => args.json(),
            Self::Import(args) => args.json(),
            Self::Policy(args) => args.json(),
            Self::Plugin(args) => args.json(),
            Self::Fabric(args) => args.json(),
            Self::Switchd(_)
            | Self::Password(_)
            | Self::Demo(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::OpenRpc => false,
        }
    }

    fn run(self, output: &mut Output) -> anyhow::Result<Exit> {
        match self {
            Self::Switchd(args) => switchd::run(args),
            Self::Switch(args) => switch::run(args, output),
            Self::Connection(args) => connection::command::run(&args, output),
            Self::Profile(args) => profile::run(&args, output),
            Self::Config(args) => config::run(&args, output),
            Self::Import(args) => import::run(&args, output),
            Self::Policy(args) => policy::run(&args, output),
            Self::Password(args) => password::run(args, output),
            Self::Plugin(args) => plugin::run(args, output),
            Self::Audit(args) => audit::run(args, output),
            Self::Fabric(args) => fabric::run(args, output),
            Self::Demo(args) => {
                demo::run(&args, &mut std::io::stdout(), output.look()).map(|()| Exit::Ok)
            }
            Self::Completions(args) => completions::run(&args, output),
            Self::Man(args) => man::run(&args, output),
            Self::OpenRpc => openrpc::run(output),
        }
    }
}

/// Tells something that is no answer and no error.
fn warn(message: &str) {
    let look = output::look_of_stderr();
    complain(&format!("{} {message}\n", look.paint(crate::render::Tone::Odd, "warning:")));
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
