//! Being let in: which header goes with a request, and what follows a 401.
//!
//! A Digest nonce is used by one request at a time, like a connection, and then kept for the next:
//! a service that refuses counts which do not rise never sees two of them overtake each other, and
//! after the first request each one costs a single round trip. Whatever a service says, a password
//! that was given for Digest is never sent.

use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use secrecy::{ExposeSecret as _, SecretString};

use super::{CallError, Credentials, address::Target};
use crate::digest::{self, Algorithm, Authorization, Challenge, Offer};

/// The header of shared secrets and Keystone tokens.
const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
/// How many nonces are kept: as many as a client has requests under way at a time.
const NONCES: usize = 64;
/// The HTTP method of every call.
const METHOD: &str = "POST";

/// What a client knows of being let in.
#[derive(Debug)]
pub(super) struct Login {
    credentials: Credentials,
    from: Option<String>,
    readable: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Nonces that worked and that no request is using.
    nonces: Vec<Nonce>,
    /// The service asked for HTTP Basic, and may have it.
    basic: bool,
}

/// What one request shows.
#[derive(Debug)]
pub(super) enum Proof {
    Nothing,
    Basic,
    Token,
    Digest(Nonce),
}

/// A challenge that is being answered.
pub(super) struct Nonce {
    challenge: Challenge,
    ha1: SecretString,
    cnonce: String,
    /// The count of the request at hand, from 1.
    count: u32,
}

impl std::fmt::Debug for Nonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Nonce({} uses)", self.count)
    }
}

/// What follows a 401.
#[derive(Debug)]
pub(super) enum Next {
    /// The same request, with this.
    Again(Proof),
    /// The service does not accept the credentials.
    Denied,
    /// The service asks for something that is not given to it, and why.
    Refused(&'static str),
}

impl Login {
    pub(super) fn new(
        credentials: Credentials,
        from: Option<String>,
        target: &Target,
    ) -> Result<Self, CallError> {
        if let Credentials::Basic { user, password }
        | Credentials::Digest { user, password, .. }
        | Credentials::AsAsked { user, password } = &credentials
        {
            let problem = if user.is_empty() {
                "the user's name is empty"
            } else if user.contains(':') {
                "the user's name holds a colon"
            } else if user.contains(char::is_control) {
                "the user's name holds a control character"
            } else if password.expose_secret().contains(char::is_control) {
                "the password holds a control character"
            } else {
                ""
            };
            if !problem.is_empty() {
                return Err(CallError::Credentials { problem: problem.to_owned() });
            }
        }
        let readable = target.is_readable();
        let login = Self { credentials, from, readable, state: Mutex::default() };
        // What cannot be a header is refused now.
        login.header(&login.begin(), "/")?;
        Ok(login)
    }

    /// What a request shows at first.
    pub(super) fn begin(&self) -> Proof {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.credentials {
            Credentials::None => Proof::Nothing,
            Credentials::Basic { .. } => Proof::Basic,
            Credentials::Token(_) => Proof::Token,
            Credentials::AsAsked { .. } if state.basic => Proof::Basic,
            Credentials::Digest { .. } | Credentials::AsAsked { .. } => match state.nonces.pop() {
                Some(nonce) if nonce.count < u32::MAX => {
                    Proof::Digest(Nonce { count: nonce.count + 1, ..nonce })
                }
                _ => Proof::Nothing,
            },
        }
    }

    /// Keeps what worked.
    pub(super) fn accepted(&self, proof: Proof) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match proof {
            Proof::Digest(nonce) if state.nonces.len() < NONCES => state.nonces.push(nonce),
            Proof::Basic => state.basic = true,
            Proof::Digest(_) | Proof::Token | Proof::Nothing => {}
        }
    }

