//! Who may come in at a listener: schemes, what each verifies against, and TLS.
//!
//! What contradicts itself is refused here, before any file is read: a scheme without what it
//! needs, a section that no scheme reads, a password that would travel readable.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use rpc::auth::{CertificateNames, Scheme, check_name};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    MethodTable,
    check::Check,
    keystone::{KeystoneAuth, keystone},
    problem::Problem,
    raw::{RawListen, Texts},
};
use crate::secret::{RawSecretRef, SecretRef};

/// The realm of a listener that names none.
const REALM: &str = "mercury";

/// Who may come in. With no scheme at all everybody may who reaches the listener, as
/// [`rpc::auth::Caller::ANONYMOUS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Auth {
    /// HTTP Basic: the htpasswd file.
    pub basic: Option<PathBuf>,
    /// HTTP Digest.
    pub digest: Option<DigestAuth>,
    /// Shared secrets in `X-Auth-Token`.
    pub tokens: Vec<TokenAuth>,
    /// Client certificates.
    pub certificate: Option<CertificateNames>,
    /// Tokens of Keystone in `X-Auth-Token`.
    pub keystone: Option<KeystoneAuth>,
}

/// HTTP Digest at a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestAuth {
    /// The htdigest file.
    pub users: PathBuf,
    /// The realm of its users.
    pub realm: String,
    /// How long a nonce is good.
    pub nonce_lifetime: Duration,
    /// Whether MD5 is offered too.
    pub md5: bool,
}

/// A shared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenAuth {
    /// The caller that it stands for.
    pub name: String,
    /// Where it is.
    pub secret: SecretRef,
}

/// How a listener speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenTls {
    /// The certificate, with those that lead from it to the CA.
    pub certificate: PathBuf,
    /// Its key.
    pub key: SecretRef,
    /// The oldest version that is spoken.
    pub minimum: TlsMinimum,
    /// What client certificates have to lead to.
    pub client_ca: Option<PathBuf>,
}

/// The oldest version of TLS that a listener speaks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum TlsMinimum {
    /// TLS 1.2 and 1.3.
    #[serde(rename = "1.2")]
    V12,
    /// TLS 1.3 alone.
    #[default]
    #[serde(rename = "1.3")]
    V13,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawDigest {
    users: PathBuf,
    #[serde(default = "realm")]
    realm: String,
    #[serde(default = "nonce_lifetime_ms")]
    nonce_lifetime_ms: u64,
    #[serde(default)]
    md5: bool,
}

fn realm() -> String {
    REALM.to_owned()
}

