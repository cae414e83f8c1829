//! The switch service's client: one HTTP connection that is kept, typed answers, typed errors.
//!
//! It never retries: whether a call may be made again is the caller's to decide, by
//! [`crate::ErrorData::retryable`].

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thiserror::Error;

use crate::{envelope::Received, error::RpcError, method::Method, wire::Context};

/// How long making a connection may take; a service that is there answers in milliseconds.
const CONNECT: Duration = Duration::from_secs(5);
/// How long after the service's own deadline the client still waits for its answer: the undo of a
/// change that timed out takes a while too.
const GRACE: Duration = Duration::from_secs(15);
/// How large an answer may be, 64 MiB: `list_switches` over a thousand switches is two.
const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// How much of an answer that is not JSON-RPC is repeated in an error.
const SHOWN: usize = 200;

/// A call that did not give its answer.
#[derive(Debug, Error)]
pub enum CallError {
    /// The address, or a credential, cannot be used.
    #[error("cannot use the address `{address}`: {problem}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The service answered with an error.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The service, or something before it, answered with an HTTP error.
    #[error("the service at {address} answered HTTP {status}{detail}")]
    Http {
        /// Where.
        address: String,
        /// The HTTP status.
        status: u16,
        /// `: ` and the beginning of the body, or nothing.
        detail: String,
    },
    /// No answer came in time. A change may have been made.
    #[error("the service at {address} did not answer within {} s", after.as_secs())]
    TimedOut {
        /// Where.
        address: String,
        /// The time that was waited.
        after: Duration,
    },
    /// The service could not be reached, or the connection broke.
    #[error("cannot talk to the service at {address}: {reason}")]
    Transport {
        /// Where.
        address: String,
        /// Whether the request may have arrived.
        sent: bool,
        /// What the network said.
        reason: String,
    },
    /// What came is not an answer to the call.
    #[error("the service at {address} answered something else than expected: {problem}")]
    Malformed {
        /// Where.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Where the service is, and as whom to speak to it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http://host:port`, `https://host:port`, or `unix:/path/to/socket`.
    pub address: String,
    /// User and password of HTTP Basic authentication.
    pub credentials: Option<(String, SecretString)>,
}

/// A client of one service. Cloning shares the connection.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    url: reqwest::Url,
    credentials: Option<(String, SecretString)>,
    next: std::sync::Arc<AtomicU64>,
}