    /// What follows a 401 to a request that showed `proof`.
    pub(super) fn challenged(&self, proof: &Proof, headers: &HeaderMap) -> Next {
        let (user, password, md5, basic) = match &self.credentials {
            Credentials::Digest { user, password, md5 } => (user, password, *md5, false),
            Credentials::AsAsked { user, password } => (user, password, false, true),
            Credentials::None | Credentials::Basic { .. } | Credentials::Token(_) => {
                return Next::Denied;
            }
        };
        let offers: Vec<Offer> = headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| digest::offers(std::str::from_utf8(value.as_bytes()).ok()?).ok())
            .flatten()
            .collect();
        let offered = |algorithm: Algorithm| {
            offers.iter().find_map(|offer| match offer {
                Offer::Digest(found) if found.qop_auth && found.algorithm == algorithm => {
                    Some(found)
                }
                _ => None,
            })
        };
        let weak = offered(Algorithm::Md5);
        let Some(challenge) = offered(Algorithm::Sha256).or(weak.filter(|_| md5)) else {
            let has_basic = offers.contains(&Offer::Basic);
            return match proof {
                Proof::Nothing if basic && has_basic && !self.readable => Next::Again(Proof::Basic),
                Proof::Basic | Proof::Token => Next::Denied,
                _ if weak.is_some() => {
                    Next::Refused("it offers HTTP Digest with MD5 alone, which has to be allowed")
                }
                _ if has_basic && basic => Next::Refused(
                    "it asks for HTTP Basic, and others could read the password on its way",
                ),
                _ if has_basic => Next::Refused("it asks for HTTP Basic and not for HTTP Digest"),
                _ => Next::Refused("it offers no way to log in that is spoken here"),
            };
        };
        let worth_it = match proof {
            Proof::Nothing => true,
            // It worked before, or was right but for its age.
            Proof::Digest(nonce) => nonce.count > 1 || challenge.stale,
            Proof::Basic | Proof::Token => false,
        };
        if !worth_it {
            return Next::Denied;
        }
        let Challenge { algorithm, realm, .. } = challenge;
        let ha1 = digest::ha1(*algorithm, user, realm, password.expose_secret());
        let cnonce = hex::encode(rand::random::<[u8; 16]>());
        Next::Again(Proof::Digest(Nonce { challenge: challenge.clone(), ha1, cnonce, count: 1 }))
    }

    /// The header that shows it.
    pub(super) fn header(
        &self,
        proof: &Proof,
        uri: &str,
    ) -> Result<Option<(HeaderName, HeaderValue)>, CallError> {
        let (name, text) = match (proof, &self.credentials) {
            (
                Proof::Basic,
                Credentials::Basic { user, password } | Credentials::AsAsked { user, password },
            ) => {
                let pair = SecretString::from(format!("{user}:{}", password.expose_secret()));
                let encoded =
                    base64::engine::general_purpose::STANDARD.encode(pair.expose_secret());
                (AUTHORIZATION, format!("Basic {encoded}"))
            }
            (Proof::Token, Credentials::Token(token)) => (TOKEN, token.expose_secret().to_owned()),
            (
                Proof::Digest(nonce),
                Credentials::Digest { user, .. } | Credentials::AsAsked { user, .. },
            ) => (AUTHORIZATION, nonce.answer(user, uri).to_string()),
            _ => return Ok(None),
        };
        let text = SecretString::from(text);
        let mut value = HeaderValue::from_bytes(text.expose_secret().as_bytes()).map_err(|_| {
            CallError::Credentials { problem: "they cannot be written into a header".to_owned() }
        })?;
        value.set_sensitive(true);
        Ok(Some((name, value)))
    }

    /// As whom a request spoke, for the error of a service that does not listen.
    pub(super) fn used(&self, proof: &Proof) -> String {
        let by = match proof {
            Proof::Basic => " by HTTP Basic".to_owned(),
            Proof::Digest(nonce) => format!(" by HTTP Digest ({})", nonce.challenge.algorithm),
            Proof::Nothing | Proof::Token => String::new(),
        };
        let whom = match &self.credentials {
            Credentials::None => return " to a request without credentials".to_owned(),
            Credentials::Token(_) => "the token in X-Auth-Token".to_owned(),
            Credentials::Basic { user, .. }
            | Credentials::Digest { user, .. }
            | Credentials::AsAsked { user, .. } => format!("user `{user}`"),
        };
        let from = self.from.as_ref().map(|from| format!(" ({from})")).unwrap_or_default();
        format!(" to {whom}{by}{from}")
    }
}

