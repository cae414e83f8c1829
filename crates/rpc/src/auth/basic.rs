//! HTTP Basic (RFC 7617): what a caller sent.

use base64::{Engine as _, engine::GeneralPurpose};
use secrecy::SecretString;

/// Padding as the caller likes it: some leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
);

/// A user and its password.
pub(super) struct Credential {
    pub(super) user: String,
    pub(super) password: SecretString,
}

impl Credential {
    /// Reads what follows `Basic` in an `Authorization` header: the base64 of `user:password` in
    /// UTF-8.
    pub(super) fn read(encoded: &str) -> Option<Self> {
        let decoded = String::from_utf8(BASE64.decode(encoded.trim()).ok()?).ok()?;
        let (user, password) = decoded.split_once(':')?;
        let printable = |text: &str| !text.chars().any(char::is_control);
        (!user.is_empty() && printable(user) && printable(password))
            .then(|| Self { user: user.to_owned(), password: password.into() })
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_credential_is_read_as_rfc_7617_says() {
        // Both from the RFC, sections 2 and 2.1.
        let aladdin = Credential::read("QWxhZGRpbjpvcGVuIHNlc2FtZQ==").unwrap();
        assert_eq!(aladdin.user, "Aladdin");
        assert_eq!(aladdin.password.expose_secret(), "open sesame");
        let test = Credential::read("dGVzdDoxMjPCow").unwrap();
        assert_eq!(test.password.expose_secret(), "123£");
        let colons = Credential::read(&STANDARD.encode("u:a:b")).unwrap();
        assert_eq!(colons.password.expose_secret(), "a:b");
    }

    #[test]
    fn others_are_refused() {
        let encoded = |text: &[u8]| STANDARD.encode(text);
        for text in [
            String::new(),
            "!!!".to_owned(),
            encoded(b"\xff:x"),
            encoded(b"no colon"),
            encoded(b":no user"),
            encoded(b"line\nbreak:x"),
            encoded(b"u:line\nbreak"),
        ] {
            assert!(Credential::read(&text).is_none(), "{text:?}");
        }
    }
}
