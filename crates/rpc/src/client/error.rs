//! What a call that gave no answer is told as.

use std::{error::Error as _, time::Duration};

use rustls::{AlertDescription, CertificateError};
use thiserror::Error;

use crate::error::RpcError;

/// A call that did not give its answer. No text of it holds a credential.
#[derive(Debug, Error)]
pub enum CallError {
    /// The address cannot be used.
    #[error("cannot use the address `{address}`: {problem}")]
    Address {
        /// As it was given.
        address: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A user, a certificate or a key cannot be used. Nothing was sent.
    #[error("cannot use the credentials: {problem}")]
    Credentials {
        /// What is wrong with them, and maybe a line beginning `hint:`.
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
        /// For 401, as whom the client spoke; then `: ` and the beginning of the body, or nothing.
        detail: String,
    },
    /// The service's certificate is not trusted, or it does not trust the client's.
    #[error("no secure connection to the service at {address}: {problem}")]
    Certificate {
        /// Where.
        address: String,
        /// Whose certificate is refused, and why.
        problem: String,
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

impl CallError {
    pub(super) fn address(address: &str, problem: &str) -> Self {
        Self::Address { address: address.to_owned(), problem: problem.to_owned() }
    }
}

/// A request that got no answer.
pub(super) fn broken(address: &str, error: &reqwest::Error) -> CallError {
    let address = address.to_owned();
    match find(error).and_then(refused) {
        Some(problem) => CallError::Certificate { address, problem },
        None => CallError::Transport {
            address,
            sent: !error.is_connect() && !error.is_builder(),
            reason: cause(error),
        },
    }
}

/// The innermost cause: reqwest's own text repeats the URL and hides the reason.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// What TLS said. An I/O error that wraps another one does not name it as its source.
fn find(error: &reqwest::Error) -> Option<&rustls::Error> {
    let mut next = error.source();
    while let Some(error) = next {
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        let wrapped = wrapped.map(|inner| inner as &dyn std::error::Error);
        let inner = wrapped.unwrap_or(error);
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        next = if wrapped.is_some() { wrapped } else { error.source() };
    }
    None
}

/// Whose certificate was refused and why, if that is what went wrong.
fn refused(error: &rustls::Error) -> Option<String> {
    Some(match error {
        rustls::Error::InvalidCertificate(why) => {
            let why = match why {
                CertificateError::UnknownIssuer => {
                    "it is signed by no authority that is trusted here".to_owned()
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "it has expired".to_owned()
                }
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    "it is not valid yet; look at the clocks".to_owned()
                }
                CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. } => {
                    "it is for another name than that of the address".to_owned()
                }
                CertificateError::BadSignature => {
                    "an authority of that name is trusted here, but its key is another".to_owned()
                }
                CertificateError::Revoked => "it was revoked".to_owned(),
                // webpki's word for it, which rustls only passes on.
                other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                    "it is an authority's own; a service shows one that an authority signed, or one \
                     made with `basicConstraints=CA:FALSE`"
                        .to_owned()
                }
                other => other.to_string(),
            };
            format!("the service's certificate is refused: {why}")
        }
        rustls::Error::AlertReceived(alert) => {
            let why = match alert {
                AlertDescription::CertificateRequired => "the service asks for one",
                AlertDescription::UnknownCA => {
                    "it is signed by no authority that the service trusts"
                }
                AlertDescription::CertificateExpired => "it has expired",
                AlertDescription::CertificateRevoked => "it was revoked",
                AlertDescription::BadCertificate
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::CertificateUnknown
                | AlertDescription::AccessDenied => "the service does not accept it",
                _ => return None,
            };
            format!("the client's certificate is refused: {why}")
        }
        _ => return None,
    })
}
