//! The native table's bodies: from bytes to the calls in them, and from their outcomes to bytes.

use std::{sync::Arc, time::Instant as Clock};

use async_trait::async_trait;
use axum::http::StatusCode;
use jiff::Timestamp;
use rpc::{
    Class, Method, RpcError,
    auth::Caller,
    envelope::{self, Answer, Body, Call, Decoded, Id, Refused},
    wire::Context,
};
use serde_json::Value;
use tokio::time::{Duration, Instant};
use tracing::info_span;

use super::{Calls, NotRun, Refusal, Reply, Table};
use crate::config::Limits;

/// What the methods do.
#[async_trait]
pub trait Handler: Send + Sync + 'static {
    /// Carries out one call. Its context has a request id; the answer is wanted by the deadline.
    async fn call(
        &self,
        caller: &Caller,
        method: Method,
        context: Context,
        deadline: Instant,
    ) -> Result<Value, RpcError>;
}

/// Carries out what bodies ask for.
pub struct Dispatcher {
    handler: Arc<dyn Handler>,
    envelope: envelope::Limits,
    calls: Calls,
}

impl Dispatcher {
    /// A dispatcher whose calls run among `calls`.
    pub fn new(handler: Arc<dyn Handler>, limits: &Limits, calls: Calls) -> Self {
        Self {
            handler,
            envelope: envelope::Limits {
                body_bytes: limits.body_bytes,
                batch: limits.batch,
                ..envelope::Limits::default()
            },
            calls,
        }
    }

    /// Carries out the calls of a body and gives the answer, if any of them wants one.
    ///
    /// The calls of a batch run side by side: one after the other would make the last wait for all,
    /// and a switch's worker merges what waits for it anyway. A caller that needs an order sends
    /// one call after the other, as the specification expects (section 6).
    async fn carry_out(&self, caller: &Caller, body: &[u8]) -> Option<Body> {
        match envelope::decode(body, &self.envelope) {
            Decoded::Single(call) => self.one(caller, call).await.map(Body::Single),
            Decoded::Batch(calls) => {
                let calls = calls.into_iter().map(|call| self.one(caller, call));
                let answers = futures_util::future::join_all(calls).await;
                let answers: Vec<_> = answers.into_iter().flatten().collect();
                (!answers.is_empty()).then_some(Body::Batch(answers))
            }
        }
    }

    async fn one(&self, caller: &Caller, call: Result<Call, Refused>) -> Option<Answer> {
        let begun = Clock::now();
        let (id, method, outcome) = match call {
            Ok(Call { id, method, params }) => match method.parse::<Method>() {
                Ok(method) => (id, Some(method), self.call(caller, method, params).await),
                Err(error) => (id, None, Err(error)),
            },
            Err(Refused { id, error }) => (id, None, Err(error)),
        };
        record(method, &outcome, begun);
        id.map(|id: Id| Answer { id, outcome })
    }

    async fn call(
        &self,
        caller: &Caller,
        method: Method,
        params: serde_json::Map<String, Value>,
    ) -> Result<Value, RpcError> {
        let mut context = method.read_params(params)?;
        if method == Method::Discover {
            return Ok(rpc::openrpc::document());
        }
        let fresh = || format!("req-{}", uuid::Uuid::new_v4());
        let request_id = context.request_id.get_or_insert_with(fresh).clone();
        let outcome = self.spawn(caller, method, context, &request_id).await;
        outcome.map_err(|mut error| {
            if let Some(data) = &mut error.data {
                data.request_id.get_or_insert(request_id);
            }
            error
        })
    }

    async fn spawn(
        &self,
        caller: &Caller,
        method: Method,
        context: Context,
        request_id: &str,
    ) -> Result<Value, RpcError> {
        let deadline = self.deadline(&context)?;
        let span = info_span!("rpc", request_id, caller = caller.name, method = method.name());
        let (handler, caller) = (Arc::clone(&self.handler), caller.clone());
        let call = async move { handler.call(&caller, method, context, deadline).await };
        self.calls.run(span, call).await.unwrap_or_else(|why| {
            Err(match why {
                NotRun::Busy => RpcError::new(
                    Class::Busy,
                    "the service works on as many calls as it takes at a time",
                ),
                NotRun::Broke => RpcError::internal("the service broke while it handled the call"),
            })
        })
    }

    /// When the answer is wanted: the earlier of `timeout_ms` from now and `deadline`.
    fn deadline(&self, context: &Context) -> Result<Instant, RpcError> {
        let mut left = context.timeout().min(self.calls.longest());
        if let Some(deadline) = context.deadline {
            let until = deadline.duration_since(Timestamp::now());
            match Duration::try_from(until) {
                Ok(until) if !until.is_zero() => left = left.min(until),
                _ => {
                    let message = format!(
                        "the deadline `{deadline}` passed before the request began, and nothing \
                         was touched"
                    );
                    return Err(RpcError::new(Class::TimedOut, message));
                }
            }
        }
        Ok(Instant::now() + left)
    }
}

#[async_trait]
impl Table for Dispatcher {
    async fn answer(&self, caller: &Caller, body: &[u8]) -> Reply {
        let Some(answer) = self.carry_out(caller, body).await else {
            return Reply { status: StatusCode::NO_CONTENT, json: None };
        };
        match serde_json::to_vec(&answer) {
            Ok(json) => Reply { status: StatusCode::OK, json: Some(json) },
            Err(_) => Reply { status: StatusCode::INTERNAL_SERVER_ERROR, json: None },
        }
    }

    fn refusal(&self, _: StatusCode, text: &str) -> Refusal {
        Refusal { media_type: "text/plain; charset=utf-8", body: format!("{text}\n") }
    }
}

fn record(method: Option<Method>, outcome: &Result<Value, RpcError>, begun: Clock) {
    let method = method.map_or("unknown", Method::name);
    let outcome = match outcome {
        Ok(_) => "ok",
        Err(error) => error.class().map_or("unknown", Class::name),
    };
    metrics::counter!("mercury_rpc_calls_total", "method" => method, "outcome" => outcome)
        .increment(1);
    metrics::histogram!("mercury_rpc_call_seconds", "method" => method).record(begun.elapsed());
}
