//! The two calls of Keystone's API (version 3) that are needed: a token for us, and whose another
//! one is.
//!
//! Source: OpenStack's Identity API reference, "Authentication and token management": `POST
//! /v3/auth/tokens` answers 201 with the token in `X-Subject-Token`, `GET /v3/auth/tokens` answers
//! 200 with what the token in `X-Subject-Token` is, 404 when it is none or has expired, and 401 when
//! the token in `X-Auth-Token` is not (or no longer) ours.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Certificate, Client, Response, StatusCode, Url, redirect};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::KeystoneSettings;

/// How long a question may take, and how long of it the connection: a caller waits for both.
const ANSWER: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may be: without the catalogue it has a few kilobytes.
const ANSWER_BYTES: usize = 256 * 1024;

/// Keystone.
pub(super) struct Api {
    http: Client,
    tokens: Url,
    url: String,
    login: Login,
    /// Our own token.
    own: Mutex<Option<SecretString>>,
}

struct Login {
    username: String,
    password: SecretString,
    user_domain: String,
    project: String,
    project_domain: String,
}

/// What Keystone said of a token.
pub(super) enum Asked {
    /// That there is no such token.
    Unknown,
    /// Whose it is.
    Known(Known),
}

/// Whose a token is.
pub(super) struct Known {
    pub(super) user: String,
    pub(super) domain_id: String,
    pub(super) domain_name: String,
    pub(super) roles: Vec<String>,
    /// How long it is valid; nothing when it is no longer.
    pub(super) left: Option<Duration>,
}

#[derive(Deserialize)]
struct Answer {
    token: Token,
}

#[derive(Deserialize)]
struct Token {
    expires_at: Timestamp,
    user: User,
    #[serde(default)]
    roles: Vec<Named>,
}

#[derive(Deserialize)]
struct User {
    name: String,
    domain: Domain,
}

#[derive(Deserialize)]
struct Domain {
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// What came of one question.
enum Once {
    Asked(Asked),
    /// Our own token is not taken.
    NotOurs,
}

impl Api {
    pub(super) fn new(settings: &KeystoneSettings) -> Result<Self, String> {
        let base = settings.url.trim_end_matches('/');
        let base = base.strip_suffix("/v3").unwrap_or(base);
        let tokens = Url::parse(&format!("{base}/v3/auth/tokens?nocatalog"))
            .map_err(|error| format!("the address of Keystone is refused: {error}"))?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Another thread may have been faster with the same.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let mut http = Client::builder()
            .timeout(ANSWER)
            .connect_timeout(CONNECT)
            .redirect(redirect::Policy::none())
            .no_proxy();
        if tokens.scheme() != "https" {
            http = http.tls_certs_only(std::iter::empty());
        } else if let Some(ca) = &settings.ca {
            http = http.tls_certs_only(certificates(ca)?);
        }
        let http = http.build().map_err(|error| format!("no client for Keystone: {error}"))?;
        let login = Login {
            username: settings.username.clone(),
            password: settings.password.clone(),
            user_domain: settings.user_domain.clone(),
            project: settings.project.clone(),
            project_domain: settings.project_domain.clone(),
        };
        Ok(Self { http, tokens, url: base.to_owned(), login, own: Mutex::new(None) })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Whose token this is. An error says why Keystone could not be asked, without any token.
    pub(super) async fn validate(&self, token: &str) -> Result<Asked, String> {
        let own = self.own(None).await?;
        let fresh = match self.once(&own, token).await? {
            Once::Asked(asked) => return Ok(asked),
            Once::NotOurs => self.own(Some(&own)).await?,
        };
        match self.once(&fresh, token).await? {
            Once::Asked(asked) => Ok(asked),
            Once::NotOurs => Err("it does not take the token that it gave us".to_owned()),
        }
    }

    async fn once(&self, own: &SecretString, token: &str) -> Result<Once, String> {
        let asked = self
            .http
            .get(self.tokens.clone())
            .header("X-Auth-Token", sensitive(own.expose_secret())?)
            .header("X-Subject-Token", sensitive(token)?)
            .send();
        let answer = asked.await.map_err(plain)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Once::Asked(Asked::Unknown)),
            StatusCode::UNAUTHORIZED => return Ok(Once::NotOurs),
            other => return Err(format!("it answered {other} when asked for a token")),
        }
        let body = bounded(answer).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| "its answer is not what its API says".to_owned())?;
        let Token { expires_at, user, roles } = answer.token;
        Ok(Once::Asked(Asked::Known(Known {
            user: user.name,
            domain_id: user.domain.id,
            domain_name: user.domain.name,
            roles: roles.into_iter().map(|role| role.name).collect(),
            left: Duration::try_from(expires_at.duration_since(Timestamp::now())).ok(),
        })))
    }

    /// Our own token, another one than `not` if that is given.
    async fn own(&self, not: Option<&SecretString>) -> Result<SecretString, String> {
        let mut own = self.own.lock().await;
        let is_other =
            |own: &&SecretString| not.is_none_or(|not| own.expose_secret() != not.expose_secret());
        if let Some(own) = own.as_ref().filter(is_other) {
            return Ok(own.clone());
        }
        let fresh = self.log_in().await?;
        *own = Some(fresh.clone());
        Ok(fresh)
    }

    async fn log_in(&self) -> Result<SecretString, String> {
        let Login { username, password, user_domain, project, project_domain } = &self.login;
        let body = json!({ "auth": {
            "identity": {
                "methods": ["password"],
                "password": { "user": {
                    "name": username,
                    "domain": { "name": user_domain },
                    "password": password.expose_secret(),
                } },
            },
            "scope": { "project": { "name": project, "domain": { "name": project_domain } } },
        } });
        let asked = self.http.post(self.tokens.clone()).json(&body).send();
        let answer = asked.await.map_err(plain)?;
        match answer.status() {
            StatusCode::CREATED => {}
            StatusCode::UNAUTHORIZED => {
                return Err(format!("it does not let our user `{username}` in"));
            }
            other => return Err(format!("it answered {other} when asked for a token of our own")),
        }
        let token = answer.headers().get("X-Subject-Token");
        let token = token.and_then(|token| token.to_str().ok()).filter(|token| !token.is_empty());
        token.map(Into::into).ok_or_else(|| "it gave us no token".to_owned())
    }
}

/// A header's value that no log shows.
fn sensitive(text: &str) -> Result<reqwest::header::HeaderValue, String> {
    let mut value = reqwest::header::HeaderValue::from_str(text)
        .map_err(|_| "a token cannot be sent in a header".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

async fn bounded(mut answer: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(plain)? {
        body.extend_from_slice(&chunk);
        if body.len() > ANSWER_BYTES {
            return Err(format!("its answer has more than {ANSWER_BYTES} bytes"));
        }
    }
    Ok(body)
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, String> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let all = all.map_err(|error| format!("the CA certificates for Keystone: {error}"))?;
    if all.is_empty() {
        return Err("the CA certificates for Keystone: there is none in PEM".to_owned());
    }
    let refused = |error| format!("the CA certificates for Keystone: {error}");
    all.iter().map(|der| Certificate::from_der(der).map_err(refused)).collect()
}

/// What went wrong and why, down to its cause; addresses and no credentials.
#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn plain(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
