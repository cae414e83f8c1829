//! `Authorization: Digest`: what a client answers.

use std::fmt::{self, Write as _};

use super::{
    Algorithm, Malformed,
    syntax::{Scheme, quote, schemes},
};

/// The answer to a challenge (RFC 7616, section 3.4), under `qop=auth`.
///
/// Its `Debug` shows neither the response nor the nonces.
#[derive(Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The user, or under `userhash` the hash that stands for the user.
    pub username: String,
    /// As the challenge had it.
    pub realm: String,
    /// As the challenge had it.
    pub nonce: String,
    /// Path and query of the request, as the client sees them. The server has to compare them.
    pub uri: String,
    /// Lower-case hexadecimal, as long as the algorithm's hash.
    pub response: String,
    /// As the challenge had it; MD5 when the header names none.
    pub algorithm: Algorithm,
    /// The client's own nonce; not empty.
    pub cnonce: String,
    /// How often the client used the nonce, from 1.
    pub nc: u32,
    /// As the challenge had it.
    pub opaque: Option<String>,
    /// Whether `username` is a hash.
    pub userhash: bool,
}

impl Authorization {
    /// Reads the value of the header. Everything that the standard demands has to be there, once,
    /// and in the form that it demands; `qop`, `nc` and `algorithm` may be quoted, because a
    /// widespread client quotes them.
    ///
    /// Errors say what is wrong and repeat nothing of the header.
    pub fn parse(header: &str) -> Result<Self, Malformed> {
        let mut all = schemes(header)?.into_iter();
        let (Some(mut scheme), None) = (all.next(), all.next()) else {
            return Err(Malformed::new("it is not one scheme"));
        };
        if !scheme.is("Digest") {
            return Err(Malformed::new("the scheme is not `Digest`"));
        }
        let algorithm = match scheme.value("algorithm")? {
            Some(name) => name.parse()?,
            None => Algorithm::Md5,
        };
        let userhash = match scheme.value("userhash")? {
            Some(value) if value.eq_ignore_ascii_case("true") => true,
            Some(value) if value.eq_ignore_ascii_case("false") => false,
            Some(_) => return Err(Malformed::new("`userhash` is neither `true` nor `false`")),
            None => false,
        };
        if scheme.value("qop")?.as_deref() != Some("auth") {
            return Err(Malformed::new("`qop` is not `auth`"));
        }
        let response = quoted(&mut scheme, "response")?;
        if response.len() != algorithm.hex_digits() || !response.bytes().all(is_lower_hex) {
            return Err(Malformed::new("`response` is not a hash of the algorithm"));
        }
        let read = Self {
            username: username(&mut scheme, userhash)?,
            realm: quoted(&mut scheme, "realm")?,
            nonce: quoted(&mut scheme, "nonce")?,
            uri: quoted(&mut scheme, "uri")?,
            response,
            algorithm,
            cnonce: quoted(&mut scheme, "cnonce")?,
            nc: count(&mut scheme)?,
            opaque: match scheme.take("opaque")? {
                Some(found) if !found.quoted => {
                    return Err(Malformed::new("`opaque` is not quoted"));
                }
                found => found.map(|found| found.value),
            },
            userhash,
        };
        if read.username.is_empty() || read.cnonce.is_empty() || read.uri.is_empty() {
            return Err(Malformed::new("one of `username`, `cnonce` and `uri` is empty"));
        }
        // Others are ignored, as the standard asks, but not when they are there twice.
        while let Some(name) = scheme.parameters.first().map(|found| found.name.clone()) {
            scheme.take(&name)?;
        }
        Ok(read)
    }
}

/// A value that has to be a quoted string.
fn quoted(scheme: &mut Scheme, name: &str) -> Result<String, Malformed> {
    match scheme.take(name)? {
        Some(found) if found.quoted => Ok(found.value),
        Some(_) => Err(Malformed::new(format!("`{name}` is not quoted"))),
        None => Err(Malformed::new(format!("`{name}` is missing"))),
    }
}

