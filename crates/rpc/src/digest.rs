//! HTTP Digest (RFC 7616) as plain functions over text: what both ends compute, write and read.
//!
//! `qop=auth` alone is spoken, with SHA-256 or MD5. The session variants (`-sess`), `auth-int` and
//! the form of RFC 2069 without a `qop` are not understood and never half accepted. Nothing here
//! keeps a nonce, a count or a password: that is the business of the end that uses it, as is
//! whether MD5 is allowed at all.

mod authorization;
mod challenge;
mod syntax;

use std::{fmt, str::FromStr};

use md5::Md5;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

pub use authorization::Authorization;
pub use challenge::{Challenge, Offer, offers};

/// How long a header may be that is read here; real ones have a few hundred bytes.
pub const HEADER_BYTES: usize = 4096;

/// A header that is refused. The text repeats none of its values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Malformed(pub(crate) String);

impl Malformed {
    fn new(problem: impl Into<String>) -> Self {
        Self(problem.into())
    }
}

/// The hash of a challenge. RFC 7616, section 3.3, has SHA-512-256 too, which nobody sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// `SHA-256`.
    Sha256,
    /// `MD5`: what is meant when no algorithm is named, and what old clients have alone.
    Md5,
}

impl Algorithm {
    /// As it is written in a header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// How many hexadecimal digits a hash has.
    pub const fn hex_digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Md5 => 32,
        }
    }

    fn hash(self, parts: &[&str]) -> String {
        let text = parts.join(":");
        match self {
            Self::Sha256 => hex::encode(Sha256::digest(text)),
            Self::Md5 => hex::encode(Md5::digest(text)),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        [Self::Sha256, Self::Md5]
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| Malformed::new("the algorithm is neither `SHA-256` nor `MD5`"))
    }
}

/// What stands for user and password in one realm: `H(user:realm:password)` in lower-case
/// hexadecimal, over UTF-8. Whoever has it can log in as the user, so it is a secret.
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> SecretString {
    algorithm.hash(&[user, realm, password]).into()
}

/// The `response` of one request under `qop=auth` (RFC 7616, section 3.4.1).
///
/// `uri` is what the `uri` member of the header says: path and query of the request.
pub fn response(
    algorithm: Algorithm,
    ha1: &str,
    method: &str,
    uri: &str,
    nonce: &str,
    nc: u32,
    cnonce: &str,
) -> String {
    let ha2 = algorithm.hash(&[method, uri]);
    algorithm.hash(&[ha1, nonce, &format!("{nc:08x}"), cnonce, "auth", &ha2])
}

/// Whether two responses are the same, in a time that does not depend on where they differ.
pub fn same(left: &str, right: &str) -> bool {
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    /// RFC 7616, section 3.9.1.
    #[rstest]
    #[case(Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec")]
    #[case(Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")]
    fn the_vectors_of_the_standard(#[case] algorithm: Algorithm, #[case] want: &str) {
        let ha1 = ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life");
        let got =
            response(algorithm, ha1.expose_secret(), "GET", "/dir/index.html", NONCE, 1, CNONCE);
        assert_eq!(got, want);
        assert_eq!(got.len(), algorithm.hex_digits());
    }

    #[test]
    fn every_input_counts() {
        let all = |ha1: &str, method: &str, uri: &str, nonce: &str, nc: u32, cnonce: &str| {
            response(Algorithm::Sha256, ha1, method, uri, nonce, nc, cnonce)
        };
        let base = all("h", "POST", "/", "n", 1, "c");
        for other in [
            all("x", "POST", "/", "n", 1, "c"),
            all("h", "GET", "/", "n", 1, "c"),
            all("h", "POST", "/x", "n", 1, "c"),
            all("h", "POST", "/", "x", 1, "c"),
            all("h", "POST", "/", "n", 2, "c"),
            all("h", "POST", "/", "n", 1, "x"),
        ] {
            assert!(!same(&base, &other));
        }
        assert!(same(&base, &base.clone()) && !same(&base, "") && !same(&base, &base[1..]));
    }

    #[rstest]
    #[case("SHA-256", Some(Algorithm::Sha256))]
    #[case("sha-256", Some(Algorithm::Sha256))]
    #[case("MD5", Some(Algorithm::Md5))]
    #[case("MD5-sess", None)]
    #[case("SHA-256-sess", None)]
    #[case("SHA-512-256", None)]
    #[case("", None)]
    fn algorithms(#[case] text: &str, #[case] want: Option<Algorithm>) {
        assert_eq!(text.parse().ok(), want);
    }
}
