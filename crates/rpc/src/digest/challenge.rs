//! `WWW-Authenticate`: what a server offers.

use std::fmt;

use super::{
    Algorithm, Malformed,
    syntax::{Scheme, quote, schemes},
};

/// A `Digest` challenge (RFC 7616, section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// For which users and passwords the server asks.
    pub realm: String,
    /// What the response is made for; opaque to the client.
    pub nonce: String,
    /// To be given back as it is.
    pub opaque: Option<String>,
    /// The hash; MD5 when the header names none.
    pub algorithm: Algorithm,
    /// Whether the credentials were right and only the nonce too old.
    pub stale: bool,
    /// Whether `qop` offers `auth`. A challenge without it cannot be answered here.
    pub qop_auth: bool,
    /// Whether the server says that user and password are UTF-8.
    pub charset_utf8: bool,
    /// Whether the server takes a hash in place of the user's name.
    pub userhash: bool,
}

/// One scheme of a `WWW-Authenticate` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// HTTP Digest.
    Digest(Challenge),
    /// HTTP Digest in a form that is not spoken here, and why.
    Unusable(Malformed),
    /// HTTP Basic.
    Basic,
    /// Any other scheme, by its name.
    Other(String),
}

/// Reads what a server offers in one `WWW-Authenticate` header; a server may send several headers,
/// and several offers in one.
pub fn offers(header: &str) -> Result<Vec<Offer>, Malformed> {
    let offer = |scheme: Scheme| {
        if scheme.is("Digest") {
            Challenge::read(scheme).map_or_else(Offer::Unusable, Offer::Digest)
        } else if scheme.is("Basic") {
            Offer::Basic
        } else {
            Offer::Other(scheme.name)
        }
    };
    Ok(schemes(header)?.into_iter().map(offer).collect())
}

impl Challenge {
    /// Parameters that the standard does not define are ignored, as it asks; so is `domain`.
    fn read(mut scheme: Scheme) -> Result<Self, Malformed> {
        let is = |value: Option<String>, wanted: &str| {
            value.is_some_and(|value| value.eq_ignore_ascii_case(wanted))
        };
        let qop = scheme.value("qop")?.unwrap_or_default();
        Ok(Self {
            realm: scheme.value("realm")?.ok_or_else(|| Malformed::new("`realm` is missing"))?,
            nonce: scheme.value("nonce")?.ok_or_else(|| Malformed::new("`nonce` is missing"))?,
            opaque: scheme.value("opaque")?,
            algorithm: match scheme.value("algorithm")? {
                Some(name) => name.parse()?,
                None => Algorithm::Md5,
            },
            stale: is(scheme.value("stale")?, "true"),
            qop_auth: qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth")),
            charset_utf8: is(scheme.value("charset")?, "UTF-8"),
            userhash: is(scheme.value("userhash")?, "true"),
        })
    }
}

/// The header's value, which [`offers`] reads back.
impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { realm, nonce, opaque, algorithm, stale, qop_auth, charset_utf8, userhash } =
            self;
        write!(f, "Digest realm={}, nonce={}", quote(realm), quote(nonce))?;
        if let Some(opaque) = opaque {
            write!(f, ", opaque={}", quote(opaque))?;
        }
        write!(f, ", algorithm={algorithm}")?;
        for (set, text) in [
            (*qop_auth, ", qop=\"auth\""),
            (*stale, ", stale=true"),
            (*charset_utf8, ", charset=UTF-8"),
            (*userhash, ", userhash=true"),
        ] {
            if set {
                f.write_str(text)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// RFC 7616, section 3.9.1, in one header as a proxy may join it.
    const STANDARD: &str = r#"Digest
       realm="http-auth@example.org",
       qop="auth, auth-int",
       algorithm=SHA-256,
       nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
       opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS", Digest
       realm="http-auth@example.org",
       qop="auth, auth-int",
       algorithm=MD5,
       nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
       opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;

    #[test]
    fn the_example_of_the_standard() {
        let header: String = STANDARD.replace('\n', "");
        let want = Challenge {
            realm: "http-auth@example.org".to_owned(),
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned(),
            opaque: Some("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS".to_owned()),
            algorithm: Algorithm::Sha256,
            stale: false,
            qop_auth: true,
            charset_utf8: false,
            userhash: false,
        };
        let md5 = Challenge { algorithm: Algorithm::Md5, ..want.clone() };
        assert_eq!(offers(&header).unwrap(), [Offer::Digest(want), Offer::Digest(md5)]);
    }

    #[rstest]
    #[case(r#"Digest realm="x""#, "`nonce` is missing")]
    #[case(r#"Digest nonce="x""#, "`realm` is missing")]
    #[case(r#"Digest realm="x", nonce="n", nonce="m""#, "a parameter is there twice")]
    #[case(
        r#"Digest realm="x", nonce="n", algorithm=MD5-sess"#,
        "the algorithm is neither `SHA-256` nor `MD5`"
    )]
    fn offers_that_cannot_be_used_say_why(#[case] header: &str, #[case] why: &str) {
        let got = offers(&format!("{header}, Basic realm=\"y\", Bearer")).unwrap();
        let want =
            [Offer::Unusable(Malformed::new(why)), Offer::Basic, Offer::Other("Bearer".to_owned())];
        assert_eq!(got, want);
    }

    #[rstest]
    #[case("", false)]
    #[case(r#", qop="auth-int""#, false)]
    #[case(r#", qop="auth-int,AUTH""#, true)]
    #[case(", qop=auth", true)]
    fn only_auth_counts_as_qop(#[case] qop: &str, #[case] want: bool) {
        let got = offers(&format!(r#"digest realm="x", nonce="n", stale=TRUE{qop}"#)).unwrap();
        let [Offer::Digest(got)] = &got[..] else { panic!("{got:?}") };
        assert_eq!((got.qop_auth, got.stale, got.algorithm), (want, true, Algorithm::Md5));
    }

    fn challenges() -> impl Strategy<Value = Challenge> {
        let text = r"\PC{0,20}";
        let algorithm = prop_oneof![Just(Algorithm::Sha256), Just(Algorithm::Md5)];
        (text, text, proptest::option::of(text), algorithm, any::<[bool; 4]>()).prop_map(
            |(realm, nonce, opaque, algorithm, [stale, qop_auth, charset_utf8, userhash])| {
                Challenge {
                    realm,
                    nonce,
                    opaque,
                    algorithm,
                    stale,
                    qop_auth,
                    charset_utf8,
                    userhash,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(first in challenges(), second in challenges()) {
            let header = format!("{first}, {second}");
            let want = vec![Offer::Digest(first), Offer::Digest(second)];
            prop_assert_eq!(offers(&header).unwrap(), want);
        }
    }
}
