//! `mercury switch`: the switch service's client for people and scripts.

mod call;
mod endpoint;
mod many;
mod plan;
mod request;
mod wanted;

use clap::Subcommand;
use model::{LinkInformation, SwitchName};
use rpc::{
    Method,
    wire::{
        BindingProfile, ChangeAnswer, Context, FlushAnswer, NetworkTypesAnswer, Operation,
        ReadAnswer, ResolveAnswer, SwitchesAnswer, VerifyAnswer, VerifyState,
    },
};

use self::{call::Session, endpoint::Endpoint, request::Request};
use super::{exit::Exit, failure::Told, output::Output};
use crate::render;

const ABOUT: &str = "\
A port is written SWITCH:PORT, such as leaf-01:swp1 or leaf-01:Ethernet1/7; what stands before the
first colon is the switch. A switch is named by its name in the service's configuration, or by its
chassis MAC address without colons (52-54-00-00-00-01).

With --json the service's answer goes to standard output as one JSON document, and an error goes to
standard error as one JSON document; one with a `code` comes from the service.";

const LIST: &str = "\
Examples:
  mercury switch list
  mercury switch list --url unix:/run/mercury/switchd.sock --json";
const SHOW: &str = "Example:\n  mercury switch show leaf-01";
const READ: &str = "Example:\n  mercury switch read leaf-01:swp1 leaf-02:swp1";
const RESOLVE: &str = "\
Examples:
  mercury switch resolve leaf-01:Gi1/0/4
  mercury switch resolve leaf-01:52:54:00:12:34:56";
const TYPES: &str = "Example:\n  mercury switch types leaf-01:swp1";
const FLUSH: &str = "\
Examples:
  mercury switch flush              every switch with something unsaved
  mercury switch flush leaf-01";
const NETWORK: &str = "\
Examples:
  mercury switch network add --vlan 100 --name tenant-a leaf-01 leaf-02
  mercury switch network delete --vlan 100 leaf-01 leaf-02";

/// Look at switch ports and change them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = ABOUT)]
pub(super) struct Args {
    #[command(flatten)]
    request: Box<Request>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the switches, what is unsaved and what is in doubt
    #[command(after_help = LIST)]
    List {
        /// Only these switches
        switches: Vec<SwitchName>,
    },
    /// Show one switch in detail
    #[command(after_help = SHOW)]
    Show {
        /// The switch
        switch: SwitchName,
    },
    /// Read ports and their LAGs as they are
    #[command(after_help = READ)]
    Read {
        /// The ports, as SWITCH:PORT
        #[arg(required = true, value_name = "PORT")]
        ports: Vec<Endpoint>,
    },
    /// Find the port that a text means, by name, alias, index or MAC address
    #[command(after_help = RESOLVE)]
    Resolve {
        /// The texts, as SWITCH:TEXT
        #[arg(required = true, value_name = "PORT")]
        ports: Vec<Endpoint>,
    },
    /// Print the network types that these ports can carry
    #[command(after_help = TYPES)]
    Types {
        /// The ports, as SWITCH:PORT; without any, what every switch can carry
        #[arg(value_name = "PORT")]
        ports: Vec<Endpoint>,
    },
    /// Put ports or a LAG on a network, all of them or none
    #[command(after_help = wanted::ATTACH)]
    Attach(call::Attach),
    /// Take ports or a LAG off their network, into the switch's idle state
    #[command(after_help = wanted::DETACH)]
    Detach(call::Detach),
    /// Change ports or a LAG that are attached
    #[command(after_help = wanted::UPDATE)]
    Update(call::Attach),
    /// Define a network on switches, or remove its definition
    #[command(after_help = NETWORK)]
    Network {
        #[command(subcommand)]
        command: Network,
    },
    /// Show what a change would do, without doing it
    #[command(after_help = plan::PLAN)]
    Plan(plan::Plan),
    /// Carry out a plan, if no switch has changed since
    #[command(after_help = plan::APPLY)]
    Apply(plan::Apply),
    /// Compare ports with what you believe
    #[command(after_help = call::VERIFY)]
    Verify(call::Verify),
    /// Save the running configuration of switches now
    #[command(after_help = FLUSH)]
    Flush {
        /// Only these switches
        switches: Vec<SwitchName>,
    },
}

#[derive(Debug, Subcommand)]
enum Network {
    /// Define a VLAN on switches where VLANs have to exist
    Add(wanted::Definition),
    /// Remove a VLAN's definition from switches
    Delete(wanted::Definition),
}

