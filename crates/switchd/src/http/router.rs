//! The paths of a listener, and what comes before a method: who calls, and the whole body in time.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use metrics_exporter_prometheus::PrometheusHandle;
use rpc::{
    RpcError,
    auth::{Authenticator, Caller, Denied},
    envelope::{Answer, Id},
};
use tower_http::catch_panic::CatchPanicLayer;

use super::{Refusal, Reply, Table};

/// What monitoring asks the service.
pub trait Watched: Send + Sync + 'static {
    /// Why changes would be refused at the moment; nothing when the service is ready.
    fn problems(&self) -> Vec<String>;

    /// Sets the metrics that are counted when somebody looks.
    fn look(&self);
}

/// What the routes of one listener need.
#[derive(Clone)]
pub struct Doors {
    /// What carries out calls.
    pub table: Arc<dyn Table>,
    /// The path on which they come.
    pub path: String,
    /// Who may come in; everybody when absent.
    pub authenticator: Option<Arc<Authenticator>>,
    /// The service, for those who watch it.
    pub watched: Arc<dyn Watched>,
    /// The metrics.
    pub metrics: PrometheusHandle,
    /// The size of a body in bytes.
    pub body_bytes: usize,
    /// How long a body may take to arrive.
    pub receive_timeout: Duration,
}

impl Doors {
    /// The routes. `/healthz` and `/readyz` are open: who watches a process needs no password, and
    /// they name no switch.
    pub fn router(self) -> Router {
        Router::new()
            .route(&self.path, any(call))
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
            let text = "browsers are not served: leave out the header `Origin`";
            return Err(self.refused(StatusCode::FORBIDDEN, text));
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
                Denied::Unauthorised => {
                    let challenge = "Basic realm=\"mercury\", charset=\"UTF-8\"";
                    let text = "authentication required";
                    let response = self.refused(StatusCode::UNAUTHORIZED, text);
                    ([(header::WWW_AUTHENTICATE, challenge)], response).into_response()
                }
                Denied::Busy => {
                    let text = "too many callers are being verified";
                    let response = self.refused(StatusCode::SERVICE_UNAVAILABLE, text);
                    ([(header::RETRY_AFTER, "1")], response).into_response()
                }
            }
        })
    }

    async fn body(&self, body: Body) -> Result<Bytes, Response> {
        let whole = Limited::new(body, self.body_bytes).collect();
        let (status, text) = match tokio::time::timeout(self.receive_timeout, whole).await {
            Ok(Ok(whole)) => return Ok(whole.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => (
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body has more than {} bytes", self.body_bytes),
            ),
            Ok(Err(_)) => (StatusCode::BAD_REQUEST, "the body broke off".to_owned()),
            Err(_) => (
                StatusCode::REQUEST_TIMEOUT,
                format!("the body took longer than {} ms", self.receive_timeout.as_millis()),
            ),
        };
        // The rest of the body was not read, so the connection is useless.
        Err(([(header::CONNECTION, "close")], self.refused(status, &text)).into_response())
    }

    fn refused(&self, status: StatusCode, text: &str) -> Response {
        let Refusal { media_type, body } = self.table.refusal(status, text);
        (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
    }
}

async fn call(State(doors): State<Doors>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        let response = doors.refused(StatusCode::METHOD_NOT_ALLOWED, "calls come with POST");
        return ([(header::ALLOW, "POST")], response).into_response();
    }
    let caller = match doors.caller(&head.headers).await {
        Ok(caller) => caller,
        Err(denied) => return denied,
    };
    let body = match doors.body(body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    doors.table.answer(&caller, &body).await.into_response()
}

async fn scrape(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    match doors.caller(&headers).await {
        Ok(_) => {
            doors.watched.look();
            let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
            (kind, doors.metrics.render()).into_response()
        }
        Err(denied) => denied,
    }
}

async fn ready(State(doors): State<Doors>) -> Response {
    match doors.watched.problems() {
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

fn broken() -> Response {
    let error = RpcError::internal("the service broke while it handled the request");
    let json = serde_json::to_vec(&Answer { id: Id::Null, outcome: Err(error) }).ok();
    Reply { status: StatusCode::INTERNAL_SERVER_ERROR, json }.into_response()
}
