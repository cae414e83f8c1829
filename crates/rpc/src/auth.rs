//! The server's half of authentication: HTTP Basic against an htpasswd file.
//!
//! bcrypt is slow on purpose, so it runs on blocking threads, few at a time, and a caller that was
//! verified a moment ago is remembered by a keyed digest of what it sent, never by the password.
//! A user that does not exist costs as much as one that does. Nothing here says why a caller was
//! denied, and no error or log line holds a credential.

mod cache;
mod htpasswd;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::GeneralPurpose};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use cache::Cache;
pub use htpasswd::{Htpasswd, HtpasswdError};

/// How many bcrypt computations run at a time: they are pure CPU, and switches come first.
const CONCURRENT: usize = 2;
/// How long a caller waits for its turn before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// How long an `Authorization` header may be; names and passwords are shorter by far.
const HEADER_BYTES: usize = 4096;

/// Who calls, as policy and the audit record know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user of the htpasswd file, or [`Caller::ANONYMOUS`].
    pub name: String,
}

impl Caller {
    /// The name of every caller on a listener without authentication. No user may have it.
    pub const ANONYMOUS: &'static str = "anonymous";

    /// The caller on a listener without authentication.
    pub fn anonymous() -> Self {
        Self { name: Self::ANONYMOUS.to_owned() }
    }
}

/// Why a caller was not let in; deliberately no more than HTTP needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// No credential, a malformed one, an unknown user, or a wrong password: 401.
    Unauthorised,
    /// Too many callers are being verified: 503.
    Busy,
}

/// Verifies callers against one htpasswd file.
#[derive(Debug)]
pub struct Authenticator {
    path: PathBuf,
    /// The file as loaded, with what was verified against it: a reload forgets both at once.
    state: RwLock<Arc<State>>,
    slots: Arc<Semaphore>,
}

#[derive(Debug)]
struct State {
    users: Htpasswd,
    verified: Cache,
}

impl Authenticator {
    /// Loads the file.
    pub fn load(path: &Path) -> Result<Self, HtpasswdError> {
        Ok(Self {
            path: path.to_owned(),
            state: RwLock::new(Arc::new(State {
                users: Htpasswd::load(path)?,
                verified: Cache::new(),
            })),
            slots: Arc::new(Semaphore::new(CONCURRENT)),
        })
    }

    /// Reads the file again, for [`Authenticator::replace`]; until then nothing changes.
    pub fn read(&self) -> Result<Htpasswd, HtpasswdError> {
        Htpasswd::load(&self.path)
    }

    /// Takes other users and passwords, and forgets who was verified.
    pub fn replace(&self, users: Htpasswd) {
        let fresh = Arc::new(State { users, verified: Cache::new() });
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
    }

    /// Verifies the value of an `Authorization` header.
    pub async fn authenticate(&self, authorization: Option<&[u8]>) -> Result<Caller, Denied> {
        let credential = authorization.and_then(Credential::read).ok_or(Denied::Unauthorised)?;
        let state = Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner));
        let caller = Caller { name: credential.user.clone() };
        let digest = state.verified.digest(&credential.user, credential.password.expose_secret());
        if state.verified.holds(&digest, Instant::now()) {
            return Ok(caller);
        }
        let turn = Arc::clone(&self.slots).acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout(WAIT, turn).await else {
            return Err(Denied::Busy);
        };
        // The permit moves along: a caller that goes away does not end the computation.
        let known = tokio::task::spawn_blocking(move || {
            let known = state.users.verify(&credential.user, credential.password.expose_secret());
            if known {
                state.verified.remember(digest, Instant::now());
            }
            drop(permit);
            known
        });
        if known.await.unwrap_or(false) { Ok(caller) } else { Err(Denied::Unauthorised) }
    }
}

/// What a caller sent.
struct Credential {
    user: String,
    password: SecretString,
}

impl Credential {
    /// RFC 7617: `Basic`, in any case, and the base64 of `user:password` in UTF-8.
    fn read(header: &[u8]) -> Option<Self> {
        /// Padding as the caller likes it: some leave it out.
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &base64::alphabet::STANDARD,
            base64::engine::GeneralPurposeConfig::new()
                .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
        );
        if header.len() > HEADER_BYTES {
            return None;
        }
        let text = std::str::from_utf8(header).ok()?;
        let (scheme, encoded) = text.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        let printable = |text: &str| !text.chars().any(char::is_control);
        (!user.is_empty() && printable(user) && printable(password))
            .then(|| Self { user: user.to_owned(), password: password.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(text: &str) -> Vec<u8> {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        format!("Basic {encoded}").into_bytes()
    }

    #[test]
    fn a_header_is_read_as_rfc_7617_says() {
        // Both from the RFC, sections 2 and 2.1.
        let aladdin = Credential::read(b"Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
        assert_eq!(aladdin.user, "Aladdin");
        assert_eq!(aladdin.password.expose_secret(), "open sesame");
        let test = Credential::read(b"bASIC dGVzdDoxMjPCow").unwrap();
        assert_eq!(test.password.expose_secret(), "123£");
        let colons = Credential::read(&basic("u:a:b")).unwrap();
        assert_eq!(colons.password.expose_secret(), "a:b");
    }

    #[test]
    fn other_headers_are_refused() {
        let long = basic(&format!("u:{}", "x".repeat(HEADER_BYTES)));
        for header in [
            b"".to_vec(),
            b"Basic".to_vec(),
            b"Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==".to_vec(),
            b"Basic !!!".to_vec(),
            b"Basic \xff".to_vec(),
            basic("no colon"),
            basic(":no user"),
            basic("line\nbreak:x"),
            basic("u:line\nbreak"),
            long,
        ] {
            assert!(Credential::read(&header).is_none(), "{header:?}");
        }
    }
}
