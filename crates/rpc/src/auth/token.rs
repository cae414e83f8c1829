//! Shared secrets in `X-Auth-Token`: what an unmodified Ironic can send.
//!
//! Several secrets may stand for one caller, so that one can be replaced without a moment in which
//! none works. Secrets are compared as digests under a key of this process, all of them each time,
//! so that the time tells nothing.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};

use super::{HEADER_BYTES, check_name};

/// The shortest secret: 16 random characters cannot be guessed at any rate that a listener answers.
const SHORTEST: usize = 16;

/// The secrets of a listener and whom each stands for.
pub struct Tokens {
    key: [u8; 32],
    known: Vec<(String, [u8; 32])>,
}

impl Tokens {
    /// Checks names and secrets.
    ///
    /// # Errors
    /// What is wrong with which, without the secret.
    pub fn new(tokens: Vec<(String, SecretString)>) -> Result<Self, String> {
        let key = rand::random();
        let mut known: Vec<(String, [u8; 32])> = Vec::new();
        for (name, secret) in tokens {
            check_name(&name)?;
            let text = secret.expose_secret();
            if !(SHORTEST..=HEADER_BYTES).contains(&text.len()) {
                return Err(format!(
                    "the token of `{name}` has {} characters; {SHORTEST} to {HEADER_BYTES} are \
                     allowed\nhint: `openssl rand -hex 32` makes a good one",
                    text.len()
                ));
            }
            if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(format!("the token of `{name}` has characters that no header carries"));
            }
            let digest = digest(&key, text.as_bytes());
            if let Some((other, _)) = known.iter().find(|(_, known)| *known == digest) {
                return Err(format!("the tokens of `{other}` and `{name}` are the same"));
            }
            known.push((name, digest));
        }
        Ok(Self { key, known })
    }

    /// Whose token this is.
    pub(super) fn name(&self, token: &[u8]) -> Option<&str> {
        let digest = digest(&self.key, token);
        let mut found = u32::MAX;
        for (index, (_, known)) in (0_u32..).zip(&self.known) {
            found.conditional_assign(&index, known.ct_eq(&digest));
        }
        let index = usize::try_from(found).ok()?;
        self.known.get(index).map(|(name, _)| name.as_str())
    }
}

fn digest(key: &[u8; 32], text: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(key).chain_update(text).finalize().into()
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.known.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(all: &[(&str, &str)]) -> Result<Tokens, String> {
        Tokens::new(all.iter().map(|&(name, secret)| (name.to_owned(), secret.into())).collect())
    }

    #[test]
    fn each_secret_stands_for_its_name_and_a_name_may_have_two() {
        let old = "0123456789abcdef";
        let new = "fedcba9876543210";
        let tokens =
            tokens(&[("ironic", old), ("ironic", new), ("noc", "0000000000000000")]).unwrap();
        assert_eq!(tokens.name(old.as_bytes()), Some("ironic"));
        assert_eq!(tokens.name(new.as_bytes()), Some("ironic"));
        assert_eq!(tokens.name(b"0000000000000000"), Some("noc"));
        for other in ["", "notused", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF"] {
            assert_eq!(tokens.name(other.as_bytes()), None, "{other}");
        }
        assert_eq!(format!("{tokens:?}"), "Tokens(3)");
    }

    #[test]
    fn a_weak_secret_is_refused_and_not_told() {
        for (name, secret, why) in [
            ("ironic", "hunter2hunter2!", "the token of `ironic` has 15 characters; 16 to 4096"),
            ("ironic", "hunter2 hunter2 hunter2", "characters that no header carries"),
            ("anonymous", "0123456789abcdef", "means callers without a name"),
            ("a b", "0123456789abcdef", "not 1 to 256 printable characters"),
        ] {
            let error = tokens(&[(name, secret)]).unwrap_err();
            assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
        }
        let same = tokens(&[("a", "0123456789abcdef"), ("b", "0123456789abcdef")]).unwrap_err();
        assert_eq!(same, "the tokens of `a` and `b` are the same");
    }
}
