//! From a request's credential to its caller, by whichever scheme the listener offers.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};

use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;

use super::{
    Caller, CertificateNames, Denied, HEADER_BYTES, Htdigest, Htpasswd, Keystone, Limiter,
    PeerCertificate, Reason, Scheme, Source, Tokens, basic::Credential, cache::Cache, digest,
    nonces::Nonces,
};

/// How many bcrypt computations run at a time: they are pure CPU, and switches come first.
const CONCURRENT: usize = 2;
/// How long a caller waits for its turn before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// What Ironic sends as a token when it has none, also beside a certificate.
const NOT_USED: &[u8] = b"notused";

/// What a listener offers, and what it verifies against. What is absent is not offered; a reload
/// brings another.
#[derive(Debug, Default)]
pub struct Material {
    /// HTTP Basic.
    pub basic: Option<Htpasswd>,
    /// HTTP Digest.
    pub digest: Option<Htdigest>,
    /// Shared secrets in `X-Auth-Token`.
    pub tokens: Option<Tokens>,
    /// Client certificates.
    pub certificate: Option<CertificateNames>,
    /// Tokens of Keystone in `X-Auth-Token`. Not beside shared secrets, which have the same header.
    pub keystone: Option<Keystone>,
}

/// What an authenticator is, whatever it verifies against.
#[derive(Debug)]
pub struct Settings {
    /// What people are shown when they are asked for a password.
    pub realm: String,
    /// How often logins may fail.
    pub limiter: Limiter,
    /// How long a nonce of HTTP Digest is good.
    pub nonce_lifetime: Duration,
}

/// What a request says about who sent it.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// Path and query, as they were sent.
    pub target: &'a str,
    /// The values of all `Authorization` headers.
    pub authorization: Vec<&'a [u8]>,
    /// The values of all `X-Auth-Token` headers.
    pub tokens: Vec<&'a [u8]>,
    /// The certificate that the connection was made with.
    pub certificate: Option<&'a PeerCertificate>,
    /// Where it comes from.
    pub source: Source,
}

/// Verifies the callers of one listener.
#[derive(Debug)]
pub struct Authenticator {
    /// What is verified against, with who was: a reload forgets both at once.
    state: RwLock<Arc<State>>,
    slots: Arc<Semaphore>,
    settings: Settings,
    nonces: Nonces,
}

#[derive(Debug)]
struct State {
    material: Material,
    verified: Cache,
}