impl Args {
    pub(super) const fn json(&self) -> bool {
        self.request.json
    }
}

pub(super) fn run(args: Args, output: &mut Output) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Args { request, command } = args;
    let mut session = Session::open(&request, output)?;
    runtime.block_on(command.run(&mut session))
}

impl Command {
    async fn run(self, session: &mut Session<'_>) -> anyhow::Result<Exit> {
        match self {
            Self::List { switches } => {
                let context = Context { switches, ..session.context() };
                session
                    .show(Method::ListSwitches, context, |look, answer: &SwitchesAnswer| {
                        (render::switches::list(look, answer), Exit::Ok)
                    })
                    .await
            }
            Self::Show { switch } => show(session, switch).await,
            Self::Read { ports } => {
                let context = Context { binding_profile: links(&ports), ..session.context() };
                session
                    .show(Method::ReadPort, context, |look, answer: &ReadAnswer| {
                        (render::ports::read(look, answer), Exit::Ok)
                    })
                    .await
            }
            Self::Resolve { ports } => {
                let context = Context { binding_profile: links(&ports), ..session.context() };
                session
                    .show(Method::ResolvePort, context, |look, answer: &ResolveAnswer| {
                        let found = answer.links.iter().all(|link| link.port.is_some());
                        let exit = if found { Exit::Ok } else { Exit::Invalid };
                        (render::ports::resolve(look, answer), exit)
                    })
                    .await
            }
            Self::Types { ports } => {
                let context = Context { binding_profile: links(&ports), ..session.context() };
                session
                    .show(
                        Method::GetAllowedNetworkTypes,
                        context,
                        |_, answer: &NetworkTypesAnswer| {
                            (render::switches::types(answer), Exit::Ok)
                        },
                    )
                    .await
            }
            Self::Attach(args) => args.run(Operation::AttachPort, session).await,
            Self::Detach(args) => args.run(session).await,
            Self::Update(args) => args.run(Operation::UpdatePort, session).await,
            Self::Network { command } => network(session, command).await,
            Self::Plan(args) => args.run(session).await,
            Self::Apply(args) => args.run(session).await,
            Self::Verify(args) => args.run(session).await,
            Self::Flush { switches } => {
                let context = Context { switches, ..session.context() };
                session
                    .show(Method::Flush, context, |look, answer: &FlushAnswer| {
                        let saved = answer.switches.iter().all(|switch| switch.saved);
                        let exit = if saved { Exit::Ok } else { Exit::Unavailable };
                        (render::change::flush(look, answer), exit)
                    })
                    .await
            }
        }
    }
}

async fn show(session: &mut Session<'_>, name: SwitchName) -> anyhow::Result<Exit> {
    let context = Context { switches: vec![name.clone()], ..session.context() };
    let answer: SwitchesAnswer = session.ask(Method::ListSwitches, &context).await?;
    let Some(switch) = answer.switches.iter().find(|switch| switch.name == name) else {
        return Err(Told::new(Exit::Invalid, format!("there is no switch `{name}`"))
            .hint("`mercury switch list` shows those that you may see")
            .into());
    };
    if session.json {
        session.output.json(switch)?;
    } else {
        let text = render::switches::show(session.output.look(), switch);
        session.output.text(&text)?;
    }
    Ok(Exit::Ok)
}

async fn network(session: &mut Session<'_>, command: Network) -> anyhow::Result<Exit> {
    let (method, definition) = match command {
        Network::Add(definition) => (Method::AddNetwork, definition),
        Network::Delete(definition) => (Method::DeleteNetwork, definition),
    };
    let context = definition.fill(session.context());
    session.show(method, context, |look, answer| (changed(look, answer), Exit::Ok)).await
}

fn changed(look: render::Look, answer: &ChangeAnswer) -> String {
    render::change::change(look, answer, false)
}

fn links(ports: &[Endpoint]) -> Option<BindingProfile> {
    let links: Vec<LinkInformation> = ports.iter().map(Endpoint::link).collect();
    (!links.is_empty()).then_some(BindingProfile {
        local_link_information: links,
        local_group_information: None,
        physical_network: None,
    })
}

/// The exit code of a comparison.
fn compared(answer: &VerifyAnswer) -> Exit {
    match answer.state {
        VerifyState::InSync => Exit::Ok,
        VerifyState::Differs => Exit::Differs,
        VerifyState::Unknown => Exit::Unknown,
    }
}
