//! Why a caller was not let in, and what it is told.

use std::{fmt, time::Duration};

use super::Scheme;

/// A caller that was not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The scheme of the credential, where one was recognised.
    pub scheme: Option<Scheme>,
    /// The user that the credential claims to be, as sent and not verified; never a secret.
    pub claimed: Option<String>,
    /// Why.
    pub reason: Reason,
    /// More about it, without anything that was sent.
    pub detail: Option<String>,
}

impl Denied {
    pub(super) const fn new(scheme: Option<Scheme>, reason: Reason) -> Self {
        Self { scheme, claimed: None, reason, detail: None }
    }

    /// With who the caller claims to be: printable, and not longer than a name.
    pub(super) fn claiming(mut self, user: &str) -> Self {
        let printable = user.chars().filter(|c| !c.is_control());
        self.claimed = Some(printable.take(64).collect());
        self
    }

    /// With more about the reason, which repeats nothing that was sent.
    pub(super) fn because(mut self, detail: String) -> Self {
        self.detail = Some(detail);
        self
    }

    /// Whether the password was right and only the nonce is of no use, so that the client may try
    /// again without asking its user.
    pub(super) const fn is_stale(&self) -> bool {
        matches!(self.reason, Reason::StaleNonce | Reason::ForeignNonce)
    }
}

/// Why a caller was not let in. The text is for the audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The request has no credential.
    NoCredential,
    /// It has more than one.
    SeveralCredentials,
    /// It has one that cannot be read.
    Malformed,
    /// It has one of a scheme that the listener does not offer.
    NotOffered,
    /// No such user.
    UnknownUser,
    /// Not the user's password.
    WrongPassword,
    /// The response is for another request than this one.
    WrongUri,
    /// The hash is not offered, or not known of this user.
    WrongAlgorithm,
    /// The password is right and the nonce too old.
    StaleNonce,
    /// The password is right and the nonce not ours, or from before a restart.
    ForeignNonce,
    /// The nonce's count was used before.
    Replayed,
    /// No such token, or no longer.
    WrongToken,
    /// The token that Ironic sends when its `auth_type` is not set.
    NotUsed,
    /// The certificate, or Keystone, names nobody whom the listener knows.
    UnknownName,
    /// The certificate has no subject alternative name that can be a caller's.
    NoName,
    /// The certificate names more than one caller.
    SeveralNames,
    /// The certificate expired after its connection was made.
    Expired,
    /// The token's user has none of the roles.
    WrongRole,
    /// The token's user is of another domain.
    WrongDomain,
    /// Keystone cannot be asked.
    KeystoneDown,
    /// Too many failed before; the same caller may come again after a while.
    TooMany(Duration),
    /// Too many are being verified.
    Busy,
}

/// What HTTP tells a caller that was not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 401, with a challenge for each scheme.
    Unauthorised,
    /// 403: who it is is known, and it may not come in here.
    Forbidden,
    /// 429: too many failed logins.
    TooMany(Duration),
    /// 503: it cannot be verified at the moment.
    Unavailable,
}

impl Reason {
    /// What the caller is told.
    pub const fn answer(self) -> Answer {
        match self {
            Self::NoCredential
            | Self::SeveralCredentials
            | Self::Malformed
            | Self::NotOffered
            | Self::UnknownUser
            | Self::WrongPassword
            | Self::WrongUri
            | Self::WrongAlgorithm
            | Self::StaleNonce
            | Self::ForeignNonce
            | Self::Replayed
            | Self::WrongToken
            | Self::NotUsed => Answer::Unauthorised,
            Self::UnknownName
            | Self::NoName
            | Self::SeveralNames
            | Self::Expired
            | Self::WrongRole
            | Self::WrongDomain => Answer::Forbidden,
            Self::TooMany(after) => Answer::TooMany(after),
            Self::KeystoneDown | Self::Busy => Answer::Unavailable,
        }
    }

    /// The reason as a label of a metric.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::SeveralCredentials => "several_credentials",
            Self::Malformed => "malformed",
            Self::NotOffered => "not_offered",
            Self::UnknownUser => "unknown_user",
            Self::WrongPassword => "wrong_password",
            Self::WrongUri => "wrong_uri",
            Self::WrongAlgorithm => "wrong_algorithm",
            Self::StaleNonce => "stale_nonce",
            Self::ForeignNonce => "foreign_nonce",
            Self::Replayed => "replayed",
            Self::WrongToken => "wrong_token",
            Self::NotUsed => "token_not_used",
            Self::UnknownName => "unknown_name",
            Self::NoName => "no_name",
            Self::SeveralNames => "several_names",
            Self::Expired => "certificate_expired",
            Self::WrongRole => "wrong_role",
            Self::WrongDomain => "wrong_domain",
            Self::KeystoneDown => "keystone_down",
            Self::TooMany(_) => "too_many_failures",
            Self::Busy => "busy",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoCredential => "no credential",
            Self::SeveralCredentials => "more than one credential in a request",
            Self::Malformed => "a credential that cannot be read",
            Self::NotOffered => "a scheme that the listener does not offer",
            Self::UnknownUser => "unknown user",
            Self::WrongPassword => "wrong password",
            Self::WrongUri => "an answer to another request",
            Self::WrongAlgorithm => "an algorithm that is not offered, or not for this user",
            Self::StaleNonce => "a nonce that is too old",
            Self::ForeignNonce => "a nonce that is not ours, or from before a restart",
            Self::Replayed => "a nonce count that was used before",
            Self::WrongToken => "wrong or expired token",
            Self::NotUsed => {
                "the token `notused`: this Ironic has no `auth_type = admin_token` for us"
            }
            Self::WrongRole => "a user without any of the roles",
            Self::WrongDomain => "a user of another domain",
            Self::KeystoneDown => "Keystone cannot be asked",
            Self::UnknownName => "a name that stands for no caller here",
            Self::NoName => "a certificate without a subject alternative name of use",
            Self::SeveralNames => "a certificate that names more than one caller",
            Self::Expired => "a certificate that expired after it was shown",
            Self::TooMany(_) => "too many failed logins from there",
            Self::Busy => "too many callers are being verified",
        })
    }
}
