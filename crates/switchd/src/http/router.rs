//! The paths of the service, and what comes before a method: who calls, and the whole body in time.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use metrics_exporter_prometheus::PrometheusHandle;
use rpc::{
    RpcError,
    auth::{Authenticator, Caller, Denied},
    envelope::{Answer, Id},
};
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;

use super::Dispatcher;
use crate::config::Limits;

/// What the routes of one listener need.
#[derive(Clone)]
pub struct Doors {
    /// What carries out calls.
    pub dispatcher: Arc<Dispatcher>,
    /// Who may come in; everybody when absent.
    pub authenticator: Option<Arc<Authenticator>>,
    /// The metrics.
    pub metrics: PrometheusHandle,
    /// The size of a body in bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub receive_timeout: Duration,
}

impl Doors {
    /// The doors of a listener.
    pub fn new(
        dispatcher: Arc<Dispatcher>,
        authenticator: Option<Arc<Authenticator>>,
        metrics: PrometheusHandle,
        limits: &Limits,
    ) -> Self {
        Self {
            dispatcher,
            authenticator,
            metrics,
            body_bytes: limits.body_bytes,
            receive_timeout: limits.receive_timeout,
        }
    }

    /// The routes. `/healthz` and `/readyz` are open: who watches a process needs no password, and
    /// they name no switch.
    pub fn router(self) -> Router {
        Router::new()
            .route("/v1/rpc", post(call))
            .route("/metrics", get(scrape))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .with_state(self)
            .layer(CatchPanicLayer::custom(|_| broken()))
            .layer(axum::middleware::map_response(count))
    }

    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Response> {
        // Browsers always send it with a POST, and nobody else does: a web page that somebody on
        // this machine looks at must not change switches.
        if headers.contains_key(header::ORIGIN) {
            let text = "browsers are not served: leave out the header `Origin`\n";
            return Err((StatusCode::FORBIDDEN, text).into_response());
        }
        let Some(authenticator) = &self.authenticator else { return Ok(Caller::anonymous()) };
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let credential = match (given.next(), given.next()) {
            (one, None) => one.map(HeaderValue::as_bytes),
            // Two readers could choose differently.
            (_, Some(_)) => None,
        };
        authenticator.authenticate(credential).await.map_err(|denied| {
            metrics::counter!("mercury_auth_failures_total").increment(1);
            match denied {
                Denied::Unauthorised => (
                    StatusCode::UNAUTHORIZED,
                    [(header::WWW_AUTHENTICATE, "Basic realm=\"mercury\", charset=\"UTF-8\"")],
                    "authentication required\n",
                )
                    .into_response(),
                Denied::Busy => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    [(header::RETRY_AFTER, "1")],
                    "too many callers are being verified\n",
                )
                    .into_response(),
            }
        })
    }

    async fn body(&self, body: Body) -> Result<Bytes, Response> {
        let whole = Limited::new(body, self.body_bytes).collect();
        match tokio::time::timeout(self.receive_timeout, whole).await {
            Ok(Ok(whole)) => Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(closing(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body has more than {} bytes\n", self.body_bytes),
            )),
            Ok(Err(_)) => Err(closing(StatusCode::BAD_REQUEST, "the body broke off\n".to_owned())),
            Err(_) => Err(closing(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body took longer than {} ms\n", self.receive_timeout.as_millis()),
            )),
        }
    }
}

async fn call(State(doors): State<Doors>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let caller = match doors.caller(&head.headers).await {
        Ok(caller) => caller,
        Err(denied) => return denied,
    };
    let body = match doors.body(body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match doors.dispatcher.answer(&caller, &body).await {
        Some(answer) => json(StatusCode::OK, &answer),
        None => StatusCode::NO_CONTENT.into_response(),
    }
}

async fn scrape(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    match doors.caller(&headers).await {
        Ok(_) => {
            doors.dispatcher.look();
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
            (kind, doors.metrics.render()).into_response()
        }
        Err(denied) => denied,
    }
}

async fn ready(State(doors): State<Doors>) -> Response {
    match doors.dispatcher.problems() {
        none if none.is_empty() => "ready\n".into_response(),
        problems => {
            let text = problems.join("\n") + "\n";
            (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
        }
    }
}

async fn count(response: Response) -> Response {
    let status = response.status().as_u16().to_string();
    metrics::counter!("mercury_http_requests_total", "status" => status).increment(1);
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => (status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn broken() -> Response {
    let error = RpcError::internal("the service broke while it handled the request");
    json(StatusCode::INTERNAL_SERVER_ERROR, &Answer { id: Id::Null, outcome: Err(error) })
}

/// An answer after which the connection is useless: the rest of the body was not read.
fn closing(status: StatusCode, text: String) -> Response {
    (status, [(header::CONNECTION, "close")], text).into_response()
}