/// `username`, or `username*` (RFC 8187), but not both.
fn username(scheme: &mut Scheme, userhash: bool) -> Result<String, Malformed> {
    let Some(extended) = scheme.take("username*")? else { return quoted(scheme, "username") };
    if scheme.take("username")?.is_some() {
        return Err(Malformed::new("both `username` and `username*` are there"));
    }
    if userhash || extended.quoted {
        return Err(Malformed::new("`username*` is quoted or a hash"));
    }
    decode(&extended.value)
        .ok_or_else(|| Malformed::new("`username*` is not like `UTF-8''percent%20encoded`"))
}

fn decode(extended: &str) -> Option<String> {
    let (charset, rest) = extended.split_once('\'')?;
    let (_language, value) = rest.split_once('\'')?;
    if !charset.eq_ignore_ascii_case("UTF-8") {
        return None;
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.extend(hex::decode(digits).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    (!text.contains(char::is_control)).then_some(text)
}

/// Eight hexadecimal digits.
fn count(scheme: &mut Scheme) -> Result<u32, Malformed> {
    let text = scheme.value("nc")?.ok_or_else(|| Malformed::new("`nc` is missing"))?;
    let well_formed = text.len() == 8 && text.bytes().all(is_lower_hex);
    match u32::from_str_radix(&text, 16) {
        Ok(count) if well_formed && count > 0 => Ok(count),
        _ => Err(Malformed::new("`nc` is not a number from 1 in eight hexadecimal digits")),
    }
}

/// The hexadecimal digits of the standard (LHEX).
fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// The header's value, which [`Authorization::parse`] reads back. It lets in whoever has it until
/// the nonce is used up.
impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, realm, nonce, uri, response, algorithm, cnonce, nc, opaque, userhash } =
            self;
        if username.is_ascii() || *userhash {
            write!(f, "Digest username={}", quote(username))?;
        } else {
            f.write_str("Digest username*=UTF-8''")?;
            for byte in username.bytes() {
                if byte.is_ascii_alphanumeric() {
                    f.write_char(char::from(byte))?;
                } else {
                    write!(f, "%{byte:02X}")?;
                }
            }
        }
        write!(
            f,
            ", realm={}, nonce={}, uri={}, response=\"{response}\", algorithm={algorithm}, \
             cnonce={}, qop=auth, nc={nc:08x}",
            quote(realm),
            quote(nonce),
            quote(uri),
            quote(cnonce)
        )?;
        if let Some(opaque) = opaque {
            write!(f, ", opaque={}", quote(opaque))?;
        }
        if *userhash {
            f.write_str(", userhash=true")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("username", &self.username)
            .field("realm", &self.realm)
            .field("uri", &self.uri)
            .field("algorithm", &self.algorithm)
            .field("nc", &self.nc)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";

    /// As python-requests writes it, which quotes what should not be quoted.
    #[test]
    fn a_widespread_clients_header_is_read() {
        let header = format!(
            r#"Digest username="ada", realm="mercury", nonce="n", uri="/v1/rpc", response="{MD5}", opaque="o", algorithm="MD5", qop="auth", nc=0000000a, cnonce="c""#
        );
        let want = Authorization {
            username: "ada".to_owned(),
            realm: "mercury".to_owned(),
            nonce: "n".to_owned(),
            uri: "/v1/rpc".to_owned(),
            response: MD5.to_owned(),
            algorithm: Algorithm::Md5,
            cnonce: "c".to_owned(),
            nc: 10,
            opaque: Some("o".to_owned()),
            userhash: false,
        };
        assert_eq!(Authorization::parse(&header).unwrap(), want);
        assert!(!format!("{want:?}").contains(MD5));
    }

    /// The user of RFC 7616, section 3.9.2.
    #[test]
    fn a_name_beyond_ascii_is_read_in_both_forms() {
        let rest = format!(
            r#"realm="r", nonce="n", uri="/", response="{MD5}", qop=auth, nc=00000001, cnonce="c""#
        );
        for name in ["username*=UTF-8''J%C3%A4s%C3%B8n%20Doe", "username=\"J\u{e4}s\u{f8}n Doe\""] {
            let read = Authorization::parse(&format!("Digest {name}, {rest}")).unwrap();
            assert_eq!(read.username, "J\u{e4}s\u{f8}n Doe");
        }
    }

    #[rstest]
    #[case("nc=00000001", "nc=00000000", "`nc` is not a number from 1")]
    #[case("nc=00000001", "nc=1", "`nc` is not a number from 1")]
    #[case("nc=00000001", "nc=0000000A", "`nc` is not a number from 1")]
    #[case("nc=00000001", "nc=+0000001", "`nc` is not a number from 1")]
    #[case("nc=00000001, ", "", "`nc` is missing")]
    #[case("nc=00000001", "nc=00000001, nc=00000002", "a parameter is there twice")]
    #[case("qop=auth, ", "", "`qop` is not `auth`")]
    #[case("qop=auth", "qop=auth-int", "`qop` is not `auth`")]
    #[case("algorithm=MD5", "algorithm=SHA-256", "`response` is not a hash of the algorithm")]
    #[case("algorithm=MD5", "algorithm=MD5-sess", "the algorithm is neither")]
    #[case("8ca5", "8CA5", "`response` is not a hash of the algorithm")]
    #[case("username=\"u\"", "username=u", "`username` is not quoted")]
    #[case("username=\"u\"", "username=\"\"", "one of `username`, `cnonce` and `uri` is empty")]
    #[case("username=\"u\", ", "", "`username` is missing")]
    #[case("username=\"u\"", "username=\"u\", username*=UTF-8''u", "both `username`")]
    #[case("username=\"u\"", "username*=UTF-8''%4", "`username*` is not like")]
    #[case("username=\"u\"", "username*=UTF-8''%FF", "`username*` is not like")]
    #[case("username=\"u\"", "username*=UTF-8''a%0Ab", "`username*` is not like")]
    #[case("username=\"u\"", "username*=latin1''u", "`username*` is not like")]
    #[case("username=\"u\"", "username*=UTF-8''u, userhash=true", "`username*` is quoted or a")]
    #[case("uri=\"/\"", "uri=\"/\", uri=\"/x\"", "a parameter is there twice")]
    #[case("uri=\"/\"", "uri=\"/\", x=1, x=2", "a parameter is there twice")]
    #[case("uri=\"/\"", "uri=\"/\", opaque=x", "`opaque` is not quoted")]
    #[case("uri=\"/\"", "uri=\"/\", userhash=maybe", "`userhash` is neither")]
    #[case("Digest ", "Basic ", "the scheme is not `Digest`")]
    #[case("Digest ", "Basic x=y, Digest ", "it is not one scheme")]
    fn other_headers_are_refused(#[case] part: &str, #[case] other: &str, #[case] want: &str) {
        let header = format!(
            r#"Digest username="u", realm="r", nonce="n", uri="/", response="{MD5}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c""#
        );
        assert!(Authorization::parse(&header).is_ok() && header.contains(part));
        let error = Authorization::parse(&header.replacen(part, other, 1)).unwrap_err().to_string();
        assert!(error.starts_with(want), "{error}");
    }

    fn authorizations() -> impl Strategy<Value = Authorization> {
        let text = r"\PC{1,20}";
        let strings = (text, text, text, text, text, proptest::option::of(text));
        let hash = prop_oneof![
            ("[0-9a-f]{64}", Just(Algorithm::Sha256)),
            ("[0-9a-f]{32}", Just(Algorithm::Md5))
        ];
        (strings, hash, 1..=u32::MAX, any::<bool>()).prop_map(
            |(
                (username, realm, nonce, uri, cnonce, opaque),
                (response, algorithm),
                nc,
                userhash,
            )| {
                Authorization {
                    username,
                    realm,
                    nonce,
                    uri,
                    response,
                    algorithm,
                    cnonce,
                    nc,
                    opaque,
                    userhash,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(written in authorizations()) {
            prop_assert_eq!(Authorization::parse(&written.to_string()).unwrap(), written);
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(?s)(Digest )?.{0,120}") {
            let _ = Authorization::parse(&text);
        }
    }
}
