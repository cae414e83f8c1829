//! The switch service's client: connections that are kept, typed answers, typed errors.
//!
//! A call is made again by itself only where nothing can have been changed by the first try, and
//! only when [`Settings::retries`] says so. Everything else is the caller's to decide, by
//! [`crate::ErrorData::retryable`]. A call has one time limit, whatever happens on the way.

mod address;
mod error;
mod login;
mod retry;
mod settings;
mod tls;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::{StatusCode, header::HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::{
    address::Target,
    login::{Login, Next},
};
pub use self::{
    error::CallError,
    settings::{Credentials, Settings, TlsSettings},
};
use crate::{envelope::Received, method::Method, wire::Context};

/// How long making a connection may take; a service that is there answers in milliseconds.
const CONNECT: Duration = Duration::from_secs(5);
/// How long after the service's own deadline the client still waits for its answer: the undo of a
/// change that timed out takes a while too.
const GRACE: Duration = Duration::from_secs(15);
/// How large an answer may be, 64 MiB: `list_switches` over a thousand switches is two.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How much of an answer that is not JSON-RPC is repeated in an error.
const SHOWN: usize = 200;
/// How often one request is sent at most: without credentials, with an answer to the challenge,
/// and once more when the challenge had become too old.
const ROUNDS: usize = 3;

/// A client of one service. Cloning shares its connections and what it knows of challenges.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    url: reqwest::Url,
    login: Arc<Login>,
    retries: u32,
    next: Arc<AtomicU64>,
}

/// An answer of the HTTP layer.
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// A client; nothing is sent yet. Certificates and keys are read here, once.
    pub fn new(settings: Settings) -> Result<Self, CallError> {
        let Settings { address, credentials, credentials_from, tls, retries } = settings;
        // reqwest panics when no provider is installed. The whole workspace uses this one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails only when another thread was first, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let target = Target::parse(&address)?;
        let login = Login::new(credentials, credentials_from, &target)?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none());
        if target.local {
            builder = builder.no_proxy();
        }
        builder = tls.apply(builder, &target)?;
        if let Some(path) = target.socket {
            builder = builder.unix_socket(path);
        }
        let http =
            builder.build().map_err(|error| CallError::address(&address, &error::cause(&error)))?;
        Ok(Self {
            http,
            address,
            url: target.url,
            login: Arc::new(login),
            retries,
            next: Arc::new(AtomicU64::new(1)),
        })
    }

    /// Calls a method and reads its answer as the type that [`Method`] documents.
    ///
    /// The client waits as long as the context lets the service work, and a little longer; a
    /// repetition gets what is left of that time.
    pub async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        context: &Context,
    ) -> Result<A, CallError> {
        let result = self.repeated(method, Some(context)).await?;
        serde_json::from_value(result)
            .map_err(|error| self.malformed(format!("`{method}`: {error}")))
    }

    /// The service's OpenRPC document.
    pub async fn discover(&self) -> Result<Value, CallError> {
        self.repeated(Method::Discover, None).await
    }

    async fn repeated(
        &self,
        method: Method,
        context: Option<&Context>,
    ) -> Result<Value, CallError> {
        let works = context.map_or_else(|| Context::default().timeout(), Context::timeout);
        let begun = Instant::now();
        let (service, all) = (begun + works, begun + works + GRACE);
        let mut params = context.map(|context| json!({ "context": context }));
        let mut done = 0;
        loop {
            let sent = self.send(method.name(), params);
            let error = match tokio::time::timeout_at(all, sent).await {
                Ok(Ok(result)) => return Ok(result),
                Ok(Err(error)) => error,
                Err(_) => {
                    return Err(CallError::TimedOut {
                        address: self.address.clone(),
                        after: works + GRACE,
                    });
                }
            };
            if done == self.retries || !retry::is_safe(method, &error) {
                return Err(error);
            }
            let Some(left) = retry::pause(done, service).await else { return Err(error) };
            done += 1;
            params = context.map(|context| {
                let timeout_ms = Some(u32::try_from(left.as_millis()).unwrap_or(u32::MAX));
                json!({ "context": Context { timeout_ms, ..context.clone() } })
            });
        }
    }

    /// One call: its envelope around `params`, and its answer's `result`.
    async fn send(&self, method: &str, params: Option<Value>) -> Result<Value, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut call = json!({ "jsonrpc": "2.0", "id": id, "method": method });
        if let (Some(params), Some(members)) = (params, call.as_object_mut()) {
            members.insert("params".to_owned(), params);
        }
        let body = self.let_in(&call).await?;
        let received: Received = serde_json::from_slice(&body).map_err(|error| {
            self.malformed(format!("{error}; it begins `{}`", beginning(&body)))
        })?;
        if received.jsonrpc != "2.0" {
            return Err(self.malformed("`jsonrpc` is not `2.0`".to_owned()));
        }
        match (received.result, received.error) {
            (None, Some(error)) => Err(error.into()),
            (Some(_), None) if received.id != id => {
                Err(self.malformed(format!("the id is `{}`, not `{id}`", received.id)))
            }
            (Some(result), None) => Ok(result),
            _ => Err(self.malformed("it has not one of `result` and `error`".to_owned())),
        }
    }

    /// One request, until it is let in or nothing more can be said to be let in.
    async fn let_in(&self, call: &Value) -> Result<Vec<u8>, CallError> {
        let mut proof = self.login.begin();
        for _ in 1..ROUNDS {
            let answered = self.exchange(call, &proof).await?;
            if answered.status != StatusCode::UNAUTHORIZED {
                self.login.accepted(proof);
                return self.body(answered, "");
            }
            match self.login.challenged(&proof, &answered.headers) {
                Next::Again(next) => proof = next,
                Next::Denied => return self.body(answered, &self.login.used(&proof)),
                Next::Refused(problem) => {
                    let why = format!("{}; {problem}", self.login.used(&proof));
                    return self.body(Answered { body: Vec::new(), ..answered }, &why);
                }
            }
        }
        let answered = self.exchange(call, &proof).await?;
        if answered.status == StatusCode::UNAUTHORIZED {
            return self.body(answered, &self.login.used(&proof));
        }
        self.login.accepted(proof);
        self.body(answered, "")
    }

    async fn exchange(&self, call: &Value, proof: &login::Proof) -> Result<Answered, CallError> {
        let mut request = self.http.post(self.url.clone()).json(call);
        if let Some((name, value)) = self.login.header(proof, self.url.path())? {
            request = request.header(name, value);
        }
        let mut response = request.send().await.map_err(|error| self.broken(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(self.malformed(format!("it has more than {ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answered { status, headers, body })
    }

    /// The body of a success, or the error that any other status is.
    fn body(&self, answered: Answered, used: &str) -> Result<Vec<u8>, CallError> {
        let Answered { status, body, .. } = answered;
        if status.is_success() {
            return Ok(body);
        }
        let text = beginning(&body);
        let text = if text.is_empty() { text } else { format!(": {text}") };
        Err(CallError::Http {
            address: self.address.clone(),
            status: status.as_u16(),
            detail: format!("{used}{text}"),
        })
    }

    fn broken(&self, error: &reqwest::Error) -> CallError {
        error::broken(&self.address, error)
    }

    fn malformed(&self, problem: String) -> CallError {
        CallError::Malformed { address: self.address.clone(), problem }
    }
}

fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..SHOWN.min(body.len())).unwrap_or_default());
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
