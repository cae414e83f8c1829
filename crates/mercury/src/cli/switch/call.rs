//! Asking the service, and the commands that change or compare ports.

use clap::Args;
use rpc::{
    Method,
    client::Client,
    wire::{ChangeAnswer, Context, Operation},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    compared,
    endpoint::Endpoint,
    many,
    request::Request,
    wanted::{self, Wish},
};
use crate::{
    cli::{exit::Exit, failure::Told, output::Output},
    render::{self, Look},
};

pub(super) const VERIFY: &str = "\
Examples:
  mercury switch verify leaf-01:swp1 --vlan 100
  mercury switch verify leaf-01:swp1 leaf-02:swp1 --lag lacp --vlan 100
  mercury switch verify leaf-01:swp1 --detached
  mercury switch verify --from-file believed.jsonl

Ends with 0 when all are in sync, 8 when one differs, 9 when one cannot be compared.";

/// One run against one service.
pub(super) struct Session<'a> {
    pub(super) client: Client,
    pub(super) output: &'a mut Output,
    pub(super) json: bool,
    base: Context,
}

impl<'a> Session<'a> {
    /// Nothing is sent yet.
    pub(super) fn open(request: &Request, output: &'a mut Output) -> anyhow::Result<Self> {
        let client = request.client()?;
        let base = request.context();
        Ok(Self { client, output, json: request.json, base })
    }

    /// What every request says.
    pub(super) fn context(&self) -> Context {
        self.base.clone()
    }

    /// Calls a method and reads its answer.
    pub(super) async fn ask<A: DeserializeOwned>(
        &self,
        method: Method,
        context: &Context,
    ) -> anyhow::Result<A> {
        let links = context
            .binding_profile
            .as_ref()
            .map_or(0, |profile| profile.local_link_information.len());
        let _spinner = (method.changes() && links > 1)
            .then(|| many::spinner(&render::count(links, "port", "ports")));
        Ok(self.client.call(method, context).await?)
    }

    /// Calls a method and prints its answer: as it came with `--json`, otherwise as `view` says.
    pub(super) async fn show<A: DeserializeOwned>(
        &mut self,
        method: Method,
        context: Context,
        view: impl FnOnce(Look, &A) -> (String, Exit),
    ) -> anyhow::Result<Exit> {
        let raw: Value = self.ask(method, &context).await?;
        let answer = typed(method, &raw)?;
        let (text, exit) = view(self.output.look(), &answer);
        if self.json {
            self.output.json(&raw)?;
        } else {
            self.output.text(&text)?;
        }
        Ok(exit)
    }
}

/// An answer as the type that the method documents.
pub(super) fn typed<A: DeserializeOwned>(method: Method, raw: &Value) -> anyhow::Result<A> {
    A::deserialize(raw).map_err(|error| {
        let message = format!("`{method}` answered something else than expected: {error}");
        Told::new(Exit::Other, message).into()
    })
}

/// How much is shown, and whether many operations come from a file.
#[derive(Debug, Args)]
pub(super) struct Bulk {
    /// Many operations from a file or from `-`: JSON objects a line, or one JSON array; each is a
    /// `context` as the service takes it. They run at the same time, so none may name a port of
    /// another
    #[arg(long, value_name = "FILE")]
    from_file: Option<std::path::PathBuf>,
    /// Show what was sent to the switches
    #[arg(long, short)]
    verbose: bool,
}

/// `attach` and `update`.
#[derive(Debug, Args)]
pub(super) struct Attach {
    /// The ports, as SWITCH:PORT
    #[arg(value_name = "PORT")]
    ports: Vec<Endpoint>,
    #[command(flatten)]
    wish: Wish,
    #[command(flatten)]
    bulk: Bulk,
}

/// `detach`.
#[derive(Debug, Args)]
pub(super) struct Detach {
    /// The ports, as SWITCH:PORT
    #[arg(value_name = "PORT")]
    ports: Vec<Endpoint>,
    #[command(flatten)]
    bulk: Bulk,
}

/// `verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// The ports, as SWITCH:PORT
    #[arg(value_name = "PORT")]
    ports: Vec<Endpoint>,
    #[command(flatten)]
    wish: Wish,
    /// Believe that the ports are detached
    #[arg(long)]
    detached: bool,
    /// Many beliefs from a file or from `-`: JSON objects a line, or one JSON array; each is a
    /// `context` as the service takes it, `operation` being `attach_port` when absent
    #[arg(long, value_name = "FILE")]
    from_file: Option<std::path::PathBuf>,
}

impl Attach {
    pub(super) async fn run(
        self,
        operation: Operation,
        session: &mut Session<'_>,
    ) -> anyhow::Result<Exit> {
        let Self { ports, wish, bulk: Bulk { from_file, verbose } } = self;
        if let Some(file) = from_file {
            alone(&ports, wish != Wish::default())?;
            return many::run(&file, operation.into(), session).await;
        }
        let context = wish.fill(wanted::ports(&ports)?, session.context())?;
        changed(operation.into(), context, verbose, session).await
    }
}

impl Detach {
    pub(super) async fn run(self, session: &mut Session<'_>) -> anyhow::Result<Exit> {
        let Self { ports, bulk: Bulk { from_file, verbose } } = self;
        if let Some(file) = from_file {
            alone(&ports, false)?;
            return many::run(&file, Method::DetachPort, session).await;
        }
        let context = Wish::default().fill(wanted::ports(&ports)?, session.context())?;
        changed(Method::DetachPort, context, verbose, session).await
    }
}

impl Verify {
    pub(super) async fn run(self, session: &mut Session<'_>) -> anyhow::Result<Exit> {
        let Self { ports, wish, detached, from_file } = self;
        if let Some(file) = from_file {
            alone(&ports, detached || wish != Wish::default())?;
            return many::run(&file, Method::Verify, session).await;
        }
        if detached && wish != Wish::default() {
            let message = "`--detached` says all that there is to believe";
            return Err(Told::new(Exit::Usage, message).into());
        }
        let operation = if detached { Operation::DetachPort } else { Operation::AttachPort };
        let context = wish.fill(wanted::ports(&ports)?, session.context())?;
        let context = Context { operation: Some(operation), ..context };
        session
            .show(Method::Verify, context, |look, answer| {
                (render::verify::verify(look, answer), compared(answer))
            })
            .await
    }
}

/// Carries out a change and prints what it did.
pub(super) async fn changed(
    method: Method,
    context: Context,
    verbose: bool,
    session: &mut Session<'_>,
) -> anyhow::Result<Exit> {
    session
        .show(method, context, |look, answer: &ChangeAnswer| {
            (render::change::change(look, answer, verbose), Exit::Ok)
        })
        .await
}

/// Refuses what would be ignored beside a file.
fn alone(ports: &[Endpoint], wished: bool) -> anyhow::Result<()> {
    if ports.is_empty() && !wished {
        return Ok(());
    }
    let message = "with `--from-file`, ports and their configuration come from the file alone";
    Err(Told::new(Exit::Usage, message).into())
}