impl Nonce {
    fn answer(&self, user: &str, uri: &str) -> Authorization {
        let Self { challenge, ha1, cnonce, count } = self;
        let Challenge { realm, nonce, opaque, algorithm, .. } = challenge;
        let ha1 = ha1.expose_secret();
        Authorization {
            username: user.to_owned(),
            realm: realm.clone(),
            nonce: nonce.clone(),
            uri: uri.to_owned(),
            response: digest::response(*algorithm, ha1, METHOD, uri, nonce, *count, cnonce),
            algorithm: *algorithm,
            cnonce: cnonce.clone(),
            nc: *count,
            opaque: opaque.clone(),
            userhash: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const SHA: &str = r#"Digest realm="r", nonce="n1", qop="auth", algorithm=SHA-256"#;
    const MD5: &str = r#"Digest realm="r", nonce="n1", qop="auth", algorithm=MD5"#;
    const OLD: &str = r#"Digest realm="r", nonce="n1""#;
    const STALE: &str =
        r#"Digest realm="r", nonce="n2", qop="auth", algorithm=SHA-256, stale=true"#;
    const BASIC: &str = r#"Basic realm="r""#;

    fn login(credentials: Credentials, address: &str) -> Login {
        Login::new(credentials, None, &Target::parse(address).unwrap()).unwrap()
    }

    fn digest(md5: bool) -> Credentials {
        Credentials::Digest { user: "ada".to_owned(), password: "hunter2".into(), md5 }
    }

    fn as_asked() -> Credentials {
        Credentials::AsAsked { user: "ada".to_owned(), password: "hunter2".into() }
    }

    fn headers(offers: &[&'static str]) -> HeaderMap {
        let pair = |offer: &&'static str| (WWW_AUTHENTICATE, HeaderValue::from_static(offer));
        offers.iter().map(pair).collect()
    }

    /// What follows the first 401, in few words.
    fn check(credentials: Credentials, address: &str, offers: &[&'static str]) -> String {
        let login = login(credentials, address);
        let proof = login.begin();
        match login.challenged(&proof, &headers(offers)) {
            Next::Again(Proof::Digest(nonce)) => nonce.challenge.algorithm.to_string(),
            Next::Again(proof) => format!("{proof:?}"),
            Next::Denied => "denied".to_owned(),
            Next::Refused(why) => why.to_owned(),
        }
    }

    const HERE: &str = "http://127.0.0.1:1";
    const SAFE: &str = "https://switchd.example";
    const OPEN: &str = "http://switchd.example";

    #[rstest]
    #[case(digest(false), SAFE, &[MD5, SHA], "SHA-256")]
    #[case(digest(true), SAFE, &[MD5, SHA], "SHA-256")]
    #[case(digest(true), OPEN, &[MD5], "MD5")]
    #[case(digest(false), OPEN, &[MD5], "it offers HTTP Digest with MD5 alone, which has to be allowed")]
    #[case(digest(true), SAFE, &[OLD], "it offers no way to log in that is spoken here")]
    #[case(digest(true), SAFE, &[BASIC], "it asks for HTTP Basic and not for HTTP Digest")]
    #[case(digest(true), SAFE, &[], "it offers no way to log in that is spoken here")]
    #[case(as_asked(), SAFE, &[BASIC, SHA], "SHA-256")]
    #[case(as_asked(), OPEN, &[BASIC, SHA], "SHA-256")]
    #[case(as_asked(), SAFE, &[BASIC], "Basic")]
    #[case(as_asked(), HERE, &[BASIC, MD5], "Basic")]
    #[case(as_asked(), OPEN, &[BASIC], "it asks for HTTP Basic, and others could read the password on its way")]
    #[case(as_asked(), OPEN, &[BASIC, MD5], "it offers HTTP Digest with MD5 alone, which has to be allowed")]
    #[case(Credentials::None, HERE, &[BASIC, SHA], "denied")]
    #[case(Credentials::Token("t".into()), HERE, &[BASIC, SHA], "denied")]
    #[case(Credentials::Basic { user: "ada".to_owned(), password: "x".into() }, HERE, &[SHA], "denied")]
    fn what_follows_a_challenge(
        #[case] credentials: Credentials,
        #[case] address: &str,
        #[case] offers: &[&'static str],
        #[case] want: &str,
    ) {
        assert_eq!(check(credentials, address, offers), want);
    }

    fn answer(login: &Login, offers: &[&'static str], proof: &Proof) -> Option<Nonce> {
        match login.challenged(proof, &headers(offers)) {
            Next::Again(Proof::Digest(nonce)) => Some(nonce),
            Next::Denied => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_nonce_is_used_by_one_request_at_a_time_and_its_count_rises() {
        let login = login(digest(false), OPEN);
        let first = answer(&login, &[SHA], &Proof::Nothing).unwrap();
        assert_eq!(first.count, 1);
        assert!(matches!(login.begin(), Proof::Nothing), "another request gets its own nonce");
        login.accepted(Proof::Digest(first));
        let Proof::Digest(second) = login.begin() else { panic!("it was kept") };
        assert_eq!(second.count, 2);
        assert!(matches!(login.begin(), Proof::Nothing));
        let shown = second.answer("ada", "/v1/rpc");
        assert_eq!((shown.nc, shown.uri.as_str()), (2, "/v1/rpc"));
    }

    #[test]
    fn a_nonce_that_became_old_is_replaced_once_and_wrong_credentials_are_not_tried_again() {
        let login = login(digest(false), OPEN);
        let fresh = answer(&login, &[SHA], &Proof::Nothing).unwrap();
        let worked = Nonce { count: 7, ..answer(&login, &[SHA], &Proof::Nothing).unwrap() };
        assert!(answer(&login, &[SHA], &Proof::Digest(fresh)).is_none(), "a wrong password");
        let replaced = answer(&login, &[SHA], &Proof::Digest(worked)).unwrap();
        assert_eq!(replaced.count, 1, "a service that forgot its nonces");
        let stale = answer(&login, &[STALE], &Proof::Digest(replaced)).unwrap();
        assert_eq!(stale.challenge.nonce, "n2");
    }

    #[rstest]
    #[case("", "x", "is empty")]
    #[case("a:b", "x", "holds a colon")]
    #[case("a\nb", "x", "holds a control character")]
    #[case("ada", "hunter2\r\nX: y", "the password holds a control character")]
    fn users_and_passwords_that_cannot_be_sent(
        #[case] user: &str,
        #[case] password: &str,
        #[case] want: &str,
    ) {
        let credentials =
            Credentials::Digest { user: user.to_owned(), password: password.into(), md5: true };
        let target = Target::parse(HERE).unwrap();
        let error = Login::new(credentials, None, &target).unwrap_err().to_string();
        assert!(error.contains(want) && !error.contains("hunter2"), "{error}");
        let token = Credentials::Token("hunter2\n".into());
        let error = Login::new(token, None, &target).unwrap_err().to_string();
        assert_eq!(error, "cannot use the credentials: they cannot be written into a header");
    }

    #[test]
    fn nothing_shows_a_secret() {
        for credentials in [digest(true), as_asked(), Credentials::Token("hunter2".into())] {
            let login = login(credentials, SAFE);
            let nonce = answer_or_none(&login);
            let header = login.header(&login.begin(), "/").unwrap();
            let all = format!("{login:?} {nonce:?} {header:?} {}", login.used(&login.begin()));
            assert!(!all.contains("hunter2"), "{all}");
        }
    }

    fn answer_or_none(login: &Login) -> Option<Proof> {
        match login.challenged(&Proof::Nothing, &headers(&[SHA])) {
            Next::Again(proof) => Some(proof),
            _ => None,
        }
    }
}
