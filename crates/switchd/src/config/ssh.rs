//! The section of a switch that is spoken to over SSH: which profile, where, by which login, and
//! how its host key is known.

use std::{collections::BTreeMap, fmt, path::PathBuf, str::FromStr, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, de};

use super::{check::Check, problem::Problem, raw::Texts};
use crate::secret::{RawSecretRef, SecretRef};

/// The port of SSH.
const PORT: u16 = 22;
/// How many hosts may be passed through: nobody has more, and a circle would never end.
const HOPS: usize = 4;

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawSsh {
    #[serde(flatten)]
    pub(super) login: RawLogin,
    pub(super) enable_secret: Option<RawSecretRef>,
    #[serde(default)]
    pub(super) jump: Vec<RawJump>,
    #[serde(default)]
    pub(super) options: BTreeMap<String, Word>,
    #[serde(default)]
    pub(super) confirm_commits: bool,
    pub(super) transcript: Option<PathBuf>,
    #[serde(default = "connect_timeout_ms")]
    pub(super) connect_timeout_ms: u64,
    #[serde(default = "keepalive_ms")]
    pub(super) keepalive_ms: u64,
}

const fn connect_timeout_ms() -> u64 {
    10_000
}

const fn keepalive_ms() -> u64 {
    15_000
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawLogin {
    pub(super) user: String,
    pub(super) password: Option<RawSecretRef>,
    pub(super) key: Option<RawSecretRef>,
    pub(super) key_passphrase: Option<RawSecretRef>,
    pub(super) agent: Option<PathBuf>,
    pub(super) known_hosts: Option<PathBuf>,
    pub(super) host_keys: Option<Texts>,
    pub(super) first_use: Option<PathBuf>,
    pub(super) legacy: Option<RawLegacy>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct RawJump {
    pub(super) address: String,
    #[serde(flatten)]
    pub(super) login: RawLogin,
}

/// `true` for all that is old, or the names of what is allowed.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawLegacy {
    All(bool),
    These(Texts),
}

/// A word; numbers and truth values are taken as they are written.
#[derive(Debug, Clone)]
pub(super) struct Word(String);

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a number")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Word, E> {
                Ok(Word(text.to_owned()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Word, E> {
                Ok(Word(number.to_string()))
            }

            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Word, E> {
                Ok(Word(value.to_string()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Word {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// A switch that is spoken to over SSH.
#[derive(Debug, Clone)]
pub struct SshConfig {
    /// Its device profile, by name or alias.
    pub profile: String,
    /// Where it is, and how one logs in.
    pub login: Login,
    /// What `enable` asks for.
    pub enable_secret: Option<SecretRef>,
    /// The hosts on the way to it, the nearest to us first.
    pub jump: Vec<Login>,
    /// What its profile wants to know.
    pub options: BTreeMap<String, String>,
    /// Whether a commit takes itself back unless it is confirmed, where the system can.
    pub confirm_commits: bool,
    /// Where what was typed and shown is kept; nowhere when absent.
    pub transcript: Option<PathBuf>,
    /// How long connecting and logging in may take.
    pub connect_timeout: Duration,
    /// How often a silent connection is tried.
    pub keepalive: Duration,
}

impl SshConfig {
    /// Every secret that it names.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretRef> {
        let logins = [&self.login].into_iter().chain(&self.jump);
        let of_logins = logins.flat_map(|at| [&at.password, &at.key, &at.key_passphrase]);
        of_logins.chain([&self.enable_secret]).flatten()
    }
}

/// One host and how one logs in there.
#[derive(Debug, Clone)]
pub struct Login {
    /// The host.
    pub host: HostName,
    /// Its port.
    pub port: u16,
    /// The user.
    pub user: String,
    /// Its password.
    pub password: Option<SecretRef>,
    /// Its private key, in OpenSSH's format.
    pub key: Option<SecretRef>,
    /// What the key is locked with.
    pub key_passphrase: Option<SecretRef>,
    /// The socket of an agent.
    pub agent: Option<PathBuf>,
    /// How the host's key is known.
    pub host_keys: HostKeys,
    /// Which old algorithms may be used.
    pub legacy: Legacy,
}

impl fmt::Display for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, user, .. } = self;
        match host.as_str() {
            host if host.contains(':') => write!(f, "{user}@[{host}]:{port}"),
            host => write!(f, "{user}@{host}:{port}"),
        }
    }
}

/// How a host's key is known. There is no way not to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeys {
    /// It stands in a file as OpenSSH writes it.
    Known(PathBuf),
    /// It has one of these SHA-256 fingerprints.
    Pinned(Vec<String>),
    /// The first that is seen is written into this file, and from then on is the only one.
    FirstUse(PathBuf),
}

/// Which old algorithms may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Legacy {
    /// None.
    None,
    /// All that there are.
    All,
    /// These, by their names in SSH.
    These(Vec<String>),
}

/// A host's name or IP address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

impl HostName {
    /// The text, without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `host`, `host:port`, `[2001:db8::1]`, `[2001:db8::1]:port`.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    host: HostName,
    port: u16,
}

/// A host and its port, as `address` of a switch has it: `host`, `host:port`, `[::1]:port`.
pub fn host_and_port(text: &str) -> Result<(HostName, u16), String> {
    let Address { host, port } = text.parse()?;
    Ok((host, port))
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not like `leaf-01.example`, `10.0.0.3:22` or `[::1]:22`");
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(bad)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| bad())?;
                let port = match rest {
                    "" => None,
                    rest => Some(rest.strip_prefix(':').ok_or_else(bad)?),
                };
                (host, port)
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty()
            || host.len() > 253
            || host.starts_with('-')
            || !host.chars().all(letters)
        {
            return Err(bad());
        }
        let port = match port {
            None => PORT,
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(bad)?,
        };
        Ok(Self { host: HostName(host.to_owned()), port })
    }
}

