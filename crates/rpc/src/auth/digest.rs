//! The server's end of HTTP Digest: what is offered, and whether an answer proves a password.
//!
//! The order matters. What can be refused without a hash is refused first; then the response is
//! verified, for unknown users against a hash that nobody has; and only for a right response does the
//! nonce count. So nothing is kept for anybody without a password, and a client that is told `stale`
//! knows that its password was right.

use std::time::{Instant, SystemTime};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    Attempt, Caller, Denied, Limiter, Reason, Scheme,
    htdigest::Htdigest,
    nonces::{Nonces, Worth},
};
use crate::digest::{Algorithm, Authorization, Challenge, response, same};

/// Challenges for a 401, the strongest algorithm first, all with one nonce: a widespread client
/// mixes up two of them.
pub(super) fn challenges(users: &Htdigest, nonces: &Nonces, denied: &Denied) -> Vec<String> {
    let now = SystemTime::now();
    let stale = denied.is_stale();
    let nonce = match &denied.claimed {
        Some(user) if stale => nonces.make_for(user, now),
        _ => nonces.make(now),
    };
    let challenge = |algorithm: &Algorithm| Challenge {
        realm: users.realm().to_owned(),
        nonce: nonce.clone(),
        // The nonce says all that there is to know.
        opaque: None,
        algorithm: *algorithm,
        stale,
        qop_auth: true,
        charset_utf8: true,
        userhash: false,
    };
    users.algorithms().iter().map(|algorithm| challenge(algorithm).to_string()).collect()
}

/// Whose answer this is.
pub(super) fn verify(
    users: &Htdigest,
    nonces: &Nonces,
    limiter: &Limiter,
    header: &str,
    attempt: &Attempt<'_>,
) -> Result<Caller, Denied> {
    let denied = |reason| Denied::new(Some(Scheme::Digest), reason);
    let answer = Authorization::parse(header)
        .map_err(|malformed| denied(Reason::Malformed).because(malformed.to_string()))?;
    let denied = |reason| denied(reason).claiming(&answer.username);
    if answer.userhash {
        return Err(denied(Reason::Malformed).because("`userhash` is not offered".to_owned()));
    }
    if answer.realm != users.realm() {
        return Err(denied(Reason::Malformed).because("another realm".to_owned()));
    }
    if answer.uri != attempt.target {
        return Err(denied(Reason::WrongUri));
    }
    if !users.algorithms().contains(&answer.algorithm) {
        return Err(denied(Reason::WrongAlgorithm));
    }

    let now = SystemTime::now();
    let worth = nonces.judge(&answer.nonce, now);
    // Whoever has proved a password with this nonce is at work, and not guessing.
    let proved = matches!(worth, Worth::Good(id) if nonces.is_proved(id, &answer.username));
    let attempted = match proved {
        true => None,
        false => {
            let begun = limiter.begin(attempt.source, Instant::now());
            Some(begun.map_err(|after| denied(Reason::TooMany(after)))?)
        }
    };
    check(users, &answer, attempt.method).map_err(denied)?;
    if let Some(attempted) = attempted {
        attempted.give_back();
    }
    match worth {
        Worth::Good(id) => {
            if !nonces.take(id, &answer.username, answer.nc, now) {
                return Err(denied(Reason::Replayed));
            }
        }
        Worth::Old => return Err(denied(Reason::StaleNonce)),
        Worth::Foreign => return Err(denied(Reason::ForeignNonce)),
    }
    Ok(Caller { name: answer.username, scheme: Scheme::Digest })
}

