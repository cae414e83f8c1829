//! `plan` and `apply`: what would be done, and doing just that.

use std::{
    fs,
    io::{Read as _, stdin},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use rpc::{
    Method,
    wire::{Context, Operation, PlanAnswer},
};
use serde_json::Value;

use super::{
    call::{self, Session},
    endpoint::Endpoint,
    wanted::{self, Definition, Wish},
};
use crate::{
    cli::{exit::Exit, failure::Told},
    render::plan::{self as render, TokenAt},
};

/// How large a token may be: what the service takes, and a line feed.
const TOKEN_BYTES: u64 = 64 * 1024 + 2;

pub(super) const PLAN: &str = "\
Examples:
  mercury switch plan attach leaf-01:swp1 --vlan 100
  mercury switch plan detach leaf-01:swp1 leaf-02:swp1
  mercury switch plan attach leaf-01:swp1 --vlan 100 --token-file plan.token
  mercury switch apply --token-file plan.token";

pub(super) const APPLY: &str = "\
Examples:
  mercury switch apply --token-file plan.token
  mercury switch plan attach leaf-01:swp1 --vlan 100 --json | jq -r .plan_token | mercury switch apply -";

/// `plan`.
#[derive(Debug, Args)]
pub(super) struct Plan {
    #[command(subcommand)]
    change: Change,
    /// Write the token to this file and not to standard output
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Put ports or a LAG on a network
    #[command(after_help = wanted::ATTACH)]
    Attach(Ports),
    /// Take ports or a LAG off their network
    #[command(after_help = wanted::DETACH)]
    Detach {
        /// The ports, as SWITCH:PORT
        #[arg(required = true, value_name = "PORT")]
        ports: Vec<Endpoint>,
    },
    /// Change ports or a LAG that are attached
    #[command(after_help = wanted::UPDATE)]
    Update(Ports),
    /// Define a VLAN on switches where VLANs have to exist
    AddNetwork(Definition),
    /// Remove a VLAN's definition from switches
    DeleteNetwork(Definition),
}

#[derive(Debug, Args)]
struct Ports {
    /// The ports, as SWITCH:PORT
    #[arg(required = true, value_name = "PORT")]
    ports: Vec<Endpoint>,
    #[command(flatten)]
    wish: Wish,
}

impl Change {
    fn context(self, base: Context) -> anyhow::Result<Context> {
        let (operation, context) = match self {
            Self::Attach(Ports { ports, wish }) => {
                (Operation::AttachPort, wish.fill(wanted::ports(&ports)?, base)?)
            }
            Self::Update(Ports { ports, wish }) => {
                (Operation::UpdatePort, wish.fill(wanted::ports(&ports)?, base)?)
            }
            Self::Detach { ports } => {
                (Operation::DetachPort, Wish::default().fill(wanted::ports(&ports)?, base)?)
            }
            Self::AddNetwork(definition) => (Operation::AddNetwork, definition.fill(base)),
            Self::DeleteNetwork(definition) => (Operation::DeleteNetwork, definition.fill(base)),
        };
        Ok(Context { operation: Some(operation), ..context })
    }
}

impl Plan {
    pub(super) async fn run(self, session: &mut Session<'_>) -> anyhow::Result<Exit> {
        let context = self.change.context(session.context())?;
        let raw: Value = session.ask(Method::Plan, &context).await?;
        let answer: PlanAnswer = call::typed(Method::Plan, &raw)?;
        let token = match &self.token_file {
            None => TokenAt::Here,
            Some(file) => {
                write(file, &answer.plan_token)?;
                TokenAt::File(file)
            }
        };
        if session.json {
            session.output.json(&raw)?;
        } else {
            let text = render::plan(session.output.look(), &answer, &token);
            session.output.text(&text)?;
        }
        Ok(Exit::Ok)
    }
}

/// `apply`.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The token, or `-` to read it from standard input
    #[arg(required_unless_present = "token_file", conflicts_with = "token_file")]
    token: Option<String>,
    /// The file that holds the token, or `-`
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Show what was sent to the switches
    #[arg(long, short)]
    verbose: bool,
}

impl Apply {
    pub(super) async fn run(self, session: &mut Session<'_>) -> anyhow::Result<Exit> {
        let Self { token, token_file, verbose } = self;
        let token = match (token, token_file) {
            (Some(token), _) if token != "-" => token,
            (_, Some(file)) if file != Path::new("-") => {
                let opened = fs::File::open(&file);
                let shown = file.display();
                read(opened.with_context(|| format!("cannot read `{shown}`"))?)?
            }
            _ => read(stdin().lock())?,
        };
        let context = Context { plan_token: Some(token), ..session.context() };
        call::changed(Method::Apply, context, verbose, session).await
    }
}

fn write(file: &Path, token: &str) -> anyhow::Result<()> {
    fs::write(file, format!("{token}\n"))
        .with_context(|| format!("cannot write the token to `{}`", file.display()))
}

fn read(from: impl std::io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    from.take(TOKEN_BYTES).read_to_string(&mut text).context("cannot read the token")?;
    let token = text.trim();
    if token.is_empty() {
        return Err(Told::new(Exit::Usage, "there is no token to apply")
            .hint("`mercury switch plan … --token-file FILE` writes one")
            .into());
    }
    Ok(token.to_owned())
}