pub(super) fn ssh(
    check: &mut Check<'_>,
    key: &str,
    address: Option<&str>,
    profile: Option<&str>,
    raw: Option<&RawSsh>,
) -> Option<SshConfig> {
    let missing = |check: &mut Check<'_>, member: &str, hint: &str| {
        let what = "is missing: `driver` is `ssh`";
        check.refuse(Problem::at(format!("{key}.{member}"), what).hint(hint));
    };
    if profile.is_none() {
        missing(check, "profile", "`mercury profile list` shows which there are");
    }
    if address.is_none() {
        missing(check, "address", "`leaf-01.example`, `10.0.0.3:22` or `[::1]:22`");
    }
    let Some(raw) = raw else {
        missing(check, "ssh", "`user`, and `password`, `key` or `agent`");
        return None;
    };
    let key = format!("{key}.ssh");
    let login = address.and_then(|address| {
        login(check, &key, &key.replace(".ssh", ".address"), address, &raw.login)
    });
    if raw.jump.len() > HOPS {
        let what = format!("has more than {HOPS} hosts");
        check.refuse(Problem::at(format!("{key}.jump"), what));
    }
    let mut jump = Vec::with_capacity(raw.jump.len());
    for (index, hop) in raw.jump.iter().enumerate() {
        let key = format!("{key}.jump[{index}]");
        jump.push(self::login(check, &key, &format!("{key}.address"), &hop.address, &hop.login));
    }
    let enable_secret = secret(check, &format!("{key}.enable_secret"), raw.enable_secret.as_ref());
    let connect_timeout =
        check.time(&format!("{key}.connect_timeout_ms"), raw.connect_timeout_ms, 100);
    let keepalive = check.time(&format!("{key}.keepalive_ms"), raw.keepalive_ms, 1000);
    Some(SshConfig {
        profile: profile?.to_owned(),
        login: login?,
        enable_secret,
        jump: jump.into_iter().collect::<Option<_>>()?,
        options: raw
            .options
            .iter()
            .map(|(name, Word(word))| (name.clone(), word.clone()))
            .collect(),
        confirm_commits: raw.confirm_commits,
        transcript: raw.transcript.as_ref().map(|path| check.path(path)),
        connect_timeout,
        keepalive,
    })
}

