//! The native method table: what each JSON-RPC method asks of the core, and how the core's answers
//! and errors are told.
//!
//! Everything here translates and nothing decides: whether a request is allowed, possible or sane
//! beyond its shape is the core's to say.

mod answer;
mod failure;
mod request;

use std::sync::Arc;

use async_trait::async_trait;
use rpc::{
    Method, RpcError,
    auth::Caller,
    wire::{Context, NetworkTypesAnswer, SupportedAnswer, ValidAnswer},
};
use serde::Serialize;
use serde_json::Value;
use switch::{Operation, Origin, Service};
use tokio::time::Instant;

use crate::http::Handler;

/// The methods over one service.
pub(crate) struct Methods {
    service: Arc<Service>,
}

impl Methods {
    /// The methods of this service.
    pub(crate) const fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    async fn change(
        &self,
        operation: Operation,
        context: &Context,
        origin: Origin,
    ) -> Result<Value, RpcError> {
        let request = request::change(operation, context)?;
        let request_id = origin.request_id.clone();
        let report = self.service.change(request, origin).await;
        written(&answer::change(request_id, report.map_err(|error| failure::told(&error))?))
    }

    async fn apply(&self, context: &Context, origin: Origin) -> Result<Value, RpcError> {
        let token = context.plan_token.as_deref().unwrap_or_default();
        let request_id = origin.request_id.clone();
        let report = self.service.apply(token, origin).await;
        written(&answer::change(request_id, report.map_err(|error| failure::told(&error))?))
    }

    async fn plan(&self, context: &Context, origin: Origin) -> Result<Value, RpcError> {
        let request = request::change(request::operation(context)?, context)?;
        let plan = self.service.plan(request, &origin).await;
        let plan = plan.map_err(|error| failure::told(&error))?;
        written(&answer::plan(origin.request_id, plan))
    }

    async fn verify(&self, context: &Context, origin: &Origin) -> Result<Value, RpcError> {
        let request = request::change(request::operation(context)?, context)?;
        let verdicts = self.service.verify(&request, origin).await;
        written(&answer::verify(verdicts.map_err(|error| failure::told(&error))?))
    }

    async fn read(&self, context: &Context, origin: &Origin) -> Result<Value, RpcError> {
        let readings = self.service.read(request::links(context), origin).await;
        written(&answer::read(readings.map_err(|error| failure::told(&error))?))
    }

    async fn resolve(&self, context: &Context, origin: &Origin) -> Result<Value, RpcError> {
        let links = request::links(context);
        let found = self.service.resolve(links, origin).await;
        written(&answer::resolve(links, found.map_err(|error| failure::told(&error))?))
    }

    fn list(&self, context: &Context, origin: &Origin) -> Result<Value, RpcError> {
        let switches = self.service.list(&context.switches, origin);
        written(&answer::list(&switches.map_err(|error| failure::told(&error))?))
    }

    async fn flush(&self, context: &Context, origin: &Origin) -> Result<Value, RpcError> {
        let flushed = self.service.flush(&context.switches, origin).await;
        written(&answer::flush(flushed.map_err(|error| failure::told(&error))?))
    }

    fn network_types(&self, context: &Context) -> Result<Value, RpcError> {
        let types = self.service.network_types(request::links(context));
        let types = types.map_err(|error| failure::told(&error))?;
        written(&NetworkTypesAnswer { network_types: types.into_iter().collect() })
    }

    /// Whether an attachment as the context says it would get as far as the switches.
    fn link_valid(&self, context: &Context, origin: &Origin) -> Result<Value, RpcError> {
        let problems = match request::change(Operation::AttachPort, context) {
            Ok(request) => self.service.problems(&request, origin),
            Err(error) => vec![error.message],
        };
        written(&ValidAnswer { valid: problems.is_empty(), problems })
    }

    /// Whether the ports are of a kind that can be worked on, and on switches that are known.
    fn port_supported(&self, context: &Context) -> Result<Value, RpcError> {
        let state = self.service.state();
        let kind = request::vnic_type(context).err().map(|error| error.message);
        let links = request::links(context).iter();
        let unknown = links.filter_map(|link| state.inventory.resolve(link).err());
        let problems: Vec<_> =
            kind.into_iter().chain(unknown.map(|error| error.to_string())).collect();
        written(&SupportedAnswer { supported: problems.is_empty(), problems })
    }
}

#[async_trait]
impl Handler for Methods {
    async fn call(
        &self,
        caller: &Caller,
        method: Method,
        context: Context,
        deadline: Instant,
    ) -> Result<Value, RpcError> {
        let origin = request::origin(caller, &context, deadline);
        match method {
            Method::GetAllowedNetworkTypes => self.network_types(&context),
            Method::IsLinkValid => self.link_valid(&context, &origin),
            Method::IsPortSupported => self.port_supported(&context),
            Method::AttachPort => self.change(Operation::AttachPort, &context, origin).await,
            Method::DetachPort => self.change(Operation::DetachPort, &context, origin).await,
            Method::UpdatePort => self.change(Operation::UpdatePort, &context, origin).await,
            Method::AddNetwork => self.change(Operation::AddNetwork, &context, origin).await,
            Method::DeleteNetwork => self.change(Operation::DeleteNetwork, &context, origin).await,
            Method::Plan => self.plan(&context, origin).await,
            Method::Apply => self.apply(&context, origin).await,
            Method::Verify => self.verify(&context, &origin).await,
            Method::ReadPort => self.read(&context, &origin).await,
            Method::ResolvePort => self.resolve(&context, &origin).await,
            Method::ListSwitches => self.list(&context, &origin),
            Method::Flush => self.flush(&context, &origin).await,
            Method::Discover => Ok(rpc::openrpc::document()),
        }
    }
}

fn written(answer: &impl Serialize) -> Result<Value, RpcError> {
    serde_json::to_value(answer)
        .map_err(|error| RpcError::internal(format!("an answer cannot be written: {error}")))
}