/// The credential of a request.
enum Given<'a> {
    Basic(&'a str),
    Digest(&'a str),
    Token(&'a [u8]),
    Certificate(&'a PeerCertificate),
}

impl Authenticator {
    /// An authenticator that verifies against `material`.
    pub fn new(material: Material, settings: Settings) -> Self {
        Self {
            state: RwLock::new(Arc::new(State { material, verified: Cache::new() })),
            slots: Arc::new(Semaphore::new(CONCURRENT)),
            nonces: Nonces::new(settings.nonce_lifetime),
            settings,
        }
    }

    /// Takes other users, passwords and tokens, and forgets who was verified.
    pub fn replace(&self, material: Material) {
        let fresh = Arc::new(State { material, verified: Cache::new() });
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// Verifies who sent a request.
    pub async fn authenticate(&self, attempt: &Attempt<'_>) -> Result<Caller, Denied> {
        let state = Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner));
        match state.material.given(attempt)? {
            Given::Basic(encoded) => self.basic(state, encoded, attempt.source).await,
            Given::Digest(header) => {
                let users = state.material.digest.as_ref();
                let users = users.ok_or(Denied::new(None, Reason::NotOffered))?;
                digest::verify(users, &self.nonces, &self.settings.limiter, header, attempt)
            }
            Given::Token(token) => match &state.material.keystone {
                Some(keystone) => {
                    keystone.verify(token, &self.settings.limiter, attempt.source).await
                }
                None => self.token(&state, token, attempt.source),
            },
            Given::Certificate(certificate) => {
                let names = state.material.certificate.as_ref();
                let names = names.ok_or(Denied::new(None, Reason::NotOffered))?;
                let denied = |reason| {
                    let denied = Denied::new(Some(Scheme::Certificate), reason);
                    denied.claiming(&certificate.names.join(" "))
                };
                let name = names.caller(certificate, SystemTime::now()).map_err(denied)?;
                Ok(Caller { name, scheme: Scheme::Certificate })
            }
        }
    }

    /// The values of `WWW-Authenticate` for a 401, one for each scheme that has one.
    pub fn challenges(&self, denied: &Denied) -> Vec<String> {
        let state = Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner));
        let Material { basic, digest, tokens, certificate: _, keystone } = &state.material;
        let realm = &self.settings.realm;
        let mut challenges = Vec::new();
        if let Some(users) = digest {
            challenges.extend(digest::challenges(users, &self.nonces, denied));
        }
        if basic.is_some() {
            challenges.push(format!("Basic realm=\"{realm}\", charset=\"UTF-8\""));
        }
        if tokens.is_some() {
            challenges.push(format!("Token realm=\"{realm}\""));
        }
        if let Some(keystone) = keystone {
            challenges.push(format!("Keystone uri=\"{}\"", keystone.url()));
        }
        challenges
    }

    async fn basic(
        &self,
        state: Arc<State>,
        encoded: &str,
        source: Source,
    ) -> Result<Caller, Denied> {
        let denied = |reason| Denied::new(Some(Scheme::Basic), reason);
        let credential = Credential::read(encoded).ok_or(denied(Reason::Malformed))?;
        let user = credential.user.clone();
        let denied = |reason| denied(reason).claiming(&user);
        let caller = || Caller { name: user.clone(), scheme: Scheme::Basic };
        let digest = state.verified.digest(&user, credential.password.expose_secret());
        if state.verified.holds(&digest, Instant::now()) {
            return Ok(caller());
        }
        let attempt = self
            .settings
            .limiter
            .begin(source, Instant::now())
            .map_err(|after| denied(Reason::TooMany(after)))?;
        let turn = Arc::clone(&self.slots).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(WAIT, turn).await else {
            attempt.give_back();
            return Err(denied(Reason::Busy));
        };
        // The permit moves along: a caller that goes away does not end the computation.
        let known = tokio::task::spawn_blocking(move || {
            let Some(users) = &state.material.basic else { return Err(Reason::NotOffered) };
            let verified = users.verify(&credential.user, credential.password.expose_secret());
            drop(permit);
            match (verified, users.knows(&credential.user)) {
                (true, _) => {
                    state.verified.remember(digest, Instant::now());
                    Ok(())
                }
                (false, true) => Err(Reason::WrongPassword),
                (false, false) => Err(Reason::UnknownUser),
            }
        });
        match known.await.unwrap_or(Err(Reason::Busy)) {
            Ok(()) => {
                attempt.give_back();
                Ok(caller())
            }
            Err(reason) => Err(denied(reason)),
        }
    }

    fn token(&self, state: &State, token: &[u8], source: Source) -> Result<Caller, Denied> {
        let denied = |reason| Denied::new(Some(Scheme::Token), reason);
        let text = str::from_utf8(token).map_err(|_| denied(Reason::Malformed))?;
        let known = || state.material.tokens.as_ref().and_then(|tokens| tokens.name(token));
        let caller = |name: &str| Caller { name: name.to_owned(), scheme: Scheme::Token };
        let digest = state.verified.digest("", text);
        if state.verified.holds(&digest, Instant::now()) {
            return known().map(caller).ok_or(denied(Reason::WrongToken));
        }
        let attempt = self
            .settings
            .limiter
            .begin(source, Instant::now())
            .map_err(|after| denied(Reason::TooMany(after)))?;
        match known() {
            Some(name) => {
                attempt.give_back();
                state.verified.remember(digest, Instant::now());
                Ok(caller(name))
            }
            None if token == NOT_USED => Err(denied(Reason::NotUsed)),
            None => Err(denied(Reason::WrongToken)),
        }
    }
}

impl Material {
    /// The one credential of a request.
    fn given<'a>(&self, attempt: &Attempt<'a>) -> Result<Given<'a>, Denied> {
        let denied = |reason| Err(Denied::new(None, reason));
        let mut all = Vec::new();
        for header in &attempt.authorization {
            all.push(self.authorization(header)?);
        }
        // Every Ironic without authentication sends some token; where none is asked for, it says
        // nothing.
        if self.tokens.is_some() || self.keystone.is_some() {
            for token in &attempt.tokens {
                if token.len() > HEADER_BYTES {
                    return denied(Reason::Malformed);
                }
                all.push(Given::Token(token));
            }
        }
        if self.certificate.is_some() {
            all.extend(attempt.certificate.map(Given::Certificate));
        }
        if all.len() > 1 {
            all.retain(|given| !matches!(given, Given::Token(NOT_USED)));
        }
        let mut all = all.into_iter();
        match (all.next(), all.next()) {
            (Some(one), None) => Ok(one),
            (None, _) => denied(Reason::NoCredential),
            (Some(_), Some(_)) => denied(Reason::SeveralCredentials),
        }
    }

    fn authorization<'a>(&self, header: &'a [u8]) -> Result<Given<'a>, Denied> {
        let malformed = Denied::new(None, Reason::Malformed);
        if header.len() > HEADER_BYTES {
            return Err(malformed);
        }
        let text = str::from_utf8(header).map_err(|_| malformed.clone())?;
        let (scheme, rest) = text.split_once(' ').ok_or(malformed)?;
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        if is("basic") && self.basic.is_some() {
            Ok(Given::Basic(rest))
        } else if is("digest") && self.digest.is_some() {
            Ok(Given::Digest(text))
        } else {
            Err(Denied::new(None, Reason::NotOffered))
        }
    }
}
