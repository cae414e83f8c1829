//! Ironic's method table: what an Ironic conductor calls on its networking service, on the same
//! core as the native table.
//!
//! A conductor of Ironic 39 with `network_interface = ironic-networking` can call this instead of
//! Ironic's own `ironic-networking` process. Envelope, parameters, answers and exceptions are as
//! that process was measured to have them; what a call does is what the core does: policy,
//! verification, undo and audit apply. Nothing here decides about switches.
//!
//! Three things follow the conductor's client rather than JSON-RPC or HTTP. Every error goes out
//! with status 200, because the client does not look at a body that comes with another one. Only
//! the exception classes of [`failure`] are named, because the client imports what is named. And
//! ids repeat (a conductor uses its request's id for every call of a transition), so they are
//! echoed and mean nothing.

mod answer;
mod context;
pub mod envelope;
mod failure;
mod params;
mod request;

use std::{sync::Arc, time::Instant as Clock};

use async_trait::async_trait;
use axum::http::StatusCode;
use rpc::{auth::Caller, envelope::Id};
use serde_json::{Value, json};
use switch::{ChangeRequest, Origin, Service, SwitchError};
use tokio::time::Instant;
use tracing::{debug, info_span};

use crate::{
    config::Ironic,
    http::{Calls, NotRun, Refusal, Reply, Table},
};
use context::Context;
use envelope::{Call, Decoded};
use failure::Doing;
pub use failure::Failure;
use params::{Method, Params};

/// What a body that nests too deeply is answered with, in the words of Ironic's web framework.
const TOO_DEEP: &str = "Request body JSON is nested too deeply. Please contact the service \
                        administrator.";

/// Ironic's method table over one service.
pub struct IronicTable {
    service: Arc<Service>,
    settings: Ironic,
    calls: Calls,
}

impl IronicTable {
    /// The table; its calls run among `calls`.
    pub const fn new(service: Arc<Service>, settings: Ironic, calls: Calls) -> Self {
        Self { service, settings, calls }
    }

    async fn call(&self, caller: &Caller, call: Call) -> Result<Value, Failure> {
        let begun = Clock::now();
        let (method, outcome) = match call.method.parse::<Method>() {
            Ok(method) => (Some(method), self.spawn(caller, method, call).await),
            Err(error) => (None, Err(error)),
        };
        record(method, &outcome, begun);
        outcome
    }

    async fn spawn(&self, caller: &Caller, method: Method, call: Call) -> Result<Value, Failure> {
        let (context, given) = context::taken(method, call.params)?;
        let params = Params::new(method, given)?;
        let name = method.name();
        let span = info_span!(
            "ironic",
            request_id = context.request_id,
            caller = caller.name,
            method = name,
        );
        let origin = self.origin(caller, context);
        let work = Work { service: Arc::clone(&self.service), settings: self.settings, origin };
        let outcome = self.calls.run(span, work.carry_out(method, params)).await;
        outcome.unwrap_or_else(|why| Err(not_run(method.doing(), why)))
    }

    fn origin(&self, caller: &Caller, context: Context) -> Origin {
        let Context { request_id, user, reason } = context;
        let left = self.settings.timeout.min(self.calls.longest());
        Origin {
            caller: caller.name.clone(),
            request_id,
            user,
            reason,
            host: None,
            deadline: Instant::now() + left,
        }
    }
}

#[async_trait]
impl Table for IronicTable {
    async fn answer(&self, caller: &Caller, body: &[u8]) -> Reply {
        let (id, outcome) = match envelope::decode(body) {
            Decoded::TooDeep => {
                let fault = json!({ "faultcode": "Client", "faultstring": TOO_DEEP });
                return reply(StatusCode::BAD_REQUEST, &fault);
            }
            Decoded::Refused { id, failure } => {
                record(None, &Err(failure.clone()), Clock::now());
                (Some(id), Err(failure))
            }
            Decoded::Call(call) => (call.id.clone(), self.call(caller, call).await),
        };
        match id {
            Some(id) => reply(StatusCode::OK, &answered(&id, outcome)),
            None => Reply { status: StatusCode::NO_CONTENT, json: None },
        }
    }

    fn refusal(&self, status: StatusCode, text: &str) -> Refusal {
        let message = match status {
            StatusCode::METHOD_NOT_ALLOWED => "Only POST method can be used",
            StatusCode::UNAUTHORIZED => "Authorization required",
            StatusCode::FORBIDDEN => "Forbidden",
            _ => text,
        };
        let error = json!({ "error": { "code": status.as_u16(), "message": message } });
        Refusal { media_type: "application/json", body: error.to_string() }
    }
}

/// One call at work.
struct Work {
    service: Arc<Service>,
    settings: Ironic,
    origin: Origin,
}

impl Work {
    async fn carry_out(self, method: Method, params: Params) -> Result<Value, Failure> {
        match method {
            Method::GetSwitches => self.switches(),
            Method::UpdatePort => {
                let port = request::update_port(params, &self.service.state(), self.settings)?;
                self.change(method.doing(), port.change).await?;
                Ok(answer::updated(port.given))
            }
            Method::ResetPort => {
                let port = request::reset_port(params, &self.service.state(), self.settings)?;
                self.change(method.doing(), port.change).await?;
                Ok(answer::reset(port.given))
            }
            Method::UpdateLag => {
                let lag = request::update_lag(params, &self.service.state(), self.settings)?;
                self.change(method.doing(), lag.change).await?;
                Ok(answer::lag_updated(lag.given))
            }
            Method::DeleteLag => {
                let lag = request::delete_lag(params, &self.service.state(), self.settings)?;
                self.change(method.doing(), lag.change).await?;
                Ok(answer::lag_deleted(lag.given))
            }
        }
    }

    fn switches(&self) -> Result<Value, Failure> {
        let readings = self.service.list(&[], &self.origin);
        let readings = readings.map_err(|error| self.told(Doing::Listing, &error))?;
        Ok(answer::switches(&readings))
    }

    async fn change(&self, doing: Doing, request: ChangeRequest) -> Result<(), Failure> {
        match self.service.change(request, self.origin.clone()).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.told(doing, &error)),
        }
    }

    fn told(&self, doing: Doing, error: &SwitchError) -> Failure {
        let failure = failure::told(doing, error);
        debug!(code = failure.code, class = failure.class, "the call failed");
        failure
    }
}

fn not_run(doing: Doing, why: NotRun) -> Failure {
    Failure::network(
        doing,
        match why {
            NotRun::Busy => "the service works on as many calls as it takes at a time",
            NotRun::Broke => "the service broke while it handled the call",
        },
    )
}

fn answered(id: &Id, outcome: Result<Value, Failure>) -> Value {
    match outcome {
        Ok(result) => json!({ "jsonrpc": "2.0", "result": result, "id": id }),
        Err(failure) => json!({ "jsonrpc": "2.0", "error": failure.into_json(), "id": id }),
    }
}

fn reply(status: StatusCode, body: &Value) -> Reply {
    Reply { status, json: Some(body.to_string().into_bytes()) }
}

fn record(method: Option<Method>, outcome: &Result<Value, Failure>, begun: Clock) {
    let method = method.map_or("unknown", Method::name);
    let outcome = outcome.as_ref().map_or_else(Failure::name, |_| "ok");
    metrics::counter!("mercury_ironic_calls_total", "method" => method, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("mercury_ironic_call_seconds", "method" => method).record(begun.elapsed());
}