impl Client {
    /// A client; nothing is sent yet.
    pub fn new(settings: Settings) -> Result<Self, CallError> {
        let Settings { address, credentials } = settings;
        // reqwest panics when no provider is installed. The whole workspace uses this one.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Fails only when another thread was first, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let target = Target::parse(&address)?;
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none());
        if target.local {
            builder = builder.no_proxy();
        }
        if let Some(path) = target.socket {
            builder = builder.unix_socket(path);
        }
        if target.url.scheme() == "http" {
            // Reading the system's certificates costs time, and fails where there are none.
            builder = builder.tls_certs_only(std::iter::empty());
        }
        let http = builder.build().map_err(|error| refused(&address, &cause(&error)))?;
        Ok(Self {
            http,
            address,
            url: target.url,
            credentials,
            next: std::sync::Arc::new(AtomicU64::new(1)),
        })
    }

    /// Calls a method and reads its answer as the type that [`Method`] documents.
    ///
    /// The client waits as long as the context lets the service work, and a little longer.
    pub async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        context: &Context,
    ) -> Result<A, CallError> {
        let params = json!({ "context": context });
        let result = self.send(method.name(), Some(params), context.timeout() + GRACE).await?;
        serde_json::from_value(result)
            .map_err(|error| self.malformed(format!("`{method}`: {error}")))
    }

    /// The service's OpenRPC document.
    pub async fn discover(&self) -> Result<Value, CallError> {
        let wait = Context::default().timeout();
        self.send(Method::Discover.name(), None, wait).await
    }

    async fn send(
        &self,
        method: &str,
        params: Option<Value>,
        wait: Duration,
    ) -> Result<Value, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut call = json!({ "jsonrpc": "2.0", "id": id, "method": method });
        if let (Some(params), Some(members)) = (params, call.as_object_mut()) {
            members.insert("params".to_owned(), params);
        }
        let exchange = self.exchange(&call);
        let body = tokio::time::timeout(wait, exchange)
            .await
            .map_err(|_| CallError::TimedOut { address: self.address.clone(), after: wait })??;
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

    async fn exchange(&self, call: &Value) -> Result<Vec<u8>, CallError> {
        let mut request = self.http.post(self.url.clone()).json(call);
        if let Some((user, password)) = &self.credentials {
            request = request.basic_auth(user, Some(password.expose_secret()));
        }
        let mut response = request.send().await.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.broken(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(self.malformed(format!("it has more than {ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(body);
        }
        let detail = beginning(&body);
        Err(CallError::Http {
            address: self.address.clone(),
            status: status.as_u16(),
            detail: if detail.is_empty() { String::new() } else { format!(": {detail}") },
        })
    }

    fn broken(&self, error: &reqwest::Error) -> CallError {
        CallError::Transport {
            address: self.address.clone(),
            sent: !error.is_connect() && !error.is_builder(),
            reason: cause(error),
        }
    }

    fn malformed(&self, problem: String) -> CallError {
        CallError::Malformed { address: self.address.clone(), problem }
    }
}

/// An address, taken apart.
struct Target {
    url: reqwest::Url,
    socket: Option<PathBuf>,
    /// On this machine, where no proxy belongs in between.
    local: bool,
}

impl Target {
    fn parse(address: &str) -> Result<Self, CallError> {
        let (base, socket) = match address.strip_prefix("unix:") {
            Some(path) if path.starts_with('/') => ("http://localhost", Some(path.into())),
            Some(_) => return Err(refused(address, "the path of a socket begins with `/`")),
            None => (address, None),
        };
        let mut url = reqwest::Url::parse(base).map_err(|error| {
            refused(address, &format!("{error}; it is like `http://127.0.0.1:8191`"))
        })?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(refused(
                address,
                "it is none of `http://host:port`, `https://host:port`, `unix:/path`",
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // Not repeated: it holds a password.
            return Err(refused("…", "credentials do not belong into an address"));
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(refused(address, "it has a path; leave that out"));
        }
        url.set_path("/v1/rpc");
        let host = url.host_str().unwrap_or_default();
        let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        let local = socket.is_some() || host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback());
        Ok(Self { url, socket, local })
    }
}

fn refused(address: &str, problem: &str) -> CallError {
    CallError::Address { address: address.to_owned(), problem: problem.to_owned() }
}

/// The innermost cause: reqwest's own text repeats the URL and hides the reason.
fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..SHOWN.min(body.len())).unwrap_or_default());
    text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("http://127.0.0.1:8191", "http://127.0.0.1:8191/v1/rpc", true)]
    #[case("http://[::1]:8191/", "http://[::1]:8191/v1/rpc", true)]
    #[case("https://switchd.example:443", "https://switchd.example/v1/rpc", false)]
    #[case("unix:/run/mercury/switchd.sock", "http://localhost/v1/rpc", true)]
    fn an_address_becomes_a_url(#[case] address: &str, #[case] url: &str, #[case] local: bool) {
        let target = Target::parse(address).unwrap();
        assert_eq!((target.url.as_str(), target.local), (url, local));
    }

    #[rstest]
    #[case("127.0.0.1:8191", "it is like `http://127.0.0.1:8191`")]
    #[case("ftp://host", "it is none of")]
    #[case("unix:relative", "begins with `/`")]
    #[case("http://host/v1/rpc", "it has a path")]
    #[case("http://user:hunter2@host", "credentials do not belong into an address")]
    fn other_addresses_are_refused(#[case] address: &str, #[case] message: &str) {
        let error = Target::parse(address).err().unwrap().to_string();
        assert!(error.contains(message), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
