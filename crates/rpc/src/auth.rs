//! The server's half of authentication: who calls, by whichever scheme a listener offers.
//!
//! A listener has one [`Authenticator`]. It finds the one credential of a request, verifies it, and
//! names one [`Caller`]; policy and audit log see that name and never the way it came. Two
//! credentials in one request are refused, because two readers could choose differently.
//!
//! What is slow on purpose (bcrypt) runs on blocking threads, few at a time; who failed often waits
//! ([`Limiter`]); who was verified a moment ago is remembered by a keyed digest of what it sent. A user
//! that does not exist costs as much as one that does. [`Denied`] says why somebody was not let in,
//! for the audit log alone: the caller is told only to authenticate. No error, log line or record
//! holds a credential.

mod authenticator;
mod basic;
mod cache;
mod certificate;
mod denied;
mod digest;
mod file;
mod htdigest;
mod htpasswd;
mod keystone;
mod limit;
mod nonces;
mod token;

use std::fmt;

pub use authenticator::{Attempt, Authenticator, Material, Settings};
pub use certificate::{CertificateNames, PeerCertificate};
pub use denied::{Answer, Denied, Reason};
pub use file::FileError;
pub use htdigest::Htdigest;
pub use htpasswd::Htpasswd;
pub use keystone::{Keystone, KeystoneSettings};
pub use limit::{Limiter, Source};
pub use token::Tokens;

/// How long a header with a credential may be: names, passwords and tokens are shorter by far, and
/// those of Keystone are 200 to 300 bytes.
const HEADER_BYTES: usize = 4096;
/// How long a caller's name may be.
const NAME_BYTES: usize = 256;

/// Who calls, as policy and the audit record know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user's name, or [`Caller::ANONYMOUS`]. The same name is the same caller, whichever
    /// scheme it came by.
    pub name: String,
    /// How the caller proved it.
    pub scheme: Scheme,
}

impl Caller {
    /// The name of every caller on a listener without authentication. No user may have it.
    pub const ANONYMOUS: &'static str = "anonymous";

    /// The caller on a listener without authentication.
    pub fn anonymous() -> Self {
        Self { name: Self::ANONYMOUS.to_owned(), scheme: Scheme::None }
    }
}

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// None: everybody who reaches the listener.
    None,
    /// HTTP Basic (RFC 7617) against bcrypt hashes.
    Basic,
    /// HTTP Digest (RFC 7616).
    Digest,
    /// A shared secret in `X-Auth-Token`.
    Token,
    /// A client certificate.
    Certificate,
    /// A token of Keystone in `X-Auth-Token`.
    Keystone,
}

impl Scheme {
    /// The scheme in the configuration's words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Digest => "digest",
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Keystone => "keystone",
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Why a text can be no caller's name, if so.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn check_name(name: &str) -> Result<(), String> {
    if name == Caller::ANONYMOUS {
        return Err(format!("the name `{name}` means callers without a name"));
    }
    if name.is_empty() || name.len() > NAME_BYTES || !name.chars().all(|c| c.is_ascii_graphic()) {
        return Err(format!("the name is not 1 to {NAME_BYTES} printable characters"));
    }
    Ok(())
}
