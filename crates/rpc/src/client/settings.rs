//! Where the service is, as whom to speak to it, and what to trust.

use std::{fmt, path::PathBuf};

use secrecy::SecretString;

/// What a [`super::Client`] is made from.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `http://host:port`, `https://host:port`, or `unix:/path/to/socket`. Calls go to the path
    /// `/v1/rpc` unless the address names another one.
    pub address: String,
    /// As whom to speak.
    pub credentials: Credentials,
    /// Where the credentials came from, for the error of a service that does not accept them.
    pub credentials_from: Option<String>,
    /// Certificates; they mean something to `https://` alone.
    pub tls: TlsSettings,
    /// How often a call that failed is made again, where that is safe: 0 is never. That is when the
    /// request was not sent, when the service says that it is too busy, and for methods that
    /// change nothing also when the connection broke.
    pub retries: u32,
}

impl Settings {
    /// No credentials, the system's authorities, no repetition.
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
            credentials: Credentials::None,
            credentials_from: None,
            tls: TlsSettings::default(),
            retries: 0,
        }
    }
}

/// As whom to speak to the service. A client certificate is in [`TlsSettings`] and goes with any
/// of these.
#[derive(Clone, Default)]
pub enum Credentials {
    /// Nothing is sent.
    #[default]
    None,
    /// HTTP Basic, with every request: the password is readable to whoever can read the request.
    Basic {
        /// The user; without a colon.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// HTTP Digest (RFC 7616) with `qop=auth`. The password is never sent, and never falls back to
    /// being sent.
    Digest {
        /// The user; without a colon.
        user: String,
        /// The password.
        password: SecretString,
        /// Whether MD5 will do where the service does not offer SHA-256.
        md5: bool,
    },
    /// HTTP Digest with SHA-256 when the service asks for it. Otherwise HTTP Basic, but only over
    /// TLS or without leaving the machine.
    AsAsked {
        /// The user; without a colon.
        user: String,
        /// The password.
        password: SecretString,
    },
    /// A shared secret, or a Keystone token, in the header `X-Auth-Token`.
    Token(SecretString),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Basic { user, .. } => write!(f, "Basic({user:?})"),
            Self::Digest { user, md5, .. } => write!(f, "Digest({user:?}, md5: {md5})"),
            Self::AsAsked { user, .. } => write!(f, "AsAsked({user:?})"),
            Self::Token(_) => f.write_str("Token"),
        }
    }
}

impl From<Option<(String, SecretString)>> for Credentials {
    /// HTTP Basic, or nothing.
    fn from(pair: Option<(String, SecretString)>) -> Self {
        pair.map_or(Self::None, |(user, password)| Self::Basic { user, password })
    }
}

/// Certificates, in files in PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// The authorities that may have signed the service's certificate, in place of the system's.
    pub authorities: Option<PathBuf>,
    /// The client's certificate, followed by those between it and its authority.
    pub certificate: Option<PathBuf>,
    /// The certificate's private key, not readable by everybody; when absent it is in the file of
    /// the certificate.
    pub key: Option<PathBuf>,
}
