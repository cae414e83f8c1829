//! The paths of a listener, and what comes before a method: who calls, and the whole body in time.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    body::{Body, Bytes, HttpBody as _},
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue, Method, StatusCode, header, request::Parts, uri::PathAndQuery,
    },
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use http_body_util::{BodyExt as _, Collected, LengthLimitError, Limited};
use metrics_exporter_prometheus::PrometheusHandle;
use rpc::{
    RpcError,
    auth::{self, Answer as Told, Attempt, Authenticator, Caller, Denied},
    envelope::{Answer, Id},
};
use tower_http::catch_panic::CatchPanicLayer;

use super::{
    Refusal, Refusals, Reply, Table,
    peer::Peer,
    refusals::{Kind, Refusal as Refused},
};

/// The header of shared secrets and of Keystone's tokens.
const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");

/// How large a body is, and how long it may be on its way, that is read for nothing: strangers may send
/// it.
const REFUSED_BODY: u64 = 64 * 1024;
const REFUSED_TIME: Duration = Duration::from_millis(500);

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
    /// Where callers are told that were not let in.
    pub refusals: Refusals,
    /// Where the listener is, as the audit log names it.
    pub listener: String,
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

    async fn caller(&self, head: &Parts, peer: &Peer) -> Result<Caller, Response> {
        let headers = &head.headers;
        // Browsers always send it with a POST, and nobody else does: a web page that somebody on
        // this machine looks at must not change switches.
        if headers.contains_key(header::ORIGIN) {
            let text = "browsers are not served: leave out the header `Origin`";
            return Err(self.refused(StatusCode::FORBIDDEN, text));
        }
        let Some(authenticator) = &self.authenticator else { return Ok(Caller::anonymous()) };
        let all = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let attempt = Attempt {
            method: head.method.as_str(),
            target: head.uri.path_and_query().map_or("", PathAndQuery::as_str),
            authorization: all(header::AUTHORIZATION),
            tokens: all(TOKEN),
            certificate: peer.certificate.as_ref(),
            source: peer.source,
        };
        let denied = match authenticator.authenticate(&attempt).await {
            Ok(caller) => return Ok(caller),
            Err(denied) => denied,
        };
        let told = self.told(authenticator, &denied);
        self.note(peer, denied);
        Err(told)
    }

    /// What a caller is told that was not let in: how to come in, and never why it was not.
    fn told(&self, authenticator: &Authenticator, denied: &Denied) -> Response {
        let after = |wait: Duration| [(header::RETRY_AFTER, wait.as_secs().max(1).to_string())];
        match denied.reason.answer() {
            Told::Unauthorised => {
                let text = "authentication required";
                let mut response = self.refused(StatusCode::UNAUTHORIZED, text);
                for challenge in authenticator.challenges(denied) {
                    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
                        response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
                    }
                }
                response
            }
            Told::Forbidden => {
                let text = "whoever you are, you may not come in here";
                self.refused(StatusCode::FORBIDDEN, text)
            }
            Told::TooMany(wait) => {
                let text = "too many failed logins; come again later";
                (after(wait), self.refused(StatusCode::TOO_MANY_REQUESTS, text)).into_response()
            }
            Told::Unavailable => {
                let text = "callers cannot be verified at the moment";
                let response = self.refused(StatusCode::SERVICE_UNAVAILABLE, text);
                (after(Duration::ZERO), response).into_response()
            }
        }
    }

    fn note(&self, peer: &Peer, denied: Denied) {
        let Denied { scheme, claimed, reason, detail } = denied;
        let scheme = scheme.map(auth::Scheme::as_str);
        metrics::counter!(
            "mercury_auth_failures_total",
            "scheme" => scheme.unwrap_or("unknown"), "reason" => reason.label()
        )
        .increment(1);
        let kind = Kind {
            listener: self.listener.clone(),
            peer: peer.place.clone(),
            scheme,
            reason: detail.map_or(reason.to_string(), |detail| format!("{reason}: {detail}")),
        };
        self.refusals.note(Refused { kind, claimed });
    }

    async fn body(&self, body: Body) -> Result<Bytes, Response> {
        let too_large = || {
            let text = format!("the body has more than {} bytes", self.body_bytes);
            (StatusCode::PAYLOAD_TOO_LARGE, text)
        };
        let broken = |error: axum::BoxError| match error.is::<LengthLimitError>() {
            true => too_large(),
            false => (StatusCode::BAD_REQUEST, "the body broke off".to_owned()),
        };
        let late = |_| {
            let text = format!("the body took longer than {} ms", self.receive_timeout.as_millis());
            (StatusCode::REQUEST_TIMEOUT, text)
        };
        // A body that announces too much is refused before any of it comes.
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        let read = if announced > self.body_bytes {
            Err(too_large())
        } else {
            let whole = Limited::new(body, self.body_bytes).collect();
            match tokio::time::timeout(self.receive_timeout, whole).await {
                Ok(whole) => whole.map_err(broken),
                Err(elapsed) => Err(late(elapsed)),
            }
        };
        // The rest of the body was not read, so the connection is useless.
        read.map(Collected::to_bytes).map_err(|(status, text)| {
            ([(header::CONNECTION, "close")], self.refused(status, &text)).into_response()
        })
    }

    /// A refusal for which the body did not count. What of it is on its way is read and thrown away,
    /// so that the connection stays of use: a Digest client answers its challenge on it. Otherwise the
    /// client is told that it ends here.
    async fn without_body(&self, head: &Parts, body: Body, mut refusal: Response) -> Response {
        let announced = body.size_hint().lower();
        // Reading would ask for a body that the client is keeping back until it is let in.
        let comes = announced <= REFUSED_BODY && !head.headers.contains_key(header::EXPECT);
        let most = usize::try_from(REFUSED_BODY).unwrap_or(usize::MAX);
        let read = async { comes && Limited::new(body, most).collect().await.is_ok() };
        if !tokio::time::timeout(REFUSED_TIME, read).await.unwrap_or(false) {
            refusal.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        refusal
    }

    fn refused(&self, status: StatusCode, text: &str) -> Response {
        let Refusal { media_type, body } = self.table.refusal(status, text);
        (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
    }
}

async fn call(
    State(doors): State<Doors>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        let response = doors.refused(StatusCode::METHOD_NOT_ALLOWED, "calls come with POST");
        let response = ([(header::ALLOW, "POST")], response).into_response();
        return doors.without_body(&head, body, response).await;
    }
    let caller = match doors.caller(&head, &peer).await {
        Ok(caller) => caller,
        Err(denied) => return doors.without_body(&head, body, denied).await,
    };
    let body = match doors.body(body).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    doors.table.answer(&caller, &body).await.into_response()
}

async fn scrape(
    State(doors): State<Doors>,
    Extension(peer): Extension<Arc<Peer>>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    match doors.caller(&head, &peer).await {
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