const fn nonce_lifetime_ms() -> u64 {
    300_000
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawToken {
    name: String,
    secret: RawSecretRef,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawCertificate {
    names: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawListenTls {
    certificate: PathBuf,
    key: RawSecretRef,
    #[serde(default)]
    minimum: TlsMinimum,
    client_ca: Option<PathBuf>,
}

impl Auth {
    /// The schemes on offer.
    pub fn schemes(&self) -> Vec<Scheme> {
        let Self { basic, digest, tokens, certificate, keystone } = self;
        let offered = [
            (Scheme::Basic, basic.is_some()),
            (Scheme::Digest, digest.is_some()),
            (Scheme::Token, !tokens.is_empty()),
            (Scheme::Certificate, certificate.is_some()),
            (Scheme::Keystone, keystone.is_some()),
        ];
        offered.into_iter().filter_map(|(scheme, offered)| offered.then_some(scheme)).collect()
    }

    /// Whether everybody may come in.
    pub fn is_none(&self) -> bool {
        self.schemes().is_empty()
    }

    /// What people are shown when they are asked for a password.
    pub fn realm(&self) -> &str {
        self.digest.as_ref().map_or(REALM, |digest| &digest.realm)
    }
}

/// Every scheme that a listener may offer.
const SCHEMES: [Scheme; 5] =
    [Scheme::Basic, Scheme::Digest, Scheme::Token, Scheme::Certificate, Scheme::Keystone];

/// Who may come in at a listener, and its TLS. `local` says that only this machine reaches it.
pub(super) fn auth(
    check: &mut Check<'_>,
    key: &str,
    raw: &RawListen,
    local: bool,
) -> Option<(Auth, Option<ListenTls>)> {
    let at = |member: &str| format!("{key}.{member}");
    let offered = schemes(check, &at("auth"), &raw.auth)?;
    let has = |scheme| offered.contains(&scheme);
    if offered.is_empty() && !local {
        let what = "is `none` on an address that other machines reach";
        let hint = "`auth = \"basic\"` with `htpasswd`, or listen on 127.0.0.1 or `unix:`";
        check.refuse(Problem::at(at("auth"), what).hint(hint));
        return None;
    }
    for (member, scheme, given) in [
        ("htpasswd", Scheme::Basic, raw.htpasswd.is_some()),
        ("digest", Scheme::Digest, raw.digest.is_some()),
        ("keystone", Scheme::Keystone, raw.keystone.is_some()),
        ("token", Scheme::Token, !raw.token.is_empty()),
        ("certificate", Scheme::Certificate, raw.certificate.is_some()),
    ] {
        if given && !has(scheme) {
            let what = match offered.is_empty() {
                true => "means nothing when `auth` is `none`".to_owned(),
                false => format!("means nothing unless `auth` has `{scheme}`"),
            };
            check.refuse(Problem::at(at(member), what));
            return None;
        }
    }
    if has(Scheme::Token) && has(Scheme::Keystone) {
        let what = "has `token` beside `keystone`, which have the same header";
        check.refuse(Problem::at(at("auth"), what).hint("a listener for each"));
        return None;
    }
    if raw.methods == MethodTable::Ironic && offered == [Scheme::Digest] {
        let what = "is `digest` alone, which Ironic's client does not speak";
        let hint = "`basic`, `token`, `certificate` or `keystone` for Ironic";
        check.refuse(Problem::at(at("auth"), what).hint(hint));
        return None;
    }
    let mut auth = Auth::default();
    if has(Scheme::Basic) {
        let file = raw.htpasswd.as_deref();
        let file = given(check, &at("htpasswd"), file, &offered, Scheme::Basic)?;
        auth.basic = Some(check.path(file));
    }
    if has(Scheme::Digest) {
        let digest = raw.digest.as_ref();
        let digest = given(check, &at("digest"), digest, &offered, Scheme::Digest)?;
        auth.digest = Some(self::digest(check, &at("digest"), digest)?);
    }
    if has(Scheme::Keystone) {
        let raw = raw.keystone.as_ref();
        let raw = given(check, &at("keystone"), raw, &offered, Scheme::Keystone)?;
        auth.keystone = Some(keystone(check, &at("keystone"), raw)?);
    }
    if has(Scheme::Token) {
        let tokens = Some(raw.token.as_slice()).filter(|tokens| !tokens.is_empty());
        for (index, raw) in
            given(check, &at("token"), tokens, &offered, Scheme::Token)?.iter().enumerate()
        {
            auth.tokens.extend(token(check, &at(&format!("token[{index}]")), raw));
        }
    }
    if has(Scheme::Certificate) {
        let client_ca = raw.tls.as_ref().and_then(|tls| tls.client_ca.as_ref());
        given(check, &at("tls.client_ca"), client_ca, &offered, Scheme::Certificate)?;
        let names = raw.certificate.as_ref().and_then(|raw| raw.names.as_ref());
        auth.certificate = Some(names_of(check, &at("certificate.names"), names));
    }
    let tls = match &raw.tls {
        Some(tls) => Some(self::tls(check, &at("tls"), tls, has(Scheme::Certificate))?),
        None => None,
    };
    let readable = offered.iter().any(|scheme| *scheme != Scheme::Certificate);
    if !local && readable && tls.is_none() && !raw.plaintext {
        let what = "is not `true`, but without TLS everybody on the way reads passwords and \
                    requests";
        let hint = "`[listen.tls]` with `certificate` and `key`, or accept it with \
                    `plaintext = true` on a network that is trusted";
        check.refuse(Problem::at(at("plaintext"), what).hint(hint));
    }
    if raw.plaintext && tls.is_some() {
        check.refuse(Problem::at(at("plaintext"), "means nothing where there is TLS"));
    }
    Some((auth, tls))
}

/// The schemes that are named; none for `none`.
fn schemes(check: &mut Check<'_>, key: &str, words: &Texts) -> Option<Vec<Scheme>> {
    let mut offered = Vec::new();
    let mut refuse = |what: String| {
        let known: Vec<_> = SCHEMES.iter().map(|scheme| format!("`{scheme}`")).collect();
        let hint = format!("`none`, or one or several of {}", known.join(", "));
        check.refuse(Problem::at(key, what).hint(hint));
    };
    for word in &words.0 {
        match SCHEMES.iter().find(|scheme| scheme.as_str() == word) {
            Some(scheme) if offered.contains(scheme) => {
                refuse(format!("names `{word}` twice"));
                return None;
            }
            Some(scheme) => offered.push(*scheme),
            None if word == "none" && words.0.len() == 1 => {}
            None if word == "none" => {
                refuse("has `none` beside a scheme".to_owned());
                return None;
            }
            None => {
                refuse(format!("has `{word}`, which is no scheme"));
                return None;
            }
        }
    }
    if words.0.is_empty() {
        refuse("names no scheme".to_owned());
        return None;
    }
    Some(offered)
}

/// What a scheme needs, which is refused when it is not there.
fn given<T>(
    check: &mut Check<'_>,
    key: &str,
    value: Option<T>,
    offered: &[Scheme],
    scheme: Scheme,
) -> Option<T> {
    if value.is_none() {
        let verb = if offered.len() == 1 { "is" } else { "has" };
        check.refuse(Problem::at(key, format!("is missing: `auth` {verb} `{scheme}`")));
    }
    value
}

fn digest(check: &mut Check<'_>, key: &str, raw: &RawDigest) -> Option<DigestAuth> {
    let RawDigest { users, realm, nonce_lifetime_ms, md5 } = raw;
    let plain = |byte: u8| (byte.is_ascii_graphic() || byte == b' ') && !b"\"\\:".contains(&byte);
    if realm.is_empty() || realm.len() > 64 || !realm.bytes().all(plain) {
        let what = "is not 1 to 64 printable characters without quotes and colons";
        check.refuse(Problem::at(format!("{key}.realm"), what));
        return None;
    }
    Some(DigestAuth {
        users: check.path(users),
        realm: realm.clone(),
        nonce_lifetime: check.time(&format!("{key}.nonce_lifetime_ms"), *nonce_lifetime_ms, 1000),
        md5: *md5,
    })
}

fn token(check: &mut Check<'_>, key: &str, raw: &RawToken) -> Option<TokenAuth> {
    check.take(&format!("{key}.name"), check_name(&raw.name))?;
    let secret = check.take(&format!("{key}.secret"), raw.secret.clone().checked())?;
    Some(TokenAuth { name: raw.name.clone(), secret: secret.with_path(|path| check.path(path)) })
}

fn names_of(
    check: &mut Check<'_>,
    key: &str,
    names: Option<&BTreeMap<String, String>>,
) -> CertificateNames {
    let Some(names) = names else { return CertificateNames::default() };
    for (name, caller) in names {
        check.take(&format!("{key}.{name}"), check_name(caller));
    }
    if names.is_empty() {
        check.refuse(Problem::at(key, "is empty, so that nobody could come in"));
    }
    CertificateNames::with_table(names.clone())
}

fn tls(
    check: &mut Check<'_>,
    key: &str,
    raw: &RawListenTls,
    certificates: bool,
) -> Option<ListenTls> {
    let RawListenTls { certificate, key: secret, minimum, client_ca } = raw;
    if client_ca.is_some() && !certificates {
        let what = "means nothing unless `auth` has `certificate`";
        check.refuse(Problem::at(format!("{key}.client_ca"), what));
        return None;
    }
    let secret = check.take(&format!("{key}.key"), secret.clone().checked())?;
    Some(ListenTls {
        certificate: check.path(certificate),
        key: secret.with_path(|path| check.path(path)),
        minimum: *minimum,
        client_ca: client_ca.as_ref().map(|path| check.path(path)),
    })
}