/// Whether the response proves the password.
fn check(users: &Htdigest, answer: &Authorization, method: &str) -> Result<(), Reason> {
    let Authorization { username, algorithm, uri, nonce, nc, cnonce, .. } = answer;
    let known = users.ha1(username, *algorithm);
    let nobody = SecretString::from("0".repeat(algorithm.hex_digits()));
    let ha1 = known.unwrap_or(&nobody).expose_secret();
    let right = same(&response(*algorithm, ha1, method, uri, nonce, *nc, cnonce), &answer.response);
    match (known, right) {
        (Some(_), true) => Ok(()),
        (None, _) if !users.knows(username) => Err(Reason::UnknownUser),
        (None, _) => Err(Reason::WrongAlgorithm),
        (Some(_), false) => Err(Reason::WrongPassword),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

    use rstest::rstest;

    use super::*;
    use crate::{auth::Source, digest::ha1};

    struct Door {
        users: Htdigest,
        nonces: Nonces,
        limiter: Limiter,
    }

    impl Door {
        /// `ada` with a hash of each algorithm, `bob` with MD5 alone.
        fn new(md5: bool, lifetime: Duration) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("htdigest");
            let line = |algorithm, user: &str| {
                let ha1 = ha1(algorithm, user, "mercury", "secret");
                format!("{user}:mercury:{}\n", ha1.expose_secret())
            };
            let mut text = line(Algorithm::Sha256, "ada");
            if md5 {
                text += &line(Algorithm::Md5, "ada");
                text += &line(Algorithm::Md5, "bob");
            }
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            Self {
                users: Htdigest::load(&path, "mercury", md5).unwrap(),
                nonces: Nonces::new(lifetime),
                limiter: Limiter::new(3),
            }
        }

        fn answer(&self) -> Authorization {
            self.by("ada", Algorithm::Sha256)
        }

        fn by(&self, user: &str, algorithm: Algorithm) -> Authorization {
            signed(Authorization {
                username: user.to_owned(),
                realm: "mercury".to_owned(),
                nonce: self.nonces.make(SystemTime::now()),
                uri: "/v1/rpc?x=1".to_owned(),
                response: String::new(),
                algorithm,
                cnonce: "c".to_owned(),
                nc: 1,
                opaque: None,
                userhash: false,
            })
        }

        fn verify(&self, header: &str) -> Result<String, Reason> {
            let attempt = Attempt {
                method: "POST",
                target: "/v1/rpc?x=1",
                authorization: Vec::new(),
                tokens: Vec::new(),
                certificate: None,
                source: Source::Local(0),
            };
            verify(&self.users, &self.nonces, &self.limiter, header, &attempt)
                .map(|caller| caller.name)
                .map_err(|denied| denied.reason)
        }
    }

    fn signed(mut answer: Authorization) -> Authorization {
        let Authorization { username, realm, nonce, uri, algorithm, cnonce, nc, .. } = &answer;
        let ha1 = ha1(*algorithm, username, realm, "secret");
        let text = response(*algorithm, ha1.expose_secret(), "POST", uri, nonce, *nc, cnonce);
        answer.response = text;
        answer
    }

    const LONG: Duration = Duration::from_secs(300);

    #[test]
    fn who_has_the_password_comes_in_by_each_algorithm_that_is_offered() {
        let door = Door::new(true, LONG);
        assert_eq!(door.verify(&door.answer().to_string()), Ok("ada".to_owned()));
        let bob = door.by("bob", Algorithm::Md5).to_string();
        assert_eq!(door.verify(&bob), Ok("bob".to_owned()));
        let bob = door.by("bob", Algorithm::Sha256).to_string();
        assert_eq!(door.verify(&bob), Err(Reason::WrongAlgorithm));
        let door = Door::new(false, LONG);
        let md5 = door.by("ada", Algorithm::Md5).to_string();
        assert_eq!(door.verify(&md5), Err(Reason::WrongAlgorithm));
    }

    #[rstest]
    #[case::uri(|answer: &mut Authorization| answer.uri = "/v1/rpc".to_owned(), Reason::WrongUri)]
    #[case::user(|answer: &mut Authorization| answer.username = "eve".to_owned(), Reason::UnknownUser)]
    #[case::realm(|answer: &mut Authorization| answer.realm = "x".to_owned(), Reason::Malformed)]
    #[case::hash(|answer: &mut Authorization| answer.userhash = true, Reason::Malformed)]
    #[case::nonce(|answer: &mut Authorization| answer.nonce = "0".repeat(64), Reason::ForeignNonce)]
    fn a_right_response_to_something_else_is_refused(
        #[case] change: fn(&mut Authorization),
        #[case] reason: Reason,
    ) {
        let door = Door::new(false, LONG);
        let mut answer = door.answer();
        change(&mut answer);
        assert_eq!(door.verify(&signed(answer).to_string()), Err(reason));
    }

    #[rstest]
    #[case::count(|answer: &mut Authorization| answer.nc = 2)]
    #[case::client_nonce(|answer: &mut Authorization| answer.cnonce = "d".to_owned())]
    #[case::response(|answer: &mut Authorization| answer.response = "0".repeat(64))]
    fn what_was_changed_after_signing_is_refused(#[case] change: fn(&mut Authorization)) {
        let door = Door::new(false, LONG);
        let mut answer = door.answer();
        change(&mut answer);
        assert_eq!(door.verify(&answer.to_string()), Err(Reason::WrongPassword));
    }

    #[test]
    fn auth_int_is_refused() {
        let door = Door::new(false, LONG);
        let header = door.answer().to_string().replace("qop=auth", "qop=auth-int");
        assert_eq!(door.verify(&header), Err(Reason::Malformed));
    }

    #[test]
    fn a_request_that_is_sent_again_is_refused_and_the_next_is_not() {
        let door = Door::new(false, LONG);
        let first = door.answer();
        assert!(door.verify(&first.to_string()).is_ok());
        assert_eq!(door.verify(&first.to_string()), Err(Reason::Replayed));
        let next = signed(Authorization { nc: 2, ..first });
        assert!(door.verify(&next.to_string()).is_ok());
    }

    #[test]
    fn an_old_nonce_is_renewed_for_who_has_the_password_and_for_nobody_else() {
        let door = Door::new(false, Duration::ZERO);
        let mut old = door.answer();
        old.nonce = door.nonces.make(SystemTime::now() - Duration::from_secs(1));
        let wrong = Authorization { response: "0".repeat(64), ..old.clone() };
        assert_eq!(door.verify(&wrong.to_string()), Err(Reason::WrongPassword));
        assert_eq!(door.verify(&signed(old).to_string()), Err(Reason::StaleNonce));

        let stale = Denied::new(Some(Scheme::Digest), Reason::StaleNonce).claiming("ada");
        let all = challenges(&door.users, &door.nonces, &stale);
        assert!(all[0].contains("stale=true") && all[0].contains("algorithm=SHA-256"), "{all:?}");
        let absent = Denied::new(None, Reason::NoCredential);
        let all = challenges(&door.users, &door.nonces, &absent);
        assert!(!all[0].contains("stale"), "{all:?}");
    }

    #[test]
    fn guesses_end_and_who_is_at_work_goes_on() {
        let door = Door::new(false, LONG);
        let at_work = door.answer();
        assert!(door.verify(&at_work.to_string()).is_ok());
        let guess = Authorization { response: "0".repeat(64), ..door.answer() };
        for _ in 0..3 {
            assert_eq!(door.verify(&guess.to_string()), Err(Reason::WrongPassword));
        }
        assert!(matches!(door.verify(&guess.to_string()), Err(Reason::TooMany(_))));
        let fresh = door.answer().to_string();
        assert!(matches!(door.verify(&fresh), Err(Reason::TooMany(_))), "a right guess too");
        let next = signed(Authorization { nc: 2, ..at_work });
        assert_eq!(door.verify(&next.to_string()), Ok("ada".to_owned()));
    }
}