fn login(
    check: &mut Check<'_>,
    key: &str,
    address_key: &str,
    address: &str,
    raw: &RawLogin,
) -> Option<Login> {
    let at = |member: &str| format!("{key}.{member}");
    let address: Option<Address> = check.take(address_key, address.parse());
    if raw.user.is_empty() || raw.user.contains(|c: char| c.is_control() || c == ' ') {
        check.refuse(Problem::at(at("user"), "is no user's name"));
    }
    if raw.password.is_none() && raw.key.is_none() && raw.agent.is_none() {
        let hint =
            "`password = { file = \"…\" }`, `key = { file = \"…\" }` or `agent = \"/run/…\"`";
        check.refuse(Problem::at(key, "has no credential").hint(hint));
    }
    if raw.key_passphrase.is_some() && raw.key.is_none() {
        check.refuse(Problem::at(at("key_passphrase"), "means nothing without `key`"));
    }
    let password = secret(check, &at("password"), raw.password.as_ref());
    let private_key = secret(check, &at("key"), raw.key.as_ref());
    let key_passphrase = secret(check, &at("key_passphrase"), raw.key_passphrase.as_ref());
    let legacy = match &raw.legacy {
        None | Some(RawLegacy::All(false)) => Legacy::None,
        Some(RawLegacy::All(true)) => Legacy::All,
        Some(RawLegacy::These(Texts(names))) => Legacy::These(names.clone()),
    };
    let host_keys = host_keys(check, key, raw)?;
    let Address { host, port } = address?;
    Some(Login {
        host,
        port,
        user: raw.user.clone(),
        password,
        key: private_key,
        key_passphrase,
        agent: raw.agent.as_ref().map(|path| check.path(path)),
        host_keys,
        legacy,
    })
}

fn host_keys(check: &mut Check<'_>, key: &str, raw: &RawLogin) -> Option<HostKeys> {
    match (&raw.known_hosts, &raw.host_keys, &raw.first_use) {
        (Some(file), None, None) => Some(HostKeys::Known(check.path(file))),
        (None, Some(Texts(pins)), None) if !pins.is_empty() => {
            let whole = |pin: &&String| {
                let rest = pin.strip_prefix("SHA256:").unwrap_or_default();
                rest.len() == 43
                    && rest.chars().all(|c| c.is_ascii_alphanumeric() || "+/".contains(c))
            };
            if let Some(bad) = pins.iter().find(|pin| !whole(pin)) {
                let what = format!("holds `{bad}`, which is no fingerprint");
                let hint = "`SHA256:` and 43 letters, as `ssh-keygen -l -f KEY.pub` prints it";
                check.refuse(Problem::at(format!("{key}.host_keys"), what).hint(hint));
                return None;
            }
            Some(HostKeys::Pinned(pins.clone()))
        }
        (None, None, Some(file)) => Some(HostKeys::FirstUse(check.path(file))),
        _ => {
            let what = "does not say how the host's key is known";
            let hint = "exactly one of `known_hosts` (a file), `host_keys` (SHA-256 fingerprints) \
                        and `first_use` (a file that the first key seen is written to)";
            check.refuse(Problem::at(key, what).hint(hint));
            None
        }
    }
}

fn secret(check: &mut Check<'_>, key: &str, raw: Option<&RawSecretRef>) -> Option<SecretRef> {
    let secret = check.take(key, raw?.clone().checked())?;
    Some(secret.with_path(|path| check.path(path)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::Address;

    #[rstest]
    #[case("leaf-01", Some(("leaf-01", 22)))]
    #[case("leaf-01.example:2222", Some(("leaf-01.example", 2222)))]
    #[case("10.0.0.3", Some(("10.0.0.3", 22)))]
    #[case("[2001:db8::1]", Some(("2001:db8::1", 22)))]
    #[case("[::1]:830", Some(("::1", 830)))]
    #[case("", None)]
    #[case(":22", None)]
    #[case("leaf:0", None)]
    #[case("leaf:70000", None)]
    #[case("[::1", None)]
    #[case("[::1]22", None)]
    #[case("[leaf]:22", None)]
    #[case("2001:db8::1", None)]
    #[case("-oProxyCommand=x", None)]
    #[case("a b", None)]
    fn addresses(#[case] text: &str, #[case] want: Option<(&str, u16)>) {
        let got = text.parse::<Address>().ok();
        let got = got.as_ref().map(|address| (address.host.as_str(), address.port));
        assert_eq!(got, want);
    }
}
