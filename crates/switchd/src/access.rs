//! What a listener lets in by: its authenticator and its TLS, from the files that the configuration
//! names.
//!
//! Everything is read before anything is replaced, so a file that is half written leaves all as it
//! was. A reload reads files and secrets again; which schemes there are and where their files are is
//! part of the listener, which needs a restart.

use std::{path::Path, sync::Arc, time::Duration};

use rpc::auth::{
    Authenticator, Htdigest, Htpasswd, Keystone, KeystoneSettings, Limiter, Material, Settings,
    Tokens,
};

use crate::{
    config::{Config, KeystoneAuth, Limits, Listen},
    error::Error,
    http::{Clients, Loaded, Tls, load_tls},
};

/// How large a file of CA certificates may be: those of a whole system have 300 kilobytes.
const CERTIFICATES: u64 = 4 * 1024 * 1024;

/// What a listener lets in by.
pub(crate) struct Access {
    listen: Listen,
    /// Absent when everybody may come in.
    pub(crate) authenticator: Option<Arc<Authenticator>>,
    /// Absent when it speaks plain HTTP.
    pub(crate) tls: Option<Arc<Tls>>,
}

/// What was read of a listener's files.
pub(crate) struct Read {
    material: Material,
    tls: Option<Loaded>,
}

impl Access {
    /// What the listener lets in by, with what was [`read`] for it.
    pub(crate) fn new(listen: &Listen, limits: &Limits, read: Read) -> Self {
        let Read { material, tls } = read;
        let address = listen.address.to_string();
        let authenticator = || {
            let digest = listen.auth.digest.as_ref();
            let settings = Settings {
                realm: listen.auth.realm().to_owned(),
                limiter: Limiter::new(limits.failed_logins_per_minute),
                nonce_lifetime: digest.map_or(Duration::ZERO, |digest| digest.nonce_lifetime),
            };
            Arc::new(Authenticator::new(material, settings))
        };
        Self {
            authenticator: (!listen.auth.is_none()).then(authenticator),
            tls: tls.map(|loaded| Arc::new(Tls::new(&address, loaded))),
            listen: listen.clone(),
        }
    }

    /// Reads its files and secrets again; until [`Access::replace`] nothing changes.
    pub(crate) async fn read(&self) -> Result<Read, Error> {
        read(&self.listen).await
    }

    /// Takes what was read.
    pub(crate) fn replace(&self, read: Read) {
        let Read { material, tls } = read;
        if let Some(authenticator) = &self.authenticator {
            authenticator.replace(material);
        }
        if let (Some(old), Some(new)) = (&self.tls, tls) {
            old.replace(&self.listen.address.to_string(), new);
        }
    }
}

/// Reads the files and secrets of all listeners, so that a missing one is told before it is needed.
pub(crate) async fn read_all(config: &Config) -> Result<Vec<Read>, Error> {
    let mut all = Vec::new();
    for listen in &config.listen {
        all.push(read(listen).await?);
    }
    Ok(all)
}

/// Reads the files and secrets of a listener.
pub(crate) async fn read(listen: &Listen) -> Result<Read, Error> {
    let refused = |problem: String| Error::Access { listener: listen.address.to_string(), problem };
    let auth = &listen.auth;
    let basic = match &auth.basic {
        Some(file) => Some(Htpasswd::load(file).map_err(|error| refused(with_cause(&error)))?),
        None => None,
    };
    let digest = match &auth.digest {
        Some(digest) => Some(
            Htdigest::load(&digest.users, &digest.realm, digest.md5)
                .map_err(|error| refused(with_cause(&error)))?,
        ),
        None => None,
    };
    let keystone = match &auth.keystone {
        Some(keystone) => Some(self::keystone(keystone).await.map_err(refused)?),
        None => None,
    };
    let mut tokens = Vec::new();
    for token in &auth.tokens {
        let secret = token.secret.resolve().await.map_err(|error| refused(error.to_string()))?;
        tokens.push((token.name.clone(), secret));
    }
    let tokens = match tokens.is_empty() {
        true => None,
        false => Some(Tokens::new(tokens).map_err(refused)?),
    };
    let tls = match &listen.tls {
        Some(tls) => {
            let clients = match (&auth.certificate, auth.schemes().len()) {
                (None, _) => Clients::Unasked,
                (Some(_), 1) => Clients::Must,
                (Some(_), _) => Clients::May,
            };
            Some(load_tls(tls, clients).await.map_err(refused)?)
        }
        None => None,
    };
    let certificate = auth.certificate.clone();
    Ok(Read { material: Material { basic, digest, tokens, certificate, keystone }, tls })
}

async fn keystone(auth: &KeystoneAuth) -> Result<Keystone, String> {
    let auth = auth.clone();
    let password = auth.password.resolve().await.map_err(|error| error.to_string())?;
    let ca = match &auth.ca {
        Some(path) => Some(small_file(path).await?),
        None => None,
    };
    Keystone::new(KeystoneSettings {
        url: auth.url,
        ca,
        username: auth.username,
        password,
        user_domain: auth.user_domain,
        project: auth.project,
        project_domain: auth.project_domain,
        callers_domain: auth.callers_domain,
        roles: auth.roles,
        cache: auth.cache,
    })
}

/// A file of certificates.
async fn small_file(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |problem: String| format!("cannot read `{}`: {problem}", path.display());
    let found = tokio::fs::metadata(path).await.map_err(|error| cannot(error.to_string()))?;
    if !found.is_file() || found.len() > CERTIFICATES {
        return Err(cannot("it is no file of certificates".to_owned()));
    }
    tokio::fs::read(path).await.map_err(|error| cannot(error.to_string()))
}

/// An error and what it comes from, on one line.
fn with_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
